//! Bars of a lower timeframe within a market's own: along them it is walked what a bar alone does not tell.
//!
//! A fine bar belongs to the bar within which it opens and is complete; others are left out, as those of hours that the
//! market does not trade. A bar's extremes must hold those of its fine bars, or the two tell of different prices.

use std::ops::Range;

use qe_core::bars::Bars;
use qe_core::columns::Shared;
use qe_core::ident::{Id, id_of};

use super::Market;
use crate::error::{Error, Result};
use crate::fills::{PathPolicy, Touched};
use crate::program::Execution;

/// Fine bars, and which of them belong to each row.
#[derive(Debug, Clone)]
pub(super) struct Detail {
    prices: [Shared<f64>; 4],
    available: Shared<i64>,
    /// By row: its fine bars.
    rows: Shared<[u32; 2]>,
    pub(super) id: Id,
}

/// The fine bars of a row.
#[derive(Clone, Copy)]
pub(crate) struct Fine<'a> {
    prices: [&'a [f64]; 4],
    available: &'a [i64],
}

impl Market {
    /// The same market, whose bars are made of these of a lower timeframe: under the path policy `lower_timeframe` what
    /// rests in the market is followed along them.
    ///
    /// # Errors
    /// When they are of another symbol, their timeframe is not lower, or their prices lie outside of those of the bar that
    /// they are in.
    pub fn with_detail(self, fine: &Bars) -> Result<Self> {
        let fault = |reason: String, mend: &str| Error::Market {
            place: format!("the detail of {}", self.key()),
            reason,
            mend: mend.into(),
        };
        if fine.symbol() != self.symbol() {
            return Err(fault(format!("it is of {}", fine.symbol()), "give bars of the same symbol"));
        }
        let width = |t: qe_core::timeframe::Timeframe| t.nanos().unwrap_or(i64::MAX);
        let Some(timeframe) = fine.timeframe().filter(|t| width(*t) < width(self.timeframe)) else {
            return Err(fault(format!("its bars are of {}", fine.kind()), "give bars of a lower timeframe"));
        };
        let axis = self.columns.axis();
        let (open, known) = (fine.open_time(), fine.columns().axis().available());
        let [_, high, low, _] = &self.prices;
        let mut first = 0;
        let mut rows = Vec::with_capacity(self.len());
        for (row, (&from, &to)) in axis.open().iter().zip(axis.available()).enumerate() {
            while first < open.len() && open[first] < from {
                first += 1;
            }
            let mut last = first;
            while last < open.len() && open[last] < to && known[last] <= to {
                let is_within = !(fine.low()[last] < low[row] || fine.high()[last] > high[row]);
                if !is_within {
                    let reason = format!(
                        "bar {last} of {timeframe} goes from {} to {}, and row {row}, in which it is, from {} to {}",
                        fine.low()[last],
                        fine.high()[last],
                        low[row],
                        high[row]
                    );
                    return Err(fault(reason, "make the market's bars of these, by `resample`"));
                }
                last += 1;
            }
            rows.push([first as u32, last as u32]);
            first = last;
        }
        let prices = [fine.open(), fine.high(), fine.low(), fine.close()].map(|x| Shared::from(x.to_vec()));
        let bits = |x: &Shared<f64>| x.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
        let id = id_of("detail v1", &(timeframe.to_string(), known, prices.each_ref().map(bits)))?;
        let available = fine.columns().axis().shared_available().clone();
        Ok(Self { detail: Some(Detail { prices, available, rows: rows.into(), id }), ..self })
    }

    /// Fails if a way of execution asks for what the market does not have.
    pub(crate) fn check_execution(&self, execution: &Execution) -> Result<()> {
        if execution.path == PathPolicy::LowerTimeframe && self.detail.is_none() {
            return Err(Error::Market {
                place: format!("execution.path on {}", self.key()),
                reason: "the market has no bars of a lower timeframe".into(),
                mend: "give them by `Market::with_detail`, or take another path".into(),
            });
        }
        Ok(())
    }

    /// Whether it has bars of a lower timeframe.
    pub(crate) fn has_detail(&self) -> bool {
        self.detail.is_some()
    }

    /// The fine bars of a row, if it has some.
    pub(crate) fn fine(&self, row: usize) -> Option<Fine<'_>> {
        let detail = self.detail.as_ref()?;
        let [first, last] = detail.rows[row].map(|at| at as usize);
        let part = |x: Range<usize>| Fine {
            prices: detail.prices.each_ref().map(|p| &p[x.clone()]),
            available: &detail.available[x.clone()],
        };
        (first < last).then(|| part(first..last))
    }
}

/// Fine bars as plain lists, to be altered.
#[derive(Debug, Clone)]
pub(crate) struct FineParts {
    /// Open, high, low, close.
    pub(crate) prices: [Vec<f64>; 4],
    /// When each is complete.
    pub(crate) available: Vec<i64>,
    /// By row of the market: its fine bars, from one up to another.
    pub(crate) rows: Vec<[u32; 2]>,
}

impl FineParts {
    /// The fine bars of a row that are not complete at a time.
    pub(crate) fn after(&self, row: usize, time: i64) -> Range<usize> {
        let [first, last] = self.rows[row].map(|at| at as usize);
        let n_known = self.available.partition_point(|t| *t <= time);
        first.max(n_known).min(last)..last
    }

    /// Puts open, high, low and close in the place of a fine bar's.
    pub(crate) fn put(&mut self, at: usize, bar: [f64; 4]) {
        self.prices.iter_mut().zip(bar).for_each(|(x, v)| x[at] = v);
    }
}

impl Detail {
    /// As plain lists.
    pub(super) fn parts(&self) -> FineParts {
        let prices = self.prices.each_ref().map(|x| x.to_vec());
        FineParts { prices, available: self.available.to_vec(), rows: self.rows.to_vec() }
    }

    /// Of plain lists, whose fine bars lie within the bars that they belong to.
    pub(super) fn of_parts(parts: FineParts) -> Result<Self> {
        let FineParts { prices, available, rows } = parts;
        let bits = prices.each_ref().map(|x| x.iter().map(|v| v.to_bits()).collect::<Vec<u64>>());
        let id = id_of("detail in parts v1", &(&available, &rows, bits))?;
        Ok(Self { prices: prices.map(Shared::from), available: available.into(), rows: rows.into(), id })
    }
}

impl Fine<'_> {
    /// How many: at least one.
    pub(crate) fn len(&self) -> usize {
        self.available.len()
    }

    /// A bar of them.
    pub(crate) fn bar(&self, at: usize) -> Touched {
        let [open, high, low, close] = self.prices.map(|x| x[at]);
        Touched { open, high, low, close }
    }

    /// When it is complete.
    pub(crate) fn available(&self, at: usize) -> i64 {
        self.available[at]
    }
}
