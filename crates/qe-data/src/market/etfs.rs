//! Eight correlated funds, minute by minute over years.
//!
//! The logarithmic return of fund `i` over a minute is `s_i (sum_k l_ik f_k + l_i own) + drift`, with `s_i` its daily
//! standard deviation, `l` its loadings on the factors of the tape (squares and own share sum to 1) and `own` a normal
//! draw with the minute's volatility; on 1 % of days a fund jumps by itself. High and low are the extremes of a
//! Brownian bridge between open and close ([`super::bridge`]). Prices are rounded to the cent last, so that the
//! rounding never adds up, and never fall below one cent. The volume of a minute is its usual volume times the
//! U-shape, times the day's activity `(vol of the day)^0.7 exp(noise)`, times `0.55 + 0.56 |r| / (its usual size)`,
//! times a lognormal factor (deviation 0.4). Coarser bars are aggregated from the minutes, exactly, by
//! [`crate::resample`].
//!
//! Volatilities, correlations and prices are round figures near those of the funds named, over the 2010s.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::par::Pool;
use qe_core::rng::Stream;
use qe_core::timeframe::Timeframe;

use super::edges::{self, PlantedEdges};
use super::grid::Grid;
use super::num::{self, two_uniforms};
use super::regime::{Crisis, RegimeDay};
use super::shape::Shapes;
use super::tape::{N_FACTORS, SESSIONS, Tape};
use super::{MarketSpec, bridge};
use crate::error::{Error, Result};
use crate::resample::{ResampleSpec, resample};

/// The parameters of one fund.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Etf {
    /// The ticker.
    pub symbol: &'static str,
    /// The price at which it begins.
    pub price: f64,
    /// Annual volatility in the long run.
    pub vol_annual: f64,
    /// Annual drift of the logarithm, beside what the market factor drifts.
    pub drift_annual: f64,
    /// Correlation with each factor: market, growth, rates, real assets.
    pub loadings: [f64; N_FACTORS],
    /// Usual volume of a minute.
    pub minute_volume: f64,
}

const fn etf(
    symbol: &'static str,
    price: f64,
    vol_annual: f64,
    drift_annual: f64,
    loadings: [f64; N_FACTORS],
    minute_volume: f64,
) -> Etf {
    Etf { symbol, price, vol_annual, drift_annual, loadings, minute_volume }
}

/// The funds that can be simulated.
pub const ETFS: [Etf; 8] = [
    etf("SPY", 280.0, 0.16, 0.0, [0.98, 0.08, -0.02, 0.0], 200_000.0),
    etf("QQQ", 165.0, 0.20, 0.02, [0.91, 0.33, 0.0, 0.0], 100_000.0),
    etf("IWM", 148.0, 0.21, -0.02, [0.90, -0.20, 0.0, 0.0], 60_000.0),
    etf("XLE", 62.0, 0.27, -0.05, [0.70, -0.35, -0.10, 0.15], 45_000.0),
    etf("XBI", 84.0, 0.31, -0.02, [0.66, 0.25, 0.0, 0.0], 13_000.0),
    etf("EEM", 41.0, 0.19, -0.05, [0.80, 0.0, 0.0, 0.15], 130_000.0),
    etf("GLD", 124.0, 0.14, 0.03, [0.03, 0.0, 0.30, 0.60], 20_000.0),
    etf("TLT", 121.0, 0.14, 0.04, [-0.36, 0.0, 0.85, 0.0], 27_000.0),
];

/// Ticks in one unit of price.
const TICKS: f64 = 100.0;

/// Where a fund stands in [`ETFS`].
pub(crate) fn find(symbol: &str) -> Option<usize> {
    ETFS.iter().position(|e| e.symbol == symbol)
}

/// A simulated market.
#[derive(Debug, Clone)]
pub struct Market {
    spec: MarketSpec,
    calendar: Calendar,
    minute: Vec<Bars>,
    regimes: Vec<RegimeDay>,
    crisis: Option<Crisis>,
    edges: Option<PlantedEdges>,
}

impl Market {
    /// Simulates a market. The number of threads changes no bit of it.
    ///
    /// # Errors
    /// When the spec cannot be simulated.
    pub fn generate(spec: &MarketSpec, pool: &Pool) -> Result<Self> {
        let spec = spec.clone().validated()?;
        let grid = Grid::new(spec.start, spec.years)?;
        let shapes = Shapes::new((0..grid.n_days()).map(|d| grid.minutes(d).len()));
        let tape = Tape::new(&spec, &grid, &shapes)?;
        let axis = grid.minute_axis()?;
        let minute = pool.try_map(spec.symbols.len(), |i| match find(&spec.symbols[i]) {
            Some(idx) => simulate(idx, &spec, &grid, &shapes, &tape, &axis),
            None => Err(Error::spec("symbols", format!("{} is unknown", spec.symbols[i]), "use one of the eight")),
        })?;
        let regimes = grid
            .sessions
            .iter()
            .zip(&tape.days)
            .map(|(session, day)| RegimeDay { session: *session, regime: day.regime, market_vol: day.market })
            .collect();
        let crisis = tape.crisis.zip(spec.crisis.as_ref()).map(|(days, c)| days.describe(c, &grid.sessions));
        let edges =
            spec.edges.as_ref().map(|e| edges::generate(spec.seed, spec.start, spec.years, e, pool)).transpose()?;
        Ok(Self { calendar: grid.calendar, spec, minute, regimes, crisis, edges })
    }

    /// What was asked for.
    pub fn spec(&self) -> &MarketSpec {
        &self.spec
    }

    /// The sessions it trades in.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Bars of one minute, a fund after the other in the order of the spec.
    pub fn minute_bars(&self) -> &[Bars] {
        &self.minute
    }

    /// The minute bars of one fund.
    ///
    /// # Errors
    /// When there is no such fund in this market.
    pub fn minute_bars_of(&self, symbol: &str) -> Result<&Bars> {
        let found = self.minute.iter().find(|b| b.symbol() == symbol);
        found.ok_or_else(|| qe_core::Error::unknown("symbol", symbol, self.minute.iter().map(Bars::symbol)).into())
    }

    /// Bars of a timeframe, aggregated from the minutes.
    ///
    /// # Errors
    /// When the timeframe is finer than a minute.
    pub fn bars(&self, timeframe: Timeframe) -> Result<Vec<Bars>> {
        if timeframe == Timeframe::M1 {
            return Ok(self.minute.clone());
        }
        let spec = ResampleSpec::new(timeframe, self.calendar.clone());
        self.minute.iter().map(|b| resample(b, &spec).map(|r| r.bars)).collect()
    }

    /// The regime of each session: the truth, which no trader could have seen.
    pub fn regimes(&self) -> &[RegimeDay] {
        &self.regimes
    }

    /// When the crash was, if there was one.
    pub fn crisis(&self) -> Option<Crisis> {
        self.crisis
    }

    /// The symbols with planted edges, if the spec asked for them.
    pub fn edges(&self) -> Option<&PlantedEdges> {
        self.edges.as_ref()
    }
}

/// Normal draws and uniform words of one session.
struct Draws {
    own: Vec<f64>,
    middle: Vec<f64>,
    volume: Vec<f64>,
}

/// Simulates one fund.
fn simulate(idx: usize, spec: &MarketSpec, grid: &Grid, shapes: &Shapes, tape: &Tape, axis: &Axis) -> Result<Bars> {
    let etf = &ETFS[idx];
    let base = Stream::new(spec.seed, "market.etf", 0);
    let stream = |part: u64| base.sibling(idx as u64 * 8 + part);
    let (mut days, mut own, mut middle, mut volumes, mut words) =
        (stream(0), stream(1), stream(2), stream(3), stream(4));
    let n = grid.n_minutes();
    let mut out = [(); 5].map(|()| Vec::with_capacity(n));
    let sd = etf.vol_annual / SESSIONS.sqrt();
    let l = etf.loadings;
    let own_share = 1.0 - l.iter().map(|l| l * l).sum::<f64>();
    let own_load = own_share.max(0.0).sqrt();
    let overnight = (spec.overnight_frac * 0.6).sqrt();
    let mut draws = Draws {
        own: vec![0.0; shapes.longest()],
        middle: vec![0.0; shapes.longest()],
        volume: vec![0.0; shapes.longest()],
    };
    let (mut price, mut activity) = (etf.price, 0.0);
    for (d, day) in tape.days.iter().enumerate() {
        let rows = grid.minutes(d);
        let len = rows.len();
        let shape = shapes.of(len);
        let gap = day.gap.iter().zip(&l).map(|(g, l)| g * l).sum::<f64>();
        let own_gap = own_load * day.other * overnight * days.student_t(5.0);
        price *= num::exp(sd * (gap + own_gap));
        let (happens, at, size) = (days.uniform(), days.below(len as u64) as usize, days.normal());
        let (jump_at, jump) = if happens < 0.01 { (at, sd * own_load * day.other * size) } else { (len, 0.0) };
        activity = 0.8 * activity + 0.12 * days.normal();
        own.fill_normal(&mut draws.own[..len]);
        middle.fill_normal(&mut draws.middle[..len]);
        volumes.fill_normal(&mut draws.volume[..len]);
        // Variance of a minute whose relative volatility is 1.
        let common = l[0] * l[0] * day.market * day.market;
        let rest = (1.0 - l[0] * l[0]) * day.other * day.other;
        let unit_var = sd * sd * (common + rest);
        let unit_sd = unit_var.sqrt();
        let own_scale = own_load * day.other;
        let drift = etf.drift_annual / SESSIONS / len as f64;
        let day_volume = etf.minute_volume * libm::exp(0.7 * libm::log(unit_sd / sd) + activity);
        let usual = 1.0 / (unit_sd * (1.0 - spec.overnight_frac).sqrt());
        for m in 0..len {
            let row = rows.start + m;
            let vol = tape.minute_vol[row];
            let factors = ((l[0] * tape.factors[0][row] + l[1] * tape.factors[1][row]) + l[2] * tape.factors[2][row])
                + l[3] * tape.factors[3][row];
            let mut x = sd * (factors + own_scale * vol * draws.own[m]) + drift;
            if m == jump_at {
                x += jump;
            }
            let [u0, u1] = two_uniforms(words.next_u64());
            let [u2, u3] = two_uniforms(words.next_u64());
            let (low, high) = bridge::extremes(x, unit_var * vol * vol, draws.middle[m], [u0, u1, u2, u3]);
            let close = price * num::exp(x);
            let size = 0.55 + 0.56 * x.abs() * usual / shape.vol[m];
            let volume = day_volume * shape.volume[m] * size * libm::exp(0.4 * draws.volume[m] - 0.08);
            out[0].push(num::round_price(price, TICKS));
            out[1].push(num::round_price(price * num::exp(high), TICKS));
            out[2].push(num::round_price(price * num::exp(low), TICKS));
            out[3].push(num::round_price(close, TICKS));
            out[4].push(num::round_positive(volume) + 1.0);
            price = close;
        }
    }
    mend_extremes(&mut out);
    Ok(Bars::new(etf.symbol, Timeframe::M1, axis.clone(), out)?)
}

/// Lifts highs and lowers lows by the last bit that rounding of an exponential may have cost.
fn mend_extremes(out: &mut [Vec<f64>; 5]) {
    let [open, high, low, close, _] = out;
    for (((o, h), l), c) in open.iter().zip(high).zip(low).zip(close) {
        *h = h.max(*o).max(*c);
        *l = l.min(*o).min(*c);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use qe_core::par::Threads;

    use super::*;

    fn small() -> MarketSpec {
        MarketSpec { years: 1, ..MarketSpec::default() }
    }

    #[test]
    fn bars_are_in_order_on_ticks_and_above_zero() {
        let market = Market::generate(&small(), &Pool::inline()).unwrap();
        assert_eq!(market.minute_bars().len(), 8);
        for b in market.minute_bars() {
            for i in 0..b.len() {
                let (o, h, l, c, v) = (b.open()[i], b.high()[i], b.low()[i], b.close()[i], b.volume()[i]);
                assert!(0.01 <= l && l <= o.min(c) && o.max(c) <= h && v >= 1.0 && v.is_finite(), "{} {i}", b.symbol());
                assert_eq!(num::round_price(c, 100.0), c);
            }
        }
    }

    #[test]
    fn the_number_of_threads_and_the_company_change_no_bit() {
        let spec = small();
        let digests: Vec<_> = [1, 2, 7]
            .into_iter()
            .map(|n| {
                let pool = Pool::new(Threads::N(NonZeroUsize::new(n).unwrap())).unwrap();
                let market = Market::generate(&spec, &pool).unwrap();
                super::super::goldens::digest(market.minute_bars().iter().map(Bars::columns))
            })
            .collect();
        assert!(digests.windows(2).all(|w| w[0] == w[1]));
        let all = Market::generate(&spec, &Pool::inline()).unwrap();
        let alone = MarketSpec { symbols: vec!["GLD".into()], ..spec };
        let alone = Market::generate(&alone, &Pool::inline()).unwrap();
        assert_eq!(alone.minute_bars()[0].close(), all.minute_bars_of("GLD").unwrap().close());
        assert!(all.minute_bars_of("SPX").unwrap_err().to_string().contains("did you mean \"SPY\""));
    }

    #[test]
    fn coarse_bars_are_the_minutes_put_together() {
        let spec = MarketSpec { symbols: vec!["SPY".into()], ..small() };
        let market = Market::generate(&spec, &Pool::inline()).unwrap();
        let (minutes, days) = (&market.minute_bars()[0], market.bars(Timeframe::D1).unwrap());
        assert_eq!(days[0].len(), market.regimes().len());
        assert_eq!(days[0].open()[0], minutes.open()[0]);
        assert_eq!(days[0].close().last(), minutes.close().last());
        let high = minutes.high()[..390].iter().fold(0.0_f64, |a, b| a.max(*b));
        assert_eq!(days[0].high()[0], high);
        assert_eq!(market.bars(Timeframe::M5).unwrap()[0].open()[1], minutes.open()[5]);
    }
}
