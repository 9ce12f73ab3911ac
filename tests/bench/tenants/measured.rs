//! The figures of one server: a row of the table.

use std::fmt;
use std::time::{Duration, Instant};

use crate::process;
use crate::stage::Stage;
use crate::wire::Wire;

/// A route that reads two tables of the tenant.
const ROUTE: &str = "/api/plugins/tables/count";
const STARTS: usize = 5;
const WARM_UP: usize = 300;
/// A server at rest: what its start left behind has settled.
const SETTLING: Duration = Duration::from_secs(3);

/// How often to look whether the round in the background has begun or ended.
const LOOK: Duration = Duration::from_millis(20);

pub const HEAD: &str = "tenants  make ms  list ms  ready ms  rest MB  hot us  CPU us  in round us  cold us  first us  after MB";

#[derive(Default)]
pub struct Measured {
    pub tenants: usize,
    /// Milliseconds for each tenant.
    pub making: f64,
    pub listing: Duration,
    pub ready_after: Duration,
    pub resident_kb: u64,
    /// Of each round: the median answer, and the server's processor time for each request.
    pub hot: Vec<(Duration, Duration)>,
    /// The median answer while the round over all tenants runs.
    pub in_round: Duration,
    /// A tenant that is not attached, and whose plugin has been compiled before.
    pub cold: Duration,
    /// A tenant that nobody has asked since the start: its plugin is compiled as well.
    pub first: Duration,
    /// After all of that.
    pub resident_after_kb: u64,
}

impl Measured {
    pub fn of_making(stage: &Stage) -> Self {
        Self {
            tenants: stage.tenants,
            making: stage.making.as_secs_f64() * 1e3 / stage.tenants as f64,
            listing: stage.listing,
            ..Self::default()
        }
    }

    pub fn start(&mut self, stage: &mut Stage) -> Result<(), String> {
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            starts.push(stage.start()?.ready_after);
        }
        self.ready_after = median(&mut starts);
        std::thread::sleep(SETTLING);
        self.resident_kb = process::resident_kb(stage.server()?.pid())?;
        Ok(())
    }

    /// One tenant, from the beginning of the round to its end.
    pub fn ask_in_round(&mut self, stage: &Stage) -> Result<(), String> {
        let token = stage.sign_in(1)?;
        stage.install(&token)?;
        let mut wire = Wire::open(stage.server()?)?;
        while stage.checked()? == 0 {
            std::thread::sleep(LOOK);
        }
        let mut times = Vec::new();
        while stage.checked()? < stage.tenants {
            let looked = Instant::now();
            while looked.elapsed() < LOOK {
                times.push(ask(&mut wire, &token)?);
            }
        }
        self.in_round = median(&mut times);
        Ok(())
    }

    /// One tenant, again and again.
    pub fn ask_hot(&mut self, stage: &Stage, requests: usize) -> Result<(), String> {
        let token = stage.sign_in(1)?;
        let mut wire = Wire::open(stage.server()?)?;
        for _ in 0..WARM_UP {
            ask(&mut wire, &token)?;
        }
        let pid = stage.server()?.pid();
        let before = process::cpu_time(pid)?;
        let mut times = Vec::with_capacity(requests);
        for _ in 0..requests {
            times.push(ask(&mut wire, &token)?);
        }
        let used = process::cpu_time(pid)?.saturating_sub(before);
        let each = used / u32::try_from(requests).unwrap_or(u32::MAX);
        self.hot.push((median(&mut times), each));
        Ok(())
    }

    /// Many tenants in turn: when one's turn comes, others have taken its place.
    pub fn ask_cold(&mut self, stage: &Stage, most: usize) -> Result<(), String> {
        let mut tokens = vec![stage.sign_in(1)?];
        for number in 2..=most.min(stage.tenants) {
            let token = stage.sign_in(number)?;
            stage.install(&token)?;
            tokens.push(token);
        }
        let mut wire = Wire::open(stage.server()?)?;
        let mut round = || -> Result<Duration, String> {
            let mut times = tokens
                .iter()
                .map(|token| ask(&mut wire, token))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(median(&mut times))
        };
        self.first = round()?;
        let mut again = (0..5).map(|_| round()).collect::<Result<Vec<_>, _>>()?;
        self.cold = median(&mut again);
        self.resident_after_kb = process::resident_kb(stage.server()?.pid())?;
        Ok(())
    }

    /// How the same round's figures stand to another server's: what slowed the machine slowed both.
    pub fn hot_against(
        &self,
        other: &Self,
        figure: impl Fn(&(Duration, Duration)) -> Duration,
    ) -> f64 {
        let mut ratios: Vec<f64> = self
            .hot
            .iter()
            .zip(&other.hot)
            .map(|(mine, theirs)| figure(mine).as_secs_f64() / figure(theirs).as_secs_f64())
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub fn hot_p50(&self) -> Duration {
        median(&mut self.hot.iter().map(|(p50, _)| *p50).collect::<Vec<_>>())
    }

    pub fn hot_cpu(&self) -> Duration {
        median(&mut self.hot.iter().map(|(_, cpu)| *cpu).collect::<Vec<_>>())
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let megabytes = |kb: u64| kb as f64 / 1024.0;
        // A round over few tenants is over before anything can be asked.
        let in_round = if self.in_round.is_zero() {
            "-".to_owned()
        } else {
            format!("{:.0}", micros(self.in_round))
        };
        write!(
            f,
            "{:>7}  {:>7.2}  {:>7.0}  {:>8.0}  {:>7.1}  {:>6.0}  {:>6.0}  {:>11}  {:>7.0}  {:>8.0}  {:>8.1}",
            self.tenants,
            self.making,
            millis(self.listing),
            millis(self.ready_after),
            megabytes(self.resident_kb),
            micros(self.hot_p50()),
            micros(self.hot_cpu()),
            in_round,
            micros(self.cold),
            micros(self.first),
            megabytes(self.resident_after_kb),
        )
    }
}

fn ask(wire: &mut Wire, token: &str) -> Result<Duration, String> {
    let started = Instant::now();
    let answer = wire.ask("GET", ROUTE, Some(token), None)?;
    let took = started.elapsed();
    if answer.status == 200 {
        return Ok(took);
    }
    Err(format!(
        "{ROUTE}: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    ))
}

/// Zero of nothing.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
