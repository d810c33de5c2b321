//! What must be known before any figure is read, and what somebody has made of it all.

use qe_engine::batch::Warmup;
use qe_engine::fills::{Holding, PathPolicy};
use qe_engine::run::Report;
use serde::Serialize;

use super::RunPageOptions;
use crate::page::number::{count, of as so_many, percent};

/// How a note or a verdict is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It speaks for the result.
    Good,
    /// It speaks against it.
    Bad,
    /// It should be known.
    Plain,
}

/// Something to know before any figure is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// How it is meant.
    pub tone: Tone,
    /// It.
    pub text: String,
}

/// What somebody has made of a run: a page shows it, and makes none of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// In a word or two.
    pub word: String,
    /// How it is meant.
    pub tone: Tone,
    /// Why.
    pub reasons: Vec<String>,
}

/// Below so many round trips, their figures say little.
const FEW_TRADES: u64 = 30;

/// Below so many days, figures of a year are little but a power of few numbers.
const FEW_DAYS: usize = 60;

/// What is to be known of a run.
pub(crate) fn of(report: &Report, options: &RunPageOptions) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut say = |tone: Tone, text: String| notes.push(Note { tone, text });
    let (identity, figures) = (&report.identity, &report.figures);
    if identity.is_same_bar {
        let text = "Same-bar fill: decisions are filled at the price that they were made from, which nobody can have \
                    for certain. A result that holds only under this timing is fragile.";
        say(Tone::Bad, text.to_owned());
    }
    if figures.is_ruined {
        say(Tone::Bad, "Ruined: all money was lost, and trading ended there.".to_owned());
    }
    if report.summary.vol_floor_applied {
        say(Tone::Plain, "Worth hardly moves: there is no daily Sharpe ratio.".to_owned());
    }
    if report.daily.len() < FEW_DAYS {
        let days = so_many(report.daily.len(), "day", "days");
        say(Tone::Plain, format!("{days}: what is told as of a year, growth, ratios and volatility, says little."));
    }
    match figures.n_trades() {
        0 => say(Tone::Plain, "No round trip was closed: figures of trades are undefined.".to_owned()),
        n if n < FEW_TRADES => {
            say(
                Tone::Plain,
                format!("{}: figures of trades say little.", so_many(n as usize, "round trip", "round trips")),
            );
        }
        _ => {}
    }
    if report.trades.iter().any(|t| t.exit_time.is_none()) {
        say(Tone::Plain, "One position is open at the end, and marked at the last close.".to_owned());
    }
    let is_free = report.trades.iter().all(|t| t.costs == 0.0) && report.ledger.carries.iter().all(|c| c.money == 0.0);
    if !report.trades.is_empty() && is_free {
        say(Tone::Bad, "No costs were paid.".to_owned());
    }
    if figures.n_undecided() > 0 {
        let more = if options.policies.is_none() { "; other path policies were not run" } else { "" };
        say(
            Tone::Plain,
            format!(
                "{} of {} round trips had a bar that does not say which way they went within it{more}.",
                count(figures.n_undecided() as usize),
                count(figures.n_trades() as usize)
            ),
        );
    }
    if identity.path_policy == PathPolicy::Optimistic {
        say(Tone::Bad, "Within a bar, prices are taken in the order that is better for the position.".to_owned());
    }
    if identity.holding == Holding::WeightsFree {
        say(Tone::Bad, "Weights are restored at every bar for free, which no account does.".to_owned());
    }
    if identity.warmup != Warmup::Required {
        say(Tone::Plain, "It was not warm when scoring began, and waited.".to_owned());
    }
    options.notes.iter().for_each(|note| say(Tone::Plain, note.clone()));
    if figures.n_nans > 0 {
        let text = format!(
            "{} ({}) have no close: they are marked at the last one there was.",
            so_many(figures.n_nans, "scored bar", "scored bars"),
            percent(figures.n_nans as f64 / report.curve.rows.len().max(1) as f64)
        );
        say(Tone::Plain, text);
    }
    notes
}
