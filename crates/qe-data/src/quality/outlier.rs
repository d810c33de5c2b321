//! Returns and ranges far beyond the others of the symbol.
//!
//! With `r[t] = ln(price[t] / price[t-1])` over rows with a price above zero, a row is an outlier when
//! `|r[t] - median(r)| > outlier_mads * 1.4826 * MAD(r)`. Returns over the close of a session have a median and a MAD
//! of their own, because the night is no minute; a group of fewer than 20 returns is not judged. Where more than half
//! of the returns are equal, so that the MAD is zero, `1.2533` times the mean absolute deviation takes its place. A
//! row that takes back what the row before it did is the way back from a bad price, and does not count again.
//!
//! A bar is too wide when `ln(high / low) > wide_range_mult * median`, over bars that have a range.
//!
//! Both look at the whole of the data: they are for reports, and no column of a strategy.

use qe_core::bars::Bars;
use qe_core::calendar::SessionCursor;
use qe_core::stats::quantile::{MAD_TO_STD, mad, median};

use super::report::Tally;

/// Fewer returns than this are not judged.
const LEAST: usize = 20;
/// From the mean absolute deviation to the standard deviation of a normal distribution.
const MEAN_DEVIATION_TO_STD: f64 = 1.253_314_137_315_500_3;

/// The middle of a group of returns, and how far is too far.
#[derive(Clone, Copy)]
struct Limit {
    middle: f64,
    far: f64,
}

impl Limit {
    fn of(returns: &[f64], mads: f64) -> Option<Self> {
        if returns.len() < LEAST {
            return None;
        }
        let middle = median(returns)?;
        let mut scale = mad(returns)? * MAD_TO_STD;
        if scale == 0.0 {
            let sum = returns.iter().fold(0.0, |sum, r| sum + (r - middle).abs());
            scale = sum / returns.len() as f64 * MEAN_DEVIATION_TO_STD;
        }
        Some(Self { middle, far: mads * scale })
    }
}

/// Counts outliers among ascending rows. With `sessions`, returns over a close are judged apart.
pub(super) fn returns(
    tally: &mut Tally<'_>,
    times: &[i64],
    prices: &[f64],
    mads: f64,
    mut sessions: Option<SessionCursor>,
) -> Result<(), String> {
    let mut found: Vec<(usize, bool, f64)> = Vec::with_capacity(prices.len());
    let mut last: Option<(f64, Option<usize>)> = None;
    for (row, price) in prices.iter().enumerate().filter(|(_, p)| **p > 0.0 && p.is_finite()) {
        let session = sessions.as_mut().and_then(|c| c.session_number(times[row]));
        if let Some((before, other)) = last {
            found.push((row, session != other, libm::log(price / before)));
        }
        last = Some((*price, session));
    }
    let group = |over: bool| found.iter().filter(|f| f.1 == over).map(|f| f.2).collect::<Vec<f64>>();
    let limits = [Limit::of(&group(false), mads), Limit::of(&group(true), mads)];
    let mut before: Option<(usize, f64)> = None;
    for (k, (row, over, r)) in found.iter().enumerate() {
        let Some(limit) = limits[usize::from(*over)] else { continue };
        if (r - limit.middle).abs() <= limit.far {
            continue;
        }
        let way_back = before.is_some_and(|(j, was)| j + 1 == k && (was + r).abs() <= limit.far && was * r < 0.0);
        if way_back {
            continue;
        }
        before = Some((k, *r));
        tally.hit(*row, || format!("price {}, a log return of {r:.4}, beyond {:.4}", prices[*row], limit.far));
    }
    for (limit, over, which) in [(limits[0], false, "within sessions"), (limits[1], true, "over a close")] {
        let n = found.iter().filter(|f| f.1 == over).count();
        if limit.is_none() && n > 0 {
            return Err(format!("{n} returns {which} are too few"));
        }
    }
    Ok(())
}

/// Counts bars that are too wide.
pub(super) fn ranges(tally: &mut Tally<'_>, bars: &Bars, mult: f64) -> Result<(), String> {
    let range = |row: usize| {
        let (high, low) = (bars.high()[row], bars.low()[row]);
        if high > low && low > 0.0 { libm::log(high / low) } else { f64::NAN }
    };
    let all: Vec<f64> = (0..bars.len()).map(range).filter(|r| !r.is_nan()).collect();
    let middle = median(&all).filter(|_| all.len() >= LEAST);
    let Some(middle) = middle else { return Err(format!("{} bars with a range are too few", all.len())) };
    for row in 0..bars.len() {
        if range(row) > mult * middle {
            tally.hit(row, || format!("from {} to {}", bars.low()[row], bars.high()[row]));
        }
    }
    Ok(())
}
