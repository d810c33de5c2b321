//! How data are given: files or a simulated market, in the timeframes that are traded. It is plain data, so that a stored
//! run can keep it, and give its data again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::Loader;
use qe_data::identity::IdentityBuilder;
use qe_data::market::MarketSpec;
use qe_data::resample::{ResampleSpec, resample};
use qe_engine::fills::PathPolicy;
use qe_engine::market::{Market, check_prices};
use qe_engine::run::RunIdentity;
use serde::{Deserialize, Serialize};

use super::data::{generate, load};
use super::left_out::LeftOut;
use super::output::Output;
use super::reads::ReadArgs;

/// What is traded, and what it is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    pub(crate) origin: Origin,
    /// How long traded bars are; as long as the stored ones, where there are none.
    pub(crate) timeframes: Vec<Timeframe>,
    pub(crate) reads: ReadArgs,
    /// What the symbol of a moved file without one was, when it was called otherwise.
    #[serde(skip)]
    pub(crate) symbol: Option<String>,
}

/// Where bars come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Origin {
    /// From files; what is read beside what is traded is among them.
    Files(Box<DataSpec>),
    /// From the simulated market.
    Simulated {
        /// All symbols, those that are only read too.
        symbols: Vec<String>,
        /// How many years, from 2019 on.
        years: u32,
        /// Its seed.
        seed: u64,
    },
}

/// Markets, the calendar of all, and what of files was left out.
pub(crate) type Counted = (Vec<Arc<Market>>, Calendar, Option<LeftOut>);

impl Given {
    /// The same, with paths that lead to the files from any folder.
    pub(crate) fn absolute(mut self) -> Result<Self> {
        let whole = |path: &Path| -> Result<PathBuf> {
            std::path::absolute(path).with_context(|| format!("cannot tell where {} is", path.display()))
        };
        if let Origin::Files(spec) = &mut self.origin {
            for path in &mut spec.paths {
                *path = whole(Path::new(path))?.display().to_string();
            }
        }
        if let Some(path) = &mut self.reads.groups {
            *path = whole(path)?;
        }
        Ok(self)
    }

    /// The same, out of files that were moved to these paths: what a run traded and read of them.
    pub(crate) fn moved_to(mut self, paths: &[String], run: &RunIdentity) -> Result<Self> {
        match &mut self.origin {
            _ if paths.is_empty() => {}
            Origin::Files(spec) => {
                spec.paths = paths.to_vec();
                let is_one_file = matches!(paths, [path] if Path::new(path).is_file());
                let compared = run.compared.iter().flat_map(|c| &*c.symbols).filter(|s| **s != run.symbol);
                let others: BTreeSet<&String> = run.reads.keys().chain(compared).collect();
                if is_one_file && others.is_empty() {
                    self.symbol = Some(run.symbol.clone());
                } else if spec.symbols.is_empty() {
                    spec.symbols = std::iter::once(&run.symbol).chain(others).cloned().collect();
                }
            }
            Origin::Simulated { .. } => bail!("--data: the run is over a simulated market, which needs no files"),
        }
        Ok(self)
    }

    /// Fails if one of these files that are to be written is read, or two of them are one; `read` are files that are read
    /// beside the data.
    pub(crate) fn refuse_replacing(&self, targets: &[&Path], read: &[&Path]) -> Result<()> {
        let mut taken: Vec<PathBuf> = read.iter().filter_map(|p| p.canonicalize().ok()).collect();
        taken.extend(self.reads.groups.iter().filter_map(|p| p.canonicalize().ok()));
        if let Origin::Files(spec) = &self.origin {
            let loader = Loader::new((**spec).clone())?;
            taken.extend(loader.files()?.files.into_iter().filter_map(|f| f.path.canonicalize().ok()));
        }
        for (i, target) in targets.iter().enumerate() {
            if target.canonicalize().is_ok_and(|t| taken.contains(&t)) {
                bail!("{} is read, and would be replaced: choose another file", target.display());
            }
            // One file has many spellings; a link is replaced and not followed, so it is a file of its own.
            if targets[..i].iter().any(|other| place_of(other) == place_of(target)) {
                bail!("{} would be written twice: choose another file", target.display());
            }
        }
        Ok(())
    }

    /// Makes every symbol ready in every timeframe, so that rows can be followed by this policy; says the calendar of all, and what
    /// of files was left out.
    pub(crate) fn load(&self, path: PathPolicy, out: &Output) -> Result<Counted> {
        if let Some(i) = (1..self.timeframes.len()).find(|&i| self.timeframes[..i].contains(&self.timeframes[i])) {
            bail!("--timeframe {}: it is given twice; give each once", self.timeframes[i]);
        }
        let in_detail = path == PathPolicy::LowerTimeframe;
        match &self.origin {
            Origin::Files(spec) => self.read((**spec).clone(), in_detail, out),
            Origin::Simulated { symbols, years, seed } => {
                let (markets, calendar) = self.simulate(symbols, *years, *seed, in_detail, out)?;
                Ok((markets, calendar, None))
            }
        }
    }

    fn read(&self, spec: DataSpec, in_detail: bool, out: &Output) -> Result<Counted> {
        let (calendar, hours, vendor, as_of) = (spec.calendar.clone(), spec.hours, spec.vendor.clone(), spec.as_of);
        let stored = spec.timeframe;
        let file = spec.paths.first().and_then(|path| Path::new(path).file_stem()).map(|name| name.to_owned());
        let mut data = load(spec.clone(), out).map_err(with_stored)?;
        // A file without a symbol is called like its name, which is another where it has moved.
        if let (Some(symbol), [bars], Some(file)) = (&self.symbol, &mut data.bars[..], file)
            && file.to_str() == Some(bars.symbol())
        {
            *bars = Bars::from_columns(symbol.as_str(), stored, bars.columns().clone())?;
        }
        data.bars.iter().try_for_each(|bars| check_spacing(bars, stored))?;
        // Longer bars that are made of them might hide what is wrong with one.
        data.bars.iter().try_for_each(check_prices)?;
        let markets = self.ready(&data.bars, in_detail, stored, (&calendar, hours), (vendor, as_of))?;
        Ok((markets, calendar, Some(LeftOut::new(&spec, &data.intake))))
    }

    fn simulate(
        &self,
        symbols: &[String],
        years: u32,
        seed: u64,
        in_detail: bool,
        out: &Output,
    ) -> Result<(Vec<Arc<Market>>, Calendar)> {
        let spec = MarketSpec { symbols: symbols.to_vec(), years, seed, ..MarketSpec::default() };
        let market = generate(&spec, 0, out)?;
        let vendor = Some(format!("simulated, seed {seed}"));
        let calendar = market.calendar().clone();
        let of = (&calendar, SessionHours::Regular);
        let markets = self.ready(market.minute_bars(), in_detail, Timeframe::M1, of, (vendor, None))?;
        Ok((markets, calendar))
    }

    /// Bars as markets, in each of the timeframes that are traded.
    fn ready(
        &self,
        stored_bars: &[Bars],
        in_detail: bool,
        stored: Timeframe,
        (calendar, hours): (&Calendar, SessionHours),
        (vendor, as_of): (Option<String>, Option<Timestamp>),
    ) -> Result<Vec<Arc<Market>>> {
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
                let market = self.reads.market(Market::new(bars, calendar)?, bars)?;
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
        self.reads.traded(markets)
    }
}

/// An error of loading bars that are shorter than those that are traded, with the option that mends it.
fn with_stored(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<qe_data::Error>() {
        Some(qe_data::Error::TooFine { place, n_repeats, first, asked, actual }) => anyhow!(
            "{place}: its bars are taken to be {asked} long, and open {actual} apart: {n_repeats} rows fall together with \
             another, the first at {first}; give --stored {actual} -t {asked}, which makes bars of {asked} of them"
        ),
        _ => error,
    }
}

/// Where a file stands, or would: its folder, however it is spelled, and its name.
fn place_of(path: &Path) -> (PathBuf, Option<&OsStr>) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder.canonicalize().unwrap_or_else(|_| folder.to_owned()), path.file_name())
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

/// The one market of a backtest.
pub(crate) fn one(markets: &[Arc<Market>]) -> Result<Arc<Market>> {
    match markets {
        [market] => Ok(Arc::clone(market)),
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
