//! Cases: a seed in one of its forms, within up to two wrappers. The same number always gives the same cases.

use super::corpus;
use super::seed::{Kind, Seed};
use super::wrap::{self, Takes, Wrapper};

#[derive(Clone, Debug)]
pub struct Case {
    pub seed: &'static Seed,
    form: &'static Form,
    /// The outermost first.
    wrappers: Vec<&'static Wrapper>,
}

/// How a seed becomes the body of a route.
#[derive(Debug)]
struct Form {
    name: &'static str,
    before: &'static str,
    after: &'static str,
    /// Whether the form turns good ends into errors: a route must return a table.
    may_refuse: bool,
}

const fn form(name: &'static str, before: &'static str, after: &'static str) -> Form {
    Form {
        name,
        before,
        after,
        may_refuse: false,
    }
}

const PLAIN: &[Form] = &[form("", "", "")];
const SQL: &[Form] = &[
    form("query", "return ctx.db.query([==[", "]==])"),
    form("execute", "return ctx.db.execute([==[", "]==])"),
    form(
        "in a transaction",
        "local out ctx.db.transaction(function(tx) tx.execute(\"INSERT INTO OWN (note) VALUES ('t')\") out = tx.query([==[",
        "]==]) end) return out",
    ),
];
const URL: &[Form] = &[
    form(
        "request",
        "return ctx.http.request({ method = 'GET', timeoutMs = 2000, url = [==[",
        "]==] })",
    ),
    form(
        "checked request",
        "local url = [==[",
        "]==] local c = ctx.http.check({ url = url }) if not c.allowed then error(c.reason) end
        return ctx.http.request({ method = 'GET', timeoutMs = 2000, url = url })",
    ),
];
const RETURNS: &[Form] = &[
    form("as data", "", ""),
    Form {
        name: "as reply",
        before: "",
        after: "",
        may_refuse: true,
    },
];

fn forms(kind: Kind) -> &'static [Form] {
    match kind {
        Kind::Lua | Kind::Rhai | Kind::HostCall => PLAIN,
        Kind::Sql => SQL,
        Kind::Url => URL,
        Kind::LuaReturn | Kind::RhaiReturn => RETURNS,
    }
}

/// The first `count` cases: every seed as it is, then every seed in other forms and wrappers, then in two wrappers.
pub fn first(count: usize) -> Vec<Case> {
    let seeds: Vec<&'static Seed> = corpus::seeds().collect();
    let mut cases = Vec::with_capacity(count);
    let mut round = 0;
    while cases.len() < count {
        let before = cases.len();
        for (at, seed) in seeds.iter().enumerate() {
            if cases.len() < count {
                cases.extend(Case::of_round(seed, at, round));
            }
        }
        if cases.len() == before {
            break;
        }
        round += 1;
    }
    cases
}

impl Case {
    /// The seed's case of that round; rounds are shifted by seed, so that each round has every wrapper.
    fn of_round(seed: &'static Seed, at: usize, round: usize) -> Option<Self> {
        let wrappers = wrap::of(seed.kind);
        let (forms, singles) = (forms(seed.kind), wrappers.len());
        let form = forms.get(round % forms.len())?;
        let pick = |number: usize| wrappers.get(number % singles);
        let wrappers = match round.checked_sub(1) {
            None => Vec::new(),
            Some(step) if step < singles => vec![pick(at + step)?],
            Some(step) if step < singles + singles * singles => {
                let pair = at + step - singles;
                vec![pick(pair)?, pick(pair / singles)?]
            }
            Some(_) => return None,
        };
        Some(Self {
            seed,
            form,
            wrappers,
        })
    }

    /// `lua: endless loop [pcall, closure]`
    pub fn name(&self) -> String {
        let how: Vec<&str> = std::iter::once(self.form.name)
            .chain(self.wrappers.iter().map(|wrapper| wrapper.name))
            .filter(|name| !name.is_empty())
            .collect();
        let name = format!("{}: {}", self.seed.kind.name(), self.seed.name);
        if how.is_empty() {
            name
        } else {
            format!("{name} [{}]", how.join(", "))
        }
    }

    /// The body of a function of `ctx` that does it.
    pub fn body(&self) -> String {
        let core = format!("{}{}{}", self.form.before, self.seed.code, self.form.after);
        self.wrappers
            .iter()
            .rev()
            .fold(core, |body, wrapper| wrapper.around(&body))
    }

    /// Whether what it returns is the whole reply, not its data.
    pub fn is_whole_reply(&self) -> bool {
        self.form.may_refuse
    }

    /// Whether an error that the script may catch comes to nothing here.
    pub fn catches(&self) -> bool {
        self.wrappers.iter().any(|wrapper| wrapper.catches())
    }

    /// Whether a yield of the seed ends within the case.
    pub fn takes_yields(&self) -> bool {
        self.wrappers.iter().any(|wrapper| wrapper.takes_yields())
    }

    /// Whether a length or a depth that Rhai bounds may be caught here: met in a list function, with a `try` around it.
    pub fn catches_bounds(&self) -> bool {
        let is_caught = |at: usize| self.wrappers.iter().take(at).any(|outer| outer.catches());
        let mut wrappers = self.wrappers.iter().enumerate();
        wrappers.any(|(at, wrapper)| wrapper.takes == Takes::Bounds && is_caught(at))
            || (self.seed.calls_a_list_function() && self.catches())
    }

    /// Whether its source is deeper than the seed's own, and may be deeper than a compiler takes.
    pub fn is_wrapped(&self) -> bool {
        !self.wrappers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ten_thousand_cases_are_ten_thousand_texts() {
        let cases = first(10_000);
        let texts: BTreeSet<(Kind, String, bool)> = cases
            .iter()
            .map(|case| (case.seed.kind, case.body(), case.is_whole_reply()))
            .collect();
        assert_eq!((cases.len(), texts.len()), (10_000, 10_000));
    }

    #[test]
    fn the_first_cases_are_the_seeds_and_the_next_hold_every_wrapper() {
        let seeds = corpus::seeds().count();
        assert!(first(seeds).iter().all(|case| case.wrappers.is_empty()));
        let used: BTreeSet<&str> = first(2 * seeds)
            .iter()
            .flat_map(|case| case.wrappers.iter().map(|wrapper| wrapper.name))
            .collect();
        for kind in Kind::ALL {
            assert!(
                wrap::of(kind)
                    .iter()
                    .all(|wrapper| used.contains(wrapper.name))
            );
        }
    }
}
