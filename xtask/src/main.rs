//! The house's own tool: `cargo xtask COMMAND` builds, scaffolds, measures and checks.
//!
//! It depends on none of our crates, so it starts at once and still runs when they do not compile.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is this tool's job")]

mod args;
mod bench;
mod ci;
mod conformance;
mod digest;
mod environment;
mod fixtures;
mod golden;
mod new;
mod run;
mod source;
#[cfg(test)]
mod testing;
mod tidy;
mod workspace;

use std::process::ExitCode;

use args::Usage;

/// A command: its name, one line about it, and what runs it.
struct Command {
    name: &'static str,
    about: &'static str,
    help: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

/// Every command, alphabetical.
const COMMANDS: &[Command] = &[
    Command { name: "bench", about: "run our benches, or the peers beside us", help: bench::HELP, run: bench::main },
    Command { name: "ci", about: "run what continuous integration runs", help: ci::HELP, run: ci::main },
    Command {
        name: "conformance",
        about: "run the same strategies by us and by peers, write the page",
        help: conformance::HELP,
        run: conformance::main,
    },
    Command {
        name: "environment",
        about: "list the environment variables that dependencies read",
        help: environment::HELP,
        run: environment::main,
    },
    Command {
        name: "fixtures",
        about: "write the simulated market, check the committed goldens",
        help: fixtures::HELP,
        run: fixtures::main,
    },
    Command { name: "new", about: "begin a new file of a family from its template", help: new::HELP, run: new::main },
    Command { name: "tidy", about: "check the rules of the house", help: tidy::HELP, run: tidy::main },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Finds the command and runs it with the words after it.
fn dispatch(words: &[String]) -> anyhow::Result<()> {
    let Some(first) = words.first() else {
        print!("{}", help());
        return Err(Usage("which command?".to_owned()).into());
    };
    if ["--help", "-h", "help"].contains(&first.as_str()) {
        print!("{}", help());
        return Ok(());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == first) else {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        return Err(args::unknown("command", first, &names).into());
    };
    let rest = &words[1..];
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        print!("{}", command.help);
        return Ok(());
    }
    (command.run)(rest)
}

/// The text of `cargo xtask --help`.
fn help() -> String {
    let mut text = String::from("cargo xtask COMMAND [--help]\n\nCommands:\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<12}{}\n", command.name, command.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn an_unknown_command_is_a_usage_error_with_the_nearest_name() {
        let error = dispatch(&words("tydi")).unwrap_err();
        assert!(error.is::<Usage>());
        assert!(error.to_string().contains("tidy"), "{error}");
    }

    #[test]
    fn an_unknown_flag_is_a_usage_error_in_every_command() {
        for command in COMMANDS {
            let error = dispatch(&words(&format!("{} --no-such-flag", command.name))).unwrap_err();
            assert!(error.is::<Usage>(), "{}: {error}", command.name);
        }
    }

    #[test]
    fn commands_are_alphabetical_and_have_help() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        for command in COMMANDS {
            assert!(command.help.contains(&format!("cargo xtask {}", command.name)), "{}", command.name);
            assert!(help().contains(command.about));
        }
    }
}
