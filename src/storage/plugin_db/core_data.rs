//! The host's own statements on behalf of a plugin that was granted core data. What they say is the
//! caller's; here they get the plugin's transaction where one is open, and a short one where not.

use rusqlite::Connection;

use super::session::{Access, Session};
use super::{PluginDb, require_installed};
use crate::error::Result;
use crate::tenant::TenantId;

impl PluginDb {
    /// Reads, and leaves a hook's transaction unopened: what is read first may still go over a network.
    pub fn core_read<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.check_not_ended()?;
        if let Some(session) = &mut self.session {
            let result = session.read_as_host(work);
            self.note_end();
            return result;
        }
        let mut session = Session::open(&self.storage, &self.scope, Access::Read, self.deadline)?;
        let result = session.read_as_host(work)?;
        session.commit(&self.scope)?;
        Ok(result)
    }

    /// Writes with what the plugin itself writes, or at once.
    pub fn core_write<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.in_lifecycle || self.session.is_some() {
            return self.host(work);
        }
        let mut session = Session::open(&self.storage, &self.scope, Access::Write, self.deadline)?;
        require_installed(&session, self.installation)?;
        let result = session.as_host(&self.scope, work)?;
        session.commit(&self.scope)?;
        Ok(result)
    }

    /// Reads the control database: who belongs to the tenant stands there.
    pub fn control_read<T>(
        &self,
        work: impl FnOnce(&Connection, &TenantId) -> Result<T>,
    ) -> Result<T> {
        self.storage.control(|conn| work(conn, &self.scope.tenant))
    }
}
