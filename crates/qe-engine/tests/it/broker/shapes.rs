//! A book of a shape that strategies that are data have is followed by their code; any other by the broker's own. On such a
//! shape the two give the same. An order that is there until the end of time is met as one without an end, but followed by the
//! broker's own.

use qe_core::rng::Stream;
use qe_engine::broker::{BrokerReport, Distance, Order, OrderKind, Quantity, Side, Spec, TimeInForce};
use qe_engine::costs::CostModel;
use qe_engine::fills::PathPolicy;
use qe_engine::market::Market;

use super::support::{Acts, go};
use crate::random::{market, one};

/// An entry, and what closes it: all of it rests under this time in force.
fn play(spec: &Spec, market: &Market, seed: u64, tif: TimeInForce) -> BrokerReport {
    let mut r = Stream::new(seed, "broker: shapes", 1);
    let mut s = Stream::new(seed, "broker: shapes", 2);
    let acts = Acts::at(move |_, desk| {
        if desk.units(0) == 0.0 && desk.open_orders().is_empty() && r.bernoulli(0.5) {
            let side = one(&mut r, &[Side::Buy, Side::Sell]);
            let level = desk.price(0) + (r.below(9) as f64 - 4.0) * 0.5;
            let kind = match r.below(3) {
                0 => OrderKind::Market { timing: None },
                1 => OrderKind::Limit { price: level },
                _ => OrderKind::Stop { price: level },
            };
            let units = Quantity::Units(1.0 + r.below(5) as f64);
            let tif = if let OrderKind::Market { .. } = kind { TimeInForce::Gtc } else { tif };
            desk.submit(Order::market(0, side, units).of(kind).during(tif));
        }
    })
    .on_fill(move |fill, desk| {
        if fill.held == 0.0 {
            return;
        }
        let away = fill.held.signum();
        let side = Side::of(-away);
        let group = desk.group();
        let exit = Order { reduce_only: true, oco: Some(group), ..Order::market(0, side, Quantity::All).during(tif) };
        let mut far = || 0.5 * s.below(7) as f64;
        let kinds = [
            OrderKind::Stop { price: fill.raw - away * far() },
            OrderKind::Limit { price: fill.raw + away * far() },
            OrderKind::Trail { by: Distance::Price(far()), best: None },
        ];
        for kind in kinds {
            if s.bernoulli(0.6) {
                desk.submit(exit.of(kind));
            }
        }
    });
    go(spec, std::slice::from_ref(market), acts)
}

fn told(report: &BrokerReport) -> Vec<String> {
    let f = &report.ledger.fills;
    let fill = |i: usize| {
        let [units, raw, price, fee, cash] = [f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i]];
        let bits = [units, raw, price, fee, cash].map(f64::to_bits);
        format!("{} {} {units} {raw} {bits:?} {}", f.row[i], f.phase[i], f.is_ambiguous[i])
    };
    (0..f.len()).map(fill).collect()
}

#[test]
fn both_ways_of_following_a_book_fill_the_same() {
    let (mut n_fills, mut n_undecided) = (0, 0);
    for seed in 0..2_000 {
        let mut r = Stream::new(seed, "broker: shapes", 0);
        let n = 20 + r.below(60) as usize;
        let market = market(&mut r, n).0;
        let costs = CostModel { spread_frac: 0.001, maker_fee_bps: 1.0, taker_fee_bps: 3.0, ..CostModel::default() };
        let spec = Spec { leverage: 1e6, capital: 1e6, costs, path: one(&mut r, &PathPolicy::ALL), ..Spec::default() };
        let own = play(&spec, &market, seed, TimeInForce::Gtc);
        let general = play(&spec, &market, seed, TimeInForce::Gtd(i64::MAX));
        let (a, b) = (told(&own), told(&general));
        let differ = (0..a.len().max(b.len())).find(|i| a.get(*i) != b.get(*i));
        if let Some(i) = differ {
            panic!("seed {seed}, {:?}, fill {i}:\n{:?}\n{:?}", spec.path, a.get(i), b.get(i));
        }
        let rows = |r: &BrokerReport| r.ledger.undecided.iter().map(|u| u.row).collect::<Vec<_>>();
        assert_eq!(rows(&own), rows(&general), "seed {seed}");
        n_fills += a.len();
        n_undecided += own.ledger.undecided.len();
    }
    assert!(n_fills > 20_000 && n_undecided > 1_000, "{n_fills} fills, {n_undecided} undecided");
}
