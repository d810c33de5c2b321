//! Every metric agrees with numbers that somebody else computed, and none gives a number that is none.
//!
//! `data-fixtures/golden/metrics/inputs/` holds five runs; `NAME.csv` beside it has the value of one metric for each of
//! them, NaN where it is undefined. The tolerance of the header is relative to the larger of 1 and the value.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use qe_engine::metrics::{ALL, Performance, StepMoments, Summary, TradeFacts, TradeSums};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-fixtures/golden/metrics")
}

struct Table {
    tolerance: String,
    columns: BTreeMap<String, Vec<String>>,
}

impl Table {
    fn read(name: &str) -> Self {
        let path = folder().join(format!("{name}.csv"));
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let tolerance = text.lines().find_map(|l| l.strip_prefix("# tolerance: ")).unwrap().to_owned();
        let mut lines = text.lines().filter(|l| !l.starts_with('#'));
        let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
        let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
        let column = |j: usize| rows.iter().map(|row| row[j].to_owned()).collect();
        Self { tolerance, columns: heads.iter().enumerate().map(|(j, head)| ((*head).to_owned(), column(j))).collect() }
    }

    /// The numbers of a column, up to where it ends.
    fn numbers(&self, head: &str) -> Vec<f64> {
        let column = self.columns.get(head).unwrap_or_else(|| panic!("no column {head}"));
        column.iter().map(|cell| cell.parse().unwrap()).take_while(|v: &f64| !v.is_nan()).collect()
    }
}

struct Run {
    name: String,
    daily: Vec<f64>,
    bench: Vec<f64>,
    steps: Vec<f64>,
    trades: Vec<TradeFacts>,
    facts: BTreeMap<String, f64>,
}

impl Run {
    fn all() -> Vec<Self> {
        let [daily, steps, trades, facts] =
            ["daily", "steps", "trades", "facts"].map(|t| Table::read(&format!("inputs/{t}")));
        let of = |(row, name): (usize, &String)| {
            let [pnl, frac, bars] = ["pnl", "frac", "bars"].map(|key| trades.numbers(&format!("{name}.{key}")));
            let trade = |i: usize| TradeFacts { pnl: pnl[i], return_frac: frac[i], n_bars: bars[i] as u64 };
            let said = facts.columns.iter().filter(|(head, _)| *head != "run");
            Self {
                name: name.clone(),
                daily: daily.numbers(&format!("{name}.daily")),
                bench: daily.numbers(&format!("{name}.bench")),
                steps: steps.numbers(&format!("{name}.steps")),
                trades: (0..pnl.len()).map(trade).collect(),
                facts: said.map(|(head, cells)| (head.clone(), cells[row].parse().unwrap())).collect(),
            }
        };
        facts.columns["run"].iter().enumerate().map(of).collect()
    }

    fn performance(&self) -> Performance<'_> {
        let fact = |name: &str| self.facts[name];
        Performance {
            daily: &self.daily,
            days_per_year: fact("days_per_year"),
            steps: StepMoments::of(&self.steps),
            steps_per_year: fact("steps_per_year"),
            trades: &self.trades,
            turnover_sum: fact("turnover_sum"),
            cost_sum: fact("cost_sum"),
            start_equity: fact("start_equity"),
            n_days_in_market: fact("n_days_in_market") as u64,
            n_nans: fact("n_nans") as u64,
            total_return: None,
            sums: None,
            benchmark: Some(&self.bench),
        }
    }
}

#[test]
fn every_metric_agrees_with_its_golden_and_every_golden_has_its_metric() {
    let runs = Run::all();
    assert!(runs.len() >= 5);
    for metric in ALL {
        let table = Table::read(metric.name);
        let tolerance: f64 = table.tolerance.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(table.columns["run"], runs.iter().map(|r| r.name.clone()).collect::<Vec<_>>(), "{}", metric.name);
        let mut numbers = 0;
        for (run, cell) in runs.iter().zip(&table.columns["value"]) {
            let (got, want) = (metric.of(&run.performance()), cell.parse::<f64>().unwrap());
            match got {
                None => assert!(want.is_nan(), "{} of {}: undefined, want {want}", metric.name, run.name),
                Some(got) => {
                    let close = (got - want).abs() <= tolerance * want.abs().max(1.0);
                    assert!(close, "{} of {}: got {got}, want {want}", metric.name, run.name);
                    numbers += 1;
                }
            }
        }
        assert!(numbers >= 3, "{}: too few numbers", metric.name);
    }
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(path.is_dir() || ALL.iter().any(|m| m.name == stem), "{stem} is no metric");
    }
}

#[test]
fn the_page_lists_every_metric_as_it_says_itself() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = fs::read_to_string(path).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let wanted = ALL.iter().map(|m| format!("| `{}` | {} | {:?} | {:?} |", m.name, m.about, m.unit, m.better));
    assert_eq!(rows[..ALL.len()], wanted.collect::<Vec<_>>());
}

#[test]
fn facts_that_are_missing_leave_figures_undefined() {
    let of_nothing = Summary::of(&Performance::default());
    let counts = ["n_days_in_market", "n_nans", "n_trades", "observation_days"];
    for (name, figure) in &of_nothing.figures {
        assert_eq!(*figure, counts.contains(&name.as_str()).then_some(0.0), "{name}");
    }
}

/// A number that data should not hold, or one that it may.
fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -0.1..0.1f64,
        1 => prop::sample::select(vec![
            0.0, -0.0, -1.0, -1.5, 1e308, -1e308, 1e-308, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY,
        ]),
    ]
}

proptest! {
    #[test]
    fn no_figure_is_infinite_or_a_minus_zero(
        daily in prop::collection::vec(hostile(), 0..30),
        bench in prop::collection::vec(hostile(), 30),
        year in prop_oneof![Just(252.0), hostile()],
        money in prop::collection::vec(hostile(), 5),
    ) {
        let trades: Vec<TradeFacts> =
            daily.iter().map(|&r| TradeFacts { pnl: r, return_frac: -r, n_bars: u64::MAX }).collect();
        let p = Performance {
            daily: &daily,
            days_per_year: year,
            steps: StepMoments { n: 9, sum: money[0], sum_sq: money[1] },
            steps_per_year: year,
            trades: &trades,
            turnover_sum: money[2],
            cost_sum: money[3],
            start_equity: money[4],
            n_days_in_market: 5,
            n_nans: u64::MAX,
            total_return: (money[1] > 0.0).then_some(money[0]),
            sums: (money[2] > 0.0).then_some(TradeSums { n: 3, n_wins: 2, won: money[0], lost: money[1], n_bars: 7 }),
            benchmark: Some(&bench[..daily.len()]),
        };
        for (name, figure) in Summary::of(&p).figures {
            let fine = figure.is_none_or(|v| v.is_finite() && v.to_bits() != (-0.0f64).to_bits());
            prop_assert!(fine, "{name}: {figure:?}");
        }
    }
}
