//! How tenants' files come into being: copies of a template that is made once at start, written under a
//! temporary name and renamed when they are whole on disk. Knows nothing of connections in use.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::schema::Kind;
use super::settings;
use crate::data_dir::DataDir;
#[cfg(target_os = "linux")]
use crate::durable::sync_disk_of;
use crate::durable::sync_folder;
use crate::error::{Error, Result};
use crate::tenant::TenantId;

/// From so many files on, syncing the whole disk twice is quicker than each file and each folder.
const MANY: usize = 8;

pub struct TenantFiles {
    data: Arc<DataDir>,
    /// The bytes of an empty tenant: some 80 kB.
    template: Vec<u8>,
    /// Two requests may make the same tenant; the temporary name belongs to one at a time.
    making: Mutex<()>,
}

/// A file in the making.
struct Making {
    temporary: PathBuf,
    path: PathBuf,
    in_new_folder: bool,
}

impl TenantFiles {
    /// Makes the template anew, so that it is of this program's schema.
    pub fn open(data: Arc<DataDir>, busy: Duration) -> Result<Self> {
        let path = data.tenant_template();
        remove_database(&path)?;
        let connection = settings::open_file(&path, settings::OPEN_OR_CREATE, busy)?;
        // It is made anew at each start, so nothing waits for it to reach the disk.
        connection.pragma_update(None, "synchronous", "OFF")?;
        Kind::Tenant.create(&connection)?;
        // The last connection to close writes the WAL back: the file alone is then the database.
        connection
            .close()
            .map_err(|(_, error)| Error::from(error))?;
        Ok(Self {
            data,
            template: fs::read(&path)?,
            making: Mutex::new(()),
        })
    }

    /// Makes the files of those tenants that have none. When it returns all are on the disk; a crash
    /// before leaves each whole or absent.
    pub fn create(&self, tenants: &[TenantId]) -> Result<()> {
        let _alone = self.making.lock();
        let mut making = Vec::new();
        for tenant in tenants {
            let path = self.data.tenant_database(tenant);
            if !path.exists() {
                making.push(self.write(path)?);
            }
        }
        if making.len() < MANY {
            self.finish_each(&making)
        } else {
            self.finish_many(&making)
        }
    }

    fn write(&self, path: PathBuf) -> Result<Making> {
        let temporary = path.with_extension("db.tmp");
        let mut in_new_folder = false;
        let mut file = match File::create(&temporary) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(folder_of(&path)?)?;
                in_new_folder = true;
                File::create(&temporary)?
            }
            opened => opened?,
        };
        file.write_all(&self.template)?;
        Ok(Making {
            temporary,
            path,
            in_new_folder,
        })
    }

    fn finish_each(&self, making: &[Making]) -> Result<()> {
        if making.iter().any(|one| one.in_new_folder) {
            sync_folder(&self.data.tenants())?;
        }
        for one in making {
            File::open(&one.temporary)?.sync_all()?;
            fs::rename(&one.temporary, &one.path)?;
            sync_folder(folder_of(&one.path)?)?;
        }
        Ok(())
    }

    /// All contents first, then all names.
    #[cfg(target_os = "linux")]
    fn finish_many(&self, making: &[Making]) -> Result<()> {
        sync_disk_of(&self.data.tenants())?;
        for one in making {
            fs::rename(&one.temporary, &one.path)?;
        }
        sync_disk_of(&self.data.tenants())
    }

    #[cfg(not(target_os = "linux"))]
    fn finish_many(&self, making: &[Making]) -> Result<()> {
        self.finish_each(making)
    }
}

fn folder_of(path: &Path) -> Result<&Path> {
    path.parent()
        .ok_or_else(|| Error::internal("tenant file", "it has no folder"))
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
