-- The plugin's two tables. mlflow_model_records holds what clients read, a row per (model_name, version).
-- mlflow_sync_stage holds what a running sync has read so far: a server may have more runs than
-- one call has memory, and the records change only when everything is there.

local tables = {}

-- What a sync fills in, in both tables. Maps and lists are kept as JSON text.
tables.COLUMNS = {
  "model_name", "version", "lifecycle_stage", "kind", "run_id", "description", "source", "source_version",
  "status", "tags", "metrics", "metric_steps", "parameters", "aliases", "experiment_id", "experiment_name",
  "artifact_location", "training_status", "training_started_at", "training_ended_at", "model_created_at",
  "model_updated_at", "creation_timestamp", "last_updated_timestamp", "sync_id", "last_synced_at",
}
tables.JSON_COLUMNS = { "tags", "metrics", "metric_steps", "parameters", "aliases" }

-- '' is the version of a registered model that has none. Timestamps count as MLflow's: milliseconds since 1970.
local DEFINITIONS = [[
  id INTEGER PRIMARY KEY,
  model_name TEXT NOT NULL,
  version TEXT NOT NULL,
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
  creation_timestamp INTEGER,
  last_updated_timestamp INTEGER,
  sync_id TEXT NOT NULL,
  last_synced_at TEXT NOT NULL]]

local CREATE = {
  "CREATE TABLE IF NOT EXISTS mlflow_model_records (" .. DEFINITIONS .. [[,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (model_name, version)
)]],
  "CREATE TABLE IF NOT EXISTS mlflow_sync_stage (" .. DEFINITIONS .. [[,
  time INTEGER NOT NULL
)]],
  "CREATE INDEX IF NOT EXISTS mlflow_sync_stage_runs ON mlflow_sync_stage (sync_id, kind, run_id)",
}

function tables.create(db)
  for _, statement in CREATE do
    db.execute(statement)
  end
end

function tables.drop(db)
  db.execute("DROP TABLE IF EXISTS mlflow_sync_stage")
  db.execute("DROP TABLE IF EXISTS mlflow_model_records")
end

return tables
