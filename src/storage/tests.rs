use std::time::Duration;

use super::*;
use crate::error::Error;

pub(crate) struct Fixture {
    pub storage: Arc<Storage>,
    pub data: Arc<DataDir>,
    _folder: tempfile::TempDir,
}

impl Fixture {
    /// Tenants of organizations 1 and 2, and waits short enough for a test.
    pub(crate) fn new() -> Self {
        Self::with(4)
    }

    pub(crate) fn with(tenant_slots: u32) -> Self {
        Self::with_options(&StorageOptions {
            tenant_slots,
            busy: Duration::from_millis(150),
            ..StorageOptions::default()
        })
    }

    pub(crate) fn with_options(options: &StorageOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = Arc::new(DataDir::open(folder.path()).unwrap());
        let storage = Arc::new(Storage::open(&data, options).unwrap());
        for organization in [1, 2] {
            storage
                .create_tenants(&[TenantId::of_organization(organization)])
                .unwrap();
        }
        Self {
            storage,
            data,
            _folder: folder,
        }
    }
}

fn tenant(organization: i64) -> TenantId {
    TenantId::of_organization(organization)
}

const PROJECT: &str = "INSERT INTO projects (project_title, last_updated, created_at)
    VALUES (?1, '2026-11-24T07:00:00.000Z', '2026-11-24T07:00:00.000Z')";

fn titles(storage: &Storage, organization: i64) -> Vec<String> {
    storage
        .tenant(&tenant(organization), |c| {
            let mut titles = c.prepare_cached("SELECT project_title FROM projects ORDER BY id")?;
            Ok(titles
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?)
        })
        .unwrap()
}

#[test]
fn a_tenant_is_made_once_and_keeps_its_rows() {
    let fixture = Fixture::new();
    fixture
        .storage
        .tenant_write(&tenant(1), |t| Ok(t.execute(PROJECT, ["a"])?))
        .unwrap();
    fixture.storage.create_tenants(&[tenant(1)]).unwrap();
    assert_eq!(titles(&fixture.storage, 1), ["a"]);
    assert_eq!(titles(&fixture.storage, 2), [""; 0]);
    let folder = fixture
        .data
        .tenant_database(&tenant(1))
        .parent()
        .unwrap()
        .to_owned();
    let left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("tmp")),
        "{left:?}"
    );
}

#[test]
fn an_unknown_tenant_is_not_found_and_leaves_no_file() {
    let fixture = Fixture::new();
    let stranger = tenant(99);
    let refusal = fixture.storage.tenant(&stranger, |_| Ok(())).unwrap_err();
    assert!(matches!(refusal, Error::NotFound(_)), "{refusal}");
    assert!(!fixture.data.tenant_database(&stranger).exists());
    // The slot is fit for others.
    assert_eq!(titles(&fixture.storage, 1), [""; 0]);
}

#[test]
fn a_statement_that_names_another_tenant_fails() {
    let fixture = Fixture::new();
    titles(&fixture.storage, 2);
    let sql = format!("SELECT * FROM {}.projects", tenant(2).quoted());
    assert!(
        fixture
            .storage
            .tenant(&tenant(1), |c| Ok(c.execute_batch(&sql)?))
            .is_err()
    );
    let databases = fixture.storage.tenant(&tenant(1), |c| {
        let mut names = c.prepare("SELECT name FROM pragma_database_list")?;
        Ok(names
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?)
    });
    assert_eq!(
        databases.unwrap(),
        ["main".to_owned(), tenant(1).as_str().to_owned()]
    );
}

#[test]
fn a_failed_write_leaves_nothing() {
    let fixture = Fixture::new();
    let refused: Result<()> = fixture.storage.tenant_write(&tenant(1), |t| {
        t.execute(PROJECT, ["a"])?;
        Err(Error::Conflict("no".to_owned()))
    });
    assert!(refused.is_err());
    assert_eq!(titles(&fixture.storage, 1), [""; 0]);
}

#[test]
fn main_refuses_writes_and_the_tenants_file_is_set_as_promised() {
    let fixture = Fixture::new();
    for _ in 0..2 {
        fixture
            .storage
            .tenant(&tenant(1), |c| {
                assert!(c.execute_batch("CREATE TABLE stray (a)").is_err());
                assert!(c.execute_batch("CREATE TABLE main.stray (a)").is_err());
                let schema = tenant(1);
                let value = |pragma| {
                    c.pragma_query_value(Some(schema.as_str()), pragma, |row| {
                        row.get::<_, rusqlite::types::Value>(0)
                    })
                };
                assert_eq!(value("journal_mode")?, "wal".to_owned().into());
                assert_eq!(value("synchronous")?, 2.into());
                assert_eq!(value("max_page_count")?, 262_144.into());
                assert_eq!(value("foreign_keys")?, 1.into());
                assert_eq!(value("trusted_schema")?, 0.into());
                assert!(c.execute("ATTACH ? AS second", [":memory:"]).is_err());
                Ok(())
            })
            .unwrap();
        // The second round is on a slot that was attached elsewhere in between.
        titles(&fixture.storage, 2);
    }
}

#[test]
fn a_tenant_gets_the_slot_that_is_already_attached_to_it() {
    let fixture = Fixture::with(2);
    titles(&fixture.storage, 1);
    // While one slot is out, the other tenant needs another.
    fixture
        .storage
        .tenant(&tenant(1), |_| Ok(titles(&fixture.storage, 2)))
        .unwrap();
    let before = fixture.storage.stats();
    for _ in 0..10 {
        titles(&fixture.storage, 1);
        titles(&fixture.storage, 2);
    }
    let after = fixture.storage.stats();
    assert_eq!((after.slots, after.in_use), (2, 0));
    assert_eq!(
        (after.hits - before.hits, after.misses - before.misses),
        (20, 0)
    );
}

#[test]
fn the_slot_idle_for_longest_is_attached_anew_when_all_are_taken() {
    let fixture = Fixture::with(2);
    for organization in 3..=10 {
        fixture
            .storage
            .create_tenants(&[tenant(organization)])
            .unwrap();
        fixture
            .storage
            .tenant_write(&tenant(organization), |t| {
                Ok(t.execute(PROJECT, [organization.to_string()])?)
            })
            .unwrap();
    }
    for organization in 3..=10 {
        assert_eq!(
            titles(&fixture.storage, organization),
            [organization.to_string()]
        );
    }
    assert!(fixture.storage.stats().slots <= 2);
}

#[test]
fn when_every_slot_is_in_use_the_next_is_told_busy() {
    let fixture = Fixture::with(1);
    let inner = fixture
        .storage
        .tenant(&tenant(1), |_| {
            Ok(fixture.storage.tenant(&tenant(2), |_| Ok(())))
        })
        .unwrap();
    assert!(matches!(inner, Err(Error::Busy { .. })), "{inner:?}");
    assert_eq!(fixture.storage.stats().in_use, 0);
}

#[test]
fn work_aside_needs_no_slot_and_drives_no_tenant_out_of_its_own() {
    let fixture = Fixture::with(1);
    let storage = &fixture.storage;
    titles(storage, 1);
    let before = storage.stats();
    let mut aside = storage.aside();
    storage
        .tenant(&tenant(1), |_| {
            aside.check(&tenant(2)).unwrap();
            aside.check(&tenant(1)).unwrap();
            assert!(aside.check(&tenant(99)).is_err());
            aside.check(&tenant(2))
        })
        .unwrap();
    titles(storage, 1);
    let after = storage.stats();
    assert_eq!((after.slots, after.misses), (1, before.misses));
}

#[test]
fn many_tenants_are_made_together_and_those_that_are_there_stay() {
    let fixture = Fixture::new();
    fixture
        .storage
        .tenant_write(&tenant(1), |t| Ok(t.execute(PROJECT, ["a"])?))
        .unwrap();
    let all: Vec<TenantId> = (1..=40).map(tenant).collect();
    fixture.storage.create_tenants(&all).unwrap();
    assert_eq!(titles(&fixture.storage, 1), ["a"]);
    let mut aside = fixture.storage.aside();
    for one in &all {
        assert_eq!(aside.check(one).unwrap(), Ownership::default());
        let left = fixture.data.tenant_database(one).with_extension("db.tmp");
        assert!(!left.exists());
    }
}

#[test]
fn a_second_writer_of_a_tenant_is_told_busy_and_of_another_tenant_is_not() {
    let fixture = Fixture::new();
    let storage = &fixture.storage;
    let (same, other) = storage
        .tenant_write(&tenant(1), |_| {
            Ok((
                storage.tenant_write(&tenant(1), |_| Ok(())),
                storage.tenant_write(&tenant(2), |_| Ok(())),
            ))
        })
        .unwrap();
    assert!(matches!(same, Err(Error::Busy { .. })));
    assert!(other.is_ok());
}

#[test]
fn parallel_writers_of_one_tenant_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = Arc::new(DataDir::open(folder.path()).unwrap());
    let storage = Storage::open(&data, &StorageOptions::default()).unwrap();
    storage.create_tenants(&[tenant(1)]).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let storage = &storage;
            scope.spawn(move || {
                for row in 0..10 {
                    storage
                        .tenant_write(&tenant(1), |t| {
                            Ok(t.execute(PROJECT, [format!("{writer}/{row}")])?)
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(titles(&storage, 1).len(), 40);
}

#[test]
fn a_foreign_or_newer_file_is_refused_and_the_slot_stays_fit() {
    let fixture = Fixture::with(1);
    let path = fixture.data.tenant_database(&tenant(3));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a)")
        .unwrap();
    let refusal = fixture
        .storage
        .tenant(&tenant(3), |_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("is not a tenant database of Souk"),
        "{refusal}"
    );

    fixture
        .storage
        .tenant(&tenant(2), |c| {
            Ok(c.pragma_update(Some(tenant(2).as_str()), "user_version", 999)?)
        })
        .unwrap();
    titles(&fixture.storage, 1);
    let refusal = fixture
        .storage
        .tenant(&tenant(2), |_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("newer Souk"), "{refusal}");
    assert_eq!(titles(&fixture.storage, 1), [""; 0]);
}

#[test]
fn an_old_file_is_migrated_when_it_is_first_attached() {
    let fixture = Fixture::new();
    let path = fixture.data.tenant_database(&tenant(3));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let old = Connection::open(&path).unwrap();
    old.pragma_update(
        None,
        "application_id",
        schema::Kind::Tenant.application_id(),
    )
    .unwrap();
    drop(old);
    assert_eq!(titles(&fixture.storage, 3), [""; 0]);
}

#[test]
fn storage_is_ready_and_a_new_tenant_is_whole() {
    let fixture = Fixture::new();
    fixture.storage.ready().unwrap();
    fixture.storage.disk().unwrap();
    assert_eq!(
        fixture.storage.aside().check(&tenant(1)).unwrap(),
        Ownership::default()
    );
    fixture
        .storage
        .tenant_write(&tenant(1), |t| {
            t.execute_batch(&format!("CREATE TABLE {}.stray (a)", tenant(1).quoted()))?;
            Ok(t.execute(
                "INSERT INTO plugin_objects VALUES (1, 'notes', 'table', 'gone')",
                [],
            )?)
        })
        .unwrap();
    let found = fixture.storage.aside().check(&tenant(1)).unwrap();
    assert_eq!(
        found,
        Ownership {
            orphans: vec!["stray".to_owned()],
            missing: vec!["notes: gone".to_owned()]
        }
    );
}
