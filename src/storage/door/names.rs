//! Names that a plugin may never take or use, and where to send who asks for them.

/// The host's tables in a tenant's file and in the control database, spelled in lower case.
/// A plugin may not take one of them even where the table is in the other file:
/// `users` of a plugin would be taken for the host's by everyone who reads it.
pub const HOST_TABLES: &[&str] = &[
    "files",
    "marketplace_cache",
    "model_inventory",
    "organizations",
    "plugin_installations",
    "plugin_objects",
    "plugin_secrets",
    "plugin_usage",
    "projects",
    "rate_limit_windows",
    "refresh_tokens",
    "risks",
    "setup_links",
    "signing_keys",
    "tenants",
    "users",
];

/// Tables that SQLite offers without anyone having made them. `json_each` and `json_tree` are harmless.
const BUILT_IN_TABLES: &[&str] = &[
    "dbstat",
    "fts3tokenize",
    "fts5vocab",
    "generate_series",
    "rtree",
    "sqlite_stmt",
    "bytecode",
    "tables_used",
];
/// Table functions that everyone may read, and nobody may hide behind a table of that name.
const TABLE_FUNCTIONS: &[&str] = &["json_each", "json_tree", "jsonb_each", "jsonb_tree"];
const BUILT_IN_PREFIXES: &[&str] = &["sqlite_", "pragma_"];

/// The host function that answers for a table of the host.
pub fn pointer(table: &str) -> Option<&'static str> {
    match table.to_ascii_lowercase().as_str() {
        "users" => Some("core.users"),
        "projects" => Some("core.projects"),
        "risks" => Some("core.risks"),
        "files" => Some("core.files"),
        "model_inventory" | "model_inventories" => Some("core.models"),
        _ => None,
    }
}

pub fn is_table_function(name: &str) -> bool {
    TABLE_FUNCTIONS
        .iter()
        .any(|function| function.eq_ignore_ascii_case(name))
}

pub fn is_host_table(name: &str) -> bool {
    HOST_TABLES
        .iter()
        .any(|table| table.eq_ignore_ascii_case(name))
}

/// Refusal of a table that is the host's or another plugin's.
pub fn refusal(table: &str) -> String {
    match pointer(table) {
        Some(function) => {
            format!("the table '{table}' belongs to the host; use {function} instead")
        }
        None if is_host_table(table) => format!("the table '{table}' belongs to the host"),
        None => format!("the table '{table}' does not belong to this plugin"),
    }
}

/// SQLite's own tables, which show what other plugins and the host keep.
pub fn is_built_in(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BUILT_IN_TABLES.contains(&name.as_str())
        || BUILT_IN_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::schema::Kind;
    use crate::storage::settings::open_in_memory;

    #[test]
    fn every_table_of_the_schema_is_reserved() {
        let mut found = Vec::new();
        for kind in [Kind::Control, Kind::Tenant] {
            let connection = open_in_memory().unwrap();
            kind.create(&connection).unwrap();
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
            let mut names = connection.prepare(sql).unwrap();
            found.extend(
                names
                    .query_map([], |row| row.get::<_, String>(0))
                    .unwrap()
                    .map(Result::unwrap),
            );
        }
        found.sort();
        assert_eq!(found, HOST_TABLES);
    }

    #[test]
    fn every_module_that_is_a_table_by_itself_is_known() {
        let connection = open_in_memory().unwrap();
        let mut modules = connection
            .prepare("SELECT name FROM pragma_module_list")
            .unwrap();
        for name in modules
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
        {
            let name = name.unwrap();
            let eponymous = connection
                .prepare(&format!("SELECT * FROM \"{name}\""))
                .is_ok();
            let harmless = ["json_each", "json_tree"].contains(&name.as_str());
            assert!(!eponymous || harmless || is_built_in(&name), "{name}");
        }
    }
}
