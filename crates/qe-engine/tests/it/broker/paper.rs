//! The seed's paper trader as its user knows it: the same hooks, the same names.

use qe_core::time::Timestamp;
use qe_data::events::{Event, EventKind, Events, Status};
use qe_engine::broker::{BarStrategy, Desk, Seen, Side, Spec, run};

use super::support::hours;

/// The seed's breakout: buys where the close is above the last high, with a stop and a target; stands aside after an event.
struct Breakout {
    size: f64,
    n_events: usize,
}

impl BarStrategy for Breakout {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        for row in seen.bars() {
            let highs = seen.column(row.market, "high").unwrap();
            let is_flat = desk.position(row.market).units == 0.0;
            let Some(last) = highs.len().checked_sub(2).map(|i| highs[i]) else { continue };
            if is_flat && self.n_events == 0 && row.close() > last {
                desk.buy(row.market, self.size).stop_loss(95.0).take_profit(120.0).place();
            }
        }
    }

    fn on_event(&mut self, event: &Event, _: &mut Desk<'_, '_>) {
        assert_eq!(event.kind, EventKind::Fomc);
        self.n_events += 1;
    }
}

#[test]
fn a_user_of_the_seed_finds_the_same_hooks_and_names() {
    let bars = [
        [100.0, 101.0, 99.0, 100.0],
        [100.0, 103.0, 100.0, 102.0],
        [102.0, 121.0, 101.0, 118.0],
        [118.0, 119.0, 110.0, 112.0],
        [112.0, 130.0, 112.0, 125.0],
        [125.0, 140.0, 120.0, 139.0],
    ];
    let market = hours(&bars);
    let at = |row: usize| Timestamp(market.columns().axis().available()[row]);
    let event = |row: usize, status| Event {
        kind: EventKind::Fomc,
        at: at(row),
        status,
        known_at: at(0),
        withdrawn_at: None,
        source: String::new(),
        note: String::new(),
    };
    let events = Events::new(vec![event(2, Status::Scheduled), event(1, Status::Cancelled)]).unwrap();
    let mut strategy = Breakout { size: 1_000.0, n_events: 0 };
    let markets = [market];
    let report = run(&Spec::paper(0.02), &markets, &events, &mut strategy).unwrap();
    assert_eq!(strategy.n_events, 1);
    let paper = report.paper(&markets);
    // Filled at the signal's own close of 102, half of 2 % above it: all of the 10,000, which is a record here.
    let price = 102.0 * 1.01;
    let qty = 10_000.0 / price;
    assert_eq!(paper.orders.len(), 2);
    assert_eq!((paper.orders[0].side, paper.orders[1].side), (Side::Buy, Side::Sell));
    assert!((paper.orders[0].price - price).abs() < 1e-9 && (paper.orders[0].qty - qty).abs() < 1e-9);
    assert_eq!(report.events.len(), 2, "{:?}", report.events);
    // The target is a limit: it pays no spread.
    let [trade] = &paper.trade_history[..] else { panic!("{:?}", paper.trade_history) };
    assert_eq!((trade.exit, trade.side, &*trade.symbol), (120.0, Side::Buy, "X"));
    assert!((trade.pnl - qty * (120.0 - price)).abs() < 1e-9);
    assert_eq!(paper.equity_curve.len(), 6);
    assert!((paper.equity_curve[5].equity - 10_000.0 - trade.pnl).abs() < 1e-9);
    assert_eq!((paper.total_trades, paper.win_rate, paper.avg_loss), (1, Some(1.0), None));
    assert!((paper.return_pct - trade.pnl / 100.0).abs() < 1e-9);
}
