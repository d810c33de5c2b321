//! The symbols that a market is ranked among: what `cs_rank(…)`, `cs_zscore(…)` and `neutralize(…, sector)` go over.
//!
//! What an expression says across symbols is computed over the panel of all of them, as in every plan of `qe-factors`
//! ([`Plan::eval_panel`]): so a strategy trades the very numbers that factor research measured. It is computed once for
//! all of their markets, each of which reads its own row. A symbol that has no bar at a time, or does not belong
//! then, is compared with none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Columns, Shared};
use qe_core::error::nearest;
use qe_core::ident::{Id, id_of};
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_core::time::TimeRange;
use qe_factors::plan::Plan;
use serde::{Deserialize, Serialize};

use super::{Market, Symbols};
use crate::error::{Error, Result};
use crate::program::StrategyPlan;

/// Symbols of one timeframe that are compared with each other, shared by the markets of all of them.
#[derive(Debug, Clone)]
pub struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    who: Who,
    /// All of them on one axis, once somebody asks.
    panel: OnceLock<Panel>,
    id: OnceLock<Id>,
    known: Mutex<Known>,
}

/// Who is compared.
#[derive(Debug, Clone)]
struct Who {
    markets: Arc<[Market]>,
    /// The label of each, by grouping.
    groups: BTreeMap<String, Vec<String>>,
    /// When each belonged to the universe, where that is said.
    members: Option<Vec<Vec<TimeRange>>>,
}

/// Symbols that were compared with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Who, the traded one among them, in their order.
    pub symbols: Arc<[String]>,
    /// Their data, labels and memberships.
    pub id: Id,
}

/// What plans came to: while somebody has it, and the last as long as it takes no more than the panel itself.
#[derive(Debug, Default)]
struct Known {
    all: Vec<Weak<Across>>,
    last: Option<Arc<Across>>,
}

/// What a plan says across symbols: a matrix for each output, symbol by symbol.
#[derive(Debug)]
pub(crate) struct Across {
    /// Of which peers, and of which plan.
    of: (Id, Id),
    values: Vec<Shared<f64>>,
}

/// What a strategy's plan says across symbols, held for as long as the plan is: all of its markets ask for it.
#[derive(Debug, Clone, Default)]
pub struct Held(Arc<Mutex<Option<Arc<Across>>>>);

impl Peers {
    /// The symbols of some markets. Masks do not matter: what cannot be traded is compared all the same.
    ///
    /// # Errors
    /// When there are none, two are of one symbol, or they are of different timeframes.
    pub fn new<'a>(markets: impl IntoIterator<Item = &'a Market>) -> Result<Self> {
        // A symbol within a symbol is none.
        let bare = |m: &Market| Market { symbols: Symbols::default(), peers: None, ..m.clone() };
        let markets: Arc<[Market]> = markets.into_iter().map(bare).collect();
        let fault = |place: &str, reason: String, mend: &str| {
            Err(Error::Market { place: place.into(), reason, mend: mend.into() })
        };
        let Some(first) = markets.first() else {
            return fault("peers", "there are none".into(), "give the markets of all symbols that are compared");
        };
        for (i, market) in markets.iter().enumerate() {
            if market.timeframe != first.timeframe || market.calendar != first.calendar {
                let reason = format!("it is compared with {}, of another timeframe or calendar", first.key());
                return fault(&market.key(), reason, "give markets of one timeframe and calendar");
            }
            if markets[..i].iter().any(|other| other.symbol() == market.symbol()) {
                return fault(&market.key(), "it is there twice".into(), "give each symbol once");
            }
        }
        Ok(Self::of(Who { markets, groups: BTreeMap::new(), members: None }))
    }

    fn of(who: Who) -> Self {
        Self(Arc::new(Inner { who, panel: OnceLock::new(), id: OnceLock::new(), known: Mutex::default() }))
    }

    /// The same, with a label of each symbol under the name of a grouping: `neutralize(x, sector)`.
    ///
    /// # Errors
    /// When there is not one label per symbol.
    pub fn with_group(self, name: impl Into<String>, labels: Vec<String>) -> Result<Self> {
        let name = name.into();
        self.ensure_one_each(&format!("grouping {name:?}"), labels.len(), "label")?;
        let mut who = self.0.who.clone();
        who.groups.insert(name, labels);
        Ok(Self::of(who))
    }

    /// The same, in which each symbol takes part in its stretches of membership alone: outside of them it is compared with
    /// none, whatever is known of it.
    ///
    /// # Errors
    /// When there is not one list per symbol.
    pub fn with_members(self, members: Vec<Vec<TimeRange>>) -> Result<Self> {
        self.ensure_one_each("membership", members.len(), "list of stretches")?;
        Ok(Self::of(Who { members: Some(members), ..self.0.who.clone() }))
    }

    fn ensure_one_each(&self, place: &str, n: usize, what: &str) -> Result<()> {
        match self.0.who.markets.len() {
            expected if expected == n => Ok(()),
            expected => Err(Error::Market {
                place: format!("{place} of peers"),
                reason: format!("there are {n}, and {expected} symbols"),
                mend: format!("give one {what} for each symbol, in their order"),
            }),
        }
    }

    /// All of them on one axis, made when it is first asked for.
    ///
    /// # Errors
    /// When bars of one time are complete at different instants.
    pub fn panel(&self) -> Result<&Panel> {
        if let Some(panel) = self.0.panel.get() {
            return Ok(panel);
        }
        let Who { markets, groups, members } = &self.0.who;
        let bars = |m: &Market| Ok(Bars::from_columns(m.symbol(), m.timeframe, m.columns.clone())?);
        let bars: Vec<Bars> = markets.iter().map(bars).collect::<Result<_>>()?;
        let calendar = markets.first().map(|m| m.calendar.clone()).unwrap_or_else(Calendar::crypto);
        let mut panel = Panel::from_bars(calendar, &bars)?;
        for (name, labels) in groups {
            panel.push_group(name.as_str(), labels.clone())?;
        }
        if let Some(members) = members {
            panel = panel.with_members(members.clone())?;
        }
        Ok(self.0.panel.get_or_init(|| panel))
    }

    /// The labels, by grouping, in the order of the symbols.
    pub(crate) fn groups(&self) -> &BTreeMap<String, Vec<String>> {
        &self.0.who.groups
    }

    /// When each belonged, where that is said.
    pub(crate) fn members(&self) -> Option<&[Vec<TimeRange>]> {
        self.0.who.members.as_deref()
    }

    /// Their markets, in order.
    pub(crate) fn markets(&self) -> &[Market] {
        &self.0.who.markets
    }

    /// The same groups and memberships, of other markets of the same symbols in the same order.
    pub(crate) fn of_markets(&self, markets: &[Market]) -> Result<Self> {
        Ok(Self::of(Who { markets: Arc::clone(&Self::new(markets)?.0.who.markets), ..self.0.who.clone() }))
    }

    /// What their data, groups and memberships are.
    ///
    /// # Errors
    /// As [`Market::identity`].
    pub fn id(&self) -> Result<Id> {
        if let Some(id) = self.0.id.get() {
            return Ok(*id);
        }
        let Who { markets, groups, members } = &self.0.who;
        let data = markets.iter().map(|m| Ok((m.symbol(), m.identity()?.id)));
        let data: Vec<(&str, Id)> = data.collect::<Result<_>>()?;
        let members = members.iter().flatten();
        let members: Vec<Vec<(i64, i64)>> =
            members.map(|ranges| ranges.iter().map(|r| (r.start, r.end)).collect()).collect();
        let id = id_of("peers v2", &(data, groups, members))?;
        Ok(*self.0.id.get_or_init(|| id))
    }

    /// What a plan says across them. Who asks while it is made waits.
    fn across(&self, plan: &Plan, max_bytes: usize) -> Result<Arc<Across>> {
        let (of, panel) = ((self.id()?, plan.id()?), self.panel()?);
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.all.iter().filter_map(Weak::upgrade).find(|across| across.of == of);
        if let Some(across) = found {
            return Ok(across);
        }
        // On one thread: another may ask for it from within the same pool, and would wait for itself.
        let values = plan.eval_panel_within(panel, &Pool::inline(), max_bytes)?;
        let across = Arc::new(Across { of, values: values.into_iter().map(Shared::from).collect() });
        known.all.retain(|other| other.strong_count() > 0);
        known.all.push(Arc::downgrade(&across));
        let fits = across.values.len() <= panel.fields().len();
        known.last = fits.then(|| Arc::clone(&across));
        Ok(across)
    }
}

impl Market {
    /// The same market, whose expressions may compare it with others: `cs_rank(close / close[20])`.
    ///
    /// # Errors
    /// When it is none of them, or has a bar that they do not know of.
    pub fn with_peers(self, peers: &Peers) -> Result<Self> {
        let fault = |reason: String, mend: &str| {
            Err(Error::Market { place: format!("the peers of {}", self.key()), reason, mend: mend.into() })
        };
        let Some(like) = peers.markets().iter().find(|m| m.symbol() == self.symbol()) else {
            let n = peers.markets().len();
            return fault(format!("it is none of the {n} symbols"), "give its own market among them");
        };
        if like.timeframe != self.timeframe || like.calendar != self.calendar {
            return fault(format!("they are {}", like.key()), "give markets of its timeframe and calendar");
        }
        let (own, axis) = (self.columns.axis(), like.columns.axis());
        let is_known = |(open, available): (&i64, &i64)| {
            axis.open().binary_search(open).is_ok_and(|at| axis.available()[at] == *available)
        };
        if let Some(row) = own.open().iter().zip(own.available()).position(|times| !is_known(times)) {
            let reason = format!("they do not know of its bar in row {row}");
            return fault(reason, "make them of the same bars");
        }
        Ok(Self { peers: Some(peers.clone()), ..self })
    }

    /// The symbols that it is compared with, itself among them.
    pub fn peers(&self) -> Option<&Peers> {
        self.peers.as_ref()
    }

    /// About how many bytes it takes to know in each of so many rows what a plan says across symbols.
    pub(crate) fn bytes_of_peers(&self, plan: &Plan, n_rows: usize) -> usize {
        match (plan.across(), &self.peers) {
            (Some(across), Some(peers)) => {
                let own = 8usize.saturating_mul(across.outputs().len()).saturating_mul(n_rows);
                // Where there is no panel, that is told when it is asked for.
                let (n_symbols, n_times) = peers.panel().map_or((0, 0), |p| (p.n_symbols(), p.n_times()));
                across.least_bytes_of_panel(n_symbols, n_times, 1).saturating_add(own)
            }
            _ => 0,
        }
    }

    /// Checks that there are those that a plan compares, and the labels that it reads of them.
    pub(crate) fn check_peers(&self, plan: &StrategyPlan) -> Result<()> {
        let Some(across) = plan.compiled.plan().across() else { return Ok(()) };
        let fault = |reason: String, mend: &str| {
            Err(Error::Market { place: format!("{} on {}", plan.name, self.key()), reason, mend: mend.into() })
        };
        let Some(peers) = &self.peers else {
            let reason = "it compares symbols, and the market has none that it is compared with";
            return fault(reason.into(), "give it those by Market::with_peers, or make it of a Universe");
        };
        let known = &peers.0.who.groups;
        let Some(name) = across.groupings().into_iter().find(|name| !known.contains_key(*name)) else { return Ok(()) };
        let there: Vec<&str> = known.keys().map(String::as_str).collect();
        let told = if there.is_empty() { "no labels at all".into() } else { format!("labels of {}", there.join(", ")) };
        let reason = format!("it reads the grouping {name:?}, and those that it compares have {told}");
        let mend = "give a label of each by Peers::with_group";
        match nearest(name, there) {
            Some(near) => fault(reason, &format!("did you mean {near:?}? If not, {mend}")),
            None => fault(reason, mend),
        }
    }

    /// What a plan says of this market across symbols, in each of its first so many rows: a column for each output of
    /// [`Plan::across`].
    pub(crate) fn among_peers(&self, plan: &StrategyPlan, end: usize, max_bytes: usize) -> Result<Vec<Shared<f64>>> {
        self.check_peers(plan)?;
        let (Some(across), Some(peers)) = (plan.compiled.plan().across(), &self.peers) else { return Ok(Vec::new()) };
        let panel = peers.panel()?;
        let place = panel.index_of(self.symbol())?;
        let across = peers.across(across, max_bytes)?;
        plan.held.hold(&across);
        let (times, open, n) = (panel.axis().open(), &self.columns.axis().open()[..end], panel.n_times());
        let own = across.values.iter().map(|matrix| matrix.slice(place * n..(place + 1) * n));
        if times.get(..end) == Some(open) {
            return Ok(own.map(|values| values.slice(0..end)).collect());
        }
        // A bar that the others do not know of is compared with none.
        let mut at = 0;
        let row = |t: &i64| {
            at += times[at..].partition_point(|o| o < t);
            times.get(at).filter(|o| *o == t).map(|_| at)
        };
        let rows: Vec<Option<usize>> = open.iter().map(row).collect();
        let pick =
            |values: Shared<f64>| rows.iter().map(|row| row.map_or(f64::NAN, |r| values[r])).collect::<Vec<f64>>();
        Ok(own.map(|values| pick(values).into()).collect())
    }

    /// A table with what a plan says of this market across symbols.
    pub(super) fn with_peers_of(
        &self,
        table: Columns,
        plan: &StrategyPlan,
        end: usize,
        max_bytes: usize,
    ) -> Result<Columns> {
        let of_plan = plan.compiled.plan();
        match of_plan.across() {
            Some(_) => Ok(of_plan.with_across(&table, self.among_peers(plan, end, max_bytes)?)?),
            None => Ok(table),
        }
    }
}

impl Held {
    fn hold(&self, across: &Arc<Across>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Arc::clone(across));
    }
}
