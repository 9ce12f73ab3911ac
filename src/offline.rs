//! The databases without a server: what the verbs of an operator work on.

use std::sync::Arc;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::Result;
use crate::storage::{Storage, StorageOptions};

pub struct Offline {
    pub storage: Storage,
    /// Held while the verb works, so that no server starts meanwhile.
    pub data: Arc<DataDir>,
}

impl Offline {
    pub fn open(config: &Config) -> Result<Self> {
        let data = Arc::new(DataDir::open(&config.data)?);
        let storage = Storage::open(&data, &StorageOptions::default())?;
        Ok(Self { storage, data })
    }
}
