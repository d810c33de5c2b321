//! A naive reading of the language: random expressions of every scope, and an interpreter that goes through whole columns
//! and knows nothing of plans.

use std::fmt::Write as _;

use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::eval::Window;
use qe_core::fit::{Fit, Frozen};
use qe_core::ident::Id;
use qe_core::rng::Stream;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_factors::expr::{Schema, compile, parse};
use qe_factors::indicators::Indicator;
use qe_factors::keep;
use qe_factors::kernel::Kernel;
use qe_factors::learned::{Learned, Level, Levels, Score, Scores};
use qe_factors::plan::{Outside, Plan};

use crate::plan::number;

pub(crate) const MINUTE: i64 = 60_000_000_000;
pub(crate) const START: i64 = 1_704_067_200_000_000_000;

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum E {
    Num(f64),
    Param(usize),
    Col(usize),
    Prev,
    Pos(usize),
    Bool(bool),
    Un(&'static str, Box<E>),
    Bin(&'static str, Box<E>, Box<E>),
    If(Box<E>, Box<E>, Box<E>),
    Lag(Box<E>, usize),
    /// What the plans are trusted with, since it is tested elsewhere.
    Leaf(&'static str),
    Sym(&'static str, Box<E>),
    Fit(&'static str, Vec<E>),
    Scan(Box<E>, Box<E>),
    Since(bool, Box<E>),
}

/// The fields of the position and the account.
pub(crate) const FIELDS: [&str; 9] =
    ["cash", "drawdown", "entry.price", "equity", "pos.bars", "pos.high", "pos.low", "pos.pnl_frac", "pos.side"];
pub(crate) const OTHERS: [&str; 4] = ["A", "B", "C", "D"];

/// A field of the position or the account by its place in [`FIELDS`].
fn of_field(o: &Outside, k: usize) -> f64 {
    [o.cash, o.drawdown, o.entry_price, o.equity, o.pos_bars, o.pos_high, o.pos_low, o.pos_pnl_frac, o.pos_side][k]
}

impl E {
    /// As it is written; at a point, if the values of its parameters are given.
    pub(crate) fn text(&self, params: Option<&[f64]>) -> String {
        let t = |e: &E| e.text(params);
        let lit = |x: f64| {
            if x < 0.0 || (x == 0.0 && x.is_sign_negative()) { format!("({x})") } else { format!("{x}").to_lowercase() }
        };
        match self {
            E::Num(x) => lit(*x),
            E::Param(k) => match params {
                None => format!("$p{k}"),
                Some(p) => lit(p[*k]),
            },
            E::Col(c) => format!("c{c}"),
            E::Prev => "prev".into(),
            E::Pos(k) => FIELDS[*k].into(),
            E::Bool(v) => v.to_string(),
            E::Un("not", a) => format!("(not {})", t(a)),
            E::Un("-", a) => format!("(-{})", t(a)),
            E::Un(f, a) => format!("{f}({})", t(a)),
            E::Bin(f, a, b) if f.chars().all(|c| c.is_alphabetic()) && *f != "and" && *f != "or" => {
                format!("{f}({}, {})", t(a), t(b))
            }
            E::Bin(f, a, b) => format!("({} {f} {})", t(a), t(b)),
            E::If(c, a, b) => format!("if({}, {}, {})", t(c), t(a), t(b)),
            E::Lag(a, n) => format!("lag({}, {n})", t(a)),
            E::Leaf(s) => (*s).into(),
            E::Sym(s, a) => format!("sym(\"{s}\", {})", t(a)),
            E::Fit(s, args) => {
                let (name, out) = s.split_once('.').unwrap_or((s, ""));
                let mut text = format!("fitted(\"{name}\"");
                for a in args {
                    write!(text, ", {}", t(a)).unwrap();
                }
                text.push(')');
                if !out.is_empty() {
                    write!(text, ".{out}").unwrap();
                }
                text
            }
            E::Scan(i, s) => format!("scan({}, {})", t(i), t(s)),
            E::Since(g, a) => format!("{}_since_entry({})", if *g { "max" } else { "min" }, t(a)),
        }
    }

    fn children(&self) -> Vec<&E> {
        match self {
            E::Un(_, a) | E::Lag(a, _) | E::Sym(_, a) | E::Since(_, a) => vec![a],
            E::Bin(_, a, b) | E::Scan(a, b) => vec![a, b],
            E::If(a, b, c) => vec![a, b, c],
            E::Fit(_, v) => v.iter().collect(),
            _ => vec![],
        }
    }

    fn has_prev(&self) -> bool {
        // A scan within a step has a prev of its own.
        matches!(self, E::Prev) || (!matches!(self, E::Scan(..)) && self.children().iter().any(|c| c.has_prev()))
    }

    pub(crate) fn any(&self, f: &dyn Fn(&E) -> bool) -> bool {
        f(self) || self.children().iter().any(|c| c.any(f))
    }
}

/// Makes random expressions.
pub(crate) struct Gen<'s> {
    pub(crate) s: &'s mut Stream,
    pub(crate) n_params: usize,
}

/// What an expression may read, beside the columns.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) prev: bool,
    pub(crate) rule: bool,
    pub(crate) sym: bool,
    pub(crate) nan: bool,
    pub(crate) scan: bool,
    pub(crate) fit: bool,
}

impl Gen<'_> {
    fn k(&mut self, n: usize) -> usize {
        self.s.below(n as u64) as usize
    }

    fn series(how: How) -> How {
        How { prev: false, rule: false, ..how }
    }

    pub(crate) fn num(&mut self, d: usize, how: How) -> E {
        let b = |e| Box::new(e);
        if d == 0 {
            return match self.k(9) {
                0 => E::Num([0.0, 1.0, 2.5, -1.5, -0.0][self.k(5)]),
                1 if how.nan => E::Num(f64::NAN),
                2 if self.n_params > 0 => E::Param(self.k(self.n_params)),
                3 | 4 if how.prev => E::Prev,
                3..=5 if how.rule => E::Pos(self.k(9)),
                6 => E::Leaf(
                    [
                        "sma(c0, 3)",
                        "ema(c1, 4)",
                        "tf(\"5m\", c0)",
                        "tf(\"15m\", c1 - c0[1])",
                        "bars_since(c0 > c1)",
                        "macd(c0, 3, 7, 2).hist",
                        "lag(c2, 3)",
                        "stoch(c0 + 5, c0 - 5, c1).d",
                    ][self.k(8)],
                ),
                _ => E::Col(self.k(3)),
            };
        }
        let n = |g: &mut Self| {
            let e = 1 + g.k(2);
            g.num(d.saturating_sub(e), how)
        };
        match self.k(22) {
            0..=2 => E::Bin(["+", "-", "*", "/"][self.k(4)], b(n(self)), b(n(self))),
            3 => E::Bin(["max", "min", "coalesce"][self.k(3)], b(n(self)), b(n(self))),
            4 => E::Un(["-", "abs", "sqrt", "square", "sign", "floor"][self.k(6)], b(n(self))),
            5 | 6 => {
                let c = self.cond(d - 1, how);
                E::If(b(c), b(n(self)), b(n(self)))
            }
            7 => self.cond(d - 1, how),
            8..=10 if how.sym => {
                let inner = self.num(d - 1, How { sym: false, ..Self::series(how) });
                E::Sym(OTHERS[self.k(4)], b(inner))
            }
            11 if how.fit => {
                let inner = self.num(d - 1, Self::series(how));
                match self.k(4) {
                    0 => E::Fit("z", vec![inner]),
                    1 => E::Fit("lvl", vec![]),
                    2 => E::Fit("zin", vec![inner]),
                    _ => E::Fit(["mem.a", "mem.b"][self.k(2)], vec![inner]),
                }
            }
            12 if how.scan => {
                let quiet = How { nan: false, ..Self::series(how) };
                let init = self.num(d - 1, quiet);
                // Inner scans only in series parts.
                let step = self.num(d - 1, How { prev: true, scan: false, ..quiet });
                E::Scan(b(init), b(step))
            }
            13 => {
                let inner = match self.k(3) {
                    0 if how.sym => {
                        let i = self.num(d - 1, How { sym: false, ..Self::series(how) });
                        E::Sym(OTHERS[self.k(4)], b(i))
                    }
                    _ => E::Col(self.k(3)),
                };
                E::Lag(b(inner), self.k(4))
            }
            14..=17 if how.rule => {
                let e = n(self);
                E::Since(self.k(2) == 0, b(e))
            }
            _ => self.num(d - 1, how),
        }
    }

    pub(crate) fn cond(&mut self, d: usize, how: How) -> E {
        let b = |e| Box::new(e);
        if d == 0 {
            let op = ["<", "<=", ">", ">=", "==", "!="][self.k(6)];
            let (x, y) = (self.num(0, how), self.num(0, how));
            return E::Bin(op, b(x), b(y));
        }
        match self.k(12) {
            0..=2 => {
                let op = ["<", "<=", ">", ">=", "==", "!="][self.k(6)];
                let (x, y) = (self.num(d - 1, how), self.num(d - 1, how));
                E::Bin(op, b(x), b(y))
            }
            3..=5 => {
                let op = ["and", "or"][self.k(2)];
                let (x, y) = (self.cond(d - 1, how), self.cond(d - 1, how));
                E::Bin(op, b(x), b(y))
            }
            6 => {
                let x = self.cond(d - 1, how);
                E::Un("not", b(x))
            }
            7 => {
                let x = self.num(d - 1, how);
                E::Un("is_missing", b(x))
            }
            8 => {
                let (c, x, y) = (self.cond(d - 1, how), self.cond(d - 1, how), self.cond(d - 1, how));
                E::If(b(c), b(x), b(y))
            }
            9 if how.sym => {
                let inner = self.cond(d - 1, How { sym: false, ..Self::series(how) });
                E::Sym(OTHERS[self.k(4)], b(inner))
            }
            10 => E::Leaf(["cross_above(c0, c1)", "latch(c0 > 1, c1 > 2)", "tf(\"5m\", c0 > c1)"][self.k(3)]),
            11 if self.k(4) == 0 => E::Bool(self.k(2) == 0),
            _ => self.cond(d - 1, how),
        }
    }
}

/// What an operation is for one row.
fn apply(e: &E, x: &[f64]) -> f64 {
    let t = |holds: bool| f64::from(u8::from(holds));
    match (e, x) {
        (E::Un(f, _), &[x]) => match *f {
            "not" => match x {
                1.0 => 0.0,
                0.0 => 1.0,
                _ => f64::NAN,
            },
            "-" => -x,
            "abs" => x.abs(),
            "sqrt" => x.sqrt(),
            "square" => x * x,
            "sign" => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    x * 0.0
                }
            }
            "floor" => x.floor(),
            "is_missing" => t(x.is_nan()),
            f => panic!("{f}"),
        },
        (E::Bin("and", ..), &[a, b]) => {
            if a == 0.0 || b == 0.0 {
                0.0
            } else if a == 1.0 && b == 1.0 {
                1.0
            } else {
                f64::NAN
            }
        }
        (E::Bin("or", ..), &[a, b]) => {
            if a == 1.0 || b == 1.0 {
                1.0
            } else if a == 0.0 && b == 0.0 {
                0.0
            } else {
                f64::NAN
            }
        }
        (E::Bin("coalesce", ..), &[a, b]) => {
            if a.is_nan() {
                b
            } else {
                a
            }
        }
        (E::Bin(..), &[a, b]) if a.is_nan() || b.is_nan() => f64::NAN,
        (E::Bin(f, ..), &[a, b]) => match *f {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => {
                if b == 0.0 {
                    f64::NAN
                } else {
                    a / b
                }
            }
            "max" => {
                if a > b {
                    a
                } else {
                    b
                }
            }
            "min" => {
                if a < b {
                    a
                } else {
                    b
                }
            }
            "<" => t(a < b),
            "<=" => t(a <= b),
            ">" => t(a > b),
            ">=" => t(a >= b),
            "==" => t(a == b),
            "!=" => t(a != b),
            f => panic!("{f}"),
        },
        (E::If(..), &[c, a, b]) => {
            if c == 1.0 {
                a
            } else if c == 0.0 {
                b
            } else {
                f64::NAN
            }
        }
        _ => panic!("{e:?}"),
    }
}

/// What a reading goes by.
pub(crate) struct Ctx<'a> {
    table: &'a Columns,
    others: &'a [(&'static str, Columns)],
    schema: &'a Schema,
    score: &'a Score,
    level: &'a Level,
    outs: &'a [Outside],
    entry: usize,
    params: &'a [f64],
}

impl Ctx<'_> {
    /// The value in every row; of an extreme, from the entry on.
    pub(crate) fn eval(&self, e: &E) -> Vec<f64> {
        let n = self.table.len();
        match e {
            E::Num(x) => vec![*x; n],
            E::Param(k) => vec![self.params[*k]; n],
            E::Bool(v) => vec![f64::from(u8::from(*v)); n],
            E::Col(c) => self.table.get(&format!("c{c}")).unwrap().to_f64().to_vec(),
            E::Pos(k) => self.outs.iter().map(|o| of_field(o, *k)).collect(),
            E::Prev => panic!(),
            E::Leaf(text) => {
                let plan = compile(&[("x", &parse(text).unwrap())], self.schema, None).unwrap().into_plan();
                number(&plan.eval(self.table).unwrap(), 0)
            }
            E::Lag(a, k) => {
                let v = self.eval(a);
                (0..n).map(|i| i.checked_sub(*k).map_or(f64::NAN, |j| v[j])).collect()
            }
            E::Sym(name, a) => {
                let other = &self.others.iter().find(|o| o.0 == *name).unwrap().1;
                let v = Ctx { table: other, others: &[], outs: &[], ..*self }.eval(a);
                (0..n)
                    .map(|i| {
                        let now = self.table.axis().available()[i];
                        other.axis().available().iter().rposition(|t| *t <= now).map_or(f64::NAN, |j| v[j])
                    })
                    .collect()
            }
            E::Fit(what, args) => {
                let x = args.first().map(|a| self.eval(a));
                let from = self.score.trained_on().hull().end;
                let mut sum = 0.0;
                (0..n)
                    .map(|i| {
                        let x = x.as_ref().map_or(f64::NAN, |x| x[i]);
                        if !x.is_nan() {
                            sum += x;
                        }
                        let out = self.table.axis().open()[i] >= from;
                        match *what {
                            "z" if out => (x - self.score.mean()) / self.score.std(),
                            "zin" => (x - self.score.mean()) / self.score.std(),
                            "lvl" if out => self.level.value(),
                            "mem.a" if out => sum,
                            "mem.b" if out => x * 2.0,
                            _ => f64::NAN,
                        }
                    })
                    .collect()
            }
            E::Scan(init, step) => {
                let init = self.eval(init);
                let mut series: Vec<Part<'_>> = Vec::new();
                self.parts(step, &mut series);
                let mut state = f64::NAN;
                let mut begun = false;
                (0..n)
                    .map(|i| {
                        if begun {
                            let v = self.step(step, i, state, &series);
                            if !v.is_nan() {
                                state = v;
                            }
                            v
                        } else if !init[i].is_nan()
                            && series.iter().all(|part| part.is_constant || !part.values[i].is_nan())
                        {
                            begun = true;
                            state = init[i];
                            state
                        } else {
                            f64::NAN
                        }
                    })
                    .collect()
            }
            E::Since(greatest, a) => {
                let v = self.eval(a);
                let mut best = f64::NAN;
                (0..n)
                    .map(|i| {
                        if i < self.entry {
                            return f64::NAN;
                        }
                        if best.is_nan() || (*greatest && v[i] > best) || (!*greatest && v[i] < best) {
                            best = v[i];
                        }
                        best
                    })
                    .collect()
            }
            _ => {
                let parts: Vec<Vec<f64>> = e.children().into_iter().map(|c| self.eval(c)).collect();
                (0..n).map(|i| apply(e, &parts.iter().map(|p| p[i]).collect::<Vec<_>>())).collect()
            }
        }
    }
    /// The greatest parts of a step that read no last value.
    fn parts<'e>(&self, e: &'e E, out: &mut Vec<Part<'e>>) {
        if e.has_prev() {
            return e.children().into_iter().for_each(|c| self.parts(c, out));
        }
        let is_series = |e: &E| matches!(e, E::Col(_) | E::Leaf(_) | E::Sym(..) | E::Fit(..) | E::Scan(..));
        out.push(Part { of: e, is_constant: !e.any(&is_series), values: self.eval(e) });
    }

    /// A step in a row.
    fn step(&self, e: &E, i: usize, prev: f64, series: &[Part<'_>]) -> f64 {
        if let Some(part) = series.iter().find(|part| std::ptr::eq(part.of, e)) {
            return part.values[i];
        }
        if let E::Prev = e {
            return prev;
        }
        let x: Vec<f64> = e.children().into_iter().map(|c| self.step(c, i, prev, series)).collect();
        apply(e, &x)
    }
}

/// A part of a step that is a series.
struct Part<'e> {
    of: &'e E,
    is_constant: bool,
    values: Vec<f64>,
}

/// Something fitted that remembers: the sum of all that came, and the double of its input.
#[derive(Debug, Clone)]
pub(crate) struct Mem {
    pub(crate) n_inputs: usize,
    pub(crate) seen: Window,
    pub(crate) id: Id,
}

#[derive(Debug, Clone)]
struct MemState(f64);

keep!(MemState(sum));

impl Kernel for MemState {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        for i in 0..inputs[0].len() {
            if !inputs[0][i].is_nan() {
                self.0 += inputs[0][i];
            }
            out[0][i] = self.0;
            out[1][i] = inputs[0][i] * 2.0;
        }
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

impl Indicator for Mem {
    fn lookback(&self) -> usize {
        0
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        Box::new(MemState(0.0))
    }
}

impl Frozen for Mem {
    fn id(&self) -> Id {
        self.id
    }

    fn trained_on(&self) -> &Window {
        &self.seen
    }
}

impl Learned for Mem {
    fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    fn outputs(&self) -> &[&'static str] {
        &["a", "b"]
    }
}

/// Walks with some rows missing.
pub(crate) fn walk(s: &mut Stream, times: Vec<(i64, i64)>) -> Columns {
    let (open, available): (Vec<i64>, Vec<i64>) = times.into_iter().unzip();
    let n = open.len();
    let mut t = Columns::new(Axis::new(open, available).unwrap());
    for c in 0..3 {
        let mut x = 0.0;
        let v: Vec<f64> = (0..n)
            .map(|_| {
                x += (s.normal() * 4.0).round() / 4.0;
                let u = s.uniform();
                if u < 0.05 {
                    f64::NAN
                } else if u < 0.08 {
                    -0.0
                } else {
                    x
                }
            })
            .collect();
        t.push(format!("c{c}"), v).unwrap();
    }
    t
}

/// A host, other symbols of differing times, and things that were fitted.
pub(crate) struct World {
    pub(crate) host: Columns,
    pub(crate) others: Vec<(&'static str, Columns)>,
    pub(crate) score: Score,
    pub(crate) level: Level,
    pub(crate) schema: Schema,
}

pub(crate) fn world(seed: u64, n: usize) -> World {
    let mut s = Stream::new(seed, "world", 0);
    let host = walk(
        &mut s,
        (0..n as i64).filter(|i| i % 37 != 5).map(|i| (START + i * MINUTE, START + (i + 1) * MINUTE)).collect(),
    );
    // A: irregular, known in groups.
    let mut at = START - 20 * MINUTE;
    let mut a: Vec<(i64, i64)> = Vec::new();
    while at < START + n as i64 * MINUTE {
        at += (s.below(90) as i64) * 1_000_000_000;
        let group = 3 * MINUTE;
        let known = ((at + MINUTE) / group + 1) * group;
        a.push((at, known));
    }
    let d: Vec<(i64, i64)> = (10..n as i64)
        .filter(|i| (i / 20) % 3 != 1)
        .map(|i| (START + i * MINUTE, START + (i + 3) * MINUTE + 1))
        .collect();
    let others = vec![
        ("A", walk(&mut s, a)),
        ("B", walk(&mut s, Vec::new())),
        ("C", walk(&mut s, vec![(START + 50 * MINUTE, START + 51 * MINUTE)])),
        ("D", walk(&mut s, d)),
    ];
    let train = Window::one(TimeRange { start: START + 20 * MINUTE, end: START + 77 * MINUTE }).unwrap();
    let score = Scores { column: "c0".into() }.fit(&host, &train).unwrap();
    let level = Levels { column: "c1".into(), below_frac: 0.6 }.fit(&host, &train).unwrap();
    let schema = Schema::new(["c0", "c1", "c2"])
        .bars(Timeframe::M1, Calendar::crypto())
        .with_symbols(OTHERS)
        .with_fitted("z", score.clone())
        .with_fitted("lvl", level.clone())
        .with_fitted_in_sample("zin", score.clone())
        .with_fitted("mem", Mem { n_inputs: 1, seen: train, id: score.id() });
    World { host, others, score, level, schema }
}

impl World {
    pub(crate) fn tables(&self) -> Vec<(&str, &Columns)> {
        self.others.iter().map(|(n, t)| (*n, t)).collect()
    }

    pub(crate) fn ctx<'a>(&'a self, outs: &'a [Outside], entry: usize, params: &'a [f64]) -> Ctx<'a> {
        Ctx {
            table: &self.host,
            others: &self.others,
            schema: &self.schema,
            score: &self.score,
            level: &self.level,
            outs,
            entry,
            params,
        }
    }
    /// All rows as they become known, one by one.
    pub(crate) fn steps(&self, plan: &Plan, mut take: impl FnMut(usize, &[f64])) {
        let mut stepper = plan.stepper(0).unwrap();
        let mut next = vec![0; self.others.len()];
        let host = &self.host;
        let read: Vec<_> = plan.columns().map(|c| host.get(c).unwrap().to_f64()).collect();
        for row in 0..host.len() {
            let now = host.axis().available()[row];
            for (k, (name, t)) in self.others.iter().enumerate() {
                let Some(inner) = plan.of_symbol(name) else { continue };
                while next[k] < t.len() && t.axis().available()[next[k]] <= now {
                    let values: Vec<f64> = inner.columns().map(|c| t.get(c).unwrap().value(next[k])).collect();
                    stepper
                        .step_symbol(name, t.axis().open()[next[k]], t.axis().available()[next[k]], &values)
                        .unwrap();
                    next[k] += 1;
                }
            }
            let values: Vec<f64> = read.iter().map(|c| c[row]).collect();
            take(row, stepper.step(host.axis().open()[row], now, &values).unwrap());
        }
    }
}

/// A series: everything but a position and the account.
pub(crate) const SERIES: How = How { prev: false, rule: false, sym: true, nan: true, scan: true, fit: true };
