//! The catalogue: what each block says on a few bars, worked out by hand.

use std::collections::BTreeSet;

use qe_core::columns::Columns;
use qe_core::param::Kind;
use qe_engine::catalog::{self, SizeText, Slot};
use qe_engine::program::{ExitKind, LONG, SHORT, SizeKind, Source, StrategyPlan};
use qe_factors::plan::{Outside, Value};

use crate::support::{bars, held, plan, program, table, values};

const N: f64 = f64::NAN;

#[track_caller]
fn assert_rows(got: &[f64], expected: &[f64], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}: {got:?}");
    for (row, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < 1e-9 || a.is_nan() && b.is_nan(), "{what}, row {row}: {got:?}, not {expected:?}");
    }
}

/// What a condition says in each row, as an entry.
#[track_caller]
fn assert_says(block: &str, bars: &Columns, expected: &[f64]) {
    let name = block.split(' ').next().unwrap();
    let is_short = catalog::condition(name).unwrap().side == Some(qe_engine::spec::Side::Short);
    let (word, side) = if is_short { ("short", SHORT) } else { ("long", LONG) };
    let plan = plan(&format!("[entry]\n{word} = {{ {block} }}"));
    let source = program(&plan).entry[side].unwrap();
    assert_rows(&values(&plan, bars, source), expected, block);
}

/// Conditions whose rows are written out below.
const CONDITIONS: [&str; 23] = [
    "adx_ranging",
    "adx_trending",
    "bollinger_lower_touch",
    "bollinger_upper_touch",
    "chop_ranging",
    "chop_trending",
    "donchian_breakout_long",
    "donchian_breakout_short",
    "factor_above",
    "factor_below",
    "macd_cross_bearish",
    "macd_cross_bullish",
    "none",
    "rsi_overbought_reversal",
    "rsi_oversold_reversal",
    "sma_cross_down",
    "sma_cross_up",
    "sma_down",
    "sma_up",
    "stochrsi_cross_down",
    "stochrsi_cross_up",
    "zone_exit_long",
    "zone_exit_short",
];

/// Exits whose rows are written out below.
const EXITS: [&str; 11] = [
    "atr_stop",
    "atr_trailing_stop",
    "bracket",
    "donchian_exit",
    "factor_reversion",
    "opposite_signal",
    "percent_stop",
    "percent_target",
    "percent_trailing",
    "session_end",
    "time_stop",
];

/// Sizers whose numbers are written out below.
const SIZERS: [&str; 7] = [
    "capped_kelly",
    "fixed_fraction",
    "fixed_units",
    "fixed_value",
    "target_weight",
    "volatility_scaled",
    "volatility_target",
];

#[test]
fn every_block_has_its_truth_here() {
    let tested: BTreeSet<&str> = CONDITIONS.into();
    let known = catalog::entries::ALL.iter().chain(catalog::filters::ALL).map(|b| b.name);
    assert_eq!(known.collect::<BTreeSet<_>>(), tested);
    let exits: Vec<&str> = catalog::exits::ALL.iter().map(|b| b.name).collect();
    assert_eq!(exits, EXITS);
    let sizers: Vec<&str> = catalog::sizers::ALL.iter().map(|b| b.name).collect();
    assert_eq!(sizers, SIZERS);
}

#[test]
fn bollinger_touches() {
    // Of the last two closes: means 11, 12, 10, population deviations 1, 0, 2; bands half a deviation away.
    let bars = bars(&[10.0, 12.0, 12.0, 8.0]);
    assert_says("bollinger_lower_touch = { period = 2, mult = 0.5 }", &bars, &[N, 0.0, 1.0, 1.0]);
    assert_says("bollinger_upper_touch = { period = 2, mult = 0.5 }", &bars, &[N, 1.0, 1.0, 0.0]);
}

#[test]
fn donchian_breakouts_look_at_the_bars_before() {
    let (high, low) = ([11.0, 12.0, 13.0, 12.0, 15.0], [9.0, 10.0, 8.0, 9.0, 7.0]);
    let close = [10.0, 12.0, 12.5, 13.5, 7.5];
    let bars = table(&close, &high, &low, &close);
    // Highs of the two bars before: 12, 13, 13. Lows: 9, 8, 8.
    assert_says("donchian_breakout_long = { period = 2 }", &bars, &[N, N, 1.0, 1.0, 0.0]);
    assert_says("donchian_breakout_short = { period = 2 }", &bars, &[N, N, 0.0, 0.0, 1.0]);
}

#[test]
fn factors_beyond_thresholds() {
    let bars = bars(&[1.0, 1.5, 1.6, N, -2.0]);
    assert_says("factor_above = { factor = \"close\", threshold = 1.5 }", &bars, &[0.0, 0.0, 1.0, N, 0.0]);
    assert_says("factor_below = { factor = \"-close\", threshold = -1.5 }", &bars, &[0.0, 0.0, 1.0, N, 0.0]);
}

#[test]
fn macd_crossings() {
    // By hand: slow averages 11, 9.667, 13.222, 14.407, 8.802 from row 1 on; histograms -0.833, 0.537, -0.216, -1.204 from
    // row 2 on. Where the row before is not known, a crossing is unknown unless this row rules it out.
    let bars = bars(&[10.0, 12.0, 9.0, 15.0, 15.0, 6.0]);
    let of = |name: &str| format!("{name} = {{ fast_period = 1, slow_period = 2, signal_period = 2 }}");
    assert_says(&of("macd_cross_bullish"), &bars, &[N, N, 0.0, 1.0, 0.0, 0.0]);
    assert_says(&of("macd_cross_bearish"), &bars, &[N, N, N, 0.0, 1.0, 0.0]);
}

#[test]
fn rsi_reversals() {
    // Wilder's by hand: 66.7, 28.6, 73.7 from row 2 on.
    let bars = bars(&[10.0, 12.0, 11.0, 9.0, 12.0]);
    assert_says("rsi_oversold_reversal = { period = 2, oversold = 30 }", &bars, &[N, N, N, 0.0, 1.0]);
    assert_says("rsi_overbought_reversal = { period = 2, overbought = 60 }", &bars, &[N, N, 0.0, 1.0, 0.0]);
}

#[test]
fn sma_crossings_and_sides() {
    // The slow average: 11, 10.5, 12, 15 from row 1 on.
    let bars = bars(&[10.0, 12.0, 9.0, 15.0, 15.0]);
    assert_says("sma_cross_up = { fast_period = 1, slow_period = 2 }", &bars, &[N, N, 0.0, 1.0, 0.0]);
    assert_says("sma_cross_down = { fast_period = 1, slow_period = 2 }", &bars, &[N, 0.0, 1.0, 0.0, 0.0]);
    assert_says("sma_up = { period = 2 }", &bars, &[N, 1.0, 0.0, 1.0, 0.0]);
    assert_says("sma_down = { period = 2 }", &bars, &[N, 0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn stochrsi_crossings() {
    // The RSI as above, then 51.9: within its last two values it is at the bottom, the top, the bottom.
    let bars = bars(&[10.0, 12.0, 11.0, 9.0, 12.0, 11.0]);
    let of = |head: &str| format!("{head} rsi_period = 2, stoch_period = 2, k_period = 1, d_period = 1 }}");
    assert_says(&of("stochrsi_cross_up = { threshold = 30,"), &bars, &[N, N, N, 0.0, 1.0, 0.0]);
    assert_says(&of("stochrsi_cross_down = { threshold = 70,"), &bars, &[N, N, N, N, 0.0, 1.0]);
}

#[test]
fn zones_remember_until_the_trigger() {
    // 15 enters the zone below 20; 22 is out of it but not past the trigger of 25, which 26 is. 24 forgets nothing new, 19
    // enters again, and 30 passes.
    let close = [50.0, 15.0, 22.0, 26.0, 24.0, 19.0, 30.0];
    let expected = [N, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    assert_says("zone_exit_long = { x = \"close\", zone = 20, trigger = 25 }", &bars(&close), &expected);
    let mirrored = close.map(|c| 100.0 - c);
    assert_says("zone_exit_short = { x = \"close\", zone = 80, trigger = 75 }", &bars(&mirrored), &expected);
    // A row that is missing forgets nothing.
    let missing = [50.0, 15.0, N, 26.0, 24.0];
    let held = [N, 0.0, N, 1.0, 0.0];
    assert_says("zone_exit_long = { x = \"close\", zone = 20, trigger = 25 }", &bars(&missing), &held);
}

#[test]
fn regimes_tell_a_line_from_a_zigzag() {
    let n = 100;
    // Bars of a line that are nothing but their step, and bars that go up and down by all they have.
    let line: Vec<f64> = (0..n).map(|i| 100.0 + f64::from(i)).collect();
    let before: Vec<f64> = line.iter().map(|c| c - 1.0).collect();
    let line = table(&before, &line, &before, &line);
    let zigzag: Vec<f64> = (0..n).map(|i| 100.0 + f64::from(i % 2)).collect();
    let zigzag = table(&zigzag, &vec![101.0; 100], &vec![100.0; 100], &zigzag);
    let last = |block: &str, bars: &Columns| {
        let plan = plan(&format!("filters = [{{ {block} }}]\n[entry]\nlong = \"close > 0\""));
        let v = values(&plan, bars, program(&plan).entry[LONG].unwrap());
        assert!(v[0].is_nan() || block.starts_with("none"), "{block} does not warm up");
        v[99]
    };
    // The ADX of a line is 100 and that of bars that never leave their range 0; the choppiness of a line is 0 and that of
    // bars that cover the whole range each is 100.
    let truth = [
        ("adx_trending = {}", 1.0, 0.0),
        ("adx_ranging = {}", 0.0, 1.0),
        ("chop_trending = {}", 1.0, 0.0),
        ("chop_ranging = {}", 0.0, 1.0),
        ("none = {}", 1.0, 1.0),
    ];
    for (block, on_line, on_zigzag) in truth {
        assert_eq!((last(block, &line), last(block, &zigzag)), (on_line, on_zigzag), "{block}");
    }
}

/// What a block is given: required series are the close, one slot is at an end of its range.
fn given(slots: &[Slot], at_end: usize, end: usize) -> String {
    let series = slots.iter().filter_map(|s| match s {
        Slot::Series { name, default: None, .. } => Some(format!("{name} = \"close\"")),
        _ => None,
    });
    let number = slots.get(at_end).and_then(|s| match s {
        Slot::Number(p) => match &p.kind {
            Kind::Int { min, max, .. } => Some(format!("{} = {}", p.name, [min, max][end])),
            Kind::Float { min, max, .. } => Some(format!("{} = {:?}", p.name, [min, max][end])),
            _ => None,
        },
        Slot::Switch(p) => match &p.kind {
            Kind::Bool => Some(format!("{} = {}", p.name, end == 1)),
            Kind::Choice { options } => Some(format!("{} = \"{}\"", p.name, options[end])),
            _ => None,
        },
        Slot::Series { .. } => None,
    });
    series.chain(number).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_block_compiles_at_both_ends_of_every_slot() {
    let both = "[entry]\nlong = \"close > open\"\nshort = \"close < open\"\n";
    let conditions = catalog::entries::ALL.iter().chain(catalog::filters::ALL);
    let mut blocks: Vec<(String, &str, Vec<Slot>)> =
        conditions.map(|b| (format!("filters = [{{ {} = {{ARGS}} }}]\n{both}", b.name), b.name, (b.slots)())).collect();
    let exits = catalog::exits::ALL.iter();
    blocks.extend(exits.map(|b| (format!("{both}[[exits]]\n{} = {{ARGS}}", b.name), b.name, (b.slots)())));
    for b in catalog::sizers::ALL {
        let entry = if b.what == SizeText::Weight { "" } else { both };
        blocks.push((format!("{entry}[sizing]\n{} = {{ARGS}}", b.name), b.name, (b.slots)()));
    }
    let mut ids = BTreeSet::new();
    for (lines, name, slots) in &blocks {
        for at_end in 0..=slots.len() {
            for end in 0..2 {
                let lines = lines.replace("ARGS", &given(slots, at_end, end));
                let plan = plan(&lines);
                assert!(plan.programs[0].is_ok(), "{name}: {lines}");
                ids.insert(plan.spec_id);
            }
        }
    }
    assert!(ids.len() > blocks.len(), "what a block is given changes the strategy");
}

/// A plan that is entered on both sides, with one exit.
fn with_exit(exit: &str) -> StrategyPlan {
    plan(&format!("[entry]\nlong = \"close > 1000\"\nshort = \"close < 0\"\n[[exits]]\n{exit}"))
}

/// The rules of both sides of an exit over bars, entered after the row `signal` at a price for long, and at its mirror image
/// in 200 for short, on mirrored bars: what is compared, 1 and 0 or levels.
fn of_both(
    exit: &str,
    bars: &Columns,
    mirror: &Columns,
    signal: usize,
    price: f64,
    idx: usize,
) -> [(ExitKind, Vec<f64>); 2] {
    let plan = with_exit(exit);
    let program = program(&plan);
    [(LONG, bars, 1.0, price), (SHORT, mirror, -1.0, 200.0 - price)].map(|(side, bars, sign, price)| {
        let exit = program.exits[side][idx];
        (exit.kind, held(&plan, bars, exit.source, signal, sign, price))
    })
}

/// A condition on the close, the same on both sides.
#[track_caller]
fn assert_when(exit: &str, close: &[f64], signal: usize, price: f64, expected: &[f64]) {
    let mirror: Vec<f64> = close.iter().map(|c| 200.0 - c).collect();
    for (kind, rows) in of_both(exit, &bars(close), &bars(&mirror), signal, price, 0) {
        assert_eq!(kind, ExitKind::When);
        assert_rows(&rows, expected, exit);
    }
}

/// A price that rests in the market, mirrored on the short side.
#[track_caller]
fn assert_rests(exit: &str, kind: ExitKind, idx: usize, close: &[f64], signal: usize, price: f64, expected: &[f64]) {
    let mirror: Vec<f64> = close.iter().map(|c| 200.0 - c).collect();
    let [long, short] = of_both(exit, &bars(close), &bars(&mirror), signal, price, idx);
    assert_eq!((long.0, short.0), (kind, kind));
    assert_rows(&long.1, expected, exit);
    let mirrored: Vec<f64> = expected.iter().map(|level| 200.0 - level).collect();
    assert_rows(&short.1, &mirrored, exit);
}

#[test]
fn the_atr_trailing_stop_ratchets_and_never_loosens() {
    // The range of one bar is its step and 2. Levels of single rows: 98, 98, 100, 101, 105, 91.5. The best of them stays,
    // and the last close is below it. The seed's, 100 less the range of now, would be at 90.5 and hold on.
    let close = [100.0, 100.0, 104.0, 103.0, 110.0, 108.5, 101.0];
    assert_when("atr_trailing_stop = { mult = 1, period = 1 }", &close, 1, 100.0, &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let levels = [98.0, 98.0, 100.0, 101.0, 105.0, 105.0];
    let resting = "atr_trailing_stop = { mult = 1, period = 1, resting = true }";
    assert_rests(resting, ExitKind::Stop, 0, &close, 1, 100.0, &levels);
    assert!(levels.windows(2).all(|w| w[1] >= w[0]));
    // Written by hand it is the same rule.
    let by_hand = "when = \"close < max_since_entry(close - 1 * atr(1))\"\nside = \"long\"";
    let plans = ["atr_trailing_stop = { mult = 1, period = 1 }", by_hand].map(with_exit);
    let rules = plans.each_ref().map(|p| match program(p).exits[LONG][0].source {
        Source::Rule(idx) => p.compiled.rules()[idx].to_string().split(';').next().map(str::to_owned),
        other => panic!("{other:?}"),
    });
    assert_eq!(rules[0], rules[1]);
}

#[test]
fn the_atr_stop_stays_where_the_signal_put_it() {
    // The range of the signal's bar is 2, so the stop is 4 below an entry at 101, whatever the range is later.
    let close = [100.0, 100.0, 104.0, 97.5, 96.0, 120.0];
    assert_when("atr_stop = { mult = 2, period = 1 }", &close, 1, 101.0, &[N, 0.0, 0.0, 1.0, 0.0]);
    let resting = "atr_stop = { mult = 2, period = 1, resting = true }";
    assert_rests(resting, ExitKind::Stop, 0, &close, 1, 101.0, &[N, 97.0, 97.0, 97.0, 97.0]);
}

#[test]
fn a_bracket_is_a_stop_and_a_target_around_the_entry() {
    let close = [100.0, 100.0, 104.0, 97.5];
    let bracket = "bracket = { stop_mult = 1, target_mult = 2.5, period = 1 }";
    assert_rests(bracket, ExitKind::Stop, 0, &close, 1, 100.0, &[N, 98.0, 98.0]);
    assert_rests(bracket, ExitKind::Target, 1, &close, 1, 100.0, &[N, 105.0, 105.0]);
    let plan = with_exit(bracket);
    let reasons: Vec<&str> = plan.reasons.iter().map(|r| &**r).collect();
    assert_eq!(reasons, ["bracket_stop", "bracket_target"]);
    let when = "bracket = { stop_mult = 1, target_mult = 1.5, period = 1, resting = false }";
    assert_when(when, &close, 1, 100.0, &[N, 0.0, 1.0]);
}

#[test]
fn percentages_of_the_entry_and_of_the_best_close() {
    let close = [100.0, 98.5, 97.5, 104.5];
    let on_short = |exit: &str| {
        let mirror: Vec<f64> = close.iter().map(|c| 200.0 - c).collect();
        of_both(exit, &bars(&close), &bars(&mirror), 0, 100.0, 0).map(|(_, rows)| rows)
    };
    for rows in on_short("percent_stop = { frac = 0.02 }") {
        assert_rows(&rows, &[N, 0.0, 1.0, 0.0], "percent_stop = {");
    }
    for rows in on_short("percent_target = { frac = 0.04 }") {
        assert_rows(&rows, &[N, 0.0, 0.0, 1.0], "percent_target = {");
    }
    assert_rests(
        "percent_stop = { frac = 0.02, resting = true }",
        ExitKind::Stop,
        0,
        &close,
        0,
        100.0,
        &[N, 98.0, 98.0, 98.0],
    );
    assert_rests(
        "percent_target = { frac = 0.04, resting = true }",
        ExitKind::Target,
        0,
        &close,
        0,
        100.0,
        &[N, 104.0, 104.0, 104.0],
    );
    // Long: best closes 100, 104, 120, 120, 120, of which 5 % are 95, 98.8, 114.
    let close = [100.0, 104.0, 120.0, 115.0, 113.0];
    let plan = with_exit("percent_trailing = { frac = 0.05 }");
    let rule = program(&plan).exits[LONG][0].source;
    assert_rows(&held(&plan, &bars(&close), rule, 0, 1.0, 100.0), &[0.0, 0.0, 0.0, 0.0, 1.0], "percent_trailing");
    let plan = with_exit("percent_trailing = { frac = 0.05, resting = true }");
    let exit = program(&plan).exits[SHORT][0];
    assert_eq!(exit.kind, ExitKind::Stop);
    // Short: best closes 100, 100, 80, of which 105 % are 105, 105, 84.
    let rows = held(&plan, &bars(&[100.0, 104.0, 80.0]), exit.source, 0, -1.0, 100.0);
    assert_rows(&rows, &[105.0, 105.0, 84.0], "percent_trailing");
}

#[test]
fn the_donchian_exit_looks_at_the_bars_before() {
    // Lows: 99, 99, 99, 96, 95. Of the two bars before: 99, 99, 96 from row 2 on.
    let close = [100.0, 100.0, 103.0, 97.0, 96.5];
    assert_when("donchian_exit = { period = 2 }", &close, 1, 100.0, &[N, 0.0, 1.0, 0.0]);
    let resting = "donchian_exit = { period = 2, resting = true }";
    assert_rests(resting, ExitKind::Stop, 0, &close, 1, 100.0, &[99.0, 99.0, 96.0, 95.5]);
}

#[test]
fn the_time_stop_counts_from_one_in_every_position() {
    let close = [100.0; 8];
    for signal in [0, 3, 1] {
        let expected: Vec<f64> = (signal..8)
            .map(|row| match row - signal {
                0 => N,
                n if n < 3 => 0.0,
                _ => 1.0,
            })
            .collect();
        assert_when("time_stop = { bars = 3 }", &close, signal, 100.0, &expected);
    }
}

#[test]
fn a_factor_that_came_back_half_way_is_held() {
    let bars = bars(&[2.0, 1.0, 0.6, 0.4, N]);
    let plan = with_exit("factor_reversion = { factor = \"close\", exit_threshold = 0.5 }");
    let sources = program(&plan).exits.clone().map(|exits| exits[0].source);
    assert_eq!(sources[LONG], sources[SHORT]);
    assert_rows(&values(&plan, &bars, sources[LONG]), &[0.0, 0.0, 0.0, 1.0, N], "factor_reversion = {");
    let below = "factor_reversion = { factor = \"-close\", exit_threshold = -0.5, entered = \"below\" }";
    let plan = with_exit(below);
    assert_rows(&values(&plan, &bars, program(&plan).exits[LONG][0].source), &[0.0, 0.0, 0.0, 1.0, N], below);
}

#[test]
fn the_opposite_signal_is_the_entry_of_the_other_side_before_filters() {
    let plan = plan(
        "filters = [\"volume > 5\"]\n[entry]\nlong = \"close > 2\"\nshort = \"close < 1\"\n[[exits]]\nopposite_signal = {}",
    );
    let program = program(&plan);
    let bars = bars(&[3.0, 1.5, 0.5]);
    let says = |side: usize| values(&plan, &bars, program.exits[side][0].source);
    assert_eq!((says(LONG), says(SHORT)), (vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]));
    assert_ne!(program.exits[LONG][0].source, program.entry[SHORT].unwrap(), "the filter is no part of it");
}

#[test]
fn the_end_of_a_session_is_a_setting() {
    let plans = ["session_end = {}", "when = \"close > 3\""].map(with_exit);
    assert!(plans[0].execution.flat_at_session_end && !plans[1].execution.flat_at_session_end);
    assert!(program(&plans[0]).exits.iter().all(Vec::is_empty));
    let set = plan("[entry]\nlong = \"close > 1000\"\nshort = \"close < 0\"\n[session]\nflat_at_end = true");
    assert_eq!(set.spec_id, plans[0].spec_id);
}

/// The size that these lines come to in the last row, with so much equity.
fn size(sides: &str, sizing: &str, bars: &Columns, equity: f64) -> (SizeKind, f64, f64) {
    let plan = plan(&format!("[entry]\n{sides}\n[sizing]\n{sizing}"));
    let size = program(&plan).size;
    let value = match size.source {
        Source::Rule(idx) => {
            let rule = &plan.compiled.rules()[idx];
            let outputs: Vec<Vec<f64>> =
                plan.compiled.plan().eval(bars).unwrap().outputs().iter().map(Value::to_numbers).collect();
            let inputs: Vec<f64> = rule.inputs().iter().map(|i| *outputs[*i].last().unwrap()).collect();
            rule.run(&inputs, &Outside { equity, ..Outside::NONE }, &mut rule.memory())
        }
        source => *values(&plan, bars, source).last().unwrap(),
    };
    (size.kind, value, size.limit_frac)
}

#[test]
fn sizes() {
    let long = "long = \"close > 0\"";
    let flat = bars(&[100.0, 100.0]);
    let of = |sizing: &str| size(long, sizing, &flat, 10_000.0);
    assert_eq!(of("fixed_fraction = {}"), (SizeKind::Fraction, 0.25, 0.25));
    assert_eq!(of("fixed_fraction = { frac = 0.1 }\nlimit_frac = 0.5"), (SizeKind::Fraction, 0.1, 0.5));
    assert_eq!(of("fixed_units = { units = 7 }"), (SizeKind::Units, 7.0, 0.25));
    assert_eq!(of("fixed_value = { value = 2500 }"), (SizeKind::Value, 2500.0, 0.25));
    assert_eq!(of("fraction = \"1 / 4\""), (SizeKind::Fraction, 0.25, f64::INFINITY));
    // 2 % of 10,000 over twice a range of 2: a fall by 4 costs 200.
    assert_eq!(of("volatility_scaled = { period = 1 }"), (SizeKind::Units, 50.0, 0.25));
    // A range of nothing is no size at all.
    let still = table(&[5.0; 3], &[5.0; 3], &[5.0; 3], &[5.0; 3]);
    assert!(size(long, "volatility_scaled = { period = 1 }", &still, 10_000.0).1.is_nan());
}

#[test]
fn a_volatility_target_annualises_by_the_calendar() {
    // Two logarithmic returns of 0.0953102 and its opposite deviate by 0.13478895; times the root of 6552 that is 10.910414.
    let bars = bars(&[100.0, 110.0, 100.0]);
    let (kind, value, limit) =
        size("long = \"close > 0\"", "volatility_target = { annual = 0.1, period = 2 }", &bars, 1.0);
    assert_eq!((kind, limit), (SizeKind::Fraction, 0.25));
    assert!((value - 0.1 / 10.910_414).abs() < 1e-8, "{value}");
}

#[test]
fn kelly_is_capped_and_nothing_against_the_mean() {
    // Returns of 0.1 and 0: a mean of 0.05, a sample variance of 0.005, so ten times equity, half of it 5.
    let bars = bars(&[100.0, 110.0, 110.0]);
    let of = |sides: &str, args: &str| size(sides, &format!("capped_kelly = {{ period = 2{args} }}"), &bars, 1.0).1;
    let (long, short) = ("long = \"close > 0\"", "short = \"close > 200\"");
    assert!((of(long, ", cap = 10") - 5.0).abs() < 1e-9);
    assert_eq!((of(long, ""), of(short, "")), (0.25, 0.0));
    // With both sides, the side is the one that is signalled.
    assert_eq!(of(&format!("{long}\n{short}"), ""), 0.25);
    assert_eq!(of("long = \"close > 200\"\nshort = \"close > 0\"", ""), 0.0);
}

#[test]
fn a_target_weight_stands_for_entries() {
    let plan = plan("[sizing]\ntarget_weight = { weight = \"clip(close - 100, -1, 1)\" }\nlimit_frac = 1");
    let program = program(&plan);
    assert_eq!((program.entry, program.size.limit_frac), ([None, None], 1.0));
    let rows = values(&plan, &bars(&[99.5, 100.25, 300.0]), program.weight.unwrap());
    assert_rows(&rows, &[-0.5, 0.25, 1.0], "target_weight = {");
}

#[test]
fn the_document_has_the_tables_of_the_catalogue() {
    let document = include_str!("../../../../docs/strategies.md");
    let tables = catalog::reference();
    let marked = document.split_once("<!-- blocks -->\n").and_then(|(_, rest)| rest.split_once("\n<!-- /blocks -->"));
    assert_eq!(marked.unwrap().0.trim_end(), tables.trim_end(), "the tables that came out:\n{tables}");
}
