-- One reading of a server. A failure on the way leaves the records as the last sync left them.

local client = require("lib.client")
local rows = require("lib.rows")
local stage = require("lib.stage")

local sync = {}

-- What a call has the time for.
local MOST_RUNS = 10000

-- The registered models and all their versions; `behind` holds the ids of the runs they came from.
local function read_registry(context, server, staged)
  local registry = { models = 0, versions = 0, behind = {} }
  local models = {}

  server:models(function(page)
    for _, model in page do
      model.latest_versions = nil -- read below, with the others
      models[model.name] = model
      registry.models += 1
    end
  end)

  local with_versions = {}
  local function add(versions)
    local batch = {}
    for _, version in versions do
      local row = rows.of_version(context, version, models[version.name] or {})
      with_versions[version.name] = true
      if row.run_id then registry.behind[row.run_id] = true end
      table.insert(batch, row)
    end
    registry.versions += #batch
    staged:add(batch)
  end
  local function add_latest(page)
    for _, model in page do
      add(model.latest_versions or {})
    end
  end
  -- Where a server has no search for versions, the latest of each stage must do.
  if not server:versions(add) then server:models(add_latest) end

  local without_versions = {}
  for name, model in models do
    if not with_versions[name] then table.insert(without_versions, rows.of_model(context, model)) end
  end
  staged:add(without_versions)
  return registry
end

local function read_experiments(server)
  local experiments, ids = {}, {}
  server:experiments(function(page)
    for _, experiment in page do
      experiments[experiment.experiment_id] = { name = experiment.name, artifact_location = experiment.artifact_location }
      table.insert(ids, experiment.experiment_id)
    end
  end)
  return experiments, ids
end

-- How many runs were read, and whether these are all.
local function read_runs(context, server, staged, behind)
  local experiments, ids = read_experiments(server)
  local count, complete = 0, true
  server:runs(ids, function(page)
    local batch = {}
    for _, run in page do
      if count == MOST_RUNS then
        complete = false
        break
      end
      local row = rows.of_run(context, run, experiments)
      row.trains = behind[row.run_id] == true
      table.insert(batch, row)
      count += 1
    end
    staged:add(batch)
    return complete
  end)
  return count, complete
end

local function read_all(context, server, staged)
  local registry = read_registry(context, server, staged)
  local runs, complete = read_runs(context, server, staged, registry.behind)
  local written, removed = staged:publish(complete)
  context.log.info(`synced {written} rows, removed {removed}`)
  return {
    success = true,
    modelCount = written,
    runCount = runs,
    registeredModelCount = registry.models,
    modelVersionCount = registry.versions,
    removedCount = removed,
    warning = if complete then nil else `The server has more runs than the {MOST_RUNS} that one sync reads`,
    syncedAt = staged.synced_at,
  }
end

function sync.run(context, settings)
  local server = client.new(context, settings)
  local staged = stage.open(context)
  local done, result = pcall(read_all, context, server, staged)
  if done then return result end
  staged:discard()
  error(result, 0)
end

return sync
