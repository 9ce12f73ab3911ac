local plugin = { metadata = { name = "Looper", version = "1.0.0", author = "Harbour Tools" } }

function plugin.install() return { success = true } end
function plugin.uninstall() return { success = true } end

plugin.router = {
  ["GET /"] = function(ctx) return { data = "well" } end,
  ["GET /spin"] = { handler = function(ctx) while true do end end, timeoutMs = 200 },
}

return plugin
