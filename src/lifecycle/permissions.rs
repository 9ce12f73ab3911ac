//! What an installed plugin may do, as an Admin changes it: from the next call on.

use serde_json::Value as Json;

use super::{Lifecycle, shown};
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::marketplace::listing::Listing;
use crate::permission::Wishes;
use crate::session::Caller;

impl Lifecycle {
    /// Grants exactly the lines of these ids. One that the plugin cannot do without must be among them.
    pub fn set_permissions(&self, caller: &Caller, id: i64, ids: &[String]) -> Result<Json> {
        let find = || {
            self.storage
                .tenant(&caller.tenant, |conn| Installation::with_id(conn, id))
        };
        let key = find()?.plugin_key;
        let _operation = self.operations.begin(&caller.tenant, &key)?;
        let wishes = wishes_of(&self.listing_of(&find()?)?);
        let granted = wishes
            .only(ids)
            .map_err(|why| Error::invalid("granted", why))?;
        let row = self.storage.tenant_write(&caller.tenant, |conn| {
            Installation::set_granted(conn, id, &granted)
        })?;
        tracing::info!(plugin = %key, tenant = %caller.tenant, granted = granted.to_text(), "[PluginService] Changed the permissions of plugin: {key}");
        Ok(shown(&row, &wishes))
    }
}

/// A manifest whose permissions cannot be read asks for nothing that could be granted.
pub(super) fn wishes_of(listing: &Listing) -> Wishes {
    listing.permissions.clone().unwrap_or_default()
}
