//! Arguments of host functions: what a parameter takes, and the check that each call passes before the
//! function sees any of them.

use super::HostFn;
use crate::value::Value;

pub struct Param {
    pub name: &'static str,
    pub kind: Kind,
    pub optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Text or bytes.
    Data,
    Int,
    Map,
    ListOrMap,
    Any,
    /// A function of the script; only for `Body::Scope`.
    Function,
}

/// An argument as a language hands it over.
pub enum Argument {
    Plain(Value),
    /// A function stays in its language.
    Function,
}

/// Arguments that have passed the gate: as many as the parameters, of their kinds.
pub struct Arguments(Vec<Value>);

/// Checks count and kinds against the parameters. Null stands for an absent optional argument.
pub(super) fn check(function: &HostFn, arguments: Vec<Argument>) -> Result<Arguments, String> {
    let given = arguments.len();
    if given > function.params.len() {
        return Err(format!(
            "{} takes {}, got {given} arguments",
            function.full_name(),
            function.signature()
        ));
    }
    let mut arguments = arguments.into_iter();
    let mut checked = Vec::with_capacity(function.params.len());
    for param in function.params {
        let argument = arguments.next().unwrap_or(Argument::Plain(Value::Null));
        let found = match argument {
            Argument::Function if param.kind == Kind::Function => {
                checked.push(Value::Null);
                continue;
            }
            Argument::Function => "a function",
            Argument::Plain(value) if param.accepts(&value) => {
                checked.push(value);
                continue;
            }
            Argument::Plain(value) => describe(&value),
        };
        return Err(format!(
            "{}: {} must be {}, got {found}",
            function.full_name(),
            param.name,
            param.kind.expected()
        ));
    }
    Ok(Arguments(checked))
}

impl Param {
    pub(super) const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            optional: false,
        }
    }

    pub(super) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            optional: true,
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        match (self.kind, value) {
            (Kind::Any, _)
            | (Kind::Text | Kind::Data, Value::Text(_))
            | (Kind::Data, Value::Bytes(_))
            | (Kind::Map | Kind::ListOrMap, Value::Map(_))
            | (Kind::ListOrMap, Value::List(_)) => true,
            (Kind::Int, value) if value.as_i64().is_some() => true,
            (_, Value::Null) => self.optional,
            _ => false,
        }
    }
}

impl Kind {
    fn expected(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Data => "text or bytes",
            Self::Int => "a whole number",
            Self::Map => "a map",
            Self::ListOrMap => "a list or a map",
            Self::Any => "a value",
            Self::Function => "a function",
        }
    }
}

/// The gate has proven kinds; what is absent reads as empty.
impl Arguments {
    pub(super) fn value(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }

    pub(super) fn take(&mut self, index: usize) -> Value {
        self.0
            .get_mut(index)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    pub(super) fn text(&self, index: usize) -> &str {
        self.value(index).as_str().unwrap_or_default()
    }

    pub(super) fn take_text(&mut self, index: usize) -> String {
        match self.take(index) {
            Value::Text(text) => text,
            _ => String::new(),
        }
    }

    pub(super) fn data(&self, index: usize) -> &[u8] {
        match self.value(index) {
            Value::Bytes(bytes) => bytes,
            value => value.as_str().unwrap_or_default().as_bytes(),
        }
    }

    pub(super) fn int(&self, index: usize) -> i64 {
        self.value(index).as_i64().unwrap_or_default()
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::List(_) | Value::Rows(_) => "a list",
        Value::Json(_) => "JSON text",
        Value::Map(_) => "a map",
    }
}
