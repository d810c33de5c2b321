//! Many markets with one account: walks of daily bars, and who brings them to weights once a month.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::broker::{BarStrategy, BrokerReport, Desk, Seen};
use qe_engine::market::Market;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Sessions of a month.
const MONTH: usize = 21;

/// Daily bars of so many symbols, `S0` and on, in the sessions of US equities from 2005 on. Each walks by up to 2 % a day;
/// the walks hang on nothing but their numbers.
///
/// # Errors
/// When the calendar has not so many sessions.
pub fn markets(n_symbols: usize, n_days: usize) -> Outcome<Vec<Market>> {
    let calendar = Calendar::us_equities();
    let (mut open, mut known) = (Vec::new(), Vec::new());
    let mut session = calendar.session_on_or_after(Date::new(2005, 1, 3)?);
    while let Some(s) = session.filter(|_| open.len() < n_days) {
        open.push(s.open);
        known.push(s.close);
        session = calendar.next_session(s.date);
    }
    let axis = Axis::new(open, known)?;
    let mut drawn = 88_172_645_463_325_252_u64;
    let mut markets = Vec::with_capacity(n_symbols);
    for symbol in 0..n_symbols {
        let mut price = 50.0_f64;
        let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::with_capacity(n_days));
        for _ in 0..axis.open().len() {
            // Marsaglia's xorshift: a walk needs no better numbers.
            drawn ^= drawn << 13;
            drawn ^= drawn >> 7;
            drawn ^= drawn << 17;
            let before = price;
            price *= 1.0 + ((drawn % 2001) as f64 - 1000.0) / 50_000.0;
            let (high, low) = (before.max(price) * 1.003, before.min(price) * 0.997);
            columns.iter_mut().zip([before, high, low, price, 1e6]).for_each(|(column, x)| column.push(x));
        }
        let bars = Bars::new(format!("S{symbol}").as_str(), Timeframe::D1, axis.clone(), columns)?;
        markets.push(Market::new(&bars, &calendar)?);
    }
    Ok(markets)
}

/// Every month, a weight for each market.
#[derive(Debug, Default)]
pub struct Monthly {
    day: usize,
}

impl BarStrategy for Monthly {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        if self.day.is_multiple_of(MONTH) {
            let n = seen.n_markets();
            for market in 0..n {
                let drawn = ((market * 7919 + self.day) % 97) as f64;
                desk.target_weight(market, 0.95 * drawn / (48.0 * n as f64)).place();
            }
        }
        self.day += 1;
    }
}

/// How far worth is, at most, from what its fills and the closes make of it, as a share of the capital. The markets have one
/// axis, and cost nothing to hold.
///
/// # Errors
/// When a market has no closes.
pub fn farthest(report: &BrokerReport, markets: &[Market]) -> Outcome<f64> {
    let closes = markets.iter().map(|market| Ok(market.columns().get("close")?.to_f64()));
    let closes: Vec<_> = closes.collect::<Outcome<_>>()?;
    let fills = &report.ledger.fills;
    let capital = report.spec.capital;
    let (mut cash, mut next, mut apart) = (capital, 0, 0.0_f64);
    let mut units = vec![0.0; markets.len()];
    for (row, worth) in report.worth.iter().enumerate() {
        while next < fills.len() && fills.row[next] as usize <= row {
            cash -= fills.units[next] * fills.price[next] + fills.fee[next];
            units[fills.line[next] as usize] += fills.units[next];
            next += 1;
        }
        let held: f64 = units.iter().zip(&closes).map(|(units, close)| units * close[row]).sum();
        apart = apart.max((cash + held - worth).abs() / capital);
    }
    Ok(apart)
}
