//! Compile bombs: sources that are small and hard, each installed as a plugin of its own.

use std::time::{Duration, Instant};

use super::corpus::compile::{BOMBS, Bomb};
use super::instance::{As, Instance};
use super::judge::{Ended, Observation};
use super::plugins::Package;
use super::report::Line;
use super::run::id_of;
use super::seed::Kind;

/// The worst that a compile may take, where the program is built for service.
const MOST_TIME: Duration = Duration::from_millis(500);
/// Without the optimizer everything takes longer; then only an end is asked for.
const MOST_TIME_UNOPTIMIZED: Duration = Duration::from_secs(10);
const MOST_MEMORY: u64 = 64 << 20;

/// A machine with other work may make a compile late: it is late if it is so each time.
const LOOKS: usize = 5;

/// Every bomb as often as it may be looked at; each copy is another text, so that none is known already.
pub fn packages() -> Vec<Package> {
    let copies = BOMBS.iter().enumerate().flat_map(|(number, bomb)| {
        (0..LOOKS).map(move |look| package(bomb, &key(number, look), look))
    });
    copies.collect()
}

fn key(number: usize, look: usize) -> String {
    format!("bomb-{number}-{look}")
}

fn package(bomb: &Bomb, key: &str, look: usize) -> Package {
    let source = format!("{}{}", bomb.source(), "\n".repeat(look));
    let (entry_point, files) = match bomb.kind {
        Kind::Rhai => (
            "main.rhai",
            vec![("main.rhai", RHAI.to_owned()), ("bomb.rhai", source)],
        ),
        _ => (
            "main.lua",
            vec![("main.lua", LUA.to_owned()), ("bomb.lua", source)],
        ),
    };
    Package {
        key: key.to_owned(),
        entry_point,
        files,
        hosts: Vec::new(),
    }
}

/// Installs each bomb. Whether it compiles is all one; how long that takes, and in how much memory, is not.
pub fn run(instance: &Instance) -> Vec<Line> {
    BOMBS
        .iter()
        .enumerate()
        .map(|(number, bomb)| {
            let mut look = 0;
            loop {
                let seen = observe(instance, &key(number, look));
                let breaches = breaches(&seen);
                look += 1;
                if breaches.is_empty() || look == LOOKS {
                    let name = format!("{} source: {}", bomb.kind.name(), bomb.name);
                    return Line::new(name, "size of a source".to_owned(), &seen, breaches);
                }
            }
        })
        .collect()
}

fn observe(instance: &Instance, key: &str) -> Observation {
    instance.memory.forget_peak();
    let before = instance.memory.resident();
    let started = Instant::now();
    let answer = instance.install(As::Hostile, key);
    let took = started.elapsed();
    let peak = instance.memory.peak().zip(before);
    if let Ok((201, installed)) = &answer {
        // Or it would be kept compiled.
        let _ = instance.uninstall(As::Hostile, id_of(installed));
    }
    Observation {
        ended: match answer {
            Ok((201, _)) => Ended::Well,
            Ok((422, text)) => Ended::Refused(text),
            Ok((status, text)) => Ended::Broken(format!("{status} {text}")),
            Err(why) => Ended::Broken(why),
        },
        took,
        peak: peak.map(|(peak, before)| peak.saturating_sub(before)),
        harm: Vec::new(),
    }
}

fn breaches(seen: &Observation) -> Vec<String> {
    let mut breaches = Vec::new();
    if let Ended::Broken(what) = &seen.ended {
        breaches.push(format!("broken: {what}"));
    }
    let most = if cfg!(debug_assertions) {
        MOST_TIME_UNOPTIMIZED
    } else {
        MOST_TIME
    };
    if seen.took > most {
        breaches.push(format!(
            "took {} ms of at most {}",
            seen.took.as_millis(),
            most.as_millis()
        ));
    }
    if let Some(peak) = seen.peak.filter(|peak| *peak > MOST_MEMORY) {
        breaches.push(format!(
            "held {} MB of at most {}",
            peak >> 20,
            MOST_MEMORY >> 20
        ));
    }
    breaches
}

const LUA: &str = "return {
  metadata = { name = 'Bomb', version = '1.0.0', author = 'Souk', description = 'Bomb' },
  install = function() return { success = true } end,
  uninstall = function() return { success = true } end,
}
";

const RHAI: &str = "import \"bomb\" as bomb;
fn metadata() { #{ name: \"Bomb\", version: \"1.0.0\", author: \"Souk\", description: \"Bomb\" } }
fn install(userId, tenantId, config, context) { #{ success: true } }
fn uninstall(userId, tenantId, context) { #{ success: true } }
";
