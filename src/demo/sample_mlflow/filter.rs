//! The basics of MLflow's search language: `name LIKE 'a%' AND tags.team = 'risk'`, and `order_by`.
//!
//! It knows nothing of experiments or runs; they say through [`Fields`] what they have.

use std::cmp::Ordering;

use super::reply::Failure;

/// MLflow's own client asks for models that are no prompts; a model without the tag is none.
const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// A value that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Text(String),
    Number(f64),
}

/// Where a field stands: `name` and `attributes.name` are attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Attribute,
    Tag,
    Param,
    Metric,
}

pub(super) trait Fields {
    /// The attributes that a filter may name.
    const ATTRIBUTES: &'static [&'static str];
    fn field(&self, kind: Kind, key: &str) -> Option<Field>;
}

#[derive(Debug)]
struct Clause {
    kind: Kind,
    key: String,
    operator: String,
    value: Field,
}

/// Those of `items` that meet the filter, in their order.
pub(super) fn select<'a, T: Fields>(
    items: Vec<&'a T>,
    filter: Option<&str>,
) -> Result<Vec<&'a T>, Failure> {
    let clauses = match filter {
        None => return Ok(items),
        Some(text) => parse(text, T::ATTRIBUTES)?,
    };
    Ok(items
        .into_iter()
        .filter(|item| clauses.iter().all(|clause| clause.holds(*item)))
        .collect())
}

/// Sorts by `order_by` entries such as `metrics.auc DESC`, keeping the given order among equals.
pub(super) fn order<T: Fields>(items: &mut [&T], order_by: &[&str]) -> Result<(), Failure> {
    for entry in order_by.iter().rev() {
        let mut words = entry.split_whitespace();
        let name = words.next().unwrap_or_default();
        let (kind, key) = place(name, T::ATTRIBUTES)?;
        let falling = match words.next().map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC") => false,
            Some("DESC") => true,
            Some(_) => {
                return Err(Failure::Invalid(format!(
                    "Invalid order_by clause '{entry}'"
                )));
            }
        };
        items.sort_by(|a, b| {
            let order = compare(a.field(kind, &key).as_ref(), b.field(kind, &key).as_ref());
            if falling { order.reverse() } else { order }
        });
    }
    Ok(())
}

fn compare(a: Option<&Field>, b: Option<&Field>) -> Ordering {
    match (a, b) {
        (Some(Field::Number(a)), Some(Field::Number(b))) => a.total_cmp(b),
        (Some(Field::Text(a)), Some(Field::Text(b))) => a.cmp(b),
        (a, b) => a.is_some().cmp(&b.is_some()).reverse(),
    }
}

impl Clause {
    fn holds(&self, item: &impl Fields) -> bool {
        match (item.field(self.kind, &self.key), &self.value) {
            (None, value) => self.key == PROMPT_TAG && self.excludes_prompts(value),
            (Some(Field::Text(have)), Field::Text(want)) => match self.operator.as_str() {
                "=" => have == *want,
                "!=" => have != *want,
                "LIKE" => like(&have, want),
                "ILIKE" => like(&have.to_lowercase(), &want.to_lowercase()),
                _ => false,
            },
            (Some(Field::Number(have)), Field::Number(want)) => match self.operator.as_str() {
                "=" => have == *want,
                "!=" => have != *want,
                ">" => have > *want,
                ">=" => have >= *want,
                "<" => have < *want,
                "<=" => have <= *want,
                _ => false,
            },
            _ => false,
        }
    }

    /// Both `!= 'true'` and `= 'false'` are said.
    fn excludes_prompts(&self, value: &Field) -> bool {
        let text = |word: &str| *value == Field::Text(word.to_owned());
        (self.operator == "!=" && text("true")) || (self.operator == "=" && text("false"))
    }
}

/// SQL's LIKE, where `%` is any text and `_` any character.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // One row of the usual table: reached[i] says whether the pattern so far matches the first i characters.
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for wanted in pattern.chars() {
        let mut next = vec![false; reached.len()];
        let mut any_before = false;
        for (i, slot) in next.iter_mut().enumerate() {
            any_before |= reached.get(i).copied().unwrap_or(false);
            let step = i.checked_sub(1).is_some_and(|before| {
                let fits = wanted == '_' || text.get(before) == Some(&wanted);
                fits && reached.get(before).copied().unwrap_or(false)
            });
            *slot = if wanted == '%' { any_before } else { step };
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

fn parse(text: &str, attributes: &[&str]) -> Result<Vec<Clause>, Failure> {
    let bad = || Failure::Invalid(format!("Invalid clause(s) in filter string: '{text}'"));
    let tokens = tokens(text).ok_or_else(bad)?;
    let mut clauses = Vec::new();
    for part in
        tokens.split(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("and")))
    {
        let [Token::Word(name), Token::Word(operator), value] = part else {
            return Err(bad());
        };
        let operator = operator.to_ascii_uppercase();
        if !["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE"].contains(&operator.as_str()) {
            return Err(bad());
        }
        let (kind, key) = place(name, attributes)?;
        let value = match value {
            Token::Quoted(text) => Field::Text(text.clone()),
            Token::Word(word) => Field::Number(word.parse().map_err(|_| bad())?),
        };
        clauses.push(Clause {
            kind,
            key,
            operator,
            value,
        });
    }
    Ok(clauses)
}

fn place(name: &str, attributes: &[&str]) -> Result<(Kind, String), Failure> {
    let (kind, key) = match name.split_once('.') {
        Some(("tags" | "tag", key)) => (Kind::Tag, key),
        Some(("params" | "param" | "parameters", key)) => (Kind::Param, key),
        Some(("metrics" | "metric", key)) => (Kind::Metric, key),
        Some(("attributes" | "attribute" | "attr" | "run", key)) => (Kind::Attribute, key),
        _ => (Kind::Attribute, name),
    };
    let key = key.trim_matches(|quote| matches!(quote, '`' | '"'));
    if kind == Kind::Attribute && !attributes.contains(&key) {
        let valid: Vec<String> = attributes.iter().map(|name| format!("'{name}'")).collect();
        return Err(Failure::Invalid(format!(
            "Invalid attribute key '{key}' specified. Valid keys are '{{{}}}'",
            valid.join(", ")
        )));
    }
    Ok((kind, key.to_owned()))
}

#[derive(Debug)]
enum Token {
    Word(String),
    Quoted(String),
}

/// `None` when a quote stays open.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if matches!(first, '\'' | '"') {
            let inner = rest.get(1..)?;
            let (quoted, after) = inner.split_once(first)?;
            tokens.push(Token::Quoted(quoted.to_owned()));
            rest = after.trim_start();
            continue;
        }
        let length = if is_operator(first) {
            rest.find(|c| !is_operator(c)).unwrap_or(rest.len())
        } else {
            word_length(rest)?
        };
        let (word, after) = rest.split_at(length);
        tokens.push(Token::Word(word.to_owned()));
        rest = after.trim_start();
    }
    Some(tokens)
}

fn is_operator(character: char) -> bool {
    matches!(character, '=' | '!' | '<' | '>')
}

/// A word ends at a blank or an operator; within backquotes, as in tags.`a b`, it does not.
fn word_length(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '`' => quoted = !quoted,
            c if !quoted && (c.is_whitespace() || is_operator(c) || matches!(c, '\'' | '"')) => {
                return Some(at);
            }
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing;

    impl Fields for Thing {
        const ATTRIBUTES: &'static [&'static str] = &["name"];
        fn field(&self, kind: Kind, key: &str) -> Option<Field> {
            match (kind, key) {
                (Kind::Attribute, "name") => Some(Field::Text("Fraud-gnn".to_owned())),
                (Kind::Tag, "a b") => Some(Field::Text("x".to_owned())),
                (Kind::Metric, "auc") => Some(Field::Number(0.9)),
                _ => None,
            }
        }
    }

    #[test]
    fn clauses_select_what_they_describe() {
        for (filter, expected) in [
            ("name = 'Fraud-gnn'", true),
            ("name='Fraud-gnn'", true),
            ("attributes.name != \"x\"", true),
            ("name LIKE 'Fraud%'", true),
            ("name LIKE '%gnn'", true),
            ("name LIKE 'fraud%'", false),
            ("name ILIKE 'fraud_GNN'", true),
            ("name LIKE 'Fraud'", false),
            ("tags.`a b` = 'x'", true),
            ("metrics.auc > 0.8 AND name LIKE '%'", true),
            ("metrics.auc > 0.8 and metrics.auc <= 0.85", false),
            ("params.none = 'x'", false),
            ("tags.none != 'x'", false),
            ("tags.`mlflow.prompt.is_prompt` != 'true'", true),
            ("tag.`mlflow.prompt.is_prompt` = 'false'", true),
        ] {
            let kept = select(vec![&Thing], Some(filter)).unwrap().len() == 1;
            assert_eq!(kept, expected, "{filter}");
        }
    }

    #[test]
    fn what_is_no_clause_is_refused() {
        for filter in [
            "bogus",
            "name",
            "name = ",
            "name ~ 'x'",
            "name = 'x",
            "colour = 'red'",
            "name = 'x' AND",
            "= 'x'",
        ] {
            assert!(select(vec![&Thing], Some(filter)).is_err(), "{filter}");
        }
    }
}
