//! What is wrong with data, counted, with places, before anything is computed from them.
//!
//! [`check_bars`], [`check_ticks`], [`check_quotes`] and [`check_chain`] look at arrays; [`check_times`] looks at raw
//! times before they are sorted; and a loader hands in what it saw on the way as an [`Intake`]. A [`QualityPolicy`]
//! says for each [`Check`] whether it is ignored, reported or fatal, and what counts as too much. Nothing is repaired
//! here, and nothing is dropped: a [`QualityReport`] is a value to read, to store, and to [`QualityReport::enforce`].
//!
//! One leaf holds the checks of one family, with the formula at its head.

mod outlier;
mod policy;
mod prices;
mod report;
mod sessions;
mod stale;
mod times;

use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::chain::Chain;
use qe_core::columns::Axis;
use qe_core::ticks::{Quotes, Ticks};
use qe_core::time::TimeRange;

pub use self::policy::{Action, Check, QualityPolicy};
use self::report::Sheet;
pub use self::report::{Finding, Intake, Place, QualityReport, Skipped, Verdict};
pub use self::times::check_times;

/// What the rows should be: whose sessions, which hours, over which stretch.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whose sessions the rows belong to.
    pub calendar: Calendar,
    /// The hours that the data have. Bars are expected in the regular ones alone.
    pub hours: SessionHours,
    /// The stretch that was asked for; without one, from the first bar to the last.
    pub range: Option<TimeRange>,
    /// What the loader saw.
    pub intake: Option<Intake>,
}

impl Scope {
    /// The regular hours of a calendar, from the first row to the last.
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar, hours: SessionHours::Regular, range: None, intake: None }
    }

    /// The same, over other hours.
    #[must_use]
    pub fn hours(mut self, hours: SessionHours) -> Self {
        self.hours = hours;
        self
    }

    /// The same, over a stretch that should be there whole.
    #[must_use]
    pub fn range(mut self, range: TimeRange) -> Self {
        self.range = Some(range);
        self
    }

    /// The same, with what the loader saw.
    #[must_use]
    pub fn intake(mut self, intake: Intake) -> Self {
        self.intake = Some(intake);
        self
    }
}

/// Looks at bars.
pub fn check_bars(bars: &Bars, scope: &Scope, policy: &QualityPolicy) -> QualityReport {
    let times = bars.open_time();
    let calendar = &scope.calendar;
    let mut sheet = Sheet::new(bars.symbol(), format!("bars {}", bars.kind()), times, policy);
    let ohlc: [(&str, &[f64]); 4] =
        [("open", bars.open()), ("high", bars.high()), ("low", bars.low()), ("close", bars.close())];

    let mut expected = None;
    sheet.run_of(Check::Gaps, 0, |tally, _| {
        expected = Some(sessions::gaps(tally, bars, calendar, scope.hours, scope.range)?);
        Ok(())
    });
    if let Some(e) = expected {
        (sheet.report.n_expected, sheet.report.n_missing) = (Some(e.n), Some(e.missing));
        if let Some(gaps) = sheet.report.findings.iter_mut().find(|f| f.check == Check::Gaps) {
            gaps.share_frac = e.missing as f64 / e.n.max(1) as f64;
        }
    }
    sheet.run(Check::MissingValue, |tally, _| prices::missing_in_bars(tally, bars));
    sheet.run(Check::NegativePrice, |tally, _| prices::any(tally, &ohlc, |v| v < 0.0));
    sheet.run(Check::NegativeVolume, |tally, _| prices::any(tally, &[("volume", bars.volume())], |v| v < 0.0));
    sheet.run(Check::OhlcOrder, |tally, _| prices::ohlc_order(tally, bars));
    let n = times.len() as u64;
    match bars.timeframe().map(|tf| (tf, tf.nanos())) {
        Some((_, Some(width))) => {
            sheet.run_of(Check::OffGrid, n, |tally, _| {
                covered(calendar, bars.axis())?;
                sessions::off_grid(tally, times, width, calendar, scope.hours);
                Ok(())
            });
            outside(&mut sheet, bars.axis(), scope);
        }
        Some((tf, None)) => sheet.run_of(Check::OutsideSession, n, |tally, _| {
            covered(calendar, bars.axis())?;
            sessions::second(tally, times, calendar, tf);
            Ok(())
        }),
        None => outside(&mut sheet, bars.axis(), scope),
    }
    let daily = bars.timeframe().is_some_and(|tf| !tf.is_intraday());
    sheet.run_of(Check::Outlier, n, |tally, policy| {
        let sessions = (!daily).then(|| calendar.cursor());
        outlier::returns(tally, times, bars.close(), policy.outlier_mads, sessions)
    });
    sheet.run(Check::StaleRun, |tally, policy| stale::runs(tally, bars, policy.stale_bars));
    sheet.run_of(Check::WideRange, n, |tally, policy| outlier::ranges(tally, bars, policy.wide_range_mult));
    sheet.run(Check::ZeroPrice, |tally, _| prices::any(tally, &ohlc, |v| v == 0.0));
    sheet.run(Check::ZeroVolume, |tally, _| prices::any(tally, &[("volume", bars.volume())], |v| v == 0.0));
    sheet.finish(scope.intake.as_ref())
}

/// Looks at trades.
pub fn check_ticks(ticks: &Ticks, scope: &Scope, policy: &QualityPolicy) -> QualityReport {
    let times = ticks.time();
    let mut sheet = Sheet::new(ticks.symbol(), "trades".to_owned(), times, policy);
    let (price, size): (&[(&str, &[f64])], _) = (&[("price", ticks.price())], [("size", ticks.size())]);
    sheet.run(Check::MissingValue, |tally, _| prices::any(tally, &[price[0], size[0]], f64::is_nan));
    sheet.run(Check::NegativePrice, |tally, _| prices::any(tally, price, |v| v < 0.0));
    sheet.run(Check::NegativeVolume, |tally, _| prices::any(tally, &size, |v| v < 0.0));
    sheet.run_of(Check::Outlier, times.len() as u64, |tally, policy| {
        outlier::returns(tally, times, ticks.price(), policy.outlier_mads, Some(scope.calendar.cursor()))
    });
    outside(&mut sheet, ticks.axis(), scope);
    sheet.run(Check::ZeroPrice, |tally, _| prices::any(tally, price, |v| v == 0.0));
    sheet.run(Check::ZeroVolume, |tally, _| prices::any(tally, &size, |v| v == 0.0));
    sheet.finish(scope.intake.as_ref())
}

/// Looks at quotes. A side that is not there is a missing value.
pub fn check_quotes(quotes: &Quotes, scope: &Scope, policy: &QualityPolicy) -> QualityReport {
    let (bid, ask) = (quotes.bid(), quotes.ask());
    let mut sheet = Sheet::new(quotes.symbol(), "quotes".to_owned(), quotes.axis().open(), policy);
    let sides: [(&str, &[f64]); 2] = [("bid", bid), ("ask", ask)];
    let sizes: [(&str, &[f64]); 2] = [("bid_size", quotes.bid_size()), ("ask_size", quotes.ask_size())];
    sheet.run(Check::CrossedQuote, |tally, _| prices::crossed(tally, bid, ask, false));
    sheet.run(Check::LockedQuote, |tally, _| prices::crossed(tally, bid, ask, true));
    sheet.run(Check::MissingValue, |tally, _| prices::any(tally, &sides, f64::is_nan));
    sheet.run(Check::NegativePrice, |tally, _| prices::any(tally, &sides, |v| v < 0.0));
    sheet.run(Check::NegativeVolume, |tally, _| prices::any(tally, &sizes, |v| v < 0.0));
    outside(&mut sheet, quotes.axis(), scope);
    sheet.run(Check::ZeroPrice, |tally, _| prices::any(tally, &sides, |v| v == 0.0));
    sheet.finish(scope.intake.as_ref())
}

/// Looks at option quotes. A side without a quote and a bid of zero are nothing special here; an underlying without
/// a price is a missing value.
pub fn check_chain(chain: &Chain, scope: &Scope, policy: &QualityPolicy) -> QualityReport {
    let (bid, ask) = (chain.bid(), chain.ask());
    let under: (&str, &[f64]) = ("underlying", chain.underlying_price());
    let mut sheet = Sheet::new(chain.underlying(), "option quotes".to_owned(), chain.time(), policy);
    let sizes: [(&str, &[f64]); 4] = [
        ("bid_size", chain.bid_size()),
        ("ask_size", chain.ask_size()),
        ("volume", chain.volume()),
        ("open_interest", chain.open_interest()),
    ];
    sheet.run(Check::CrossedQuote, |tally, _| prices::crossed(tally, bid, ask, false));
    sheet.run(Check::ExpiredQuote, |tally, _| prices::expired(tally, chain));
    sheet.run(Check::LockedQuote, |tally, _| prices::crossed(tally, bid, ask, true));
    sheet.run(Check::MissingValue, |tally, _| prices::any(tally, &[under], f64::is_nan));
    sheet.run(Check::NegativePrice, |tally, _| prices::any(tally, &[("bid", bid), ("ask", ask), under], |v| v < 0.0));
    sheet.run(Check::NegativeVolume, |tally, _| prices::any(tally, &sizes, |v| v < 0.0));
    if let Ok(axis) = Axis::instants(chain.time().to_vec()) {
        outside(&mut sheet, &axis, scope);
    }
    sheet.run(Check::ZeroPrice, |tally, _| prices::any(tally, &[("ask", ask), under], |v| v == 0.0));
    sheet.finish(scope.intake.as_ref())
}

/// Looks for rows outside of trading.
fn outside(sheet: &mut Sheet<'_>, axis: &Axis, scope: &Scope) {
    sheet.run_of(Check::OutsideSession, axis.len() as u64, |tally, _| {
        covered(&scope.calendar, axis)?;
        sessions::outside(tally, axis.open(), &scope.calendar, scope.hours);
        Ok(())
    });
}

/// Whether the calendar knows the days of all rows.
fn covered(calendar: &Calendar, axis: &Axis) -> Result<(), String> {
    calendar.ensure_covers(axis.span()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
