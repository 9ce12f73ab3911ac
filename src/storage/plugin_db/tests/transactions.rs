use super::*;
use crate::error::Error;

#[test]
fn parameters_and_rows_keep_their_kinds() {
    let (_fixture, mut db) = two_plugins();
    let values = vec![
        Value::Null,
        Value::Bool(true),
        Value::Int(-7),
        Value::Float(1.5),
        Value::from("ü"),
        Value::Bytes(vec![0, 255]),
    ];
    let rows = db
        .query(
            "SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f",
            &Params::List(values),
            LIMITS,
        )
        .unwrap();
    let expected = Value::map([
        ("a", Value::Null),
        ("b", Value::Int(1)),
        ("c", Value::Int(-7)),
        ("d", Value::Float(1.5)),
        ("e", Value::from("ü")),
        ("f", Value::Bytes(vec![0, 255])),
    ]);
    assert_eq!(Value::Map(first(&rows)), expected);
    let Value::Map(named) = Value::map([("id", Value::Int(2)), ("unused", Value::Null)]) else {
        unreachable!()
    };
    let rows = db
        .query(
            "SELECT name FROM notes WHERE id = :id",
            &Params::Named(named),
            LIMITS,
        )
        .unwrap();
    assert_eq!(first(&rows)["name"], Value::from("b"));
}

#[test]
fn parameters_that_do_not_fit_are_refused_by_name() {
    let (_fixture, mut db) = two_plugins();
    let named = |pairs| match Value::map::<1>(pairs) {
        Value::Map(map) => Params::Named(map),
        _ => unreachable!(),
    };
    for (sql, params, text) in [
        ("SELECT ?", Params::None, "has 1 parameters, but 0 values"),
        (
            "SELECT 1",
            Params::List(vec![Value::Null]),
            "has 0 parameters, but 1 values",
        ),
        (
            "SELECT :a, :b",
            named([("a", Value::Null)]),
            "the parameter :b has no value",
        ),
        ("SELECT ?", named([("a", Value::Null)]), "write :name for ?"),
        (
            "SELECT ?",
            Params::List(vec![Value::List(vec![])]),
            "encode it with json.encode",
        ),
    ] {
        let message = db.query(sql, &params, LIMITS).unwrap_err().to_string();
        assert!(message.contains(text), "{sql}: {message}");
    }
}

#[test]
fn each_call_is_for_its_kind_of_statement() {
    let (_fixture, mut db) = two_plugins();
    for (message, text) in [
        (
            db.execute("SELECT 1", &Params::None).unwrap_err(),
            "use db.query",
        ),
        (
            db.execute("DELETE FROM tags RETURNING id", &Params::None)
                .unwrap_err(),
            "use db.query for RETURNING",
        ),
        (
            db.query("DELETE FROM tags", &Params::None, LIMITS)
                .unwrap_err(),
            "use db.execute",
        ),
    ] {
        assert!(message.to_string().contains(text), "{message}");
    }
    assert_eq!(count(&mut db, "tags"), 1);
}

#[test]
fn a_new_column_must_fit_the_rows_that_are_there() {
    let (_fixture, mut db) = two_plugins();
    let error = db
        .execute(
            "ALTER TABLE tags ADD COLUMN n INTEGER DEFAULT 0 CHECK (n > 0)",
            &Params::None,
        )
        .unwrap_err();
    assert!(
        error.to_string().contains("CHECK constraint failed"),
        "{error}"
    );
    db.execute(
        "ALTER TABLE tags ADD COLUMN n INTEGER DEFAULT 1 CHECK (n > 0)",
        &Params::None,
    )
    .unwrap();
}

#[test]
fn inserted_ids_are_those_of_this_statement() {
    let (fixture, mut db) = two_plugins();
    let insert = "INSERT INTO notes (name) VALUES (?)";
    let done = db
        .execute(insert, &Params::List(vec![Value::from("c")]))
        .unwrap();
    assert_eq!(
        done,
        Executed {
            changes: 1,
            last_insert_id: 3
        }
    );
    let upsert =
        "INSERT INTO notes (name) VALUES ('a') ON CONFLICT (name) DO UPDATE SET body = 'x'";
    assert_eq!(
        db.execute(upsert, &Params::None).unwrap(),
        Executed {
            changes: 1,
            last_insert_id: 0
        }
    );
    let changed = db
        .execute("UPDATE notes SET body = 'y'", &Params::None)
        .unwrap();
    assert_eq!(
        changed,
        Executed {
            changes: 3,
            last_insert_id: 0
        }
    );
    assert_eq!(
        fixture.storage.aside().check(&tenant()).unwrap(),
        crate::storage::Ownership::default()
    );
}

#[test]
fn a_transaction_is_kept_whole_or_not_at_all() {
    let (_fixture, mut db) = two_plugins();
    let insert = |db: &mut PluginDb, name: &str| {
        db.execute(
            "INSERT INTO notes (name) VALUES (?)",
            &Params::List(vec![Value::from(name)]),
        )
    };
    assert!(!db.in_transaction());
    db.begin().unwrap();
    assert!(db.in_transaction());
    insert(&mut db, "c").unwrap();
    // A failed statement undoes itself alone.
    assert!(insert(&mut db, "a").is_err());
    insert(&mut db, "d").unwrap();
    assert!(matches!(db.begin(), Err(DbError::Mistake { .. })));
    db.commit().unwrap();
    assert_eq!(count(&mut db, "notes"), 4);
    db.begin().unwrap();
    insert(&mut db, "e").unwrap();
    db.execute("CREATE TABLE gone (a)", &Params::None).unwrap();
    db.rollback().unwrap();
    assert_eq!(count(&mut db, "notes"), 4);
    assert!(
        db.query("SELECT * FROM gone", &Params::None, LIMITS)
            .is_err()
    );
    assert!(matches!(db.commit(), Err(DbError::Mistake { .. })));
}

#[test]
fn a_plugin_holds_no_connection_between_statements() {
    let (fixture, mut db) = two_plugins();
    count(&mut db, "notes");
    assert_eq!(fixture.storage.stats().in_use, 0);
    db.begin().unwrap();
    assert_eq!(fixture.storage.stats().in_use, 1);
    drop(db);
    assert_eq!(fixture.storage.stats().in_use, 0);
}

#[test]
fn a_transaction_that_sqlite_ended_is_noticed_and_nothing_follows() {
    let (fixture, mut db) = two_plugins();
    db.enter_lifecycle();
    db.execute("INSERT INTO notes (name) VALUES ('c')", &Params::None)
        .unwrap();
    // As if a way around the walls had been found.
    let stolen: Result<()> = db.host(|connection| Ok(connection.execute_batch("ROLLBACK")?));
    stolen.unwrap();
    assert!(matches!(
        db.execute("INSERT INTO notes (name) VALUES ('d')", &Params::None),
        Err(DbError::TransactionEnded)
    ));
    assert!(db.host(|_| Ok(())).is_err());
    assert!(db.commit_lifecycle().is_err());
    assert_eq!(count(&mut plugin(&fixture, "notes"), "notes"), 2);
}

#[test]
fn a_deadline_stops_an_endless_statement_and_the_next_one_runs() {
    let (_fixture, mut db) = two_plugins();
    let started = Instant::now();
    db.set_deadline(Some(started + Duration::from_millis(100)));
    let endless =
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c";
    let stopped = db.query(endless, &Params::None, LIMITS);
    assert!(
        matches!(stopped, Err(DbError::Limit { which: "time", .. })),
        "{stopped:?}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    db.set_deadline(None);
    assert_eq!(count(&mut db, "notes"), 2);
}

#[test]
fn a_write_that_is_stopped_takes_its_transaction_along() {
    let (_fixture, mut db) = two_plugins();
    db.begin().unwrap();
    db.execute("INSERT INTO notes (name) VALUES ('c')", &Params::None)
        .unwrap();
    db.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
    let endless = "INSERT INTO tags (note) WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT 1 FROM c";
    assert!(matches!(
        db.execute(endless, &Params::None),
        Err(DbError::Limit { which: "time", .. })
    ));
    db.set_deadline(None);
    assert!(db.commit().is_err());
}

#[test]
fn rows_bytes_and_values_have_limits_that_are_named() {
    let (_fixture, mut db) = two_plugins();
    let numbers = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100) SELECT i, 'abcdefgh' AS t FROM c";
    let limited = |limits| RowLimits { ..limits };
    assert_eq!(
        db.query(
            numbers,
            &Params::None,
            limited(RowLimits {
                rows: 100,
                bytes: 10_000
            })
        )
        .unwrap()
        .len(),
        100
    );
    for (limits, which) in [
        (
            RowLimits {
                rows: 99,
                bytes: 10_000,
            },
            "rows",
        ),
        (
            RowLimits {
                rows: 100,
                bytes: 500,
            },
            "bytes",
        ),
    ] {
        match db.query(numbers, &Params::None, limits) {
            Err(DbError::Limit { which: named, .. }) => assert_eq!(named, which),
            other => panic!("{which}: {other:?}"),
        }
    }
    let big = Params::List(vec![Value::Text("x".repeat(1_000_001))]);
    assert!(matches!(
        db.query("SELECT ?", &big, LIMITS),
        Err(DbError::Limit { which: "value", .. })
    ));
    let growing = "SELECT replace(hex(replace(?, 'a', 'bbbbbbbbbb')), '6', 'cccccccccc')";
    let answer = db.query(
        growing,
        &Params::List(vec![Value::Text("a".repeat(90_000))]),
        LIMITS,
    );
    assert!(answer.is_err(), "{answer:?}");
}

#[test]
fn a_second_writer_is_told_busy_with_a_time_to_come_back() {
    let (fixture, mut db) = two_plugins();
    db.begin().unwrap();
    let mut second = plugin(&fixture, "other");
    match second.execute("DELETE FROM theirs", &Params::None) {
        Err(busy @ DbError::Busy { .. }) => {
            assert!(matches!(Error::from(busy), Error::Busy { .. }));
        }
        other => panic!("{other:?}"),
    }
    // Readers are not held up.
    assert_eq!(count(&mut second, "theirs"), 1);
    db.rollback().unwrap();
    second.execute("DELETE FROM theirs", &Params::None).unwrap();
}

#[test]
fn statements_that_swell_or_nest_without_end_are_refused_soon() {
    let (_fixture, mut db) = two_plugins();
    let deep = |open: &str, core: &str, close: &str| {
        let times = 4_000;
        format!("{}{core}{}", open.repeat(times), close.repeat(times))
    };
    let mut doubling = "WITH a0 AS (SELECT 1 AS x)".to_owned();
    for i in 1..40 {
        doubling += &format!(", a{i} AS (SELECT l.x FROM a{0} l, a{0} r)", i - 1);
    }
    for sql in [
        format!("{doubling} SELECT count(*) FROM a39"),
        deep("SELECT * FROM (", "SELECT 1", ")"),
        deep("SELECT (", "SELECT 1", ")"),
        format!("SELECT {}", deep("(", "1", ")")),
        format!("SELECT {}1", "NOT ".repeat(15_000)),
        format!("SELECT {}1", "1 + ".repeat(9_000)),
        format!("SELECT * FROM {}", deep("(", "notes", ")")),
        format!("SELECT 1 FROM {}", deep("(notes JOIN ", "notes", ")")),
        deep("WITH a AS (", "SELECT 1", ") SELECT * FROM a"),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(5_000)),
    ] {
        let started = Instant::now();
        let start: String = sql.chars().take(40).collect();
        assert!(db.query(&sql, &Params::None, LIMITS).is_err(), "{start}");
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{start}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn single_functions_on_the_longest_values_end_soon() {
    let (_fixture, mut db) = two_plugins();
    let long = "a".repeat(999_000);
    let like = "%a".repeat(98) + "%b";
    let glob = "*a".repeat(98) + "*b";
    let run = format!("%{}b", "a".repeat(197));
    let keys = |tag: &str| {
        let pairs: Vec<String> = (0..60_000).map(|i| format!("\"{tag}{i}\":1")).collect();
        format!("{{{}}}", pairs.join(","))
    };
    for (sql, params) in [
        ("SELECT ? LIKE ?", vec![&long, &like]),
        ("SELECT ? GLOB ?", vec![&long, &glob]),
        ("SELECT ? LIKE ?", vec![&long, &run]),
        ("SELECT unhex(?, ?)", vec![&long, &run]),
        (
            "SELECT unhex(?, ?)",
            vec![&long, &(".".repeat(998_999) + "a")],
        ),
        ("SELECT json_patch(?, ?)", vec![&keys("a"), &keys("b")]),
        (
            "SELECT json_extract(?, '$.a59999') || json_set(?, '$.b1', 2)",
            vec![&keys("a"), &keys("b")],
        ),
        ("SELECT count(*) FROM json_tree(?)", vec![&keys("a")]),
        ("SELECT upper(hex(?))", vec![&long]),
    ] {
        let started = Instant::now();
        let params = Params::List(
            params
                .into_iter()
                .map(|text| Value::from(text.as_str()))
                .collect(),
        );
        // Some give a result and some are too long; none may keep the process.
        let _ = db.query(sql, &params, LIMITS);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{sql}: {:?}",
            started.elapsed()
        );
    }
}
