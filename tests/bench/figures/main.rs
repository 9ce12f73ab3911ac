//! Measures Souk beside the parts it stands on and, where they lie beside the checkout, its peers: starts
//! each server, loads it with wrk, and prints one table.
//!
//!     cargo bench --bench figures
//!     cargo bench --bench figures -- --only lua,edge --seconds 2
//!     cargo bench --bench figures -- --peers --json
//!     cargo bench --bench figures -- --before ../older/souk
//!
//! The rows take turns: each round measures all of them once, and a row's figure is the median of its
//! rounds, so that a machine which is busy for a while disturbs all rows alike.

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
    clippy::panic,
    clippy::indexing_slicing
)]
#[path = "../../souk/support/server.rs"]
mod server;

#[path = "../interrupt.rs"]
mod interrupt;
#[allow(dead_code)]
#[path = "../process.rs"]
mod process;
#[allow(dead_code)]
#[path = "../statistics.rs"]
mod statistics;

mod aims;
mod disk;
mod peers;
mod rounds;
mod rows;
mod sample;
mod servers;
mod table;
mod trivial;
mod wrk;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use interrupt::Interrupt;
use peers::Peers;
use rounds::Rounds;
use servers::Servers;

#[derive(Parser)]
#[command(about = "Measures Souk, the parts it stands on, and its peers")]
struct Options {
    /// Only rows whose name contains one of these texts, parted by commas
    #[arg(long, value_delimiter = ',', value_name = "TEXTS")]
    only: Vec<String>,
    /// How long one measurement takes
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often each row is measured; the median is shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measure PocketBase and Express in the same run, by the harness in ../shared/bench
    #[arg(long)]
    peers: bool,
    /// Measure this executable instead of the one that was just built
    #[arg(long, value_name = "FILE")]
    souk: Option<PathBuf>,
    /// Measure the plugins' routes of another build beside it, in the same rounds
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Print JSON with every single measurement
    #[arg(long)]
    json: bool,
    /// Be one of the small servers: how this program starts them
    #[arg(long, hide = true, value_enum)]
    serve: Option<trivial::Kind>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.serve {
        Some(kind) => trivial::serve(kind),
        None => measure(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("figures: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), String> {
    let interrupt = Interrupt::watch()?;
    wrk::is_there()?;
    // On the disk of the build: a temporary folder may be in memory, where a commit costs nothing.
    let folder = tempfile::Builder::new()
        .prefix("figures-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .map_err(|error| format!("cannot make a folder for the data: {error}"))?;
    let servers = Servers::start(
        folder.path(),
        options.souk.as_deref(),
        options.before.as_deref(),
    )?;
    let mut rows = rows::all(&servers)?;
    rows.retain(|row| {
        options.only.is_empty() || options.only.iter().any(|text| row.name.contains(text))
    });
    if rows.is_empty() {
        return Err(format!("no row is named like {}", options.only.join(", ")));
    }
    for row in &rows {
        row.check()?;
    }
    let peers = options
        .peers
        .then(|| Peers::ready(&rows, &interrupt))
        .transpose()?;
    let rounds = Rounds {
        rows: &rows,
        peers: peers.as_ref(),
        seconds: options.seconds,
        count: options.rounds,
        folder: folder.path(),
        interrupt: &interrupt,
    };
    let all = rounds.run()?;
    if options.json {
        println!("{}", table::json(&all, options.seconds, options.rounds));
    } else {
        print!("{}", table::text(&all, options.seconds, options.rounds));
    }
    Ok(())
}
