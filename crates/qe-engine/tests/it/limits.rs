//! Limits: no fill of one, costs of the price included, is ever worse than its level, and it pays the maker's fee.

use qe_core::rng::Stream;
use qe_engine::batch::{Stretch, Warmup, run_with_ledger};
use qe_engine::broker::{Spec, TimeInForce};
use qe_engine::costs::CostModel;
use qe_engine::fills::Holding;
use qe_engine::ledger::Cause;

use crate::broker::support::{Acts, go, hours};
use crate::random::{Order, market, sketch, weights};

#[test]
fn no_limit_of_a_random_strategy_is_filled_at_a_worse_price_than_its_level() {
    let (mut n_at_open, mut n_at_level, mut n_by_weight) = (0, 0, 0);
    for id in 0..1_500 {
        let mut r = Stream::new(7, "limits", id);
        let (market, given) = market(&mut r, 400);
        let mut s = if r.bernoulli(0.3) { weights(&mut r) } else { sketch(&mut r) };
        let Order::Limit(_, n_bars) = s.order else { continue };
        if s.weight.is_some() {
            continue;
        }
        // Levels that are read off the bars here.
        let (texts, away) =
            [(["close - 1", "close + 1"], -1.0), (["close + 1", "close - 1"], 1.0)][r.below(2) as usize];
        s.order = Order::Limit(texts.map(Into::into), n_bars);
        let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: true, max_bytes: 1 << 20 };
        let (_, ledger) = run_with_ledger(&s.plan(), 0, &market, &stretch).unwrap();
        let close = market.columns().get("close").unwrap().to_f64();
        let f = &ledger.fills;
        for i in (0..f.len()).filter(|i| f.cause[*i] == Cause::Entry) {
            let side = f.units[i].signum();
            let level = close[f.signal_row[i] as usize] + side * away;
            assert!(side * f.price[i] <= side * level, "{id}: {} for {level}, fill {i}\n{s:?}", f.price[i]);
            assert_eq!(f.price[i].to_bits(), f.raw[i].to_bits(), "{id}, fill {i}");
            let value = f.units[i].abs() * given.multiplier * f.price[i];
            let fee = s.costs.maker_fee_bps * 1e-4 * value + s.costs.fee_per_unit * f.units[i].abs();
            let fee = if s.costs.min_fee > 0.0 { fee.max(s.costs.min_fee) } else { fee };
            assert!((f.fee[i] - fee).abs() <= 1e-12 * value, "{id}: {} {fee}", f.fee[i]);
            n_at_open += usize::from(f.phase[i] == 0);
            n_at_level += usize::from(f.phase[i] == 1);
            n_by_weight += usize::from(s.execution.holding != Holding::Units);
        }
    }
    let told = format!("{n_at_open} at opens, {n_at_level} at levels, {n_by_weight} by weight");
    assert!(n_at_open > 2_000 && n_at_level > 2_000 && n_by_weight > 100, "{told}");
}

#[test]
fn a_limit_that_an_open_is_better_than_pays_the_open_and_the_maker_s_fee() {
    // Bought by a limit of 101 at an open of 100: with 2 % of spread it paid 101 in all, and with 4 % more than its level.
    let costs = CostModel {
        spread_frac: 0.04,
        slippage_bps: 10.0,
        taker_fee_bps: 30.0,
        maker_fee_bps: 10.0,
        ..CostModel::default()
    };
    let spec = Spec { leverage: 100.0, costs, ..Spec::default() };
    let bars = [[100.0; 4], [100.0; 4], [104.0; 4], [103.0; 4], [110.0; 4]];
    for is_met_at_open in [true, false] {
        let report = go(
            &spec,
            &[hours(&bars)],
            Acts::at(|row, desk| match (row, is_met_at_open) {
                (0, true) => {
                    desk.buy(0, 10.0).limit(101.0).place();
                    desk.buy(0, 10.0).stop_limit(99.0, 101.0).place();
                }
                (1, true) => {
                    desk.sell(0, 20.0).limit(102.0).reduce_only().place();
                }
                (0, false) => {
                    desk.buy(0, 10.0).limit(101.0).during(TimeInForce::Ioc).place();
                }
                _ => {}
            }),
        );
        let f = &report.ledger.fills;
        if is_met_at_open {
            assert_eq!(f.price, [100.0, 100.0, 104.0]);
            assert!(f.fee.iter().zip([1.0, 1.0, 2.08]).all(|(a, b)| (a - b).abs() < 1e-12), "{:?}", f.fee);
        } else {
            assert_eq!((f.price.as_slice(), f.fee.as_slice()), ([100.0].as_slice(), [1.0].as_slice()));
        }
    }
}
