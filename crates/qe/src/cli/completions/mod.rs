//! `qe completions`: what a shell needs to complete the command, made from the command's own definition.
//!
//! The definition is flattened into [`Place`]s, one for each command below `qe`; each shell's script finds the place that the
//! words before the cursor lead to, and offers what may stand there: commands, long options, words that an option or an
//! argument knows, names of files.

mod bash;
mod fish;
mod zsh;

use anyhow::Result;
use clap::builder::ValueHint;
use clap::{Arg, Args, Command, CommandFactory, ValueEnum};
use qe_engine::strategies;

use super::output::Output;
use super::{Args as Root, Verdict};

/// `qe completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// `source <(qe completions bash)`, in ~/.bashrc.
    Bash,
    /// `source <(qe completions zsh)`, in ~/.zshrc behind compinit; or a file _qe in $fpath.
    Zsh,
    /// `qe completions fish | source`, in config.fish.
    Fish,
}

pub(crate) fn run(args: &CompletionsArgs, out: &Output) -> Result<Verdict> {
    let places = places();
    let script = match args.shell {
        Shell::Bash => bash::script(&places),
        Shell::Zsh => zsh::script(&places),
        Shell::Fish => fish::script(&places),
    };
    out.result(&serde_json::json!({ "script": script }), || script.clone())?;
    Ok(Verdict::Good)
}

/// What a shell offers for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Takes {
    /// There is no value.
    Nothing,
    /// One of these words.
    Words(Vec<String>),
    /// A file, or one of these words.
    File(Vec<String>),
    /// Anything.
    Text,
}

/// A long option.
#[derive(Debug)]
struct Opt {
    /// All its names, the one that is shown first, without dashes.
    longs: Vec<String>,
    short: Option<char>,
    about: String,
    takes: Takes,
}

/// A command below another.
#[derive(Debug)]
struct Below {
    /// All its names, the one that is shown first.
    names: Vec<String>,
    about: String,
}

/// What can stand behind a command.
#[derive(Debug)]
struct Place {
    /// The words that lead there: `qe data check`.
    words: String,
    below: Vec<Below>,
    options: Vec<Opt>,
    argument: Takes,
}

/// All places of the command.
fn places() -> Vec<Place> {
    let mut root = Root::command();
    root.build();
    let mut out = Vec::new();
    collect(&root, "qe", &mut out);
    out
}

fn collect(command: &Command, words: &str, out: &mut Vec<Place>) {
    let subcommands: Vec<&Command> =
        command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set()).collect();
    let below = |c: &&Command| {
        let names = std::iter::once(c.get_name()).chain(c.get_visible_aliases());
        Below { names: names.map(str::to_owned).collect(), about: line(c.get_about()) }
    };
    let mut argument = Takes::Nothing;
    for arg in command.get_positionals() {
        argument = join(argument, takes(arg));
    }
    out.push(Place {
        words: words.to_owned(),
        below: subcommands.iter().map(below).collect(),
        options: command.get_arguments().filter(|a| !a.is_hide_set()).filter_map(option).collect(),
        argument,
    });
    for below in subcommands {
        collect(below, &format!("{words} {}", below.get_name()), out);
    }
}

fn option(arg: &Arg) -> Option<Opt> {
    let first = arg.get_long()?;
    let others = arg.get_visible_aliases().unwrap_or_default();
    Some(Opt {
        longs: std::iter::once(first).chain(others).map(str::to_owned).collect(),
        short: arg.get_short(),
        about: line(arg.get_help()),
        takes: if arg.get_action().takes_values() { takes(arg) } else { Takes::Nothing },
    })
}

/// What an option or an argument takes.
fn takes(arg: &Arg) -> Takes {
    let known = arg.get_possible_values();
    let words: Vec<String> = known.iter().filter(|v| !v.is_hide_set()).map(|v| v.get_name().to_owned()).collect();
    match arg.get_value_hint() {
        _ if !words.is_empty() => Takes::Words(words),
        // A strategy is a file or the name of one that comes with the engine.
        ValueHint::AnyPath if arg.get_id() == "strategy" => Takes::File(strategies::names().map(Into::into).collect()),
        ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath => Takes::File(Vec::new()),
        _ => Takes::Text,
    }
}

/// What may stand where two arguments may.
fn join(a: Takes, b: Takes) -> Takes {
    match (a, b) {
        (Takes::File(mut a), Takes::File(b) | Takes::Words(b)) | (Takes::Words(b), Takes::File(mut a)) => {
            a.extend(b);
            Takes::File(a)
        }
        (Takes::Words(mut a), Takes::Words(b)) => {
            a.extend(b);
            Takes::Words(a)
        }
        (Takes::Nothing | Takes::Text, b) => b,
        (a, _) => a,
    }
}

/// The first line of a help text, without the period at its end.
fn line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// The lines of a `case` that leads from a place and a word to the next place, in the syntax that bash and zsh share.
fn steps(places: &[Place], indent: &str) -> String {
    let mut out = String::new();
    for place in places {
        for below in &place.below {
            let patterns: Vec<String> = below.names.iter().map(|n| format!("'{} {n}'", place.words)).collect();
            out += &format!("{indent}{}) at='{} {}' ;;\n", patterns.join("|"), place.words, below.names[0]);
        }
    }
    out
}

/// The patterns of a place with each name of an option: `'qe sweep --out'|'qe sweep -o'`.
fn patterns(place: &Place, option: &Opt) -> String {
    let longs = option.longs.iter().map(|long| format!("'{} --{long}'", place.words));
    let short = option.short.iter().map(|short| format!("'{} -{short}'", place.words));
    longs.chain(short).collect::<Vec<_>>().join("|")
}
