-- The one table: mlflow_model_records, a row per (model_name, version). Maps are kept as JSON text.

local store = {}

local COLUMNS = {
  "model_name", "version", "lifecycle_stage", "kind", "run_id", "description", "source", "source_version",
  "status", "tags", "metrics", "metric_steps", "parameters", "aliases", "experiment_id", "experiment_name",
  "artifact_location", "training_status", "training_started_at", "training_ended_at", "model_created_at",
  "model_updated_at", "creation_timestamp", "last_updated_timestamp", "sync_id", "last_synced_at",
}
local JSON_COLUMNS = { "tags", "metrics", "metric_steps", "parameters", "aliases" }

local DEFAULT_PAGE = 1000
local ROWS_PER_QUERY = 100
-- A reply may be 4 MB of text and 100,000 values; rows are as long as their tags.
local MOST_BYTES = 2500000
local MOST_VALUES = 60000
local VALUES_PER_ROW = 40

local CREATE = [[
CREATE TABLE IF NOT EXISTS mlflow_model_records (
  id INTEGER PRIMARY KEY,
  model_name TEXT NOT NULL,
  version TEXT NOT NULL,               -- '' for a registered model without versions
  lifecycle_stage TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('run', 'model_version', 'registered_model')),
  run_id TEXT,
  description TEXT,
  source TEXT,
  source_version TEXT,
  status TEXT,
  tags TEXT NOT NULL,
  metrics TEXT NOT NULL,
  metric_steps TEXT NOT NULL,
  parameters TEXT NOT NULL,
  aliases TEXT NOT NULL,
  experiment_id TEXT,
  experiment_name TEXT,
  artifact_location TEXT,
  training_status TEXT,
  training_started_at TEXT,
  training_ended_at TEXT,
  model_created_at TEXT,
  model_updated_at TEXT,
  creation_timestamp INTEGER,          -- as MLflow counts: milliseconds since 1970
  last_updated_timestamp INTEGER,
  sync_id TEXT NOT NULL,               -- the sync that saw this row last
  last_synced_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (model_name, version)
)]]

-- Built once: INSERT of all columns, and an UPDATE of all but the key where the row is known.
local function upsert()
  local names, values, changes = {}, {}, {}
  for _, column in COLUMNS do
    table.insert(names, column)
    table.insert(values, ":" .. column)
    if column ~= "model_name" and column ~= "version" then table.insert(changes, `{column} = excluded.{column}`) end
  end
  return `INSERT INTO mlflow_model_records ({table.concat(names, ", ")}, created_at, updated_at) `
    .. `VALUES ({table.concat(values, ", ")}, :last_synced_at, :last_synced_at) `
    .. `ON CONFLICT (model_name, version) DO UPDATE SET {table.concat(changes, ", ")}, updated_at = excluded.updated_at`
end

local UPSERT = upsert()

function store.create(db)
  db.execute(CREATE)
end

function store.drop(db)
  db.execute("DROP TABLE IF EXISTS mlflow_model_records")
end

-- Writes what a sync read. What it did not see is gone from the server and goes here too,
-- unless the sync did not read everything. Ids stay: a known row is changed, not made anew.
function store.replace(context, settled, synced_at, complete)
  local sync_id = context.random.uuid()
  local null = context.json.null
  local written, removed = 0, 0
  context.db.transaction(function(tx)
    for _, row in settled do
      row.sync_id, row.last_synced_at = sync_id, synced_at
      local params = {}
      for _, column in COLUMNS do
        params[column] = if row[column] == nil then null else row[column]
      end
      tx.execute(UPSERT, params)
      written += 1
    end
    if complete then
      removed = tx.execute("DELETE FROM mlflow_model_records WHERE sync_id <> ?", { sync_id }).changes
    end
  end)
  return written, removed
end

-- A row as a client reads it: maps for JSON, null for what is unknown, and the names that MLflow's
-- own pages and older clients use beside ours.
local function shape(context, row)
  for _, column in JSON_COLUMNS do
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
  for _, column in JSON_COLUMNS do
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
