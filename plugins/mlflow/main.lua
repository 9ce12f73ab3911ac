-- MLflow Integration: what the host calls. The work is done in lib/: settings (the configuration),
-- client (MLflow's API), rows (from its words to ours), sync (one reading of a server), stage (what it
-- writes), store (what is read of it), tables.

local client = require("lib.client")
local settings = require("lib.settings")
local store = require("lib.store")
local sync = require("lib.sync")
local tables = require("lib.tables")

-- As long as the host lets a route run.
local LONGEST_SYNC_MS = 120000

local plugin = {
  metadata = {
    name = "MLflow Integration",
    version = "1.0.0",
    author = "Souk",
    description = "Syncs runs and registered models from an MLflow tracking server",
  },
}

-- What stands against a configuration: its own mistakes first, then what the operator does not permit.
local function problems(config, context)
  local errors = settings.problems(config, context.secret)
  if #errors == 0 then errors = settings.refusals(config, context.http) end
  return errors
end

local function refuse(errors)
  return { success = false, message = errors[1].message, errors = errors }
end

function plugin.install(userId, tenantId, config, context)
  local configured = settings.is_given(config)
  if configured then
    local errors = problems(config, context)
    if #errors > 0 then return refuse(errors) end
  end
  tables.create(context.db)
  return {
    success = true,
    message = if configured
      then "MLflow is installed. Sync to read its models."
      else "MLflow is installed. Enter the address of the tracking server to read its models.",
    installedAt = context.time.now(),
  }
end

function plugin.uninstall(userId, tenantId, context)
  tables.drop(context.db)
  return {
    success = true,
    message = "MLflow is uninstalled and its synced records are removed.",
    uninstalledAt = context.time.now(),
  }
end

function plugin.validateConfig(config)
  local errors = settings.problems(config)
  if #errors == 0 then return { valid = true } end
  return { valid = false, errors = errors }
end

function plugin.configure(userId, tenantId, config, context)
  local errors = problems(config, context)
  if #errors > 0 then return refuse(errors) end
  return { success = true, message = "The configuration is saved.", configuredAt = context.time.now() }
end

function plugin.testConnection(config, context)
  local function answer(success, message, version)
    return { success = success, message = message, serverVersion = version, testedAt = context.time.now() }
  end
  local errors = settings.problems(config, context.secret)
  if #errors > 0 then return answer(false, errors[1].message) end

  local server = client.new(context, settings.read(config))
  local reached, failure = pcall(server.first_experiment, server)
  if not reached then return answer(false, client.message_of(failure)) end
  local version = server:version()
  return answer(true, `Connected to {if version then `MLflow {version}` else "the MLflow server"}.`, version)
end

local function list_models(ctx)
  return { data = store.list(ctx, ctx.query) }
end

local function show_model(ctx)
  local row = store.find(ctx, ctx.params.modelId)
  if not row then return { status = 404, data = "There is no such MLflow model; it may be gone since the last sync" } end
  return { data = row }
end

local function sync_models(ctx)
  local errors = settings.problems(ctx.configuration, ctx.secret)
  if #errors > 0 then return { status = 400, data = `MLflow is not configured: {errors[1].message}` } end

  local done, result = pcall(sync.run, ctx, settings.read(ctx.configuration))
  if done then return { data = result } end
  if type(result) == "table" and result.status then return { status = result.status, data = result.message } end
  error(result, 0)
end

plugin.router = {
  ["GET /models"] = list_models,
  ["GET /models/:modelId"] = show_model,
  ["POST /sync"] = { handler = sync_models, timeoutMs = LONGEST_SYNC_MS },
}

return plugin
