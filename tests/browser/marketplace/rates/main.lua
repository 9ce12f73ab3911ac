local plugin = { metadata = { name = "Exchange rates", version = "1.0.0", author = "Harbour Tools" } }

function plugin.install() return { success = true } end
function plugin.uninstall() return { success = true } end

plugin.router = {
  ["GET /kept"] = function(ctx) return { data = ctx.db.query("SELECT 1 AS rate") } end,
  ["GET /latest"] = function(ctx) return { data = ctx.http.request({ method = "GET", url = "https://rates.example.com/today" }).body } end,
}

return plugin
