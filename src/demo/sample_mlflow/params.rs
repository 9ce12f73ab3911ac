//! A request's parameters, from the query of a GET or the JSON body of a POST.
//!
//! As MLflow does: a body that is no JSON object counts as an empty one, and a value of
//! a wrong type is told with the type that was sent.

use serde_json::{Map, Value as Json};

use super::reply::Failure;

pub(super) struct Params {
    values: Map<String, Json>,
    from_query: bool,
}

impl Params {
    pub(super) fn read(method: &str, query: &str, body: &[u8]) -> Self {
        if method == "GET" {
            return Self {
                values: read_query(query),
                from_query: true,
            };
        }
        let values = match serde_json::from_slice(body) {
            Ok(Json::Object(values)) => values,
            _ => Map::new(),
        };
        Self {
            values,
            from_query: false,
        }
    }

    pub(super) fn json(&self, field: &str) -> Option<&Json> {
        self.values.get(field).filter(|value| !value.is_null())
    }

    /// An optional text; an empty one counts as not given.
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>, Failure> {
        match self.json(field) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong_type(field, other)),
        }
    }

    pub(super) fn required(&self, field: &str) -> Result<&str, Failure> {
        self.text(field)?.ok_or_else(|| Failure::required(field))
    }

    pub(super) fn whole(&self, field: &str) -> Result<Option<i64>, Failure> {
        match self.json(field) {
            None => Ok(None),
            Some(Json::String(digits)) if self.from_query => digits
                .parse()
                .map(Some)
                .map_err(|_| wrong_type(field, &Json::String(digits.clone()))),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| wrong_type(field, value)),
        }
    }

    pub(super) fn flag(&self, field: &str) -> bool {
        matches!(self.json(field), Some(Json::Bool(true)))
    }

    /// A list of texts; from a query, one value may stand alone.
    pub(super) fn texts(&self, field: &str) -> Result<Vec<&str>, Failure> {
        match self.json(field) {
            None => Ok(Vec::new()),
            Some(Json::String(one)) if self.from_query => Ok(vec![one.as_str()]),
            Some(value @ Json::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or_else(|| wrong_type(field, value)))
                .collect(),
            Some(other) => Err(wrong_type(field, other)),
        }
    }

    /// `[{key, value}, …]`
    pub(super) fn pairs(&self, field: &str) -> Result<Vec<(String, String)>, Failure> {
        self.objects(field)?
            .into_iter()
            .map(|item| match (item.text("key")?, item.json("value")) {
                (Some(key), Some(Json::String(value))) => Ok((key.to_owned(), value.clone())),
                (Some(key), None) => Ok((key.to_owned(), String::new())),
                (None, _) => Err(Failure::required("key")),
                (_, Some(other)) => Err(wrong_type("value", other)),
            })
            .collect()
    }

    pub(super) fn objects(&self, field: &str) -> Result<Vec<Self>, Failure> {
        match self.json(field) {
            None => Ok(Vec::new()),
            Some(value @ Json::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Json::Object(values) => Ok(Self {
                        values: values.clone(),
                        from_query: false,
                    }),
                    _ => Err(wrong_type(field, value)),
                })
                .collect(),
            Some(other) => Err(wrong_type(field, other)),
        }
    }
}

fn read_query(query: &str) -> Map<String, Json> {
    let mut values = Map::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = Json::String(value.into_owned());
        match values.get_mut(key.as_ref()) {
            None => {
                values.insert(key.into_owned(), value);
            }
            Some(Json::Array(list)) => list.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    values
}

pub(super) fn wrong_type(field: &str, value: &Json) -> Failure {
    let kind = match value {
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "int",
        Json::String(_) => "str",
        Json::Array(_) => "list",
        Json::Object(_) => "dict",
    };
    Failure::Invalid(format!(
        "Invalid value {value} for parameter '{field}' supplied:  Hint: Value was of type '{kind}'. See the API docs for more information about request parameters."
    ))
}
