//! Statements that were read before. Reading the same text for the same tenant gives the same
//! statement, whoever sends it: what is judged by owner comes later.

use std::sync::Arc;

use hashlink::LruCache;
use parking_lot::Mutex;

use super::Refusal;
use super::statement::Statement;
use crate::tenant::TenantId;

/// As many tenants and statements each as are asked for again soon; with texts of this length they
/// take 16 MB at most.
const TENANTS: usize = 64;
const STATEMENTS: usize = 64;
const LONGEST_TEXT: usize = 2_000;

type OfTenant = LruCache<Box<str>, Arc<Statement>>;

pub struct Known(Mutex<LruCache<TenantId, OfTenant>>);

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(TENANTS)))
    }
}

impl Known {
    pub fn read(&self, sql: &str, tenant: &TenantId) -> Result<Arc<Statement>, Refusal> {
        if let Some(statement) = self.0.lock().get_mut(tenant).and_then(|of| of.get(sql)) {
            return Ok(Arc::clone(statement));
        }
        let statement = Arc::new(Statement::parse(sql, tenant)?);
        if sql.len() <= LONGEST_TEXT {
            let mut known = self.0.lock();
            if !known.contains_key(tenant) {
                known.insert(tenant.clone(), LruCache::new(STATEMENTS));
            }
            if let Some(of) = known.get_mut(tenant) {
                of.insert(sql.into(), Arc::clone(&statement));
            }
        }
        Ok(statement)
    }
}
