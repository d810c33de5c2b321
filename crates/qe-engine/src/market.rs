//! The data of one symbol as a simulation reads it: prices, days, what may be filled. Made once, shared by all threads.

mod detail;
mod parts;
mod peers;
mod prices;
mod symbols;

use std::sync::{Arc, OnceLock};

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Columns, Shared};
use qe_core::ident::{Id, id_of};
use qe_core::instrument::Instrument;
use qe_core::time::{Date, TimeRange};
use qe_core::timeframe::Timeframe;
use qe_data::identity::{DataIdentity, IdentityBuilder};

use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::inputs::CostInputs;
use crate::ledger::{Line, MarkSource};
use crate::masks::Forbidden;
pub use crate::masks::Masks;
use crate::sim::record::Refusal;
use detail::Detail;
pub(crate) use detail::Fine;
pub(crate) use parts::Parts;
pub use peers::{Compared, Held, Peers};
pub use prices::check_prices;
pub(crate) use symbols::DataRead;
pub use symbols::Symbols;

/// A year of borrowing and funding, in nanoseconds.
const YEAR: f64 = 365.0 * 86_400e9;

/// The most rows that a market may have.
const MAX_ROWS: usize = u32::MAX as usize / 2;

/// One symbol's bars and features, ready for simulation.
#[derive(Debug, Clone)]
pub struct Market {
    /// What is traded.
    line: Line,
    timeframe: Timeframe,
    identity: Arc<OnceLock<DataIdentity>>,
    calendar: Calendar,
    columns: Columns,
    symbols: Symbols,
    peers: Option<Peers>,
    /// Open, high, low, close.
    prices: [Shared<f64>; 4],
    /// At which positions are marked: closes, or a column of another name. A missing one is the last that was there.
    marks: Shared<f64>,
    mark_column: Option<Arc<str>>,
    /// Closes of which a missing one is the last that was there.
    closes: Shared<f64>,
    n_filled: usize,
    /// The number of each row's day.
    day: Shared<u32>,
    /// The last row of each day.
    day_end: Shared<u32>,
    /// The first row that is complete when each day's session is over, or later; `u32::MAX` where there is none.
    day_close: Shared<u32>,
    dates: Vec<Date>,
    steps_per_year: f64,
    days_per_year: f64,
    forbidden: Forbidden,
    /// Between bid and ask as of each row's close, as a fraction of the price; NaN where it is not known.
    spread: Option<Shared<f64>>,
    /// Bars of a lower timeframe.
    detail: Option<Detail>,
    /// Volume and volatility by day, computed when they are first asked for.
    inputs: Arc<OnceLock<CostInputs>>,
    /// The time between bars, computed when it is first asked for.
    years: Arc<OnceLock<Vec<f64>>>,
    /// Whether every row has all its prices.
    is_whole: bool,
}

impl Market {
    /// The market of some bars, whose calendar says what a day is.
    ///
    /// # Errors
    /// When there are no bars, no clock closes them, or [`check_prices`] fails.
    pub fn new(bars: &Bars, calendar: &Calendar) -> Result<Self> {
        let place = || bars.symbol().to_owned();
        let fault = |reason: String, mend: &str| Error::Market { place: place(), reason, mend: mend.into() };
        let Some(timeframe) = bars.timeframe() else {
            return Err(fault(format!("its bars are closed by {}", bars.kind()), "give bars of a timeframe"));
        };
        let n = bars.len();
        if n == 0 || n > MAX_ROWS {
            return Err(fault(format!("it has {n} bars"), "give at least one, and fewer than two thousand million"));
        }
        check_prices(bars)?;
        let (mut cursor, mut day, mut dates, mut day_end) =
            (calendar.cursor(), Vec::with_capacity(n), Vec::new(), Vec::new());
        for (row, &at) in bars.open_time().iter().enumerate() {
            let date = cursor.day_of(at);
            if dates.last() != Some(&date) {
                dates.push(date);
                day_end.push(row as u32);
            }
            day.push(dates.len() as u32 - 1);
            if let Some(last) = day_end.last_mut() {
                *last = row as u32;
            }
        }
        let known = bars.available();
        let close_of = |(date, end): (&Date, &u32)| match calendar.session(*date) {
            Some(session) => known.partition_point(|t| *t < session.close),
            None => *end as usize,
        };
        let closes = dates.iter().zip(&day_end).map(close_of);
        let day_close: Vec<u32> = closes.map(|row| if row < n { row as u32 } else { u32::MAX }).collect();
        let price = |x: &[f64]| Shared::from(x.to_vec());
        let shared = |name: &str, x: &[f64]| match bars.columns().get(name) {
            Ok(column) => column.to_f64(),
            Err(_) => price(x),
        };
        let close = shared("close", bars.close());
        let (marks, n_filled) = match bars.close().iter().filter(|close| close.is_nan()).count() {
            // One piece of memory for both: what is read as the one is near as the other.
            0 => (close.clone(), 0),
            n => (filled(bars.open(), bars.close()).into(), n),
        };
        Ok(Self {
            line: Line::of_symbol(bars.symbol()),
            timeframe,
            identity: Arc::default(),
            columns: bars.columns().clone(),
            symbols: Symbols::default(),
            peers: None,
            prices: [shared("open", bars.open()), shared("high", bars.high()), shared("low", bars.low()), close],
            closes: marks.clone(),
            marks,
            mark_column: None,
            n_filled,
            day: day.into(),
            day_end: day_end.into(),
            day_close: day_close.into(),
            dates,
            steps_per_year: calendar.periods_per_year(timeframe),
            days_per_year: calendar.sessions_per_year(),
            calendar: calendar.clone(),
            forbidden: Forbidden::default(),
            spread: None,
            detail: None,
            inputs: Arc::default(),
            years: Arc::default(),
            is_whole: [bars.open(), bars.high(), bars.low(), bars.close()]
                .iter()
                .all(|x| !x.iter().any(|v| v.is_nan())),
        })
    }

    /// The same market with masks of what may be done in each row.
    ///
    /// # Errors
    /// When a mask has another length than the market.
    pub fn with_masks(mut self, masks: &Masks) -> Result<Self> {
        self.forbidden = Forbidden::new(masks, self.len()).map_err(|(name, n)| Error::Market {
            place: format!("the mask {name} of {}", self.symbol()),
            reason: format!("it has {n} rows, and the market has {}", self.len()),
            mend: "give one for each bar, or none".into(),
        })?;
        Ok(self)
    }

    /// The same market, in which nothing fills in rows where this is false: halts, rows before a listing.
    ///
    /// # Errors
    /// When it has another length than the market.
    pub fn with_tradable(self, tradable: &[bool]) -> Result<Self> {
        self.with_masks(&Masks { tradable: tradable.to_vec(), ..Masks::default() })
    }

    /// The same market with its own spreads: between bid and ask as each row is complete, as a fraction of the price, NaN
    /// where it is not known. Cost models with [`CostModel::market_spread_times`] pay them.
    ///
    /// # Errors
    /// When they are not one for each row, or one is no fraction from 0 to below 1.
    pub fn with_spread(mut self, spread: &[f64]) -> Result<Self> {
        let fault = |reason: String, mend: &str| Error::Market {
            place: format!("the spread of {}", self.symbol()),
            reason,
            mend: mend.into(),
        };
        if spread.len() != self.len() {
            let reason = format!("it has {} rows, and the market has {}", spread.len(), self.len());
            return Err(fault(reason, "give one for each bar, or none"));
        }
        if let Some(row) = spread.iter().position(|x| !(x.is_nan() || (0.0..1.0).contains(x))) {
            let reason = format!("it is {} in row {row}", spread[row]);
            return Err(fault(reason, "give a fraction of the price from 0 to below 1, or NaN if it is not known"));
        }
        // As it is hashed: one zero, one NaN.
        let one = |x: &f64| if x.is_nan() { f64::NAN } else { x + 0.0 };
        self.spread = Some(spread.iter().map(one).collect::<Vec<f64>>().into());
        Ok(self)
    }

    /// The same market, of this instrument. Its multiplier makes a unit so much more than its price: units are contracts.
    /// Its lot and tick are told to ledgers and impose nothing; sizes have lots of their own.
    ///
    /// # Errors
    /// When the instrument cannot be used, or is another one than the bars are of.
    pub fn with_instrument(self, instrument: &Instrument) -> Result<Self> {
        let line = Line::of(&instrument.clone().validated()?);
        if line.symbol != self.line.symbol {
            return Err(Error::Market {
                place: format!("the instrument of {}", self.symbol()),
                reason: format!("it is {}", line.symbol),
                mend: "give the instrument that the bars are of".into(),
            });
        }
        Ok(Self { line: Line { marks: self.line.marks, ..line }, ..self })
    }

    /// The same market, in which positions are marked at one of its columns instead of its closes, as a leg that is quoted and
    /// seldom traded is: at the bid if it is held, at the ask if it is owed, or at what a model says. It is one column, whatever
    /// side the position is on; fills are at prices as ever. A missing value is the last that was there, before the first the
    /// close, and counted as missing closes are ([`Market::n_filled`]). Strategies that are data mark at closes and refuse such
    /// a market; a [`BarStrategy`](crate::broker::BarStrategy) takes it.
    ///
    /// # Errors
    /// When there is no such column, it has no value or an infinite one, or the source is the close.
    pub fn with_marks(mut self, source: MarkSource, column: &str) -> Result<Self> {
        let values = self.columns.get(column)?.to_f64();
        let fault = |reason: String, mend: &str| Error::Market {
            place: format!("the marks of {}", self.symbol()),
            reason,
            mend: mend.into(),
        };
        if source == MarkSource::Close {
            let reason = format!("`{column}` is given as the close");
            return Err(fault(reason, "say what it is: bid, ask, mid or model; closes need not be given"));
        }
        if let Some(row) = values.iter().position(|x| x.is_infinite()) {
            let reason = format!("`{column}` is {} in row {row}", values[row]);
            return Err(fault(reason, "give numbers, or NaN where there is none"));
        }
        if values.iter().all(|x| x.is_nan()) {
            return Err(fault(format!("`{column}` has no value"), "give some, or leave it out: closes are marks then"));
        }
        self.mark_at(source, column)?;
        Ok(self)
    }

    /// Marks positions at a column, whatever it says: where it has no value yet, at closes.
    ///
    /// # Errors
    /// When there is no such column.
    fn mark_at(&mut self, source: MarkSource, column: &str) -> Result<()> {
        let values = self.columns.get(column)?.to_f64();
        let mut last = f64::NAN;
        let marks = values.iter().zip(self.closes.iter()).map(|(value, close)| {
            last = if value.is_nan() { last } else { *value };
            if last.is_nan() { *close } else { last }
        });
        self.marks = marks.collect::<Vec<f64>>().into();
        self.n_filled = values.iter().filter(|x| x.is_nan()).count();
        (self.mark_column, self.line.marks) = (Some(column.into()), source);
        Ok(())
    }

    /// The column at which positions are marked, if that is not the close.
    pub(crate) fn mark_column(&self) -> Option<&str> {
        self.mark_column.as_deref()
    }

    /// That positions are marked at closes.
    ///
    /// # Errors
    /// When they are marked at something else, at which strategies that are data do not look.
    pub(crate) fn check_marks(&self) -> Result<()> {
        match &self.mark_column {
            None => Ok(()),
            Some(column) => Err(Error::Market {
                place: self.key(),
                reason: format!("its positions are marked at `{column}`, and a strategy that is data marks at closes"),
                mend: "leave `Market::with_marks` out, or trade it as a `BarStrategy`".into(),
            }),
        }
    }

    /// Closes of which a missing one is the last that was there.
    #[inline]
    pub(crate) fn closes_filled(&self) -> &[f64] {
        &self.closes
    }

    /// Whose.
    pub fn symbol(&self) -> &str {
        &self.line.symbol
    }

    /// What is traded, as ledgers tell it.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Currency per point of price and unit.
    #[inline]
    pub(crate) fn multiplier(&self) -> f64 {
        self.line.multiplier
    }

    /// Symbol and timeframe: `SPY 5m`.
    pub fn key(&self) -> String {
        format!("{} {}", self.symbol(), self.timeframe)
    }

    /// How long a bar is.
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// What its own data are: computed from their values once, unless it was given.
    ///
    /// # Errors
    /// When the values cannot be hashed.
    pub fn identity(&self) -> Result<&DataIdentity> {
        if let Some(known) = self.identity.get() {
            return Ok(known);
        }
        let mut builder = IdentityBuilder::new(format!("bars {}", self.timeframe));
        builder.push(self.symbol(), &self.columns)?;
        let made = builder.finish(None, None)?;
        Ok(self.identity.get_or_init(|| made))
    }

    /// The same market, whose data are known: vendor, day of download and all.
    #[must_use]
    pub fn with_identity(self, identity: DataIdentity) -> Self {
        Self { identity: Arc::new(OnceLock::from(identity)), ..self }
    }

    /// What it is as a whole: the data, and what was given beside them that results depend on: masks, spreads, a
    /// multiplier.
    ///
    /// # Errors
    /// As [`Market::identity`].
    pub fn id(&self) -> Result<Id> {
        let data = self.identity()?.id;
        let is_bare = self.forbidden.is_none() && self.spread.is_none() && self.multiplier() == 1.0;
        let id = match is_bare {
            true => data,
            false => id_of("market v1", &(data, self.forbidden.words(), self.spread.as_deref(), self.multiplier()))?,
        };
        let id = match &self.mark_column {
            None => id,
            Some(column) => id_of("market marked v1", &(id, column, self.line.marks))?,
        };
        match &self.detail {
            Some(detail) => Ok(id_of("market in detail v1", &(id, detail.id))?),
            None => Ok(id),
        }
    }

    /// What a day and a year are, and which row of its data set is the first: what results depend on beside the values.
    ///
    /// # Errors
    /// None that is known of.
    pub fn calendar_id(&self) -> Result<Id> {
        Ok(id_of("calendar of rows v1", &(&self.calendar, self.columns.first_row()))?)
    }

    /// What a day is.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// What expressions read.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// How many bars.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none: never.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// How many closes, or other marks, are missing, and are the last that was there.
    pub fn n_filled(&self) -> usize {
        self.n_filled
    }

    /// How many closes are missing in some rows.
    pub(crate) fn n_filled_in(&self, rows: std::ops::Range<usize>) -> usize {
        if self.n_filled == 0 { 0 } else { self.close()[rows].iter().filter(|v| v.is_nan()).count() }
    }

    /// Bars a year.
    pub fn steps_per_year(&self) -> f64 {
        self.steps_per_year
    }

    /// Days a year.
    pub fn days_per_year(&self) -> f64 {
        self.days_per_year
    }

    /// The days, ascending.
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The rows that open within a stretch of time.
    pub fn rows_in(&self, range: TimeRange) -> std::ops::Range<usize> {
        self.columns.axis().rows_in(range)
    }

    #[inline]
    pub(crate) fn open(&self) -> &[f64] {
        &self.prices[0]
    }

    #[inline]
    pub(crate) fn high(&self) -> &[f64] {
        &self.prices[1]
    }

    #[inline]
    pub(crate) fn low(&self) -> &[f64] {
        &self.prices[2]
    }

    #[inline]
    pub(crate) fn close(&self) -> &[f64] {
        &self.prices[3]
    }

    pub(crate) fn shared_marks(&self) -> Shared<f64> {
        self.marks.clone()
    }

    /// At which positions are marked: closes, if [`Market::with_marks`] does not say otherwise. A missing one is the last that
    /// was there.
    #[inline]
    pub fn marks(&self) -> &[f64] {
        &self.marks
    }

    #[inline]
    pub(crate) fn day(&self) -> &[u32] {
        &self.day
    }

    #[inline]
    pub(crate) fn day_end(&self) -> &[u32] {
        &self.day_end
    }

    /// The first row that is complete when each day's session is over, or later: its last bar, or where that is missing
    /// the next there is.
    #[inline]
    pub(crate) fn day_close(&self) -> &[u32] {
        &self.day_close
    }

    /// What holding a position of a value costs in a row: borrowing since the row before, and funding at the funding times
    /// that lie between the two.
    #[inline]
    pub(crate) fn carry(&self, row: usize, side: f64, value: f64, costs: &CostModel) -> f64 {
        const HOUR: i64 = 3_600_000_000_000;
        let mut money = 0.0;
        if side < 0.0 {
            money += value * costs.borrow_annual * self.years()[row];
        }
        if costs.funding_hours > 0 && row > 0 {
            let known = self.columns.axis().available();
            let before = known[row - 1];
            let each = i64::from(costs.funding_hours) * HOUR;
            let n = known[row].div_euclid(each) - before.div_euclid(each);
            money += side * value * costs.funding_annual * (n as f64 * each as f64 / YEAR);
        }
        money
    }

    /// What part of a year lies between the end of the row before and that of each row; nothing before the first.
    fn years(&self) -> &[f64] {
        self.years.get_or_init(|| {
            let known = self.columns.axis().available();
            std::iter::once(0.0).chain(known.windows(2).map(|k| (k[1] - k[0]) as f64 / YEAR)).collect()
        })
    }

    /// What its own spreads take.
    pub(crate) fn n_spread_bytes(&self) -> usize {
        self.spread.as_ref().map_or(0, |spread| 8 * spread.len())
    }

    /// That the market has what a cost model asks of it.
    ///
    /// # Errors
    /// When spreads are asked of it, and it has none.
    pub(crate) fn check_costs(&self, costs: &CostModel) -> Result<()> {
        if costs.asks_market() && self.spread.is_none() {
            return Err(Error::Market {
                place: format!("costs.market_spread_times on {}", self.key()),
                reason: "the market has no spreads of its own".into(),
                mend: "give them by `Market::with_spread`, or leave the field out".into(),
            });
        }
        Ok(())
    }

    /// The spread that a fill pays by a cost model, where this row is the last that is complete; before the first there is
    /// none.
    #[inline]
    pub(crate) fn spread_frac(&self, known: Option<usize>, costs: &CostModel) -> f64 {
        match (&self.spread, known) {
            (Some(spread), Some(row)) if costs.asks_market() && !spread[row].is_nan() => {
                spread[row] * costs.market_spread_times
            }
            _ => costs.spread_frac,
        }
    }

    /// Whether every row has all its prices and may fill.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_whole && self.forbidden.is_none()
    }

    /// Whether a row may not fill.
    #[inline]
    pub(crate) fn is_blocked(&self, row: usize) -> bool {
        self.forbidden.is_blocked(row)
    }

    /// Why a position of a side may not be opened in a row, if so.
    #[inline]
    pub(crate) fn entry_refusal(&self, row: usize, side: f64) -> Option<Refusal> {
        self.forbidden.entry(row, side)
    }

    /// What costs are made of, day by day.
    pub fn cost_inputs(&self) -> &CostInputs {
        self.inputs.get_or_init(|| CostInputs::new(self))
    }
}

/// Closes in which a missing one is the last that was there. Before the first a position can only come from an open, so the last
/// open marks it. Before any open nothing can be held: the number only has to be one.
fn filled(open: &[f64], close: &[f64]) -> Vec<f64> {
    let mut last = 1.0;
    let first = close.iter().take_while(|close| close.is_nan()).count();
    let mut marks = Vec::with_capacity(close.len());
    for price in open[..first].iter().chain(&close[first..]) {
        last = if price.is_nan() { last } else { *price };
        marks.push(last);
    }
    marks
}
