//! An option chain over a year of days, on one fund of a simulated market.
//!
//! One snapshot a session, 15 minutes before its close. Expiries are the next Fridays (weeklies) and the next third
//! Fridays (monthlies), the session before where a Friday is a holiday, at 16:00 New York; strikes lie on a fixed grid
//! around the spot, so a contract stays quoted as time passes. Mids are Black prices on the forward `S exp((r - q) t)`
//! under a [`Surface`] without static arbitrage; calls and puts share one volatility, so their mids keep parity
//! exactly. Instantaneous variance is `1.2 s^2 m exp(y)`, with `s` the fund's annual volatility, `m` the day's
//! deviation of the market factor over its mean and `y` an AR(1) (0.9 a day) whose noise grows with the regime (0.08 on
//! calm days to 0.22 in a crisis). Exercise is European.
//!
//! The half-spread is `(0.01 + 0.012 min(mid, 5) + 0.002 F sqrt(theta) exp(-d^2/2)) c (1 + min(|d|/3, 2)^2)` with `d =
//! ln(K/F) / sqrt(theta)` and `c` 1 on calm days, 1.2 on normal, 2 on stressed and 3 on crisis days; bids are rounded
//! down and asks up, to 0.01 below 3 and 0.05 from there. A bid that would be below zero is zero. With chance
//! `missing_frac` a row lacks its bid, its ask or both (NaN). Volume and open interest are lognormal around a level
//! that falls with distance from the money and from today; the open interest of a contract hangs on the contract, and
//! grows towards its expiry.
//!
//! References: as in [`super::surface`]; Black (1976).

use qe_core::black::{self, Right};
use qe_core::calendar::Calendar;
use qe_core::chain::{Chain, OptionQuote};
use qe_core::rng::Stream;
use qe_core::time::{Date, NANOS_PER_DAY, NANOS_PER_HOUR, NANOS_PER_MINUTE, Weekday};
use serde::{Deserialize, Serialize};

use super::regime::Regime;
use super::surface::Surface;
use super::{Market, num, within};
use crate::error::{Error, Result};

/// Nanoseconds in a year of 365 days, in which option time is counted.
const YEAR: f64 = 365.0 * NANOS_PER_DAY as f64;

/// An option chain: what to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptionsSpec {
    /// The seed of everything but the underlying, which is the market's.
    pub seed: u64,
    /// A fund of the market.
    pub symbol: String,
    /// The first session of the market that is used, counted from 0.
    pub first_session: usize,
    /// How many sessions, at most those of the market.
    pub sessions: usize,
    /// How many weekly expiries are listed at a time.
    pub n_weeklies: usize,
    /// How many monthly expiries are listed at a time.
    pub n_monthlies: usize,
    /// The most rows; it decides how many strikes are listed.
    pub max_rows: usize,
    /// The distance of strikes; `None` for a round number near 1 % of the first price.
    pub strike_step: Option<f64>,
    /// The annual rate, continuously compounded.
    pub rate_annual: f64,
    /// The annual dividend yield, continuously compounded.
    pub dividend_annual: f64,
    /// The chance that a row lacks a side.
    pub missing_frac: f64,
}

impl Default for OptionsSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            symbol: "SPY".into(),
            first_session: 0,
            sessions: 252,
            n_weeklies: 4,
            n_monthlies: 4,
            max_rows: 250_000,
            strike_step: None,
            rate_annual: 0.02,
            dividend_annual: 0.015,
            missing_frac: 0.01,
        }
    }
}

impl OptionsSpec {
    /// Fails at the first field that is wrong.
    fn check(&self) -> Result<()> {
        if !(1..=10_000).contains(&self.sessions) {
            let reason = format!("{} is outside of 1 to 10000", self.sessions);
            return Err(Error::spec("sessions", reason, "write 252"));
        }
        if !(1..=60).contains(&self.n_weeklies.saturating_add(self.n_monthlies)) {
            let reason = "there must be 1 to 60 weekly and monthly expiries together";
            return Err(Error::spec("n_weeklies", reason, "write 4"));
        }
        within("rate_annual", self.rate_annual, -0.1, 0.3)?;
        within("dividend_annual", self.dividend_annual, -0.1, 0.3)?;
        within("missing_frac", self.missing_frac, 0.0, 1.0)?;
        if let Some(step) = self.strike_step {
            within("strike_step", step, 0.01, 1e4)?;
        }
        if self.n_strikes() < 5 {
            let least = self.sessions * self.n_expiries() * 2 * 5;
            let reason = format!("{} rows leave room for fewer than 5 strikes", self.max_rows);
            return Err(Error::spec("max_rows", reason, format!("write {least} or more, or ask for fewer sessions")));
        }
        Ok(())
    }

    fn n_expiries(&self) -> usize {
        self.n_weeklies.saturating_add(self.n_monthlies)
    }

    /// How many strikes each expiry has: the largest odd number that the budget allows, at most 401.
    pub fn n_strikes(&self) -> usize {
        let n = self.max_rows / self.sessions.saturating_mul(self.n_expiries()).saturating_mul(2).max(1);
        (if n.is_multiple_of(2) { n.saturating_sub(1) } else { n }).min(401)
    }
}

/// What is known at a snapshot: everything that prices hang on.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot {
    /// When, nanoseconds UTC.
    pub time: i64,
    /// The underlying's price.
    pub spot: f64,
    /// The regime of the day.
    pub regime: Regime,
    /// The surface.
    pub surface: Surface,
    /// Rate and dividend yield per year.
    pub carry: [f64; 2],
}

impl Snapshot {
    /// Time to an expiry in years of 365 days.
    pub fn t_years(&self, expiry: i64) -> f64 {
        (expiry - self.time) as f64 / YEAR
    }

    /// The forward price at an expiry.
    pub fn forward(&self, expiry: i64) -> f64 {
        self.spot * libm::exp((self.carry[0] - self.carry[1]) * self.t_years(expiry))
    }

    /// The price before spread and rounding.
    pub fn mid(&self, right: Right, strike: f64, expiry: i64) -> f64 {
        let (t, forward) = (self.t_years(expiry), self.forward(expiry));
        let vol = self.surface.vol(libm::log(strike / forward), t);
        black::price(right, forward, strike, t, vol, libm::exp(-self.carry[0] * t))
    }
}

/// The snapshots of a chain, without its rows.
///
/// # Errors
/// When the spec is wrong, or asks for a fund or sessions that the market does not have.
pub fn snapshots(spec: &OptionsSpec, market: &Market) -> Result<Vec<Snapshot>> {
    spec.check()?;
    let bars = market.minute_bars_of(&spec.symbol)?;
    let n_days = market.regimes().len();
    let end = spec.first_session.saturating_add(spec.sessions);
    if end > n_days {
        let reason = format!("sessions up to {end} are asked for, the market has {n_days}");
        return Err(Error::spec("sessions", reason, "ask for fewer, or simulate more years"));
    }
    let vol = super::etfs::find(&spec.symbol).map_or(0.2, |i| super::ETFS[i].vol_annual);
    let mut noise = Stream::new(spec.seed, "market.options.vol", 0);
    let mut y = 0.0;
    let mut out = Vec::with_capacity(spec.sessions);
    for day in &market.regimes()[spec.first_session..end] {
        let dev = [0.08, 0.1, 0.16, 0.22][day.regime.index()];
        y = 0.9 * y + dev * noise.normal();
        let time = day.session.close - 15 * NANOS_PER_MINUTE;
        let row = bars.axis().known_at(time);
        let spot = row.checked_sub(1).map_or(f64::NAN, |r| bars.close()[r]);
        // The market factor explains most of a fund; what is its own moves less.
        let v0 = 1.2 * vol * vol * day.market_vol * num::exp(y);
        let surface = Surface { v0: v0.clamp(0.002, 2.0), vbar: 1.2 * vol * vol, kappa: 4.0, rho: -0.65, eta: 1.1 };
        let carry = [spec.rate_annual, spec.dividend_annual];
        out.push(Snapshot { time, spot, regime: day.regime, surface, carry });
    }
    Ok(out)
}

/// Simulates the chain of a fund of `market`.
///
/// # Errors
/// When the spec is wrong, or asks for a fund or sessions that the market does not have.
pub fn generate(spec: &OptionsSpec, market: &Market) -> Result<Chain> {
    let snapshots = snapshots(spec, market)?;
    let step = spec.strike_step.unwrap_or_else(|| round_step(0.01 * snapshots.first().map_or(1.0, |s| s.spot)));
    let half = (spec.n_strikes() / 2) as f64;
    let mut rows = Vec::with_capacity(spec.max_rows.min(snapshots.len() * spec.n_expiries() * spec.n_strikes() * 2));
    let quotes = Stream::new(spec.seed, "market.options.quote", 0);
    let contracts = Stream::new(spec.seed, "market.options.contract", 0);
    for (i, snap) in snapshots.iter().enumerate() {
        let mut stream = quotes.sibling((spec.first_session + i) as u64);
        let centre = libm::round(snap.spot / step);
        let today = market.calendar().zone().date_at(snap.time);
        for expiry in expiries(market.calendar(), today, spec) {
            for n in 0..spec.n_strikes() {
                let strike = (centre - half + n as f64) * step;
                // Strikes at or below zero do not exist.
                if strike > 0.5 * step {
                    for right in [Right::Call, Right::Put] {
                        rows.push(quote(snap, right, strike, expiry, spec, &mut stream, &contracts));
                    }
                }
            }
        }
    }
    Ok(Chain::new(spec.symbol.as_str(), rows)?)
}

fn quote(
    snap: &Snapshot,
    right: Right,
    strike: f64,
    expiry: i64,
    spec: &OptionsSpec,
    stream: &mut Stream,
    contracts: &Stream,
) -> OptionQuote {
    let mid = snap.mid(right, strike, expiry);
    let (t, forward) = (snap.t_years(expiry), snap.forward(expiry));
    let dev = snap.surface.theta(t).sqrt();
    let distance = libm::log(strike / forward) / dev;
    let wing = (distance.abs() / 3.0).min(2.0);
    let near = libm::exp(-0.5 * distance * distance);
    let stress = [1.0, 1.2, 2.0, 3.0][snap.regime.index()];
    let half = (0.01 + 0.012 * mid.min(5.0) + 0.002 * forward * dev * near) * stress * (1.0 + wing * wing);
    let low = mid - half;
    let mut bid = if low <= 0.0 { 0.0 } else { tick(low, libm::floor) };
    let mut ask = tick(mid + half, libm::ceil).max(0.01);
    let lacks = stream.uniform();
    if lacks < spec.missing_frac {
        let which = lacks / spec.missing_frac;
        bid = if which < 0.75 { f64::NAN } else { bid };
        ask = if which > 0.5 { f64::NAN } else { ask };
    }
    // Numbers that hang on the contract are drawn from its own stream.
    let day = (expiry / NANOS_PER_DAY) as u64;
    let id = (day << 36) | ((strike * 100.0) as u64 & 0x7_ffff_ffff) << 1 | u64::from(right == Right::Put);
    let mut own = contracts.sibling(id);
    let life = 0.2 + 0.8 * libm::exp(-6.0 * t);
    let level = libm::exp(-0.35 * distance * distance) + 0.03;
    let open_interest = libm::floor(8_000.0 * life * level * libm::exp(0.9 * own.normal() - 0.4));
    let volume = libm::floor(0.25 * open_interest * libm::exp(1.1 * stream.normal() - 0.6));
    let mut size = |mean: f64| libm::floor(1.0 + mean * stream.exponential());
    let sizes = 5.0 + 60.0 * near;
    let (bid_size, ask_size) = (size(sizes), size(sizes));
    let shown = |price: f64, size: f64| if price > 0.0 { size } else { 0.0 };
    OptionQuote {
        time: snap.time,
        expiry,
        strike,
        right,
        bid,
        ask,
        bid_size: shown(bid, bid_size),
        ask_size: shown(ask, ask_size),
        volume,
        open_interest,
        underlying: snap.spot,
    }
}

/// A price on the ticks of US options: 0.01 below 3, 0.05 from there.
fn tick(price: f64, how: fn(f64) -> f64) -> f64 {
    let per_unit = if price < 3.0 { 100.0 } else { 20.0 };
    // A price that is on a tick but for the last bits stays there.
    let ticks = price * per_unit;
    let nearest = libm::round(ticks);
    (if (ticks - nearest).abs() < 1e-9 { nearest } else { how(ticks) }) / per_unit
}

/// The round number nearest to `x` in ratio: 0.5, 1, 2.5, 5, 10, ...
fn round_step(x: f64) -> f64 {
    const STEPS: [f64; 8] = [0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0];
    STEPS.into_iter().find(|s| *s >= 0.8 * x).unwrap_or(100.0)
}

/// The listed expiries as seen on a day: at least a day away, ascending, each once.
fn expiries(calendar: &Calendar, today: Date, spec: &OptionsSpec) -> Vec<i64> {
    let mut days: Vec<Date> = Vec::with_capacity(spec.n_expiries());
    let mut friday = today.monday().add_days(Weekday::Fri.index() as i32);
    while days.len() < spec.n_weeklies {
        if let Some(day) = last_session(calendar, friday).filter(|d| *d > today) {
            days.push(day);
        }
        friday = friday.add_days(7);
    }
    let mut month = today.first_of_month();
    let mut found = 0;
    while found < spec.n_monthlies {
        if let Some(day) = last_session(calendar, third_friday(month)).filter(|d| *d > today && !days.contains(d)) {
            days.push(day);
            found += 1;
        }
        month = month.add_days(31).first_of_month();
    }
    days.sort_unstable();
    days.into_iter().map(|d| expiry_instant(calendar, d)).collect()
}

/// The session on a day, or the last one within the week before. Beyond the calendar, the day itself.
fn last_session(calendar: &Calendar, friday: Date) -> Option<Date> {
    if !calendar.covers(friday) {
        return Some(friday);
    }
    calendar.session_on_or_before(friday).map(|s| s.date).filter(|d| friday.days() - d.days() < 5)
}

/// The third Friday of a month, given any day of it.
pub fn third_friday(day: Date) -> Date {
    let first = day.first_of_month();
    let ahead = (Weekday::Fri.index() + 7 - first.weekday().index()) % 7;
    first.add_days(ahead as i32 + 14)
}

/// 16:00 New York on a day.
fn expiry_instant(calendar: &Calendar, day: Date) -> i64 {
    calendar.zone().to_utc(day.midnight_utc().saturating_add(16 * NANOS_PER_HOUR)).earliest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::MarketSpec;
    use qe_core::par::Pool;

    fn market() -> Market {
        let spec = MarketSpec { years: 1, symbols: vec!["SPY".into()], ..MarketSpec::default() };
        Market::generate(&spec, &Pool::inline()).unwrap()
    }

    #[test]
    fn a_year_of_days_fits_its_budget_and_stays_listed() {
        let market = market();
        let spec = OptionsSpec { max_rows: 100_000, ..OptionsSpec::default() };
        let spec = OptionsSpec { sessions: market.regimes().len(), ..spec };
        let chain = generate(&spec, &market).unwrap();
        assert!(chain.len() > 80_000 && chain.len() <= 100_000, "{}", chain.len());
        assert_eq!(chain.snapshots().count(), spec.sessions);
        // A monthly near the money is quoted on every day of its last three weeks.
        let day = |i: usize| market.regimes()[i].session;
        let last = (40..80).find(|i| day(*i).date == third_friday(day(*i).date)).unwrap();
        let expiry = expiry_instant(market.calendar(), day(last).date);
        assert_eq!(qe_core::zone::local_text(market.calendar().zone(), expiry).get(11..16), Some("16:00"));
        let strike = (0..chain.len())
            .find(|r| {
                chain.time()[*r] < day(last - 14).close
                    && chain.time()[*r] > day(last - 15).close
                    && (chain.strike()[*r] - chain.underlying_price()[*r]).abs() < 1.5
            })
            .map(|r| chain.strike()[r])
            .unwrap();
        let seen = (0..chain.len())
            .filter(|r| {
                chain.expiry()[*r] == expiry && chain.strike()[*r] == strike && chain.time()[*r] > day(last - 15).close
            })
            .count();
        assert_eq!(seen, 2 * 14, "strike {strike}");
    }

    #[test]
    fn mids_admit_no_arbitrage_and_keep_parity() {
        let market = market();
        let spec = OptionsSpec { sessions: market.regimes().len(), ..OptionsSpec::default() };
        for snap in snapshots(&spec, &market).unwrap().iter().step_by(7) {
            assert!(snap.surface.is_free_of_arbitrage());
            let today = market.calendar().zone().date_at(snap.time);
            for expiry in expiries(market.calendar(), today, &spec) {
                let strikes: Vec<f64> = (0..61).map(|i| snap.spot * (0.7 + 0.01 * f64::from(i))).collect();
                let calls: Vec<f64> = strikes.iter().map(|k| snap.mid(Right::Call, *k, expiry)).collect();
                let df = libm::exp(-snap.carry[0] * snap.t_years(expiry));
                for (w, k) in calls.windows(3).zip(strikes.windows(3)) {
                    assert!(w[1] <= w[0] && w[0] - w[1] <= df * (k[1] - k[0]) + 1e-11);
                    assert!(w[0] - 2.0 * w[1] + w[2] >= -1e-10, "{w:?}");
                }
                for (k, call) in strikes.iter().zip(&calls) {
                    let put = snap.mid(Right::Put, *k, expiry);
                    assert!((call - put - df * (snap.forward(expiry) - k)).abs() < 1e-10);
                }
            }
        }
    }

    #[test]
    fn quotes_enclose_mids_on_ticks_and_some_are_missing_or_zero() {
        let market = market();
        let spec = OptionsSpec { sessions: 200, missing_frac: 0.05, ..OptionsSpec::default() };
        let chain = generate(&spec, &market).unwrap();
        let snaps = snapshots(&spec, &market).unwrap();
        let (mut missing, mut zero, mut width) = (0, 0, [[0.0, 0.0]; 4]);
        for r in 0..chain.len() {
            let row = chain.row(r).unwrap();
            let snap = snaps.iter().find(|s| s.time == row.time).unwrap();
            let mid = snap.mid(row.right, row.strike, row.expiry);
            assert!(row.bid.is_nan() || row.bid <= mid, "{row:?} {mid}");
            assert!(row.ask.is_nan() || row.ask >= mid, "{row:?} {mid}");
            missing += usize::from(row.bid.is_nan() || row.ask.is_nan());
            zero += usize::from(row.bid == 0.0);
            for p in [row.bid, row.ask].into_iter().filter(|p| !p.is_nan()) {
                let cents = p * if p < 3.0 { 100.0 } else { 20.0 };
                assert!((cents - cents.round()).abs() < 1e-6, "{p}");
            }
            if row.is_two_sided() && mid > 1.0 && mid < 5.0 {
                let w = &mut width[snap.regime.index()];
                *w = [w[0] + row.ask - row.bid, w[1] + 1.0];
            }
        }
        let n = chain.len() as f64;
        assert!((missing as f64 / n - 0.05).abs() < 0.005, "{missing} of {n}");
        assert!(zero as f64 / n > 0.01, "{zero} zero bids");
        let mean = |r: Regime| width[r.index()][0] / width[r.index()][1];
        assert!(mean(Regime::Crisis) > 1.5 * mean(Regime::Normal), "{width:?}");
    }

    #[test]
    fn third_fridays_and_holidays() {
        let date = |y, m, d| Date::new(y, m, d).unwrap();
        assert_eq!(third_friday(date(2024, 3, 31)), date(2024, 3, 15));
        assert_eq!(third_friday(date(2019, 2, 1)), date(2019, 2, 15));
        // Good Friday of 2019 was a third Friday: the Thursday before it.
        let calendar = Calendar::us_equities();
        assert_eq!(last_session(&calendar, third_friday(date(2019, 4, 1))), Some(date(2019, 4, 18)));
    }

    #[test]
    fn wrong_specs_name_the_field() {
        let market = market();
        let message = |spec: OptionsSpec| generate(&spec, &market).unwrap_err().to_string();
        let base = OptionsSpec::default;
        assert!(message(OptionsSpec { max_rows: 1_000, ..base() }).starts_with("max_rows: 1000 rows"));
        assert!(message(OptionsSpec { symbol: "QQQ".into(), ..base() }).contains("no symbol is named \"QQQ\""));
        assert!(message(OptionsSpec { sessions: 999, ..base() }).starts_with("sessions: sessions up to 999"));
        let many = OptionsSpec { sessions: usize::MAX, n_weeklies: usize::MAX, ..base() };
        assert!(many.n_strikes() == 0 && message(many).starts_with("sessions:"));
        assert!(message(OptionsSpec { n_weeklies: usize::MAX, ..base() }).starts_with("n_weeklies:"));
        assert!(message(OptionsSpec { missing_frac: 2.0, ..base() }).starts_with("missing_frac"));
    }
}
