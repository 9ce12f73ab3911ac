-- The configuration: what it may hold, what is wrong in it, and what it means.

local settings = {}

local DEFAULT_TIMEOUT = 30
local LONGEST_TIMEOUT = 300
local LONGEST_URL = 2000
-- Fields that the configuration only shows to be set.
local SECRETS = { password = true, api_token = true }
local METHODS = { none = true, basic = true, token = true }

-- Neither absent nor JSON's null, which reaches Lua as a value of a type of its own.
local function present(value)
  return value ~= nil and type(value) ~= "userdata"
end

local function filled(value)
  return type(value) == "string" and value:match("%S") ~= nil
end

local function url_problem(url)
  if not present(url) or url == "" then return "Enter the address of the MLflow tracking server" end
  if type(url) ~= "string" then return "The address must be text" end
  if #url > LONGEST_URL then return `The address is longer than {LONGEST_URL} characters` end
  local rest = url:match("^[Hh][Tt][Tt][Pp][Ss]?://(.+)$")
  if not rest or rest:find("%s") then return "The address must begin with http:// or https://, as in https://mlflow.example.com" end
  if rest:find("[?#]") then return "The address must not have a query or a fragment" end
  local host = rest:match("^[^/]*")
  if host == "" then return "The address names no host" end
  if host:find("@", 1, true) then return "Enter the user name and the password in their own fields, not in the address" end
  -- A name or an IPv4 address, or IPv6 in brackets.
  local port = host:match("^[%w%-%._\128-\255]+(.*)$") or host:match("^%[[%x:%.]+%](.*)$")
  if not port then return "The address names no valid host" end
  local number = tonumber(port:match("^:(%d+)$"))
  if port ~= "" and not (number and number >= 1 and number <= 65535) then
    return "The port in the address must be a number from 1 to 65535"
  end
  return nil
end

local function timeout_problem(timeout)
  if not present(timeout) then return nil end
  local seconds = tonumber(timeout)
  if not seconds or seconds % 1 ~= 0 or seconds < 1 or seconds > LONGEST_TIMEOUT then
    return `The timeout must be a whole number of seconds from 1 to {LONGEST_TIMEOUT}`
  end
  return nil
end

-- A list of { field, message }; empty when the configuration can be used. A secret is looked at where `secret`
-- is given; without it the configuration shows whether there is one.
function settings.problems(config, secret)
  if type(config) ~= "table" then config = {} end
  local errors = {}
  local function note(field, message)
    if message then table.insert(errors, { field = field, message = message }) end
  end
  local function need(field, message)
    local value = config[field]
    if secret and SECRETS[field] then value = secret.get(field) end
    if not filled(value) then
      note(field, message)
    elseif value:find("%c") then
      note(field, "It must not have line breaks or control characters")
    end
  end

  note("tracking_server_url", url_problem(config.tracking_server_url))
  local method = if present(config.auth_method) then config.auth_method else "none"
  if not METHODS[method] then
    note("auth_method", "The authentication method must be none, basic or token")
  elseif method == "basic" then
    need("username", "Basic authentication needs a user name")
    need("password", "Basic authentication needs a password")
    if filled(config.username) and config.username:find(":", 1, true) then
      note("username", "A user name for basic authentication must not have a colon")
    end
  elseif method == "token" then
    need("api_token", "Token authentication needs an API token")
  end
  if present(config.verify_ssl) and type(config.verify_ssl) ~= "boolean" then
    note("verify_ssl", "Verify SSL must be true or false")
  end
  note("timeout", timeout_problem(config.timeout))
  return errors
end

-- What the operator does not permit, told at its field. An address that may not be reached is told
-- when it is used: the operator may permit it later.
function settings.refusals(config, http)
  if config.verify_ssl ~= false then return {} end
  local url = settings.read(config).url
  local verified = http.check({ url = url, verifyTls = true })
  local unverified = http.check({ url = url, verifyTls = false })
  if unverified.allowed or unverified.reason == verified.reason then return {} end
  return { { field = "verify_ssl", message = unverified.reason } }
end

function settings.is_given(config)
  return type(config) == "table" and next(config) ~= nil
end

-- The settings as the client uses them, but for the secrets. Only for a configuration without problems.
function settings.read(config)
  return {
    url = config.tracking_server_url:gsub("/+$", ""),
    method = if present(config.auth_method) then config.auth_method else "none",
    username = config.username,
    verify_tls = config.verify_ssl ~= false,
    timeout_ms = (if present(config.timeout) then tonumber(config.timeout) else DEFAULT_TIMEOUT) * 1000,
  }
end

return settings
