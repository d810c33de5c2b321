//! What a stepper remembers: kept as text in the middle, given to a fresh one, and gone on with to the bit.

use std::collections::VecDeque;

use qe_core::columns::Columns;
use qe_core::fit::Fit;
use qe_factors::indicators::{Args, Indicator, Input, Signature};
use qe_factors::keep;
use qe_factors::kernel::{Kernel, Step, boxed};
use qe_factors::learned::{Levels, Scores};
use qe_factors::plan::{Graph, Plan, Snapshot, Stepper};

use super::hostile::calls;
use super::naive::Mem;
use super::plan::{MANY, minutes, plan, schema};
use super::scopes::{other, window, with_schema};

/// Before warm-up, in it, at its end, and long after; beside the rows that are missing and within bars of an hour.
pub(crate) const CUTS: [usize; 12] = [0, 1, 4, 13, 14, 19, 50, 51, 97, 150, 333, 777];

/// How many rows are gone on with.
const ON: usize = 250;

/// What a stepper remembers, by way of text.
fn as_text(stepper: &Stepper<'_>) -> Snapshot {
    let text = serde_json::to_string(&stepper.memory().unwrap()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The rows of a table for the columns that a plan reads.
fn rows(plan: &Plan, table: &Columns) -> Vec<Vec<f64>> {
    let columns: Vec<_> = plan.columns().map(|c| table.get(c).unwrap().to_f64()).collect();
    (0..table.len()).map(|row| columns.iter().map(|c| c[row]).collect()).collect()
}

/// All bits, those of NaN too: both have done the same.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// A stepper that is restored at each cut gives the bits of the one that went on.
fn goes_on(plan: &Plan, table: &Columns) {
    let (rows, axis) = (rows(plan, table), table.axis());
    let at = |row: usize| (axis.open()[row], axis.available()[row]);
    let mut one = plan.stepper(table.first_row()).unwrap();
    let mut kept = Vec::new();
    let mut want = Vec::new();
    for (row, values) in rows.iter().enumerate() {
        if CUTS.contains(&row) {
            kept.push((row, as_text(&one)));
        }
        want.push(bits(one.step(at(row).0, at(row).1, values).unwrap()));
    }
    // One that has its rows from somewhere else, and another place in its data set.
    let mut used = plan.stepper(7).unwrap();
    for (cut, kept) in kept {
        let mut fresh = plan.stepper(0).unwrap();
        fresh.restore(&kept).unwrap();
        used.restore(&kept).unwrap();
        assert_eq!(fresh.memory().unwrap(), kept, "what is read is written again");
        let mut is_text = true;
        for row in cut..(cut + ON).min(rows.len()) {
            let got = bits(fresh.step(at(row).0, at(row).1, &rows[row]).unwrap());
            for (i, (got, want)) in got.iter().zip(&want[row]).enumerate() {
                let name = &plan.outputs()[i].name;
                assert_eq!(got, want, "{name}, kept before row {cut}, row {row}");
            }
            assert_eq!(bits(used.step(at(row).0, at(row).1, &rows[row]).unwrap()), got, "kept before row {cut}");
            is_text &= !got.is_empty();
        }
        assert!(is_text);
    }
}

#[test]
fn everything_that_can_be_called_goes_on_with_the_same_bits() {
    let bars = minutes(3, true);
    let mut columns = bars.columns().clone();
    // A value that is out of all proportion, and stands in windows when they are kept.
    for (row, by) in [(11, 1e9), (140, -1e12), (320, 1e-9)] {
        let mut changed = Columns::new(columns.axis().clone());
        for (name, c) in columns.iter() {
            let mut values = c.to_f64().to_vec();
            values[row] *= by;
            changed.push(name, values).unwrap();
        }
        columns = changed;
    }
    let texts = calls();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    goes_on(&plan(&texts), &columns);
    goes_on(&plan(MANY), &columns);
    // A slice that begins within the bars of its timeframes, and within the blocks of its windows.
    goes_on(&plan(MANY), &columns.slice(77..));
}

#[test]
fn what_was_fitted_goes_on_with_the_same_bits() {
    let bars = minutes(3, true);
    let table = bars.columns();
    let train = window(table, 100..340);
    let score = Scores { column: "close".into() }.fit(table, &train).unwrap();
    let level = Levels { column: "volume".into(), below_frac: 0.9 }.fit(table, &train).unwrap();
    let id = qe_core::ident::id_of("memory test", "mem").unwrap();
    let memory = Mem { n_inputs: 1, seen: train.clone(), id };
    let known = schema().with_fitted("z", score).with_fitted("busy", level).with_fitted("mem", memory.clone());
    let text = "if(volume > fitted(\"busy\"), fitted(\"z\", sma(close, 9)), 0) + fitted(\"mem\", close).OUT";
    let text = text.replace("OUT", qe_factors::learned::Learned::outputs(&memory)[0]);
    goes_on(&with_schema(&text, &known), table);
    let tf = format!("tf(\"15m\", {})", text.replace("sma(close, 9)", "ema(close, 3)"));
    goes_on(&with_schema(&tf, &known), table);
}

#[test]
fn other_symbols_are_remembered_too() {
    let bars = minutes(2, true);
    let (host, spy) = (bars.columns(), other(&bars));
    let known = schema().with_symbols(["SPY"]);
    let plan = with_schema("sym(\"SPY\", tf(\"15m\", rsi(close, 3)) + sma(close, 20)) - ema(close, 9)", &known);
    let inner = plan.of_symbol("SPY").unwrap();
    let (rows, others) = (rows(&plan, host), self::rows(inner, &spy));
    let step = |stepper: &mut Stepper<'_>, next: &mut usize, row: usize| {
        let (open, now) = (host.axis().open()[row], host.axis().available()[row]);
        while *next < spy.len() && spy.axis().available()[*next] <= now {
            let (open, available) = (spy.axis().open()[*next], spy.axis().available()[*next]);
            stepper.step_symbol("SPY", open, available, &others[*next]).unwrap();
            *next += 1;
        }
        bits(stepper.step(open, now, &rows[row]).unwrap())
    };
    for cut in CUTS {
        let (mut one, mut next) = (plan.stepper(0).unwrap(), 0);
        (0..cut).for_each(|row| drop(step(&mut one, &mut next, row)));
        let mut two = plan.stepper(0).unwrap();
        two.restore(&as_text(&one)).unwrap();
        let mut next_two = next;
        for row in cut..(cut + ON).min(host.len()) {
            let (got, want) = (step(&mut two, &mut next_two, row), step(&mut one, &mut next, row));
            assert_eq!(got, want, "kept before row {cut}, row {row}");
        }
    }
}

/// A user's own: the middle of the last values that rose, and the last that fell.
#[derive(Debug, Clone)]
struct Rises {
    period: usize,
    rises: VecDeque<f64>,
    fell: Option<f64>,
    last: f64,
}

keep!(Rises { rises, fell, last } given { period });

impl Step<1, 1> for Rises {
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let rose = x > std::mem::replace(&mut self.last, x);
        if rose {
            self.rises.push_back(x);
            if self.rises.len() > self.period {
                self.rises.pop_front();
            }
        } else if !x.is_nan() {
            self.fell = Some(x);
        }
        let mean = self.rises.iter().sum::<f64>() / self.rises.len() as f64;
        [self.fell.map_or(mean, |fell| mean - fell)]
    }
}

impl Indicator for Rises {
    fn lookback(&self) -> usize {
        0
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(Self { period: self.period, rises: VecDeque::new(), fell: None, last: f64::NAN })
    }
}

static RISES: Signature = Signature {
    name: "rises",
    aliases: &[],
    about: "rises",
    inputs: &[Input::required("x")],
    params: Vec::new,
    outputs: &["rises"],
    build: |_: &Args| -> qe_factors::Result<Box<dyn Indicator>> {
        Ok(Box::new(Rises { period: 9, rises: VecDeque::new(), fell: None, last: f64::NAN }))
    },
};

#[test]
fn a_kernel_of_a_users_own_is_remembered() {
    let bars = minutes(2, true);
    let mut graph = Graph::new();
    let close = graph.column(0);
    let call = graph.call(&RISES, &RISES.args(&[]).unwrap(), &[close]).unwrap();
    let out = graph.output(call, 0);
    let plan = Plan::new(graph, vec!["close".into()], [("x".into(), out)]).unwrap();
    goes_on(&plan, bars.columns());
}

#[test]
fn a_memory_of_other_expressions_columns_or_calendars_is_refused() {
    let texts = ["sma(close, 20)", "tf(\"1h\", close) + session"];
    let kept = as_text(&plan(&texts).stepper(0).unwrap());
    assert!(plan(&texts).stepper(0).unwrap().restore(&kept).is_ok());
    assert_eq!(kept.plan(), plan(&texts).id().unwrap());
    for others in [
        ["tf(\"1h\", close) + session", "sma(close, 20)"],
        ["sma(open, 20)", texts[1]],
        ["sma(close, 21)", texts[1]],
        [texts[0], "tf(\"30m\", close) + session"],
    ] {
        let said = plan(&others).stepper(0).unwrap().restore(&kept).unwrap_err().to_string();
        assert!(said.contains("it is of plan"), "{said}");
    }
    // The same text over another calendar: the bars of an hour begin elsewhere.
    let ast = qe_factors::expr::parse(texts[1]).unwrap();
    let over = |calendar| {
        let schema = qe_factors::expr::Schema::new(qe_core::bars::OHLCV);
        let schema = schema.bars(qe_core::timeframe::Timeframe::M1, calendar);
        qe_factors::expr::compile(&[("x", &ast)], &schema, None).unwrap().into_plan()
    };
    let (stocks, crypto) =
        (over(qe_core::calendar::Calendar::us_equities()), over(qe_core::calendar::Calendar::crypto()));
    let kept = as_text(&stocks.stepper(0).unwrap());
    assert!(crypto.stepper(0).unwrap().restore(&kept).is_err());
    // Text that was changed on its way.
    let text = serde_json::to_string(&kept).unwrap();
    let digit = text.find("\"words\":\"").unwrap() + 30;
    let other = if &text[digit..=digit] == "0" { "1" } else { "0" };
    let changed = format!("{}{other}{}", &text[..digit], &text[digit + 1..]);
    let changed: Snapshot = serde_json::from_str(&changed).unwrap();
    let said = stocks.stepper(0).unwrap().restore(&changed).unwrap_err().to_string();
    assert!(said.contains("was cut or changed on the way; store it whole"), "{said}");
    assert!(serde_json::from_str::<Snapshot>("{\"layout\":1,\"words\":\"\"}").is_err());
}
