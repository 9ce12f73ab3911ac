//! The examples at the end of each help.
//!
//! A verb's file lists them once, for the verb and all below it. What is below shows those lines that call it,
//! unless it brings its own. The tests hold every line to the definitions, so that none grows old.

use clap::Command;

const HEAD: &str = "Examples:";

/// Gives every command below a verb its part of the verb's examples, before what its help ends with.
pub fn spread(root: Command) -> Command {
    root.mut_subcommands(|verb| {
        let all = help_of(&verb);
        let name = verb.get_name().to_owned();
        verb.mut_subcommands(|below| {
            let own = help_of(&below);
            let call = format!(" {name} {} ", below.get_name());
            let lines: Vec<&str> = all
                .lines()
                // With a space behind, so that a name is not found at the start of a longer one.
                .filter(|line| format!("{line} ").contains(&call))
                .collect();
            if own.starts_with(HEAD) || lines.is_empty() {
                return below;
            }
            let gap = if own.is_empty() { "" } else { "\n\n" };
            below.after_help(format!("{HEAD}\n{}{gap}{own}", lines.join("\n")))
        })
    })
}

fn help_of(command: &Command) -> String {
    command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command that does something, with the names that lead to it.
    fn leaves(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Command)>) {
        let below: Vec<&Command> = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help")
            .collect();
        if below.is_empty() {
            found.push((path.to_vec(), command.clone()));
        }
        for one in below {
            let mut path = path.to_vec();
            path.push(one.get_name().to_owned());
            leaves(one, &path, found);
        }
    }

    /// The lines that call the program, as a shell would part them.
    fn calls(command: &Command) -> Vec<Vec<String>> {
        help_of(command)
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .map(|line| {
                let words = shlex::split(line).unwrap_or_else(|| panic!("unbalanced: {line}"));
                let words = words.into_iter();
                let call: Vec<String> = words
                    // Variables may stand before the program, other programs after it.
                    .skip_while(|word| word != "souk")
                    .take_while(|word| !["|", ">", "&&"].contains(&word.as_str()))
                    .collect();
                assert!(!call.is_empty(), "no call of souk: {line}");
                call
            })
            .collect()
    }

    #[test]
    fn every_command_has_examples_of_itself_that_parse() {
        let root = super::super::command();
        let mut found = Vec::new();
        leaves(&root, &[], &mut found);
        assert!(found.len() > 10);
        for (path, command) in found {
            let help = help_of(&command);
            assert!(help.starts_with(HEAD), "{path:?} has no examples: {help}");
            let mut calls_itself = false;
            for call in calls(&command) {
                let matches = root
                    .clone()
                    .try_get_matches_from(&call)
                    .unwrap_or_else(|error| panic!("{call:?}: {error}"));
                calls_itself |= named(&matches) == path;
            }
            assert!(calls_itself, "{path:?} is not among its examples: {help}");
        }
    }

    #[test]
    fn the_examples_of_verbs_that_have_others_below_them_parse_too() {
        let root = super::super::command();
        for verb in root.get_subcommands() {
            for call in calls(verb) {
                let parsed = root.clone().try_get_matches_from(&call);
                assert!(parsed.is_ok(), "{call:?}: {:?}", parsed.err());
            }
        }
    }

    fn named(matches: &clap::ArgMatches) -> Vec<String> {
        match matches.subcommand() {
            Some((name, below)) => {
                let mut path = vec![name.to_owned()];
                path.extend(named(below));
                path
            }
            None => Vec::new(),
        }
    }
}
