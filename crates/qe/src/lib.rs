//! Quant Engine: market data in, a verdict out.
//!
//! This crate is the facade over the others: one dependency, one prelude, and the `qe` command.

#[cfg(feature = "cli")]
pub mod cli;
pub mod page;

pub use qe_core as core;
pub use qe_data as data;
pub use qe_engine as engine;
pub use qe_factors as factors;

/// What most programs that embed the engine begin with.
pub mod prelude {
    pub use qe_core::bars::{BarKind, Bars};
    pub use qe_core::calendar::{Calendar, SessionHours};
    pub use qe_core::columns::{Axis, Column, Columns};
    pub use qe_core::panel::Panel;
    pub use qe_core::par::{Pool, Threads};
    pub use qe_core::time::{Date, TimeRange, Timestamp};
    pub use qe_core::timeframe::Timeframe;
    pub use qe_core::zone::Zone;
    pub use qe_data::DataSpec;
    #[cfg(feature = "frame")]
    pub use qe_data::frame::{Dataset, Loader};
    pub use qe_data::market::{Market, MarketSpec};
    pub use qe_data::quality::{QualityPolicy, QualityReport, Scope, check_bars};
    pub use qe_data::resample::{ResampleSpec, resample};
    pub use qe_engine::StrategySpec;
    pub use qe_engine::broker::{BarStrategy, Desk, Seen};
    pub use qe_engine::live::Live;
    pub use qe_engine::portfolio::{PortfolioOptions, PortfolioReport, PortfolioSpec};
    pub use qe_engine::run::{Report, RunOptions, run};
    pub use qe_engine::sweep::{Sweep, SweepOptions};
    pub use qe_factors::expr::{Schema, compile, parse};
    #[cfg(feature = "frame")]
    pub use qe_factors::frame::with_factors;
    pub use qe_factors::plan::Plan;
}

/// The examples of this crate's README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Those of the workspace's, which load files.
#[cfg(all(doctest, feature = "frame"))]
#[doc = include_str!("../../../README.md")]
struct WorkspaceReadme;
