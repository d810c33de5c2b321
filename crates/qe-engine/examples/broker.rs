//! A strategy of ten lines on simulated data: `cargo run -p qe-engine --example broker`.
#![expect(clippy::print_stdout, reason = "the report is this program's output")]

use qe_core::par::{Pool, Threads};
use qe_core::timeframe::Timeframe;
use qe_data::events::Events;
use qe_data::market::{Market as Simulated, MarketSpec};
use qe_data::resample::{ResampleSpec, resample};
use qe_engine::broker::{BarStrategy, Desk, Quantity, Seen, Spec, run};
use qe_engine::costs::CostModel;
use qe_engine::market::Market;

/// Buys what closes above its last twenty closes, with a stop and a target.
struct Breakout;

impl BarStrategy for Breakout {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        for bar in seen.bars() {
            let closes = seen.closes(bar.market);
            let before = &closes[closes.len().saturating_sub(21)..closes.len() - 1];
            let is_high = before.len() == 20 && before.iter().all(|x| bar.close() > *x);
            if is_high && desk.open_orders().is_empty() && desk.units(bar.market) == 0.0 {
                let (stop, target) = (0.97 * bar.close(), 1.06 * bar.close());
                desk.buy(bar.market, Quantity::Fraction(0.5)).stop_loss(stop).take_profit(target).place();
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = MarketSpec { symbols: vec!["SPY".into(), "GLD".into()], years: 1, ..MarketSpec::default() };
    let simulated = Simulated::generate(&spec.validated()?, &Pool::new(Threads::All)?)?;
    let calendar = simulated.calendar().clone();
    let mut markets = Vec::new();
    for bars in simulated.minute_bars() {
        let hours = resample(bars, &ResampleSpec::new(Timeframe::H1, calendar.clone()))?;
        markets.push(Market::new(&hours.bars, &calendar)?);
    }
    let broker = Spec { costs: CostModel::research(), ..Spec::default() };
    let report = run(&broker, &markets, Events::us(), &mut Breakout)?;
    for (m, market) in markets.iter().enumerate() {
        for trade in report.trades(m, market).iter().take(5) {
            let reason = trade.reason.as_deref().unwrap_or("open");
            println!("{:4} {:9.2} units, {:9.2} won by {reason}", market.symbol(), trade.units, trade.pnl);
        }
    }
    println!("{} orders, {} fills", report.orders.len(), report.ledger.fills.len());
    println!("{} things were not as they were asked for", report.events.len());
    println!("worth {:.2}", report.worth.last().copied().unwrap_or(broker.capital));
    Ok(())
}
