//! The seeds' strategies: each reads, compiles at all corners of its ranges, and is what it was.

use qe_core::param::{Kind, Param, Value};
use qe_core::point::PointTable;
use qe_engine::{StrategySpec, strategies};

use crate::support::{PER_YEAR, schema};

/// The ends of a parameter's range.
fn ends(param: &Param) -> [Value; 2] {
    match &param.kind {
        Kind::Int { min, max, .. } => [Value::Int(*min), Value::Int(*max)],
        Kind::Float { min, max, .. } => [Value::Float(*min), Value::Float(*max)],
        Kind::Bool => [false.into(), true.into()],
        Kind::Choice { options } => [Value::Text(options[0].clone()), Value::Text(options[options.len() - 1].clone())],
    }
}

/// All corners of the ranges.
fn corners(spec: &StrategySpec) -> PointTable {
    let params = spec.params();
    let mut table = PointTable::new(params.clone()).unwrap();
    for id in 0..1_u64 << params.len() {
        let row: Vec<Value> = params.iter().enumerate().map(|(i, p)| ends(p)[(id >> i & 1) as usize].clone()).collect();
        table.push(id, &row).unwrap();
    }
    table
}

#[test]
fn each_compiles_at_all_corners_but_those_that_it_rules_out() {
    for name in strategies::names() {
        let spec = strategies::by_name(name).unwrap();
        let corners = corners(&spec);
        let plan = spec.compile(&schema(), PER_YEAR, Some(&corners)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(plan.programs.len(), corners.len());
        assert_eq!(plan.spec_id, spec.spec_id().unwrap());
        let mut n_run = 0;
        for program in &plan.programs {
            match program {
                Ok(program) => {
                    n_run += 1;
                    assert!(program.entry[0].is_some(), "{name}");
                    assert!(program.lookback > 0, "{name}");
                }
                Err(reason) => {
                    assert!(
                        reason.starts_with("invalid_point: ") && reason.ends_with("does not hold"),
                        "{name}: {reason}"
                    )
                }
            }
        }
        assert!(spec.require.is_empty() && n_run == corners.len() || n_run * 2 >= corners.len(), "{name}: {n_run}");
    }
}

#[test]
fn each_reads_what_it_writes_and_stays_the_same_strategy() {
    for name in strategies::names() {
        let spec = strategies::by_name(name).unwrap();
        let (id, skeleton) = (spec.spec_id().unwrap(), spec.skeleton_id().unwrap());
        let toml = StrategySpec::from_toml(&spec.to_toml().unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let json = StrategySpec::from_json(&spec.to_json().unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((&toml, &json), (&spec, &spec), "{name}");
        let written = spec.with_defaults_written().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(written.spec_id().unwrap(), id, "{name}\n{}", written.to_toml().unwrap());
        assert_eq!(written.skeleton_id().unwrap(), skeleton, "{name}");
        let again = StrategySpec::from_json(&written.to_json().unwrap()).unwrap();
        assert_eq!(again, written, "{name}");
        assert_eq!(again.with_defaults_written().unwrap(), written, "{name}");
        assert_eq!(StrategySpec::from_toml(&written.to_toml().unwrap()).unwrap(), written, "{name}");
        // The plans differ in the names of fields alone.
        let plans = [spec, written].map(|s| s.compile(&schema(), PER_YEAR, None).unwrap());
        let steps = plans.each_ref().map(|p| {
            let text = p.compiled.plan().to_string();
            text.lines().filter(|l| l.starts_with('%')).map(str::to_owned).collect::<Vec<_>>()
        });
        assert_eq!(steps[0], steps[1], "{name}");
        assert_eq!((&plans[0].programs, &plans[0].reasons), (&plans[1].programs, &plans[1].reasons), "{name}");
    }
}

/// `name spec_id skeleton_id` a line. An id changes when a strategy means something else, and then on purpose alone.
#[test]
fn ids_are_what_they_were() {
    let now: String = strategies::names()
        .map(|name| {
            let spec = strategies::by_name(name).unwrap();
            format!("{name} {} {}\n", spec.spec_id().unwrap(), spec.skeleton_id().unwrap())
        })
        .collect();
    let golden = include_str!("strategy_ids.txt");
    assert_eq!(golden, now, "the ids that came out:\n{now}");
    let ids: std::collections::BTreeSet<&str> = now.lines().filter_map(|l| l.split(' ').nth(1)).collect();
    assert_eq!(ids.len(), 16, "two strategies are the same");
}

#[test]
fn the_three_that_the_seed_sweeps_have_its_parameters_and_hold_its_grid() {
    type Grid = [(&'static str, &'static [f64])];
    let grids: [(&str, &Grid); 3] = [
        (
            "StochRSIMeanReversion",
            &[
                ("rsi_period", &[7.0, 14.0, 21.0]),
                ("stoch_period", &[7.0, 14.0, 21.0]),
                ("overbought", &[70.0, 75.0, 80.0, 85.0]),
                ("oversold", &[15.0, 20.0, 25.0, 30.0]),
                ("sl_atr", &[1.5, 2.0, 2.5, 3.0]),
                ("adx_threshold", &[20.0, 25.0, 30.0]),
            ],
        ),
        (
            "DonchianBreakout",
            &[
                ("entry_period", &[10.0, 20.0, 30.0, 55.0]),
                ("exit_period", &[5.0, 10.0, 20.0]),
                ("stop_loss_atr", &[1.5, 2.0, 3.0]),
                ("atr_period", &[14.0, 20.0]),
            ],
        ),
        (
            "MACDBollinger",
            &[
                ("macd_fast", &[8.0, 12.0, 16.0]),
                ("macd_slow", &[21.0, 26.0, 30.0]),
                ("macd_signal", &[7.0, 9.0, 12.0]),
                ("bb_period", &[15.0, 20.0, 25.0]),
                ("bb_std", &[1.5, 2.0, 2.5]),
                ("sl_atr", &[1.5, 2.0, 3.0]),
            ],
        ),
    ];
    for (name, grid) in grids {
        let params = strategies::by_name(name).unwrap().params();
        let n_flags = params.iter().filter(|p| p.kind == Kind::Bool).count();
        assert_eq!(params.len(), grid.len() + n_flags, "{name}");
        for (param, values) in grid {
            let param = params.iter().find(|p| p.name == *param).unwrap_or_else(|| panic!("{name} has no {param}"));
            let lattice: Vec<f64> = (0..param.n_values().unwrap())
                .map(|i| match param.value_at(i).unwrap() {
                    Value::Int(v) => v as f64,
                    Value::Float(v) => v,
                    other => panic!("{other}"),
                })
                .collect();
            assert!(values.iter().all(|v| lattice.contains(v)), "{name}: {param} does not hold {values:?}");
        }
    }
    // The seed counts 3,456 points of the first, and its lattice is that grid.
    let stoch = strategies::by_name("StochRSIMeanReversion").unwrap();
    assert_eq!(PointTable::grid(stoch.params(), 10_000).unwrap().len(), 3456);
}
