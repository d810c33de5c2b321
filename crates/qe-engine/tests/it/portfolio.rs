//! Portfolios: a sleeve is the run of its strategy, shares come back to their weights, and the parts sum to the whole.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::ledger::{Cause, Fills, Refusal};
use qe_engine::market::Market;
use qe_engine::metrics::Summary;
use qe_engine::portfolio::{PortfolioOptions, PortfolioReport, PortfolioSpec, run};
use qe_engine::run::{RunOptions, run as run_one};
use qe_engine::{Result, StrategySpec, strategies};

use crate::support::simulated;

/// All money in, from the first bar on, for ever.
const HOLD: &str = r#"
version = 1
name = "hold"
[entry]
long = "close > 0"
[sizing]
fraction = "1"
[execution]
leverage = 1.0
[costs]
"#;

/// In and out on both sides, with a stop.
const SWING: &str = r#"
version = 1
name = "swing"
[entry]
long = "close > close[3]"
short = "close < close[3]"
[[exits]]
time_stop = { bars = 4 }
[[exits]]
stop = "entry.price * (1 - pos.side * 0.01)"
reason = "near"
[sizing]
fraction = "0.7"
[costs]
spread_frac = 0.0004
taker_fee_bps = 1.0
borrow_annual = 0.02
"#;

fn give(name: &str) -> Result<StrategySpec> {
    match name {
        "hold" => StrategySpec::from_toml(HOLD),
        "hold dearly" => StrategySpec::from_toml(&HOLD.replace("[costs]", "[costs]\nspread_frac = 0.002")),
        "swing" => StrategySpec::from_toml(SWING),
        other => strategies::by_name(other),
    }
}

/// Days from the first of January 2024 on with these closes; each opens at the last close.
fn days(symbol: &str, closes: &[f64]) -> Market {
    let first = Date::new(2024, 1, 1).unwrap();
    const DAY: i64 = 86_400_000_000_000;
    let open: Vec<i64> = (0..closes.len() as i64).map(|i| (i64::from(first.days()) + i) * DAY).collect();
    let known: Vec<i64> = open.iter().map(|t| t + DAY).collect();
    let opens: Vec<f64> = (0..closes.len()).map(|i| closes[i.saturating_sub(1)]).collect();
    let high: Vec<f64> = opens.iter().zip(closes).map(|(o, c)| o.max(*c)).collect();
    let low: Vec<f64> = opens.iter().zip(closes).map(|(o, c)| o.min(*c)).collect();
    let prices = [opens, high, low, closes.to_vec(), vec![1e6; closes.len()]];
    let bars = Bars::new(symbol, Timeframe::D1, Axis::new(open, known).unwrap(), prices).unwrap();
    Market::new(&bars, &Calendar::crypto()).unwrap()
}

/// Three funds over a year.
fn funds(timeframe: Timeframe) -> Vec<Market> {
    let market = simulated();
    let bars = market.bars(timeframe).unwrap();
    bars.iter().map(|b| Market::new(b, market.calendar()).unwrap()).collect()
}

fn go(text: &str, markets: &[Market]) -> Result<PortfolioReport> {
    let spec = PortfolioSpec::from_toml(&format!("version = 1\nname = \"test\"\n{text}"))?;
    run(&spec, give, markets, &PortfolioOptions::default())
}

fn fill(f: &Fills, i: usize) -> impl PartialEq + std::fmt::Debug + use<> {
    let x = [f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i], f.held[i], f.strength[i]].map(f64::to_bits);
    (f.row[i], f.phase[i], f.time[i], x, f.cause[i], f.is_ambiguous[i], f.signal_row[i])
}

#[test]
fn a_portfolio_of_one_sleeve_is_the_run_of_its_strategy_to_the_bit() {
    let markets = funds(Timeframe::H1);
    for name in ["swing", "DonchianBreakout", "StochRSIMeanReversion", "SwingBreakout", "HybridRegimeV2"] {
        let spec = give(name).unwrap();
        let alone = run_one(&spec, &markets[1], &RunOptions::default()).unwrap();
        let capital = alone.ledger.capital;
        let text = format!(
            "capital = {capital:?}\nleverage = 1.0\n[[sleeves]]\nstrategy = \"{name}\"\nsymbols = [\"TLT\"]\nweight = 1.0"
        );
        let whole = go(&text, &markets).unwrap();
        let (a, b) = (&alone.ledger.fills, &whole.broker.ledger.fills);
        assert!(a.len() > 20, "{name}: {} fills", a.len());
        assert_eq!(
            (0..a.len()).map(|i| fill(a, i)).collect::<Vec<_>>(),
            (0..b.len()).map(|i| fill(b, i)).collect::<Vec<_>>()
        );
        let from = whole.broker.times.len() - alone.curve.equity.len();
        let bits = |worth: &[f64]| worth.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&whole.broker.worth[from..]), bits(&alone.curve.equity), "{name}");
        let last = |days: &[f64]| days.last().unwrap().to_bits();
        assert_eq!(last(&whole.broker.worth), last(&alone.days), "{name}");
        let shown = |s: &Summary| -> Vec<String> {
            s.figures.iter().map(|(name, x)| format!("{name} {:.8}", x.unwrap_or(f64::NAN))).collect()
        };
        let (a, b) = (shown(&whole.summary), shown(&alone.summary));
        let parted: Vec<_> = a.iter().zip(&b).filter(|(a, b)| a != b).collect();
        assert!(parted.is_empty() && a.len() == b.len(), "{name}: {parted:?}");
    }
}

#[test]
fn parts_sum_to_the_whole_whatever_happens() {
    let markets = funds(Timeframe::H1);
    for (every, which, enforced) in [("week", "all", false), ("month", "outside", true), ("never", "all", false)] {
        let text = format!(
            r#"
capital = 100_000.0
leverage = 1.5
rebalance = {{ every = "{every}", drift_band = 0.005, which = "{which}" }}
limits = {{ position_frac = 0.2, gross_frac = 0.9, enforced = {enforced} }}
[costs]
spread_frac = 0.0004
min_fee = 0.5
borrow_annual = 0.03
[[sleeves]]
strategy = "swing"
symbols = ["SPY", "TLT", "GLD"]
weight = 0.5
[[sleeves]]
strategy = "DonchianBreakout"
symbols = ["SPY", "GLD"]
weight = 0.3
[[sleeves]]
strategy = "hold"
symbols = ["TLT"]
weight = 0.15
"#
        );
        let report = go(&text, &markets).unwrap();
        let a = &report.attribution;
        assert!(a.residual.abs() < 1e-9 * 100_000.0, "{every}: {}", a.residual);
        let near = |x: f64, y: f64, what: &str| assert!((x - y).abs() < 1e-7, "{what}: {x} {y}");
        let end = report.broker.worth.last().unwrap() - 100_000.0;
        near(a.groups.iter().map(|p| p.pnl).sum(), end, "groups");
        near(a.symbols.iter().map(|(_, p)| p.pnl).sum(), end, "symbols");
        near(a.daily.iter().sum(), end, "days");
        near(a.whole.costs, report.broker.cost, "costs");
        near(a.whole.carry, report.broker.carry, "carry");
        assert!(a.sleeves.iter().all(|p| p.n_fills > 0) && a.whole.carry > 0.0);
        // Each day by itself: the account's worth at its end.
        let (dates, worth) = report.broker.days(&report.markets);
        assert_eq!(dates, a.days);
        let mut before = 100_000.0;
        for (d, worth) in worth.iter().enumerate() {
            near(a.day(d).iter().sum(), worth - before, "a day");
            before = *worth;
        }
        // Money that was moved adds up, and purses with positions are the account.
        let moved: f64 = report.broker.moves.iter().map(|m| m.money).sum();
        assert_eq!(report.broker.moves.is_empty(), every == "never");
        assert!(moved.abs() < 0.05 * 100_000.0 + 1e-6, "{moved}");
        assert!(report.broker.events.iter().any(|e| e.why == Refusal::CappedByLimit), "{every}: no limit was met");
    }
}

#[test]
fn shares_come_back_to_their_weights_by_hand() {
    // A doubles in January, B stays: at the first close of February 60/40 has become 120/40.
    let n = 40;
    let a: Vec<f64> = (0..n).map(|i| if i < 10 { 100.0 } else { 200.0 }).collect();
    let markets = [days("A", &a), days("B", &vec![50.0; n])];
    let text = r#"
capital = 1000.0
rebalance = { every = "month", drift_band = 0.05 }
[[sleeves]]
strategy = "hold"
symbols = ["A"]
weight = 0.6
[[sleeves]]
strategy = "hold"
symbols = ["B"]
weight = 0.4
"#;
    let report = go(text, &markets).unwrap();
    let f = &report.broker.ledger.fills;
    let told: Vec<_> = (0..f.len()).map(|i| (f.row[i], f.line[i], f.units[i], f.cause[i])).collect();
    // Bought at the second bar's open: 600 / 100 and 400 / 50. Worth is then 1200 + 400; 60 % of that is 960, 80 % of what A
    // has, so 1.2 of 6 units are sold at the open after, and B grows from 400 to 640: 4.8 units more.
    let expected = [
        (1, 0, 6.0, Cause::Entry),
        (1, 1, 8.0, Cause::Entry),
        (32, 0, -1.2, Cause::Weight),
        (32, 1, 4.8, Cause::Weight),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!((told.0, told.1, told.3), (expected.0, expected.1, expected.3));
        assert!((told.2 - expected.2).abs() < 1e-12, "{told:?}");
    }
    assert_eq!(report.rebalanced.len(), 1);
    let first = report.rebalanced[0];
    assert!((first.worth - 1600.0).abs() < 1e-9 && (first.drift - 0.15).abs() < 1e-12);
    assert_eq!((first.n_moved, first.n_orders), (2, 2));
    assert!((report.attribution.sleeves[0].pnl - 600.0).abs() < 1e-9 && report.attribution.sleeves[1].pnl.abs() < 1e-9);
    // Within the band nothing is done, and that it was looked at is told.
    let wide = go(&text.replace("0.05", "0.2"), &markets).unwrap();
    assert_eq!((wide.broker.ledger.fills.len(), wide.rebalanced.len(), wide.rebalanced[0].n_moved), (2, 1, 0));
    // Costs of rebalancing are paid by the sleeve that trades.
    let dear =
        go(&text.replace("\"hold\"\nsymbols = [\"A\"]", "\"hold dearly\"\nsymbols = [\"A\"]"), &markets).unwrap_err();
    assert!(dear.to_string().contains("costs: hold and hold say otherwise"), "{dear}");
}

#[test]
fn only_those_outside_the_band_move_and_the_reserve_takes_the_difference() {
    let n = 40;
    let a: Vec<f64> = (0..n).map(|i| if i < 10 { 100.0 } else { 150.0 }).collect();
    let markets = [days("A", &a), days("B", &vec![50.0; n])];
    let text = r#"
capital = 1000.0
rebalance = { every = "month", drift_band = 0.05, which = "outside" }
[[sleeves]]
strategy = "hold"
symbols = ["A"]
weight = 0.4
[[sleeves]]
strategy = "hold"
symbols = ["B"]
weight = 0.2
"#;
    let report = go(text, &markets).unwrap();
    // Worth 1200: A is 600, a half and 0.1 too much; B is 200, 0.033 too little, which is within the band.
    let moves: Vec<(u32, f64)> = report.broker.moves.iter().map(|m| (m.market, m.money)).collect();
    assert_eq!(moves.len(), 1);
    assert!(moves[0].0 == 0 && (moves[0].1 + 120.0).abs() < 1e-9, "{moves:?}");
    assert_eq!(report.broker.ledger.fills.line, [0, 1, 0]);
}

#[test]
fn a_reserve_that_is_too_small_is_shared_and_that_is_a_record() {
    // A falls from 100 to 60 in January; the others stay. Only A, or A and D, are outside of the band.
    let n = 40;
    let a: Vec<f64> = (0..n).map(|i| if i < 10 { 100.0 } else { 60.0 }).collect();
    let markets = [days("A", &a), days("B", &vec![50.0; n]), days("C", &vec![50.0; n]), days("D", &a)];
    let sleeve = |symbol: &str, weight: f64| {
        format!("[[sleeves]]\nstrategy = \"hold\"\nsymbols = [\"{symbol}\"]\nweight = {weight}\n")
    };
    let played = |band: f64, sleeves: &[(&str, f64)]| {
        let rule = format!("rebalance = {{ every = \"month\", drift_band = {band}, which = \"outside\" }}\n");
        let text: String = sleeves.iter().map(|(symbol, weight)| sleeve(symbol, *weight)).collect();
        go(&format!("capital = 1000.0\n{rule}{text}"), &markets).unwrap()
    };
    let moves = |report: &PortfolioReport| -> Vec<(u32, f64)> {
        report.broker.moves.iter().map(|m| (m.market, (m.money * 1e6).round() / 1e6)).collect()
    };
    let told = |report: &PortfolioReport| -> Vec<(u32, u32, Refusal)> {
        report.broker.events.iter().map(|e| (e.market, e.row, e.why)).collect()
    };
    // Half of it in A: 300 of 800 are left, 0.125 too little, and the others have 0.0625 too much each, within the band. There
    // is no reserve: A lacks 100, and gets nothing.
    let report = played(0.1, &[("A", 0.5), ("B", 0.25), ("C", 0.25)]);
    let look = report.rebalanced[0];
    assert_eq!((moves(&report), look.n_moved, look.n_orders), (vec![], 0, 0));
    assert!((look.short - 100.0).abs() < 1e-9 && (look.drift - 0.125).abs() < 1e-12, "{look:?}");
    assert_eq!(told(&report), [(0, 31, Refusal::CappedByReserve)]);
    // With a reserve of 50: A has 270 of 820 and is to have 369. It gets 50, which buy 50 / 60 units at the open after.
    let report = played(0.1, &[("A", 0.45), ("B", 0.25), ("C", 0.25)]);
    let look = report.rebalanced[0];
    assert_eq!((moves(&report), look.n_moved, look.n_orders), (vec![(0, 50.0)], 1, 1));
    assert!((look.short - 49.0).abs() < 1e-9, "{look:?}");
    assert_eq!(told(&report), [(0, 31, Refusal::CappedByReserve)]);
    let f = &report.broker.ledger.fills;
    assert!((f.units[3] - 50.0 / 60.0).abs() < 1e-12 && f.line[3] == 0, "{:?}", f.units);
    // A has 240, D 120, B 340 of 760, 60 are in the reserve. A is to have 304 and D 152, and B 258.4: it gives up enough.
    let report = played(0.03, &[("A", 0.4), ("D", 0.2), ("B", 0.34)]);
    let look = report.rebalanced[0];
    assert_eq!((look.worth, look.short, told(&report)), (760.0, 0.0, vec![]));
    assert_eq!(moves(&report), [(0, 64.0), (1, 32.0), (2, -81.6)]);
    // In four parts of 85, each 20.4 too much, that is within the band: the 60 go to A and D as they lack 64 and 32.
    let parts = [("A", 0.4), ("D", 0.2), ("B", 0.085), ("C", 0.085), ("B", 0.085), ("C", 0.085)];
    let report = played(0.04, &parts);
    assert_eq!(moves(&report), [(0, 40.0), (1, 20.0)]);
    assert!((report.rebalanced[0].short - 36.0).abs() < 1e-9);
    assert_eq!(told(&report), [(0, 31, Refusal::CappedByReserve), (1, 31, Refusal::CappedByReserve)]);
}

#[test]
fn what_grew_beyond_a_limit_is_cut_where_that_is_asked_for() {
    let n = 40;
    let a: Vec<f64> = (0..n).map(|i| if i < 10 { 100.0 } else { 300.0 }).collect();
    let markets = [days("A", &a), days("B", &vec![50.0; n])];
    let text = |enforced: bool| {
        format!(
            r#"
capital = 1000.0
rebalance = {{ every = "month", drift_band = 0.9 }}
limits = {{ position_frac = 0.5, enforced = {enforced} }}
[[sleeves]]
strategy = "hold"
symbols = ["A", "B"]
weight = 0.8
"#
        )
    };
    let left = go(&text(false), &markets).unwrap();
    assert_eq!(left.broker.ledger.fills.len(), 2);
    let cut = go(&text(true), &markets).unwrap();
    let f = &cut.broker.ledger.fills;
    // Worth 200 + 1200 + 400 = 1800: of A no more than 900 may be held, 3 of its 4 units.
    assert_eq!((f.len(), f.line[2], f.held[2]), (3, 0, 3.0));
    assert!(cut.broker.moves.is_empty());
    let told = |report: &PortfolioReport| {
        report.broker.events.iter().map(|e| (e.market, e.row, e.side, e.why)).collect::<Vec<_>>()
    };
    assert!(told(&left).is_empty());
    assert_eq!(told(&cut), [(0, 31, -1.0, Refusal::CappedByLimit)]);
    // In all no more than a half: 4 of A and 2 of B, 1,300 of 1,800 then. Both are cut to 900, and both are told.
    let cut = go(&text(true).replace("position_frac", "gross_frac"), &markets).unwrap();
    let (f, share) = (&cut.broker.ledger.fills, 900.0 / 1_300.0);
    assert_eq!((f.len(), f.held[0], f.held[1]), (4, 4.0, 2.0));
    assert!((f.held[2] / 4.0 - share).abs() < 1e-12 && (f.held[3] / 2.0 - share).abs() < 1e-12, "{:?}", f.held);
    let by_gross = |market, row, side| (market, row, side, Refusal::CappedByGross);
    assert_eq!(told(&cut), [by_gross(1, 1, 1.0), by_gross(0, 31, -1.0), by_gross(1, 31, -1.0)]);
}

#[test]
fn limits_are_of_a_symbol_over_all_sleeves() {
    let markets = [days("A", &[100.0; 10])];
    let text = r#"
capital = 1000.0
limits = { position_frac = 0.5 }
[[sleeves]]
strategy = "hold"
symbols = ["A"]
weight = 0.4
[[sleeves]]
strategy = "hold"
symbols = ["A"]
weight = 0.4
"#;
    let report = go(text, &markets).unwrap();
    let f = &report.broker.ledger.fills;
    assert_eq!((f.held[0], f.line[0], f.line[1]), (4.0, 0, 1));
    assert!((f.held[1] - 1.0).abs() < 1e-12, "{:?}", f.held);
    assert_eq!(report.broker.events.iter().map(|e| e.why).collect::<Vec<_>>(), [Refusal::CappedByLimit]);
}

#[test]
fn what_cannot_be_run_is_named() {
    let markets = [days("A", &[100.0; 10])];
    let sleeve = "[[sleeves]]\nstrategy = \"hold\"\nsymbols = [\"A\"]\nweight = 0.4\n";
    let error = |from: &str, to: &str| go(&sleeve.replace(from, to), &markets).unwrap_err().to_string();
    assert!(error("\"A\"", "\"AA\"").contains("sleeves[0].symbols[0]: AA has no bars"));
    assert!(error("\"hold\"", "\"SimpleSMAs\"").contains("did you mean `SimpleSMA`?"));
    assert!(error("0.4", "0.4\nparams = { n = 3 }").contains("sleeves[0].params: hold has no parameter n"));
    assert!(error("\"hold\"", "\"AGoldenCross\"").contains("no bar is left to trade"));
    assert!(error("0.4", "1.4").contains("sleeves: their weights come to 1.4"));
}

#[test]
fn the_same_portfolio_has_the_same_id_and_another_one_another() {
    let markets = funds(Timeframe::D1);
    let text = "[[sleeves]]\nstrategy = \"hold\"\nsymbols = [\"SPY\", \"TLT\"]\nweight = 0.4\n";
    let id = |text: &str| go(text, &markets).unwrap().id;
    assert_eq!(id(text), id(text));
    assert_ne!(id(text), id(&text.replace("0.4", "0.5")));
    assert_ne!(id(text), id(&text.replace("TLT", "GLD")));
}
