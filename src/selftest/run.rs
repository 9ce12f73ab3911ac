//! One run: cases go to two private instances, whose walls are the same but for the script's clock. What only the clock
//! stops goes where it is short; all else meets its own wall, with as much time as in service.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::canaries::Canaries;
use super::case::{self, Case};
use super::compile_bombs;
use super::instance::{Answer, As, Instance};
use super::judge::{self, Allowance, Ended, Observation};
use super::plugins::{self, HONEST, Hostile};
use super::report::{Line, Report};
use crate::error::{Error, Result};

/// Scripts that never end get this long where they are many.
const SHORT_CLOCK: Duration = Duration::from_millis(100);
/// A machine with other work may make a case late: it is late if it is so each time.
const LOOKS: usize = 5;
/// After this, memory must be back.
const SETTLE: Duration = Duration::from_secs(10);
const SETTLED_WITHIN: u64 = 64 << 20;
/// Honest calls before memory is first read, so that caches and threads are there.
const WARM_UP: usize = 20;

/// Runs the first `count` cases and the compile bombs.
pub fn run(count: usize, progress: &(impl Fn(&str) + Sync)) -> Result<Report> {
    let started = Instant::now();
    let folder = tempfile::Builder::new()
        .prefix("souk-selftest-")
        .tempdir()?;
    let (patient, hasty): (Vec<Case>, Vec<Case>) = case::first(count)
        .into_iter()
        .partition(|case| !case.seed.waits_for_the_clock());
    let seeds: BTreeSet<_> = patient
        .iter()
        .chain(&hasty)
        .map(|case| case.seed.normalised())
        .collect();
    let group = |name: &str, cases: Vec<Case>, clock: Option<Duration>, bombs: bool| {
        Group::start(folder.path(), name, cases, clock, bombs)?.run(bombs, progress)
    };
    let parts = std::thread::scope(|scope| {
        let first = scope.spawn(|| group("service", patient, None, true));
        let second = scope.spawn(|| group("short-clock", hasty, Some(SHORT_CLOCK), false));
        [first, second].map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Error::Internal("the selftest itself failed".to_owned())))
        })
    });
    let mut report = Report {
        seeds: seeds.len(),
        ..Report::default()
    };
    for part in parts {
        let part = part?;
        report.cases.extend(part.cases);
        report.breaches.extend(part.breaches);
        report.memory.extend(part.memory);
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// The cases of one instance.
struct Group {
    plugins: Vec<Hostile>,
    canaries: Canaries,
    instance: Instance,
    report: Report,
}

impl Group {
    fn start(
        folder: &Path,
        name: &str,
        cases: Vec<Case>,
        clock: Option<Duration>,
        bombs: bool,
    ) -> Result<Self> {
        let folder = folder.join(name);
        let marketplace = folder.join("marketplace");
        std::fs::create_dir_all(&marketplace)?;
        let canaries = Canaries::new(&folder)?;
        let plugins = plugins::part(name, cases);
        let mut packages = vec![plugins::honest()];
        packages.extend(plugins.iter().map(|plugin| plugin.package(&canaries)));
        if bombs {
            packages.extend(compile_bombs::packages());
        }
        plugins::write(&marketplace, &packages)?;
        let instance = Instance::start(
            &folder,
            "instance",
            &marketplace,
            clock,
            &canaries.in_environment,
        )?;
        Ok(Self {
            plugins,
            canaries,
            instance,
            report: Report::default(),
        })
    }

    fn run(mut self, bombs: bool, progress: &(impl Fn(&str) + Sync)) -> Result<Report> {
        self.make_honest(As::Hostile)?;
        self.make_honest(As::Other)?;
        for _ in 0..WARM_UP {
            let _ = self.harm("");
        }
        let before = self.instance.memory.resident();
        if bombs {
            let lines = compile_bombs::run(&self.instance);
            self.report.cases.extend(lines);
        }
        for plugin in std::mem::take(&mut self.plugins) {
            self.run_plugin(&plugin);
            progress(&format!("{}: {} cases", plugin.key, plugin.cases.len()));
            if !self.instance.is_alive() {
                self.report
                    .breaches
                    .push(format!("the process ended during {}", plugin.key));
                return Ok(self.report);
            }
        }
        self.judge_memory(before);
        Ok(self.report)
    }

    fn make_honest(&self, who: As) -> Result<()> {
        let token = match who {
            As::Hostile => &self.canaries.in_own_tenant,
            As::Other => &self.canaries.in_other_tenant,
        };
        let body = serde_json::json!({ "token": token });
        for answer in [
            self.instance.install(who, HONEST),
            self.instance
                .post(who, &format!("/api/plugins/{HONEST}/token"), &body),
        ] {
            match answer {
                Ok((200 | 201, _)) => {}
                other => {
                    return Err(Error::Internal(format!(
                        "the honest plugin does not work: {other:?}"
                    )));
                }
            }
        }
        Ok(())
    }

    fn run_plugin(&mut self, plugin: &Hostile) {
        let id = match self.instance.install(As::Hostile, &plugin.key) {
            Ok((201, installed)) => id_of(&installed),
            answer => {
                self.judge_not_installed(plugin, answer);
                return;
            }
        };
        let resume = format!("/api/plugins/installations/{id}/resume");
        for (number, case) in plugin.cases.iter().enumerate() {
            // Failing is what these plugins are for: none of them may be paused before its last case.
            let _ = self
                .instance
                .post(As::Hostile, &resume, &serde_json::json!({}));
            let line = self.run_case(case, &plugin.key, number);
            self.report.cases.push(line);
        }
        match self.instance.uninstall(As::Hostile, id) {
            Ok((200 | 204, _)) => {}
            other => self
                .report
                .breaches
                .push(format!("{} was not uninstalled: {other:?}", plugin.key)),
        }
    }

    /// Each of its cases has its line all the same: none is lost.
    fn judge_not_installed(&mut self, plugin: &Hostile, answer: Answer) {
        let text = answer.as_ref().map_or("", |(_, text)| text.as_str());
        let seen = Observation {
            harm: self.harm(text),
            ended: match answer {
                Ok((status, text)) if status != 422 => Ended::Broken(format!("{status} {text}")),
                answer => read(answer),
            },
            took: Duration::ZERO,
            peak: None,
        };
        for case in &plugin.cases {
            let breaches = judge::breaches_of_source(case, &seen, plugin.is_alone);
            let line = Line::new(case.name(), "depth of a source".to_owned(), &seen, breaches);
            self.report.cases.push(line);
        }
    }

    fn run_case(&self, case: &Case, key: &str, number: usize) -> Line {
        let allowance = Allowance {
            script_time: self.instance.script_time,
        };
        let mut seen = self.observe(key, number);
        let mut breaches = judge::breaches(case, &seen, allowance);
        for _ in 1..LOOKS {
            if breaches.is_empty() || !judge::may_be_noise(case, &seen) {
                break;
            }
            seen = self.observe(key, number);
            breaches = judge::breaches(case, &seen, allowance);
        }
        let walls: Vec<&str> = case.seed.walls.iter().map(|wall| wall.name()).collect();
        Line::new(case.name(), walls.join(" or "), &seen, breaches)
    }

    fn observe(&self, key: &str, number: usize) -> Observation {
        let memory = self.instance.memory;
        memory.forget_peak();
        let before = memory.resident();
        let started = Instant::now();
        let answer = self
            .instance
            .get(As::Hostile, &format!("/api/plugins/{key}/c{number}"));
        let took = started.elapsed();
        let peak = memory
            .peak()
            .zip(before)
            .map(|(peak, before)| peak.saturating_sub(before));
        let text = answer.as_ref().map_or("", |(_, text)| text.as_str());
        let mut harm = self.harm(text);
        // A good run also keeps the plugin from being paused for those that met limits.
        match self
            .instance
            .get(As::Hostile, &format!("/api/plugins/{key}/well"))
        {
            Ok((200, _)) => {}
            other => harm.push(format!(
                "the plugin itself no longer works after it: {other:?}"
            )),
        }
        Observation {
            harm,
            ended: read(answer.clone()),
            took,
            peak,
        }
    }

    /// What the last call did to others: told them, changed them, or left them without an answer.
    fn harm(&self, told: &str) -> Vec<String> {
        let mut harm = self.canaries.told_in(told);
        harm.extend(self.canaries.touched());
        for (who, token, whose) in [
            (As::Hostile, &self.canaries.in_own_tenant, "another plugin"),
            (As::Other, &self.canaries.in_other_tenant, "another tenant"),
        ] {
            match self
                .instance
                .get(who, &format!("/api/plugins/{HONEST}/tokens"))
            {
                Ok((200, text)) if Canaries::is_right(&text, token) => {}
                other => harm.push(format!("{whose} was answered wrongly after it: {other:?}")),
            }
        }
        harm
    }

    fn judge_memory(&mut self, before: Option<u64>) {
        let memory = self.instance.memory;
        let Some(before) = before else {
            return;
        };
        let end = Instant::now() + SETTLE;
        let mut after = before;
        while let Some(now) = memory.resident() {
            after = now;
            if now <= before + SETTLED_WITHIN || Instant::now() >= end {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        self.report.memory.push((before, after));
        if after > before + SETTLED_WITHIN {
            self.report.breaches.push(format!(
                "ten seconds after the last case {} MB are resident; before the first it was {}",
                after >> 20,
                before >> 20
            ));
        }
    }
}

/// The number of the installation that an answer shows; 0, which none has, where it cannot be read.
pub(super) fn id_of(text: &str) -> i64 {
    let body: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    body.pointer("/data/id")
        .and_then(serde_json::Value::as_i64)
        .unwrap_or_default()
}

/// What an answer says of its script's end.
fn read(answer: Answer) -> Ended {
    let (status, text) = match answer {
        Ok(answer) => answer,
        Err(why) => return Ended::Broken(why),
    };
    let body: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let told = |name: &str| {
        body.get(name)
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    let error = told("error").or_else(|| told("data"));
    let error = error.unwrap_or_else(|| text.chars().take(200).collect());
    match status {
        200..=299 => Ended::Well,
        504 => Ended::Stopped(error),
        // A statement that needs more memory than all may have is told so, and may be tried again.
        503 if error.contains("database") => Ended::Stopped(format!("statement: {error}")),
        400..=499 | 500 | 502 => Ended::Refused(error),
        _ => Ended::Broken(format!("{status} {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_its_status() {
        let answer = |status: u16, text: &str| read(Ok((status, text.to_owned())));
        assert_eq!(answer(200, "{}"), Ended::Well);
        assert_eq!(
            answer(504, r#"{"error":"met a limit: memory 32 MB"}"#),
            Ended::Stopped("met a limit: memory 32 MB".to_owned())
        );
        assert_eq!(
            answer(500, r#"{"error":"no"}"#),
            Ended::Refused("no".to_owned())
        );
        assert!(matches!(answer(503, "{}"), Ended::Broken(_)));
        assert!(matches!(read(Err("reset".to_owned())), Ended::Broken(_)));
    }
}
