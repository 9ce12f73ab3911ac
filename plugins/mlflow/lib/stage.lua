-- What one sync writes: page by page into the stage, and from there into the records in one transaction.

local tables = require("lib.tables")

local stage = {}
stage.__index = stage

-- No sync runs longer; what is older was left by one that was cut off.
local DEAD_AFTER_MS = 300000

local COLUMNS = table.concat(tables.COLUMNS, ", ")

local INSERT = `INSERT INTO mlflow_sync_stage ({COLUMNS}, time) VALUES (:{table.concat(tables.COLUMNS, ", :")}, :time)`

-- What a registered version knows of its training stands with the run that made it.
local FROM_RUN = {
  "metrics", "metric_steps", "parameters", "source_version", "experiment_id", "experiment_name",
  "artifact_location", "training_status", "training_started_at", "training_ended_at",
}

local function assignments(columns, value)
  local parts = {}
  for _, column in columns do
    table.insert(parts, `{column} = {value}{column}`)
  end
  return table.concat(parts, ", ")
end

local TRAIN = `UPDATE mlflow_sync_stage SET {assignments(FROM_RUN, ":")} `
  .. "WHERE sync_id = :sync_id AND kind = 'model_version' AND run_id = :run_id"

-- Of the runs of one name and stage the latest; of one name and version the registered one, else the latest.
-- A known row keeps its id.
local PUBLISH = `INSERT INTO mlflow_model_records ({COLUMNS}, created_at, updated_at) `
  .. `SELECT {COLUMNS}, last_synced_at, last_synced_at FROM `
  .. [[(
  SELECT *, row_number() OVER (PARTITION BY model_name, version ORDER BY kind = 'run', time DESC, id) AS among_versions
  FROM (
    SELECT *, row_number() OVER (
      PARTITION BY kind, model_name, CASE kind WHEN 'run' THEN lifecycle_stage ELSE version END
      ORDER BY time DESC, id
    ) AS among_stages
    FROM mlflow_sync_stage WHERE sync_id = :sync_id
  ) WHERE among_stages = 1
) WHERE among_versions = 1
]]
  .. "ON CONFLICT (model_name, version) DO UPDATE SET "
  .. `{assignments(tables.COLUMNS, "excluded.")}, updated_at = excluded.updated_at`

function stage.open(context)
  local now = context.time.millis()
  context.db.execute("DELETE FROM mlflow_sync_stage WHERE last_synced_at < ?", { context.time.format(now - DEAD_AFTER_MS) })
  return setmetatable({
    context = context,
    id = context.random.uuid(),
    synced_at = context.time.format(now),
  }, stage)
end

local function bind(row, columns, null)
  local params = {}
  for _, column in columns do
    params[column] = if row[column] == nil then null else row[column]
  end
  return params
end

-- Adds rows; those marked `trains` also tell the versions that came from them.
function stage:add(rows)
  local null = self.context.json.null
  self.context.db.transaction(function(tx)
    for _, row in rows do
      row.sync_id, row.last_synced_at = self.id, self.synced_at
      local params = bind(row, tables.COLUMNS, null)
      params.time = row.time
      tx.execute(INSERT, params)
      if row.trains then
        local training = bind(row, FROM_RUN, null)
        training.sync_id, training.run_id = self.id, row.run_id
        tx.execute(TRAIN, training)
      end
    end
  end)
end

-- Makes the records what was staged. What the sync did not see is gone from the server and goes here too,
-- unless the sync did not read everything.
function stage:publish(complete)
  local written, removed = 0, 0
  self.context.db.transaction(function(tx)
    written = tx.execute(PUBLISH, { sync_id = self.id }).changes
    if complete then
      removed = tx.execute("DELETE FROM mlflow_model_records WHERE sync_id <> ?", { self.id }).changes
    end
    tx.execute("DELETE FROM mlflow_sync_stage WHERE sync_id = ?", { self.id })
  end)
  return written, removed
end

function stage:discard()
  self.context.db.execute("DELETE FROM mlflow_sync_stage WHERE sync_id = ?", { self.id })
end

return stage
