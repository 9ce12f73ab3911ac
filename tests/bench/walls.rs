//! What the walls around a plugin's SQL cost: each statement through `PluginDb`, and the same statement
//! on a plain connection to the same file that is set alike (begin, compiled once, bound, rows kept,
//! commit), in turns within one run. Exit code 1 when a cached statement costs more than the aim.
//!
//!     cargo bench --bench walls
//!
//! Times are processor time of the thread, so that a busy machine disturbs them little.

#![allow(clippy::print_stdout)]

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};
use rustix::time::{ClockId, clock_gettime};
use souk::data_dir::DataDir;
use souk::plugin_key::PluginKey;
use souk::storage::{Params, PluginDb, RowLimits, Storage, StorageOptions};
use souk::tenant::TenantId;
use souk::value::{Cell, Rows, Value};
use statistics::median;

#[path = "statistics.rs"]
#[allow(dead_code)]
mod statistics;

const ROUNDS: usize = 21;
/// A cached statement may cost so many times what it costs without walls.
const AIM: f64 = 1.5;
const ROWS: i64 = 10_000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Case {
    name: &'static str,
    sql: &'static str,
    kind: Kind,
    /// How often per round.
    times: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Query,
    /// A transaction for each.
    Write,
    /// One transaction for all of a round.
    WriteInOne,
}

const CASES: &[Case] = &[
    Case {
        name: "one row by its key",
        sql: "SELECT id, name, stage, size FROM models WHERE id = ?",
        kind: Kind::Query,
        times: 2_000,
    },
    Case {
        name: "50 rows by an index",
        sql: "SELECT id, name, stage, size FROM models WHERE stage = ? ORDER BY id LIMIT 50",
        kind: Kind::Query,
        times: 500,
    },
    Case {
        name: "insert, a transaction each",
        sql: "INSERT INTO log (message) VALUES (?)",
        kind: Kind::Write,
        times: 200,
    },
    Case {
        name: "insert, one transaction",
        sql: "INSERT INTO log (message) VALUES (?)",
        kind: Kind::WriteInOne,
        times: 2_000,
    },
    Case {
        name: "update by key, one transaction",
        sql: "UPDATE models SET size = size + 1 WHERE id = ?",
        kind: Kind::WriteInOne,
        times: 2_000,
    },
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    let data = Arc::new(DataDir::open(folder.path())?);
    let storage = Arc::new(Storage::open(&data, &StorageOptions::default())?);
    let tenant = TenantId::of_organization(1);
    storage.create_tenants(std::slice::from_ref(&tenant))?;
    let plugin = PluginKey::parse("bench")?;
    let mut walled = PluginDb::new(Arc::clone(&storage), tenant.clone(), plugin);
    prepare(&storage, &tenant, &mut walled)?;
    walled.bind(1);
    let plain = plain(&data, &tenant)?;

    let load = fs::read_to_string("/proc/loadavg")?;
    println!(
        "processor time per statement in µs, median of {ROUNDS} rounds; load of the machine: {}\n",
        load.split(' ').next().unwrap_or_default()
    );
    println!("{:<34} {:>10} {:>10} {:>8}", "", "plain", "walled", "times");
    let mut kept = true;
    for case in CASES {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        // The first round fills caches.
        for round in 0..=ROUNDS {
            let one = per_statement(case, || on_plain(&plain, case))?;
            let other = per_statement(case, || through_walls(&mut walled, case))?;
            if round > 0 {
                without.push(one);
                with.push(other);
            }
        }
        let (without, with) = (median(without), median(with));
        let ratio = with / without;
        kept &= ratio <= AIM;
        println!(
            "{:<34} {without:>10.2} {with:>10.2} {ratio:>8.2}",
            case.name
        );
    }
    println!(
        "\neach at most {AIM} times: {}",
        if kept { "yes" } else { "NO" }
    );
    Ok(kept)
}

fn prepare(storage: &Storage, tenant: &TenantId, db: &mut PluginDb) -> Outcome<()> {
    storage.tenant_write(tenant, |t| {
        let sql = "INSERT INTO plugin_installations
            (id, plugin_key, installed_at, version, package_digest, created_at, updated_at)
            VALUES (1, 'bench', '2026-11-24T07:00:00.000Z', '1.0.0', printf('%064d', 0),
                    '2026-11-24T07:00:00.000Z', '2026-11-24T07:00:00.000Z')";
        Ok(t.execute(sql, [])?)
    })?;
    for sql in [
        "CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT, stage TEXT, size INTEGER)",
        "CREATE INDEX models_by_stage ON models (stage)",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, message TEXT)",
    ] {
        db.execute(sql, &Params::None)?;
    }
    let fill = "INSERT INTO models (name, stage, size)
        WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)
        SELECT 'model ' || i, 'stage ' || (i % 100), i * 1000 FROM c";
    db.execute(fill, &Params::List(vec![Value::Int(ROWS)]))?;
    Ok(())
}

/// The same file in the same place, set as durable, without authorizer, clock and limits.
fn plain(data: &DataDir, tenant: &TenantId) -> Outcome<Connection> {
    let connection = Connection::open_in_memory()?;
    let path = data.tenant_database(tenant);
    let path = path.to_str().ok_or("the path is not UTF-8")?;
    connection.execute("ATTACH ? AS ?", [path, tenant.as_str()])?;
    for (name, value) in [("journal_mode", "WAL"), ("secure_delete", "FAST")] {
        connection.pragma_update_and_check(Some(tenant.as_str()), name, value, |_| Ok(()))?;
    }
    connection.pragma_update(Some(tenant.as_str()), "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// What differs from call to call.
fn argument(case: &Case, turn: usize) -> Value {
    let turn = i64::try_from(turn).unwrap_or_default();
    match case.name {
        "50 rows by an index" => Value::Text(format!("stage {}", turn % 100)),
        name if name.starts_with("insert") => Value::Text(format!("message {turn} of the bench")),
        _ => Value::Int(turn * 7919 % ROWS + 1),
    }
}

fn on_plain(connection: &Connection, case: &Case) -> Outcome<()> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(drop);
    let begin = match case.kind {
        Kind::Query => "BEGIN",
        Kind::Write | Kind::WriteInOne => "BEGIN IMMEDIATE",
    };
    if case.kind == Kind::WriteInOne {
        run(begin)?;
    }
    for turn in 0..case.times {
        let argument = argument(case, turn);
        let bound = match &argument {
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            other => ValueRef::Integer(other.as_i64().unwrap_or_default()),
        };
        let bound = params_from_iter([rusqlite::types::ToSqlOutput::Borrowed(bound)]);
        if case.kind != Kind::WriteInOne {
            run(begin)?;
        }
        let mut statement = connection.prepare_cached(case.sql)?;
        if case.kind == Kind::Query {
            let names: Vec<String> = statement
                .column_names()
                .into_iter()
                .map(str::to_owned)
                .collect();
            let count = names.len();
            let mut kept = Rows::new(names);
            let mut rows = statement.query(bound)?;
            while let Some(row) = rows.next()? {
                for column in 0..count {
                    match row.get_ref(column)? {
                        ValueRef::Null => kept.push(Cell::Null),
                        ValueRef::Integer(number) => kept.push(Cell::Int(number)),
                        ValueRef::Real(number) => kept.push(Cell::Float(number)),
                        ValueRef::Text(text) => kept.push(Cell::Text(std::str::from_utf8(text)?)),
                        ValueRef::Blob(bytes) => kept.push(Cell::Bytes(bytes)),
                    }
                }
            }
            std::hint::black_box(kept.len());
        } else {
            statement.execute(bound)?;
        }
        drop(statement);
        if case.kind != Kind::WriteInOne {
            run("COMMIT")?;
        }
    }
    if case.kind == Kind::WriteInOne {
        run("COMMIT")?;
    }
    Ok(())
}

fn through_walls(db: &mut PluginDb, case: &Case) -> Outcome<()> {
    let limits = RowLimits::default();
    if case.kind == Kind::WriteInOne {
        db.begin()?;
    }
    for turn in 0..case.times {
        let params = Params::List(vec![argument(case, turn)]);
        if case.kind == Kind::Query {
            std::hint::black_box(db.query(case.sql, &params, limits)?.len());
        } else {
            db.execute(case.sql, &params)?;
        }
    }
    if case.kind == Kind::WriteInOne {
        db.commit()?;
    }
    Ok(())
}

/// Microseconds of processor time.
fn per_statement(case: &Case, work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let before = thread_time();
    work()?;
    Ok((thread_time() - before) * 1e6 / case.times as f64)
}

/// Seconds that this thread has run. Not from /proc: what stands there is brought up to date a few hundred times a second.
fn thread_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
