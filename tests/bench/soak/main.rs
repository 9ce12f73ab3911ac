//! Loads one server for a long while with what people do, and looks whether anything of it grows: memory,
//! descriptors, threads, journals, tables, answer times. Prints a row for each part of the run and a verdict
//! line for each thing; exit code 1 when one fails.
//!
//!     cargo bench --bench soak
//!     cargo bench --bench soak -- --minutes 2 --cycles 200
//!
//! A tenth of the run is one part (a minute of ten). Two parts are warm-up; the rest is judged.

#![allow(clippy::print_stdout, clippy::print_stderr)]

#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#[path = "../../souk/support/client.rs"]
mod client;

#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#[path = "../../souk/support/server.rs"]
mod server;
#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#[path = "../../souk/support/serving.rs"]
mod serving;

#[path = "../interrupt.rs"]
mod interrupt;
#[allow(dead_code)]
#[path = "../process.rs"]
mod process;
#[path = "../statistics.rs"]
mod statistics;

mod cycles;
mod load;
mod mix;
mod plan;
mod samples;
mod stage;
mod verdict;

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Parser;

use cycles::Cycles;
use interrupt::Interrupt;
use load::Load;
use plan::Plan;
use samples::Samples;
use stage::Stage;

/// How often the process is looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// How often to look for a signal in between.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Parser)]
#[command(about = "Loads one server for a long while and looks whether anything grows")]
struct Options {
    /// How long, in minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Requests per second, besides the cycles
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// How often a plugin is installed and uninstalled over that time
    #[arg(long, default_value_t = 1000)]
    cycles: u32,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match soak(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("soak: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all verdicts are good.
fn soak(options: &Options) -> Result<bool, String> {
    let interrupt = Interrupt::watch()?;
    let (_server, stage) = Stage::set()?;
    println!("a burst first, so that pools and caches are full");
    load::burst(&stage);
    let plan = Plan::starting_now(options.minutes, options.rate, options.cycles)?;
    let tables_before = stage.tables()?;
    println!(
        "{} tenants, {} requests per second, {} cycles, {} minutes; of these {:.1} are warm-up",
        stage.tenants.len(),
        plan.rate,
        plan.cycles,
        options.minutes,
        plan.warm_up().as_secs_f64() / 60.0,
    );
    let (load, cycles) = (Load::new(&stage, &plan), Cycles::new(&stage, &plan));
    let samples = std::thread::scope(|scope| {
        for _ in 0..load::THREADS {
            scope.spawn(|| load.run());
        }
        scope.spawn(|| cycles.run());
        let samples = watch(&stage, &plan, &load, &interrupt);
        plan.is_over.store(true, Ordering::Relaxed);
        samples
    })?;
    let tables_after = stage.tables()?;
    println!();
    let lines = verdict::all(&verdict::Run {
        plan: &plan,
        samples: &samples,
        answers: &load.answers(),
        cycles: &cycles,
        tables: (&tables_before, &tables_after),
    });
    for line in &lines {
        println!("{line}");
    }
    Ok(lines.iter().all(|line| line.is_good))
}

/// Samples the process until the time is over, with a row for each part.
fn watch(
    stage: &Stage,
    plan: &Plan,
    load: &Load<'_>,
    interrupt: &Interrupt,
) -> Result<Samples, String> {
    let mut samples = Samples::default();
    println!("{}", samples::HEAD);
    let (mut due, mut part) = (Instant::now(), 0);
    while plan.elapsed() < plan.time {
        if interrupt.is_asked() {
            return Err("interrupted".to_owned());
        }
        if Instant::now() >= due {
            samples.take(stage, plan)?;
            due += SAMPLE_EVERY;
        }
        if plan.part_of(plan.elapsed()) > part {
            println!("{}", samples.row(plan, part, &load.answers()));
            part += 1;
        }
        std::thread::sleep(LOOK);
    }
    samples.take(stage, plan)?;
    println!("{}", samples.row(plan, part, &load.answers()));
    Ok(samples)
}
