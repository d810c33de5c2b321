//! Coarser bars from ticks or finer bars, by our own bucket arithmetic.
//!
//! A bucket is `floor((t - origin) / width)` where the origin is the opening of the session that holds `t`, so the
//! first 15-minute bar of a New York day begins at 9:30 whatever the season, a half day has fewer buckets, missing
//! minutes move no edge, and it does not matter where the data begin. Edges never depend on the data: only on the
//! calendar. A bucket is cut at the session's close, so the last hour of a day may be shorter; it is *available* at
//! its end.
//!
//! Opening is the first value present in the bucket, high and low the extremes, close the last, volume the sum in
//! row order. A missing value (NaN) counts for nothing, as if its row were not there; a bucket in which all values of
//! a column are missing is NaN there, and a bucket without rows makes no bar. The same rules run over [`Bars`]
//! ([`resample`]), over trades ([`resample_ticks`]) and over a `LazyFrame` (module `frame`), with the same bits.
//!
//! [`Bars`]: qe_core::bars::Bars

mod activity;
mod bars;
mod bucket;
mod fold;

use qe_core::calendar::{Calendar, SessionHours};
use qe_core::timeframe::{Timeframe, Unit};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use activity::activity_bars;
pub use bars::{Resampled, resample, resample_ticks};
pub use bucket::{Bucket, Bucketer};
pub use fold::{Agg, Fold};

/// Which end of an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The earlier end.
    #[default]
    Left,
    /// The later end.
    Right,
}

/// How to cut time into buckets.
///
/// With `closed: Left` a bucket holds `[start, end)` and a row falls where it *opens*; with `Right` it holds
/// `(start, end]` and a row falls where it is *complete*. For gapless bars both give the same bars; for ticks they
/// differ by the ticks that sit on an edge. A tick at the very opening of a session belongs to its first bucket
/// either way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResampleSpec {
    /// How long a bucket is.
    pub timeframe: Timeframe,
    /// Whose sessions the buckets start from.
    pub calendar: Calendar,
    /// Which part of the day counts; rows outside of it are left out and counted.
    #[serde(default = "regular")]
    pub hours: SessionHours,
    /// Which end of a bucket belongs to it.
    #[serde(default)]
    pub closed: Side,
    /// Which end names it in the time column of a frame. [`qe_core::bars::Bars`] carry both ends whatever this is.
    #[serde(default)]
    pub label: Side,
}

fn regular() -> SessionHours {
    SessionHours::Regular
}

impl ResampleSpec {
    /// Buckets of `timeframe` in the regular sessions of `calendar`, closed and labelled left.
    pub fn new(timeframe: Timeframe, calendar: Calendar) -> Self {
        Self { timeframe, calendar, hours: SessionHours::Regular, closed: Side::Left, label: Side::Left }
    }

    /// The same, over other hours of the day.
    #[must_use]
    pub fn hours(mut self, hours: SessionHours) -> Self {
        self.hours = hours;
        self
    }

    /// The same, with the other end closed.
    #[must_use]
    pub fn closed(mut self, side: Side) -> Self {
        self.closed = side;
        self
    }

    /// The same, labelled by the other end.
    #[must_use]
    pub fn label(mut self, side: Side) -> Self {
        self.label = side;
        self
    }

    /// Fails if bars of `source` cannot be put together to bars of this timeframe.
    ///
    /// # Errors
    /// When that would be upsampling, or the source does not divide the target.
    pub fn check_source(&self, source: Timeframe) -> Result<()> {
        let mend = |fits: &str| format!("choose a multiple of {source}{fits}, or load finer data");
        match (source.nanos(), self.timeframe.nanos()) {
            (Some(from), Some(to)) if from > to => Err(Error::spec(
                "timeframe",
                format!("{source} bars cannot become {} bars: that would be upsampling", self.timeframe),
                mend(""),
            )),
            (Some(from), Some(to)) if !(to as u64).is_multiple_of(from as u64) => Err(Error::spec(
                "timeframe",
                format!("{} is not a whole number of {source} bars", self.timeframe),
                mend(""),
            )),
            (None, Some(_)) => Err(Error::spec(
                "timeframe",
                format!("{source} bars cannot become {} bars: that would be upsampling", self.timeframe),
                mend(", a day or longer"),
            )),
            (None, None) if !fits_coarse(source, self.timeframe) => Err(Error::spec(
                "timeframe",
                format!("{} is not a whole number of {source} bars", self.timeframe),
                "resample from daily bars",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether whole bars of `from` always fall within one bucket of `to`; both a day or longer.
fn fits_coarse(from: Timeframe, to: Timeframe) -> bool {
    match (from.unit(), to.unit()) {
        (a, b) if a == b => to.n().is_multiple_of(from.n()),
        (Unit::Day, _) => from.n() == 1,
        _ => false,
    }
}
