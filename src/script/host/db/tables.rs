//! `db.select`, `db.insert`, `db.update` and `db.delete`: statements that are made here, so that no
//! author puts a text together. They take the same way as SQL text.

use super::{ROWS, SIZE, done, explain, open};
use crate::script::grant::Capability;
use crate::script::host::{Arguments, Body, HostCall, HostError, HostFn, Kind, Param};
use crate::storage::plugin_db::{DbError, Params, structured};
use crate::value::{Map, Value};

const TABLE: Param = Param::required("table", Kind::Text);

pub const SELECT: HostFn = HostFn {
    module: "db",
    name: "select",
    needs: Capability::Tables,
    doc: "db.select(table, { columns?, where?, orderBy?, limit?, offset? }?) → list of rows. where: a map from column to value, null, a list of values or { op, value }. orderBy: \"name\" or \"name desc\", or a list.",
    params: &[TABLE, Param::optional("options", Kind::Map)],
    size: SIZE,
    body: Body::Call(|host, mut args| {
        let options = map(&mut args, 1);
        let (sql, params) = made(structured::select(args.text(0), options))?;
        let rows = open(host)?.query(&sql, &params, ROWS);
        host.statement = Some(sql);
        Ok(Value::Rows(Box::new(rows.map_err(tell)?)))
    }),
};

pub const INSERT: HostFn = HostFn {
    module: "db",
    name: "insert",
    needs: Capability::Tables,
    doc: "db.insert(table, values) → { changes, lastInsertId }. values: a map from column to value.",
    params: &[TABLE, Param::required("values", Kind::Map)],
    size: SIZE,
    body: Body::Call(|host, mut args| {
        let values = map(&mut args, 1);
        let statement = structured::insert(args.text(0), values);
        execute(host, statement)
    }),
};

pub const UPDATE: HostFn = HostFn {
    module: "db",
    name: "update",
    needs: Capability::Tables,
    doc: "db.update(table, values, where) → { changes, lastInsertId }. where as in db.select; for every row { all = true }.",
    params: &[
        TABLE,
        Param::required("values", Kind::Map),
        Param::required("where", Kind::Map),
    ],
    size: SIZE,
    body: Body::Call(|host, mut args| {
        let (values, filter) = (map(&mut args, 1), map(&mut args, 2));
        let statement = structured::update(args.text(0), values, filter);
        execute(host, statement)
    }),
};

pub const DELETE: HostFn = HostFn {
    module: "db",
    name: "delete",
    needs: Capability::Tables,
    doc: "db.delete(table, where) → { changes, lastInsertId }. where as in db.select; for every row { all = true }.",
    params: &[TABLE, Param::required("where", Kind::Map)],
    size: SIZE,
    body: Body::Call(|host, mut args| {
        let filter = map(&mut args, 1);
        let statement = structured::delete(args.text(0), filter);
        execute(host, statement)
    }),
};

fn execute(
    host: &mut HostCall<'_>,
    statement: Result<(String, Params), String>,
) -> Result<Value, HostError> {
    let (sql, params) = made(statement)?;
    let executed = open(host)?.execute(&sql, &params);
    host.statement = Some(sql);
    executed.map(done).map_err(tell)
}

/// The text is ours, so neither its places nor SQLite's advice on quotes help the author.
fn tell(error: DbError) -> HostError {
    match error {
        DbError::Sql { message, .. } => {
            let plain = message.split(" - should this be").next();
            HostError::Raised(plain.unwrap_or_default().to_owned())
        }
        other => explain(other),
    }
}

fn made(statement: Result<(String, Params), String>) -> Result<(String, Params), HostError> {
    statement.map_err(HostError::Raised)
}

fn map(args: &mut Arguments, index: usize) -> Map {
    match args.take(index) {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}
