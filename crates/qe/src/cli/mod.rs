//! The `qe` command: reads arguments, calls the library, prints.
//!
//! Results go to standard output, as text or with `--json` as one document; progress and errors go to standard error.
//! Exit codes: 0 all is well, 1 the data did not pass, two runs differ or a leak was found, 2 the call or the input is wrong.

mod backtest;
mod backtest_report;
mod completions;
mod data;
mod demo;
mod demo_pages;
mod demo_runs;
mod equations;
mod eval;
mod expr;
mod factors;
mod files;
mod given;
mod left_out;
mod market;
mod output;
mod page;
mod points;
mod portfolio;
mod reads;
mod records;
mod run_diff;
mod source;
mod stages;
mod stored;
mod strategy;
mod sweep;
mod sweep_report;

use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use output::Output;

/// What a caller can tell by the exit code, as the help says it.
const EXIT_CODES: &str = "Exit codes: 0 all is well; 1 the data did not pass, two runs differ, or a leak was found; 2 the \
                          call or the input is wrong.";

/// Market data in, a verdict out.
#[derive(Debug, Parser)]
#[command(name = "qe", version, about, after_help = EXIT_CODES, propagate_version = true, arg_required_else_help = true)]
struct Args {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Show no progress.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say on standard error what is going on; twice for more.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at data, bring them to another shape, or make them.
    #[command(subcommand)]
    Data(data::DataCommand),
    /// Read expressions, say what they compute and what it costs, or compute them.
    #[command(subcommand)]
    Expr(expr::ExprCommand),
    /// Look at strategies: those that come with the engine, and files of your own.
    #[command(subcommand, visible_alias = "spec")]
    Strategy(strategy::StrategyCommand),
    /// Run a strategy over one symbol, and say what it came to.
    Backtest(backtest::BacktestArgs),
    /// Run several strategies over several symbols with one account, and say what each of them won.
    Portfolio(portfolio::PortfolioArgs),
    /// Run a strategy at many points of its parameters, over one or more symbols and timeframes.
    Sweep(sweep::SweepArgs),
    /// Write the page of a stored run: one HTML file that needs nothing else.
    Report(page::ReportArgs),
    /// Compare two stored runs: where they part, why, and how much each cause carries. Exit code 1 where they differ.
    RunDiff(run_diff::RunDiffArgs),
    /// Print what a shell needs to complete this command.
    Completions(completions::CompletionsArgs),
    /// Make a market, check it, run every strategy over it and sweep one, and write pages of what came of it.
    Demo(demo::DemoArgs),
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Good,
    /// The data did not pass, two runs are not one, or a run knew the future.
    Bad,
}

/// What helps beside an error of arguments, if anything does.
fn hint(error: &clap::Error, names: &[OsString]) -> Option<&'static str> {
    let is_swallowed = error.kind() == ErrorKind::MissingRequiredArgument && names.iter().any(|a| a == "--data");
    is_swallowed.then_some("all that stands behind --data is data: give what is missing before it")
}

/// Runs the command with these arguments, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = args.iter().take_while(|a| *a != "--").any(|a| a == "--json");
    let names: Vec<OsString> = args.iter().filter(|a| a.to_string_lossy().starts_with("--")).cloned().collect();
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(e) if json && e.use_stderr() => {
            let text = e.to_string();
            let reason = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").trim();
            let hint = hint(&e, &names).map_or_else(String::new, |hint| format!("; {hint}"));
            Output::new(true, true).error(&anyhow::Error::msg(format!("{reason}{hint}")));
            return ExitCode::from(2);
        }
        Err(e) => {
            // Help and version are printed this way too. If nobody reads it, there is nobody to tell.
            let _ = e.print();
            if let Some(hint) = hint(&e, &names) {
                let _ = writeln!(std::io::stderr(), "\n{hint}");
            }
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    let level = match args.verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let _ = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).try_init();
    let out = Output::new(args.json, args.quiet);
    // A panic in the dataframe library that the loader turns into an error is not for the user to see; any other one
    // is a bug of ours, told in the words of an error.
    std::panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    let work = || match args.command {
        Command::Data(command) => data::run(command, &out),
        Command::Expr(command) => expr::run(command, &out),
        Command::Strategy(command) => strategy::run(command, &out),
        Command::Backtest(args) => backtest::run(&args, &out),
        Command::Portfolio(args) => portfolio::run(args, &out),
        Command::Sweep(args) => sweep::run(&args, &out),
        Command::Report(args) => page::run(&args, &out),
        Command::RunDiff(args) => run_diff::run(&args, &out),
        Command::Completions(args) => completions::run(&args, &out),
        Command::Demo(demo) => demo::run(&demo, &out),
    };
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("no reason given");
        Err(anyhow::anyhow!("this is a bug of qe ({text}); run it again with -vv and report what it says"))
    });
    match result {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(e) => {
            out.error(&e);
            ExitCode::from(2)
        }
    }
}
