-- From MLflow's runs and registered models to rows of our table.

local rows = {}

-- A tag or a parameter may be kilobytes long; a list of models needs its beginning.
local LONGEST_VALUE = 2000
local LONGEST_DESCRIPTION = 10000
local MOST_ENTRIES = 200

-- Cut between characters, never within one.
local function clip(text, longest)
  if type(text) ~= "string" or #text <= longest then return text end
  local cut = longest
  while cut > 0 and bit32.band(string.byte(text, cut + 1), 0xC0) == 0x80 do
    cut -= 1
  end
  return text:sub(1, cut) .. "…"
end

-- [{ key, value, … }] → { key = value }
local function entries(list, field)
  local map, count = {}, 0
  for _, entry in list or {} do
    if count >= MOST_ENTRIES then break end
    if entry.key ~= nil and entry[field] ~= nil then
      map[entry.key] = clip(entry[field], LONGEST_VALUE)
      count += 1
    end
  end
  return map
end

-- The first that holds text.
local function first(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "string" and value ~= "" then return value end
  end
  return nil
end

local function number(value)
  return tonumber(value) or nil
end

-- A time that no calendar has reads as none.
local function iso(context, millis)
  local value = number(millis)
  if not value then return nil end
  local ok, text = pcall(context.time.format, value)
  return if ok then text else nil
end

-- One run. `time` says which of several is the latest: the end, or the start while it runs.
function rows.of_run(context, run, experiments)
  local info, data = run.info or {}, run.data or {}
  local run_id = first(info.run_id, info.run_uuid) or ""
  local tags = entries(data.tags, "value")
  local experiment = experiments[info.experiment_id] or {}
  local started, ended = number(info.start_time), number(info.end_time)
  return {
    kind = "run",
    model_name = first(tags["mlflow.runName"], tags.model_name, tags["mlflow.project.entryPoint"], info.run_name, run_id),
    version = first(tags.version, run_id:sub(1, 8)) or "1",
    lifecycle_stage = first(tags["mlflow.lifecycleStage"], tags.stage) or "None",
    run_id = run_id,
    description = clip(first(tags["mlflow.note.content"]), LONGEST_DESCRIPTION),
    source = first(tags["mlflow.source.name"], info.artifact_uri),
    source_version = tags["mlflow.source.git.commit"],
    status = info.status,
    tags = context.json.encode(tags),
    metrics = context.json.encode(entries(data.metrics, "value")),
    metric_steps = context.json.encode(entries(data.metrics, "step")),
    parameters = context.json.encode(entries(data.params, "value")),
    aliases = "[]",
    experiment_id = info.experiment_id,
    experiment_name = experiment.name,
    artifact_location = experiment.artifact_location,
    training_status = info.status,
    training_started_at = iso(context, started),
    training_ended_at = iso(context, ended),
    model_created_at = iso(context, started),
    model_updated_at = iso(context, ended),
    creation_timestamp = started,
    last_updated_timestamp = ended,
    time = ended or started or 0,
  }
end

-- A registered model; every version has a row, and a model without versions has one of its own.
function rows.of_model(context, model)
  return {
    kind = "registered_model",
    model_name = model.name,
    version = "",
    lifecycle_stage = "None",
    description = clip(first(model.description), LONGEST_DESCRIPTION),
    tags = context.json.encode(entries(model.tags, "value")),
    metrics = "{}",
    metric_steps = "{}",
    parameters = "{}",
    aliases = "[]",
    model_created_at = iso(context, model.creation_timestamp),
    model_updated_at = iso(context, model.last_updated_timestamp),
    creation_timestamp = number(model.creation_timestamp),
    last_updated_timestamp = number(model.last_updated_timestamp),
    time = number(model.last_updated_timestamp) or 0,
  }
end

-- `model` is the registered model of this version; it holds the aliases and what the version leaves out.
function rows.of_version(context, version, model)
  local aliases = context.json.array({})
  for _, entry in model.aliases or {} do
    if tostring(entry.version) == tostring(version.version) then table.insert(aliases, entry.alias) end
  end
  local tags = entries(model.tags, "value")
  for key, value in entries(version.tags, "value") do
    tags[key] = value
  end
  local row = rows.of_model(context, version)
  row.kind = "model_version"
  row.version = tostring(version.version)
  row.lifecycle_stage = first(version.current_stage) or "None"
  row.description = clip(first(version.description, model.description), LONGEST_DESCRIPTION)
  row.run_id = first(version.run_id)
  row.source = first(version.source)
  row.status = version.status
  row.tags = context.json.encode(tags)
  row.aliases = context.json.encode(aliases)
  return row
end

return rows
