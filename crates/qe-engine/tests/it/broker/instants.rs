//! Markets of several timeframes and calendars in one broker: instants come in order, nothing is seen early, and what ends
//! the account ends it in all of them.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::events::Events;
use qe_engine::broker::{BarStrategy, Desk, Filled, OrderState, Seen, Spec, Update, run};
use qe_engine::costs::CostModel;
use qe_engine::fills::{FillTiming, PathPolicy};
use qe_engine::ledger::{Cause, Refusal};
use qe_engine::market::Market;

use super::support::{Acts, fills, flat, go, hours};

const HOUR: i64 = 3_600_000_000_000;

/// Bars of one price each from the sixth of January 2020 on, around the clock.
fn of(timeframe: Timeframe, hours: i64, prices: &[f64]) -> Market {
    let first = Date::new(2020, 1, 6).unwrap().midnight_utc();
    let open: Vec<i64> = (0..prices.len() as i64).map(|i| first + i * hours * HOUR).collect();
    let known: Vec<i64> = open.iter().map(|t| t + hours * HOUR).collect();
    let p = prices.to_vec();
    let columns = [p.clone(), p.clone(), p.clone(), p, vec![1e6; prices.len()]];
    Market::new(&Bars::new("X", timeframe, Axis::new(open, known).unwrap(), columns).unwrap(), &Calendar::crypto())
        .unwrap()
}

/// Hours of US equities from the same day on: the first is half an hour after the market opened at 14:30 UTC.
fn of_equities(prices: &[f64]) -> Market {
    let calendar = Calendar::us_equities();
    let days = calendar.sessions(Date::new(2020, 1, 6).unwrap(), Date::new(2020, 12, 31).unwrap());
    let all = days.flat_map(|s| (0..7).map(move |i| (s.open + i * HOUR, (s.open + (i + 1) * HOUR).min(s.close))));
    let (open, known): (Vec<i64>, Vec<i64>) = all.take(prices.len()).unzip();
    let p = prices.to_vec();
    let columns = [p.clone(), p.clone(), p.clone(), p, vec![1e6; prices.len()]];
    Market::new(&Bars::new("Y", Timeframe::H1, Axis::new(open, known).unwrap(), columns).unwrap(), &calendar).unwrap()
}

/// Looks at all that can be seen, and buys in one market what it saw of another.
struct Watch {
    axes: Vec<Axis>,
    last: i64,
    n: usize,
}

impl BarStrategy for Watch {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        assert!(seen.now() > self.last && desk.now() == seen.now());
        self.last = seen.now();
        for (m, axis) in self.axes.iter().enumerate() {
            let n = axis.available().partition_point(|t| *t <= seen.now());
            assert_eq!((seen.n_rows(m), seen.closes(m).len()), (n, n));
            assert_eq!(seen.is_fresh(m), axis.available().contains(&seen.now()));
            assert_eq!(seen.column(m, "open").unwrap().len(), n);
            if seen.is_fresh(m) {
                self.n += 1;
                desk.buy((m + 1) % self.axes.len(), 1.0).place();
            }
        }
    }

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        let axis = &self.axes[fill.market];
        assert_eq!((fill.time, fill.phase), (axis.open()[fill.row], 0));
        assert!(fill.time >= self.last && fill.time == desk.now());
        // A bar that is running cannot be seen: its price is its open.
        assert_eq!(desk.price(fill.market), fill.raw);
    }

    fn on_order(&mut self, _: &Update, _: &mut Desk<'_, '_>) {}
}

#[test]
fn instants_come_in_order_over_timeframes_and_calendars_and_nothing_is_seen_early() {
    let prices: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i % 7)).collect();
    let markets = [
        of(Timeframe::H1, 1, &prices),
        of_equities(&prices[..60]),
        of(Timeframe::D1, 24, &prices[..9]),
        of(Timeframe::H4, 4, &prices[..50]),
    ];
    let axes: Vec<Axis> = markets.iter().map(|m| m.columns().axis().clone()).collect();
    let n_rows: usize = markets.iter().map(Market::len).sum();
    let mut watch = Watch { axes: axes.clone(), last: i64::MIN, n: 0 };
    let spec = Spec { leverage: 1e9, ..Spec::default() };
    let report = run(&spec, &markets, &Events::default(), &mut watch).unwrap();
    assert_eq!(watch.n, n_rows);
    let mut all: Vec<i64> = axes.iter().flat_map(|a| a.available().to_vec()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(report.times, all);
    let f = &report.ledger.fills;
    assert!(f.time.is_sorted() && f.len() > n_rows - 30, "{} of {n_rows}", f.len());
    // Each at the first open of its market that is not before it was placed.
    for (i, id) in report.fill_orders.iter().enumerate() {
        let placed = report.orders[id.0 as usize - 1].placed_at;
        let opens = axes[f.line[i] as usize].open();
        assert_eq!(f.time[i], opens[opens.partition_point(|t| *t < placed)], "fill {i}");
    }
}

#[test]
fn ruin_in_one_market_ends_what_is_on_its_way_in_all() {
    // A falls to nothing at the close of row 1; B opens at that very instant, and an order is due there.
    let markets = [hours(&[[100.0; 4], [100.0, 100.0, 1.0, 1.0], [1.0; 4], [1.0; 4]]), hours(&flat(&[50.0; 4]))];
    let report = go(
        &Spec { leverage: 4.0, ..Spec::default() },
        &markets,
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 200.0).place();
                desk.sell(1, 10.0).limit(60.0).place();
            }
            1 => {
                // Worth is 10,000 less 19,800 already: it is only not marked yet.
                desk.buy(0, 5.0).at(FillTiming::SIGNAL_CLOSE).place();
                desk.buy(1, 5.0).place();
            }
            _ => unreachable!("after ruin"),
        }),
    );
    assert_eq!(fills(&report), [(1, 0, 200.0, 100.0)], "{:?}", report.events);
    assert_eq!(report.ruin.unwrap().owed, 9_800.0);
    let why: Vec<_> = report.orders.iter().map(|o| (o.state, o.why)).collect();
    assert_eq!(why[1], (OrderState::Cancelled, Some(Refusal::Ruined)));
    assert_eq!(why[3], (OrderState::Cancelled, Some(Refusal::Ruined)));
    assert_eq!(report.worth[2..], vec![0.0; report.worth.len() - 2]);
}

#[test]
fn leverage_and_limits_are_of_all_markets_long_and_short() {
    let markets = [hours(&flat(&[100.0; 4])), hours(&flat(&[50.0; 4]))];
    let run = |spec: Spec| {
        let report = go(
            &spec,
            &markets,
            Acts::at(|row, desk| {
                if row == 0 {
                    desk.sell(0, 150.0).place();
                    desk.buy(1, 300.0).place();
                }
            }),
        );
        let whys: Vec<_> = report.events.iter().map(|e| e.why).collect();
        (fills(&report).iter().map(|f| f.2).collect::<Vec<_>>(), whys)
    };
    let spec = Spec { leverage: 2.0, ..Spec::default() };
    // 15,000 short of 20,000: 5,000 are left to be bought.
    assert_eq!(run(spec.clone()), (vec![-150.0, 100.0], vec![Refusal::CappedByLeverage]));
    let gross = Spec { gross_limit_frac: Some(1.75), ..spec.clone() };
    assert_eq!(run(gross), (vec![-150.0, 50.0], vec![Refusal::CappedByGross]));
    let position = Spec { position_limit_frac: Some(0.5), ..spec };
    assert_eq!(run(position), (vec![-50.0, 100.0], vec![Refusal::CappedByLimit; 2]));
}

#[test]
fn a_margin_call_takes_back_what_rests_in_all_markets_and_closes_each_at_its_own_open() {
    let report = go(
        &Spec { leverage: 4.0, maintenance_frac: 0.25, ..Spec::default() },
        &[hours(&flat(&[100.0, 100.0, 80.0, 75.0, 75.0])), hours(&flat(&[50.0, 50.0, 50.0, 51.0, 51.0]))],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 300.0).place();
                desk.sell(1, 20.0).place();
                desk.buy(1, 1.0).limit(10.0).place();
                desk.buy(0, 1.0).stop_limit(200.0, 210.0).place();
            }
        }),
    );
    let f = &report.ledger.fills;
    let told: Vec<_> = (0..f.len()).map(|i| (f.line[i], f.row[i], f.units[i], f.raw[i], f.cause[i])).collect();
    let entries = [(0, 1, 300.0, 100.0, Cause::Entry), (1, 1, -20.0, 50.0, Cause::Entry)];
    let calls = [(0, 3, -300.0, 75.0, Cause::MarginCall), (1, 3, 20.0, 51.0, Cause::MarginCall)];
    assert_eq!(told, [entries, calls].concat());
    assert_eq!((report.margin_calls[0].worth, report.margin_calls[0].gross), (4_000.0, 25_000.0));
    assert!(report.orders[2..4].iter().all(|o| o.why == Some(Refusal::MarginCall)));
    // 10,000 less 25 x 300 less 20.
    assert_eq!(report.worth.last(), Some(&2_480.0));
}

#[test]
fn impact_and_crisis_are_paid_as_written() {
    // Six days of 24 hours at 100, but for closes that go up and down by a hundredth: sigma and adv are those of the days before.
    let closes: Vec<f64> = (0..24 * 6).map(|i| if (i / 24) % 2 == 0 { 100.0 } else { 101.0 }).collect();
    let market = hours(&flat(&closes));
    let costs = CostModel { impact_coef: 0.5, ..CostModel::default() };
    let report = go(
        &Spec { costs, leverage: 100.0, ..Spec::default() },
        &[market],
        Acts::at(|row, desk| {
            if row == 24 * 4 {
                desk.buy(0, 90.0).place();
                desk.buy(0, 90.0).limit(150.0).place();
            }
        }),
    );
    // Days have a volume of 24,000; the returns of the four days before are up, down, up.
    let (up, down): (f64, f64) = (0.01, 100.0 / 101.0 - 1.0);
    let mean = (2.0 * up + down) / 3.0;
    let sigma = ((2.0 * (up - mean).powi(2) + (down - mean).powi(2)) / 2.0).sqrt();
    let price = 100.0 * (1.0 + 0.5 * sigma * (90.0_f64 / 24_000.0).sqrt());
    let f = &report.ledger.fills;
    assert!((f.price[0] - price).abs() < 1e-9, "{} {price}", f.price[0]);
    assert_eq!(f.price[1], 100.0);
}

#[test]
fn quarters_of_an_hour_say_when_and_what_comes_of_it_lies_on_those_that_follow() {
    // Bought at 100 at the hour's open, with a stop at 95 and a target at 105; once out, a stop at 104 buys again.
    let low_first = [
        [100.0, 101.0, 99.0, 100.0],
        [100.0, 100.0, 94.0, 96.0],
        [96.0, 106.0, 96.0, 105.0],
        [105.0, 105.0, 100.0, 101.0],
    ];
    let high_first = [
        [100.0, 106.0, 100.0, 105.0],
        [105.0, 105.0, 99.0, 100.0],
        [100.0, 100.0, 94.0, 95.0],
        [95.0, 101.0, 95.0, 101.0],
    ];
    let own = hours(&[[100.0; 4], [100.0, 106.0, 94.0, 101.0], [101.0; 4]]);
    let opens = own.columns().axis().open().to_vec();
    let told = |quarters: [[f64; 4]; 4]| {
        let rows: Vec<[f64; 4]> = [[[100.0; 4]; 4], quarters, [[101.0; 4]; 4]].concat();
        let open: Vec<i64> = (0..12).map(|i| opens[0] + i * HOUR / 4).collect();
        let known: Vec<i64> = open.iter().map(|t| t + HOUR / 4).collect();
        let column = |k: usize| rows.iter().map(|r| r[k]).collect::<Vec<f64>>();
        let columns = [column(0), column(1), column(2), column(3), vec![1.0; 12]];
        let fine = Bars::new("X", Timeframe::M15, Axis::new(open, known).unwrap(), columns).unwrap();
        let market = own.clone().with_detail(&fine).unwrap();
        let acts = Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 1.0).stop_loss(95.0).take_profit(105.0).place();
            }
        })
        .on_fill(|fill, desk| {
            if fill.held == 0.0 {
                desk.buy(0, 1.0).stop(104.0).place();
            }
        });
        let report = go(&Spec { path: PathPolicy::LowerTimeframe, ..Spec::default() }, &[market], acts);
        let f = &report.ledger.fills;
        let minutes = |i: usize| (f.time[i] - opens[1]) * 60 / HOUR;
        (0..f.len()).map(|i| (f.row[i], f.phase[i], f.units[i], f.raw[i], minutes(i))).collect::<Vec<_>>()
    };
    assert_eq!(told(low_first), [(1, 0, 1.0, 100.0, 0), (1, 1, -1.0, 95.0, 30), (1, 1, 1.0, 104.0, 45)]);
    assert_eq!(told(high_first), [(1, 0, 1.0, 100.0, 0), (1, 1, -1.0, 105.0, 15), (1, 1, 1.0, 105.0, 15)]);
}

/// Takes back, when a bar opens, what it ordered in the one before, and orders anew.
struct Early {
    told: Vec<(Vec<u32>, f64)>,
}

impl BarStrategy for Early {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        if seen.n_rows(0) == 1 {
            desk.buy(0, 1.0).place();
            desk.buy(0, 2.0).limit(1000.0).place();
        }
    }

    fn on_open(&mut self, markets: &[u32], desk: &mut Desk<'_, '_>) {
        self.told.push((markets.to_vec(), desk.price(0)));
        match self.told.len() {
            2 => desk.cancel_all(0),
            3 => drop(desk.buy(0, 4.0).place()),
            _ => {}
        }
    }
}

#[test]
fn what_is_taken_back_before_an_open_is_not_filled_by_it_and_what_is_placed_is() {
    let rows = [[10.0, 11.0, 10.0, 11.0], [20.0, 21.0, 20.0, 21.0], [30.0, 31.0, 30.0, 31.0]];
    let mut early = Early { told: Vec::new() };
    let spec = Spec { leverage: 1e9, ..Spec::default() };
    let report = run(&spec, &[hours(&rows)], &Events::default(), &mut early).unwrap();
    assert_eq!(fills(&report), [(2, 0, 4.0, 30.0)]);
    assert!(report.orders[..2].iter().all(|o| o.state == OrderState::Cancelled));
    // Of a bar that opens it is told before its open is: the last price is the close before.
    let told: Vec<_> = early.told.iter().map(|(markets, price)| (markets.as_slice(), *price)).collect();
    assert_eq!(told[1..], [(&[0][..], 11.0), (&[0][..], 21.0)]);
    assert!(told[0].0 == [0] && told[0].1.is_nan());
}
