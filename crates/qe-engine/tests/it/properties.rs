//! Laws that hold for every strategy: money adds up, a point has one answer, nothing looks ahead, and nothing panics.

use std::ops::Range;

use qe_core::param::Param;
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_engine::batch::{Stretch, Warmup, run, run_with_ledger};
use qe_engine::costs::CostModel;
use qe_engine::fills::{At, FillTiming, Holding};
use qe_engine::ledger::{Carry, Ledger};
use qe_engine::market::Market;
use qe_engine::program::{ExitKind, SizeKind, StrategyPlan};
use qe_engine::trades::trades;

use crate::random::{Given, Order, Sketch, market, market_of, one, sketch, times_of, weights};
use crate::support::Sum;

fn stretch(rows: Range<usize>, max_bytes: usize) -> Stretch {
    Stretch { rows, warmup: Warmup::Idle, daily: true, max_bytes }
}

fn prices(market: &Market) -> [Vec<f64>; 5] {
    ["open", "high", "low", "close", "volume"].map(|name| market.columns().get(name).unwrap().to_f64().to_vec())
}

/// Closes, a missing one being the last there was; before the first of them, opens.
fn marks(market: &Market) -> Vec<f64> {
    let [open, _, _, close, _] = prices(market);
    let (mut last, mut last_open) = (f64::NAN, 1.0);
    let rows = close.iter().zip(&open);
    rows.map(|(close, open)| {
        last = if close.is_nan() { last } else { *close };
        last_open = if open.is_nan() { last_open } else { *open };
        if last.is_nan() { last_open } else { last }
    })
    .collect()
}

#[test]
fn money_adds_up_over_a_million_fills() {
    let (mut n_fills, mut id, mut n_ruined) = (0, 0, 0);
    while n_fills < 1_000_000 {
        id += 1;
        let mut r = Stream::new(1, "conservation", id);
        let (market, given) = market(&mut r, 20_000);
        let mut s = if r.bernoulli(0.5) { weights(&mut r) } else { sketch(&mut r) };
        s.gates.clear();
        let (figures, ledger) = run_with_ledger(&s.plan(), 0, &market, &stretch(0..market.len(), 1 << 20)).unwrap();
        n_fills += ledger.fills.len();
        let marks = marks(&market);
        let curve = ledger.curve(0..market.len(), &marks);
        let (mut cash, mut held, mut fill, mut carry, mut day) = (Sum::of(s.execution.capital), 0.0, 0, 0, 0);
        let f = &ledger.fills;
        let is_last_of_day = |row: usize| {
            let open = market.columns().axis().open();
            row + 1 == open.len() || market.calendar().day_of(open[row]) != market.calendar().day_of(open[row + 1])
        };
        let known = market.columns().axis().available();
        for (row, mark) in marks.iter().enumerate() {
            let over = ledger.ruin.filter(|ruin| ruin.time <= known[row]);
            // What was held is paid for before the row's fills.
            while carry < ledger.carries.len() && ledger.carries[carry].row as usize == row {
                let Carry { money, rounding, .. } = ledger.carries[carry];
                let size = cash.value().abs().max(money.abs());
                assert!(rounding.abs() <= 1e-15 * size, "{id} row {row}: {rounding} of {size}");
                cash.add(-money);
                cash.add(rounding);
                carry += 1;
            }
            while fill < f.len() && f.row[fill] as usize == row {
                let exposure = f.units[fill] * given.multiplier;
                let size = f.cash[fill].abs().max(cash.value().abs()).max((exposure * f.price[fill]).abs());
                assert!(f.rounding[fill].abs() <= 1e-15 * size, "{id} row {row}: {} of {size}", f.rounding[fill]);
                cash.add_product(-exposure, f.price[fill]);
                cash.add(-f.fee[fill]);
                cash.add(f.rounding[fill]);
                let far: f64 = held + f.units[fill] - f.held[fill];
                assert!(
                    far.abs() <= 1e-12 * f.units[fill].abs().max(f.held[fill].abs()),
                    "{id} row {row}: {far} units"
                );
                held = f.held[fill];
                fill += 1;
                // The curve's cash is the account's, to the bit, whatever was paid for what was held.
                if over.is_none() && f.row.get(fill).is_none_or(|next| *next as usize > row) {
                    assert_eq!(curve.cash[row].to_bits(), f.cash[fill - 1].to_bits(), "{id} row {row}");
                }
            }
            let exposure = held * given.multiplier;
            let mut equity = cash.clone();
            equity.add_product(exposure, *mark);
            let equity = equity.value();
            // What worth is a small difference of is the measure, where leverage makes it so.
            let size = equity.abs().max((exposure * mark).abs()).max(s.execution.capital);
            if let Some(ruin) = over {
                n_ruined += 1;
                // What there was is gone, and what is owed beyond is told.
                assert!(equity <= 1e-9 * size && (ruin.owed + equity).abs() <= 1e-9 * size, "{id}: {ruin:?} {equity}");
                assert_eq!((fill, carry), (f.len(), ledger.carries.len()), "{id}: something after ruin in {row}");
                assert_eq!((figures.equity, figures.max_drawdown), (0.0, 1.0));
                let left = [&curve.equity, &curve.cash, &curve.units];
                assert!(left.iter().all(|x| x[row..].iter().all(|x| *x == 0.0)), "{id}: something is left after ruin");
                break;
            }
            // Where next to nothing of the capital is left, a told rounding has no more digits.
            let most = 1e-9 * equity.max(1e-20 * s.execution.capital);
            assert!((curve.equity[row] - equity).abs() <= most, "{id} row {row}: {} {equity}", curve.equity[row]);
            // Worth that rounding alone makes less than nothing is none.
            assert!(curve.equity[row] >= -1e-9 * s.execution.capital, "{id}: ruin in {row} that is not told");
            if is_last_of_day(row) {
                assert!((figures.days[day] - equity).abs() <= most, "{id} day {day}");
                day += 1;
            }
        }
        assert_eq!((fill, carry), (f.len(), ledger.carries.len()));
        if figures.equity > 0.0 {
            // What round trips won, the open one included, is what the account won.
            let trips = trades(&ledger, &market, &[], market.len());
            let won: f64 = trips.iter().map(|t| t.pnl).sum();
            let traded: f64 = (0..f.len()).map(|i| (f.units[i] * given.multiplier * f.price[i]).abs()).sum();
            let gap = won - (figures.equity - s.execution.capital);
            assert!(gap.abs() <= 1e-12 * traded.max(s.execution.capital), "{id}: {gap} of {won}\n{s:?}");
            assert_eq!(trips.iter().filter(|t| t.exit_time.is_some()).count() as u64, figures.n_trades());
        }
    }
    assert!(n_ruined > 10 && id > 50, "{n_ruined} of {id}");
}

/// What a point came to, to the bit.
fn bits(x: &impl std::fmt::Debug) -> String {
    format!("{x:?}")
}

#[test]
fn a_point_has_the_same_bits_alone_among_thousands_and_in_sections_of_any_size() {
    let mut r = Stream::new(2, "batches", 1);
    for case in 0..4 {
        let (market, _) = market(&mut r, 5_000);
        let mut s = if case == 3 { weights(&mut r) } else { sketch(&mut r) };
        if case == 3 {
            s.weight = Some("if(volume > $enter / 100, $wide / 4, if(volume < 0.05, 0 - $wide / 4, volume[1]))".into());
            (s.entry, s.exits) = ([None, None], [vec![], vec![]]);
        } else {
            s.entry = [Some("volume > $enter / 100".into()), Some("volume < 1 - $enter / 100".into())];
            for side in 0..2 {
                s.exits[side].push((ExitKind::When, "pos.bars >= $wide".into()));
                s.exits[side].push((ExitKind::Trail, "$wide / 2".into()));
            }
        }
        let points = || {
            let params = [Param::int("enter", 55, 99, 60), Param::int("wide", 1, 30, 5)];
            PointTable::grid(params, 100_000).unwrap()
        };
        let plan = s.plan_of(Some(points()));
        let rows = case * 321..market.len() - case * 77;
        let whole = run(&plan, &market, &stretch(rows.clone(), 1 << 30)).unwrap();
        assert_eq!(whole.len(), 45 * 30);
        let small = run(&plan, &market, &stretch(rows.clone(), 1)).unwrap();
        let all = |x: &[Result<_, String>]| x.iter().map(|f| bits(f.as_ref().unwrap())).collect::<Vec<String>>();
        assert!(all(&whole) == all(&small), "sections of case {case}");
        for point in (0..whole.len()).step_by(97) {
            let alone = run_with_ledger(&plan, point, &market, &stretch(rows.clone(), 1 << 16)).unwrap();
            assert_eq!(bits(whole[point].as_ref().unwrap()), bits(&alone.0));
        }
        let different: std::collections::BTreeSet<_> = all(&whole).into_iter().collect();
        assert!(different.len() > 100, "points that differ: {}", different.len());
    }
}

#[test]
fn the_walk_of_simple_programs_is_the_general_one_to_the_bit() {
    let (mut n_fills, mut id) = (0, 0);
    for _ in 0..150 {
        let mut r = Stream::new(3, "simple", id);
        let (market, sketch) = loop {
            id += 1;
            r = r.sibling(id);
            let (market, given) = market(&mut r, if id.is_multiple_of(9) { 20_000 } else { 900 });
            let is_whole = prices(&market)[..4].iter().flatten().all(|x| x.is_finite());
            if is_whole && given.is_plain() {
                break (market, sketch(&mut r));
            }
        };
        let entry = one(&mut r, &["volume > 0.9", "close > sma(close, 5)", "volume > 0.5", "close > close[1]"]);
        let exit = one(&mut r, &["volume < 0.1", "close < sma(close, 5)", "volume[1] > 0.5", "close < close[1]"]);
        let is_long = r.bernoulli(0.5);
        let exits = vec![(ExitKind::When, exit.to_owned())];
        let size =
            [(SizeKind::Fraction, "1"), (SizeKind::Fraction, "0.5"), (SizeKind::Fraction, "4"), (SizeKind::Units, "9")];
        let (kind, size) = one(&mut r, &size);
        let simple = Sketch {
            entry: if is_long { [Some(entry.into()), None] } else { [None, Some(entry.into())] },
            exits: if is_long { [exits, vec![]] } else { [vec![], exits] },
            size: (kind, size.into()),
            limit_frac: sketch.limit_frac,
            execution: qe_engine::program::Execution {
                leverage: sketch.execution.leverage,
                ..Sketch::default().execution
            },
            costs: CostModel {
                borrow_annual: 0.0,
                funding_annual: 0.0,
                min_fee: 0.0,
                impact_coef: 0.0,
                // Such a one is none of the simple.
                market_spread_times: f64::from(u8::from(id.is_multiple_of(5))),
                ..sketch.costs
            },
            ..Sketch::default()
        };
        // An exit that is never true is of no consequence, but for the walk.
        let mut general = simple.clone();
        general.exits[usize::from(!is_long)].push((ExitKind::When, "close < 0".into()));
        let n = market.len();
        let rows = r.below(n as u64 / 2) as usize..n - r.below(n as u64 / 4) as usize;
        let go =
            |s: &Sketch, max_bytes| run_with_ledger(&s.plan(), 0, &market, &stretch(rows.clone(), max_bytes)).unwrap();
        let (a, b) = (go(&simple, 1 << 30), go(&general, 1 << 30));
        n_fills += a.1.fills.len();
        assert_eq!(bits(&a.0), bits(&b.0), "{simple:?}");
        assert_eq!((a.1.fills.clone(), a.1.refused.clone()).fmt(), (b.1.fills.clone(), b.1.refused).fmt());
        assert_eq!(bits(&a.0), bits(&go(&simple, 1).0));
    }
    assert!(n_fills > 20_000, "{n_fills}");
}

/// Text in which NaN is itself.
trait Fmt {
    fn fmt(&self) -> String;
}

impl<T: std::fmt::Debug> Fmt for T {
    fn fmt(&self) -> String {
        format!("{self:?}")
    }
}

/// The fills of the rows before one.
fn until(ledger: &Ledger, row: usize) -> Vec<String> {
    let f = &ledger.fills;
    let fill = |i: usize| {
        let money = (f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i], f.held[i]);
        format!("{} {} {money:?} {:?} {} {}", f.row[i], f.phase[i], f.cause[i], f.is_ambiguous[i], f.signal_row[i])
    };
    (0..f.len()).filter(|i| (f.row[*i] as usize) < row).map(fill).collect()
}

#[test]
fn what_comes_later_changes_nothing_that_was_filled() {
    let mut n_fills = 0;
    for id in 0..300 {
        let mut r = Stream::new(4, "later", id);
        let (market, given) = market(&mut r, 600);
        let s = if id % 3 == 0 { weights(&mut r) } else { sketch(&mut r) };
        let plan = s.plan();
        let n = market.len();
        let cut = 1 + r.below(n as u64 - 1) as usize;
        let ledger = |m: &Market, rows| run_with_ledger(&plan, 0, m, &stretch(rows, 1 << 20)).unwrap().1;
        let whole = ledger(&market, 0..n);
        n_fills += whole.fills.len();
        assert_eq!(until(&ledger(&market, 0..cut), cut), until(&whole, cut), "{id}: a run up to {cut}\n{s:?}");
        // Other prices, other gaps, other halts and masks, other spreads from the cut on.
        let axis = market.columns().axis();
        let step = axis.available()[0] - axis.open()[0];
        let mut x = prices(&market);
        for column in &mut x {
            column[cut..].iter_mut().for_each(|v| *v = if r.bernoulli(0.2) { f64::NAN } else { 30.0 + *v * 0.1 });
        }
        let other = market_of(axis.open(), step, x, market.calendar().name() == "crypto");
        let mut later = given.clone();
        for mask in [&mut later.blocked, &mut later.no_short, &mut later.action] {
            mask[cut..].iter_mut().for_each(|v| *v = r.bernoulli(0.1));
        }
        later.spread[cut..].iter_mut().for_each(|v| *v = if r.bernoulli(0.2) { f64::NAN } else { 0.03 });
        let other = later.to(other);
        assert_eq!(until(&ledger(&other, 0..n), cut), until(&whole, cut), "{id}: tampered from {cut}\n{s:?}");
    }
    assert!(n_fills > 10_000, "{n_fills}");
}

#[test]
fn a_split_of_two_for_one_leaves_all_money_as_it_is() {
    for id in 0..100 {
        let mut r = Stream::new(5, "split", id);
        let (market, _) = market(&mut r, 500);
        let mut s = sketch(&mut r);
        (s.order, s.size) = (Order::Market, (SizeKind::Fraction, "0.7".into()));
        s.entry = [Some("close > sma(close, 5)".into()), Some("volume > 0.8".into())];
        s.exits = [("*", "0.98", "1.03"), ("*", "1.02", "0.97")].map(|(_, stop, target)| {
            vec![
                (ExitKind::Stop, format!("entry.price * {stop}")),
                (ExitKind::Target, format!("entry.price * {target}")),
                (ExitKind::Trail, "0.02 * pos.high".into()),
                (ExitKind::When, "pos.bars >= 20".into()),
            ]
        });
        (s.costs.fee_per_unit, s.min_units, s.execution.holding) =
            (0.0, 0.0, one(&mut r, &[Holding::Units, Holding::Weights]));
        // Volume is the signal, and is not split.
        (s.costs.impact_coef, s.costs.market_spread_times) = (0.0, 0.0);
        let mut split = s.clone();
        split.lot *= 2.0;
        let axis = market.columns().axis();
        let [o, h, l, c, volume] = prices(&market);
        let half = [o, h, l, c].map(|x| x.iter().map(|v| v / 2.0).collect::<Vec<f64>>());
        let [o, h, l, c] = half;
        let step = axis.available()[0] - axis.open()[0];
        let other = market_of(axis.open(), step, [o, h, l, c, volume], market.calendar().name() == "crypto");
        // Halts are of no concern here.
        let plain = market_of(axis.open(), step, prices(&market), market.calendar().name() == "crypto");
        let n = market.len();
        let go = |s: &Sketch, m: &Market| run_with_ledger(&s.plan(), 0, m, &stretch(0..n, 1 << 20)).unwrap();
        let (a, b) = (go(&s, &plain), go(&split, &other));
        assert_eq!(a.1.fills.len(), b.1.fills.len());
        let close = |x: &[f64], y: &[f64], k: f64| {
            x.iter().zip(y).all(|(x, y)| (k * x - y).abs() <= 1e-12 * y.abs().max(s.execution.capital))
        };
        assert!(close(&a.1.fills.cash, &b.1.fills.cash, 1.0) && close(&a.1.fills.units, &b.1.fills.units, 2.0));
        assert!(close(&a.0.days, &b.0.days, 1.0) && close(&[a.0.equity], &[b.0.equity], 1.0));
    }
}

#[test]
fn a_multiplier_of_four_is_a_price_four_times_as_high_to_the_bit() {
    let mut n_fills = 0;
    for id in 0..150 {
        let mut r = Stream::new(8, "multiplier", id);
        let (market, given) = market(&mut r, 500);
        let mut s = if id % 3 == 0 { weights(&mut r) } else { sketch(&mut r) };
        s.order = Order::Market;
        s.entry = [Some("close > sma(close, 5)".into()), Some("volume > 0.8".into())];
        s.exits = [("0.98", "1.03"), ("1.02", "0.97")].map(|(stop, target)| {
            vec![
                (ExitKind::Stop, format!("entry.price * {stop}")),
                (ExitKind::Target, format!("entry.price * {target}")),
                (ExitKind::Trail, "0.02 * pos.high".into()),
                (ExitKind::When, "pos.bars >= 20".into()),
            ]
        });
        if s.weight.is_some() {
            (s.entry, s.exits, s.weight) = ([None, None], [vec![], vec![]], Some("volume - 0.3".into()));
        }
        let axis = market.columns().axis();
        let step = axis.available()[0] - axis.open()[0];
        let [o, h, l, c, volume] = prices(&market);
        let of = |k: f64, multiplier: f64| {
            let [o, h, l, c] = [&o, &h, &l, &c].map(|x| x.iter().map(|v| v * k).collect::<Vec<f64>>());
            let market =
                market_of(axis.open(), step, [o, h, l, c, volume.clone()], market.calendar().name() == "crypto");
            Given { multiplier, ..given.clone() }.to(market)
        };
        let go = |m: &Market| run_with_ledger(&s.plan(), 0, m, &stretch(0..m.len(), 1 << 20)).unwrap();
        let (a, b) = (go(&of(1.0, 4.0)), go(&of(4.0, 1.0)));
        let money = |x: &(_, Ledger)| bits(&(&x.1.fills.cash, &x.1.fills.units, &x.1.fills.fee, &x.1.carries));
        assert_eq!(money(&a), money(&b), "{id}: {s:?}");
        assert_eq!(bits(&a.0), bits(&b.0), "{id}: {s:?}");
        n_fills += a.1.fills.len();
    }
    assert!(n_fills > 2000, "{n_fills}");
}

#[test]
fn weights_restored_for_free_are_position_times_return_compounded() {
    for id in 0..50 {
        let mut r = Stream::new(6, "formula", id);
        let n = 400;
        let (times, step) = times_of(n, true);
        let mut x: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::new());
        let mut last = 100.0;
        for _ in 0..n {
            let open = last * (1.0 + 0.02 * (r.uniform() - 0.5));
            let close = open * (1.0 + 0.04 * (r.uniform() - 0.5));
            let volume = r.below(5) as f64 / 2.0 - 1.0;
            for (column, v) in x.iter_mut().zip([open, open.max(close), open.min(close), close, volume]) {
                column.push(v);
            }
            last = close;
        }
        let [open, _, _, close, signal] = x.clone();
        let market = market_of(&times, step, x, true);
        let mut s = Sketch { weight: Some("volume".into()), ..Sketch::default() };
        (s.execution.holding, s.execution.leverage) = (Holding::WeightsFree, 2.0);
        let (figures, ledger) = run_with_ledger(&s.plan(), 0, &market, &stretch(0..n, 1 << 20)).unwrap();
        let curve = ledger.curve(0..n, &close);
        // pos[t] = signal[t - 1]: pos[t-1] * (open[t] / close[t-1] - 1), then pos[t] * (close[t] / open[t] - 1).
        let pos = |t: usize| if t == 0 { 0.0 } else { signal[t - 1] };
        let mut worth = 10_000.0;
        for t in 0..n {
            if t > 0 {
                worth *= 1.0 + pos(t - 1) * (open[t] / close[t - 1] - 1.0);
            }
            worth *= 1.0 + pos(t) * (close[t] / open[t] - 1.0);
            assert!((curve.equity[t] / worth - 1.0).abs() < 1e-11, "{id} {t}");
        }
        assert!((figures.equity / worth - 1.0).abs() < 1e-11);
    }
}

/// Bars of one price each, an hour apart.
fn flat_bars(closes: &[f64]) -> Market {
    let (times, step) = times_of(closes.len(), true);
    market_of(&times, step, std::array::from_fn(|_| closes.to_vec()), true)
}

#[test]
fn short_at_100_then_110_then_100_is_what_the_ruling_says() {
    // Units: 100 short at 100 are worth 10,000 again at 100. A weight of -1 that is restored at 110: 0.9 * (1 + 1/11).
    let market = flat_bars(&[100.0, 110.0, 100.0]);
    let worth = |holding| {
        let mut s = Sketch { weight: Some("-1".into()), ..Sketch::default() };
        (s.execution.holding, s.execution.fill) = (holding, FillTiming::SIGNAL_CLOSE);
        run_with_ledger(&s.plan(), 0, &market, &stretch(0..3, 1 << 20)).unwrap().0.equity
    };
    assert_eq!(worth(Holding::Units), 10_000.0);
    assert!((worth(Holding::WeightsFree) / 9_818.181_818_181_818 - 1.0).abs() < 1e-14);
    assert!((worth(Holding::Weights) / 9_818.181_818_181_818 - 1.0).abs() < 1e-14);
}

fn long_always() -> Sketch {
    Sketch { entry: [Some("close > 0".into()), None], ..Sketch::default() }
}

fn reads(plan: &StrategyPlan, market: &Market, rows: Range<usize>) -> f64 {
    let (figures, _) = run_with_ledger(plan, 0, market, &stretch(rows, 1 << 20)).unwrap();
    figures.equity
}

#[test]
fn rows_that_are_not_there_are_no_rows() {
    let market = flat_bars(&[100.0; 40]);
    let plan = long_always().plan();
    for rows in [0..0, 40..40, 90..100, 7..7] {
        let figures = run(&plan, &market, &stretch(rows, 1)).unwrap().remove(0).unwrap();
        assert_eq!((figures.n_steps, figures.equity, figures.sum, figures.days.len()), (0, 10_000.0, 0.0, 0));
    }
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = run(&plan, &market, &stretch(20..10, 1)).unwrap().remove(0).unwrap();
    assert_eq!((backwards.n_steps, backwards.equity), (0, 10_000.0));
    // Nothing can be filled in the only row, nor beyond the last.
    assert_eq!(reads(&plan, &flat_bars(&[100.0]), 0..9), 10_000.0);
    assert_eq!(reads(&plan, &market, 0..1000), 10_000.0);
}

#[test]
fn prices_of_any_size_and_none_at_all_do_no_harm() {
    let fills = [FillTiming::NEXT_OPEN, FillTiming::NEXT_CLOSE, FillTiming::SIGNAL_CLOSE];
    let all_missing = [f64::NAN; 30];
    let tiny_and_huge: Vec<f64> = (0..30).map(|i| if i % 2 == 0 { 1e-300 } else { 1e300 }).collect();
    for closes in [&all_missing[..], &[1e-300; 30], &[1e300; 30], &[100.0; 30], &tiny_and_huge] {
        let market = flat_bars(closes).with_spread(&[0.001; 30]).unwrap();
        for id in 0..200 {
            let mut r = Stream::new(8, "hostile", id);
            let mut s = if id % 2 == 0 { sketch(&mut r) } else { weights(&mut r) };
            s.execution.fill = one(&mut r, &fills);
            let (figures, ledger) = run_with_ledger(&s.plan(), 0, &market, &stretch(0..30, 1)).unwrap();
            if closes[0].is_nan() {
                assert_eq!((ledger.fills.len(), figures.equity), (0, s.execution.capital));
            }
        }
    }
    // A position of constant prices that costs nothing is worth what it was.
    assert_eq!(reads(&long_always().plan(), &flat_bars(&[100.0; 30]), 0..30), 10_000.0);
}

#[test]
fn an_account_or_a_timing_that_cannot_be_is_an_error() {
    let market = flat_bars(&[100.0; 30]);
    let says = |s: &Sketch| run(&s.plan(), &market, &stretch(0..30, 1)).unwrap_err().to_string();
    for capital in [0.0, -5.0, f64::NAN, f64::INFINITY] {
        let mut s = long_always();
        s.execution.capital = capital;
        assert!(says(&s).starts_with("execution.capital: "), "{}", says(&s));
    }
    let mut s = long_always();
    s.execution.leverage = f64::NAN;
    assert!(says(&s).starts_with("execution.leverage: "));
    let mut s = long_always();
    s.execution.fill = FillTiming { at: At::Open, delay: 0, count: qe_engine::fills::Count::Sessions };
    assert!(says(&s).starts_with("execution.fill: "));
    let mut s = long_always();
    s.costs.spread_frac = f64::NAN;
    assert!(says(&s).starts_with("costs.spread_frac: "));
}
