-- One request shape for wrk: METHOD PATH BODY after "--"; "-" for no body. "{n}" in path or body is a number
-- from 1 to 1,000, another one with each request. The last line printed is JSON for the program.
local SHAPES = 1000

local shapes = {}
local at = 0

function init(arguments)
  local method, path, body = arguments[1], arguments[2], arguments[3]
  if body == "-" then
    body = nil
  else
    wrk.headers["Content-Type"] = "application/json"
  end
  -- Formatted ahead, so that wrk itself costs the same for every request.
  for number = 1, SHAPES do
    local filled = tostring(number)
    local sent = body and body:gsub("{n}", filled) or nil
    shapes[number] = wrk.format(method, (path:gsub("{n}", filled)), nil, sent)
  end
  -- Threads start at different places.
  math.randomseed(tonumber(tostring(shapes):match("0x(%x+)"), 16) or 0)
  at = math.random(SHAPES)
end

function request()
  at = at % SHAPES + 1
  return shapes[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(
    string.format(
      '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
      summary.requests,
      summary.duration,
      latency:percentile(50),
      latency:percentile(99),
      errors.status,
      errors.connect + errors.read + errors.write + errors.timeout
    )
  )
end
