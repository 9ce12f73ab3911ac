use std::sync::atomic::{AtomicUsize, Ordering};

use url::Url;

use super::*;
use crate::outbound::{Outbound, OutboundPolicy, OutboundRequest, asked_by};
use crate::plugin_key::PluginKey;
use crate::tenant::TenantId;

const AT_ONCE: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

/// Names below `evil.example` are answered when the test lets go, all others at once.
struct Names {
    lookups: Arc<Lookups>,
    asked: Arc<AtomicUsize>,
    held: Arc<(Mutex<bool>, Condvar)>,
}

impl Names {
    fn new() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let held = Arc::new((Mutex::new(true), Condvar::new()));
        let (count, gate) = (Arc::clone(&asked), Arc::clone(&held));
        let lookups = Lookups::asking(move |name| {
            count.fetch_add(1, Ordering::SeqCst);
            if name.ends_with("evil.example") {
                let mut held = gate.0.lock();
                gate.1.wait_while(&mut held, |held| *held);
            }
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        });
        Self {
            lookups: Arc::new(lookups),
            asked,
            held,
        }
    }

    fn let_go(&self) {
        *self.held.0.lock() = false;
        self.held.1.notify_all();
    }

    fn ask(&self, name: &str, timeout: Duration) -> Result<Vec<SocketAddr>, LookupError> {
        self.lookups.lookup(name, 80, timeout)
    }

    /// How many of so many names that never answer are looked up at all.
    fn waste(&self, asker: &Asker, first: usize) -> usize {
        let begun = (first..first + 80).filter(|number| {
            let name = format!("a{number}.evil.example");
            let answer = asked_by(asker.clone(), || self.ask(&name, AT_ONCE));
            match answer {
                Err(LookupError::TimedOut) => true,
                Err(LookupError::Busy) => false,
                other => panic!("{name}: {other:?}"),
            }
        });
        begun.count()
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Finds nothing, and keeps on whose account it was asked.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Vec<Option<Asker>>>);

impl Ledger {
    pub fn take(&self) -> Vec<Option<Asker>> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Lookup for Ledger {
    fn lookup(&self, _: &str, _: u16, _: Duration) -> Result<Vec<SocketAddr>, LookupError> {
        self.0.lock().push(asker::current());
        Err(LookupError::NotFound("it is a test".to_owned()))
    }
}

fn asker(tenant: i64, plugin: &str) -> Asker {
    Asker {
        tenant: TenantId::of_organization(tenant),
        plugin: PluginKey::parse(plugin).unwrap(),
    }
}

#[test]
fn names_that_never_answer_cost_their_plugin_its_share_and_nobody_else_anything() {
    let names = Names::new();
    assert_eq!(names.waste(&asker(1, "bad"), 0), SHARE);
    // Neither another plugin of the tenant has more than the tenant's share, nor the plugin elsewhere more than one.
    assert_eq!(names.waste(&asker(1, "other"), 100), 0);
    assert_eq!(names.waste(&asker(2, "bad"), 200), 1);
    for asker in [asker(2, "other"), asker(3, "bad")] {
        let found = asked_by(asker, || names.ask("good.example", LONG));
        assert_eq!(found.unwrap()[0].to_string(), "127.0.0.1:80");
    }
    assert!(names.ask("good.example", LONG).is_ok());
}

#[test]
fn all_plugins_together_leave_look_ups_for_the_operator() {
    let names = Names::new();
    let wasted: usize = (1..10)
        .map(|tenant| {
            let plugin = format!("bad-{tenant}");
            names.waste(
                &asker(tenant, &plugin),
                100 * usize::try_from(tenant).unwrap(),
            )
        })
        .sum();
    assert_eq!(wasted, MOST_OF_PLUGINS);
    assert!(names.ask("marketplace.example", LONG).is_ok());
    let own: Vec<_> = (0..MOST)
        .map(|number| names.ask(&format!("own{number}.evil.example"), AT_ONCE))
        .filter(|answer| *answer == Err(LookupError::TimedOut))
        .collect();
    assert_eq!(own.len(), MOST - MOST_OF_PLUGINS);
}

#[test]
fn a_name_is_looked_up_once_for_all_who_wait_for_it() {
    let names = Names::new();
    let name = "slow.evil.example";
    assert_eq!(names.ask(name, AT_ONCE), Err(LookupError::TimedOut));
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..20)
            .map(|tenant| {
                let names = &names;
                scope.spawn(move || asked_by(asker(tenant, "p"), || names.ask(name, LONG)))
            })
            .collect();
        names.let_go();
        for answer in waiting {
            assert!(answer.join().unwrap().is_ok());
        }
    });
    assert!(names.lookups.running.lock().is_empty());
    // What has ended is asked for again: nothing is remembered.
    let before = names.asked.load(Ordering::SeqCst);
    assert!(names.ask(name, LONG).is_ok());
    assert_eq!(names.asked.load(Ordering::SeqCst), before + 1);
}

#[test]
fn a_look_up_that_panics_frees_its_place() {
    let lookups = Lookups::asking(|_| panic!("on purpose"));
    for _ in 0..2 * MOST {
        let answer = lookups.lookup("a.example", 80, LONG);
        assert_eq!(
            answer,
            Err(LookupError::NotFound("the look-up failed".to_owned()))
        );
    }
}

#[test]
fn the_client_looks_up_on_account_of_whoever_asked_for_the_request() {
    let names = Names::new();
    let lookup = Arc::clone(&names.lookups) as Arc<dyn Lookup>;
    let outbound = Outbound::with_lookup(OutboundPolicy::default(), lookup);
    let request = |name: &str| OutboundRequest {
        method: "GET".to_owned(),
        url: Url::parse(&format!("http://{name}/")).unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: Duration::from_millis(20),
        verify_tls: true,
        max_body: 1_000,
    };
    let bad = asker(1, "bad");
    for number in 0..SHARE + 4 {
        let request = request(&format!("a{number}.evil.example"));
        assert!(asked_by(bad.clone(), || outbound.request(&request, &|_| Ok(()))).is_err());
    }
    let running = names.lookups.running.lock().len();
    assert_eq!(running, SHARE);
    assert!(
        names
            .lookups
            .running
            .lock()
            .values()
            .all(|running| running.asker.as_ref() == Some(&bad))
    );
}
