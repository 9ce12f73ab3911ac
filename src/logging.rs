//! Logs by tracing, on standard error: text for people, or one JSON object a line.
//!
//! Whatever a value says, it stays on its line: texts of plugins and of clients could else forge another.

use std::fmt::{self, Debug};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::config::Config;
use crate::error::{Error, Result};

/// Libraries speak only when something is wrong with them.
const LIBRARIES: &str = "warn";
/// Characters of one value.
const LONGEST_VALUE: usize = 8_000;

pub fn start(config: &Config) -> Result<()> {
    let filter = EnvFilter::new(format!("{LIBRARIES},souk={}", config.log_level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if config.log_json {
        builder.json().flatten_event(true).try_init()
    } else {
        let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
        builder
            .with_ansi(colours)
            .with_target(false)
            .fmt_fields(debug_fn(write_field).delimited(" "))
            .try_init()
    };
    started.map_err(|error| Error::internal("cannot start the logs", error))
}

fn write_field(
    writer: &mut Writer<'_>,
    field: &tracing::field::Field,
    value: &dyn Debug,
) -> fmt::Result {
    let value = one_line(&format!("{value:?}"));
    match field.name() {
        "message" => writer.write_str(&value),
        name => write!(writer, "{}={value}", name.trim_start_matches("r#")),
    }
}

fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(LONGEST_VALUE)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST_VALUE).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_on_its_line_and_has_an_end() {
        assert_eq!(one_line("a\r\nb\u{1b}[31m\tc"), "a  b [31m c");
        let cut = one_line(&"x".repeat(LONGEST_VALUE + 1));
        assert_eq!(cut.chars().count(), LONGEST_VALUE + 1);
        assert!(cut.ends_with('…'));
        assert_eq!(one_line(&"x".repeat(LONGEST_VALUE)).len(), LONGEST_VALUE);
    }
}
