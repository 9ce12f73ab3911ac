//! The corpus: one file of data for each kind of hostile thing.
//!
//! In a seed, `CANARY_FILE` stands for the path of the canary file and `CANARY_NAME` for its name, `CANARY_PORT` for the
//! port of the canary socket, `OWN` for a table of the plugin itself, `OTHER` for one of another plugin, and
//! `TENANT` for the name of another tenant.

mod addresses;
pub mod compile;
mod host_calls;
mod lua;
mod returns;
mod rhai;
mod sql;

use super::seed::{Kind, Seed, Wall};

/// Every seed, in the order of the tables.
pub fn seeds() -> impl Iterator<Item = &'static Seed> {
    [
        lua::SEEDS,
        rhai::SEEDS,
        sql::SEEDS,
        host_calls::SEEDS,
        addresses::SEEDS,
        returns::SEEDS,
    ]
    .into_iter()
    .flatten()
}

const fn seed(kind: Kind, name: &'static str, code: &'static str, walls: &'static [Wall]) -> Seed {
    Seed {
        name,
        kind,
        code,
        walls,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_corpus_has_as_many_distinct_seeds_as_it_promises() {
        let distinct = |kinds: &[Kind]| {
            seeds()
                .filter(|seed| kinds.contains(&seed.kind))
                .map(Seed::normalised)
                .collect::<BTreeSet<_>>()
                .len()
        };
        assert!(distinct(&[Kind::Lua]) >= 35);
        assert!(distinct(&[Kind::Rhai]) >= 50);
        assert!(distinct(&[Kind::Sql, Kind::HostCall]) >= 40);
        assert!(distinct(&[Kind::LuaReturn, Kind::RhaiReturn]) >= 25);
        let all = distinct(&Kind::ALL);
        assert!(all >= 150);
        assert_eq!(all, seeds().count(), "two seeds are the same text");
        println!("{all} distinct seeds");
        for kind in Kind::ALL {
            println!("{}: {}", kind.name(), distinct(&[kind]));
        }
    }

    #[test]
    fn every_seed_has_a_name_of_its_own_and_a_wall() {
        let mut names = BTreeSet::new();
        for seed in seeds() {
            assert!(!seed.walls.is_empty(), "{}", seed.name);
            assert!(names.insert((seed.kind, seed.name)), "{} twice", seed.name);
        }
    }
}
