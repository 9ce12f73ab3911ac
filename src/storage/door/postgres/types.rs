//! PostgreSQL's types, as what SQLite keeps for them.

use sqlparser::ast::{CharacterLength, DataType, ExactNumberInfo, Expr, Value};

use super::unknown;

/// What SQLite keeps, and what a value must be besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Text,
    /// At most so many characters.
    ShortText(u64),
    Integer,
    /// An integer that counts by itself.
    Serial,
    Real,
    Numeric,
    Blob,
    Boolean,
    Json,
    Date,
    Time,
    Moment,
}

pub fn kept(data_type: &DataType) -> Result<Kept, String> {
    Ok(match data_type {
        DataType::Text | DataType::Uuid | DataType::String(_) => Kept::Text,
        DataType::Char(None) | DataType::Character(None) => Kept::ShortText(1),
        DataType::Varchar(length)
        | DataType::Char(length)
        | DataType::Character(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => match length {
            Some(CharacterLength::IntegerLength { length, .. }) => Kept::ShortText(*length),
            _ => Kept::Text,
        },
        DataType::SmallInt(_)
        | DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::Int2(_)
        | DataType::Int4(_)
        | DataType::Int8(_) => Kept::Integer,
        DataType::Real
        | DataType::Float(_)
        | DataType::Float4
        | DataType::Float8
        | DataType::Double(_)
        | DataType::DoublePrecision => Kept::Real,
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => Kept::Numeric,
        DataType::Bytea | DataType::Blob(_) => Kept::Blob,
        DataType::Bool | DataType::Boolean => Kept::Boolean,
        DataType::JSON | DataType::JSONB => Kept::Json,
        DataType::Date => Kept::Date,
        DataType::Time(..) => Kept::Time,
        DataType::Timestamp(..) | DataType::Datetime(_) => Kept::Moment,
        DataType::Array(_) => return Err(unknown("a type of lists", "use JSONB and json.encode")),
        DataType::Custom(name, _) => match name.to_string().to_ascii_lowercase().as_str() {
            "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" => Kept::Serial,
            "timestamptz" => Kept::Moment,
            "citext" => Kept::Text,
            other => return Err(no_such_type(other)),
        },
        other => return Err(no_such_type(&other.to_string())),
    })
}

fn no_such_type(name: &str) -> String {
    unknown(
        &format!("the type {name}"),
        "use TEXT, INTEGER, REAL, NUMERIC, BOOLEAN, JSONB, TIMESTAMP or BYTEA",
    )
}

impl Kept {
    pub fn data_type(self) -> DataType {
        match self {
            Self::Integer | Self::Serial | Self::Boolean => DataType::Integer(None),
            Self::Real => DataType::Real,
            Self::Numeric => DataType::Numeric(ExactNumberInfo::None),
            Self::Blob => DataType::Blob(None),
            Self::Text
            | Self::ShortText(_)
            | Self::Json
            | Self::Date
            | Self::Time
            | Self::Moment => DataType::Text,
        }
    }

    /// What SQLite would not refuse by itself. `column` is the name as it is written.
    pub fn check(self, column: &str) -> Option<String> {
        match self {
            Self::ShortText(most) => Some(format!("length({column}) <= {most}")),
            Self::Boolean => Some(format!("{column} IN (0, 1)")),
            Self::Json => Some(format!("json_valid({column})")),
            _ => None,
        }
    }
}

/// `'…'::type` is the text itself where the type keeps text; anything else is converted.
pub fn cast(expr: &Expr, data_type: &DataType) -> Result<String, String> {
    let kept = kept(data_type)?;
    if let Expr::Value(value) = expr
        && let Value::SingleQuotedString(text) = &value.value
    {
        match kept {
            Kept::Text | Kept::Date | Kept::Time | Kept::Moment => return Ok(expr.to_string()),
            Kept::Json => {
                let plain = text.replace("''", "'");
                serde_json::from_str::<serde::de::IgnoredAny>(&plain)
                    .map_err(|error| format!("{expr} is not JSON: {error}"))?;
                return Ok(expr.to_string());
            }
            Kept::Boolean => return boolean(text).map(str::to_owned),
            _ => {}
        }
    }
    Ok(match kept {
        Kept::Text => format!("CAST({expr} AS TEXT)"),
        Kept::ShortText(most) => format!("substr(CAST({expr} AS TEXT), 1, {most})"),
        Kept::Integer | Kept::Serial | Kept::Boolean => format!("CAST({expr} AS INTEGER)"),
        Kept::Real => format!("CAST({expr} AS REAL)"),
        Kept::Numeric => format!("CAST({expr} AS NUMERIC)"),
        Kept::Blob => format!("CAST({expr} AS BLOB)"),
        Kept::Json => format!("json({expr})"),
        Kept::Date => format!("date({expr})"),
        Kept::Time => format!("time({expr})"),
        Kept::Moment => format!("strftime('%Y-%m-%dT%H:%M:%fZ', {expr})"),
    })
}

fn boolean(text: &str) -> Result<&'static str, String> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Ok("TRUE"),
        "f" | "false" | "n" | "no" | "off" | "0" => Ok("FALSE"),
        _ => Err(format!("'{text}' is neither true nor false")),
    }
}
