//! Core data as plugins reach it: which tables, which columns of them, and which of those a plugin may write.
//!
//! A table has one line per column, and every statement is made from those lines, so a name that is not
//! here reaches no SQL. Whether a plugin may come here at all is the grant's to say.

use rusqlite::types::{ToSql, Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use crate::clock;
use crate::error::{Error, Result};
use crate::value::{Map, Value};

/// Rows of one page, unless fewer are asked for.
pub const PAGE: i64 = 1_000;

/// One table of the governance application.
pub struct Resource {
    /// Of one row, in messages.
    pub one: &'static str,
    table: &'static str,
    columns: &'static [Column],
    /// Columns that hold the moment when a row is made.
    made: &'static [&'static str],
    /// Columns that hold the moment of the last change.
    changed: &'static [&'static str],
    /// Fields, and the columns that hold the moment when they were last written.
    stamped: &'static [(&'static str, &'static str)],
    /// Brings what is derived up to date in the row of that id.
    derive: Option<&'static str>,
}

struct Column {
    /// As scripts and the API write it.
    name: &'static str,
    column: &'static str,
    kind: Kind,
    access: Access,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// 0 or 1 in the table.
    Flag,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

const fn read(name: &'static str, column: &'static str) -> Column {
    Column {
        name,
        column,
        kind: Kind::Plain,
        access: Access::Read,
    }
}

const fn write(name: &'static str, column: &'static str) -> Column {
    Column {
        access: Access::Write,
        ..read(name, column)
    }
}

const fn flag(name: &'static str, column: &'static str) -> Column {
    Column {
        kind: Kind::Flag,
        ..write(name, column)
    }
}

pub const RISKS: Resource = Resource {
    one: "risk",
    table: "risks",
    columns: &[
        read("id", "id"),
        write("projectId", "project_id"),
        write("riskName", "risk_name"),
        write("riskOwner", "risk_owner"),
        write("aiLifecyclePhase", "ai_lifecycle_phase"),
        write("riskDescription", "risk_description"),
        write("riskCategory", "risk_category"),
        write("impact", "impact"),
        write("likelihood", "likelihood"),
        write("severity", "severity"),
        write("riskLevel", "risk_level"),
        write("mitigationStatus", "mitigation_status"),
        write("mitigationPlan", "mitigation_plan"),
        write("riskSeverity", "risk_severity"),
        write("likelihoodMitigation", "likelihood_mitigation"),
        write("finalRiskLevel", "final_risk_level"),
        write("reviewNotes", "review_notes"),
        write("deadline", "deadline"),
        write("dateOfAssessment", "date_of_assessment"),
        read("createdAt", "created_at"),
        read("updatedAt", "updated_at"),
    ],
    made: &["created_at"],
    changed: &["updated_at"],
    stamped: &[],
    derive: None,
};

pub const MODELS: Resource = Resource {
    one: "model",
    table: "model_inventory",
    columns: &[
        read("id", "id"),
        write("provider", "provider"),
        write("model", "model"),
        write("version", "version"),
        write("approver", "approver"),
        write("capabilities", "capabilities"),
        flag("securityAssessment", "security_assessment"),
        write("status", "status"),
        read("statusDate", "status_date"),
        write("referenceLink", "reference_link"),
        write("biases", "biases"),
        write("limitations", "limitations"),
        write("hostingProvider", "hosting_provider"),
        read("createdAt", "created_at"),
        read("updatedAt", "updated_at"),
    ],
    made: &["status_date", "created_at"],
    changed: &["updated_at"],
    stamped: &[("status", "status_date")],
    // Older clients read both as one text.
    derive: Some(
        "UPDATE model_inventory SET provider_model = provider || ' ' || model WHERE id = ?",
    ),
};

pub const PROJECTS: Resource = Resource {
    one: "project",
    table: "projects",
    columns: &[
        read("id", "id"),
        write("projectTitle", "project_title"),
        write("owner", "owner"),
        write("startDate", "start_date"),
        write("aiRiskClassification", "ai_risk_classification"),
        write("typeOfHighRiskRole", "type_of_high_risk_role"),
        write("goal", "goal"),
        read("lastUpdated", "last_updated"),
        read("createdAt", "created_at"),
    ],
    made: &["created_at"],
    changed: &["last_updated"],
    stamped: &[],
    derive: None,
};

/// Without their content, which is read one by one.
pub const FILES: Resource = Resource {
    one: "file",
    table: "files",
    columns: &[
        read("id", "id"),
        read("filename", "filename"),
        read("mime", "mime"),
        read("size", "size"),
        read("sha256", "sha256"),
        read("uploadedBy", "uploaded_by"),
        read("uploadedAt", "uploaded_at"),
    ],
    made: &[],
    changed: &[],
    stamped: &[],
    derive: None,
};

/// Which rows of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: i64,
    pub offset: i64,
}

impl Resource {
    /// In order of id.
    pub fn list(&self, conn: &Connection, page: Page) -> Result<Vec<Map>> {
        let sql = format!("{} ORDER BY id LIMIT ? OFFSET ?", self.select());
        let mut statement = conn.prepare_cached(&sql)?;
        let rows = statement.query_map([page.limit, page.offset], |row| self.map(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub fn with_id(&self, conn: &Connection, id: i64) -> Result<Option<Map>> {
        let sql = format!("{} WHERE id = ?", self.select());
        Ok(conn
            .prepare_cached(&sql)?
            .query_row([id], |row| self.map(row))
            .optional()?)
    }

    /// Returns the id of the new row.
    pub fn create(&self, conn: &Connection, values: &Map) -> Result<i64> {
        let mut columns = self.written(values)?;
        let now = clock::now_iso();
        for stamp in self.made.iter().chain(self.changed) {
            columns.push((stamp, Sql::Text(now.clone())));
        }
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.table,
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        );
        conn.execute(
            &sql,
            params_from_iter(columns.iter().map(|(_, value)| value)),
        )
        .map_err(|error| self.explain(error))?;
        let id = conn.last_insert_rowid();
        self.derive(conn, id)?;
        Ok(id)
    }

    pub fn update(&self, conn: &Connection, id: i64, values: &Map) -> Result<()> {
        let mut columns = self.written(values)?;
        if columns.is_empty() {
            return Err(Error::invalid("values", "values names no field to change"));
        }
        let now = clock::now_iso();
        for stamp in self.changed {
            columns.push((stamp, Sql::Text(now.clone())));
        }
        for (_, column) in self
            .stamped
            .iter()
            .filter(|(field, _)| values.contains_key(*field))
        {
            columns.push((column, Sql::Text(now.clone())));
        }
        let settings: Vec<_> = columns
            .iter()
            .map(|(name, _)| format!("{name} = ?"))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE id = ?",
            self.table,
            settings.join(", ")
        );
        let key = Sql::Integer(id);
        let values = columns.iter().map(|(_, value)| value).chain([&key]);
        let changed = conn
            .execute(&sql, params_from_iter(values))
            .map_err(|error| self.explain(error))?;
        if changed == 0 {
            return Err(Error::NotFound(format!("There is no such {}", self.one)));
        }
        self.derive(conn, id)
    }

    fn derive(&self, conn: &Connection, id: i64) -> Result<()> {
        if let Some(sql) = self.derive {
            conn.execute(sql, [id])?;
        }
        Ok(())
    }

    fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| column.column).collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.table)
    }

    fn map(&self, row: &Row<'_>) -> rusqlite::Result<Map> {
        let cell = |(index, column): (usize, &Column)| {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) if column.kind == Kind::Flag => Value::Bool(number != 0),
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Real(number) => Value::Float(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            };
            Ok((column.name.to_owned(), value))
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    /// The columns that `values` names, each with what to store.
    fn written(&self, values: &Map) -> Result<Vec<(&'static str, Sql)>> {
        let one = |(name, value): (&String, &Value)| {
            let column = self
                .columns
                .iter()
                .find(|column| column.name == name && column.access == Access::Write)
                .ok_or_else(|| Error::invalid(name, self.unknown(name)))?;
            let value = stored(value).ok_or_else(|| {
                Error::invalid(
                    name,
                    format!("{name} must be a text, a number, a flag or nothing"),
                )
            })?;
            Ok((column.column, value))
        };
        values.iter().map(one).collect()
    }

    fn unknown(&self, name: &str) -> String {
        let known: Vec<_> = self
            .columns
            .iter()
            .filter(|column| column.access == Access::Write)
            .map(|column| column.name)
            .collect();
        format!(
            "'{name}' is no field of a {} that can be written; these are: {}",
            self.one,
            known.join(", ")
        )
    }

    /// A value that the table does not take is the caller's mistake.
    fn explain(&self, error: rusqlite::Error) -> Error {
        match error {
            rusqlite::Error::SqliteFailure(failure, Some(message))
                if failure.code == rusqlite::ErrorCode::ConstraintViolation
                    || failure.code == rusqlite::ErrorCode::TypeMismatch =>
            {
                Error::invalid(
                    "values",
                    format!("a {} cannot be stored so: {message}", self.one),
                )
            }
            other => other.into(),
        }
    }
}

/// A new file of the organization.
pub struct NewFile<'a> {
    pub filename: &'a str,
    pub mime: &'a str,
    pub content: &'a [u8],
    pub uploaded_by: i64,
}

/// The content of a file, after its fields.
pub fn file_content(conn: &Connection, id: i64, most: i64) -> Result<Option<Vec<u8>>> {
    let size: Option<i64> = conn
        .prepare_cached("SELECT size FROM files WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    match size {
        None => Ok(None),
        Some(size) if size > most => Err(Error::invalid(
            "id",
            format!("the file has {size} bytes; a plugin may read at most {most}"),
        )),
        Some(_) => Ok(Some(conn.query_row(
            "SELECT content FROM files WHERE id = ?",
            [id],
            |row| row.get(0),
        )?)),
    }
}

pub fn create_file(conn: &Connection, new: &NewFile<'_>) -> Result<i64> {
    let size = i64::try_from(new.content.len()).unwrap_or(i64::MAX);
    let digest = crate::digest::Digest::of(new.content).to_string();
    let columns: [&dyn ToSql; 7] = [
        &new.filename,
        &new.mime,
        &size,
        &digest,
        &new.uploaded_by,
        &clock::now_iso(),
        &new.content,
    ];
    conn.execute(
        "INSERT INTO files (filename, mime, size, sha256, uploaded_by, uploaded_at, content)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        columns,
    )
    .map_err(|error| FILES.explain(error))?;
    Ok(conn.last_insert_rowid())
}

fn stored(value: &Value) -> Option<Sql> {
    Some(match value {
        Value::Null => Sql::Null,
        Value::Bool(value) => Sql::Integer(i64::from(*value)),
        Value::Int(value) => Sql::Integer(*value),
        Value::Float(value) => value_of_number(*value),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Rows(_) | Value::Json(_) => {
            return None;
        }
    })
}

/// Lua has one kind of number: 3.0 is the id 3.
fn value_of_number(number: f64) -> Sql {
    Value::Float(number)
        .as_i64()
        .map_or(Sql::Real(number), Sql::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::Fixture;
    use crate::tenant::TenantId;

    const ALL: [&Resource; 4] = [&RISKS, &MODELS, &PROJECTS, &FILES];

    fn values<const N: usize>(pairs: [(&str, Value); N]) -> Map {
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn in_tenant<T>(work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        Fixture::new()
            .storage
            .tenant_write(&TenantId::of_organization(1), |tx| work(tx))
    }

    #[test]
    fn every_column_that_is_named_exists() {
        in_tenant(|conn| {
            for resource in ALL {
                conn.prepare(&resource.select())?;
                let stamps = resource.made.iter().chain(resource.changed);
                let derived = resource.stamped.iter().map(|(_, column)| column);
                for column in stamps.chain(derived) {
                    conn.prepare(&format!("SELECT {column} FROM {}", resource.table))?;
                }
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_row_is_made_changed_and_read_back() {
        in_tenant(|conn| {
            let new = values([
                ("provider", "Mistral".into()),
                ("model", "Small".into()),
                ("version", "3".into()),
                ("securityAssessment", Value::Bool(true)),
            ]);
            let id = MODELS.create(conn, &new)?;
            MODELS.update(
                conn,
                id,
                &values([("model", "Large".into()), ("status", "Approved".into())]),
            )?;
            let row = MODELS.with_id(conn, id)?.unwrap();
            assert_eq!(row["model"], "Large".into());
            assert_eq!(row["securityAssessment"], Value::Bool(true));
            let both: String =
                conn.query_row("SELECT provider_model FROM model_inventory", [], |row| {
                    row.get(0)
                })?;
            assert_eq!(both, "Mistral Large");
            let page = Page {
                limit: 10,
                offset: 0,
            };
            assert_eq!(MODELS.list(conn, page)?, [row]);
            assert!(MODELS.list(conn, Page { offset: 1, ..page })?.is_empty());
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn what_a_table_does_not_take_is_the_callers_mistake() {
        in_tenant(|conn| {
            let name = ("riskName", Value::from("Bias"));
            for (wrong, said) in [
                (
                    values([name.clone(), ("riskCategory", "Weather".into())]),
                    "risk_category",
                ),
                (
                    values([name.clone(), ("id", Value::Int(7))]),
                    "'id' is no field",
                ),
                (
                    values([name.clone(), ("risk_name); --", "x".into())]),
                    "is no field",
                ),
                (
                    values([name.clone(), ("impact", Value::List(Vec::new()))]),
                    "impact must be",
                ),
                (values([name, ("projectId", Value::Int(99))]), "FOREIGN KEY"),
                (values([]), "NOT NULL"),
            ] {
                let error = RISKS.create(conn, &wrong).unwrap_err();
                assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
                assert!(error.to_string().contains(said), "{error}");
            }
            assert!(
                RISKS
                    .update(conn, 1, &values([("impact", "x".into())]))
                    .is_err()
            );
            assert!(RISKS.update(conn, 1, &values([])).is_err());
            assert!(
                FILES
                    .create(conn, &values([("filename", "x".into())]))
                    .is_err()
            );
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_file_keeps_its_bytes_and_a_large_one_is_not_read() {
        in_tenant(|conn| {
            let new = NewFile {
                filename: "a.bin",
                mime: "application/octet-stream",
                content: &[0, 1, 255],
                uploaded_by: 7,
            };
            let id = create_file(conn, &new)?;
            assert_eq!(file_content(conn, id, 3)?, Some(vec![0, 1, 255]));
            assert!(file_content(conn, id, 2).is_err());
            assert_eq!(file_content(conn, id + 1, 2)?, None);
            assert!(!FILES.with_id(conn, id)?.unwrap().contains_key("content"));
            Ok(())
        })
        .unwrap();
    }
}
