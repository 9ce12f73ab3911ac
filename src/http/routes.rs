//! Every address of the appliance, in one table: the first line that matches wins.
//!
//! A line says who may call it and whether it may be slow; the API page and the tests of
//! who may do what are drawn from the same lines.

use super::api::{
    docs, governance, health, installations, marketplace, metrics, plugin_routes, runs, setup, ui,
    users,
};
use super::exchange::Exchange;
use super::reply::Reply;
use super::request::decode_segment;
use crate::error::Result;
use crate::plugin_key::PluginKey;

pub type Handler = fn(&Exchange<'_>) -> Result<Reply>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// No sign-in needed.
    Anyone,
    /// Any signed-in user.
    Member,
    Admin,
}

/// How long a route may keep its worker; one worker is always kept for the quick ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Answers from memory and the databases alone. It may use every worker, so it waits for nothing that a
    /// plugin's code can hold: no tenant's turn to write, no operation on a plugin.
    Quick,
    /// May run plugin code, wait for others that do, or ask the marketplace's source.
    Slow,
}

pub struct Route {
    /// `ANY` matches every method; `GET` serves `HEAD` too.
    pub method: &'static str,
    /// `:name` stands for one segment, a last `*` for the rest.
    pub path: &'static str,
    pub who: Who,
    pub pace: Pace,
    pub handler: Handler,
    pub doc: &'static str,
}

/// What the parts of a path stood for.
pub type Params = Vec<(&'static str, String)>;

pub enum Found {
    Route(&'static Route, Params),
    /// The path is known, the method is not; these are.
    WrongMethod(Vec<&'static str>),
    Nothing,
}

const fn route(
    method: &'static str,
    path: &'static str,
    who: Who,
    pace: Pace,
    handler: Handler,
    doc: &'static str,
) -> Route {
    Route {
        method,
        path,
        who,
        pace,
        handler,
        doc,
    }
}

use Pace::{Quick, Slow};
use Who::{Admin, Anyone, Member};

#[rustfmt::skip] // One line each: the table is read from top to bottom.
pub const ROUTES: &[Route] = &[
    route("GET", "/healthz", Anyone, Quick, health::alive, "Answers 200 while the process serves"),
    route("GET", "/readyz", Anyone, Quick, health::ready, "200 when database, packages and disk are usable, else 503"),
    route("GET", "/metrics", Anyone, Quick, metrics::show, "Prometheus text; loopback, or Bearer metrics_token"),
    route("GET", "/api", Anyone, Quick, docs::page, "This page"),
    route("POST", "/api/users/login", Anyone, Quick, users::login, "{email, password} → {token, user} and the session cookie"),
    route("POST", "/api/users/logout", Anyone, Quick, users::logout, "Ends the session of this browser"),
    route("POST", "/api/users/refresh", Anyone, Quick, users::refresh, "Refresh cookie → {token, user} and a new session cookie"),
    route("GET", "/api/users/me", Member, Quick, users::me, "The signed-in user"),
    route("PUT", "/api/users/me/password", Member, Quick, users::change_password, "{currentPassword, newPassword}; ends all other sessions"),
    route("GET", "/api/users/setup", Anyone, Quick, setup::check, "?token= → whether the first-run link is still open"),
    route("POST", "/api/users/setup", Anyone, Quick, setup::complete, "{token, organizationName, name, email, password} → {token, user}"),
    route("GET", "/api/users", Member, Quick, users::list, "Users of the caller's organization"),
    route("GET", "/api/modelInventory", Member, Quick, governance::models, "The organization's model inventory"),
    route("GET", "/api/modelInventory/:id", Member, Quick, governance::model, "One model"),
    route("GET", "/api/plugins/marketplace", Member, Slow, marketplace::list, "?category=&page=&pageSize= → published plugins in manifest order; with page {items, page, pageSize, total, pages}"),
    route("GET", "/api/plugins/marketplace/search", Member, Slow, marketplace::search, "?q=&category=&page=&pageSize= → plugins whose name, description or tags match"),
    route("POST", "/api/plugins/marketplace/refresh", Admin, Slow, marketplace::refresh, "Asks the source again now"),
    route("GET", "/api/plugins/marketplace/:key", Member, Slow, marketplace::show, "One plugin"),
    route("GET", "/api/plugins/marketplace/:key/icon", Member, Slow, marketplace::icon, "The plugin's icon, or a letter tile"),
    route("GET", "/api/plugins/marketplace/:key/readme", Member, Slow, marketplace::readme, "The plugin's README as Markdown text, or null"),
    route("GET", "/api/plugins/categories", Member, Slow, marketplace::categories, "Categories of the marketplace"),
    route("GET", "/api/plugins/health", Member, Slow, health::plugins, "State of marketplace and cache, number of installed plugins"),
    route("POST", "/api/plugins/ui-metrics", Member, Quick, metrics::ui, "{pluginKey, loadTimeMs, ok} → 204"),
    route("POST", "/api/plugins/install", Admin, Slow, installations::install, "{pluginKey, config?, refused?, permissionsDigest?} → 201 installation; limited per address and hour"),
    route("GET", "/api/plugins/installations", Member, Quick, installations::list, "Installed plugins, newest first"),
    route("DELETE", "/api/plugins/installations/:id", Admin, Slow, installations::uninstall, "Removes the plugin and all its data"),
    route("PUT", "/api/plugins/installations/:id/configuration", Admin, Slow, installations::configure, "{configuration} → installation with secrets masked"),
    route("GET", "/api/plugins/installations/:id/runs", Admin, Quick, runs::list, "?page=&pageSize=&only=notable → {items, page, pageSize, total, pages}: runs of the plugin's hooks and routes, newest first"),
    route("POST", "/api/plugins/installations/:id/resume", Admin, Slow, runs::resume, "Ends the pause of a plugin that failed repeatedly → installation"),
    route("PUT", "/api/plugins/installations/:id/permissions", Admin, Slow, installations::set_permissions, "{granted: [id]} → installation; holds from the next call"),
    route("POST", "/api/plugins/:key/test-connection", Admin, Slow, installations::test_connection, "{configuration} → {success, message, testedAt}"),
    route("GET", "/api/plugins/:key/ui/bundle.js", Member, Quick, ui::bundle, "The installed plugin's UI bundle"),
    route("GET", "/api/plugins/:key/ui/dist/:filename", Member, Quick, ui::file, "A file of the installed plugin's UI"),
    route("ANY", "/api/plugins/:key", Member, Slow, plugin_routes::forward, "Forwarded to the plugin's route /"),
    route("ANY", "/api/plugins/:key/*", Member, Slow, plugin_routes::forward, "Forwarded to the plugin's router"),
];

pub fn find(method: &str, path: &str) -> Found {
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(params) = match_path(route.path, path) else {
            continue;
        };
        // `DELETE /api/plugins/marketplace` is a wrong method, not a plugin of that name.
        if params
            .iter()
            .any(|(name, value)| *name == "key" && PluginKey::is_reserved(value))
        {
            continue;
        }
        if method_fits(route.method, method) {
            return Found::Route(route, params);
        }
        allowed.push(route.method);
    }
    if allowed.is_empty() {
        Found::Nothing
    } else {
        Found::WrongMethod(allowed)
    }
}

fn method_fits(known: &str, method: &str) -> bool {
    known == method || known == "ANY" || (known == "GET" && method == "HEAD")
}

fn match_path(pattern: &'static str, path: &str) -> Option<Params> {
    let mut params = Params::new();
    let mut rest = path.split('/');
    for part in pattern.split('/') {
        if part == "*" {
            return Some(params);
        }
        let segment = rest.next()?;
        match part.strip_prefix(':') {
            Some(name) => params.push((
                name,
                decode_segment(segment).filter(|text| !text.is_empty())?,
            )),
            None if part == segment => {}
            None => return None,
        }
    }
    rest.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Found::Route(route, _) => Some(route.path),
            _ => None,
        }
    }

    #[test]
    fn search_is_not_swallowed_by_the_plugin_of_that_name() {
        assert_eq!(
            path_of("GET", "/api/plugins/marketplace/search"),
            Some("/api/plugins/marketplace/search")
        );
        assert_eq!(
            path_of("GET", "/api/plugins/marketplace/mlflow"),
            Some("/api/plugins/marketplace/:key")
        );
    }

    #[test]
    fn words_of_the_api_are_never_forwarded_to_a_plugin() {
        for word in ["marketplace", "installations", "categories", "health"] {
            assert_eq!(
                path_of("GET", &format!("/api/plugins/{word}")),
                Some(format!("/api/plugins/{word}").as_str())
            );
        }
        assert!(matches!(
            find("DELETE", "/api/plugins/marketplace"),
            Found::WrongMethod(_)
        ));
        assert_eq!(
            path_of("PATCH", "/api/plugins/slack/oauth/workspaces/1"),
            Some("/api/plugins/:key/*")
        );
        assert_eq!(
            path_of("GET", "/api/plugins/slack"),
            Some("/api/plugins/:key")
        );
    }

    #[test]
    fn parameters_are_decoded_and_never_empty() {
        let Found::Route(_, params) = find("GET", "/api/plugins/marketplace/a%20b") else {
            panic!("no route")
        };
        assert_eq!(params, [("key", "a b".to_owned())]);
        assert!(path_of("GET", "/api/modelInventory/").is_none());
    }

    #[test]
    fn head_follows_get_and_other_methods_are_named() {
        assert!(path_of("HEAD", "/healthz").is_some());
        let Found::WrongMethod(allowed) = find("POST", "/healthz") else {
            panic!("no refusal")
        };
        assert_eq!(allowed, ["GET"]);
    }
}
