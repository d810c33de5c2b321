//! A strategy that trades live asks for no memory once it is warm: whoever waits for its orders waits for no allocator.

use qe_core::calendar::Calendar;
use qe_core::timeframe::Timeframe;
use qe_engine::StrategySpec;
use qe_engine::broker::{OrderId, OrderKind};
use qe_engine::live::{Account, Act, Bar, Feed, Fill, Live, Phase};
use qe_factors::expr::Schema;

use crate::counting::{alone, n_asked};

const MINUTE: i64 = 60_000_000_000;
const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// A breakout with a stop that ratchets, looked at by closes or resting in the market.
fn breakout(exit: &str) -> String {
    format!(
        "version = 1\nname = \"breakout\"\n[entry]\nlong = \"close > ts_max(high, 240)[1]\"\n[[exits]]\n{exit}\n\
         [sizing]\nunits = \"1\"\nlimit_frac = \"inf\"\n[execution]\nleverage = 1e9\ncapital = 1e6\n[costs]\n\
         spread_frac = 0.0006\n"
    )
}

/// Minutes of a walk that hangs on nothing but a number.
fn walk(n: usize) -> Vec<[f64; 5]> {
    let (mut drawn, mut price) = (88_172_645_463_325_252_u64, 100.0_f64);
    let bar = |_| {
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        let open = price;
        price *= 1.0 + ((drawn % 2001) as f64 - 1000.0) / 1e6;
        [open, open.max(price) * 1.0001, open.min(price) * 0.9999, price, 1e6]
    };
    (0..n).map(bar).collect()
}

/// The order at the market that is on its way, and whether it closes; and the stop that rests.
#[derive(Default)]
struct Venue {
    market: Option<(OrderId, bool)>,
    stop: Option<(OrderId, f64)>,
}

impl Venue {
    fn take(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Place(id, order) | Act::Replace(id, order) => match order.kind {
                    OrderKind::Stop { price } => self.stop = Some((*id, price)),
                    _ => self.market = Some((*id, order.reduce_only)),
                },
                Act::Cancel(id) => self.stop = self.stop.filter(|(own, _)| own != id),
            }
        }
    }
}

#[test]
fn a_strategy_that_trades_live_asks_for_no_memory_once_it_is_warm() {
    let _alone = alone();
    let rows = walk(60_000);
    for (kind, exit) in [
        ("closes", "when = \"close < max_since_entry(close - 5 * atr(60))\""),
        ("resting", "stop = \"max_since_entry(close - 5 * atr(60))\""),
    ] {
        let spec = StrategySpec::from_toml(&breakout(exit)).unwrap();
        let plan = spec.compile(&Schema::new(COLUMNS), 525_600.0, None).unwrap();
        let columns = COLUMNS.map(String::from).to_vec();
        let (calendar, timeframe) = (Calendar::crypto(), Timeframe::M1);
        let feed = Feed { symbol: "X".into(), is_traded: true, calendar, timeframe, columns };
        let mut live = Live::new(&plan, 0, std::slice::from_ref(&feed)).unwrap();
        let (mut venue, mut held, mut n_fills, mut warm) = (Venue::default(), 0.0, 0, None);
        for (row, values) in rows.iter().enumerate() {
            let open_time = row as i64 * MINUTE;
            let mut fill = |live: &mut Live<'_>, venue: &mut Venue, order, phase, raw, held| {
                n_fills += 1;
                let time = open_time + if phase == Phase::Open { 0 } else { MINUTE };
                let fill = Fill { order, feed: 0, time, phase, raw, price: raw, held, is_done: true };
                venue.take(live.filled(&fill).unwrap());
            };
            if let Some((order, is_exit)) = venue.market.take() {
                held = if is_exit { 0.0 } else { 1.0 };
                fill(&mut live, &mut venue, order, Phase::Open, values[0], held);
            }
            if let Some((order, level)) = venue.stop.filter(|(_, level)| held != 0.0 && values[2] <= *level) {
                (held, venue.stop) = (0.0, None);
                fill(&mut live, &mut venue, order, Phase::Within, level.min(values[0]), held);
            }
            let bar = Bar { feed: 0, open_time, available: open_time + MINUTE, values };
            venue.take(live.step(&[bar], &Account::UNKNOWN).unwrap());
            if row == rows.len() / 4 {
                warm = Some((n_asked(), n_fills));
            }
        }
        let (asked, filled) = warm.unwrap();
        assert!(filled > 10 && n_fills - filled > 50, "{kind}: {filled} and {n_fills} fills");
        assert_eq!(n_asked() - asked, 0, "{kind}");
    }
}
