//! Packages that no installation names any more: kept on disk by nothing but their age.

use std::collections::HashSet;

use super::Lifecycle;
use crate::error::Result;
use crate::installation::Installation;
use crate::organization;

impl Lifecycle {
    /// Removes the blobs of packages that no tenant has installed. One tenant that cannot be read
    /// stops it: what that tenant needs is not known.
    pub fn collect_packages(&self) -> Result<()> {
        let mut needed = HashSet::new();
        let mut aside = self.storage.aside();
        for one in organization::all(&self.storage) {
            let rows = aside.tenant(&one?.tenant_id, Installation::list)?;
            needed.extend(rows.into_iter().map(|row| row.package_digest));
        }
        let collected = self.packages.collect(&needed)?;
        if collected.blobs > 0 {
            tracing::info!(
                blobs = collected.blobs,
                bytes = collected.bytes,
                "removed packages that nobody uses"
            );
        }
        Ok(())
    }
}
