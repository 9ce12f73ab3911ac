//! How a tenant's file comes into being: copied from a template that is made once at start, under a
//! temporary name, and renamed when it is whole on disk. Knows nothing of connections in use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::schema::Kind;
use super::settings;
use crate::data_dir::DataDir;
use crate::durable::sync_folder;
use crate::error::{Error, Result};
use crate::tenant::TenantId;

pub struct TenantFiles {
    data: Arc<DataDir>,
    template: PathBuf,
    /// Two requests may make the same tenant; the temporary name belongs to one at a time.
    making: Mutex<()>,
}

impl TenantFiles {
    /// Makes the template anew, so that it is of this program's schema.
    pub fn open(data: Arc<DataDir>, busy: Duration) -> Result<Self> {
        let template = data.tenant_template();
        remove_database(&template)?;
        let connection = settings::open_file(&template, settings::OPEN_OR_CREATE, busy)?;
        Kind::Tenant.create(&connection)?;
        // The last connection to close writes the WAL back: the file alone is then the database.
        connection
            .close()
            .map_err(|(_, error)| Error::from(error))?;
        Ok(Self {
            data,
            template,
            making: Mutex::new(()),
        })
    }

    /// Makes the tenant's file unless it exists. A crash leaves the whole file or none.
    pub fn create(&self, tenant: &TenantId) -> Result<()> {
        let path = self.data.tenant_database(tenant);
        let _alone = self.making.lock();
        if path.exists() {
            return Ok(());
        }
        let Some(folder) = path.parent() else {
            return Err(Error::internal("tenant file", "it has no folder"));
        };
        fs::create_dir_all(folder)?;
        sync_folder(&self.data.tenants())?;
        let temporary = path.with_extension("db.tmp");
        fs::copy(&self.template, &temporary)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, &path)?;
        sync_folder(folder)
    }
}

fn remove_database(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
