//! One server with few tenants beside one with many, in one run: what a tenant costs to make, whether the many
//! slow a start or a request, and what a request pays whose tenant is not at hand. Prints a table and a
//! verdict for each aim; exit code 1 when one is missed.
//!
//!     cargo bench --bench tenants
//!     cargo bench --bench tenants -- --tenants 10,1000 --requests 500

#![allow(clippy::print_stdout, clippy::print_stderr)]

#[allow(dead_code)]
#[path = "../process.rs"]
mod process;

mod aims;
mod measured;
mod stage;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use measured::Measured;
use stage::Stage;

#[derive(Parser)]
#[command(about = "Measures servers with few and with many tenants side by side")]
struct Options {
    /// How many tenants the servers have; the first is what the others are held against
    #[arg(long, value_delimiter = ',', default_values_t = [10, 1_000, 10_000])]
    tenants: Vec<usize>,
    /// Requests of each server in each round
    #[arg(long, default_value_t = 2_000)]
    requests: usize,
    /// Rounds; the servers take turns
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// Tenants that are asked in turn, so that none is at hand; more than a server keeps attached
    #[arg(long, default_value_t = 200)]
    cold: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("tenants: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all aims were met.
fn measure(options: &Options) -> Result<bool, String> {
    let mut stages = Vec::new();
    for tenants in &options.tenants {
        let made = Stage::set(*tenants)?;
        println!(
            "{tenants} tenants: made in {:.1} s",
            made.making.as_secs_f64()
        );
        stages.push(made);
    }
    let mut measured: Vec<Measured> = stages.iter().map(Measured::of_making).collect();
    for (stage, row) in stages.iter_mut().zip(&mut measured) {
        row.start(stage)?;
    }
    for (stage, row) in stages.iter().zip(&mut measured) {
        row.ask_in_round(stage)?;
    }
    for _ in 0..options.rounds {
        for (stage, row) in stages.iter().zip(&mut measured) {
            row.ask_hot(stage, options.requests)?;
        }
    }
    for (stage, row) in stages.iter().zip(&mut measured) {
        row.ask_cold(stage, options.cold)?;
    }
    println!("\n{}", measured::HEAD);
    for row in &measured {
        println!("{row}");
    }
    println!();
    let lines = aims::all(&measured);
    for line in &lines {
        println!("{line}");
    }
    Ok(lines.iter().all(|line| line.is_met))
}
