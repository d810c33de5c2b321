//! Markets made ready once, and shared: by data, universe and frequency.
//!
//! A [`Universe`] is what a sweep over several symbols reads again and again: each symbol as a [`Market`] with its masks and cost
//! inputs, and all of them as a panel with asset returns and basic features, so that factor research and backtests stand on the
//! same numbers. A [`MarketCache`] keeps universes within a budget of bytes; threads that ask for one that is being made wait
//! for it.

use std::sync::Arc;

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::ident::{Id, id_of};
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_data::cache::{Cache, CacheKey, Weigh};
use qe_data::identity::{DataIdentity, IdentityBuilder};
use qe_factors::expr::{Schema, compile, parse};

use crate::error::{Error, Result};
use crate::market::{Market, Masks, Peers, Symbols};

/// The fields that a universe's panel has beside those of its bars, as expressions.
pub const FEATURES: &[(&str, &str)] = &[
    ("asset_return", "close / close[1] - 1"),
    ("vol_20", "std(close / close[1] - 1, 20)"),
    ("momentum_20", "close / close[20] - 1"),
    ("momentum_rank", "cs_rank(close / close[20] - 1)"),
    ("momentum_zscore", "cs_zscore(close / close[20] - 1)"),
];

/// Several symbols of one frequency, ready.
#[derive(Debug)]
pub struct Universe {
    /// Each symbol, in the order of the bars.
    pub markets: Vec<Arc<Market>>,
    /// All of them, with the fields of bars and [`FEATURES`].
    pub panel: Panel,
    /// What the bars are. What the markets were given beside them is in [`Universe::id`].
    pub identity: DataIdentity,
    n_bytes: usize,
}

impl Universe {
    /// Makes symbols ready: bars of one frequency, each with its masks. Each may read all the others, `sym("SPY", close)`,
    /// and compare itself with them: `cs_rank(close / close[20])`.
    ///
    /// # Errors
    /// When there are none, they are of different frequencies, or a mask does not fit.
    pub fn new(bars: &[(Bars, Masks)], calendar: &Calendar, pool: &Pool) -> Result<Self> {
        let fault =
            |reason: String, mend: &str| Error::Market { place: "a universe".into(), reason, mend: mend.into() };
        let Some((first, _)) = bars.first() else {
            return Err(fault("it has no symbols".into(), "give at least one"));
        };
        if let Some((other, _)) = bars.iter().find(|(b, _)| b.kind() != first.kind()) {
            let reason =
                format!("{} has bars of {}, {} of {}", first.symbol(), first.kind(), other.symbol(), other.kind());
            return Err(fault(reason, "give one frequency"));
        }
        let mut builder = IdentityBuilder::new(format!("bars {}", first.kind()));
        for (b, _) in bars {
            builder.push(b.symbol(), b.columns())?;
            builder.close(b.symbol())?;
        }
        let identity = builder.finish(None, None)?;
        let markets = pool.try_map(bars.len(), |i| {
            let (bars, masks) = &bars[i];
            Market::new(bars, calendar)?.with_masks(masks)
        })?;
        let (symbols, peers) = (Symbols::new(&markets)?, Peers::new(&markets)?);
        let markets = markets.into_iter().map(|m| Ok(Arc::new(m.with_symbols(&symbols).with_peers(&peers)?)));
        let markets = markets.collect::<Result<_>>()?;
        let mut panel = peers.panel()?.clone();
        let texts = FEATURES.iter().map(|(_, text)| parse(text)).collect::<Result<Vec<_>, _>>();
        let texts = texts.map_err(qe_factors::Error::from)?;
        let named: Vec<_> = FEATURES.iter().zip(&texts).map(|((name, _), ast)| (*name, ast)).collect();
        let schema = Schema::new(panel.fields().map(Arc::<str>::from).collect::<Vec<_>>());
        let plan = compile(&named, &schema, None)?.into_plan();
        for ((name, _), matrix) in FEATURES.iter().zip(plan.eval_panel(&panel, pool)?) {
            panel.push(*name, matrix)?;
        }
        let cells = panel.n_symbols() * panel.n_times() * panel.fields().len();
        let own: usize = bars.iter().map(|(b, _)| b.columns().n_bytes()).sum();
        Ok(Self { markets, panel, identity, n_bytes: own + 8 * cells })
    }

    /// The same universe, each market with what else is known of it: spreads of its own, its instrument.
    ///
    /// # Errors
    /// As what gives it.
    pub fn with(self, give: impl Fn(Market) -> Result<Market>) -> Result<Self> {
        let give = |market: &Arc<Market>| Ok(Arc::new(give(Market::clone(market))?));
        let markets: Vec<Arc<Market>> = self.markets.iter().map(give).collect::<Result<_>>()?;
        let spreads = |markets: &[Arc<Market>]| markets.iter().map(|m| m.n_spread_bytes()).sum::<usize>();
        let n_bytes = self.n_bytes - spreads(&self.markets) + spreads(&markets);
        Ok(Self { markets, n_bytes, ..self })
    }

    /// The identity of all that a result over it may depend on: its bars, and what its markets were given beside them, by
    /// masks, spreads and instruments. That of the bars alone where nothing was given.
    ///
    /// # Errors
    /// As [`Market::id`].
    pub fn id(&self) -> Result<Id> {
        let ids: Vec<(&str, Id)> = self.markets.iter().map(|m| Ok((m.symbol(), m.id()?))).collect::<Result<_>>()?;
        for (market, (_, id)) in self.markets.iter().zip(&ids) {
            if market.identity()?.id != *id {
                return Ok(id_of("universe v1", &(self.identity.id, &ids))?);
            }
        }
        Ok(self.identity.id)
    }

    /// The market of a symbol.
    ///
    /// # Errors
    /// When there is no such symbol.
    pub fn market(&self, symbol: &str) -> Result<&Arc<Market>> {
        let found = self.markets.iter().find(|m| m.symbol() == symbol);
        found.ok_or_else(|| qe_core::Error::unknown("symbol", symbol, self.markets.iter().map(|m| m.symbol())).into())
    }
}

impl Weigh for Universe {
    fn n_bytes(&self) -> usize {
        self.n_bytes
    }
}

/// Universes by data, name and frequency, within a budget of bytes.
pub struct MarketCache {
    cache: Cache<Universe>,
}

impl MarketCache {
    /// An empty cache that keeps at most so many bytes.
    pub fn new(max_bytes: usize) -> Self {
        Self { cache: Cache::new(max_bytes) }
    }

    /// The universe of some bars with their masks, made if it is not there: other bars, masks or another calendar are another one.
    ///
    /// # Errors
    /// As [`Universe::new`].
    pub fn universe(&self, bars: &[(Bars, Masks)], calendar: &Calendar, pool: &Pool) -> Result<Arc<Universe>> {
        let one = |(bars, masks): &(Bars, Masks)| -> Result<(String, Id, Id)> {
            let market = Market::new(bars, calendar)?.with_masks(masks)?;
            Ok((market.symbol().to_owned(), market.id()?, market.calendar_id()?))
        };
        let all: Vec<(String, Id, Id)> = bars.iter().map(one).collect::<Result<_>>()?;
        let names: Vec<&str> = all.iter().map(|(symbol, ..)| symbol.as_str()).collect();
        let key = CacheKey {
            data: id_of("universe of bars v1", &all)?,
            symbol: names.join(","),
            frequency: bars.first().map_or_else(String::new, |(b, _)| b.kind().to_string()),
            variant: String::new(),
        };
        self.get_or_make(&key, || Universe::new(bars, calendar, pool))
    }

    /// The universe of a key, made if it is not there. Whatever it depends on must be in the key.
    ///
    /// # Errors
    /// As its maker; a failure is not kept.
    pub fn get_or_make(&self, key: &CacheKey, make: impl FnOnce() -> Result<Universe>) -> Result<Arc<Universe>> {
        let made = self.cache.get_or_make(key, || make().map_err(Error::into_data));
        Ok(made?)
    }

    /// What it has done so far.
    pub fn stats(&self) -> qe_data::cache::CacheStats {
        self.cache.stats()
    }
}
