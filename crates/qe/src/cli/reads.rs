//! What a strategy reads and pays beside the bars that it trades: other symbols, a spread, a multiplier.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use qe_core::bars::Bars;
use qe_core::instrument::Instrument;
use qe_data::labels::Labels;
use qe_engine::Error;
use qe_engine::market::{Market, Peers, Symbols};
use serde::{Deserialize, Serialize};

/// What there is beside the traded bars.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadArgs {
    /// Symbols that are read and not traded, with commas between them: `sym("SPY", close)` in a strategy. Those that are
    /// traded can all be read anyway. Each is read in the timeframe that is traded. `cs_rank(x)` and the like go over all of
    /// them, what is traded and what is read.
    #[arg(long, value_name = "SYMBOLS", value_delimiter = ',')]
    read: Vec<String>,
    /// The labels that `neutralize` reads, as CSV: symbol,sector,… and a line a symbol.
    #[arg(long, value_name = "FILE")]
    pub(crate) groups: Option<PathBuf>,
    /// The column with the market's own spread, bid to ask, as a fraction of the price: what `market_spread_times` under
    /// `[costs]` pays. Bars that are made longer have the last that there was in them.
    #[arg(long, value_name = "COLUMN", conflicts_with = "simulated")]
    spread: Option<String>,
    /// Currency per point of price and unit: units of what is traded are contracts.
    #[arg(long, value_name = "X")]
    multiplier: Option<f64>,
}

impl ReadArgs {
    /// Puts what is read beside what is traded: symbols and columns to load. No symbol means all.
    pub(crate) fn add_to(&self, symbols: &mut Vec<String>, columns: &mut Vec<String>) -> Result<()> {
        for (i, name) in self.read.iter().enumerate() {
            if symbols.contains(name) {
                bail!("--read {name}: it is traded, and what is traded can be read; leave it out of one of the two");
            }
            if self.read[..i].contains(name) {
                bail!("--read {name}: it is given twice; give it once");
            }
        }
        if !symbols.is_empty() {
            symbols.extend_from_slice(&self.read);
        }
        columns.extend(self.spread.iter().filter(|name| !columns.contains(name)).cloned().collect::<Vec<_>>());
        Ok(())
    }

    /// A market of bars with what they say of its spread, and with its multiplier.
    pub(crate) fn market(&self, market: Market, bars: &Bars) -> Result<Market> {
        let mut market = market;
        if let Some(name) = &self.spread {
            let column = bars.columns().get(name)?;
            market = market.with_spread(&column.to_f64()).with_context(|| format!("--spread {name}"))?;
        }
        if let Some(multiplier) = self.multiplier {
            // Nothing of an instrument but its multiplier changes what comes of a run.
            let calendar = market.calendar().clone();
            let instrument = Instrument { calendar, multiplier, ..Instrument::us_equity(market.symbol()) };
            market = market.with_instrument(&instrument).context("--multiplier")?;
        }
        Ok(market)
    }

    /// The symbols of one timeframe, as they are compared; nothing where there is nothing to compare.
    fn peers<'m>(&self, alike: impl Iterator<Item = &'m Market> + Clone) -> Result<Option<Peers>> {
        let symbols: Vec<String> = alike.clone().map(|m| m.symbol().to_owned()).collect();
        if symbols.len() < 2 {
            return Ok(None);
        }
        let mut peers = Peers::new(alike)?;
        if let Some(path) = &self.groups {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let labels = Labels::from_csv(&text).with_context(|| format!("cannot use {}", path.display()))?;
            for name in labels.groupings() {
                let of = labels.of(name, &symbols).with_context(|| format!("cannot use {}", path.display()))?;
                peers = peers.with_group(name, of)?;
            }
        }
        Ok(Some(peers))
    }

    /// Those of some markets that are traded, in their order. Each may read all that are of its timeframe.
    pub(crate) fn traded(&self, all: Vec<Market>) -> Result<Vec<Arc<Market>>> {
        if let Some(missing) = self.read.iter().find(|name| !all.iter().any(|m| m.symbol() == *name)) {
            let mut names: Vec<&str> = all.iter().map(Market::symbol).collect();
            names.dedup();
            bail!("--read {missing}: it is not in the data, there are {}; give its files too", names.join(", "));
        }
        let mut of_timeframe: Vec<(_, Symbols, Option<Peers>)> = Vec::new();
        for market in &all {
            let timeframe = market.timeframe();
            if !of_timeframe.iter().any(|(t, ..)| *t == timeframe) {
                let alike = all.iter().filter(|m| m.timeframe() == timeframe);
                of_timeframe.push((timeframe, Symbols::new(alike.clone())?, self.peers(alike)?));
            }
        }
        let is_traded = |m: &Market| !self.read.iter().any(|name| name == m.symbol());
        if !all.iter().any(is_traded) {
            bail!("--read: all that there is in the data is only read; leave out of it what is to be traded");
        }
        let among = |market: Market| {
            let Some((_, symbols, peers)) = of_timeframe.iter().find(|(t, ..)| *t == market.timeframe()) else {
                return Ok(Arc::new(market));
            };
            let market = market.with_symbols(symbols);
            Ok(Arc::new(match peers {
                Some(peers) => market.with_peers(peers)?,
                None => market,
            }))
        };
        all.into_iter().filter(is_traded).map(among).collect()
    }
}

/// An error of a strategy over markets, with the option that mends it.
pub(crate) fn mended(error: Error) -> anyhow::Error {
    match &error {
        Error::Market { place, reason, .. } if place.starts_with("costs.market_spread_times") => {
            anyhow!("{place}: {reason}; name the column that holds them by --spread COLUMN, or leave the field out")
        }
        Error::Market { place, reason, .. } if reason.starts_with("it compares symbols") => {
            anyhow!("{place}: {reason}; load the others too, those that are not traded by --read SYMBOLS")
        }
        Error::Market { place, reason, mend } if reason.starts_with("it reads the grouping") => {
            let near = mend.split_once('?').map_or_else(String::new, |(near, _)| format!(" {near}?"));
            anyhow!("{place}: {reason};{near} --groups FILE gives labels: symbol,sector,… and a line a symbol")
        }
        Error::Expression { error: meaning, .. } => match unknown_symbol(meaning) {
            Some(name) => anyhow!("{error}; --read {name} loads a symbol that is not traded"),
            None => error.into(),
        },
        _ => error.into(),
    }
}

/// The symbol that is not there, if that is what is wrong.
fn unknown_symbol(error: &qe_factors::Error) -> Option<&str> {
    let qe_factors::Error::Meaning { reason, .. } = error else { return None };
    reason.strip_prefix("no symbol is named `")?.strip_suffix('`')
}
