//! One round over all tenants: each file is opened, which migrates an old one, and held against its
//! catalogue. A file that fails is marked and the round goes on.
//!
//! The round has a connection of its own and rests three times as long as it works, so it uses a
//! quarter of one core and of the disk at most, and less the busier they are.

use std::time::{Duration, Instant};

use super::Stop;
use crate::app::App;
use crate::error::Result;
use crate::metrics::TenantCheck;
use crate::organization;
use crate::storage::Aside;
use crate::tenant::TenantId;

const REST_PER_WORK: u32 = 3;
/// A file that took long for its size makes the others wait no longer than this.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Checks every tenant, or as many as it gets to before it is told to stop.
pub fn check_tenants(app: &App, stop: &Stop) -> Result<()> {
    let started = Instant::now();
    let before = app.storage.stats().migrated;
    let count = app.storage.control(organization::count)?;
    app.tenant_health
        .begin_round(u64::try_from(count).unwrap_or(0));
    let mut aside = app.storage.aside();
    let mut orphans = 0;
    for one in organization::all(&app.storage) {
        let begun = Instant::now();
        orphans += check(app, &mut aside, &one?.tenant_id);
        if stop.told_within((begun.elapsed() * REST_PER_WORK).min(LONGEST_REST)) {
            return Ok(());
        }
    }
    app.metrics.orphans_found(orphans);
    let progress = app.tenant_health.progress();
    tracing::info!(
        tenants = progress.checked,
        migrated = app.storage.stats().migrated - before,
        degraded = progress.degraded,
        seconds = started.elapsed().as_secs(),
        "all tenants were checked"
    );
    Ok(())
}

/// The number of orphans. None is ever there unless there is a bug; none is removed, as it may hold data.
fn check(app: &App, aside: &mut Aside, tenant: &TenantId) -> usize {
    let (result, orphans) = match aside.check(tenant) {
        Ok(found) => {
            for name in &found.orphans {
                tracing::error!(%tenant, name, "a table or index of a tenant belongs to no plugin");
            }
            for name in &found.missing {
                tracing::error!(%tenant, name, "a table or index that a plugin owns is not there");
            }
            let whole = found.orphans.is_empty() && found.missing.is_empty();
            let result = if whole {
                TenantCheck::Whole
            } else {
                TenantCheck::Faulty
            };
            (result, found.orphans.len())
        }
        Err(error) => {
            tracing::error!(%tenant, %error, "a tenant could not be checked");
            (TenantCheck::Failed, 0)
        }
    };
    app.metrics.tenant_checked(result);
    app.tenant_health
        .checked(tenant, result == TenantCheck::Whole);
    orphans
}
