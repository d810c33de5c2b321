//! Plans for one symbol among many: fed with what works across symbols, the bits of the whole panel.

use qe_core::columns::{Axis, Columns, Shared};
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_factors::expr::{compile, parse};
use qe_factors::plan::Plan;

use super::plan::{MANY, panel, plan, same, schema};

/// Over each symbol's table, over the panel, and row by row, a plan for one symbol gives what the plan gave.
pub(crate) fn says_the_same(whole: &Plan, panel: &Panel) {
    let want = whole.eval_panel(panel, &Pool::inline()).unwrap();
    let one = whole.clone().for_one_symbol().unwrap();
    assert!(!one.is_across());
    assert_eq!(one.outputs(), whole.outputs());
    let n = panel.n_times();
    for (i, got) in one.eval_panel(panel, &Pool::inline()).unwrap().iter().enumerate() {
        assert!(got.iter().zip(&want[i]).all(|(a, b)| same(*a, *b)), "{} over the panel", one.outputs()[i].name);
    }
    let across = one.across().map(|plan| plan.eval_panel(panel, &Pool::inline()).unwrap()).unwrap_or_default();
    let across: Vec<Shared<f64>> = across.into_iter().map(Shared::from).collect();
    let tables: Vec<_> = panel.symbols().iter().map(|s| (s.as_str(), panel.columns_of(s).unwrap())).collect();
    // In a panel a symbol has no row where all of it is missing.
    let present: Vec<_> = tables.iter().map(|(name, table)| (*name, only_present(table))).collect();
    let others: Vec<_> = present.iter().map(|(name, table)| (*name, table)).collect();
    for (s, (symbol, table)) in tables.iter().enumerate() {
        let own = |matrix: &Shared<f64>| matrix.slice(s * n..(s + 1) * n);
        let table = one.with_across(&one.with_symbols(table, &others).unwrap(), across.iter().map(own)).unwrap();
        let got = one.eval(&table).unwrap().into_outputs();
        let got: Vec<Vec<f64>> = got.into_iter().map(|value| value.into_numbers()).collect();
        let mut stepper = one.symbols().next().is_none().then(|| one.stepper(0).unwrap());
        let read: Vec<Shared<f64>> = one.columns().map(|c| table.get(c).unwrap().to_f64()).collect();
        for t in 0..n {
            let stepped = stepper.as_mut().map(|stepper| {
                let told: Vec<f64> = across.iter().map(|matrix| matrix[s * n + t]).collect();
                stepper.tell_across(&told).unwrap();
                let row: Vec<f64> = read.iter().map(|column| column[t]).collect();
                stepper.step(panel.axis().open()[t], panel.axis().available()[t], &row).unwrap().to_vec()
            });
            for (i, output) in one.outputs().iter().enumerate() {
                let want = want[i][s * n + t];
                assert!(same(got[i][t], want), "{} of {symbol} at {t}: {} and {want}", output.name, got[i][t]);
                if let Some(stepped) = &stepped {
                    assert!(same(stepped[i], want), "{} of {symbol} stepped at {t}", output.name);
                }
            }
        }
    }
}

fn only_present(table: &Columns) -> Columns {
    let columns: Vec<(&str, Shared<f64>)> = table.iter().map(|(name, c)| (name, c.to_f64())).collect();
    let rows: Vec<usize> = (0..table.len()).filter(|&i| columns.iter().any(|(_, c)| !c[i].is_nan())).collect();
    let pick = |times: &[i64]| rows.iter().map(|&i| times[i]).collect::<Vec<i64>>();
    let axis = Axis::new(pick(table.axis().open()), pick(table.axis().available())).unwrap();
    columns.iter().fold(Columns::new(axis), |mut out, (name, column)| {
        out.push(*name, rows.iter().map(|&i| column[i]).collect::<Vec<f64>>()).unwrap();
        out
    })
}

#[test]
fn a_plan_for_one_symbol_says_what_the_plan_says() {
    let (panel, _) = panel();
    let texts = [
        "cs_rank(close / close[5] - 1)",
        "cs_rank(close) > 0.5 and close > sma(close, 7)",
        "sma(cs_zscore(volume) + cs_rank(cs_demean(close)), 5)",
        "close - neutralize(roc(close, 3), sector)",
        "sma(close, 9)",
        "cs_rank(close / sym(\"S1\", close)) * sym(\"S2\", ema(close, 3))",
        "scale(cs_rank(sma(close, 3)) - 0.5)",
    ];
    let trees = texts.map(|text| parse(text).unwrap());
    let named: Vec<_> = texts.into_iter().zip(&trees).collect();
    let schema = schema().with_symbols(["S1", "S2"]);
    let plan_of = |named: &[_]| compile(named, &schema, None).unwrap().into_plan();
    for one in &named {
        says_the_same(&plan_of(std::slice::from_ref(one)), &panel);
    }
    says_the_same(&plan_of(&named), &panel);
    says_the_same(&plan_of(&named).with_all_outputs().unwrap(), &panel);
    says_the_same(&plan(MANY), &panel);
}

#[test]
fn what_was_told_across_is_of_one_row() {
    let (panel, _) = panel();
    let one = plan(&["cs_rank(close) + 0"]).for_one_symbol().unwrap();
    let mut stepper = one.stepper(0).unwrap();
    assert_eq!(stepper.tell_across(&[]), None);
    stepper.tell_across(&[0.25]).unwrap();
    assert_eq!(stepper.step(0, 1, &[]).unwrap(), [0.25]);
    assert!(stepper.step(1, 2, &[]).unwrap()[0].is_nan(), "the row before told it");
    // Without being told, a table cannot be computed, and the error says how.
    let table = panel.columns_of("S0").unwrap();
    let err = one.eval(&table).unwrap_err().to_string();
    assert!(err.contains("it works across symbols") && err.contains("Plan::with_across"), "{err}");
    let err = one.panel_stepper(&panel, 0).unwrap_err().to_string();
    assert!(err.contains("Plan::across"), "{err}");
    // What is of one symbol alone stays as it is.
    let alone = plan(&["sma(close, 3)"]);
    assert_eq!(alone.clone().for_one_symbol().unwrap().to_string(), alone.to_string());
}
