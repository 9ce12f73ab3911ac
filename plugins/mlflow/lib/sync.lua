-- One reading of a server: fetch everything, decide which rows stand, then write them in one transaction.
-- A failure on the way leaves the table as the last sync left it.

local client = require("lib.client")
local rows = require("lib.rows")
local store = require("lib.store")

local sync = {}

-- What fits the memory of one call and the time of one transaction.
local MOST_ROWS = 5000

-- The registered models and all their versions, and the ids of the runs behind them.
-- Where a server has no search for versions, the latest of each stage must do.
local function read_registry(context, server)
  local registry = { models = 0, versions = 0, rows = {}, behind = {} }
  local models, with_versions = {}, {}

  local function add_version(version)
    local model = models[version.name] or {}
    local row = rows.of_version(context, version, model)
    registry.rows[`{row.model_name}\0{row.version}`] = row
    registry.versions += 1
    with_versions[version.name] = true
    if row.run_id then registry.behind[row.run_id] = true end
  end

  server:models(function(model)
    models[model.name] = model
    registry.models += 1
  end)
  local searched = pcall(server.versions, server, add_version)
  if not searched then
    registry.versions, registry.rows = 0, {}
    for _, model in models do
      for _, version in model.latest_versions or {} do
        add_version(version)
      end
    end
  end
  for name, model in models do
    if not with_versions[name] then registry.rows[`{name}\0`] = rows.of_model(context, model) end
  end
  return registry
end

-- Of the runs of one name and stage the latest; the training behind each registered version beside them.
local function read_runs(context, server, registry)
  local experiments, ids = {}, {}
  server:experiments(function(experiment)
    experiments[experiment.experiment_id] = {
      name = experiment.name,
      artifact_location = experiment.artifact_location,
    }
    table.insert(ids, experiment.experiment_id)
  end)

  local read = { runs = 0, left_out = 0, latest = {}, behind = {} }
  local count = 0
  server:runs(ids, function(run)
    local row = rows.of_run(context, run, experiments)
    read.runs += 1
    if registry.behind[row.run_id] then read.behind[row.run_id] = row end
    local key = `{row.model_name}\0{row.lifecycle_stage}`
    local known = read.latest[key]
    if known then
      if row.time > known.time then read.latest[key] = row end
    elseif count < MOST_ROWS then
      read.latest[key] = row
      count += 1
    else
      read.left_out += 1
    end
  end)
  return read
end

-- One row per name and version. A registered version stands before a run of the same name and version.
local function settle(registry, read)
  local settled = {}
  for _, row in read.latest do
    local key = `{row.model_name}\0{row.version}`
    local known = settled[key]
    if not known or row.time > known.time then settled[key] = row end
  end
  for key, row in registry.rows do
    local run = row.run_id and read.behind[row.run_id]
    if run then rows.add_training(row, run) end
    settled[key] = row
  end
  return settled
end

function sync.run(context, settings)
  local server = client.new(context, settings)
  local registry = read_registry(context, server)
  local read = read_runs(context, server, registry)
  local settled = settle(registry, read)

  local synced_at = context.time.now()
  local complete = read.left_out == 0
  local written, removed = store.replace(context, settled, synced_at, complete)
  context.log.info(`synced {written} rows, removed {removed}`)
  return {
    success = true,
    modelCount = written,
    runCount = read.runs,
    registeredModelCount = registry.models,
    modelVersionCount = registry.versions,
    removedCount = removed,
    warning = if complete
      then nil
      else `{read.left_out} runs were left out: one sync keeps {MOST_ROWS} of different name and stage`,
    syncedAt = synced_at,
  }
end

return sync
