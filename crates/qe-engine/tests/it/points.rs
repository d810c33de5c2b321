//! Points: which can be run, why the others cannot, and that the sweep goes on.

use qe_core::param::{Param, Value};
use qe_core::point::PointTable;
use qe_engine::program::Source;
use qe_engine::strategies;

use crate::support::{PER_YEAR, bars, error, held, read, schema, values};

const CROSS: &str = r#"
require = ["$fast < $slow"]
[params.fast]
kind = { int = { min = 0, max = 1000 } }
default = 5
[params.slow]
kind = { int = { min = 0, max = 1000 } }
default = 20
[entry]
long = "cross_above(sma(close, $fast), sma(close, $slow))"
[[exits]]
atr_stop = { mult = 2, period = "$slow" }
"#;

fn points(rows: &[[i64; 2]]) -> PointTable {
    let mut table = PointTable::new([Param::int("fast", -10, 5000, 5), Param::int("slow", -10, 5000, 20)]).unwrap();
    for (id, row) in rows.iter().enumerate() {
        table.push(id as u64, &row.map(Value::Int)).unwrap();
    }
    table
}

#[test]
fn a_point_that_cannot_be_run_says_why_and_the_others_go_on() {
    let spec = read(CROSS).unwrap();
    let rows = [[5, 20], [0, 20], [20, 20], [7, 30], [5, 5000], [0, 0], [1, 2]];
    let plan = spec.compile(&schema(), PER_YEAR, Some(&points(&rows))).unwrap();
    let said: Vec<Option<&str>> = plan.programs.iter().map(|p| p.as_ref().err().map(|e| &**e)).collect();
    assert_eq!(said[0], None);
    assert_eq!(
        said[1].unwrap(),
        "invalid_point: entry.long: parameter period: 0 is not allowed, it is not a whole number in range; give a whole number from 1 to 1000000"
    );
    assert_eq!(said[2].unwrap(), "invalid_point: $fast < $slow does not hold");
    assert_eq!(said[3], None);
    assert!(said[4].unwrap().contains("parameter slow: 5000 is not allowed, it is not a whole number in range"));
    assert_eq!(said[5].unwrap(), "invalid_point: $fast < $slow does not hold");
    assert_eq!(said[6], None);
    // Those that are left are as they are alone.
    for (row, point) in rows.iter().zip(&plan.programs) {
        let Ok(program) = point else { continue };
        let alone = spec.compile(&schema(), PER_YEAR, Some(&points(&[*row]))).unwrap();
        assert_eq!(alone.programs[0].as_ref().unwrap().lookback, program.lookback);
        assert_eq!(program.lookback, row[1] as usize, "the average lags by one row, as the crossing looks back");
        let output = |plan: &qe_engine::program::StrategyPlan, source: Source| match source {
            Source::Output(idx) => plan.compiled.plan().outputs()[idx].clone(),
            other => panic!("{other:?}"),
        };
        let (a, b) = (program.entry[0].unwrap(), alone.programs[0].as_ref().unwrap().entry[0].unwrap());
        assert_eq!(output(&plan, a).lookback, output(&alone, b).lookback);
    }
}

#[test]
fn when_no_point_can_be_run_there_is_a_plan_all_the_same() {
    let spec = read(CROSS).unwrap();
    for rows in [&[[20, 5], [0, 20]][..], &[]] {
        let plan = spec.compile(&schema(), PER_YEAR, Some(&points(rows))).unwrap();
        assert_eq!(plan.programs.len(), rows.len());
        assert!(plan.programs.iter().all(Result::is_err));
        assert!(matches!(plan.spread_multiplier, Some(Source::Output(_))));
    }
}

#[test]
fn every_second_point_may_fail_without_a_look_at_each() {
    let spec = read(&CROSS.replace("require = [\"$fast < $slow\"]", "")).unwrap();
    let rows: Vec<[i64; 2]> = (0..40).flat_map(|fast| (0..100).map(move |slow| [fast % 2 * fast, slow])).collect();
    let plan = spec.compile(&schema(), PER_YEAR, Some(&points(&rows))).unwrap();
    for ([fast, slow], program) in rows.iter().zip(&plan.programs) {
        assert_eq!(program.is_err(), *fast == 0 || *slow == 0, "{fast} {slow}");
    }
}

#[test]
fn parameters_that_the_points_do_not_have_are_as_by_default() {
    let spec = read(CROSS).unwrap();
    let mut table = PointTable::new([Param::int("fast", 1, 100, 5)]).unwrap();
    [3, 4, 25].iter().for_each(|v| table.push(0, &[Value::Int(*v)]).unwrap());
    let plan = spec.compile(&schema(), PER_YEAR, Some(&table)).unwrap();
    assert_eq!(plan.programs[0].as_ref().unwrap().lookback, 20);
    assert_eq!(plan.programs[2].as_ref().unwrap_err().as_ref(), "invalid_point: $fast < $slow does not hold");
    let unknown = PointTable::new([Param::int("fsat", 1, 100, 5)]).unwrap();
    let text = spec.compile(&schema(), PER_YEAR, Some(&unknown)).unwrap_err().to_string();
    assert_eq!(text, "points: the strategy has no parameter `fsat`; did you mean `fast`?");
}

#[test]
fn defaults_that_cannot_be_run_are_an_error_of_the_whole() {
    let text = error(&CROSS.replace("default = 5", "default = 50"));
    assert_eq!(text, "params: the defaults cannot be run: invalid_point: $fast < $slow does not hold; give others");
    let text = error(&CROSS.replace("default = 5", "default = 0"));
    let expected = "\
entry.long:
parameter period: 0 is not allowed, it is not a whole number in range; give a whole number from 1 to 1000000
  cross_above(sma(close, $fast), sma(close, $slow))
                         ^^^^^
write sma(x=close, period=20)";
    assert_eq!(text, expected);
    let text = error(&CROSS.replace("default = 20", "default = 2000"));
    assert!(text.starts_with("params.slow: "), "{text}");
}

#[test]
fn numbers_that_are_counted_may_depend_on_parameters() {
    let spec = read(
        "[params.n]\nkind = { int = { min = -1, max = 9 } }\ndefault = 1\n[entry]\nlong = \"close > open\"\n\
         [entry.order.limit]\nlong = \"low\"\nbars = \"$n + 1\"\n[execution.cooldown]\nsessions = \"2 * $n\"\n\
         [sizing]\nfixed_fraction = {}\nlimit_frac = \"$n / 4\"",
    )
    .unwrap();
    let mut table = PointTable::new([Param::int("n", -1, 9, 1)]).unwrap();
    [1, 3, -1].iter().for_each(|v| table.push(0, &[Value::Int(*v)]).unwrap());
    let plan = spec.compile(&schema(), PER_YEAR, Some(&table)).unwrap();
    let seen: Vec<_> = plan.programs[..2].iter().map(|p| p.as_ref().unwrap()).collect();
    let of = |i: usize| (seen[i].cooldown_bars, seen[i].cooldown_sessions, seen[i].size.limit_frac);
    assert_eq!((of(0), of(1)), ((0, 2, 0.25), (0, 6, 0.75)));
    let bars = |i: usize| match seen[i].order {
        qe_engine::program::EntryOrder::Limit { n_bars, .. } => n_bars,
        other => panic!("{other:?}"),
    };
    assert_eq!((bars(0), bars(1)), (2, 4));
    assert_eq!(plan.programs[2].as_ref().unwrap_err().as_ref(), "invalid_point: entry.order.bars: 0 is out of range");
}

#[test]
fn a_requirement_that_is_unknown_is_not_met() {
    let spec = read(&CROSS.replace("$fast < $slow", "10 / ($slow - 20 + $fast) > 0")).unwrap();
    let plan = spec.compile(&schema(), PER_YEAR, Some(&points(&[[5, 15], [5, 16], [5, 14]]))).unwrap();
    let said: Vec<bool> = plan.programs.iter().map(Result::is_ok).collect();
    assert_eq!(said, [false, true, false], "undefined, above 0, below 0");
}

#[test]
fn a_point_is_the_same_alone_and_among_others() {
    let close: Vec<f64> =
        (0..400).map(|i| 100.0 + 10.0 * (f64::from(i) * 0.37).sin() + f64::from(i * i % 17)).collect();
    let bars = bars(&close);
    for name in ["StochRSIMeanReversion", "MACDBollinger", "HybridRegimeV2"] {
        let spec = strategies::by_name(name).unwrap();
        let mut all = PointTable::new(spec.params()).unwrap();
        for id in 0..40_u64 {
            let unit = |i: usize| (id as f64 * 0.37 + i as f64 * 0.19).fract();
            let row: Vec<Value> = spec.params().iter().enumerate().map(|(i, p)| p.from_unit(unit(i))).collect();
            all.push(id, &row).unwrap();
        }
        let batch = spec.compile(&schema(), PER_YEAR, Some(&all)).unwrap();
        let mut n_fired = 0;
        for point in (0..all.len()).step_by(3) {
            let alone = spec.compile(&schema(), PER_YEAR, Some(&all.slice(point..point + 1))).unwrap();
            let (a, b) = match (&batch.programs[point], &alone.programs[0]) {
                (Ok(a), Ok(b)) => (a, b),
                (a, b) => {
                    assert_eq!(a, b);
                    continue;
                }
            };
            assert_eq!((a.lookback, a.size.limit_frac), (b.lookback, b.size.limit_frac));
            let of = |plan, source, side| -> Vec<u64> {
                let rows = match source {
                    Source::Rule(_) => held(plan, &bars, source, 100, [1.0, -1.0][side], 100.0),
                    other => values(plan, &bars, other),
                };
                rows.iter().map(|v| v.to_bits()).collect()
            };
            for side in 0..2 {
                let entries = [a, b].map(|p| p.entry[side].unwrap());
                let fired = of(&batch, entries[0], side);
                assert_eq!(fired, of(&alone, entries[1], side), "{name} {point}");
                n_fired += fired.iter().filter(|v| **v == 1.0_f64.to_bits()).count();
                assert_eq!(a.exits[side].len(), b.exits[side].len());
                for (x, y) in a.exits[side].iter().zip(&b.exits[side]) {
                    assert_eq!((x.kind, x.reason), (y.kind, y.reason));
                    assert_eq!(of(&batch, x.source, side), of(&alone, y.source, side), "{name} {point}");
                }
            }
        }
        assert!(n_fired > 20, "{name} fired {n_fired} times");
    }
}

#[test]
fn the_seeds_whole_grid_shares_its_columns() {
    let spec = strategies::by_name("StochRSIMeanReversion").unwrap();
    let grid = PointTable::grid(spec.params(), 10_000).unwrap();
    let plan = spec.compile(&schema(), PER_YEAR, Some(&grid)).unwrap();
    assert!(plan.programs.iter().all(Result::is_ok));
    // k of 9 pairs of periods, in zones of 4 levels and exits of 4 levels, filters of 3 and none.
    let entries: std::collections::BTreeSet<usize> = plan
        .programs
        .iter()
        .map(|p| match p.as_ref().unwrap().entry[0] {
            Some(Source::Output(idx)) => idx,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(entries.len(), 9 * 4 * 4);
    assert_eq!(plan.compiled.rules().len(), 2 * 4, "a stop of four distances for each side");
}
