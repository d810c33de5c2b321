//! A panel of many names with sectors, listings, delistings, and a signal of planted information coefficient.
//!
//! The logarithmic return of a name on a day is `beta m + sector + industry + own`, the market normal times an AR(1)
//! volatility, the own part Student's t with 5 degrees of freedom and the name's own volatility (1.2 % to 3.2 % a day).
//! A quarter of the own variance falls between the sessions. Prices are rounded to the cent and stay above it.
//!
//! **The signal.** Let `R[t]` be the normal scores of the returns from close `t - 1` to close `t` across the names:
//! ranks put through the normal quantile. The signal at close `t` is `sum_{h = 1..H} c_h R[t + h] + sqrt(1 - sum c_h^2)
//! e[t]`, with `e` an AR(1) of unit variance (0.9 a day) of each name. Signal and next-day return are then jointly
//! normal in scores, whose Spearman correlation is `6/pi asin(c/2)`, so `c_h = 2 sin(pi IC_h / 6)` plants `IC_h = IC
//! 2^-((h-1)/half_life)`. The IC of one day differs from it by about `1/sqrt(n - 1)`. The simulation looks ahead to
//! plant; the values are dated so that a user does not. A name without a return on a coming day has a normal draw in
//! its place.
//!
//! References: Grinold and Kahn, Active Portfolio Management (1999), for the IC; Kruskal, J. Amer. Stat. Assoc. 53
//! (1958), for the relation of the two correlations.

use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_core::rng::Stream;
use qe_core::stats::{self, Ties};
use qe_core::time::{Date, TimeRange};
use serde::{Deserialize, Serialize};

use super::grid::Grid;
use super::num::{self, two_uniforms};
use super::{bridge, within};
use crate::error::{Error, Result};

/// A panel: what to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrossSectionSpec {
    /// The seed of everything.
    pub seed: u64,
    /// How many names, 10 to 10,000.
    pub n_symbols: usize,
    /// The first day.
    pub start: Date,
    /// How many sessions, 10 to 7,560.
    pub sessions: usize,
    /// The mean Spearman correlation of the signal with the next day's return.
    pub ic: f64,
    /// After how many days half of that is left.
    pub ic_half_life: f64,
    /// The share of names that are listed after the first day.
    pub late_frac: f64,
    /// The share of names that are delisted before the last day.
    pub delisted_frac: f64,
}

impl Default for CrossSectionSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            n_symbols: 500,
            start: Date::from_days(16_437), // 2015-01-02
            sessions: 1_260,
            ic: 0.03,
            ic_half_life: 5.0,
            late_frac: 0.1,
            delisted_frac: 0.1,
        }
    }
}

impl CrossSectionSpec {
    /// The spec itself if it can be simulated.
    ///
    /// # Errors
    /// Names the field that is wrong, and what to write instead.
    pub fn validated(self) -> Result<Self> {
        if !(10..=10_000).contains(&self.n_symbols) {
            let reason = format!("{} is outside of 10 to 10000", self.n_symbols);
            return Err(Error::spec("n_symbols", reason, "write 500"));
        }
        if !(10..=7_560).contains(&self.sessions) {
            let reason = format!("{} is outside of 10 to 7560", self.sessions);
            return Err(Error::spec("sessions", reason, "write 1260"));
        }
        if self.n_symbols * self.sessions > MAX_CELLS {
            let reason =
                format!("{} names over {} sessions are more than {MAX_CELLS} cells", self.n_symbols, self.sessions);
            return Err(Error::spec("n_symbols", reason, "ask for fewer names or sessions"));
        }
        within("ic", self.ic, -0.3, 0.3)?;
        within("ic_half_life", self.ic_half_life, 0.1, 60.0)?;
        within("late_frac", self.late_frac, 0.0, 0.5)?;
        within("delisted_frac", self.delisted_frac, 0.0, 0.5)?;
        let squares: f64 = self.loads().iter().map(|c| c * c).sum();
        if squares > 0.9 {
            let reason = format!("{} over a half-life of {} days leaves no room for noise", self.ic, self.ic_half_life);
            return Err(Error::spec("ic", reason, "plant less, or let it decay faster"));
        }
        super::check_span(self.start, 1)?;
        Ok(self)
    }

    /// The planted IC with the return of the day `h` days ahead, from 1.
    pub fn ic_at(&self, h: usize) -> f64 {
        self.ic * libm::exp2(-(h as f64 - 1.0) / self.ic_half_life)
    }

    /// The loads of the signal on the coming days, as far as they matter.
    fn loads(&self) -> Vec<f64> {
        let horizon = (1.0 + 4.0 * self.ic_half_life) as usize;
        (1..=horizon).map(|h| 2.0 * libm::sin(std::f64::consts::PI * self.ic_at(h) / 6.0)).collect()
    }
}

/// A simulated panel and what was planted into it.
#[derive(Debug, Clone)]
pub struct CrossSection {
    /// Fields `open`, `high`, `low`, `close`, `volume`, `vwap`, `cap`, `return` (close to close, NaN on a name's first
    /// day) and `signal`; groupings `sector`, `industry`, `subindustry`.
    pub panel: Panel,
    /// What was asked for.
    pub spec: CrossSectionSpec,
}

/// How many sectors, industries and sub-industries there are; each industry lies in one sector, and so on down.
const GROUPS: [usize; 3] = [11, 24, 60];
/// The most names times sessions: nine fields of them take 1.4 GB.
const MAX_CELLS: usize = 20_000_000;
/// The fields that a name's own simulation fills.
const FIELDS: [&str; 8] = ["open", "high", "low", "close", "volume", "vwap", "cap", "return"];

impl CrossSection {
    /// Simulates a panel. The number of threads changes no bit of it.
    ///
    /// # Errors
    /// When the spec cannot be simulated.
    pub fn generate(spec: &CrossSectionSpec, pool: &Pool) -> Result<Self> {
        let spec = spec.clone().validated()?;
        let grid = Grid::first_sessions(spec.start, spec.sessions)?;
        let (n, days) = (spec.n_symbols, spec.sessions);
        let base = Stream::new(spec.seed, "market.cross_section", 0);
        let shared = Shared::new(&base, days);
        let names = pool.map(n, |i| Name::new(&spec, &shared, base.sibling(1_000 + i as u64)));
        let signal = plant(&spec, &names, pool);
        let symbols = (0..n).map(|i| format!("S{i:04}"));
        let mut panel = Panel::new(grid.calendar.clone(), grid.day_axis()?, symbols)?;
        let range = |name: &Name| TimeRange {
            start: if name.from == 0 { i64::MIN } else { grid.sessions[name.from].open },
            end: if name.to == days { i64::MAX } else { grid.sessions[name.to].open },
        };
        panel = panel.with_members(names.iter().map(|name| vec![range(name)]).collect())?;
        for (k, field) in FIELDS.into_iter().enumerate() {
            panel.push(field, names.iter().flat_map(|name| name.fields[k].iter().copied()).collect())?;
        }
        panel.push("signal", signal)?;
        for (level, grouping) in ["sector", "industry", "subindustry"].into_iter().enumerate() {
            let label = |name: &Name| format!("{}{:02}", ["sector_", "industry_", "sub_"][level], name.groups[level]);
            panel.push_group(grouping, names.iter().map(label).collect())?;
        }
        Ok(Self { panel, spec })
    }
}

/// What all names share.
struct Shared {
    market: Vec<f64>,
    sectors: Vec<Vec<f64>>,
    industries: Vec<Vec<f64>>,
}

impl Shared {
    fn new(base: &Stream, days: usize) -> Self {
        let (mut vol, mut market) = (base.sibling(0), base.sibling(1));
        let mut y = 0.0;
        let market = (0..days)
            .map(|_| {
                y = 0.97 * y + 0.09 * vol.normal();
                0.0003 + 0.009 * libm::exp(y) * market.normal()
            })
            .collect();
        let path = |id: u64, dev: f64| {
            let mut stream = base.sibling(id);
            (0..days).map(|_| dev * stream.normal()).collect()
        };
        Self {
            market,
            sectors: (0..GROUPS[0] as u64).map(|g| path(10 + g, 0.006)).collect(),
            industries: (0..GROUPS[1] as u64).map(|g| path(100 + g, 0.004)).collect(),
        }
    }
}

/// The history of one name.
struct Name {
    from: usize,
    to: usize,
    groups: [usize; 3],
    fields: [Vec<f64>; 8],
    stream: Stream,
}

impl Name {
    fn new(spec: &CrossSectionSpec, shared: &Shared, mut stream: Stream) -> Self {
        let days = spec.sessions;
        let sub = stream.below(GROUPS[2] as u64) as usize;
        let industry = sub * GROUPS[1] / GROUPS[2];
        let sector = industry * GROUPS[0] / GROUPS[1];
        let [late, early] = two_uniforms(stream.next_u64());
        let (at, until) = (stream.uniform(), stream.uniform());
        let from = if late < spec.late_frac { 1 + (at * 0.6 * days as f64) as usize } else { 0 };
        let to = if early < spec.delisted_frac { days - 1 - (until * 0.3 * days as f64) as usize } else { days };
        let beta = 1.0 + 0.3 * stream.normal();
        let own_dev = 0.012 + 0.02 * stream.uniform();
        let mut price = 20.0 * libm::exp(0.8 * stream.normal()) + 5.0;
        let shares = libm::floor(5e7 * libm::exp(1.2 * stream.normal())) + 1e6;
        let turnover = 0.004 * libm::exp(0.4 * stream.normal());
        let mut fields = [(); 8].map(|()| vec![f64::NAN; days]);
        let mut last = f64::NAN;
        for t in from..to {
            let own = own_dev * stream.student_t(5.0) * 0.6_f64.sqrt();
            let x = beta * shared.market[t] + shared.sectors[sector][t] + shared.industries[industry][t] + own;
            // A quarter of the move falls before the open, give or take.
            let gap = 0.25 * x + 0.43 * own_dev * stream.normal();
            let open = price * num::exp(gap);
            let uniforms = [two_uniforms(stream.next_u64()), two_uniforms(stream.next_u64())];
            let u = [uniforms[0][0], uniforms[0][1], uniforms[1][0], uniforms[1][1]];
            let (low, high) = bridge::extremes(x - gap, 0.75 * own_dev * own_dev + 1e-4, stream.normal(), u);
            price = (price * num::exp(x)).max(0.05);
            let show = |p: f64| num::round_price(p, 100.0);
            let (o, c) = (show(open), show(price));
            let (h, l) = (show(open * num::exp(high)).max(o).max(c), show(open * num::exp(low)).min(o).min(c));
            let volume = shares * turnover * (0.6 + 0.5 * x.abs() / own_dev) * libm::exp(0.35 * stream.normal());
            let weight = stream.uniform();
            let ret = c / last - 1.0;
            let vwap = 0.5 * (weight * (h + l) + (1.0 - weight) * (o + c));
            let row = [o, h, l, c, libm::floor(volume) + 1.0, vwap, c * shares, ret];
            for (field, v) in fields.iter_mut().zip(row) {
                field[t] = v;
            }
            last = c;
        }
        Self { from, to, groups: [sector, industry, sub], fields, stream }
    }
}

/// The signal, symbol by symbol.
fn plant(spec: &CrossSectionSpec, names: &[Name], pool: &Pool) -> Vec<f64> {
    let days = spec.sessions;
    // Normal scores of each day's returns, day by day; NaN where there is no return.
    let scores = pool.map(days, |t| {
        let returns: Vec<f64> = names.iter().map(|n| n.fields[7][t]).collect();
        let n = returns.iter().filter(|r| !r.is_nan()).count() as f64;
        stats::ranks(&returns, Ties::Average)
            .into_iter()
            .map(|rank| if rank.is_nan() { f64::NAN } else { stats::normal_ppf((rank - 0.375) / (n + 0.25)) })
            .collect::<Vec<f64>>()
    });
    let loads = spec.loads();
    let rest = (1.0 - loads.iter().map(|c| c * c).sum::<f64>()).sqrt();
    let rows = pool.map(names.len(), |i| {
        let mut stream = names[i].stream.clone();
        let mut noise = stream.normal();
        let mut fill: Vec<f64> = vec![0.0; days + loads.len()];
        stream.fill_normal(&mut fill);
        let coming = |t: usize| scores.get(t).map(|day| day[i]).filter(|s| !s.is_nan()).unwrap_or(fill[t]);
        (0..days)
            .map(|t| {
                noise = 0.9 * noise + 0.19_f64.sqrt() * stream.normal();
                loads.iter().enumerate().fold(rest * noise, |sum, (h, c)| sum + c * coming(t + h + 1))
            })
            .collect::<Vec<f64>>()
    });
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::par::Threads;
    use std::num::NonZeroUsize;

    fn mean_ic(cs: &CrossSection, h: usize) -> (f64, f64, usize) {
        let (n, days) = (cs.panel.n_symbols(), cs.panel.n_times());
        let (mut signal, mut returns) = (vec![0.0; n], vec![0.0; n]);
        let mut ics = Vec::new();
        for t in 1..days - h {
            cs.panel.cross_section("signal", t, &mut signal).unwrap();
            cs.panel.cross_section("return", t + h, &mut returns).unwrap();
            let (x, y): (Vec<f64>, Vec<f64>) =
                signal.iter().zip(&returns).filter(|(s, r)| !s.is_nan() && !r.is_nan()).unzip();
            ics.push(stats::spearman(&x, &y).unwrap());
        }
        let sd = stats::std(&ics, 1).unwrap();
        (stats::mean(&ics).unwrap(), sd / (ics.len() as f64).sqrt(), ics.len())
    }

    #[test]
    fn the_planted_ic_is_found_and_decays() {
        let spec = CrossSectionSpec { n_symbols: 300, ..CrossSectionSpec::default() };
        let cs = CrossSection::generate(&spec, &Pool::inline()).unwrap();
        for h in [1, 2, 6, 11] {
            let (mean, error, n) = mean_ic(&cs, h);
            let expected = spec.ic_at(h);
            assert!((mean - expected).abs() < 3.0 * error, "h {h}: {mean} +- {error} over {n} days, not {expected}");
        }
        let none = CrossSectionSpec { ic: 0.0, ..spec };
        let (mean, error, _) = mean_ic(&CrossSection::generate(&none, &Pool::inline()).unwrap(), 1);
        assert!(mean.abs() < 3.0 * error, "{mean} +- {error}");
    }

    #[test]
    fn names_come_and_go_and_bars_are_in_order() {
        let spec = CrossSectionSpec { n_symbols: 100, sessions: 250, ..CrossSectionSpec::default() };
        let panel = CrossSection::generate(&spec, &Pool::inline()).unwrap().panel;
        let field = |f: &str| panel.field(f).unwrap().clone();
        let (o, h, l, c, v, w) =
            (field("open"), field("high"), field("low"), field("close"), field("volume"), field("vwap"));
        let (mut present, mut late, mut gone) = (0, 0, 0);
        for i in 0..100 {
            let row = i * 250;
            late += usize::from(c[row].is_nan());
            gone += usize::from(c[row + 249].is_nan());
            for j in row..row + 250 {
                if c[j].is_nan() {
                    assert!(o[j].is_nan() && v[j].is_nan());
                    continue;
                }
                present += 1;
                assert!(l[j] <= o[j].min(c[j]) && o[j].max(c[j]) <= h[j] && l[j] > 0.0 && v[j] > 0.0);
                assert!(l[j] <= w[j] && w[j] <= h[j]);
            }
        }
        assert!(late > 2 && gone > 2 && present > 15_000, "{late} {gone} {present}");
        assert!(panel.groups().eq(["industry", "sector", "subindustry"]));
        // Nested: one industry lies in one sector.
        let (sector, industry) = (panel.group("sector").unwrap(), panel.group("industry").unwrap());
        for (a, b) in (0..100).flat_map(|a| (0..100).map(move |b| (a, b))) {
            assert!(industry[a] != industry[b] || sector[a] == sector[b]);
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let spec = CrossSectionSpec { n_symbols: 30, sessions: 120, ..CrossSectionSpec::default() };
        let digests: Vec<_> = [1, 2, 7]
            .into_iter()
            .map(|n| {
                let pool = Pool::new(Threads::N(NonZeroUsize::new(n).unwrap())).unwrap();
                super::super::goldens::digest_panel(&CrossSection::generate(&spec, &pool).unwrap().panel)
            })
            .collect();
        assert!(digests.windows(2).all(|w| w[0] == w[1]));
    }

    #[test]
    fn wrong_specs_name_the_field() {
        let base = CrossSectionSpec::default;
        let message = |spec: CrossSectionSpec| spec.validated().unwrap_err().to_string();
        assert!(message(CrossSectionSpec { n_symbols: 3, ..base() }).starts_with("n_symbols: 3"));
        assert!(message(CrossSectionSpec { sessions: 0, ..base() }).starts_with("sessions: 0"));
        assert!(message(CrossSectionSpec { n_symbols: 10_000, sessions: 7_560, ..base() }).contains("cells"));
        assert!(message(CrossSectionSpec { ic: 0.3, ic_half_life: 60.0, ..base() }).starts_with("ic: 0.3"));
        assert!(message(CrossSectionSpec { late_frac: -0.1, ..base() }).starts_with("late_frac"));
    }
}
