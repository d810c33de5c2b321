//! Other symbols beside a market's own: what `sym("SPY", close)` reads.
//!
//! What an expression says of another symbol is computed over that symbol's own bars. In each row of a market stands
//! what was last known of it when the row was complete, as in every plan of `qe-factors` ([`Plan::with_symbols`]):
//! nothing of an unfinished bar is seen, and bars of another timeframe or calendar fall into place by when they are
//! known. Before the other symbol's first bar all of it is missing, and what is missing never signals.

use std::collections::BTreeMap;
use std::sync::Arc;

use qe_core::columns::Columns;
use qe_core::ident::{Id, id_of};
use qe_factors::expr::Schema;
use qe_factors::plan::Plan;

use super::{Compared, Market};
use crate::error::{Error, Result};
use crate::program::StrategyPlan;

/// Bars of symbols that the expressions of other markets may read, shared by all of them.
#[derive(Debug, Clone, Default)]
pub struct Symbols(pub(super) Arc<[Market]>);

impl Symbols {
    /// The symbols of some markets. Masks do not matter: what cannot be traded can be read.
    ///
    /// # Errors
    /// When two are of one symbol.
    pub fn new<'a>(markets: impl IntoIterator<Item = &'a Market>) -> Result<Self> {
        let mut all: Vec<Market> = Vec::new();
        for market in markets {
            if let Some(other) = all.iter().find(|m| m.symbol() == market.symbol()) {
                return Err(Error::Market {
                    place: format!("symbol {}", market.symbol()),
                    reason: format!("it is there twice, as {} and {}", other.key(), market.key()),
                    mend: "give each once; another timeframe is read by tf(\"1h\", close)".into(),
                });
            }
            // A symbol within a symbol is none.
            all.push(Market { symbols: Self::default(), peers: None, ..market.clone() });
        }
        Ok(Self(all.into()))
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Market::symbol)
    }

    /// One of them, by its name.
    pub fn get(&self, name: &str) -> Option<&Market> {
        self.0.iter().find(|market| market.symbol() == name)
    }

    /// What the expressions of a market are compiled against, if these may be read too: `own` is without them.
    fn schema(&self, market: &Market, own: Schema) -> Schema {
        let is_alike = |other: &&Market| {
            other.timeframe == market.timeframe
                && other.calendar == market.calendar
                && other.columns.names().eq(market.columns.names())
        };
        if self.0.is_empty() {
            return own;
        }
        let (alike, others): (Vec<&Market>, Vec<&Market>) = self.0.iter().partition(is_alike);
        let schema = own.with_symbols(alike.into_iter().map(|m| m.symbol()));
        let schema = others.into_iter().fold(schema, |s, m| s.with_symbol(m.symbol(), m.schema()));
        // A strategy that runs over all symbols of a universe runs over the one that it reads, too.
        schema.with_symbols([market.symbol()])
    }
}

/// The data that a plan reads.
#[derive(Debug)]
pub(crate) struct DataRead {
    /// All of them.
    pub(crate) id: Id,
    /// Those of each other symbol that it names.
    pub(crate) reads: BTreeMap<String, Id>,
    /// Those that it compares.
    pub(crate) compared: Option<Compared>,
}

impl Market {
    /// The same market, whose expressions may read other symbols: `sym("SPY", close)`. Its own symbol is read in that
    /// way too, as one of them if it is among them. They stand in the place of those that it had.
    #[must_use]
    pub fn with_symbols(self, symbols: &Symbols) -> Self {
        Self { symbols: symbols.clone(), ..self }
    }

    /// The other symbols that its expressions may read.
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// What expressions are compiled against.
    pub fn schema(&self) -> Schema {
        let own = Schema::new(self.columns.names().map(Arc::from).collect::<Vec<Arc<str>>>())
            .bars(self.timeframe, self.calendar.clone());
        self.symbols.schema(self, own)
    }

    /// The bars of a symbol that expressions may read.
    pub(crate) fn of_symbol(&self, symbol: &str) -> Option<&Self> {
        let other = self.symbols.0.iter().find(|m| m.symbol() == symbol);
        other.or_else(|| Some(self).filter(|m| m.symbol() == symbol))
    }

    /// About how many bytes it takes to know in each of so many rows what a plan reads of other symbols.
    pub(crate) fn bytes_of_symbols(&self, plan: &Plan, n_rows: usize) -> usize {
        // What it is over the symbol's own rows, and what is known of that in ours.
        let longest = plan.symbols().filter_map(|s| self.of_symbol(s)).map(Self::len).max().unwrap_or(0);
        plan.columns_of_symbols().count().saturating_mul(8).saturating_mul(longest.saturating_add(n_rows))
    }

    /// What a plan reads in the first so many rows: our columns, in each row what was known of other symbols, and what is
    /// said of us across symbols.
    ///
    /// # Errors
    /// When the plan was compiled against other symbols, it compares symbols and we have no peers, or what it reads of
    /// them takes more than `max_bytes`.
    pub(crate) fn table(&self, of_plan: &StrategyPlan, end: usize, max_bytes: usize) -> Result<Columns> {
        let own = self.with_peers_of(self.columns.slice(0..end), of_plan, end, max_bytes)?;
        let plan = of_plan.compiled.plan();
        let Some(last) = end.checked_sub(1).filter(|_| plan.symbols().next().is_some()) else { return Ok(own) };
        let n_bytes = self.bytes_of_symbols(plan, end);
        if n_bytes > max_bytes {
            return Err(Error::Market {
                place: format!("{} columns of other symbols in {}", plan.columns_of_symbols().count(), self.key()),
                reason: format!("they take about {n_bytes} bytes, and {max_bytes} are allowed"),
                mend: "allow more, or let fewer points go together".into(),
            });
        }
        // What is known after the last row is of no use.
        let until = self.columns.axis().available()[last];
        let read = plan.symbols().filter_map(|s| self.of_symbol(s)).map(|m| {
            let n = m.columns.axis().available().partition_point(|t| *t <= until);
            (m.symbol(), m.columns.slice(0..n))
        });
        let read: Vec<(&str, Columns)> = read.collect();
        let read: Vec<(&str, &Columns)> = read.iter().map(|(name, columns)| (*name, columns)).collect();
        Ok(plan.with_symbols(&own, &read)?)
    }

    /// The data that a plan reads. A plan that reads no other symbol reads the market's own data, whatever there is beside
    /// them.
    ///
    /// # Errors
    /// As [`Market::id`].
    pub(crate) fn data_of(&self, plan: &Plan) -> Result<DataRead> {
        let own = self.id()?;
        let (mut read, mut vendors) = (BTreeMap::new(), BTreeMap::new());
        for market in plan.symbols().filter_map(|s| self.of_symbol(s)) {
            let data = market.identity()?;
            read.insert(market.symbol().to_owned(), data.id);
            vendors.insert(market.symbol(), &data.vendor);
        }
        let (mut id, mut compared) = (own, None);
        if !read.is_empty() {
            id = id_of("data of symbols v1", &(own, &read, vendors))?;
        }
        if let (Some(_), Some(peers)) = (plan.across(), &self.peers) {
            let symbols = peers.markets().iter().map(|m| m.symbol().to_owned()).collect();
            let of_all = Compared { symbols, id: peers.id()? };
            id = id_of("data among peers v1", &(id, of_all.id))?;
            compared = Some(of_all);
        }
        Ok(DataRead { id, reads: read, compared })
    }

    /// The identity of all that any plan may read.
    ///
    /// # Errors
    /// As [`Market::id`].
    pub(crate) fn data_of_all(&self) -> Result<Id> {
        let own = self.id()?;
        let mut id = own;
        if !self.symbols.0.is_empty() {
            let others = self.symbols.0.iter().map(|m| Ok((m.symbol(), m.identity()?.id)));
            let others: BTreeMap<&str, Id> = others.collect::<Result<_>>()?;
            id = id_of("data and symbols v1", &(own, others))?;
        }
        match &self.peers {
            Some(peers) => Ok(id_of("data and peers v1", &(id, peers.id()?))?),
            None => Ok(id),
        }
    }
}
