//! The four scopes by a naive reading: series and rules, points, live rows, panels, slices, and another future.

use qe_core::calendar::Calendar;
use qe_core::columns::Columns;
use qe_core::eval::Window;
use qe_core::fit::{Fit, Frozen};
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_core::param::{Param, Value as ParamValue};
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_core::time::TimeRange;
use qe_factors::expr::{compile, compile_scoped, parse};
use qe_factors::learned::{Levels, Scores};
use qe_factors::plan::{Outside, Part, Scope, Value, Values, Workspace};

use crate::naive::{E, Gen, How, MINUTE, OTHERS, SERIES, START, walk, world};
use crate::panel_stepper::steps_as_the_panel;
use crate::plan::{number, same};

#[test]
fn random_series_are_what_a_naive_reading_says() {
    let mut n_known = 0;
    for (n_rows, seeds) in [(300, 0..60), (2600, 100..106)] {
        let w = world(1, n_rows);
        for seed in seeds {
            let mut s = Stream::new(seed, "naive series", 0);
            let mut g = Gen { s: &mut s, n_params: 0 };
            let es: Vec<E> = (0..40).map(|i| if i % 3 == 0 { g.cond(4, SERIES) } else { g.num(5, SERIES) }).collect();
            let texts: Vec<String> = es.iter().map(|e| e.text(None)).collect();
            let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap_or_else(|e| panic!("{t}: {e}"))).collect();
            let named: Vec<_> = texts.iter().map(String::as_str).zip(&asts).collect();
            let compiled = compile(&named, &w.schema, None).unwrap_or_else(|e| panic!("{e}"));
            let plan = compiled.plan();
            let table = plan.with_symbols(&w.host, &w.tables()).unwrap();
            let values = plan.eval(&table).unwrap();
            let got: Vec<Vec<f64>> = (0..es.len()).map(|i| number(&values, compiled.output(i, 0).unwrap())).collect();
            for (i, e) in es.iter().enumerate() {
                let want = w.ctx(&[], 0, &[]).eval(e);
                for row in 0..want.len() {
                    assert!(
                        same(got[i][row], want[row]),
                        "seed {seed} row {row}: {} for {}: {}",
                        got[i][row],
                        want[row],
                        texts[i]
                    );
                }
                n_known += usize::from(want.iter().any(|v| !v.is_nan()));
                let o = &plan.outputs()[compiled.output(i, 0).unwrap()];
                let has = |n: &str| e.any(&|e| matches!(e, E::Fit(f, _) if f.split('.').next() == Some(n)));
                for n in ["z", "lvl", "zin", "mem"] {
                    if o.fitted.iter().any(|f| **f == *n) {
                        assert!(has(n), "{n}: {}", texts[i]);
                    }
                }
            }
            w.steps(plan, |row, out| {
                for i in 0..es.len() {
                    let o = compiled.output(i, 0).unwrap();
                    assert!(
                        same(out[o], got[i][row]),
                        "stepper, seed {seed} row {row}: {} for {}: {}",
                        out[o],
                        got[i][row],
                        texts[i]
                    );
                }
            });
            // Everything else that a plan can be asked.
            let all = plan.with_all_outputs().unwrap();
            let v = all.eval(&table).unwrap();
            let first = all.outputs().len() - plan.outputs().len();
            for k in 0..plan.outputs().len() {
                assert!(number(&v, first + k).iter().zip(number(&values, k)).all(|(a, b)| same(*a, b)));
            }
            let mut n = 0;
            plan.each_block(&table, &mut Workspace::new(), |k, rows, part| {
                let x = number(&values, k);
                match part {
                    Part::Numbers(v) => rows.clone().zip(v).for_each(|(r, v)| assert!(same(*v, x[r]))),
                    Part::Number(v) => rows.clone().for_each(|r| assert!(same(v, x[r]))),
                    Part::Condition(m) => rows
                        .clone()
                        .enumerate()
                        .for_each(|(i, r)| assert!(same(m.get(i).map_or(f64::NAN, |v| f64::from(u8::from(v))), x[r]))),
                }
                n += rows.len();
            })
            .unwrap();
            assert_eq!(n, table.len() * plan.outputs().len());
            assert!(plan.profile(&table, || 0).unwrap().len() == plan.n_steps());
            assert!(!plan.to_string().is_empty());
            // Look-ahead: the future of the host and of the others is another.
            for cut_row in if n_rows > 1000 { [100, 1023, 1024, 2048] } else { [40, 80, 150, 220] } {
                let cut = w.host.axis().available()[cut_row];
                let tamper = |t: &Columns| {
                    let known = t.axis().known_at(cut);
                    let mut out = Columns::new(t.axis().clone());
                    for (name, c) in t.iter() {
                        out.push(
                            name,
                            (0..t.len())
                                .map(|i| if i < known { c.value(i) } else { 7.0 - c.value(i) * 3.0 })
                                .collect::<Vec<f64>>(),
                        )
                        .unwrap();
                    }
                    out
                };
                let others: Vec<(&str, Columns)> = w.others.iter().map(|(n, t)| (*n, tamper(t))).collect();
                let others: Vec<(&str, &Columns)> = others.iter().map(|(n, t)| (*n, t)).collect();
                let v = plan.eval(&plan.with_symbols(&tamper(&w.host), &others).unwrap()).unwrap();
                for i in 0..es.len() {
                    let x = number(&v, compiled.output(i, 0).unwrap());
                    let rows = w.host.axis().known_at(cut);
                    assert!((0..rows).all(|r| same(x[r], got[i][r])), "cut {cut_row}: {}", texts[i]);
                }
                // And a table that ends there gives the beginning.
                let rows = w.host.axis().known_at(cut);
                let cut_others: Vec<(&str, Columns)> =
                    w.others.iter().map(|(n, t)| (*n, t.slice(..t.axis().known_at(cut)))).collect();
                let cut_others: Vec<(&str, &Columns)> = cut_others.iter().map(|(n, t)| (*n, t)).collect();
                let v = plan.eval(&plan.with_symbols(&w.host.slice(..rows), &cut_others).unwrap()).unwrap();
                for i in 0..es.len() {
                    let x = number(&v, compiled.output(i, 0).unwrap());
                    assert!((0..rows).all(|r| same(x[r], got[i][r])), "short {cut_row}: {}", texts[i]);
                }
            }
        }
    }
    assert!(n_known > 1000, "{n_known}");
}

/// Every row that opens in a stretch of the window and is complete by its end counts, and no other.
#[test]
fn a_fit_knows_its_window_and_nothing_else() {
    let w = world(4, 400);
    for table in [&w.host, &w.others[0].1, &w.others[3].1] {
        for (k, stretches) in
            [[(30, 90), (150, 210)], [(31, 92), (92, 93)], [(-99, 200), (300, 999)]].into_iter().enumerate()
        {
            let range = |(a, b): (i64, i64)| TimeRange { start: START + a * MINUTE + 7, end: START + b * MINUTE };
            let ranges = stretches.map(range);
            let train = Window::of(ranges.to_vec()).unwrap();
            let axis = table.axis();
            let counts = |row: usize| {
                let (open, known) = (axis.open()[row], axis.available()[row]);
                ranges.iter().any(|r| r.start <= open && open < r.end && known <= r.end)
            };
            let changed = |of: &dyn Fn(usize) -> bool| {
                let column = table.get("c0").unwrap();
                let values = (0..table.len()).map(|i| if of(i) { 1000.0 + i as f64 } else { column.value(i) });
                Columns::new(axis.clone()).with("c0", values.collect::<Vec<f64>>()).unwrap()
            };
            let ids = |table: &Columns| {
                let score = Scores { column: "c0".into() }.fit(table, &train).unwrap().id();
                (score, Levels { column: "c0".into(), below_frac: 0.37 }.fit(table, &train).unwrap().id())
            };
            let was = ids(table);
            assert!(ids(&changed(&|row| !counts(row))) == was, "window {k} sees what is outside of it");
            let last = (0..table.len()).rev().find(|row| counts(*row)).unwrap();
            assert!(ids(&changed(&|row| row == last)).0 != was.0, "window {k} does not see its last row");
        }
    }
}

fn outsides(s: &mut Stream, n: usize) -> Vec<Outside> {
    (0..n)
        .map(|_| {
            let mut x = || if s.uniform() < 0.15 { f64::NAN } else { (s.normal() * 8.0).round() / 4.0 };
            Outside {
                cash: x(),
                drawdown: x(),
                entry_price: x(),
                equity: x(),
                pos_bars: x(),
                pos_high: x(),
                pos_low: x(),
                pos_pnl_frac: x(),
                pos_side: x(),
            }
        })
        .collect()
}

fn rule_inputs(values: &Values, inputs: &[usize], row: usize) -> Vec<f64> {
    inputs
        .iter()
        .map(|i| match &values.outputs()[*i] {
            Value::Number(v) => v[row],
            Value::Condition(m) => m.get(row).map_or(f64::NAN, |v| f64::from(u8::from(v))),
        })
        .collect()
}

#[test]
fn random_rules_are_what_a_naive_reading_says() {
    let w = world(2, 150);
    let (mut n_rules, mut n_series) = (0, 0);
    for seed in 0..80 {
        let mut s = Stream::new(seed, "naive rules", 0);
        let outs = outsides(&mut s, w.host.len());
        let how = How { rule: true, ..SERIES };
        let mut g = Gen { s: &mut s, n_params: 0 };
        let es: Vec<E> = (0..40).map(|i| if i % 2 == 0 { g.cond(5, how) } else { g.num(6, how) }).collect();
        let texts: Vec<String> = es.iter().map(|e| e.text(None)).collect();
        let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap_or_else(|e| panic!("{t}: {e}"))).collect();
        let named: Vec<_> = texts.iter().map(String::as_str).zip(&asts).map(|(t, a)| (t, a, Scope::SIZE)).collect();
        let compiled = compile_scoped(&named, &w.schema, None).unwrap_or_else(|e| panic!("{e}"));
        let plan = compiled.plan();
        let values = plan.eval(&plan.with_symbols(&w.host, &w.tables()).unwrap()).unwrap();
        let entry = 30;
        for (i, e) in es.iter().enumerate() {
            let want = w.ctx(&outs, entry, &[]).eval(e);
            match compiled.rule(i, 0) {
                None => {
                    n_series += 1;
                    let got = number(&values, compiled.output(i, 0).unwrap());
                    assert!(got.iter().zip(&want).all(|(a, b)| same(*a, *b)), "{}", texts[i]);
                }
                Some(rule) => {
                    n_rules += 1;
                    let mut memory = rule.memory();
                    for pass in 0..2 {
                        memory.reset();
                        for row in entry..w.host.len() {
                            let got = rule.run(&rule_inputs(&values, rule.inputs(), row), &outs[row], &mut memory);
                            assert!(
                                same(got, want[row]),
                                "seed {seed} pass {pass} row {row}: {got} for {}: {}",
                                want[row],
                                texts[i]
                            );
                        }
                    }
                    let reads = |of: &dyn Fn(usize) -> bool| e.any(&|e| matches!(e, E::Pos(k) if of(*k)));
                    assert_eq!(rule.reads_account(), reads(&|k| [0, 1, 3].contains(&k)), "{}", texts[i]);
                    assert_eq!(
                        rule.reads_position(),
                        reads(&|k| ![0, 1, 3].contains(&k)) || e.any(&|e| matches!(e, E::Since(..))),
                        "{}",
                        texts[i]
                    );
                }
            }
        }
    }
    assert!(n_rules > 1500 && n_series > 100, "{n_rules} {n_series}");
}

#[test]
fn every_point_has_values_of_its_own() {
    let w = world(3, 150);
    let params = [Param::float("p0", -2.0, 2.0, 0.0).step(1.0), Param::float("p1", -1.0, 1.0, 0.0).step(0.5)];
    let points = PointTable::grid(params, 1000).unwrap();
    assert_eq!(points.len(), 25);
    for seed in 0..40 {
        let mut s = Stream::new(seed, "naive points", 0);
        let outs = outsides(&mut s, w.host.len());
        let mut g = Gen { s: &mut s, n_params: 2 };
        let es: Vec<(E, Scope)> = (0..16)
            .map(|i| {
                let how = How { rule: i % 2 == 0, ..SERIES };
                (
                    if i % 3 == 0 { g.cond(5, how) } else { g.num(6, how) },
                    if i % 2 == 0 { Scope::SIZE } else { Scope::SERIES },
                )
            })
            .collect();
        let texts: Vec<String> = es.iter().map(|e| e.0.text(None)).collect();
        let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap_or_else(|e| panic!("{t}: {e}"))).collect();
        let named: Vec<_> =
            texts.iter().map(String::as_str).zip(&asts).zip(&es).map(|((t, a), e)| (t, a, e.1)).collect();
        let compiled = compile_scoped(&named, &w.schema, Some(&points)).unwrap_or_else(|e| panic!("{e}"));
        let plan = compiled.plan();
        let table = plan.with_symbols(&w.host, &w.tables()).unwrap();
        let values = plan.eval(&table).unwrap();
        let mut names: Vec<&str> =
            plan.symbols().flat_map(|s| plan.of_symbol(s).unwrap().outputs()).map(|o| &*o.name).collect();
        let n = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), n);
        for point in 0..points.len() {
            let p: Vec<f64> = (0..2)
                .map(|k| match points.value(point, k).unwrap() {
                    ParamValue::Float(v) => v,
                    v => panic!("{v:?}"),
                })
                .collect();
            for (i, (e, _)) in es.iter().enumerate() {
                let want = w.ctx(&outs, 20, &p).eval(e);
                match compiled.rule(i, point) {
                    None => {
                        let got = number(&values, compiled.output(i, point).unwrap());
                        assert!(got.iter().zip(&want).all(|(a, b)| same(*a, *b)), "{point} {p:?} {}", texts[i]);
                    }
                    Some(rule) => {
                        let mut memory = rule.memory();
                        for row in 20..w.host.len() {
                            let got = rule.run(&rule_inputs(&values, rule.inputs(), row), &outs[row], &mut memory);
                            assert!(
                                same(got, want[row]),
                                "seed {seed} row {row}: {got} for {}: {p:?} {}",
                                want[row],
                                texts[i]
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_panel_of_shared_rows_gives_what_tables_give() {
    let mut w = world(7, 300);
    let axis = w.host.axis().clone();
    let mut s = Stream::new(9, "panel", 0);
    let times: Vec<(i64, i64)> = axis.open().iter().zip(axis.available()).map(|(a, b)| (*a, *b)).collect();
    w.others = OTHERS.map(|n| (n, walk(&mut s, times.clone()))).into();
    let mut panel = Panel::new(Calendar::crypto(), axis.clone(), ["A", "B", "C", "D", "H"].map(str::to_owned)).unwrap();
    for c in 0..3 {
        let name = format!("c{c}");
        let all: Vec<f64> = w
            .others
            .iter()
            .map(|o| &o.1)
            .chain([&w.host])
            .flat_map(|t| t.get(&name).unwrap().to_f64().to_vec())
            .collect();
        panel.push(name, all).unwrap();
    }
    for seed in 0..40 {
        let mut s = Stream::new(seed, "naive panel", 0);
        let mut g = Gen { s: &mut s, n_params: 0 };
        let es: Vec<E> = (0..30).map(|i| if i % 3 == 0 { g.cond(4, SERIES) } else { g.num(5, SERIES) }).collect();
        let texts: Vec<String> = es.iter().map(|e| e.text(None)).collect();
        let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap()).collect();
        let named: Vec<_> = texts.iter().map(String::as_str).zip(&asts).collect();
        let compiled = compile(&named, &w.schema, None).unwrap();
        let out = compiled.plan().eval_panel(&panel, &Pool::inline()).unwrap();
        if seed % 4 == 0 {
            steps_as_the_panel(compiled.plan(), &panel);
        }
        let n = axis.len();
        for (i, e) in es.iter().enumerate() {
            let want = w.ctx(&[], 0, &[]).eval(e);
            let got = &out[compiled.output(i, 0).unwrap()][4 * n..];
            // A constant of a symbol is there from its first row on either way.
            for row in 0..n {
                assert!(same(got[row], want[row]), "{row}: {} for {}: {}", got[row], want[row], texts[i]);
            }
        }
    }
}

#[test]
fn a_slice_of_irregular_rows_is_the_whole_or_missing() {
    let w = world(5, 400);
    let tables: Vec<(&str, &Columns)> =
        w.tables().into_iter().filter(|t| t.1.len() > 100).chain([("host", &w.host)]).collect();
    let texts = ["tf(\"5m\", c0)", "tf(\"15m\", c1 + c2)", "tf(\"1h\", c0 > 0)"];
    let mins = [5i64, 15, 60];
    for (name, t) in tables {
        let mut k = 0;
        for (text, m) in texts.iter().zip(mins) {
            let plan = compile(&[("x", &parse(text).unwrap())], &w.schema, None).unwrap().into_plan();
            let whole = number(&plan.eval(t).unwrap(), 0);
            for first in 0..t.len().min(250) {
                let part = t.slice(first..);
                let got = number(&plan.eval(&part).unwrap(), 0);
                let mut st = plan.stepper(part.first_row()).unwrap();
                let cols: Vec<_> = plan.columns().map(|c| part.get(c).unwrap().to_f64()).collect();
                let until = part.axis().open()[0] + (2 * m + 30) * MINUTE;
                for i in 0..got.len() {
                    let row: Vec<f64> = cols.iter().map(|c| c[i]).collect();
                    let live = st.step(part.axis().open()[i], part.axis().available()[i], &row).unwrap()[0];
                    assert!(same(live, got[i]));
                    let want = whole[first + i];
                    if part.axis().open()[i] > until {
                        assert!(same(got[i], want), "{name} {text} from {first} row {i}: {} {want}", got[i]);
                        k += 1;
                    } else {
                        assert!(
                            got[i].is_nan() || same(got[i], want),
                            "{name} {text} from {first} row {i}: {} {want}",
                            got[i]
                        );
                    }
                }
            }
        }
        assert!(k > 1000);
    }
}
