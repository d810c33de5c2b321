//! The markets that a strategy is run over: bars from files or simulated ones, in the timeframes that are traded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::{TimeRange, Timestamp};
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::Loader;
use qe_data::identity::IdentityBuilder;
use qe_data::market::MarketSpec;
use qe_data::resample::{ResampleSpec, resample};
use qe_data::spec::When;
use qe_engine::StrategySpec;
use qe_engine::fills::PathPolicy;
use qe_engine::market::Market;

use super::data::{generate, load};
use super::output::Output;
use super::reads::ReadArgs;
use super::source::SourceArgs;

/// What is traded, and when it is scored.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("paths", |a| a.required_unless_present_any(["spec", "simulated"])),
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
    #[arg(long, conflicts_with_all = ["paths", "spec"])]
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
        let in_detail = path == PathPolicy::LowerTimeframe;
        if let Some(i) = (1..self.timeframes.len()).find(|&i| self.timeframes[..i].contains(&self.timeframes[i])) {
            bail!("--timeframe {}: it is given twice; give each once", self.timeframes[i]);
        }
        let loaded = if self.simulated { self.simulate(in_detail, out)? } else { self.read(in_detail, out)? };
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
        match loaded.markets.as_slice() {
            [market] => Ok((Arc::clone(market), loaded)),
            [] => bail!("the data: there are no bars; give others, or another stretch of time"),
            several => {
                let keys: Vec<String> = several.iter().take(8).map(|m| m.key()).collect();
                let more = if several.len() > 8 { ", …" } else { "" };
                bail!(
                    "a backtest is of one symbol and timeframe, and there are {}{more}; choose one with --symbol and \
                     one --timeframe, those that it only reads with --read, or run `qe sweep` over them",
                    keys.join(", ")
                );
            }
        }
    }

    /// Fails if one of these files that are to be written is read, or two of them are one.
    pub(crate) fn refuse_replacing(&self, targets: &[&Path], strategy: &str) -> Result<()> {
        let mut taken: Vec<PathBuf> = Path::new(strategy).canonicalize().into_iter().collect();
        if !self.simulated {
            let loader = Loader::new(self.spec()?)?;
            taken.extend(loader.files()?.files.into_iter().filter_map(|f| f.path.canonicalize().ok()));
        }
        for (i, target) in targets.iter().enumerate() {
            if target.canonicalize().is_ok_and(|t| taken.contains(&t)) {
                bail!("{} is read, and would be replaced: choose another file", target.display());
            }
            if targets[..i].contains(target) {
                bail!("{} would be written twice: choose another file", target.display());
            }
        }
        Ok(())
    }

    /// The files' bars: of what is traded, and of what is read.
    fn spec(&self) -> Result<DataSpec> {
        let mut spec = self.source.bars_spec(&self.timeframes)?;
        self.reads.add_to(&mut spec.symbols, &mut spec.columns)?;
        Ok(spec.validated()?)
    }

    fn read(&self, in_detail: bool, out: &Output) -> Result<Loaded> {
        let spec = self.spec()?;
        let (calendar, hours, vendor, as_of) = (spec.calendar.clone(), spec.hours, spec.vendor.clone(), spec.as_of);
        let stored = spec.timeframe;
        let data = load(spec, out)?;
        data.bars.iter().try_for_each(|bars| check_spacing(bars, stored))?;
        self.ready(&data.bars, in_detail, stored, (calendar, hours), (vendor, as_of))
    }

    fn simulate(&self, in_detail: bool, out: &Output) -> Result<Loaded> {
        let mut symbols = match self.source.symbols() {
            [] => vec!["SPY".to_owned()],
            some => some.to_vec(),
        };
        self.reads.add_to(&mut symbols, &mut Vec::new())?;
        let spec = MarketSpec { symbols, years: self.years, seed: self.market_seed, ..MarketSpec::default() };
        let market = generate(&spec, 0, out)?;
        let vendor = Some(format!("simulated, seed {}", self.market_seed));
        let calendar = market.calendar().clone();
        self.ready(market.minute_bars(), in_detail, Timeframe::M1, (calendar, SessionHours::Regular), (vendor, None))
    }

    /// Bars as markets, in each of the timeframes that are traded.
    fn ready(
        &self,
        stored_bars: &[Bars],
        in_detail: bool,
        stored: Timeframe,
        (calendar, hours): (Calendar, SessionHours),
        (vendor, as_of): (Option<String>, Option<Timestamp>),
    ) -> Result<Loaded> {
        let timeframes = if self.timeframes.is_empty() { &[stored][..] } else { &self.timeframes };
        let mut markets = Vec::with_capacity(stored_bars.len() * timeframes.len());
        for fine in stored_bars {
            for &timeframe in timeframes {
                let coarse;
                let bars = if timeframe == stored {
                    if in_detail {
                        bail!(
                            "execution.path = \"lower_timeframe\": bars of {stored} are traded as they are stored; give a \
                             higher --timeframe, or take another path"
                        );
                    }
                    fine
                } else {
                    let target = ResampleSpec::new(timeframe, calendar.clone()).hours(hours);
                    let place = || format!("--timeframe {timeframe}, of bars of {stored}");
                    target.check_source(stored).with_context(place)?;
                    coarse = resample(fine, &target).with_context(place)?.bars;
                    &coarse
                };
                let market = self.reads.market(Market::new(bars, &calendar)?, bars)?;
                let market = if in_detail { market.with_detail(fine)? } else { market };
                if market.n_filled() == market.len() {
                    bail!(
                        "{}: every close is missing; give bars with closes, or name their column in a --spec",
                        market.key()
                    );
                }
                let mut identity = IdentityBuilder::new(format!("bars {timeframe}"));
                identity.push(bars.symbol(), bars.columns())?;
                let identity = identity.finish(vendor.clone(), as_of)?;
                markets.push(market.with_identity(identity));
            }
        }
        let markets = self.reads.traded(markets)?;
        let at = |when: Option<When>| when.map(|w| w.nanos(&calendar));
        Ok(Loaded { markets, from: at(self.from), to: at(self.to) })
    }
}

/// Fails where bars are plainly not as long as they are said to be: most open before the one before them is complete,
/// or no two are as near to each other as they should be. Minutes taken for hours would trade, and mean nothing.
fn check_spacing(bars: &Bars, stored: Timeframe) -> Result<()> {
    let mut gaps: Vec<i64> = bars.open_time().windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_unstable();
    let (Some(width), Some(&least), Some(&middle)) = (stored.nanos(), gaps.first(), gaps.get(gaps.len() / 2)) else {
        return Ok(());
    };
    let seen = if middle < width { middle } else { least };
    if seen == width || (middle >= width && least < width) {
        return Ok(());
    }
    let seen = Timeframe::from_nanos(seen).map_or_else(|_| format!("{seen} ns"), |t| t.to_string());
    bail!(
        "{}: its bars are taken to be {stored} long, and open {seen} apart; give --stored {seen}, or another \
         --timeframe",
        bars.symbol()
    )
}
