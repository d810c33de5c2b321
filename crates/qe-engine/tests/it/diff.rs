//! Two runs side by side: where they part, why, and that what each cause carries adds up to the last bit.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::param::Value;
use qe_core::rng::Stream;
use qe_core::time::{Date, TimeRange, Timestamp};
use qe_core::timeframe::Timeframe;
use qe_engine::costs::CostModel;
use qe_engine::diff::{Cause, DiffReport, Seen, Side, What, diff};
use qe_engine::fills::{FillTiming, Holding, PathPolicy};
use qe_engine::market::{Market, Masks, Peers, Symbols};
use qe_engine::results::RunManifest;
use qe_engine::run::{Report, RunOptions, run};
use qe_engine::spec::{ExitRule, FillSpec, Profile};
use qe_engine::{StrategySpec, strategies};

use crate::random;
use crate::sleeves::random_strategy;

const DAY: i64 = 86_400_000_000_000;

/// A run with all that it is made from.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) spec: StrategySpec,
    pub(crate) market: Market,
    pub(crate) options: RunOptions,
}

impl Made {
    fn side<'a>(&'a self, report: &'a Report) -> Side<'a> {
        Side::new(&self.spec, &self.market, &self.options, report)
    }
}

/// Days from the first of January 2024 on, which open at the last close.
fn days(symbol: &str, closes: &[f64]) -> Market {
    days_from(symbol, Date::new(2024, 1, 1).unwrap(), closes, |_, v| v)
}

/// As [`days`], from a day on, with other values of columns (open, high, low, close, volume) in rows.
fn days_from(symbol: &str, first: Date, closes: &[f64], with: impl Fn((usize, usize), f64) -> f64) -> Market {
    let open: Vec<i64> = (0..closes.len() as i64).map(|i| first.midnight_utc() + i * DAY).collect();
    let known: Vec<i64> = open.iter().map(|t| t + DAY).collect();
    let opens: Vec<f64> = (0..closes.len()).map(|i| closes[i.saturating_sub(1)]).collect();
    let high: Vec<f64> = opens.iter().zip(closes).map(|(o, c)| o.max(*c) + 1.0).collect();
    let low: Vec<f64> = opens.iter().zip(closes).map(|(o, c)| o.min(*c) - 1.0).collect();
    let mut prices = [opens, high, low, closes.to_vec(), vec![1000.0; closes.len()]];
    for (column, values) in prices.iter_mut().enumerate() {
        values.iter_mut().enumerate().for_each(|(row, v)| *v = with((column, row), *v));
    }
    let bars = Bars::new(symbol, Timeframe::D1, Axis::new(open, known).unwrap(), prices).unwrap();
    Market::new(&bars, &Calendar::crypto()).unwrap()
}

fn spec(body: &str) -> StrategySpec {
    StrategySpec::from_toml(&format!("version = 1\nname = \"test\"\n{body}")).unwrap()
}

/// Up to 105, out above 115: so many units, at the next open.
pub(crate) fn tiny() -> Made {
    let spec = spec(
        "[params.n]\ndefault = 10\nkind = { int = { min = 1, max = 100 } }\n\
         [entry]\nlong = \"close > 105 and close < 115\"\n[[exits]]\nwhen = \"close > 115\"\n\
         [sizing]\nunits = \"$n\"\nlimit_frac = \"inf\"\n[costs]\n",
    );
    let market = days("TEST", &[100.0, 100.0, 110.0, 120.0, 120.0, 120.0]);
    Made { spec, market, options: RunOptions::default() }
}

fn told(a: &Made, b: &Made) -> DiffReport {
    let report = |made: &Made| run(&made.spec, &made.market, &made.options).unwrap_or_else(|e| panic!("{e}"));
    let (x, y) = (report(a), report(b));
    let told = diff(&a.side(&x), &b.side(&y)).unwrap_or_else(|e| panic!("{e}"));
    let wanted = (y.figures.equity - y.ledger.capital) - (x.figures.equity - x.ledger.capital);
    assert_eq!(told.difference.to_bits(), wanted.to_bits());
    assert_adds_up(&told);
    // Trades tell all of it, but where somebody lost more than all.
    if !x.figures.is_ruined && !y.figures.is_ruined {
        let size: f64 = x.trades.iter().chain(&y.trades).map(|t| t.pnl.abs()).sum();
        assert!(told.trades.rest.abs() <= 1e-9 * (size + x.ledger.capital), "{told}");
    }
    told
}

/// That shares, and trades, are the difference to the last bit.
fn assert_adds_up(told: &DiffReport) {
    assert_eq!(told.sum(), told.difference, "{told}");
    let [both, only_a, only_b, rest, residual] = told.trades.parts();
    assert_eq!((((both + only_a) + only_b) + rest) + residual, told.difference, "{told}");
}

fn fields(told: &DiffReport, cause: Cause) -> Vec<String> {
    let share = told.share(cause).unwrap_or_else(|| panic!("{cause}: {told}"));
    share.fields.iter().map(ToString::to_string).collect()
}

fn set(made: &Made, name: &str, value: impl Into<Value>) -> Made {
    let mut made = made.clone();
    made.options.params.insert(name.into(), value.into());
    made
}

/// A year and more of days that go up and down.
fn waves(symbol: &str, seed: u64, n: usize) -> Market {
    let mut r = Stream::new(seed, "waves", 0);
    let mut price = 100.0;
    let closes: Vec<f64> = (0..n)
        .map(|i| {
            price *= 1.0 + 0.02 * (r.uniform() - 0.5) + 0.01 * (i as f64 / 7.0).sin();
            price
        })
        .collect();
    days(symbol, &closes)
}

/// Averages that cross, with a stop and a target: everything of it can be changed.
fn crossing() -> Made {
    let spec = spec(
        "[params.n]\ndefault = 10\nkind = { int = { min = 2, max = 60 } }\n\
         [entry]\nlong = \"close > sma(close, $n)\"\nshort = \"close < sma(close, $n) * 0.97\"\n\
         [[exits]]\nwhen = \"pos.bars >= 6\"\n[[exits]]\nstop = \"entry.price * (1 - pos.side * 0.01)\"\n\
         [[exits]]\ntarget = \"entry.price * (1 + pos.side * 0.008)\"\n\
         [sizing]\nfraction = \"0.9\"\nlimit_frac = \"inf\"\n\
         [execution]\ncapital = 10000.0\n[costs]\nslippage_bps = 3.0\n",
    );
    let options = RunOptions { eval_start: Some(at(70)), ..RunOptions::default() };
    Made { spec, market: waves("WAVE", 1, 400), options }
}

/// When a day begins.
fn at(day: i64) -> i64 {
    Date::new(2024, 1, 1).unwrap().midnight_utc() + day * DAY
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let told = told(&crossing(), &crossing());
    assert!(told.is_same && told.shares.is_empty() && told.partings.is_empty() && told.identity.is_empty());
    assert_eq!((told.difference, told.residual, told.n_runs), (0.0, 0.0, 1));
    assert_eq!(told.trades.n_same, told.trades.n_both);
    assert_eq!(told.trades.n_alone(), [0, 0]);
    let text = told.to_string();
    assert!(text.contains("They are the same run.") && text.contains("They part nowhere"), "{text}");
}

#[test]
fn the_tiny_market_by_hand() {
    // Bought at 110 and sold at 120: 10 each. Ten units win 100. Twenty win 200, and 0.5 a unit and fill costs 20 of that: 180.
    // Units first: 100, then costs -20. Costs first: 10 units cost 10, so -10, then units 90. On average 95 and -15.
    let a = tiny();
    let mut b = set(&a, "n", 20);
    b.spec.costs = Some(CostModel { fee_per_unit: 0.5, ..CostModel::default() });
    let told = told(&a, &b);
    assert_eq!((told.a.pnl, told.b.pnl, told.difference, told.n_runs), (100.0, 180.0, 80.0, 4));
    let share = |cause| told.share(cause).map(|s| (s.pnl, s.alone, s.last));
    assert_eq!(share(Cause::Params), Some((95.0, 100.0, 90.0)));
    assert_eq!(share(Cause::Costs), Some((-15.0, -10.0, -20.0)));
    assert_eq!((told.shares.len(), told.residual), (2, 0.0));
    assert_eq!(fields(&told, Cause::Params), ["params.n: 10 -> 20"]);
    assert_eq!(fields(&told, Cause::Costs), ["costs.fee_per_unit: 0.0 -> 0.5"]);
    // The signal of the third day is one; what is bought at the fourth's open is not.
    let first = told.first().unwrap();
    assert_eq!((first.what, first.place.time), (What::Fill, Timestamp(at(3))));
    assert_eq!((first.place.row_a, first.place.row_b), (Some(3), Some(3)));
    let units = |seen: &Seen| match seen {
        Seen::Fill(fill) => (fill.units, fill.raw, fill.cause.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!((units(&first.a), units(&first.b)), ((10.0, 110.0, "entry".into()), (20.0, 110.0, "entry".into())));
    let order: Vec<What> = told.partings.iter().map(|p| p.what).collect();
    assert_eq!(order, [What::Fill, What::Cost, What::Position, What::Equity]);
    // At its close 10 units have won 100, and 20 of them 200 less 10 of fees.
    assert_eq!((&told.partings[3].a, &told.partings[3].b), (&Seen::Number(10_100.0), &Seen::Number(10_190.0)));
    assert_eq!((told.trades.both, told.trades.n_both, told.trades.n_same), (80.0, 1, 0));
    let want = format!(
        "A is test on TEST 1d, run {}: +100.00 in 1 trade.\n\
         B is test on TEST 1d, run {}: +180.00 in 1 trade.\n\
         They are not the same run: these differ: cost_model_id, params.n, spec_id.\n\
         They part first in fill at 2024-01-04T00:00:00Z (row 3 of A, row 3 of B): buys 10 at 110 (entry) in A, \
         buys 20 at 110 (entry) in B.\n\
         \x20 then in cost at 2024-01-05T00:00:00Z (row 3 of A, row 3 of B): 0 in A, 10 in B\n\
         \x20 then in position at 2024-01-05T00:00:00Z (row 3 of A, row 3 of B): 10 in A, 20 in B\n\
         \x20 then in worth at 2024-01-05T00:00:00Z (row 3 of A, row 3 of B): 10100 in A, 10190 in B\n\
         B won 80.00 more than A.\n\
         What each cause carries of that, by 4 runs:\n\
         \x20 parameters: +95.00 (+100.00 alone, +90.00 as the last)\n\
         \x20   params.n: 10 -> 20\n\
         \x20 costs: -15.00 (-10.00 alone, -20.00 as the last)\n\
         \x20   costs.fee_per_unit: 0.0 -> 0.5\n\
         By trades: 1 of both, 0 with the same result: +80.00.",
        told.a.run_id.short(),
        told.b.run_id.short()
    );
    assert_eq!(told.to_string(), want);
}

#[test]
fn a_report_of_another_run_is_refused() {
    let (a, b) = (tiny(), set(&tiny(), "n", 20));
    let [x, y] = [&a, &b].map(|m| run(&m.spec, &m.market, &m.options).unwrap());
    let error = diff(&a.side(&x), &b.side(&x)).unwrap_err().to_string();
    assert_eq!(
        error,
        "side B, test on TEST 1d: its report is of another run: params.n differ; give the report of this strategy over \
         this market with these options"
    );
    assert!(diff(&a.side(&x), &b.side(&y)).is_ok());
}

#[test]
fn each_cause_alone_carries_all_of_it() {
    let a = crossing();
    let with = |change: &dyn Fn(&mut Made)| {
        let mut b = a.clone();
        change(&mut b);
        b
    };
    let cases: Vec<(Cause, Made, &str)> = vec![
        (Cause::Data, with(&|m| m.market = waves("WAVE", 2, 400)), "data.WAVE.open"),
        (
            Cause::Spec,
            with(&|m| m.spec.exits[1].rule = ExitRule::Stop("entry.price * (1 - pos.side * 0.03)".into())),
            "exits[1].stop: ",
        ),
        (Cause::Params, set(&a, "n", 30), "params.n: 10 -> 30"),
        (Cause::Costs, with(&|m| m.spec.costs.as_mut().unwrap().slippage_bps = 5.0), "costs.slippage_bps: 3.0 -> 5.0"),
        (
            Cause::Fill,
            with(&|m| m.spec.execution.fill = Some(FillSpec(FillTiming::NEXT_CLOSE))),
            "execution.fill: next_open -> next_close",
        ),
        (
            Cause::Fill,
            with(&|m| m.spec.execution.path = PathPolicy::Optimistic),
            "execution.path: pessimistic -> optimistic",
        ),
        (
            Cause::Holding,
            with(&|m| m.spec.execution.holding = Some(Holding::Weights)),
            "execution.holding: units -> weights",
        ),
        (Cause::Capital, with(&|m| m.spec.execution.capital = Some(20_000.0)), "execution.capital: 10000.0 -> 20000.0"),
        (Cause::Stretch, with(&|m| m.options.eval_end = Some(at(300))), "eval_end: none -> 2024-10-27T00:00:00Z"),
    ];
    for (cause, b, field) in cases {
        let told = told(&a, &b);
        assert!(!told.is_same && told.difference != 0.0, "{cause}: {told}");
        let causes: Vec<&[Cause]> = told.shares.iter().map(|s| s.causes.as_slice()).collect();
        assert_eq!(causes, [&[cause][..]], "{told}");
        let share = &told.shares[0];
        let bits = [share.pnl, share.alone, share.last].map(f64::to_bits);
        assert_eq!((bits, told.residual), ([told.difference.to_bits(); 3], 0.0), "{cause}");
        assert!(fields(&told, cause).iter().any(|f| f.starts_with(field)), "{field}: {:?}", fields(&told, cause));
        assert!(told.partings.windows(2).all(|p| (p[0].place.time, p[0].what) <= (p[1].place.time, p[1].what)));
        assert!(!told.partings.is_empty(), "{told}");
    }
}

#[test]
fn rules_are_told_by_their_canonical_paths() {
    let a = crossing();
    let mut b = a.clone();
    let target = b.spec.exits.pop().unwrap();
    b.spec.exits.insert(0, target);
    b.spec.name = "other".into();
    b.spec.about = "prose".into();
    let mut c = a.clone();
    c.spec.exits.remove(1);
    let of_c = told(&a, &c);
    // Exits are written per side, so the second of long positions and the second of short ones are gone.
    let paths: Vec<String> = of_c.share(Cause::Spec).unwrap().fields.iter().map(|f| f.field.clone()).collect();
    assert!(paths.iter().all(|p| p.starts_with("exits[")), "{paths:?}");
    assert!(fields(&of_c, Cause::Spec)[0].starts_with("exits[1].stop: "), "{:?}", fields(&of_c, Cause::Spec));
    // Names and prose are no part of it.
    let of_name =
        told(&a, &Made { spec: StrategySpec { name: "x".into(), about: "y".into(), ..a.spec.clone() }, ..a.clone() });
    assert!(of_name.is_same && of_name.shares.is_empty(), "{of_name}");
    assert_eq!(of_name.identity.iter().map(|c| c.field.as_str()).collect::<Vec<_>>(), ["strategy"]);
    assert!(of_name.to_string().contains("They are the same run, though these differ: strategy."));
    assert_eq!(told(&a, &b).shares.len(), 1);
}

#[test]
fn many_causes_at_once_add_up() {
    let a = crossing();
    let mut b = set(&a, "n", 23);
    b.spec.costs = Some(CostModel { slippage_bps: 7.0, taker_fee_bps: 1.0, ..CostModel::default() });
    let two = told(&a, &b);
    assert_eq!((two.shares.len(), two.n_runs), (2, 4));
    b.market =
        days_from(
            "WAVE",
            Date::new(2024, 1, 1).unwrap(),
            &closes_of(&a.market),
            |(_, row), v| {
                if row == 200 { v * 1.01 } else { v }
            },
        );
    b.spec.execution.fill = Some(FillSpec(FillTiming::SIGNAL_CLOSE));
    b.spec.execution.leverage = Some(2.0);
    b.spec.execution.holding = Some(Holding::Weights);
    b.spec.sizing.rule = qe_engine::spec::SizeRule::Fraction("1.5".into());
    b.options.eval_end = Some(at(350));
    let all = told(&a, &b);
    assert_eq!((all.shares.len(), all.n_runs), (Cause::MIXED.len(), 256), "{all}");
    assert!(all.shares.iter().all(|s| s.causes.len() == 1 && s.pnl != 0.0), "{all}");
    // Turned round, every share turns its sign.
    let back = told(&b, &a);
    for (there, back) in all.shares.iter().zip(&back.shares) {
        assert_eq!(there.causes, back.causes);
        assert!((there.pnl + back.pnl).abs() < 1e-9, "{} {}", there.pnl, back.pnl);
    }
}

#[test]
fn shares_are_means_over_all_orders_of_runs_made_one_by_one() {
    let a = crossing();
    // Parameters, costs, the fill rule: each of eight mixes is a run that anyone could make.
    let of = |is_b: [bool; 3]| {
        let mut made = if is_b[0] { set(&a, "n", 23) } else { a.clone() };
        if is_b[1] {
            made.spec.costs = Some(CostModel { slippage_bps: 9.0, fee_per_unit: 0.01, ..CostModel::default() });
        }
        if is_b[2] {
            made.spec.execution.fill = Some(FillSpec(FillTiming::NEXT_CLOSE));
            made.spec.execution.path = PathPolicy::Optimistic;
        }
        made
    };
    let won = |is_b: [bool; 3]| {
        let Made { spec, market, options } = of(is_b);
        run(&spec, &market, &options).unwrap().pnl()
    };
    let mut sums = [0.0; 3];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut is_b = [false; 3];
        for cause in order {
            let before = won(is_b);
            is_b[cause] = true;
            sums[cause] += won(is_b) - before;
        }
    }
    let told = told(&of([false; 3]), &of([true; 3]));
    let causes: Vec<&[Cause]> = told.shares.iter().map(|s| s.causes.as_slice()).collect();
    assert_eq!(causes, [&[Cause::Params][..], &[Cause::Costs], &[Cause::Fill]]);
    for (i, (share, sum)) in told.shares.iter().zip(sums).enumerate() {
        assert!((share.pnl - sum / 6.0).abs() < 1e-9, "{told}");
        let only = |is: bool| std::array::from_fn(|k| (k == i) == is);
        assert!((share.alone - (won(only(true)) - won([false; 3]))).abs() < 1e-9, "{told}");
        assert!((share.last - (won([true; 3]) - won(only(false)))).abs() < 1e-9, "{told}");
    }
}

fn closes_of(market: &Market) -> Vec<f64> {
    market.columns().get("close").unwrap().to_f64().to_vec()
}

#[test]
fn costs_that_change_no_trade_are_where_they_part() {
    let a = tiny();
    let mut b = a.clone();
    b.spec.costs = Some(CostModel { slippage_bps: 10.0, ..CostModel::default() });
    let told = told(&a, &b);
    // 10 bps of 1,100 and of 1,200.
    assert!((told.difference + 2.3).abs() < 1e-9, "{told}");
    let whats: Vec<What> = told.partings.iter().map(|p| p.what).collect();
    assert_eq!(whats, [What::Cost, What::Equity]);
    assert_eq!(told.first().unwrap().place.row_a, Some(3));
    assert_eq!((told.trades.n_both, told.trades.n_alone()), (1, [0, 0]));
}

#[test]
fn one_changed_bar_is_named_and_carries_all() {
    let a = tiny();
    let mut b = a.clone();
    // The fifth day opens at 120.5 where it opened at 120, and ten are sold there.
    b.market = days_from("TEST", Date::new(2024, 1, 1).unwrap(), &closes_of(&a.market), |at, v| match at {
        (0, 4) => 120.5,
        _ => v,
    });
    let told = told(&a, &b);
    assert_eq!((told.difference, told.share(Cause::Data).map(|s| s.pnl)), (5.0, Some(5.0)));
    assert_eq!(fields(&told, Cause::Data), ["data.TEST.open: 120.0 -> 120.5 (1 row, first at 2024-01-05T00:00:00Z)"]);
    let change = &told.share(Cause::Data).unwrap().fields[0];
    let place = change.first.unwrap();
    assert_eq!((change.n_rows, place.row_a, place.row_b), (Some(1), Some(4), Some(4)));
    let whats: Vec<What> = told.partings.iter().map(|p| p.what).collect();
    assert_eq!(whats, [What::Data, What::Fill, What::Equity]);
}

#[test]
fn a_signal_that_differs_comes_before_the_fill_that_it_explains() {
    let a = tiny();
    let mut b = a.clone();
    b.spec.entry.long = Some("close > 99 and close < 115".into());
    let told = told(&a, &b);
    let whats: Vec<(What, Option<u64>)> = told.partings.iter().map(|p| (p.what, p.place.row_b)).collect();
    assert_eq!(whats[..2], [(What::Signal, Some(0)), (What::Fill, Some(1))], "{told}");
    assert_eq!((&told.partings[0].a, &told.partings[0].b), (&Seen::Number(0.0), &Seen::Number(1.0)));
    assert_eq!(told.partings[1].a, Seen::Nothing);
    // Entered at 100 and 110, and left at 120 by both.
    assert_eq!((told.trades.only_a, told.trades.only_b, told.difference), (-100.0, 200.0, 100.0));
}

#[test]
fn an_order_that_is_cut_comes_before_its_fill_and_a_stretch_before_what_it_lacks() {
    let a = tiny();
    let mut b = a.clone();
    // A tenth of 10,000 buys 9.09 units at 110, and ten were wanted.
    b.spec.execution.leverage = Some(0.1);
    let capped = told(&a, &b);
    let whats: Vec<(What, Option<u64>)> = capped.partings.iter().map(|p| (p.what, p.place.row_b)).collect();
    assert_eq!(whats[..2], [(What::Order, Some(3)), (What::Fill, Some(3))], "{capped}");
    assert_eq!(
        (&capped.partings[0].a, capped.partings[0].b.to_string()),
        (&Seen::Nothing, "long refused or cut (capped_by_leverage)".into())
    );
    assert!((capped.difference - (1000.0 / 110.0 - 10.0) * 10.0).abs() < 1e-9);
    // Only five rows are scored: the last is A's alone, and nothing else is another.
    let mut c = a.clone();
    c.options.eval_end = Some(at(5));
    let shorter = told(&a, &c);
    let seen: Vec<(What, Option<u64>)> = shorter.partings.iter().map(|p| (p.what, p.place.row_a)).collect();
    assert_eq!((seen, shorter.difference), (vec![(What::Scored, Some(5))], 0.0), "{shorter}");
    assert_eq!(fields(&shorter, Cause::Stretch), ["eval_end: none -> 2024-01-06T00:00:00Z"]);
}

#[test]
fn every_strategy_under_two_profiles_and_as_it_is_stored() {
    let simulated = crate::support::simulated();
    let market = Market::new(&simulated.bars(Timeframe::H1).unwrap()[0], simulated.calendar()).unwrap();
    let mut n_differ = 0;
    for name in strategies::names() {
        let of = |spec: StrategySpec| Made { spec, market: market.clone(), options: RunOptions::default() };
        let spec = strategies::by_name(name).unwrap();
        let [a, b] = [Profile::Discovery, Profile::Research].map(|profile| of(spec.under(profile)));
        let told_of = told(&a, &b);
        let causes: Vec<&[Cause]> = told_of.shares.iter().map(|s| s.causes.as_slice()).collect();
        // Some say themselves that they are filled at the signal's close.
        let is_fill_other = told_of.identity.iter().any(|c| c.field.starts_with("fill_timing"));
        assert_eq!(
            causes,
            [&[Cause::Costs][..], &[Cause::Fill]][..1 + usize::from(is_fill_other)],
            "{name}: {told_of}"
        );
        n_differ += usize::from(is_fill_other && told_of.shares.iter().all(|s| s.pnl != 0.0));
        let stored = told(&b, &of(b.spec.with_defaults_written().unwrap()));
        assert!(stored.is_same && stored.shares.is_empty() && stored.partings.is_empty(), "{name}: {stored}");
        assert!(stored.identity.is_empty(), "{name}: {stored}");
    }
    assert!(n_differ >= 5, "{n_differ}");
}

#[test]
fn rows_that_one_has_alone_masks_and_spreads_are_data() {
    let a = tiny();
    let n = a.market.len();
    let mut b = a.clone();
    b.market = days("TEST", &[&closes_of(&a.market)[..], &[90.0, 91.0]].concat());
    let longer = told(&a, &b);
    assert_eq!(
        fields(&longer, Cause::Data)[0].split(" (").next(),
        Some("data.TEST.bars: 6 bars, 0 of them here alone -> 8 bars, 2 of them here alone")
    );
    assert_eq!(longer.first().map(|p| (p.what, p.place.row_a, p.place.row_b)), Some((What::Data, None, Some(6))));
    b.market = a.market.clone().with_tradable(&(0..n).map(|row| row != 4).collect::<Vec<bool>>()).unwrap();
    let masked = told(&a, &b);
    assert_eq!(
        fields(&masked, Cause::Data),
        ["data.TEST.masks.tradable: 1.0 -> 0.0 (1 row, first at 2024-01-05T00:00:00Z)"]
    );
    b.market = a.market.clone().with_masks(&Masks::default()).unwrap().with_spread(&vec![0.01; n]).unwrap();
    let spread = told(&a, &b);
    assert_eq!(fields(&spread, Cause::Data)[0].split(" (").next(), Some("data.TEST.spread: missing -> 0.01"));
    assert_eq!(spread.difference, 0.0);
}

#[test]
fn other_symbols_that_are_read_are_data_too() {
    let mut a = tiny();
    a.spec.entry.long = Some("sym(\"REF\", close) > 105 and close < 115".into());
    let reads = |closes: &[f64]| a.market.clone().with_symbols(&Symbols::new([&days("REF", closes)]).unwrap());
    let (mut x, mut y) = (a.clone(), a.clone());
    x.market = reads(&[100.0, 100.0, 110.0, 110.0, 110.0, 110.0]);
    y.market = reads(&[100.0, 100.0, 110.0, 104.0, 110.0, 110.0]);
    let told = told(&x, &y);
    assert!(fields(&told, Cause::Data)[0].starts_with("data.REF.open: "), "{told}");
    assert!(
        fields(&told, Cause::Data).iter().any(|f| f.starts_with("data.REF.close: 110.0 -> 104.0 (1 row")),
        "{told}"
    );
}

#[test]
fn those_that_are_compared_are_data_too() {
    let mut base = tiny();
    base.spec.entry.long = Some("cs_rank(close) > 0.6 and neutralize(close, sector) >= 0".into());
    base.spec.exits[0].rule = ExitRule::When("cs_rank(close) < 0.6".into());
    let closes = [[90.0, 95.0, 99.0, 125.0, 112.0, 100.0], [80.0, 120.0, 90.0, 90.0, 130.0, 130.0]];
    let among = |others: &[[f64; 6]], labels: [&str; 3], members: Option<Vec<Vec<TimeRange>>>| {
        let others: Vec<Market> = ["REF", "MORE"].iter().zip(others).map(|(name, c)| days(name, c)).collect();
        let all: Vec<&Market> = std::iter::once(&base.market).chain(&others).collect();
        let labels = labels[..all.len()].iter().map(|l| (*l).to_owned()).collect();
        let peers = Peers::new(all).unwrap().with_group("sector", labels).unwrap();
        let peers = members.into_iter().fold(peers, |p, m| p.with_members(m).unwrap());
        Made { market: base.market.clone().with_peers(&peers).unwrap(), ..base.clone() }
    };
    let plain = among(&closes, ["x", "x", "y"], None);
    let case = |other: &Made, want: &[&str]| {
        let told = told(&plain, other);
        assert_eq!(told.shares.len(), 1, "{told}");
        let fields = fields(&told, Cause::Data);
        assert!(fields.iter().zip(want).all(|(f, w)| f.starts_with(w)) && fields.len() == want.len(), "{fields:?}");
    };
    case(&among(&closes[..1], ["x", "x", "y"], None), &["data.compared.MORE: there -> none"]);
    let mut moved = closes;
    moved[0][3] = 50.0;
    let of_ref = ["open", "high", "low", "close"].map(|c| format!("data.compared.REF.{c}: "));
    case(&among(&moved, ["x", "x", "y"], None), &of_ref.each_ref().map(String::as_str));
    case(&among(&closes, ["x", "y", "x"], None), &["data.compared.MORE.sector: ", "data.compared.REF.sector: "]);
    let always = vec![TimeRange { start: i64::MIN, end: i64::MAX }];
    let members = vec![always.clone(), vec![TimeRange { start: at(0), end: at(1) }], always];
    let told_members = told(&plain, &among(&closes, ["x", "x", "y"], Some(members)));
    assert!(
        fields(&told_members, Cause::Data).iter().any(|f| f.starts_with("data.compared.REF.member: ")),
        "{told_members}"
    );
    // Peers that nobody reads are no data of a run.
    let alone = Made { market: plain.market.clone(), ..tiny() };
    assert_eq!(told(&alone, &tiny()).difference, 0.0);
    assert!(told(&alone, &tiny()).shares.is_empty());
}

#[test]
fn runs_of_two_symbols_two_timeframes_and_without_a_common_bar() {
    let a = crossing();
    let mut b = Made { market: waves("OTHER", 5, 400), ..a.clone() };
    let symbols = told(&a, &b);
    assert_eq!(fields(&symbols, Cause::Data), ["data.symbol: WAVE -> OTHER"]);
    assert_eq!(symbols.first().map(|p| p.what), Some(What::Data));
    // A year later: not one bar in common.
    b.market = days_from("WAVE", Date::new(2030, 1, 1).unwrap(), &closes_of(&a.market), |_, v| v);
    b.options.eval_start = None;
    let apart = told(&Made { options: RunOptions::default(), ..a.clone() }, &b);
    assert_eq!(apart.shares.len(), 1, "{apart}");
    assert!(fields(&apart, Cause::Data)[0].contains("400 bars, 400 of them here alone -> 400 bars, 400"), "{apart}");
    assert_eq!(apart.trades.n_both, 0);
    assert!(apart.partings.iter().all(|p| matches!(p.what, What::Data | What::Fill | What::Order)), "{apart}");
    // A's beginning lies before all of B's bars, so it cannot be told apart from the data.
    let apart = told(&a, &b);
    assert_eq!(apart.shares[0].causes, [Cause::Data, Cause::Stretch], "{apart}");
    assert!(apart.shares[0].joined.as_ref().is_some_and(|why| why.contains("insufficient_warmup")), "{apart}");
    // Bars of 15 minutes and of an hour.
    let simulated = crate::support::simulated();
    let of = |timeframe| {
        let bars = &simulated.bars(timeframe).unwrap()[0];
        Made { market: Market::new(bars, simulated.calendar()).unwrap(), options: RunOptions::default(), ..a.clone() }
    };
    let frames = told(&of(Timeframe::M15), &of(Timeframe::H1));
    assert_eq!(fields(&frames, Cause::Data)[0], "data.timeframe: 15m -> 1h");
    assert_eq!(frames.shares.len(), 1);
    // An hour's bar stands beside the quarter of an hour that is complete with it.
    let worth = frames.partings.iter().find(|p| p.what == What::Equity).unwrap();
    let (quarter, hour) = (worth.place.row_a.unwrap(), worth.place.row_b.unwrap());
    assert!(quarter > 3 * hour, "{frames}");
    let of_hour = of(Timeframe::H1).market.columns().axis().available()[hour as usize];
    let of_quarter = of(Timeframe::M15).market.columns().axis().available()[quarter as usize];
    assert_eq!((of_hour, worth.place.time), (of_quarter, Timestamp(of_hour)));
}

#[test]
fn causes_that_cannot_be_mixed_are_told_as_one() {
    let a = crossing();
    // B's parameter is out of A's range, and A's out of B's: neither is a cause, for what it may be wins nothing.
    let mut b = a.clone();
    b.spec.params.get_mut("n").unwrap().kind = qe_core::param::Kind::Int { min: 70, max: 90, step: 1 };
    b.spec.params.get_mut("n").unwrap().default = 80.into();
    b.options.eval_start = Some(at(90));
    b.spec.costs = Some(CostModel::default());
    let told = told(&a, &b);
    let causes: Vec<&[Cause]> = told.shares.iter().map(|s| s.causes.as_slice()).collect();
    // And 80 bars are not there at A's beginning: the stretch goes with them.
    assert_eq!(causes, [&[Cause::Params, Cause::Stretch][..], &[Cause::Costs]], "{told}");
    assert!(told.shares[0].joined.as_ref().is_some_and(|why| why.contains("insufficient_warmup")), "{told}");
    assert!(told.to_string().contains("parameters and stretch together: "), "{told}");
    assert_eq!(told.shares[1].joined, None);
}

#[test]
fn a_parameter_that_one_has_alone_goes_with_its_rules() {
    let a = crossing();
    let mut b = set(&a, "n", 20);
    let n = b.spec.params["n"].clone();
    b.spec.params.insert("m".into(), n);
    b.spec.exits[0].rule = ExitRule::When("pos.bars >= $m".into());
    b.options.params.insert("m".into(), 4.into());
    let told = told(&a, &b);
    let causes: Vec<&[Cause]> = told.shares.iter().map(|s| s.causes.as_slice()).collect();
    assert_eq!(causes, [&[Cause::Spec][..], &[Cause::Params]], "{told}");
    assert_eq!(fields(&told, Cause::Params), ["params.n: 10 -> 20"]);
}

#[test]
fn what_a_stored_run_does_not_give_again_is_its_version() {
    let (a, b) = (tiny(), set(&tiny(), "n", 20));
    let (x, y) = (run(&a.spec, &a.market, &a.options).unwrap(), run(&b.spec, &b.market, &b.options).unwrap());
    let mut stored = RunManifest::new(&a.spec, &a.options, &x, None, serde_json::Value::Null).unwrap();
    // As if an older version had won 0.1 less with it.
    stored.pnl = 99.9;
    stored.identity.crate_version = "0.0.1".into();
    stored.identity.run_id = stored.identity.own_id().unwrap();
    let stored = RunManifest::from_json(&stored.to_json().unwrap()).unwrap();
    let side = a.side(&x).repeated_from(&stored);
    let told = diff(&side, &b.side(&y)).unwrap();
    assert_adds_up(&told);
    assert_eq!(told.difference, 200.0 - 99.9);
    let shares: Vec<(&[Cause], f64)> = told.shares.iter().map(|s| (s.causes.as_slice(), s.pnl)).collect();
    assert_eq!(shares[0], (&[Cause::Params][..], 100.0));
    assert_eq!(shares[1].0, [Cause::Version]);
    assert!((shares[1].1 - 0.1).abs() < 1e-12);
    assert!(fields(&told, Cause::Version)[0].starts_with("crate_version: 0.0.1 -> "), "{told}");
    // The same run, stored and repeated: nothing but the version.
    let again = diff(&side, &a.side(&x)).unwrap();
    assert_eq!((again.is_same, again.shares.len(), again.shares[0].pnl), (false, 1, again.difference));
    // Where other data were given than it was made from, they are named as a cause.
    let mut of_other = stored.clone();
    of_other.identity.data_id = qe_core::ident::Id([7; 32]);
    of_other.identity.crate_version = x.identity.crate_version.clone();
    let other = diff(&Side { stored: Some(&of_other), ..side }, &b.side(&y)).unwrap();
    assert_eq!(other.shares[1].causes, [Cause::Data]);
    assert!(other.shares[1].since_stored && !other.shares[0].since_stored);
    assert!(fields(&other, Cause::Data)[0].starts_with("a.data_id: 0707"), "{other}");
    let now = other.a.now.as_ref().unwrap();
    assert_eq!((other.a.pnl, now.pnl, now.run_id, now.data.len()), (99.9, 100.0, x.identity.run_id, 1));
    assert!(other.to_string().contains("Its data are others than when it was stored: it wins +100.00 in 1 trade now"));
    assert!(other.to_string().contains("data, between what was stored and what is won now: +0.10"), "{other}");
    // Two records of it are one by what was stored, and not by what is there now.
    let twice = diff(&Side { stored: Some(&of_other), ..side }, &Side { stored: Some(&of_other), ..side }).unwrap();
    assert!(twice.is_same && !twice.is_one_run() && twice.difference == 0.0, "{twice}");
    assert!(twice.to_string().contains("By what was stored they are the same run"), "{twice}");
}

#[test]
fn random_pairs_add_up() {
    let (mut n_done, mut n_joined, mut n_differ) = (0, 0, 0);
    for seed in 0..120 {
        let mut r = Stream::new(seed, "diff pairs", 0);
        let n = 60 + r.below(120) as usize;
        let (market, given) = random::market(&mut r, n);
        let (other, _) = random::market(&mut r, n);
        let spec = StrategySpec::from_toml(&random_strategy(&mut r, false)).unwrap();
        let a = Made { spec, market, options: RunOptions::default() };
        let mut b = a.clone();
        if r.bernoulli(0.3) {
            b.spec = StrategySpec::from_toml(&random_strategy(&mut r, false)).unwrap();
        }
        if r.bernoulli(0.3) {
            b.market = if r.bernoulli(0.5) { other } else { given.to(a.market.clone()) };
        }
        if r.bernoulli(0.4) {
            b.spec.costs = Some(CostModel { spread_frac: 0.001, min_fee: 1.0, ..CostModel::default() });
        }
        if r.bernoulli(0.4) {
            b.spec.execution.fill = Some(FillSpec(FillTiming::NEXT_CLOSE));
        }
        if r.bernoulli(0.3) {
            b.spec.execution.holding = Some(if r.bernoulli(0.5) { Holding::Weights } else { Holding::Units });
        }
        if r.bernoulli(0.3) {
            b.spec.execution.capital = Some(3_000.0);
        }
        if r.bernoulli(0.3) {
            b.options.eval_start = Some(a.market.columns().axis().open()[n / 3]);
        }
        let is_run = |m: &Made| run(&m.spec, &m.market, &m.options).is_ok();
        if !is_run(&a) || !is_run(&b) {
            continue;
        }
        let told = told(&a, &b);
        n_done += 1;
        n_joined += usize::from(told.shares.iter().any(|s| s.causes.len() > 1));
        n_differ += usize::from(told.difference != 0.0);
        assert!(told.n_runs <= 256);
        // Nothing but rounding is left, and it is told.
        let size = told.shares.iter().map(|s| s.pnl.abs()).fold(1.0, f64::max);
        assert!(told.residual.abs() <= 1e-12 * size, "{told}");
        assert!(serde_json::to_string(&told).unwrap().contains("\"shares\""));
        assert!(told.is_same == (told.a.run_id == told.b.run_id) && (!told.is_same || told.difference == 0.0));
        // A mix of one side alone is that side, to the bit.
        assert!(told.shares.iter().all(|s| !s.causes.contains(&Cause::Version)), "seed {seed}: {told}");
        // What is told of rules and settings is what the strategy's identity is made of.
        let of_spec = [Cause::Spec, Cause::Costs, Cause::Fill, Cause::Holding, Cause::Capital];
        let is_told = told.shares.iter().any(|s| s.causes.iter().any(|c| of_spec.contains(c)));
        assert_eq!(is_told, told.identity.iter().any(|c| c.field == "spec_id"), "seed {seed}: {told}");
        // Where they differ, they part, and nothing that parts earlier is left unsaid.
        assert!(told.difference == 0.0 || !told.partings.is_empty(), "seed {seed}: {told}");
    }
    assert!(n_done > 60 && n_differ > 30, "{n_done} {n_differ} {n_joined}");
}
