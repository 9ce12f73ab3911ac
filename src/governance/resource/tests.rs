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
