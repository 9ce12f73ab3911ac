//! Rotating the secret key: all that is sealed is sealed anew under a new key, then the old one is forgotten.
//!
//! Both keys lie in the key file until the end, and every sealed value names its key. So nothing is
//! unreadable at any moment, the work can be cut off anywhere, and whoever begins again does what is left.

use std::fmt;

use crate::config::SecretKeyPlace;
use crate::configuration::Owner;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::organization;
use crate::plugin_secret::Outdated;
use crate::secret::{KeyFile, SecretBox};
use crate::session::{self, Rotation};
use crate::storage::Storage;
use crate::tenant::TenantId;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    pub tenants: u64,
    /// Configurations whose secrets were sealed anew.
    pub configurations: u64,
    pub signing_keys: usize,
    /// An earlier rotation had been cut off, and this one ended it.
    pub resumed: bool,
}

/// Whose secrets could not be sealed anew, and why.
struct Failure {
    tenant: TenantId,
    error: Error,
}

/// Rotates to the end. `progress` is told after each tenant how many are done.
/// As long as one tenant's secrets cannot be read the old key stays, because it may open them yet.
pub fn rotate(
    storage: &Storage,
    place: &SecretKeyPlace,
    sessions: Rotation,
    progress: &mut dyn FnMut(u64),
) -> Result<Rotated> {
    let file = KeyFile::existing(place)?;
    let resumed = file.read()?.len() > 1;
    if !resumed {
        let keys = file.with_new_key()?;
        prove(storage, &file, &SecretBox::with_keys(&keys)?)?;
        file.replace(&keys)?;
    }
    let secrets = SecretBox::open(place)?;
    let mut rotated = Rotated {
        resumed,
        signing_keys: session::rotate(storage, &secrets, sessions)?,
        ..Rotated::default()
    };
    let mut failures = Vec::new();
    for one in organization::all(storage) {
        let tenant = one?.tenant_id;
        match reseal(storage, &secrets, &tenant) {
            Ok(configurations) => rotated.configurations += configurations,
            Err(error) => failures.push(Failure { tenant, error }),
        }
        rotated.tenants += 1;
        progress(rotated.tenants);
    }
    if !failures.is_empty() {
        return Err(unfinished(&failures));
    }
    file.retire_old_keys()?;
    Ok(rotated)
}

/// Refuses the key file of another data folder before anything is written: where something is sealed, the old
/// key must open some of it.
fn prove(storage: &Storage, file: &KeyFile, secrets: &SecretBox) -> Result<()> {
    let mut failed = None;
    let mut is_proven = |opens: Result<bool>| {
        opens.unwrap_or_else(|error| {
            failed = Some(error);
            false
        })
    };
    if is_proven(session::opens(storage, secrets)) {
        return Ok(());
    }
    for one in organization::all(storage) {
        if is_proven(opens(storage, secrets, &one?.tenant_id)) {
            return Ok(());
        }
    }
    match failed {
        None => Ok(()),
        Some(error) => Err(Error::Conflict(format!(
            "the key in {} opens nothing of this data folder, and nothing was changed: {error}; name the key file that \
             belongs to it with --secret-key-file",
            file.path().display()
        ))),
    }
}

/// Whether a secret of the tenant opens with an older key; an error where there are some and none does.
fn opens(storage: &Storage, secrets: &SecretBox, tenant: &TenantId) -> Result<bool> {
    // A file that cannot be read says nothing about the key. The rotation tells of it.
    let Ok(rows) = storage.tenant(tenant, Installation::list) else {
        return Ok(false);
    };
    let mut failed = Ok(false);
    for row in &rows {
        match owner(tenant, row).reseal(secrets, &row.configuration) {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => {}
            Err(error) => failed = Err(error),
        }
    }
    match storage.tenant(tenant, |conn| Outdated::all(conn, secrets, tenant)) {
        Ok(kept) if kept.is_empty() => failed,
        Ok(_) => Ok(true),
        Err(error) => Err(error),
    }
}

fn owner<'a>(tenant: &'a TenantId, row: &'a Installation) -> Owner<'a> {
    Owner {
        tenant,
        plugin: &row.plugin_key,
        schema: None,
    }
}

/// One transaction for one tenant, and none where nothing is left to do.
fn reseal(storage: &Storage, secrets: &SecretBox, tenant: &TenantId) -> Result<u64> {
    let renewed = |row: &Installation| owner(tenant, row).reseal(secrets, &row.configuration);
    let rows = storage.tenant(tenant, Installation::list)?;
    let kept = storage.tenant(tenant, |conn| Outdated::all(conn, secrets, tenant))?;
    let mut waiting = !kept.is_empty();
    for row in &rows {
        waiting |= renewed(row)?.is_some();
    }
    if !waiting {
        return Ok(0);
    }
    storage.tenant_write(tenant, |tx| {
        let mut changed = 0;
        for row in Installation::list(tx)? {
            if let Some(configuration) = renewed(&row)? {
                Installation::replace_sealed(tx, row.id, &configuration)?;
                changed += 1;
            }
        }
        for kept in Outdated::all(tx, secrets, tenant)? {
            kept.write(tx)?;
        }
        Ok(changed)
    })
}

/// Names the first few.
fn unfinished(failures: &[Failure]) -> Error {
    const NAMED: usize = 5;
    let named: Vec<String> = failures
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    Error::Conflict(format!(
        "the old key stays in the key file, because secrets could not be sealed anew in {} of the tenants: {}; \
         restore those files, or enter the secrets again in the server, and run this again",
        failures.len(),
        named.join("; ")
    ))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tenant, self.error)
    }
}
