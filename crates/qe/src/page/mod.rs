//! Pages: what a run or a sweep came to, as one HTML file that needs nothing else; and a front page over several.
//!
//! A page is data first ([`RunPage`], [`SweepPage`], [`FrontPage`]: plain structs that can be stored), and then markup
//! made from them ([`RunPage::html`], [`SweepPage::html`], [`FrontPage::html`]). The same report gives the same bytes.
//! `docs/pages.md` says what stands on them.

mod draw;
mod front;
mod html;
mod number;
mod run;
mod shell;
mod stress;
mod sweep;

pub use draw::{Band, Line, N_COLUMNS, TimeAxis, TimeTick};
pub use front::{FrontFigures, FrontLink, FrontPage, FrontRow};
pub use run::{
    Benchmark, Beside, Distribution, Excursions, ExitRow, Fall, FigureRow, Marks, Note, PROBABILITIES, PriceChart,
    RefusedRow, Rolling, RunPage, RunPageOptions, Tone, TradeRow, Verdict, Year,
};
pub use stress::{CostStress, StressRow, Stressed, TIMES, cost_stress};
pub use sweep::{
    AtEdge, Cell, FailedRow, HeatMap, How, Luck, Marginal, MarginalPlace, ParamAxis, PointRow, SweepPage,
    SweepPageOptions,
};

/// A strategy as a page tells it: every default written, so that it can be run again.
///
/// # Errors
/// When it cannot be written as TOML.
pub fn spec_text(spec: &qe_engine::StrategySpec) -> qe_engine::Result<String> {
    spec.with_defaults_written()?.to_toml()
}
