//! The compiled program of a statement, read by EXPLAIN: which pages it opens. SQLite's authorizer is
//! not told of the tables behind a FULL, NATURAL or USING join, so their root pages are checked here
//! (`joins_that_the_authorizer_does_not_see_read_nothing_of_others` holds it).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::catalogue::Catalogue;
use crate::plugin_key::PluginKey;

const MAIN: i64 = 0;
const TEMP: i64 = 1;
/// The only file that is attached.
const TENANT: i64 = 2;
/// JournalMode with this only asks. SQLite adds it, unreached, to what might have written and does not.
const ONLY_ASKS: i64 = -1;
const SCHEMA_ROOT: i64 = 1;
/// In p5: p2 is not a page but a register that will hold one. Only a table in the making has that.
const P2_IS_REGISTER: i64 = 0x10;
/// Plugins remembered per slot, and programs per plugin; beyond it all are forgotten, which costs
/// 7 µs per statement.
const PLUGINS: usize = 16;
const PROGRAMS: usize = 256;
const EXPLAIN: &str = "EXPLAIN ";

/// Opcodes that reach what no plugin statement needs.
const NEVER: &[&str] = &[
    "AutoCommit",
    "Checkpoint",
    "IncrVacuum",
    "IntegrityCk",
    "LoadAnalysis",
    "MaxPgcnt",
    "Pagecount",
    "Savepoint",
    "VBegin",
    "VCreate",
    "VDestroy",
    "VRename",
    "VUpdate",
    "Vacuum",
];

/// What a statement may open besides the plugin's own tables and indexes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// The schema table, and pages that are being made.
    pub schema: bool,
    /// The (empty) schema table of `temp`, and SQLite's own check of the rows that are there.
    pub alter: bool,
    /// The counters of AUTOINCREMENT.
    pub sequence: bool,
    /// `json_each` or `json_tree`, of which nothing can be read but the argument.
    pub json_tables: bool,
}

/// Programs that were found lawful, for each plugin at one version of the schema.
#[derive(Debug, Default)]
pub struct Verdicts(HashMap<PluginKey, Lawful>);

#[derive(Debug)]
struct Lawful {
    catalogue: Arc<Catalogue>,
    programs: HashSet<String>,
}

impl Verdicts {
    pub fn catalogue(&self, plugin: &PluginKey, version: i64) -> Option<Arc<Catalogue>> {
        self.at(plugin, version)
            .map(|lawful| Arc::clone(&lawful.catalogue))
    }

    pub fn allows(&self, plugin: &PluginKey, version: i64, sql: &str) -> bool {
        self.at(plugin, version)
            .is_some_and(|lawful| lawful.programs.contains(sql))
    }

    pub fn learn(&mut self, plugin: &PluginKey, catalogue: &Arc<Catalogue>, sql: &str) {
        if self.at(plugin, catalogue.version).is_none() {
            if self.0.len() >= PLUGINS {
                self.0.clear();
            }
            let lawful = Lawful {
                catalogue: Arc::clone(catalogue),
                programs: HashSet::new(),
            };
            self.0.insert(plugin.clone(), lawful);
        }
        if let Some(lawful) = self.0.get_mut(plugin) {
            if lawful.programs.len() >= PROGRAMS {
                lawful.programs.clear();
            }
            lawful.programs.insert(sql.to_owned());
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn at(&self, plugin: &PluginKey, version: i64) -> Option<&Lawful> {
        self.0
            .get(plugin)
            .filter(|lawful| lawful.catalogue.version == version)
    }
}

struct Step {
    opcode: String,
    p1: i64,
    p2: i64,
    p3: i64,
    p5: i64,
}

/// `Ok(Err(reason))` is a refusal. Must run while the connection is judged as the plugin's.
pub fn check(
    connection: &Connection,
    sql: &str,
    catalogue: &Catalogue,
    allow: Allowance,
) -> rusqlite::Result<Result<(), String>> {
    let mut explain = connection
        .prepare(&format!("{EXPLAIN}{sql}"))
        .map_err(without_prefix)?;
    let mut rows = explain.raw_query();
    while let Some(row) = rows.next()? {
        let step = Step::read(row)?;
        if !step.is_lawful(catalogue, allow) {
            return Ok(Err(format!(
                "the statement reads or writes a table that does not belong to this plugin ({})",
                step.opcode
            )));
        }
    }
    Ok(Ok(()))
}

/// Places in SQLite's messages are those of the statement alone.
fn without_prefix(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError {
            error,
            msg,
            sql,
            offset,
        } => {
            let prefix = i32::try_from(EXPLAIN.len()).unwrap_or(0);
            rusqlite::Error::SqlInputError {
                error,
                msg,
                sql,
                offset: offset.saturating_sub(prefix),
            }
        }
        other => other,
    }
}

impl Step {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            opcode: row.get(1)?,
            p1: row.get(2)?,
            p2: row.get(3)?,
            p3: row.get(4)?,
            p5: row.get(6)?,
        })
    }

    fn is_lawful(&self, catalogue: &Catalogue, allow: Allowance) -> bool {
        let page = |root, database| {
            allow.alter && database == TEMP && root == SCHEMA_ROOT
                || database == TENANT
                    && (catalogue.owns_root(root)
                        || allow.schema && root == SCHEMA_ROOT
                        || (allow.schema || allow.sequence) && catalogue.is_sequence(root))
        };
        match self.opcode.as_str() {
            "OpenRead" | "OpenWrite" | "ReopenIdx" if self.p5 & P2_IS_REGISTER != 0 => {
                allow.schema && self.p3 == TENANT
            }
            "OpenRead" | "OpenWrite" | "ReopenIdx" => page(self.p2, self.p3),
            "Clear" => page(self.p1, self.p2),
            "Destroy" => allow.schema && page(self.p1, self.p3),
            // Table-valued functions live in `main`, which has nothing else.
            "Transaction" if self.p1 == MAIN => (allow.json_tables || allow.alter) && self.p2 == 0,
            "Transaction" if self.p1 == TEMP => allow.alter,
            "Transaction" | "TableLock" | "ReadCookie" => self.p1 == TENANT,
            "ParseSchema" if self.p1 == TEMP => allow.alter,
            "JournalMode" => allow.schema && self.p3 == ONLY_ASKS,
            "CreateBtree" | "SetCookie" | "ParseSchema" | "DropTable" | "DropIndex"
            | "DropTrigger" => allow.schema && self.p1 == TENANT,
            "SqlExec" | "Expire" => allow.schema,
            "VOpen" => allow.json_tables || allow.alter,
            other => !NEVER.contains(&other),
        }
    }
}
