//! What all funds of a market share: factor returns minute by minute, and the volatility of the day and of the minute.
//!
//! Four factors: market, growth, rates, real assets; each has unit variance per day in the long run. On day `d` the
//! market factor has the variance `m_d^2 h_d`, where `m` is the regime's multiplier and `h` a GJR-GARCH(1,1): `h' =
//! w + (a + g [e < 0]) e^2 + b h`, `e` the day's factor return over `m`, with a = 0.01, g = 0.18, b = 0.88,
//! `w = 1 - a - g/2 - b`, so that `E h = 1` and a fall raises volatility more than a rise. The other factors and what
//! is a fund's own have the standard deviation `o_d h_d^(1/4)`, `o` the regime's other multiplier. A share of the
//! variance falls between sessions, drawn from Student's t with 5 degrees of freedom. Within the session each minute's
//! standard deviation is the U-shape times `v = exp(y - s^2)`, `y` an AR(1) (0.98 a minute, deviation s = 0.45) that
//! starts each session from its long-run law: it makes the tails of minutes fat and volatility cluster within the day.
//! On 1.5 % of the days the market jumps at one minute by a normal draw (mean -0.15, deviation 0.6 of the day's).
//!
//! Over a crisis each factor return of the market is shifted by one constant a minute, so that the fall and the
//! recovery come to exactly what the spec says; the shift is not seen by `h`.
//!
//! References: Glosten, Jagannathan and Runkle, J. Finance 48 (1993); Andersen and Bollerslev (1997); Merton,
//! J. Financial Economics 3 (1976).

use qe_core::rng::Stream;

use super::MarketSpec;
use super::grid::{FULL, Grid};
use super::num;
use super::regime::{self, CrisisDays, Regime};
use super::shape::Shapes;
use crate::error::Result;

/// How many factors.
pub(crate) const N_FACTORS: usize = 4;
/// Degrees of freedom of what happens between sessions.
const GAP_DF: f64 = 5.0;
/// GJR-GARCH: reaction, leverage, memory.
const GJR: [f64; 3] = [0.01, 0.18, 0.88];
/// Minute volatility: memory per minute, deviation.
const MINUTE_VOL: [f64; 2] = [0.98, 0.45];
/// The annual volatility of a fund that is the market factor alone; the depth of a crisis is stated for it.
pub(crate) const MARKET_VOL_ANNUAL: f64 = 0.16;
/// Sessions in a year, for parameters that are stated per year.
pub(crate) const SESSIONS: f64 = 252.0;

/// The state of one day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    /// The regime.
    pub(crate) regime: Regime,
    /// Standard deviation of the market factor.
    pub(crate) market: f64,
    /// Standard deviation of everything else.
    pub(crate) other: f64,
    /// Factor returns between the last close and this open.
    pub(crate) gap: [f64; N_FACTORS],
}

/// What all funds share.
#[derive(Debug)]
pub(crate) struct Tape {
    pub(crate) days: Vec<Day>,
    /// Factor returns, minute by minute.
    pub(crate) factors: [Vec<f64>; N_FACTORS],
    /// Standard deviation of each minute in units of the day's, with everything but the day.
    pub(crate) minute_vol: Vec<f64>,
    pub(crate) crisis: Option<CrisisDays>,
}

impl Tape {
    /// Simulates the tape.
    ///
    /// # Errors
    /// When the crisis does not fit into the span.
    pub(crate) fn new(spec: &MarketSpec, grid: &Grid, shapes: &Shapes) -> Result<Self> {
        let base = Stream::new(spec.seed, "market.tape", 0);
        let crisis = spec.crisis.as_ref().map(|c| CrisisDays::place(c, grid.n_days())).transpose()?;
        let regimes = regime::path(&mut base.sibling(1), grid.n_days(), crisis);
        let (mut gaps, mut jumps, mut minutes) = (base.sibling(2), base.sibling(3), base.sibling(4));
        let n = grid.n_minutes();
        let mut tape = Self {
            days: Vec::with_capacity(grid.n_days()),
            factors: [(); N_FACTORS].map(|()| vec![0.0; n]),
            minute_vol: vec![0.0; n],
            crisis,
        };
        let [react, leverage, memory] = GJR;
        let mut h = 1.0_f64;
        let (overnight, session) = (spec.overnight_frac.sqrt(), (1.0 - spec.overnight_frac).sqrt());
        let t_scale = ((GAP_DF - 2.0) / GAP_DF).sqrt() * overnight;
        let mut z = vec![0.0; FULL.max(shapes.longest())];
        for (d, &regime) in regimes.iter().enumerate() {
            let (market, other) = (regime.market_mult() * h.sqrt(), regime.other_mult() * h.sqrt().sqrt());
            let rows = grid.minutes(d);
            let shape = shapes.of(rows.len());
            tape.fill_minute_vol(&mut minutes, &mut z[..rows.len()], rows.clone(), &shape.vol, session);
            let mut gap = [0.0; N_FACTORS];
            for (k, gap) in gap.iter_mut().enumerate() {
                let scale = if k == 0 { market } else { other };
                *gap = scale * t_scale * gaps.student_t(GAP_DF);
                let z = &mut z[..rows.len()];
                minutes.fill_normal(z);
                let vols = &tape.minute_vol[rows.clone()];
                for ((f, z), vol) in tape.factors[k][rows.clone()].iter_mut().zip(z).zip(vols) {
                    *f = scale * vol * *z;
                }
            }
            let market_minutes = &mut tape.factors[0][rows.clone()];
            let (happens, at, size) = (jumps.uniform(), jumps.below(rows.len() as u64) as usize, jumps.normal());
            if happens < 0.015 {
                market_minutes[at] += market * (0.6 * size - 0.15);
            }
            let drift = regime.drift() / rows.len() as f64;
            market_minutes.iter_mut().for_each(|f| *f += drift);
            let e = (gap[0] + market_minutes.iter().sum::<f64>()) / regime.market_mult();
            let asymmetric = react + if e < 0.0 { leverage } else { 0.0 };
            h = (1.0 - react - 0.5 * leverage - memory) + asymmetric * e * e + memory * h;
            h = h.clamp(0.2, 6.0);
            tape.days.push(Day { regime, market, other, gap });
        }
        if let (Some(days), Some(c)) = (crisis, &spec.crisis) {
            let fall = libm::log(1.0 - c.depth_frac) / (MARKET_VOL_ANNUAL / SESSIONS.sqrt());
            tape.pin(grid, days.start, days.turn, fall);
            tape.pin(grid, days.turn, days.end, -fall * c.recovery_frac);
        }
        Ok(tape)
    }

    /// Draws the volatility of the minutes of a session.
    fn fill_minute_vol(
        &mut self,
        stream: &mut Stream,
        z: &mut [f64],
        rows: std::ops::Range<usize>,
        shape: &[f64],
        session: f64,
    ) {
        let [memory, dev] = MINUTE_VOL;
        let noise = dev * (1.0 - memory * memory).sqrt();
        stream.fill_normal(z);
        let mut y = dev * stream.normal();
        for ((vol, shape), z) in self.minute_vol[rows].iter_mut().zip(shape).zip(z) {
            *vol = session * shape * num::exp(y - dev * dev);
            y = memory * y + noise * *z;
        }
    }

    /// Shifts the market factor so that it comes to `total` from the gap of day `from` to the close of day `to - 1`.
    fn pin(&mut self, grid: &Grid, from: usize, to: usize, total: f64) {
        if from >= to {
            return;
        }
        let rows = grid.minutes(from).start..grid.minutes(to - 1).end;
        let gaps: f64 = self.days[from..to].iter().map(|d| d.gap[0]).sum();
        let sum: f64 = self.factors[0][rows.clone()].iter().sum();
        let shift = (total - gaps - sum) / rows.len() as f64;
        self.factors[0][rows].iter_mut().for_each(|f| *f += shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_of_parameters_is_that_of_the_calendar() {
        assert_eq!(qe_core::calendar::Calendar::us_equities().sessions_per_year(), SESSIONS);
    }

    #[test]
    fn factors_have_unit_variance_and_the_crisis_its_depth() {
        let spec =
            MarketSpec { years: 20, start: qe_core::time::Date::new(2000, 1, 3).unwrap(), ..MarketSpec::default() };
        let grid = Grid::new(spec.start, spec.years).unwrap();
        let shapes = Shapes::new((0..grid.n_days()).map(|d| grid.minutes(d).len()));
        let tape = Tape::new(&spec, &grid, &shapes).unwrap();
        let day = |k: usize, d: usize| tape.days[d].gap[k] + tape.factors[k][grid.minutes(d)].iter().sum::<f64>();
        for k in 0..N_FACTORS {
            let var = (0..grid.n_days()).map(|d| day(k, d) * day(k, d)).sum::<f64>() / grid.n_days() as f64;
            assert!((0.7..1.6).contains(&var), "factor {k}: {var}");
        }
        let c = tape.crisis.unwrap();
        let fall: f64 = (c.start..c.turn).map(|d| day(0, d)).sum();
        let expected = libm::log(0.66) / (0.16 / 252_f64.sqrt());
        assert!((fall - expected).abs() < 1e-9, "{fall} {expected}");
    }
}
