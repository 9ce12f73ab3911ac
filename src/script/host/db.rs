//! `db`: the plugin's own tables. What SQL may say is decided below, by `storage`.

pub mod tables;

use super::{ARGUMENTS, Arguments, Body, HostCall, HostError, HostFn, Kind, Param, raised};
use crate::error::Error;
use crate::script::grant::Capability;
use crate::script::limits::Size;
use crate::storage::plugin_db::{DbError, Executed, Params, PluginDb, RowLimits};
use crate::value::Value;

/// Most rows of one query, and most bytes of all their values.
const ROWS: RowLimits = RowLimits {
    rows: 10_000,
    bytes: 8 << 20,
};

const PARAMS: &[Param] = &[
    Param::required("sql", Kind::Text),
    Param::optional("params", Kind::ListOrMap),
];

const SIZE: Size = Size {
    text: 4 << 20,
    ..ARGUMENTS
};

pub const QUERY: HostFn = HostFn {
    module: "db",
    name: "query",
    needs: Capability::Tables,
    doc: "db.query(sql, params?) → list of rows, each a map from column to value. params: a list for ?, a map for :name.",
    params: PARAMS,
    size: SIZE,
    body: Body::Call(|host, mut args| {
        let params = bind(&mut args);
        let rows = open(host)?.query(args.text(0), &params, ROWS);
        host.statement = Some(args.take_text(0));
        Ok(Value::Rows(Box::new(rows.map_err(explain)?)))
    }),
};

pub const EXECUTE: HostFn = HostFn {
    module: "db",
    name: "execute",
    needs: Capability::Tables,
    doc: "db.execute(sql, params?) → { changes, lastInsertId }",
    params: PARAMS,
    size: SIZE,
    body: Body::Call(|host, mut args| {
        let params = bind(&mut args);
        let executed = open(host)?.execute(args.text(0), &params);
        host.statement = Some(args.take_text(0));
        executed.map(done).map_err(explain)
    }),
};

pub const TRANSACTION: HostFn = HostFn {
    module: "db",
    name: "transaction",
    needs: Capability::Tables,
    doc: "db.transaction(function(tx) … end): all of it or, when the function raises an error, nothing. Use tx inside; fetch first, then write.",
    params: &[Param::required("function", Kind::Function)],
    size: ARGUMENTS,
    body: Body::Scope {
        enter: |host| open(host)?.begin().map_err(explain),
        leave: |host, well| {
            let db = open(host)?;
            let ended = if well { db.commit() } else { db.rollback() };
            if well && ended.is_err() {
                // A commit that failed may leave the transaction open, which the script cannot end.
                let _ = db.rollback();
            }
            ended.map_err(explain)
        },
    },
};

pub(super) fn open<'a>(host: &'a mut HostCall<'_>) -> Result<&'a mut PluginDb, HostError> {
    match host.call.db.as_mut() {
        Some(db) => Ok(db),
        None => raised("there is no database in this call"),
    }
}

fn done(executed: Executed) -> Value {
    Value::map([
        ("changes", Value::Int(executed.changes)),
        ("lastInsertId", Value::Int(executed.last_insert_id)),
    ])
}

fn bind(args: &mut Arguments) -> Params {
    match args.take(1) {
        Value::List(items) if !items.is_empty() => Params::List(items),
        Value::Map(map) if !map.is_empty() => Params::Named(map),
        _ => Params::None,
    }
}

/// A refused or wrong statement is the script's to catch; what the host cannot do keeps its type.
fn explain(error: DbError) -> HostError {
    match error {
        DbError::Sql { .. } | DbError::Mistake { .. } => HostError::Raised(error.to_string()),
        DbError::Denied { message } => HostError::Denied(message),
        DbError::Limit { .. } => HostError::Limit(error.to_string()),
        DbError::Busy { .. } | DbError::Full { .. } => HostError::Host(Error::from(error)),
        DbError::TransactionEnded | DbError::Internal(_) => HostError::Fatal(Error::from(error)),
    }
}
