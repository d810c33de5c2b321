//! Symbols on which one stated rule has a planted net Sharpe ratio, and symbols on which it has nothing.
//!
//! **The rule** ([`planted_rule`]): at the close of each bar be long if the bar closed above the close before it, short
//! if below, flat if equal (and on the first bar). The position decided at close `t` earns close `t` to close `t + 1`.
//! **The cost**: half the spread of 0.0003 of the position's value on each change `|pos - prev|`, charged in the bar
//! that the new position begins with. **The Sharpe ratio**: of daily net returns, `prod(1 + pos r - cost) - 1` over the
//! bars that close within a session, sample deviation, times the root of 252.
//!
//! **The model**: `r_b = s_b (k p_b + z_b)`, with `p` the rule's position into the bar, `z` standard normal, `s_b^2`
//! the bar's share of the day's variance `S_d^2` (U-shape; the first bar has the overnight share besides), and `ln S_d`
//! an AR(1) over days (0.97, deviation 0.3). The rule flips when `k + z < 0`, so with `q = Phi(-k)`, `c` half the
//! spread and `B` bars a day,
//!
//! `E[d | S] = k sum s_b - 2 c q B`,
//! `Var[d | S] = sum s_b^2 + 4 c^2 B q (1 - q) + 4 c phi(k) sum_{b < B} s_b`,
//!
//! and `k` solves `sqrt(252) mean(E) / sqrt(mean(Var) + var(E)) = target` over the simulated days. The realised figure
//! differs by the sampling error of daily observations, `sqrt((1 + SR_d^2 / 2) / n)` times the root of 252, with `SR_d`
//! the daily ratio and `n` the days; that is `sqrt((1 + SR^2 / 504) / T)`, `T` in years: [`PlantedEdge::std_error`].
//! With `exact` the returns that the rule won are scaled by `1 + e` and those that it lost by `1 - e`: no sign changes,
//! so no position does, and `e` is solved until the realised ratio is the target. Prices are then not rounded;
//! otherwise they are rounded to 0.0001, so that the rule is seldom flat. `NOISE_n` has `k = 0`.
//!
//! Reference for the error: Lo, Financial Analysts Journal 58 (2002).

use std::ops::Range;

use qe_core::bars::Bars;
use qe_core::calendar::SessionHours;
use qe_core::columns::Axis;
use qe_core::par::Pool;
use qe_core::rng::Stream;
use qe_core::stats;
use qe_core::time::{Date, NANOS_PER_MINUTE};
use qe_core::timeframe::Timeframe;
use serde::{Deserialize, Serialize};

use super::grid::Grid;
use super::num::{self, two_uniforms};
use super::shape::Shapes;
use super::tape::SESSIONS;
use super::{bridge, within};
use crate::error::{Error, Result};
use crate::resample::{Bucketer, ResampleSpec};

/// The spread of the discovery profile; half of it is paid on each side.
pub const SPREAD: f64 = 0.0003;
/// Memory and deviation of the logarithm of daily volatility.
const DAY_VOL: [f64; 2] = [0.97, 0.3];
/// The price at which a symbol begins.
const FIRST_PRICE: f64 = 400.0;
/// Ticks in one unit of price: fine ones, so that two closes are seldom equal where bars are short and prices low.
const TICKS: f64 = 10_000.0;

/// Which edges to plant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeSpec {
    /// The net annual Sharpe ratios to plant, each in a symbol of its own (`EDGE_0_5` for 0.5).
    pub sharpe: Vec<f64>,
    /// How many symbols without an edge, `NOISE_1` and on.
    pub n_noise: usize,
    /// The bars: a whole number of minutes up to `4h`, or `1d`.
    pub timeframe: Timeframe,
    /// Annual volatility, 0.02 to 0.4.
    pub vol_annual: f64,
    /// The share of a day's variance that falls between the sessions, 0 to 0.9.
    pub overnight_frac: f64,
    /// Whether the realised ratio is the target to 1e-6, rather than in expectation.
    pub exact: bool,
}

impl Default for EdgeSpec {
    fn default() -> Self {
        Self {
            sharpe: vec![0.5, 1.0, 2.0, 3.0, 4.0],
            n_noise: 5,
            timeframe: Timeframe::H1,
            vol_annual: 0.2,
            overnight_frac: 0.28,
            exact: false,
        }
    }
}

impl EdgeSpec {
    /// Fails at the first field that is wrong.
    pub(crate) fn check(&self) -> Result<()> {
        for (i, sr) in self.sharpe.iter().enumerate() {
            within("edges.sharpe", *sr, 0.01, 8.0)?;
            if self.sharpe[..i].iter().any(|other| edge_name(*other) == edge_name(*sr)) {
                return Err(Error::spec("edges.sharpe", format!("{sr} stands twice"), "name each ratio once"));
            }
        }
        if self.sharpe.len().saturating_add(self.n_noise) > 1_000 {
            return Err(Error::spec("edges.n_noise", "more than 1000 symbols in all", "ask for fewer"));
        }
        // More would bring prices down to a few ticks over the years, where bars are flat and the rule is out.
        within("edges.vol_annual", self.vol_annual, 0.02, 0.4)?;
        within("edges.overnight_frac", self.overnight_frac, 0.0, 0.9)?;
        let tf = self.timeframe;
        let intraday = tf.nanos().is_some_and(|n| n % NANOS_PER_MINUTE == 0 && tf <= Timeframe::H4);
        if !(intraday || tf == Timeframe::D1) {
            let reason = format!("{tf} is neither a whole number of minutes up to 4h nor a day");
            return Err(Error::spec("edges.timeframe", reason, "write 1h"));
        }
        Ok(())
    }
}

/// A symbol with a planted edge, or with none.
#[derive(Debug, Clone)]
pub struct PlantedEdge {
    /// Its bars.
    pub bars: Bars,
    /// The net annual Sharpe ratio that was planted; 0 for noise, where it is the ratio before costs.
    pub target: f64,
    /// The pull `k` of the model.
    pub pull: f64,
    /// The standard error of a realised ratio over this span: `sqrt((1 + SR^2 / 504) / T)`, `T` in years.
    pub std_error: f64,
}

/// All planted symbols: the edges in the order of the spec, then the noise.
#[derive(Debug, Clone)]
pub struct PlantedEdges {
    symbols: Vec<PlantedEdge>,
}

impl PlantedEdges {
    /// All symbols.
    pub fn all(&self) -> &[PlantedEdge] {
        &self.symbols
    }

    /// One symbol.
    ///
    /// # Errors
    /// When there is no such symbol.
    pub fn get(&self, symbol: &str) -> Result<&PlantedEdge> {
        let found = self.symbols.iter().find(|e| e.bars.symbol() == symbol);
        found.ok_or_else(|| {
            qe_core::Error::unknown("symbol", symbol, self.symbols.iter().map(|e| e.bars.symbol())).into()
        })
    }
}

/// The rule: the sign of the change from the last close to this one, 0 on the first bar and where a close is missing.
pub fn planted_rule(bars: &Bars) -> Vec<f64> {
    let close = bars.close();
    let sign = |w: &[f64]| f64::from(i8::from(w[1] > w[0]) - i8::from(w[1] < w[0]));
    std::iter::once(0.0).take(close.len()).chain(close.windows(2).map(sign)).collect()
}

/// The name of the symbol with a planted ratio: `EDGE_0_5`, `EDGE_1`.
pub fn edge_name(sharpe: f64) -> String {
    format!("EDGE_{sharpe}").replace('.', "_")
}

/// Simulates the symbols of `spec` over a span. The number of threads changes no bit.
///
/// # Errors
/// When the spec or the span is wrong, or a ratio cannot be planted.
pub fn generate(seed: u64, start: Date, years: u32, spec: &EdgeSpec, pool: &Pool) -> Result<PlantedEdges> {
    spec.check()?;
    let grid = Grid::new(start, years)?;
    let layout = Layout::new(&grid, spec)?;
    let noise = (1..=spec.n_noise).map(|i| (format!("NOISE_{i}"), 0.0, 1_000_000 + i as u64));
    // The stream of an edge hangs on its ratio, so the others do not matter.
    let edges = spec.sharpe.iter().map(|sr| (edge_name(*sr), *sr, (sr * 1_000.0) as u64));
    let jobs: Vec<(String, f64, u64)> = edges.chain(noise).collect();
    let symbols = pool.try_map(jobs.len(), |i| {
        let (name, target, id) = &jobs[i];
        plant(name, *target, &Stream::new(seed, "market.edges", 0), *id, spec, &layout)
    })?;
    Ok(PlantedEdges { symbols })
}

/// Where the bars lie, and how the variance of a day is shared among them.
struct Layout {
    axis: Axis,
    sessions_per_year: f64,
    days: Vec<Range<usize>>,
    /// The share of a full day's variance of each bar, and the part of it that falls before the open.
    share: Vec<[f64; 2]>,
}

impl Layout {
    fn new(grid: &Grid, spec: &EdgeSpec) -> Result<Self> {
        let shapes = Shapes::new((0..grid.n_days()).map(|d| grid.minutes(d).len()));
        let cut = ResampleSpec::new(spec.timeframe, grid.calendar.clone()).hours(SessionHours::Regular);
        let mut bucketer = Bucketer::new(&cut);
        let (mut open, mut available, mut share, mut days) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (d, session) in grid.sessions.iter().enumerate() {
            let first = open.len();
            let shape = shapes.of(grid.minutes(d).len());
            let mut t = session.open;
            while let Some(b) = bucketer.bucket_of(t).filter(|b| t < session.close && b.end > t) {
                let minute = |at: i64| ((at - session.open) / NANOS_PER_MINUTE) as usize;
                let vols = shape.vol.get(minute(b.start)..minute(b.end)).unwrap_or(&[]);
                let inside = (1.0 - spec.overnight_frac) * vols.iter().map(|v| v * v).sum::<f64>();
                share.push([inside, if open.len() == first { spec.overnight_frac } else { 0.0 }]);
                open.push(b.start);
                available.push(b.end);
                t = b.end;
            }
            days.push(first..open.len());
        }
        Ok(Self {
            axis: Axis::new(open, available)?,
            sessions_per_year: grid.calendar.sessions_per_year(),
            days,
            share,
        })
    }

    /// The standard deviation of a bar on a day of deviation 1.
    fn deviation(&self, bar: usize) -> f64 {
        (self.share[bar][0] + self.share[bar][1]).sqrt()
    }
}

fn plant(name: &str, target: f64, base: &Stream, id: u64, spec: &EdgeSpec, layout: &Layout) -> Result<PlantedEdge> {
    let stream = |part: u64| base.sibling(id * 8 + part);
    let day_vol = day_vols(&mut stream(0), layout.days.len(), spec.vol_annual / SESSIONS.sqrt());
    let pull = if target > 0.0 { solve_pull(target, &day_vol, layout)? } else { 0.0 };
    let (mut normals, mut extra, mut words) = (stream(1), stream(2), stream(3));
    let n = layout.share.len();
    let mut z = vec![0.0; n];
    normals.fill_normal(&mut z);
    let exact = spec.exact && target > 0.0;
    let ticks = if exact { None } else { Some(TICKS) };
    // The rule sees prices as they are shown, so the pull follows the sign of what is shown.
    let mut returns = z;
    let mut shown = vec![0.0; n];
    let (mut price, mut last, mut position) = (FIRST_PRICE, FIRST_PRICE, 0.0);
    for (d, rows) in layout.days.iter().enumerate() {
        for b in rows.clone() {
            let r = day_vol[d] * layout.deviation(b) * (pull * position + returns[b]);
            let r = r.max(-0.5);
            returns[b] = r;
            price *= 1.0 + r;
            let now = ticks.map_or(price, |t| num::round_price(price, t));
            // The first bar has nothing to compare with.
            position = if b == 0 { 0.0 } else { f64::from(i8::from(now > last) - i8::from(now < last)) };
            (shown[b], last) = (now, now);
        }
    }
    if exact {
        scale_to(target, &mut returns, layout)?;
    }
    let mut out = [(); 5].map(|()| Vec::with_capacity(n));
    let mut price = FIRST_PRICE;
    for (d, rows) in layout.days.iter().enumerate() {
        for b in rows.clone() {
            let [inside, before] = layout.share[b];
            let sd = day_vol[d] * layout.deviation(b);
            // What of the return fell before the open, given the whole of it.
            let part = before / (inside + before);
            let gap = (part * returns[b] + sd * (part * (1.0 - part)).sqrt() * extra.normal()).max(-0.4);
            let (open, close) = (price * (1.0 + gap), price * (1.0 + returns[b]));
            let [u0, u1] = two_uniforms(words.next_u64());
            let [u2, u3] = two_uniforms(words.next_u64());
            let x = libm::log(close / open);
            let (low, high) = bridge::extremes(x, sd * sd * (1.0 - part), extra.normal(), [u0, u1, u2, u3]);
            let show = |p: f64| ticks.map_or(p, |t| num::round_price(p, t));
            let (o, c) = (show(open), show(close));
            out[0].push(o);
            out[1].push(show(open * num::exp(high)).max(o).max(c));
            out[2].push(show(open * num::exp(low)).min(o).min(c));
            out[3].push(c);
            let size = 0.55 + 0.56 * (returns[b] / sd).abs();
            out[4].push(num::round_positive(40e6 * inside * size * libm::exp(0.4 * extra.normal() - 0.08)) + 1.0);
            price = close;
        }
    }
    let bars = Bars::new(name, spec.timeframe, layout.axis.clone(), out)?;
    let t_years = layout.days.len() as f64 / layout.sessions_per_year;
    Ok(PlantedEdge {
        bars,
        target,
        pull,
        std_error: ((1.0 + 0.5 * target * target / layout.sessions_per_year) / t_years).sqrt(),
    })
}

/// The volatility of each day: an AR(1) in logarithms with a mean square of `vol` squared.
fn day_vols(stream: &mut Stream, n: usize, vol: f64) -> Vec<f64> {
    let [memory, dev] = DAY_VOL;
    let mut y = dev * stream.normal();
    let mut out = Vec::with_capacity(n);
    for _ in 0..n {
        out.push(vol * libm::exp(y - dev * dev));
        y = memory * y + dev * (1.0 - memory * memory).sqrt() * stream.normal();
    }
    out
}

/// The net Sharpe ratio that the rule has in expectation over these days, given the pull.
fn expected_sharpe(pull: f64, day_vol: &[f64], layout: &Layout) -> f64 {
    let half = 0.5 * SPREAD;
    let (flip, density) = (stats::normal_cdf(-pull), stats::normal_pdf(pull));
    let mut means = Vec::with_capacity(day_vol.len());
    let mut vars = 0.0;
    for (vol, rows) in day_vol.iter().zip(&layout.days) {
        let n = rows.len() as f64;
        let (mut sum, mut sum_but_last, mut squares) = (0.0, 0.0, 0.0);
        for b in rows.clone() {
            let sd = vol * layout.deviation(b);
            sum_but_last = sum;
            sum += sd;
            squares += sd * sd;
        }
        means.push(pull * sum - 2.0 * half * flip * n);
        vars += squares + 4.0 * half * half * n * flip * (1.0 - flip) + 4.0 * half * density * sum_but_last;
    }
    let n = day_vol.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let between = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / n;
    layout.sessions_per_year.sqrt() * mean / (vars / n + between).sqrt()
}

/// The pull at which the expected ratio is `target`.
fn solve_pull(target: f64, day_vol: &[f64], layout: &Layout) -> Result<f64> {
    bisect(0.0, 3.0, |pull| expected_sharpe(pull, day_vol, layout) - target).ok_or_else(|| {
        let reason = format!("costs leave no room for a net Sharpe ratio of {target} at these bars and volatility");
        Error::spec("edges.sharpe", reason, "use longer bars, more volatility, or a lower ratio")
    })
}

/// Scales the rule's winners up and its losers down, or the other way round, until the realised ratio is `target`.
fn scale_to(target: f64, returns: &mut [f64], layout: &Layout) -> Result<()> {
    let sign = |r: f64| f64::from(i8::from(r > 0.0) - i8::from(r < 0.0));
    let positions: Vec<f64> = (0..returns.len()).map(|b| if b < 2 { 0.0 } else { sign(returns[b - 1]) }).collect();
    let scaled = |e: f64, b: usize, r: f64| r * (1.0 + e * sign(r) * positions[b]);
    let realised = |e: f64| {
        let mut last = 0.0;
        let mut daily = Vec::with_capacity(layout.days.len());
        for rows in &layout.days {
            let mut equity = 1.0;
            for b in rows.clone() {
                let cost = 0.5 * SPREAD * (positions[b] - last).abs();
                equity *= 1.0 + positions[b] * scaled(e, b, returns[b]) - cost;
                last = positions[b];
            }
            daily.push(equity - 1.0);
        }
        layout.sessions_per_year.sqrt() * stats::mean(&daily).unwrap_or(0.0) / stats::std(&daily, 1).unwrap_or(f64::NAN)
    };
    let e = bisect(-0.9, 0.9, |e| realised(e) - target).ok_or_else(|| {
        let reason = format!("{target} is too far from what these few days came to");
        Error::spec("edges.exact", reason, "simulate more years, or leave it out")
    })?;
    for (b, r) in returns.iter_mut().enumerate() {
        *r = scaled(e, b, *r);
    }
    Ok(())
}

/// The root of a function that rises, to the last bit; `None` where there is no change of sign.
fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    if !(f(low) <= 0.0 && f(high) >= 0.0) {
        return None;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second calculator, written apart from the first: net and gross Sharpe ratio of positions on bars.
    fn sharpe(bars: &Bars, positions: &[f64], spread: f64) -> f64 {
        let cal = qe_core::calendar::Calendar::us_equities();
        let mut daily: Vec<(Date, f64)> = Vec::new();
        for t in 0..bars.len() {
            let date = cal.day_of(bars.open_time()[t]);
            let mut net = 0.0;
            if t > 0 {
                let before = if t > 1 { positions[t - 2] } else { 0.0 };
                let r = bars.close()[t] / bars.close()[t - 1] - 1.0;
                net = positions[t - 1] * r - 0.5 * spread * (positions[t - 1] - before).abs();
            }
            match daily.last_mut() {
                Some((d, product)) if *d == date => *product *= 1.0 + net,
                _ => daily.push((date, 1.0 + net)),
            }
        }
        let n = daily.len() as f64;
        let mean = daily.iter().map(|d| d.1 - 1.0).sum::<f64>() / n;
        let var = daily.iter().map(|d| (d.1 - 1.0 - mean) * (d.1 - 1.0 - mean)).sum::<f64>() / (n - 1.0);
        252_f64.sqrt() * mean / var.sqrt()
    }

    fn made(seed: u64, years: u32, spec: &EdgeSpec) -> PlantedEdges {
        generate(seed, Date::new(2000, 1, 3).unwrap(), years, spec, &Pool::inline()).unwrap()
    }

    #[test]
    fn the_planted_ratios_are_found_within_their_error() {
        for (seed, timeframe) in [(1, "1h"), (2, "30m"), (3, "1d"), (4, "5m")] {
            let spec = EdgeSpec { timeframe: Timeframe::parse(timeframe).unwrap(), ..EdgeSpec::default() };
            for edge in made(seed, 20, &spec).all() {
                let spread = if edge.target > 0.0 { SPREAD } else { 0.0 };
                let got = sharpe(&edge.bars, &planted_rule(&edge.bars), spread);
                let gap = (got - edge.target) / edge.std_error;
                assert!(gap.abs() < 3.2, "{} {timeframe}: {got}, {gap} errors off", edge.bars.symbol());
            }
        }
    }

    #[test]
    fn the_calibration_is_unbiased() {
        // The mean gap over 40 symbols of 20 years has an error of 0.22 / sqrt 40.
        let spec = EdgeSpec { sharpe: vec![2.0], n_noise: 0, ..EdgeSpec::default() };
        let gaps: Vec<f64> = (0..40)
            .map(|seed| {
                let edges = made(100 + seed, 20, &spec);
                sharpe(&edges.all()[0].bars, &planted_rule(&edges.all()[0].bars), SPREAD) - 2.0
            })
            .collect();
        let (mean, sd) = (stats::mean(&gaps).unwrap(), stats::std(&gaps, 1).unwrap());
        assert!(mean.abs() < 3.0 * sd / 40_f64.sqrt(), "{mean} of {sd}");
        assert!((0.17..0.29).contains(&sd), "{sd} should be near 0.2245, or the stated error is wrong");
    }

    #[test]
    fn exact_edges_have_their_ratio_to_a_millionth() {
        let spec = EdgeSpec { exact: true, ..EdgeSpec::default() };
        for edge in made(7, 3, &spec).all().iter().filter(|e| e.target > 0.0) {
            let got = sharpe(&edge.bars, &planted_rule(&edge.bars), SPREAD);
            assert!((got - edge.target).abs() < 1e-6, "{}: {got}", edge.bars.symbol());
        }
    }

    #[test]
    fn the_number_of_threads_and_the_company_change_no_bit() {
        let spec = EdgeSpec { sharpe: vec![1.0, 3.0], n_noise: 3, ..EdgeSpec::default() };
        let start = Date::new(2019, 1, 2).unwrap();
        let digest = |n| {
            let pool = Pool::new(qe_core::par::Threads::N(std::num::NonZeroUsize::new(n).unwrap())).unwrap();
            let edges = generate(5, start, 1, &spec, &pool).unwrap();
            super::super::goldens::digest(edges.all().iter().map(|e| e.bars.columns()))
        };
        assert!(digest(1) == digest(2) && digest(2) == digest(7));
        let alone = EdgeSpec { sharpe: vec![3.0], n_noise: 0, ..spec.clone() };
        let pool = Pool::inline();
        let (alone, all) = (generate(5, start, 1, &alone, &pool), generate(5, start, 1, &spec, &pool));
        assert_eq!(alone.unwrap().all()[0].bars.close(), all.unwrap().get("EDGE_3").unwrap().bars.close());
    }

    #[test]
    fn names_order_and_rule() {
        let edges = made(1, 1, &EdgeSpec::default());
        let names: Vec<&str> = edges.all().iter().map(|e| e.bars.symbol()).collect();
        assert_eq!(names[..6], ["EDGE_0_5", "EDGE_1", "EDGE_2", "EDGE_3", "EDGE_4", "NOISE_1"]);
        assert!(edges.get("EDGE_5").unwrap_err().to_string().contains("EDGE_"));
        let bars = &edges.get("EDGE_4").unwrap().bars;
        let rule = planted_rule(bars);
        assert_eq!((rule.len(), rule[0]), (bars.len(), 0.0));
        assert!((1..bars.len()).all(|t| rule[t] == (bars.close()[t] - bars.close()[t - 1]).signum()
            || bars.close()[t] == bars.close()[t - 1] && rule[t] == 0.0));
        assert!((0..bars.len()).all(|t| bars.low()[t] <= bars.open()[t] && bars.close()[t] <= bars.high()[t]));
        assert!(planted_rule(&bars.slice(0..0)).is_empty());
    }

    #[test]
    fn impossible_edges_are_refused_by_name() {
        let base = EdgeSpec::default;
        let message = |spec: EdgeSpec| spec.check().unwrap_err().to_string();
        assert!(message(EdgeSpec { sharpe: vec![-1.0], ..base() }).starts_with("edges.sharpe: -1"));
        assert!(message(EdgeSpec { sharpe: vec![1.0, 1.0], ..base() }).contains("stands twice"));
        assert!(message(EdgeSpec { timeframe: Timeframe::W1, ..base() }).starts_with("edges.timeframe: 1w"));
        assert!(message(EdgeSpec { n_noise: 5_000, ..base() }).starts_with("edges.n_noise"));
    }
}
