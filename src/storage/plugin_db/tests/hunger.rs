//! Statements that want more memory than there is for one: they end by it, and nobody else notices.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Keeps `n` texts of 10,000 characters twice, then counts to `k` while it holds them.
const HOLD: &str = "WITH RECURSIVE
      c (n, t) AS MATERIALIZED (SELECT 1, :t UNION ALL SELECT n + 1, t FROM c WHERE n < :n),
      d (m) AS (SELECT 1 UNION ALL SELECT m + 1 FROM d WHERE m < :k)
    SELECT (SELECT count(*) FROM (SELECT DISTINCT n, t FROM c)) AS held, (SELECT count(*) FROM d) AS counted";

fn hold(db: &mut PluginDb, n: i64, k: i64) -> Result<Rows, DbError> {
    let params = [
        ("t", Value::Text("x".repeat(10_000))),
        ("n", Value::Int(n)),
        ("k", Value::Int(k)),
    ];
    let params = Params::Named(
        params
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    );
    db.query(HOLD, &params, LIMITS)
}

fn is_hungry<T>(result: &Result<T, DbError>) -> bool {
    matches!(
        result,
        Err(DbError::Limit {
            which: error::MEMORY,
            ..
        })
    )
}

/// The most that passes.
const PASSES: i64 = 1_000;

#[test]
fn what_one_statement_takes_ends_at_its_own_budget() {
    let (_fixture, mut db) = two_plugins();
    assert!(hold(&mut db, PASSES, 10).is_ok());
    let refused = hold(&mut db, 2 * PASSES, 10);
    assert!(is_hungry(&refused), "{refused:?}");
    // Without a loop there is no moment at which a handler could look.
    let wide: Vec<_> = (0..400).map(|_| "replace(?1, 'x', 'y')").collect();
    let wide = format!("SELECT {}", wide.join(", "));
    let long = Params::List(vec![Value::Text("x".repeat(900_000))]);
    let refused = db.query(&wide, &long, LIMITS);
    assert!(is_hungry(&refused), "{refused:?}");
    let sorted =
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000000)
        SELECT i FROM c ORDER BY i * 7919 % 5000011";
    let refused = db.query(sorted, &Params::None, LIMITS);
    assert!(is_hungry(&refused), "{refused:?}");
    assert_eq!(count(&mut db, "notes"), 2);
}

#[test]
fn hungry_statements_of_one_tenant_starve_neither_the_host_nor_another() {
    let fixture = Fixture::with(8);
    let hungry = TenantId::of_organization(1);
    let other = TenantId::of_organization(2);
    let open = |tenant: &TenantId| {
        let key = PluginKey::parse("notes").unwrap();
        PluginDb::new(Arc::clone(&fixture.storage), tenant.clone(), key)
    };
    open(&other)
        .execute("CREATE TABLE notes (id INTEGER)", &Params::None)
        .unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let held: Vec<_> = [
            (PASSES, 300_000),
            (PASSES, 300_000),
            (20_000, 10),
            (10_822, 300_000),
        ]
        .into_iter()
        .map(|(n, k)| {
            let mut db = open(&hungry);
            let stop = &stop;
            scope.spawn(move || {
                let mut ended = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    ended.push(hold(&mut db, n, k));
                }
                ended
            })
        })
        .collect();
        let mut db = open(&other);
        let mut outcome = Ok(());
        for turn in 0..150 {
            let params = Params::List(vec![Value::Int(turn)]);
            let work = fixture
                .storage
                .tenant(&other, |host| {
                    Ok(host.query_row("SELECT count(*) FROM projects", [], |row| {
                        row.get::<_, i64>(0)
                    })?)
                })
                .map_err(DbError::from)
                .and_then(|_| db.execute("INSERT INTO notes VALUES (?)", &params))
                .and_then(|_| hold(&mut db, 20, 10));
            outcome = outcome.and(work.map(drop));
        }
        stop.store(true, Ordering::Relaxed);
        for (number, ended) in held
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .enumerate()
        {
            for end in ended {
                // Who asks for little enough gets it, whatever the others hold.
                assert!(
                    if number < 2 {
                        end.is_ok()
                    } else {
                        is_hungry(&end)
                    },
                    "{number}: {end:?}"
                );
            }
        }
        outcome.unwrap();
    });
}
