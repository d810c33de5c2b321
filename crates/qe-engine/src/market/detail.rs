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
