-- What clients read of the records.

local tables = require("lib.tables")

local store = {}

local DEFAULT_PAGE = 1000
local ROWS_PER_QUERY = 100
-- A reply may be 4 MB of text and 100,000 values; rows are as long as their tags.
local MOST_BYTES = 3300000
local MOST_VALUES = 85000
local VALUES_PER_ROW = 40

-- A row as a client reads it: maps for JSON, null for what is unknown, and the names that MLflow's
-- own pages and older clients use beside ours.
local function shape(context, row)
  for _, column in tables.JSON_COLUMNS do
    row[column] = context.json.decode(row[column])
  end
  if row.version == "" then row.version = context.json.null end
  row.stage = row.lifecycle_stage
  row.sync_id = nil
  return row
end

local function whole(value, default, least, most)
  local asked = tonumber(value)
  if not asked or asked % 1 ~= 0 then return default end
  return math.clamp(asked, least, most)
end

local function weight(row)
  local bytes, values = 1000, VALUES_PER_ROW
  for _, column in tables.JSON_COLUMNS do
    local _, entries = row[column]:gsub('":', "")
    bytes += #row[column]
    values += entries
  end
  return bytes + #(if type(row.description) == "string" then row.description else ""), values
end

-- { models, total, nextOffset? }: by name, a model's newest version first. `limit` and `offset` page
-- through it; a page also ends where a reply would become too long.
function store.list(context, query)
  local limit = whole(query.limit, DEFAULT_PAGE, 1, DEFAULT_PAGE)
  local offset = whole(query.offset, 0, 0, 2 ^ 31)
  local total = context.db.query("SELECT count(*) AS n FROM mlflow_model_records")[1].n
  local models = context.json.array({})
  local bytes, values = 0, 0
  local full = false
  while #models < limit and not full do
    local batch = context.db.query(
      "SELECT * FROM mlflow_model_records ORDER BY model_name, creation_timestamp DESC, id LIMIT ? OFFSET ?",
      { math.min(ROWS_PER_QUERY, limit - #models), offset + #models }
    )
    if #batch == 0 then break end
    for _, row in batch do
      local row_bytes, row_values = weight(row)
      bytes += row_bytes
      values += row_values
      full = #models > 0 and (bytes > MOST_BYTES or values > MOST_VALUES)
      if full then break end
      table.insert(models, shape(context, row))
    end
  end
  local reached = offset + #models
  return { models = models, total = total, nextOffset = if reached < total then reached else nil }
end

function store.find(context, id)
  local number = tonumber(id)
  if not number or number % 1 ~= 0 or math.abs(number) > 2 ^ 53 then return nil end
  local found = context.db.query("SELECT * FROM mlflow_model_records WHERE id = ?", { number })
  return found[1] and shape(context, found[1])
end

return store
