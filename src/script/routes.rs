//! A plugin's routes: `"GET /models/:id"` in, the best match for a path out.
//!
//! Tables have no declared order in either language, so the most special pattern wins:
//! compared from the left, a literal segment beats a parameter. Two patterns of equal rank
//! that can match one path are refused when the plugin is compiled.

use percent_encoding::percent_decode_str;

use crate::script::limits::LONGEST_TIMEOUT_MS;
use crate::value::{Map, Value};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const ROLES: [&str; 4] = ["Admin", "Reviewer", "Editor", "Auditor"];
const MOST_ROUTES: usize = 500;

#[derive(Debug, Default)]
pub struct RouteTable {
    routes: Vec<Route>,
}

/// A route that fits a request.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteMatch {
    /// The route as the plugin wrote it.
    pub key: String,
    /// The decoded parameters of the path.
    pub params: Map,
    pub timeout_ms: Option<u64>,
    pub roles: Option<Vec<String>>,
}

#[derive(Debug)]
struct Route {
    key: String,
    method: String,
    segments: Vec<Segment>,
    timeout_ms: Option<u64>,
    roles: Option<Vec<String>>,
}

/// The order of the variants is the rank: a literal comes first.
#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Param(String),
}

impl RouteTable {
    /// Builds the table from routes and the options beside their handlers (`Null` where there are none).
    pub fn parse(entries: Vec<(String, Value)>) -> Result<Self, String> {
        if entries.len() > MOST_ROUTES {
            return Err(format!("a plugin may have at most {MOST_ROUTES} routes"));
        }
        let mut routes = entries
            .into_iter()
            .map(|(key, options)| Route::parse(key, &options))
            .collect::<Result<Vec<_>, _>>()?;
        routes.sort_by(|a, b| a.key.cmp(&b.key));
        for (index, route) in routes.iter().enumerate() {
            if let Some(other) = routes
                .iter()
                .skip(index + 1)
                .find(|other| other.clashes_with(route))
            {
                return Err(format!(
                    "the routes '{}' and '{}' match the same paths; keep one of them",
                    route.key, other.key
                ));
            }
        }
        routes.sort_by(|a, b| a.shape().cmp(b.shape()));
        Ok(Self { routes })
    }

    /// The route for a method and a still encoded path. HEAD follows GET.
    pub fn find(&self, method: &str, path: &str) -> Option<RouteMatch> {
        let method = if method == "HEAD" { "GET" } else { method };
        let path = split(path)
            .map(|segment| percent_decode_str(segment).decode_utf8().ok())
            .collect::<Option<Vec<_>>>()?;
        // Sorted by rank when it was built: the first that fits is the best.
        self.routes
            .iter()
            .filter(|route| route.method == method)
            .find_map(|route| {
                let params = route.fit(&path)?;
                Some(RouteMatch {
                    key: route.key.clone(),
                    params,
                    timeout_ms: route.timeout_ms,
                    roles: route.roles.clone(),
                })
            })
    }

    /// The routes as the plugin wrote them, for logs and messages.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.key.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

impl Route {
    fn parse(key: String, options: &Value) -> Result<Self, String> {
        let wrong = |why: String| format!("route '{key}': {why}");
        let (method, path) = key
            .split_once(' ')
            .filter(|(method, path)| METHODS.contains(method) && path.starts_with('/'))
            .ok_or_else(|| {
                wrong(format!(
                    "expected 'METHOD /path' with one of {}",
                    METHODS.join(", ")
                ))
            })?;
        let mut segments: Vec<Segment> = Vec::new();
        for text in split(path) {
            let segment = match text.strip_prefix(':') {
                Some(name) if is_name(name) => Segment::Param(name.to_owned()),
                Some(_) => return Err(wrong(format!("'{text}' is not a parameter name"))),
                None => Segment::Literal(text.to_owned()),
            };
            if matches!(segment, Segment::Param(_)) && segments.contains(&segment) {
                return Err(wrong(format!("the parameter '{text}' stands twice")));
            }
            segments.push(segment);
        }
        Ok(Self {
            timeout_ms: timeout(options).map_err(wrong)?,
            roles: roles(options).map_err(wrong)?,
            method: method.to_owned(),
            segments,
            key,
        })
    }

    fn fit(&self, path: &[std::borrow::Cow<'_, str>]) -> Option<Map> {
        if self.segments.len() != path.len() {
            return None;
        }
        let mut params = Map::new();
        for (segment, text) in self.segments.iter().zip(path) {
            match segment {
                Segment::Literal(literal) if literal.as_str() == text.as_ref() => {}
                Segment::Literal(_) => return None,
                Segment::Param(_) if text.is_empty() => return None,
                Segment::Param(name) => {
                    params.insert(name.clone(), Value::Text(text.to_string()));
                }
            }
        }
        Some(params)
    }

    /// Whether both can match one path at the same rank.
    fn clashes_with(&self, other: &Self) -> bool {
        self.method == other.method
            && self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|pair| match pair {
                    (Segment::Literal(a), Segment::Literal(b)) => a == b,
                    (Segment::Param(_), Segment::Param(_)) => true,
                    _ => false,
                })
    }

    /// Where the parameters are, from the left: sorts literals before parameters.
    fn shape(&self) -> impl Iterator<Item = bool> {
        self.segments
            .iter()
            .map(|segment| matches!(segment, Segment::Param(_)))
    }
}

/// The segments of a path; one slash at the end makes no difference.
fn split(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/')
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn timeout(options: &Value) -> Result<Option<u64>, String> {
    match options.get("timeoutMs") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .and_then(|ms| u64::try_from(ms).ok())
            .filter(|ms| (1..=LONGEST_TIMEOUT_MS).contains(ms))
            .map(Some)
            .ok_or_else(|| {
                format!("timeoutMs must be a whole number from 1 to {LONGEST_TIMEOUT_MS}")
            }),
    }
}

fn roles(options: &Value) -> Result<Option<Vec<String>>, String> {
    let wrong = || format!("roles must be a list of {}", ROLES.join(", "));
    match options.get("roles") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::List(items)) => items
            .iter()
            .map(|item| match item.as_str() {
                Some(role) if ROLES.contains(&role) => Ok(role.to_owned()),
                _ => Err(wrong()),
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(keys: &[&str]) -> RouteTable {
        RouteTable::parse(
            keys.iter()
                .map(|key| ((*key).to_owned(), Value::Null))
                .collect(),
        )
        .unwrap()
    }

    fn refusal(entries: &[(&str, Value)]) -> String {
        let entries = entries
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect();
        RouteTable::parse(entries).unwrap_err()
    }

    fn found(table: &RouteTable, method: &str, path: &str) -> Option<String> {
        table.find(method, path).map(|route| route.key)
    }

    #[test]
    fn a_literal_beats_a_parameter_from_the_left() {
        let table = table(&["GET /:a/x", "GET /x/:b", "GET /x/x", "GET /:a/:b"]);
        assert_eq!(found(&table, "GET", "/x/x").as_deref(), Some("GET /x/x"));
        assert_eq!(found(&table, "GET", "/x/y").as_deref(), Some("GET /x/:b"));
        assert_eq!(found(&table, "GET", "/y/x").as_deref(), Some("GET /:a/x"));
        assert_eq!(found(&table, "GET", "/y/y").as_deref(), Some("GET /:a/:b"));
        assert_eq!(found(&table, "GET", "/x"), None);
    }

    #[test]
    fn head_follows_get_and_other_methods_stand_alone() {
        let table = table(&["GET /a", "POST /b"]);
        assert_eq!(found(&table, "HEAD", "/a").as_deref(), Some("GET /a"));
        assert_eq!(found(&table, "HEAD", "/b"), None);
        assert_eq!(found(&table, "PUT", "/a"), None);
    }

    #[test]
    fn parameters_are_decoded_and_a_bad_encoding_matches_nothing() {
        let table = table(&["GET /n/:id"]);
        let id = |path: &str| {
            Some(
                table
                    .find("GET", path)?
                    .params
                    .get("id")?
                    .as_str()?
                    .to_owned(),
            )
        };
        assert_eq!(id("/n/a%20b%2Fc").as_deref(), Some("a b/c"));
        assert_eq!(id("/n/%C3%BC").as_deref(), Some("ü"));
        assert_eq!(id("/n/%FF"), None);
        assert_eq!(id("/n/"), None);
    }

    #[test]
    fn the_root_and_a_last_slash_are_found() {
        let table = table(&["GET /", "GET /a"]);
        assert_eq!(found(&table, "GET", "").as_deref(), Some("GET /"));
        assert_eq!(found(&table, "GET", "/").as_deref(), Some("GET /"));
        assert_eq!(found(&table, "GET", "/a/").as_deref(), Some("GET /a"));
    }

    #[test]
    fn two_routes_of_equal_rank_are_refused_by_name() {
        let why = refusal(&[("GET /a/:x", Value::Null), ("GET /a/:y", Value::Null)]);
        assert!(
            why.contains("GET /a/:x") && why.contains("GET /a/:y"),
            "{why}"
        );
    }

    #[test]
    fn malformed_routes_are_refused_with_the_reason() {
        for (key, part) in [
            ("HEAD /a", "METHOD /path"),
            ("GET a", "METHOD /path"),
            ("get /a", "METHOD /path"),
            ("GET /:", "parameter name"),
            ("GET /:1", "parameter name"),
            ("GET /:a/:a", "twice"),
        ] {
            let why = refusal(&[(key, Value::Null)]);
            assert!(why.contains(part) && why.contains(key), "{why}");
        }
    }

    #[test]
    fn options_are_read_and_checked() {
        let options = Value::map([
            ("timeoutMs", Value::Float(1000.0)),
            ("roles", Value::List(vec!["Admin".into()])),
        ]);
        let table = RouteTable::parse(vec![("GET /a".to_owned(), options)]).unwrap();
        let route = table.find("GET", "/a").unwrap();
        assert_eq!(route.timeout_ms, Some(1000));
        assert_eq!(route.roles, Some(vec!["Admin".to_owned()]));
        let late = refusal(&[("GET /a", Value::map([("timeoutMs", Value::Int(120_001))]))]);
        assert!(late.contains("timeoutMs"), "{late}");
        let role = refusal(&[(
            "GET /a",
            Value::map([("roles", Value::List(vec!["admin".into()]))]),
        )]);
        assert!(role.contains("Auditor"), "{role}");
    }
}
