//! Two runs side by side: whether they are one, where they part first, why, and how much P&L each cause carries.
//!
//! A [`Side`] is a run with all that it was made from, so that it can be repeated with some of its causes exchanged for the
//! other's. The parts of the difference are a Shapley value over such mixes (`share.rs` says why), rounded onto a grid on which
//! they add up to the whole to the last bit (`exact.rs` says how).
//!
//! ```
//! # use qe_engine::{StrategySpec, diff::{Side, diff}, market::Market, run::{RunOptions, run}};
//! # fn example(spec: &StrategySpec, market: &Market) -> qe_engine::Result<()> {
//! let dear = StrategySpec { costs: spec.costs.as_ref().map(|c| c.times(2.0)), ..spec.clone() };
//! let options = RunOptions::default();
//! let (a, b) = (run(spec, market, &options)?, run(&dear, market, &options)?);
//! let told = diff(&Side::new(spec, market, &options, &a), &Side::new(&dear, market, &options, &b))?;
//! assert_eq!(told.sum(), told.difference);
//! println!("{told}");
//! # Ok(()) }
//! ```

mod cause;
mod changed;
mod data;
mod exact;
mod mix;
mod pairs;
mod parting;
mod peers;
mod seen;
mod share;
mod text;
mod trips;

use std::collections::BTreeSet;
use std::sync::Arc;

use qe_core::ident::Id;
use serde::Serialize;

use crate::error::Result;
use crate::market::Market;
use crate::metrics::summary::Summary;
use crate::results::RunManifest;
use crate::run::{Report, RunIdentity, RunOptions};
use crate::spec::StrategySpec;
use cause::Made;

pub use cause::Cause;
pub use changed::{Changed, Place};
pub use seen::{Parting, Seen, SeenFill, What};
pub use trips::{Matched, TradeDiff};

/// A run and what it was made from.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The strategy.
    pub spec: &'a StrategySpec,
    /// What it ran over.
    pub market: &'a Market,
    /// How.
    pub options: &'a RunOptions,
    /// What came of it; of a stored run, what comes of it now.
    pub report: &'a Report,
    /// What was stored of it, if it was: its P&L and its identity are those that are compared.
    pub stored: Option<&'a RunManifest>,
}

impl<'a> Side<'a> {
    /// A run that was made just now.
    pub fn new(spec: &'a StrategySpec, market: &'a Market, options: &'a RunOptions, report: &'a Report) -> Self {
        Self { spec, market, options, report, stored: None }
    }

    /// The same, repeated from what was stored.
    #[must_use]
    pub fn repeated_from(self, stored: &'a RunManifest) -> Self {
        Self { stored: Some(stored), ..self }
    }

    fn identity(&self) -> &'a RunIdentity {
        self.stored.map_or(&self.report.identity, |stored| &stored.identity)
    }

    fn pnl(&self) -> f64 {
        self.stored.map_or_else(|| self.report.pnl(), |stored| stored.pnl)
    }
}

/// One of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// Its identity.
    pub run_id: Id,
    /// The strategy's name.
    pub strategy: Arc<str>,
    /// The symbol.
    pub symbol: String,
    /// How long a bar is.
    pub frequency: String,
    /// What it won, in money; of a stored run, as it is stored.
    pub pnl: f64,
    /// How many round trips it closed; of a stored run, as it is stored.
    pub n_trades: usize,
    /// What it is now, where that is not what is stored of it: all that stands below of bars and trades is of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Now>,
}

/// What a stored run is now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Now {
    /// Its identity.
    pub run_id: Id,
    /// What it wins, in money.
    pub pnl: f64,
    /// How many round trips it closes.
    pub n_trades: usize,
    /// In which fields its data are others than when it was stored: what they were, and what they are.
    pub data: Vec<Changed>,
}

impl Told {
    fn of(side: &Side<'_>) -> Result<Self> {
        let (identity, report) = (side.identity(), side.report);
        let closed = |summary: &Summary| summary.get("n_trades").map_or(0, |n| n as usize);
        let is_now = report.identity.run_id == identity.run_id && pairs::is_same(report.pnl(), side.pnl());
        let now = Now {
            run_id: report.identity.run_id,
            pnl: report.pnl(),
            n_trades: closed(&report.summary),
            data: cause::data_since(identity, &report.identity)?,
        };
        Ok(Self {
            run_id: identity.run_id,
            strategy: identity.strategy.clone(),
            symbol: identity.symbol.clone(),
            frequency: identity.frequency.clone(),
            pnl: side.pnl(),
            n_trades: closed(side.stored.map_or(&report.summary, |stored| &stored.summary)),
            now: (!is_now).then_some(now),
        })
    }
}

/// What a cause carries of a difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// Which; several where they cannot be told apart.
    pub causes: Vec<Cause>,
    /// How much of the difference, in money.
    pub pnl: f64,
    /// What it does by itself: A with only this of B, less A.
    pub alone: f64,
    /// What it does in the end: B, less B with only this of A.
    pub last: f64,
    /// In which fields it differs.
    pub fields: Vec<Changed>,
    /// Whether it lies between what was stored and what the same runs win now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub since_stored: bool,
    /// Why several causes cannot be told apart: what a run with some of A's and some of B's failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiffReport {
    /// One of them.
    pub a: Told,
    /// The other.
    pub b: Told,
    /// Whether they are one run, by their ids.
    pub is_same: bool,
    /// The fields in which their identities differ.
    pub identity: Vec<Changed>,
    /// Where they part, once for each respect in which they do: the first is where they part at all.
    pub partings: Vec<Parting>,
    /// What B won beyond A, in money.
    pub difference: f64,
    /// What each cause carries of that, in a fixed order; the shares, and then the residual, add up to it.
    pub shares: Vec<Share>,
    /// What the shares leave of it; nearly always 0.
    pub residual: f64,
    /// How many runs were made to tell.
    pub n_runs: usize,
    /// The difference by trades.
    pub trades: TradeDiff,
}

impl DiffReport {
    /// Whether they are one run, and what was stored of either is what it is now.
    pub fn is_one_run(&self) -> bool {
        self.is_same && self.a.now.is_none() && self.b.now.is_none()
    }

    /// Where they part first, if they do.
    pub fn first(&self) -> Option<&Parting> {
        self.partings.first()
    }

    /// The shares, and then the residual, added up in their order: the difference, to the last bit.
    pub fn sum(&self) -> f64 {
        self.shares.iter().fold(0.0, |sum, share| sum + share.pnl) + self.residual
    }

    /// What a cause carries, where it can be told from others.
    pub fn share(&self, cause: Cause) -> Option<&Share> {
        self.shares.iter().find(|share| share.causes == [cause])
    }
}

/// How two runs differ, from A to B.
///
/// It makes 2^k runs where k causes differ, at most 256, and keeps nothing of them but what each won.
///
/// # Errors
/// When a side cannot be run, or its report is not what comes of it.
pub fn diff(a: &Side<'_>, b: &Side<'_>) -> Result<DiffReport> {
    let (x, y) = (Made::of(a, "A")?, Made::of(b, "B")?);
    let mut fields = cause::of_sides(&x, &y)?;
    let causes: Vec<Cause> = fields.keys().copied().collect();
    let partings = parting::of_runs(&x, &y, parting::data_of(&fields))?;
    let mut n_runs = 0;
    let carried = share::carried(causes.len(), |mix| {
        n_runs += 1;
        let is_b = |cause: Cause| causes.iter().position(|c| *c == cause).is_some_and(|at| mix >> at & 1 == 1);
        mix::won(&x, &y, is_b)
    })?;
    let difference = b.pnl() - a.pnl();
    let mut shares: Vec<Share> = Vec::new();
    for group in carried.groups {
        let causes: Vec<Cause> = group.members.iter().filter_map(|at| causes.get(*at)).copied().collect();
        let fields = causes.iter().flat_map(|cause| fields.remove(cause).unwrap_or_default()).collect();
        let (alone, last) = (group.first, group.last);
        shares.push(Share { causes, pnl: group.mean, alone, last, fields, since_stored: false, joined: group.joined });
    }
    let (told_a, told_b) = (Told::of(a)?, Told::of(b)?);
    shares.extend(since_stored([a, b], [&told_a, &told_b], carried.ends)?);
    let raw: Vec<f64> = shares.iter().map(|share| share.pnl).collect();
    let (parts, residual) = exact::parts(&raw, difference);
    shares.iter_mut().zip(parts).for_each(|(share, part)| share.pnl = part);
    let identity = changed::of_values("", &cause::json(a.identity())?, &cause::json(b.identity())?);
    Ok(DiffReport {
        a: told_a,
        b: told_b,
        is_same: a.identity().run_id == b.identity().run_id,
        identity,
        partings,
        difference,
        shares,
        residual,
        n_runs,
        trades: trips::of_trades(&a.report.trades, &b.report.trades, difference),
    })
}

/// What stored results differ by from what their sides give now: by data that were changed, or by the version that made them.
fn since_stored(sides: [&Side<'_>; 2], told: [&Told; 2], now: [f64; 2]) -> Result<Option<Share>> {
    let mut causes: BTreeSet<Cause> = BTreeSet::new();
    let mut fields = Vec::new();
    for (((name, side), told), now) in ["a", "b"].into_iter().zip(sides).zip(told).zip(now) {
        let data = told.now.as_ref().map_or(&[][..], |now| &now.data);
        fields.extend(data.iter().map(|c| Changed { field: format!("{name}.{}", c.field), ..c.clone() }));
        if !data.is_empty() {
            causes.insert(Cause::Data);
        } else if !pairs::is_same(side.pnl(), now) {
            causes.insert(Cause::Version);
        }
    }
    let versions = |side: &Side<'_>| -> Result<serde_json::Value> {
        let identity = side.identity();
        Ok(serde_json::json!({
            "crate_version": cause::json(&identity.crate_version)?,
            "spec_version": cause::json(&identity.spec_version)?,
        }))
    };
    let [a, b] = sides;
    let other = changed::of_values("", &versions(a)?, &versions(b)?);
    if !other.is_empty() {
        causes.insert(Cause::Version);
    }
    fields.extend(other);
    if causes.is_empty() {
        return Ok(None);
    }
    let left = (b.pnl() - now[1]) - (a.pnl() - now[0]);
    let causes = causes.into_iter().collect();
    Ok(Some(Share { causes, pnl: left, alone: left, last: left, fields, since_stored: true, joined: None }))
}
