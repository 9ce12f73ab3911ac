//! Installs and uninstalls a plugin, one tenant after the other, evenly over the time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::stage::{Stage, Tenant, send};

pub struct Cycles<'a> {
    stage: &'a Stage,
    plan: &'a Plan,
    done: AtomicU32,
    problems: Mutex<Vec<String>>,
}

impl<'a> Cycles<'a> {
    pub fn new(stage: &'a Stage, plan: &'a Plan) -> Self {
        Self {
            stage,
            plan,
            done: AtomicU32::new(0),
            problems: Mutex::new(Vec::new()),
        }
    }

    pub fn run(&self) {
        for (number, tenant) in (0..self.plan.cycles).zip(self.stage.tenants.iter().cycle()) {
            if !self.plan.wait_until(self.plan.cycle_due(number)) {
                return;
            }
            match cycle(tenant) {
                Ok(()) => {
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
                Err(problem) => {
                    if let Ok(mut problems) = self.problems.lock() {
                        problems.push(problem);
                    }
                }
            }
        }
    }

    pub fn done(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    pub fn problems(&self) -> Vec<String> {
        self.problems
            .lock()
            .map(|problems| problems.clone())
            .unwrap_or_default()
    }
}

fn cycle(tenant: &Tenant) -> Result<(), String> {
    let admin = &tenant.admin;
    let body = json!({ "pluginKey": tenant.cycled });
    let made = send(admin, "POST", "/api/plugins/install", &body, 201)?;
    let id = made.get("id").unwrap_or(&Value::Null);
    let path = format!("/api/plugins/installations/{id}");
    send(admin, "DELETE", &path, &Value::Null, 200)?;
    Ok(())
}
