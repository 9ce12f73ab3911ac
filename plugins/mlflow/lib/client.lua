-- MLflow's REST API: one request, all pages of a list, and what went wrong in words for a person.
-- A failure is raised as { status, message }: 502, because it is another server that failed.

local client = {}
client.__index = client

local API = "/api/2.0/mlflow/"
local MODELS_PER_PAGE = 100
local VERSIONS_PER_PAGE = 1000
local EXPERIMENTS_PER_PAGE = 1000
local RUNS_PER_PAGE = 200
-- MLflow puts the ids into one SQL statement; as many as its own clients send.
local EXPERIMENTS_PER_SEARCH = 50
-- A server that never stops sending pages must not keep a sync busy.
local MOST_PAGES = 2000

function client.new(context, settings)
  local headers = { accept = "application/json" }
  if settings.method == "basic" then
    headers.authorization = "Basic " .. context.base64.encode(`{settings.username}:{context.secret.get("password")}`)
  elseif settings.method == "token" then
    headers.authorization = "Bearer " .. context.secret.get("api_token")
  end
  return setmetatable({ http = context.http, settings = settings, headers = headers }, client)
end

local function fail(message)
  error({ status = 502, message = message }, 0)
end

-- The text of whatever was raised.
function client.message_of(failure)
  if type(failure) == "table" then return failure.message end
  return tostring(failure)
end

local function sign_in_refused(method)
  if method == "basic" then return "The MLflow server refused the user name or the password" end
  if method == "token" then return "The MLflow server refused the API token" end
  return "The MLflow server asks for a sign-in: choose basic or token as the authentication method"
end

local function is_page(reply)
  return (reply.headers["content-type"] or ""):find("text/html", 1, true) ~= nil
end

local function explain(reply, method)
  local status = reply.status
  local body = if type(reply.body) == "string" then reply.body else ""
  local told = type(reply.json) == "table" and reply.json.message
  if status == 401 then return sign_in_refused(method) end
  if status == 403 and body:find("Invalid Host header", 1, true) then
    return "The MLflow server does not accept requests under this host name: start it with --allowed-hosts and the name in the tracking server URL"
  end
  if status == 403 then
    return "The MLflow server knows this account but denies it access (403): ask its administrator for read permission"
  end
  if type(told) == "string" then return `The MLflow server answered {status}: {told}` end
  if status >= 500 then return `The MLflow server, or a proxy before it, reports an error ({status})` end
  if status == 404 or status == 405 or (status < 300 and is_page(reply)) then
    return `There is no MLflow API at this address (status {status}{if is_page(reply) then ", a web page" else ""}): check the tracking server URL`
  end
  return `The server answered in a way that MLflow does not (status {status}): check the tracking server URL`
end

-- The reply, whatever its status; nil and the reason when there was none.
function client:send(method, path, query, body)
  local sent, reply = pcall(self.http.request, {
    method = method,
    url = self.settings.url .. path,
    headers = self.headers,
    query = query,
    json = body,
    timeoutMs = self.settings.timeout_ms,
    verifyTls = self.settings.verify_tls,
  })
  if sent then return reply end
  local reason = tostring(reply):match("http%.request: (.*)$") or tostring(reply)
  return nil, reason
end

-- Decoded JSON; raises what a person should do about anything else.
function client:call(method, endpoint, query, body)
  local reply, reason = self:send(method, API .. endpoint, query, body)
  if not reply then fail(`The MLflow server cannot be reached: {reason}`) end
  if reply.status == 200 and type(reply.json) == "table" then return reply.json end
  fail(explain(reply, self.settings.method))
end

-- One page of at most `size` items. A page that is too long for the host is asked for again in halves.
function client:page(method, endpoint, fields, size)
  while true do
    fields.max_results = size
    local reply, reason
    if method == "GET" then
      fields.max_results = tostring(size)
      reply, reason = self:send(method, API .. endpoint, fields)
    else
      reply, reason = self:send(method, API .. endpoint, nil, fields)
    end
    local too_long = if reply
      then reply.status == 200 and type(reply.json) ~= "table" and not is_page(reply)
      else reason:find("is longer than", 1, true) ~= nil
    if reply and reply.status == 200 and type(reply.json) == "table" then return reply.json, size end
    if not (too_long and size > 1) then
      fail(if reply then explain(reply, self.settings.method) else `The MLflow server cannot be reached: {reason}`)
    end
    size = size // 2
  end
end

-- Calls `use` with the list of each page until it returns false. An empty list has no field at all.
function client:all(method, endpoint, fields, name, size, use)
  local pages = 0
  repeat
    local before = fields.page_token
    local reply
    reply, size = self:page(method, endpoint, fields, size)
    if use(reply[name] or {}) == false then return false end
    fields.page_token = if reply.next_page_token ~= "" then reply.next_page_token else nil
    pages += 1
    if fields.page_token and (fields.page_token == before or pages >= MOST_PAGES) then
      fail(`The MLflow server does not stop sending pages of {name}`)
    end
  until not fields.page_token
  return true
end

-- The cheapest request that proves address, sign-in and API.
function client:first_experiment()
  return self:call("POST", "experiments/search", nil, { max_results = 1 })
end

-- nil where the server does not tell; older ones and proxies do not.
function client:version()
  local reply = self:send("GET", "/version")
  local text = reply and reply.status == 200 and type(reply.body) == "string" and reply.body
  return text and #text < 40 and text:match("^%s*(%d+%.[%w%.%+%-]+)%s*$") or nil
end

function client:experiments(use)
  self:all("POST", "experiments/search", {}, "experiments", EXPERIMENTS_PER_PAGE, use)
end

function client:runs(experiment_ids, use)
  for first = 1, #experiment_ids, EXPERIMENTS_PER_SEARCH do
    local last = math.min(first + EXPERIMENTS_PER_SEARCH - 1, #experiment_ids)
    local ids = table.move(experiment_ids, first, last, 1, {})
    if not self:all("POST", "runs/search", { experiment_ids = ids }, "runs", RUNS_PER_PAGE, use) then return end
  end
end

function client:models(use)
  self:all("GET", "registered-models/search", {}, "registered_models", MODELS_PER_PAGE, use)
end

-- What a server answers to a search that it does not know.
local UNKNOWN = { [400] = true, [404] = true, [405] = true, [501] = true }

-- false where the server has no such search; older ones do not.
function client:versions(use)
  local probe = self:send("GET", API .. "model-versions/search", { max_results = "1" })
  if probe and UNKNOWN[probe.status] then return false end
  self:all("GET", "model-versions/search", {}, "model_versions", VERSIONS_PER_PAGE, use)
  return true
end

return client
