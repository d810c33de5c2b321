//! Stylised facts of bars, measured: what a simulated market must have in common with a real one.
//!
//! What is accepted here, and where the range comes from:
//!
//! - kurtosis of returns of a minute 8 to 200, of an hour 5 to 100, of a day 3.5 to 40: Cont (2001), facts 2 and 4;
//!   it is 16 and more at five minutes and falls with the horizon;
//! - autocorrelation of minute returns at lag 1 within 0.1 of zero: Cont (2001), fact 1;
//! - autocorrelation of absolute daily returns above 0.05 at lag 1 and not rising to lag 20: Cont (2001), facts 6 and
//!   8; Ding, Granger and Engle (1993) find 0.1 to 0.4;
//! - correlation of a day's return with the change in size around it between -0.5 and 0 for SPY: Black (1976);
//!   Bouchaud, Matacz and Potters (2001);
//! - size of returns in the first and last half hour over that at noon 1.3 to 3.5: Wood, McInish and Ord (1985);
//!   Andersen and Bollerslev (1997);
//! - share of the daily variance that falls between sessions 0.1 to 0.5: Hansen and Lunde (2005), a fifth to a third
//!   for large shares;
//! - correlation of the logarithm of minute volume with absolute return 0.2 to 0.8: Karpoff (1987);
//! - mean correlation of daily returns of the equity funds higher in the crisis than on calm days: Longin and Solnik
//!   (2001).
//!
//! References: Cont, Quantitative Finance 1 (2001); Ding, Granger and Engle, J. Empirical Finance 1 (1993); Bouchaud,
//! Matacz and Potters, Phys. Rev. Lett. 87 (2001); Hansen and Lunde, J. Financial Econometrics 3 (2005); Karpoff, JFQA
//! 22 (1987); Longin and Solnik, J. Finance 56 (2001). A measure that is undefined is NaN.

use qe_core::bars::Bars;
use qe_core::stats;
use qe_core::timeframe::Timeframe;
use serde::Serialize;

use super::Market;
use super::regime::Regime;
use crate::error::Result;

/// Facts of one fund of a market.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// Whose.
    pub symbol: String,
    /// Annual volatility of daily returns.
    pub vol_annual: f64,
    /// Raw kurtosis of returns of a minute, an hour (both within sessions) and a day.
    pub kurtosis: [f64; 3],
    /// Autocorrelation of minute returns within sessions, lag 1.
    pub acf_returns: f64,
    /// Autocorrelation of absolute daily returns, lags 1, 5 and 20.
    pub acf_abs: [f64; 3],
    /// Correlation of a day's return with the mean absolute return of the five days after it, less that of the five
    /// before.
    pub leverage: f64,
    /// Mean absolute minute return of the first and the last half hour over that of 90 minutes around noon.
    pub u_shape: f64,
    /// Variance of close-to-open returns over that and the open-to-close one.
    pub overnight_frac: f64,
    /// Correlation of minute volume with absolute return.
    pub volume_correlation: f64,
    /// Correlation of daily returns with the first fund of the market: over all days, on calm days, in the crisis.
    pub correlation: [f64; 3],
    /// The largest fall from a peak of daily closes.
    pub max_drawdown: f64,
}

impl Facts {
    /// Measures every fund of a market.
    ///
    /// # Errors
    /// When the minutes cannot be aggregated, which a simulated market rules out.
    pub fn measure(market: &Market) -> Result<Vec<Self>> {
        let (hours, days) = (market.bars(Timeframe::H1)?, market.bars(Timeframe::D1)?);
        let regimes: Vec<Regime> = market.regimes().iter().map(|r| r.regime).collect();
        let first = days.first().map(|b| returns(b.close())).unwrap_or_default();
        let all = market.minute_bars().iter().zip(&hours).zip(&days);
        Ok(all.map(|((m, h), d)| Self::of(m, h, d, &first, &regimes)).collect())
    }

    fn of(minutes: &Bars, hours: &Bars, days: &Bars, first: &[f64], regimes: &[Regime]) -> Self {
        let inside = within_sessions(minutes, days);
        let daily = returns(days.close());
        let absolute: Vec<f64> = daily.iter().map(|r| r.abs()).collect();
        let on = |keep: &dyn Fn(Regime) -> bool| {
            // The return number i ends on day i + 1.
            let both = daily.iter().zip(first).zip(&regimes[1..]).filter(|(_, r)| keep(**r)).map(|(pair, _)| pair);
            let (x, y): (Vec<f64>, Vec<f64>) = both.map(|(a, b)| (*a, *b)).unzip();
            stats::pearson(&x, &y).unwrap_or(f64::NAN)
        };
        let acf =
            |x: &[f64], lag: usize| stats::autocorrelations(x, lag).and_then(|a| a.last().copied()).unwrap_or(f64::NAN);
        Self {
            symbol: minutes.symbol().to_owned(),
            vol_annual: stats::std(&daily, 1).unwrap_or(f64::NAN) * super::tape::SESSIONS.sqrt(),
            kurtosis: [kurtosis(&inside), kurtosis(&within_sessions(hours, days)), kurtosis(&daily)],
            acf_returns: acf(&inside, 1),
            acf_abs: [1, 5, 20].map(|lag| acf(&absolute, lag)),
            leverage: leverage(&daily),
            u_shape: u_shape(minutes, days),
            overnight_frac: overnight_frac(days),
            volume_correlation: volume_correlation(minutes),
            correlation: [on(&|_| true), on(&|r| r == Regime::Calm), on(&|r| r == Regime::Crisis)],
            max_drawdown: max_drawdown(days.close()),
        }
    }
}

/// Simple returns from each price to the next.
pub fn returns(prices: &[f64]) -> Vec<f64> {
    prices.windows(2).map(|w| w[1] / w[0] - 1.0).collect()
}

/// Raw kurtosis: 3 for normal draws; NaN where it is undefined.
pub fn kurtosis(x: &[f64]) -> f64 {
    stats::kurtosis_population(x).map_or(f64::NAN, |k| k.0)
}

/// Open-to-close returns of bars, each within its session: the bar that opens a session is taken from its own open.
pub fn within_sessions(bars: &Bars, days: &Bars) -> Vec<f64> {
    let mut out = Vec::with_capacity(bars.len());
    let mut starts = days.open_time().iter().peekable();
    for i in 0..bars.len() {
        let first = starts.next_if(|t| **t <= bars.open_time()[i]).is_some();
        let from = if first || i == 0 { bars.open()[i] } else { bars.close()[i - 1] };
        out.push(bars.close()[i] / from - 1.0);
    }
    out
}

/// Correlation of a day's return with the mean size of the next five days' less that of the five before.
pub fn leverage(daily: &[f64]) -> f64 {
    const N: usize = 5;
    let size = |x: &[f64]| x.iter().map(|r| r.abs()).sum::<f64>() / N as f64;
    let (now, change): (Vec<f64>, Vec<f64>) =
        daily.windows(2 * N + 1).map(|w| (w[N], size(&w[N + 1..]) - size(&w[..N]))).unzip();
    stats::pearson(&now, &change).unwrap_or(f64::NAN)
}

/// Mean absolute return of the first and last 30 minutes of full sessions over that of the 90 in the middle.
pub fn u_shape(minutes: &Bars, days: &Bars) -> f64 {
    let all = within_sessions(minutes, days);
    let (mut ends, mut middle, mut n) = (0.0, 0.0, 0.0);
    for (open, close) in days.open_time().iter().zip(days.available()) {
        let rows = minutes.axis().rows_in(qe_core::time::TimeRange { start: *open, end: *close });
        if rows.len() == super::grid::FULL {
            let size = |r: std::ops::Range<usize>| {
                all[rows.start + r.start..rows.start + r.end].iter().map(|x| x.abs()).sum::<f64>()
            };
            ends += size(0..30) + size(360..390);
            middle += size(150..240);
            n += 1.0;
        }
    }
    if n > 0.0 { (ends / 60.0) / (middle / 90.0) } else { f64::NAN }
}

/// The share of daily variance that falls between the close and the next open.
pub fn overnight_frac(days: &Bars) -> f64 {
    let gaps: Vec<f64> = (1..days.len()).map(|i| days.open()[i] / days.close()[i - 1] - 1.0).collect();
    let inside: Vec<f64> = (1..days.len()).map(|i| days.close()[i] / days.open()[i] - 1.0).collect();
    let var = |x: &[f64]| stats::var(x, 1).unwrap_or(f64::NAN);
    var(&gaps) / (var(&gaps) + var(&inside))
}

/// Correlation of the logarithm of volume with the absolute open-to-close return.
pub fn volume_correlation(bars: &Bars) -> f64 {
    let size: Vec<f64> = bars.close().iter().zip(bars.open()).map(|(c, o)| (c / o - 1.0).abs()).collect();
    let volume: Vec<f64> = bars.volume().iter().map(|v| libm::log(*v)).collect();
    stats::pearson(&size, &volume).unwrap_or(f64::NAN)
}

/// Mean correlation of daily returns over all pairs of the given bars, on the days that `keep` names by number.
pub fn mean_correlation(days: &[&Bars], keep: impl Fn(usize) -> bool) -> f64 {
    let kept: Vec<Vec<f64>> = days
        .iter()
        .map(|b| returns(b.close()).into_iter().enumerate().filter(|(i, _)| keep(i + 1)).map(|(_, r)| r).collect())
        .collect();
    let (mut sum, mut n) = (0.0, 0.0);
    for (i, a) in kept.iter().enumerate() {
        for b in &kept[..i] {
            sum += stats::pearson(a, b).unwrap_or(f64::NAN);
            n += 1.0;
        }
    }
    sum / n
}

/// The largest fall from a peak, as a share of the peak.
pub fn max_drawdown(prices: &[f64]) -> f64 {
    let (mut peak, mut worst) = (f64::NEG_INFINITY, 0.0_f64);
    for p in prices {
        peak = peak.max(*p);
        worst = worst.max(1.0 - p / peak);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::MarketSpec;
    use qe_core::par::Pool;

    #[test]
    fn the_simulated_market_looks_like_a_real_one() {
        for seed in [1, 2, 3] {
            let market = Market::generate(&MarketSpec { seed, ..MarketSpec::default() }, &Pool::inline()).unwrap();
            let facts = Facts::measure(&market).unwrap();
            for f in &facts {
                let told = format!("seed {seed}: {f:?}");
                let [minute, hour, day] = f.kurtosis;
                assert!(
                    (8.0..200.0).contains(&minute) && (5.0..100.0).contains(&hour) && (3.5..40.0).contains(&day),
                    "{told}"
                );
                assert!(f.acf_returns.abs() < 0.1, "{told}");
                let [near, _, far] = f.acf_abs;
                assert!(near > 0.05 && near + 0.05 > far, "{told}");
                assert!((1.3..3.5).contains(&f.u_shape), "{told}");
                assert!((0.1..0.5).contains(&f.overnight_frac), "{told}");
                assert!((0.2..0.8).contains(&f.volume_correlation), "{told}");
                let target = super::super::ETFS.iter().find(|e| e.symbol == f.symbol).unwrap().vol_annual;
                assert!((0.6..1.7).contains(&(f.vol_annual / target)), "{told}");
            }
            let spy = &facts[0];
            assert!((-0.5..0.0).contains(&spy.leverage), "seed {seed}: {spy:?}");
            assert!(spy.max_drawdown > 0.28, "{spy:?}");
            let of = |s: &str| facts.iter().find(|f| f.symbol == s).unwrap().correlation[0];
            assert!(of("QQQ") > 0.8 && of("IWM") > 0.75 && of("XLE") > 0.5 && of("XBI") > 0.45 && of("EEM") > 0.6);
            assert!((-0.6..-0.15).contains(&of("TLT")) && of("GLD").abs() < 0.2, "{} {}", of("TLT"), of("GLD"));
            let days = market.bars(Timeframe::D1).unwrap();
            let equity: Vec<&Bars> = days[..6].iter().collect();
            let on = |regime| mean_correlation(&equity, |i| market.regimes()[i].regime == regime);
            assert!(on(Regime::Crisis) > on(Regime::Calm) + 0.05, "{} {}", on(Regime::Crisis), on(Regime::Calm));
        }
    }

    #[test]
    fn measures_of_made_up_series() {
        assert!((max_drawdown(&[1.0, 2.0, 1.0, 3.0]) - 0.5).abs() < 1e-15);
        assert_eq!(returns(&[2.0, 3.0, 1.5]), [0.5, -0.5]);
        // A fall is followed by large moves, a rise by small ones.
        let mut x = vec![0.01; 40];
        x[10] = -0.05;
        x[11..20].fill(0.04);
        assert!(leverage(&x) < -0.2, "{}", leverage(&x));
        assert!(kurtosis(&[]).is_nan());
    }
}
