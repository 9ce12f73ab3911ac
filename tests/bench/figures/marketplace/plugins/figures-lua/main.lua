-- A table of 1,000 models and five routes of rising weight. figures-rhai does the same in Rhai.
local ROWS = 1000
local SHOWN = 50
local STAGES = { "None", "Staging", "Production", "Archived" }

local INSERT = [[
  INSERT INTO figures_lua_models (name, version, stage, run_id, source, created_at)
  VALUES (?, ?, ?, ?, ?, ?)]]
local SELECT = "SELECT id, name, version, stage, run_id, source, created_at FROM figures_lua_models "

local plugin = {
  metadata = {
    name = "Figures in Lua",
    version = "1.0.0",
    author = "Souk",
    description = "Routes whose speed is measured",
  },
}

function plugin.install(userId, tenantId, config, context)
  local db = context.db
  db.execute([[
    CREATE TABLE figures_lua_models (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL,
      version TEXT NOT NULL,
      stage TEXT NOT NULL,
      run_id TEXT NOT NULL,
      source TEXT NOT NULL,
      created_at TEXT NOT NULL
    )]])
  for number = 1, ROWS do
    db.execute(INSERT, {
      string.format("model-%04d", number),
      tostring(number % 7 + 1),
      STAGES[number % #STAGES + 1],
      string.format("%032x", number),
      string.format("s3://models/artifacts/%d/model", number),
      string.format("2026-01-%02dT00:00:00Z", number % 28 + 1),
    })
  end
  return { success = true }
end

function plugin.uninstall(userId, tenantId, context)
  context.db.execute("DROP TABLE figures_lua_models")
  return { success = true }
end

plugin.router = {
  -- What any call costs.
  ["GET /ok"] = function(ctx)
    return { data = { ok = true } }
  end,

  -- One row by its key.
  ["GET /models/:id"] = function(ctx)
    local found = ctx.db.query(SELECT .. "WHERE id = ?", { tonumber(ctx.params.id) })
    if #found == 0 then
      return { status = 404, data = "There is no such model" }
    end
    return { data = found[1] }
  end,

  -- A page that SQL cut.
  ["GET /page"] = function(ctx)
    return { data = ctx.db.query(SELECT .. "ORDER BY id LIMIT ?", { SHOWN }) }
  end,

  -- A page that the script cut, after reading everything.
  ["GET /models"] = function(ctx)
    local all = ctx.db.query(SELECT .. "ORDER BY id LIMIT ?", { ROWS })
    local page = {}
    for at = 1, SHOWN do
      page[at] = all[at]
    end
    return { data = page }
  end,

  ["POST /models"] = function(ctx)
    local given = ctx.body
    local done = ctx.db.execute(INSERT, {
      given.name,
      given.version,
      given.stage,
      given.run_id,
      given.source,
      given.created_at,
    })
    return { status = 201, data = { id = done.lastInsertId } }
  end,
}

return plugin
