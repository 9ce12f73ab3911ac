//! The machine's own look-ups of names, bounded and shared out.
//!
//! The system's look-up cannot be cancelled: its thread stays until the system ends it, long after who asked was
//! told that the time is up. So it is counted until then, on the plugin and the tenant that began it, and a
//! name that is being looked up is not asked for a second time. Knows nothing of what an address is good for.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::asker::{self, Asker};
use super::resolver::{Lookup, LookupError};

/// Look-ups at one time.
const MOST: usize = 64;
/// Of plugins; a quarter is left for what the operator has set up, such as the marketplace.
const MOST_OF_PLUGINS: usize = MOST / 4 * 3;
/// Of one tenant, and of one plugin.
const SHARE: usize = MOST / 4;

type Answer = Result<Vec<IpAddr>, LookupError>;
type System = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

pub(super) struct Lookups {
    system: Arc<System>,
    running: Arc<Mutex<HashMap<String, Arc<Running>>>>,
}

/// A look-up at work, and all who wait for it.
struct Running {
    /// Who began it.
    asker: Option<Asker>,
    answer: Mutex<Option<Answer>>,
    answered: Condvar,
}

/// The thread's hold on its look-up: however the thread ends, its place is free and those who wait are told.
struct Ending {
    name: String,
    running: Arc<Running>,
    all: Arc<Mutex<HashMap<String, Arc<Running>>>>,
}

impl Default for Lookups {
    /// `/etc/hosts`, name servers, whatever the machine is set up with.
    fn default() -> Self {
        Self::asking(|name| {
            let found = (name, 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

impl Lookups {
    fn asking(system: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self {
            system: Arc::new(system),
            running: Arc::default(),
        }
    }

    /// The look-up of a name that is at work already, or a new one.
    fn join_or_begin(&self, name: &str) -> Result<Arc<Running>, LookupError> {
        let asker = asker::current();
        let mut all = self.running.lock();
        if let Some(running) = all.get(name) {
            return Ok(Arc::clone(running));
        }
        if !may_begin(&all, asker.as_ref()) {
            return Err(LookupError::Busy);
        }
        let running = Arc::new(Running {
            asker,
            answer: Mutex::new(None),
            answered: Condvar::new(),
        });
        all.insert(name.to_owned(), Arc::clone(&running));
        drop(all);
        let ending = Ending {
            name: name.to_owned(),
            running: Arc::clone(&running),
            all: Arc::clone(&self.running),
        };
        let system = Arc::clone(&self.system);
        std::thread::Builder::new()
            .name("name-lookup".to_owned())
            .spawn(move || {
                let answer = answer_of(system(&ending.name));
                *ending.running.answer.lock() = Some(answer);
            })
            .map_err(|_| LookupError::Busy)?;
        Ok(running)
    }
}

/// A plugin that one tenant keeps waiting is there for the others too, as in the slow lane: who has none of its
/// look-ups may go beyond its share, up to twice of it.
fn may_begin(all: &HashMap<String, Arc<Running>>, asker: Option<&Asker>) -> bool {
    let Some(asker) = asker else {
        return all.len() < MOST;
    };
    let of_plugins = || all.values().filter_map(|running| running.asker.as_ref());
    let of_tenant = of_plugins().filter(|other| other.tenant == asker.tenant);
    if of_plugins().count() >= MOST_OF_PLUGINS || of_tenant.count() >= SHARE {
        return false;
    }
    let of_plugin = of_plugins()
        .filter(|other| other.plugin == asker.plugin)
        .count();
    let has_one = of_plugins().any(|other| other == asker);
    of_plugin < SHARE || (of_plugin < 2 * SHARE && !has_one)
}

fn answer_of(found: io::Result<Vec<IpAddr>>) -> Answer {
    match found {
        Ok(addresses) if addresses.is_empty() => {
            Err(LookupError::NotFound("it has no address".to_owned()))
        }
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(LookupError::NotFound(reason(&error))),
    }
}

/// The system words this as "failed to lookup address information: Name or service not known".
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.rsplit(": ").next().unwrap_or(&text).to_owned()
}

impl Running {
    fn wait(&self, patience: Duration) -> Answer {
        let end = Instant::now() + patience;
        let mut answer = self.answer.lock();
        while answer.is_none() {
            if self.answered.wait_until(&mut answer, end).timed_out() {
                break;
            }
        }
        answer.clone().unwrap_or(Err(LookupError::TimedOut))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // First of all: nobody is to join what has ended.
        self.all.lock().remove(&self.name);
        let failed = || Err(LookupError::NotFound("the look-up failed".to_owned()));
        self.running.answer.lock().get_or_insert_with(failed);
        self.running.answered.notify_all();
    }
}

impl Lookup for Lookups {
    fn lookup(
        &self,
        host: &str,
        port: u16,
        timeout: Duration,
    ) -> Result<Vec<SocketAddr>, LookupError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let addresses = self.join_or_begin(host)?.wait(timeout)?;
        Ok(addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.running.lock().len();
        f.debug_struct("Lookups").field("running", &names).finish()
    }
}

#[cfg(test)]
pub(super) mod tests;
