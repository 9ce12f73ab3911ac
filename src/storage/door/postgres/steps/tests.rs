use std::time::{Duration, Instant};

use sqlparser::keywords::ALL_KEYWORDS;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::*;
use crate::storage::door::postgres::translate;

/// A text takes some milliseconds at most, even here, where two busy cores run it without
/// optimization. What doubles takes minutes at these depths, so the room for noise hides nothing.
const LONGEST: Duration = Duration::from_secs(2);
/// Near the parser's own limit, so that no text is spared by it.
const LEVELS: usize = 36;

/// What opens one level more of an expression, and what closes it. `W` stands for a word.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("W(", ")"),
    ("a.W(", ")"),
    ("W ", ""),
    ("(W ", ")"),
    ("W a.W(", ")"),
    ("W-", ""),
    ("a.W-", ""),
    ("W[", "]"),
    ("W(SELECT ", ")"),
    ("W(1, ", ")"),
    ("a.W(W(", "))"),
    ("W (a IN (", "))"),
    ("W '1' + ", ""),
    ("W x ", " END"),
    ("CAST(a AS W(", "))"),
    ("a::W(", ")"),
];

/// The same for what stands where no expression does: there no step is counted.
const REST: &[(&str, &str)] = &[
    (" FROM (", ")"),
    (" FROM ((", "))"),
    (" FROM (SELECT FROM (", "))"),
    (" FROM (SELECT FROM a, (", ") b)"),
    (" FROM LATERAL (SELECT FROM (", "))"),
    (" FROM a JOIN (", ")"),
    (" FROM (VALUES (1)) a JOIN (b JOIN (", "))"),
    (" UNION (", ")"),
    (" UNION ((SELECT a) UNION ", ")"),
    (" WHERE a IN ((", "))"),
    (" WHERE a IN (SELECT 1 WHERE a IN (", "))"),
    (" WHERE EXISTS ((", "))"),
    (", a::struct<b ", ">"),
    (", a::array<", ">"),
    (", a::b(", ")"),
    (" GROUP BY ROLLUP ((", "))"),
    (" OVER (PARTITION BY f() ", ")"),
    (" FROM TABLE(", ")"),
    (" FROM UNNEST(a.floor(", "))"),
];

fn nested(start: &str, (open, close): (&str, &str), levels: usize) -> String {
    format!("{start}{}a{}", open.repeat(levels), close.repeat(levels))
}

fn time(sql: &str) -> Duration {
    let start = Instant::now();
    let _ = translate(sql);
    start.elapsed()
}

#[test]
fn calls_after_a_dot_do_not_hold_a_worker() {
    let sql = nested("SELECT now(), ", ("a.floor(", ")"), LEVELS);
    assert!(time(&sql) < LONGEST);
    let refusal = translate(&sql).unwrap_err();
    assert!(refusal.contains("too many ways"), "{refusal}");
}

/// Every word that the grammar knows, so that none is special without being asked.
#[test]
fn no_word_doubles_whatever_stands_around_it() {
    for word in ALL_KEYWORDS.iter().chain(&["a"]) {
        for (open, close) in EXPRESSIONS {
            let open = open.replace('W', word);
            let sql = nested("SELECT now(), ", (&open, close), LEVELS);
            let took = time(&sql);
            assert!(took < LONGEST, "{took:?}: {sql}");
        }
    }
}

#[test]
fn no_clause_doubles_at_any_depth() {
    for start in ["SELECT now()", "WITH x AS (SELECT 1) SELECT now()"] {
        for level in REST {
            for levels in 1..=LEVELS {
                let sql = nested(start, *level, levels);
                let took = time(&sql);
                assert!(took < LONGEST, "{took:?}: {sql}");
            }
        }
    }
    for start in ["a", "a AS (SELECT FROM ", "a AS MATERIALIZED ("] {
        let sql = nested("", (&format!("WITH {start}"), ")"), LEVELS) + " SELECT now()";
        let took = time(&sql);
        assert!(took < LONGEST, "{took:?}: {sql}");
    }
}

/// The share of steps grows with the text, so the longest one that may be written is asked too.
#[test]
fn a_text_of_the_most_words_with_the_worst_in_it_ends() {
    let worst = nested("", ("a.floor(", ")"), 30);
    let sql = format!("SELECT now(), {}{worst}", "a, ".repeat(2_300));
    let took = time(&sql);
    assert!(took < LONGEST, "{took:?}");
    assert!(translate(&sql).unwrap_err().contains("too many ways"));
}

#[test]
fn honest_texts_keep_far_from_their_share() {
    for sql in [
        "SELECT 1",
        "SELECT coalesce(floor(max(trim(substring(upper(a) from 1 for 2)))), 0) FROM t",
        "SELECT position('a' in position('b' in position('c' in d))) FROM t",
        "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM b WHERE NOT (c AND NOT d)) THEN 1 ELSE 2 END",
        "SELECT * FROM (((a JOIN b ON a.x = b.x) JOIN c ON c.x = b.x) JOIN d ON d.x = c.x)",
        "SELECT a FROM t WHERE a IN ((1), (2), (SELECT max(x) FROM (SELECT x FROM u) v))",
        "SELECT interval, date, floor, position, \"case\" FROM t WHERE t.interval > ? AND t.date < ?",
    ] {
        let words = Tokenizer::new(&PostgreSqlDialect {}, sql)
            .tokenize()
            .unwrap();
        let words = words
            .iter()
            .filter(|word| !matches!(word, Token::Whitespace(_)))
            .count();
        let grammar = Counted::new(words);
        let parsed = Parser::new(&grammar).try_with_sql(sql).unwrap();
        let all = grammar.left.get();
        let told = Parser::parse_sql(&PostgreSqlDialect {}, sql);
        assert_eq!({ parsed }.parse_statements(), told, "{sql}");
        let taken = all - grammar.left.get();
        assert!(taken * 3 < all, "{sql}: {taken} of {all}");
    }
}
