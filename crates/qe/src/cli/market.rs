//! The arguments that say what a strategy is run over: bars from files or simulated ones, in the timeframes that are traded.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_data::spec::When;
use qe_engine::StrategySpec;
use qe_engine::fills::PathPolicy;
use qe_engine::market::Market;

use super::given::{Given, Origin, one};
use super::left_out::LeftOut;
use super::output::Output;
use super::reads::ReadArgs;
use super::source::SourceArgs;

/// What is traded, and when it is scored.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("paths", |a| a.required_unless_present_any(["spec", "data", "simulated"])),
    mut_arg("symbols", |a| a.visible_alias("symbol")),
    mut_arg("timeframe", |a| {
        a.long("stored").short(None).help("How long a stored bar is, where it is not as long as a traded one")
    }),
)]
pub(crate) struct MarketArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// How long a traded bar is: 5m, 1h, 1d. Longer than the stored ones, it is made of them.
    #[arg(long = "timeframe", short, id = "traded", value_name = "TIMEFRAME")]
    timeframes: Vec<Timeframe>,
    /// Trade a simulated market instead of files: SPY, if no other of its funds is named.
    #[arg(long, conflicts_with_all = ["paths", "data", "spec"])]
    simulated: bool,
    /// How many years of it, from 2019 on.
    #[arg(long, requires = "simulated", default_value_t = 5)]
    years: u32,
    /// The seed of it.
    #[arg(long, requires = "simulated", default_value_t = 1)]
    market_seed: u64,
    #[command(flatten)]
    reads: ReadArgs,
    /// The first day (2024-01-31) or instant that is scored; what lies before warms up. If it is left out, the first
    /// bar at which all is warm.
    #[arg(long, value_name = "DATE")]
    from: Option<When>,
    /// The first day or instant that is no longer scored.
    #[arg(long, value_name = "DATE")]
    to: Option<When>,
}

/// Markets, and the stretch of time that was asked for.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) markets: Vec<Arc<Market>>,
    /// When scoring begins, if that was said.
    pub(crate) from: Option<i64>,
    /// When it ends, if that was said.
    pub(crate) to: Option<i64>,
    /// What of files was left out.
    pub(crate) left_out: Option<LeftOut>,
}

impl Loaded {
    /// From an instant on, or from the one that was asked for, to the end that was asked for.
    pub(crate) fn range(&self, start: i64) -> TimeRange {
        TimeRange { start: self.from.unwrap_or(start), end: self.to.unwrap_or(i64::MAX) }
    }
}

impl MarketArgs {
    /// Makes every symbol ready in every timeframe, as a strategy asks for it.
    pub(crate) fn load(&self, strategy: &StrategySpec, out: &Output) -> Result<Loaded> {
        self.load_for(strategy.execution.path, out)
    }

    /// Makes every symbol ready in every timeframe, so that rows can be followed by this policy.
    pub(crate) fn load_for(&self, path: PathPolicy, out: &Output) -> Result<Loaded> {
        self.load_given(&self.given()?, path, out)
    }

    /// How the data are given, to be kept.
    pub(crate) fn given(&self) -> Result<Given> {
        let origin = if self.simulated {
            let mut symbols = match self.source.symbols() {
                [] => vec!["SPY".to_owned()],
                some => some.to_vec(),
            };
            self.reads.add_to(&mut symbols, &mut Vec::new())?;
            Origin::Simulated { symbols, years: self.years, seed: self.market_seed }
        } else {
            let mut spec = self.source.bars_spec(&self.timeframes)?;
            self.reads.add_to(&mut spec.symbols, &mut spec.columns)?;
            Origin::Files(Box::new(spec.validated()?))
        };
        Ok(Given { origin, timeframes: self.timeframes.clone(), reads: self.reads.clone(), symbol: None })
    }

    fn load_given(&self, given: &Given, path: PathPolicy, out: &Output) -> Result<Loaded> {
        let (markets, calendar, left_out) = given.load(path, out)?;
        let at = |when: Option<When>| when.map(|w| w.nanos(&calendar));
        let loaded = Loaded { markets, from: at(self.from), to: at(self.to), left_out };
        if let (Some(from), Some(to)) = (loaded.from, loaded.to)
            && from >= to
        {
            bail!("--from, --to: nothing lies between them; give a --to after --from");
        }
        Ok(loaded)
    }

    /// The same; these symbols, where none are named.
    pub(crate) fn or_symbols(mut self, symbols: &[String]) -> Self {
        self.source.or_symbols(symbols);
        self
    }

    /// The one market of a backtest.
    pub(crate) fn load_one(&self, strategy: &StrategySpec, out: &Output) -> Result<(Arc<Market>, Loaded)> {
        let loaded = self.load(strategy, out)?;
        Ok((one(&loaded.markets)?, loaded))
    }

    /// Fails if one of these files that are to be written is read, or two of them are one.
    pub(crate) fn refuse_replacing(&self, targets: &[&Path], strategy: &str) -> Result<()> {
        let specs = self.source.spec_file();
        let read: Vec<&Path> = std::iter::once(Path::new(strategy)).chain(specs).collect();
        self.given()?.refuse_replacing(targets, &read)
    }
}
