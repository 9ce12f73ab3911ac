//! How often SQLite would have to write out the parts of a statement. A common table expression is
//! copied wherever its name stands, so forty of them that each name the one before twice are 2^40
//! copies, made while the statement is compiled, where no clock looks.

use std::collections::HashMap;

use sqlite3_parser::lexer::sql::TokenType::*;

use crate::storage::door::tokens::Token;

/// More than any statement that a person writes.
const MOST_COPIES: u64 = 2_000;

/// What stands in the parentheses behind `name AS`: how often each name.
type Bodies = HashMap<String, HashMap<String, u64>>;

pub fn check(tokens: &[Token<'_>]) -> Result<(), String> {
    if !tokens.iter().any(|token| token.is(TK_WITH)) {
        return Ok(());
    }
    let bodies = bodies(tokens);
    let mut known = HashMap::new();
    let total = bodies
        .keys()
        .map(|name| copies(name, &bodies, &mut known))
        .fold(0, u64::saturating_add);
    if total > MOST_COPIES {
        return Err(format!(
            "the common table expressions name each other so often that they stand for more than {MOST_COPIES} parts; make a table of the first ones"
        ));
    }
    Ok(())
}

fn bodies(tokens: &[Token<'_>]) -> Bodies {
    let mut bodies = Bodies::new();
    for (at, token) in tokens.iter().enumerate() {
        if !token.is(TK_AS) {
            continue;
        }
        let (Some(name), Some(open)) = (defined(tokens, at), opening(tokens, at)) else {
            continue;
        };
        // Of two with one name the names of both count.
        let body = bodies.entry(name).or_default();
        let mut depth = 0_usize;
        for token in tokens.iter().skip(open) {
            match token.kind {
                TK_LP => depth += 1,
                TK_RP => depth -= 1,
                _ => {
                    if let Some(name) = token.name() {
                        *body.entry(name.to_ascii_lowercase()).or_default() += 1;
                    }
                }
            }
            if depth == 0 {
                break;
            }
        }
    }
    bodies
}

/// The name before AS, or before the list of columns that stands there.
fn defined(tokens: &[Token<'_>], at: usize) -> Option<String> {
    let mut before = at.checked_sub(1)?;
    if tokens.get(before)?.is(TK_RP) {
        while !tokens.get(before)?.is(TK_LP) {
            before = before.checked_sub(1)?;
        }
        before = before.checked_sub(1)?;
    }
    Some(tokens.get(before)?.name()?.to_ascii_lowercase())
}

/// `AS (`, `AS MATERIALIZED (` or `AS NOT MATERIALIZED (`.
fn opening(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    (at + 1..at + 4)
        .take_while(|index| {
            index.checked_sub(1).is_some_and(|before| {
                tokens
                    .get(before)
                    .is_some_and(|token| matches!(token.kind, TK_AS | TK_NOT | TK_MATERIALIZED))
            })
        })
        .find(|index| tokens.get(*index).is_some_and(|token| token.is(TK_LP)))
}

/// A name that is being counted stands for one: so does a recursive one to SQLite.
fn copies(name: &str, bodies: &Bodies, known: &mut HashMap<String, u64>) -> u64 {
    if let Some(known) = known.get(name) {
        return *known;
    }
    let Some(body) = bodies.get(name) else {
        return 0;
    };
    known.insert(name.to_owned(), 1);
    let mut total = 1_u64;
    for (inner, times) in body {
        let each = copies(inner, bodies, known);
        total = total.saturating_add(each.saturating_mul(*times));
    }
    known.insert(name.to_owned(), total);
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::door::tokens::tokens;

    fn doubling(count: usize, backwards: bool) -> String {
        let mut parts: Vec<String> = (1..count)
            .map(|i| {
                format!(
                    "a{i} (x) AS NOT MATERIALIZED (SELECT l.x FROM a{0} l, A{0} r)",
                    i - 1
                )
            })
            .collect();
        parts.insert(0, "\"a0\" AS (SELECT 1 AS x)".to_owned());
        if backwards {
            parts.reverse();
        }
        format!(
            "WITH {} SELECT count(*) FROM a{}",
            parts.join(", "),
            count - 1
        )
    }

    fn passes(sql: &str) -> bool {
        check(&tokens(sql).unwrap()).is_ok()
    }

    #[test]
    fn what_grows_with_each_name_is_refused_in_any_order() {
        for backwards in [false, true] {
            assert!(passes(&doubling(8, backwards)));
            assert!(!passes(&doubling(40, backwards)));
        }
    }

    #[test]
    fn what_people_write_passes() {
        let chain: Vec<String> = (1..50)
            .map(|i| format!("a{i} AS (SELECT x FROM a{})", i - 1))
            .collect();
        for sql in [
            format!("WITH a0 AS (SELECT 1 AS x), {} SELECT x FROM a49", chain.join(", ")),
            "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5) SELECT i FROM c, c d".to_owned(),
            "SELECT sum(x) OVER w FROM t WINDOW w AS (ORDER BY x)".to_owned(),
            "WITH a AS (WITH b AS (SELECT 1 AS x) SELECT x FROM b, b) SELECT x AS a FROM a, a, a".to_owned(),
        ] {
            assert!(passes(&sql), "{sql}");
        }
    }
}
