//! From syntax trees to a plan: names are resolved, types checked, parameters put in, functions expanded.
//!
//! Everything is compiled once for all parameter points: what depends on no parameter is lowered once, the rest once per
//! point into a graph where equal parts are one node. So `sma(close, $fast)` over 150 values of `$fast` is computed 150
//! times, however many points use them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use qe_core::calendar::{Calendar, SessionHours};
use qe_core::error::nearest;
use qe_core::param::{Kind, Value};
use qe_core::point::PointTable;
use qe_core::time::NANOS_PER_DAY;
use qe_core::timeframe::{Timeframe, Unit};
use qe_data::resample::ResampleSpec;

use super::ast::{Arg, Ast, Binary, Node, NodeId, Unary, for_each_child};
use super::names::{NameError, Names};
use super::parse::MAX_LAG;
use crate::error::{Error, Result};
use crate::indicators::{self, Signature};
use crate::ops;
use crate::plan::scalar::{BINARY, Bin, Cmp, UNARY, Un};
use crate::plan::{Cross, Graph, Id, Local, LocalOp, MAX_INPUTS, MAX_OUTPUTS, Plan, Scan, Slot, Tf, Ty};

/// Fields that a bar has beside its columns, each with what it is made of.
pub const DERIVED: &[(&str, &str)] = &[
    ("dollar_volume", "close * volume"),
    ("hl2", "(high + low) / 2"),
    ("hlc3", "(high + low + close) / 3"),
    ("hlcc4", "(high + low + 2 * close) / 4"),
    ("median_price", "(high + low) / 2"),
    ("ohlc4", "(open + high + low + close) / 4"),
    ("returns", "close / close[1] - 1"),
    ("typical", "(high + low + close) / 3"),
    ("weighted", "(high + low + 2 * close) / 4"),
];

/// Fields of an open position: known only while there is one.
pub const POSITION: &[&str] = &[
    "entry.price",
    "pos.bars",
    "pos.high",
    "pos.low",
    "pos.pnl_frac",
    "pos.side",
    "max_since_entry",
    "min_since_entry",
];

/// Fields of the account.
pub const ACCOUNT: &[&str] = &["cash", "drawdown", "equity"];

/// The functions that are neither indicators nor of one row: what they are given, and what they are.
pub const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("clip", "x, low, high", "x held between two bounds"),
    ("cross_above", "a, b", "a[1] <= b[1] and a > b"),
    ("cross_below", "a, b", "a[1] >= b[1] and a < b"),
    ("cs_demean", "x", "x less its mean over all symbols"),
    ("cs_rank", "x", "the mean rank among all symbols, from above 0 to 1"),
    ("cs_zscore", "x", "x less its mean over all symbols, over their sample deviation"),
    ("delta", "x, lag=1", "x - x[lag]"),
    ("if", "condition, a, b", "a where the condition holds, b where it fails"),
    ("is_missing", "x", "whether x is missing; never unknown"),
    ("neutralize", "x, grouping", "x less its mean over the symbols of the same label"),
    ("scale", "x, to=1", "x scaled so that its absolute values over all symbols add up to this"),
    (
        "scan",
        "init, step",
        "recursion: `prev` in the step is the last value; or named states, init_x=…, x=… with prev.x and now.x",
    ),
    ("tf", "timeframe, expression", "an expression over the complete bars of a coarser timeframe"),
];

/// What expressions are compiled against.
#[derive(Debug, Clone)]
pub struct Schema {
    columns: Arc<[Arc<str>]>,
    names: Arc<Names>,
    bars: Option<(Timeframe, Calendar, SessionHours)>,
}

impl Schema {
    /// Columns of these names.
    pub fn new(columns: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let columns: Arc<[Arc<str>]> = columns.into_iter().map(Into::into).collect();
        Self { names: Arc::new(Names::new(columns.iter().cloned())), columns, bars: None }
    }

    /// The same columns, being bars of a timeframe in the regular hours of a calendar: other timeframes can be made of them.
    #[must_use]
    pub fn bars(self, timeframe: Timeframe, calendar: Calendar) -> Self {
        self.bars_in(timeframe, calendar, SessionHours::Regular)
    }

    /// As [`Schema::bars`], in other hours of the day.
    #[must_use]
    pub fn bars_in(mut self, timeframe: Timeframe, calendar: Calendar, hours: SessionHours) -> Self {
        self.bars = Some((timeframe, calendar, hours));
        self
    }

    /// The same bars with these columns.
    #[must_use]
    pub fn with_columns(&self, columns: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self { bars: self.bars.clone(), ..Self::new(columns) }
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }
}

/// Compiles expressions for all points of a table; without one, for the single point that has no parameters.
///
/// # Errors
/// When an expression is empty, or names, types or arguments do not fit: the place is shown.
pub fn compile(expressions: &[(&str, &Ast)], schema: &Schema, points: Option<&PointTable>) -> Result<Compiled> {
    let mut graph = Graph::new();
    let n_points = points.map_or(1, PointTable::len);
    let mut roots: Vec<Vec<Id>> = Vec::with_capacity(expressions.len());
    for (_, ast) in expressions {
        let Some(root) = ast.root() else {
            return Err(meaning(ast, 0..0, "the expression is empty", "write one, such as `close > sma(close, 20)`"));
        };
        let mut lower = Lower::new(ast, root, schema, &mut graph, points);
        roots.push((0..n_points).map(|point| lower.root(point)).collect::<Result<_>>()?);
    }
    // Points that agree in what an expression depends on share its output.
    let mut outputs: Vec<(Arc<str>, Id)> = Vec::new();
    let mut idx_of: HashMap<Id, usize> = HashMap::new();
    let mut place = Vec::with_capacity(expressions.len());
    for ((name, _), roots) in expressions.iter().zip(&roots) {
        let of_point = roots.iter().map(|&id| {
            *idx_of.entry(id).or_insert_with(|| {
                outputs.push((Arc::from(*name), id));
                outputs.len() - 1
            })
        });
        place.push(of_point.collect());
    }
    Ok(Compiled { plan: Plan::new(graph, Arc::clone(&schema.columns), outputs)?, place })
}

/// Compiled expressions.
#[derive(Debug, Clone)]
pub struct Compiled {
    plan: Plan,
    place: Vec<Vec<usize>>,
}

impl Compiled {
    /// The plan of them all.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan itself.
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// Which output of the plan is this expression at this point; `None` where there is no such.
    pub fn output(&self, expression: usize, point: usize) -> Option<usize> {
        self.place.get(expression)?.get(point).copied()
    }
}

/// What a syntax node came to.
#[derive(Debug, Clone)]
enum Low {
    /// A value per row.
    Val(Val),
    /// A word, which only arguments are.
    Text(Arc<str>),
}

/// A value per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Val {
    /// A series: a node of the graph.
    Series(Id),
    /// A value that no column holds: an operation of the scalar program.
    Local(u32),
}

/// The most operations that the scalar program of an expression may have.
const MAX_LOCAL: usize = 4096;

struct Lower<'a> {
    ast: &'a Ast,
    schema: &'a Schema,
    columns: &'a [Arc<str>],
    graph: &'a mut Graph,
    points: Option<&'a PointTable>,
    /// Whether this is within another timeframe.
    within: bool,
    /// The first node below the root; the lists that follow begin with it.
    base: usize,
    /// The nodes that the root needs.
    needed: Vec<bool>,
    /// Whether a node depends on a parameter.
    varies: Vec<bool>,
    low: Vec<Option<Low>>,
    root: NodeId,
    /// What reads values that no column holds.
    local: Local,
}

impl<'a> Lower<'a> {
    fn new(
        ast: &'a Ast,
        root: NodeId,
        schema: &'a Schema,
        graph: &'a mut Graph,
        points: Option<&'a PointTable>,
    ) -> Self {
        // Only the stretch of nodes below the root is looked at: an expression may have a timeframe in every term.
        let (mut base, mut i) = (root.idx(), root.idx() + 1);
        while i > base {
            i -= 1;
            for_each_child(&ast.nodes()[i], |c| base = base.min(c.idx()));
        }
        let n = root.idx() + 1 - base;
        let (mut needed, mut varies) = (vec![false; n], vec![false; n]);
        needed[n - 1] = true;
        for i in (base..=root.idx()).rev() {
            if !needed[i - base] {
                continue;
            }
            match &ast.nodes()[i] {
                // A grouping is no series, and another timeframe has a plan of its own.
                Node::Call { name, args, .. } if matches!(&**name, "neutralize" | "tf") => {
                    args.iter().take(1).for_each(|arg| needed[arg.value.idx() - base] = true);
                }
                node => for_each_child(node, |c| needed[c.idx() - base] = true),
            }
        }
        for (i, node) in ast.nodes()[base..=root.idx()].iter().enumerate() {
            let mut any = matches!(node, Node::Param(_));
            for_each_child(node, |c| any |= varies[c.idx() - base]);
            varies[i] = any;
        }
        let (columns, low) = (&*schema.columns, vec![None; n]);
        Self {
            ast,
            schema,
            columns,
            graph,
            points,
            within: false,
            base,
            needed,
            varies,
            low,
            root,
            local: Local::default(),
        }
    }

    /// The root at a point.
    fn root(&mut self, point: usize) -> Result<Id> {
        // A point has a scalar program of its own.
        self.local = Local::default();
        for i in 0..self.needed.len() {
            let again = self.varies[i] || !matches!(self.low[i], Some(Low::Val(Val::Series(_)) | Low::Text(_)));
            if self.needed[i] && again {
                let low = self.node(NodeId((self.base + i) as u32), point)?;
                self.low[i] = Some(low);
            }
        }
        match self.val(self.root)? {
            Val::Series(id) => Ok(id),
            Val::Local(op) => {
                let (part, _) = self.local.part(&[op]);
                let name = part.slots().first().map_or("", |s| s);
                Err(self.out_of_scope(self.root, name))
            }
        }
    }

    /// The error of a value from outside where none can be had.
    fn out_of_scope(&self, id: NodeId, name: &str) -> Error {
        let (whose, mend) = match name {
            _ if POSITION.contains(&name) => ("an open position", "use it in an exit or a size of a strategy"),
            _ if ACCOUNT.contains(&name) => ("the account", "use it in a size or a gate of a strategy"),
            _ => ("the step of a scan", "write scan(init, step), or name the states: scan(init_x=…, x=…)"),
        };
        self.refused(id, &format!("{name} is known of {whose} alone, and this is computed from the market"), mend)
    }

    fn node(&mut self, id: NodeId, point: usize) -> Result<Low> {
        let ast = self.ast;
        Ok(Low::Val(match ast.node(id) {
            Node::Number(x) => Val::Series(self.graph.num(*x)),
            Node::Bool(v) => Val::Series(self.graph.flag(*v)),
            Node::Text(text) => return Ok(Low::Text(text.clone())),
            Node::Param(name) => return self.param(id, name, point),
            Node::Field(name) => self.field(id, name)?,
            Node::Unary(Unary::Neg, a) => {
                let a = self.val(*a)?;
                self.un(id, Un::Neg, a)?
            }
            Node::Unary(Unary::Not, a) => match self.condition(*a, "not")? {
                Val::Series(a) => Val::Series(self.graph.not(a)),
                a => self.push_local(id, LocalOp::Not, &[a], Ty::Cond)?,
            },
            Node::Binary(op, a, b) => self.binary(id, *op, *a, *b)?,
            Node::If(c, a, b) => match (self.condition(*c, "if")?, self.val(*a)?, self.val(*b)?) {
                (Val::Series(c), Val::Series(a), Val::Series(b)) => Val::Series(self.graph.choose(c, a, b)),
                (c, a, b) => {
                    let both = self.ty(a) == Ty::Cond && self.ty(b) == Ty::Cond;
                    self.push_local(id, LocalOp::If, &[c, a, b], if both { Ty::Cond } else { Ty::Num })?
                }
            },
            Node::Lag(_, n) if *n > MAX_LAG => {
                return Err(self.refused(id, &format!("a lag is at most {MAX_LAG} rows"), "give a smaller number"));
            }
            Node::Lag(a, n) => {
                let a = self.series(*a)?;
                Val::Series(self.graph.lag(a, *n))
            }
            Node::Call { name, args, output } if &**name == "tf" => self.tf(id, args, output.as_deref(), point)?,
            Node::Call { name, args, output } => self.call(id, name, args, output.as_deref())?,
        }))
    }

    /// What a value is.
    fn ty(&self, a: Val) -> Ty {
        match a {
            Val::Series(id) => self.graph.ty(id),
            Val::Local(op) => self.local.nodes[op as usize].ty,
        }
    }

    /// An operation of the scalar program; series come in as inputs.
    fn push_local(&mut self, id: NodeId, op: LocalOp, operands: &[Val], ty: Ty) -> Result<Val> {
        if self.local.n_registers() + operands.len() >= MAX_LOCAL {
            let reason = format!("a step or an exit of more than {MAX_LOCAL} operations");
            return Err(self.refused(id, &reason, "compute parts of it as series"));
        }
        let mut args = [0; 3];
        for (arg, operand) in args.iter_mut().zip(operands) {
            *arg = match operand {
                Val::Local(op) => *op,
                Val::Series(id) => match self.graph.constant(*id) {
                    Some(x) => self.local.push(LocalOp::Num(x), [0; 3], Ty::Num),
                    None => self.local.input(*id, self.graph.ty(*id)),
                },
            };
        }
        Ok(Val::Local(self.local.push(op, args, ty)))
    }

    fn un(&mut self, id: NodeId, op: Un, a: Val) -> Result<Val> {
        match a {
            Val::Series(a) => Ok(Val::Series(self.graph.un(op, a))),
            a => self.push_local(id, LocalOp::Un(op), &[a], Ty::Num),
        }
    }

    fn bin(&mut self, id: NodeId, op: Bin, a: Val, b: Val) -> Result<Val> {
        match (a, b) {
            (Val::Series(a), Val::Series(b)) => Ok(Val::Series(self.graph.bin(op, a, b))),
            (a, b) => self.push_local(id, LocalOp::Bin(op), &[a, b], Ty::Num),
        }
    }

    fn cmp(&mut self, id: NodeId, op: Cmp, a: Val, b: Val) -> Result<Val> {
        match (a, b) {
            (Val::Series(a), Val::Series(b)) => Ok(Val::Series(self.graph.cmp(op, a, b))),
            (a, b) => self.push_local(id, LocalOp::Cmp(op), &[a, b], Ty::Cond),
        }
    }

    /// The value of a parameter at a point.
    fn param(&mut self, id: NodeId, name: &str, point: usize) -> Result<Low> {
        let params = self.points.map_or(&[][..], PointTable::params);
        let idx = params.iter().position(|p| p.name == name);
        let value = idx.and_then(|idx| self.points.and_then(|p| p.value(point, idx)));
        Ok(Low::Val(Val::Series(match value {
            Some(Value::Bool(v)) => self.graph.flag(v),
            Some(Value::Int(v)) => self.graph.num(v as f64),
            Some(Value::Float(v)) => self.graph.num(v),
            Some(Value::Text(v)) => return Ok(Low::Text(v.into())),
            None => {
                let names = params.iter().map(|p| p.name.as_str());
                return Err(self.unknown(id, "parameter", name, names));
            }
        })))
    }

    /// A field: a column, by its whole name or a part that only one ends with, or what a bar has beside its columns.
    fn field(&mut self, id: NodeId, name: &str) -> Result<Val> {
        let of_scan = name == "prev" || name.starts_with("prev.") || name.starts_with("now.");
        if of_scan || POSITION.contains(&name) || ACCOUNT.contains(&name) {
            // A column must be named so in full: `drawdown` does not stand for `max_drawdown`, nor `prev` for `close_prev`.
            return Ok(match self.schema.names.whole(name) {
                Some(idx) => Val::Series(self.graph.column(idx as u32)),
                None => Val::Local(self.local.slot(name)),
            });
        }
        if let Some(idx) = self.schema.names.whole(name) {
            return Ok(Val::Series(self.graph.column(idx as u32)));
        }
        // `returns` are those of these bars where they can be made, and else a column that ends so.
        let made = self.derived(id, name);
        if let Ok(Some(made)) = made {
            return Ok(Val::Series(made));
        }
        if let Some(idx) = self.column(id, name)? {
            return Ok(Val::Series(self.graph.column(idx)));
        }
        made?;
        if let Some(signature) = find(name) {
            let reason = format!("{name} is a function");
            return Err(self.refused(id, &reason, &format!("write {}", usage(signature))));
        }
        // An end of a column's name may be meant, or a field that is made of columns.
        match self.schema.names.resolve(name) {
            Err(error @ NameError::Unknown { .. }) if matches!(&error, NameError::Unknown { nearest, .. } if !nearest.is_empty()) => {
                Err(self.refused(id, &error.reason(), &error.mend()))
            }
            _ => {
                let columns = self.columns;
                let names = columns.iter().map(|c| &**c).chain(DERIVED.iter().map(|(n, _)| *n));
                Err(self.unknown(id, "column", name, names))
            }
        }
    }

    /// A column by its whole name, or by a part after `_` or `.` that only one ends with.
    fn column(&self, id: NodeId, name: &str) -> Result<Option<u32>> {
        let idx = self.schema.names.find(name).map_err(|e: NameError| self.refused(id, &e.reason(), &e.mend()))?;
        Ok(idx.map(|idx| idx as u32))
    }

    /// A field that is made of columns: `typical`, `returns`, `adv20`.
    fn derived(&mut self, id: NodeId, name: &str) -> Result<Option<Id>> {
        let days = name.strip_prefix("adv").and_then(|n| n.parse::<i64>().ok()).filter(|n| (1..=10_000).contains(n));
        if name == "session" {
            let Some((_, calendar, _)) = &self.schema.bars else {
                let mend = "give a column `session`, or compile it against a Schema of bars with their calendar";
                return Err(self.refused(id, "it is not known whose sessions these rows belong to", mend));
            };
            let (calendar, [open, _]) = (calendar.clone(), self.graph.times());
            let outputs = || [Arc::from("session")].into();
            let make = || Some(Arc::new(ops::SessionDay { calendar: calendar.clone() }) as _);
            let shown: Arc<str> = calendar.name().into();
            let call = self.graph.call_any("session", shown, &[open], outputs, make);
            return Ok(call.map(|call| self.graph.output(call, 0)));
        }
        let known = DERIVED.iter().any(|(n, _)| *n == name);
        if !known && days.is_none() {
            return Ok(None);
        }
        let mut column = |field: &str| match self.column(id, field)? {
            Some(idx) => Ok(self.graph.column(idx)),
            None => {
                let reason = format!("{name} is made of {field}, and there is no such column");
                Err(self.refused(id, &reason, "give the column, or use another field"))
            }
        };
        let fields = match name {
            "dollar_volume" => vec!["close", "volume"],
            "hl2" | "median_price" => vec!["high", "low"],
            "ohlc4" => vec!["open", "high", "low", "close"],
            "returns" => vec!["close"],
            _ if days.is_some() => vec!["close", "volume"],
            _ => vec!["high", "low", "close"],
        };
        let f = fields.into_iter().map(&mut column).collect::<Result<Vec<Id>>>()?;
        let g = &mut *self.graph;
        Ok(Some(match (name, days) {
            (_, Some(days)) => {
                let dollars = g.bin(Bin::Mul, f[0], f[1]);
                let args = indicators::sma::SIGNATURE.args(&[("period", Value::Int(days))])?;
                let call = g.call(&indicators::sma::SIGNATURE, &args, &[dollars]);
                call.map_or(dollars, |call| g.output(call, 0))
            }
            ("dollar_volume", _) => g.bin(Bin::Mul, f[0], f[1]),
            ("returns", _) => {
                let before = g.lag(f[0], 1);
                let (ratio, one) = (g.bin(Bin::Div, f[0], before), g.num(1.0));
                g.bin(Bin::Sub, ratio, one)
            }
            _ => {
                let mut sum = f[0];
                for &field in &f[1..] {
                    sum = g.bin(Bin::Add, sum, field);
                }
                let twice = name == "hlcc4" || name == "weighted";
                if twice {
                    sum = g.bin(Bin::Add, sum, f[2]);
                }
                let n = g.num((f.len() + usize::from(twice)) as f64);
                g.bin(Bin::Div, sum, n)
            }
        }))
    }

    fn binary(&mut self, id: NodeId, op: Binary, a: NodeId, b: NodeId) -> Result<Val> {
        if let Binary::And | Binary::Or = op {
            let (word, local) = if op == Binary::And { ("and", LocalOp::And) } else { ("or", LocalOp::Or) };
            return match (self.condition(a, word)?, self.condition(b, word)?) {
                (Val::Series(a), Val::Series(b)) if op == Binary::And => Ok(Val::Series(self.graph.and(a, b))),
                (Val::Series(a), Val::Series(b)) => Ok(Val::Series(self.graph.or(a, b))),
                (a, b) => self.push_local(id, local, &[a, b], Ty::Cond),
            };
        }
        let (a, b) = (self.val(a)?, self.val(b)?);
        match op {
            Binary::Add => self.bin(id, Bin::Add, a, b),
            Binary::Sub => self.bin(id, Bin::Sub, a, b),
            Binary::Mul => self.bin(id, Bin::Mul, a, b),
            Binary::Div => self.bin(id, Bin::Div, a, b),
            Binary::Rem => self.bin(id, Bin::Rem, a, b),
            Binary::Pow => self.bin(id, Bin::Pow, a, b),
            Binary::Lt => self.cmp(id, Cmp::Lt, a, b),
            Binary::Le => self.cmp(id, Cmp::Le, a, b),
            Binary::Gt => self.cmp(id, Cmp::Lt, b, a),
            Binary::Ge => self.cmp(id, Cmp::Le, b, a),
            Binary::Eq => self.cmp(id, Cmp::Eq, a, b),
            Binary::Ne | Binary::And | Binary::Or => self.cmp(id, Cmp::Ne, a, b),
        }
    }

    fn call(&mut self, id: NodeId, name: &str, args: &[Arg], output: Option<&str>) -> Result<Val> {
        if let Some(signature) = find(name) {
            return self.signature(id, signature, args, output).map(Val::Series);
        }
        if name == "scan" {
            return self.scan(id, args, output);
        }
        if let Some(output) = output {
            let reason = format!("{name} has one output and no {output}");
            return Err(self.refused(id, &reason, &format!("leave out `.{output}`")));
        }
        if let Some((_, op)) = UNARY.iter().find(|(n, _)| *n == name) {
            let [a] = self.exactly(id, name, args, ["x"])?;
            return self.un(id, *op, a);
        }
        if let Some((_, op)) = BINARY.iter().find(|(n, _)| *n == name) {
            let [a, b] = self.exactly(id, name, args, ["x", "y"])?;
            return self.bin(id, *op, a, b);
        }
        match name {
            "clip" => {
                let [x, low, high] = self.exactly(id, name, args, ["x", "low", "high"])?;
                let x = self.bin(id, Bin::Max, x, low)?;
                self.bin(id, Bin::Min, x, high)
            }
            "cross_above" | "cross_below" => {
                let [a, b] = self.exactly_series(id, name, args, ["a", "b"])?;
                let (a, b) = if name == "cross_above" { (a, b) } else { (b, a) };
                let g = &mut *self.graph;
                let (a1, b1) = (g.lag(a, 1), g.lag(b, 1));
                let (before, now) = (g.cmp(Cmp::Le, a1, b1), g.cmp(Cmp::Lt, b, a));
                Ok(Val::Series(g.and(before, now)))
            }
            "cs_demean" => self.cross(id, name, args, Cross::Demean),
            "cs_rank" => self.cross(id, name, args, Cross::Rank),
            "cs_zscore" => self.cross(id, name, args, Cross::Zscore),
            "delta" => {
                let (x, n) = match args {
                    [_] => (self.exactly_series(id, name, args, ["x"])?[0], 1),
                    _ => {
                        let [x, n] = self.exactly_series(id, name, args, ["x", "lag"])?;
                        (x, self.rows(args[1].value, n)?)
                    }
                };
                let before = self.graph.lag(x, n);
                Ok(Val::Series(self.graph.bin(Bin::Sub, x, before)))
            }
            "is_missing" => match self.exactly(id, name, args, ["x"])? {
                [Val::Series(a)] => Ok(Val::Series(self.graph.is_missing(a))),
                [a] => self.push_local(id, LocalOp::IsMissing, &[a], Ty::Cond),
            },
            "neutralize" => {
                let [x @ Arg { name: None, .. }, grouping @ Arg { name: None, .. }] = args else {
                    return Err(self.refused(
                        id,
                        "neutralize needs a series and a grouping",
                        "write neutralize(x, sector)",
                    ));
                };
                let name_of = match self.ast.node(grouping.value) {
                    Node::Field(name) | Node::Text(name) => name.rsplit('.').next().unwrap_or(name),
                    _ => return Err(self.refused(grouping.value, "this is no grouping", "name one, such as `sector`")),
                };
                let x = self.series(x.value)?;
                Ok(Val::Series(self.graph.cross(Cross::Neutralize(name_of.into()), x)))
            }
            "scale" => match args {
                [_] => self.cross(id, name, args, Cross::Scale(1.0)),
                _ => {
                    let [x, to] = self.exactly_series(id, name, args, ["x", "to"])?;
                    let Some(to) = self.graph.constant(to) else {
                        return Err(self.refused(id, "the size to scale to is one number for all", "give a number"));
                    };
                    Ok(Val::Series(self.graph.cross(Cross::Scale(to), x)))
                }
            },
            _ => Err(self.unknown(id, "function", name, function_names())),
        }
    }

    /// Another timeframe: `tf("1h", rsi(close, 14))`.
    fn tf(&mut self, id: NodeId, args: &[Arg], output: Option<&str>, point: usize) -> Result<Val> {
        let how = "write tf(\"1h\", rsi(close, 14))";
        let ([timeframe @ Arg { name: None, .. }, inner @ Arg { name: None, .. }], None) = (args, output) else {
            return Err(self.refused(id, "tf takes a timeframe and an expression", how));
        };
        if self.within {
            return Err(self.refused(id, "there is a timeframe within a timeframe", "name the coarser one alone"));
        }
        let Low::Text(text) = self.low(timeframe.value)? else {
            return Err(self.refused(timeframe.value, "a timeframe is a word", how));
        };
        let to = Timeframe::parse(&text).map_err(|e| self.refused(timeframe.value, &e.to_string(), how))?;
        let Some((from, calendar, hours)) = &self.schema.bars else {
            let mend = "compile it against a Schema of bars with their timeframe and calendar";
            return Err(self.refused(id, "it is not known what bars these rows are", mend));
        };
        let spec = ResampleSpec::new(to, calendar.clone()).hours(*hours);
        spec.check_source(*from).map_err(|e| self.refused(timeframe.value, &e.to_string(), how))?;
        let mut graph = Graph::new();
        let mut lower = Lower::new(self.ast, inner.value, self.schema, &mut graph, self.points);
        lower.within = true;
        let root = lower.root(point)?;
        if !graph.crosses.is_empty() {
            // Bars of the symbols are complete at times of their own, so there is no row to compare them in.
            let mend = "work across symbols outside of it, as in cs_rank(tf(\"1h\", close))";
            return Err(self.refused(id, "it works across symbols within a timeframe", mend));
        }
        let plan = Plan::new(graph, Arc::clone(&self.schema.columns), [(Arc::from("tf"), root)])?;
        let mut inputs = self.graph.times().to_vec();
        inputs.extend(plan.columns_read().map(|c| self.graph.column(c)));
        if inputs.len() > MAX_INPUTS {
            let reason =
                format!("it reads {} columns, and a timeframe reads {} at most", inputs.len() - 2, MAX_INPUTS - 2);
            return Err(self.refused(id, &reason, "use several timeframes"));
        }
        let is_condition = plan.is_condition(0);
        let shown: Arc<str> = format!("{to}, {{{plan}}}").into();
        let rows_per_bar = rows_per_bar(*from, to, calendar, *hours);
        let row_nanos = from.nanos().unwrap_or(i64::MAX);
        let make = || Some(Arc::new(Tf { spec: spec.clone(), plan: Arc::new(plan), rows_per_bar, row_nanos }) as _);
        let Some(call) = self.graph.call_any("tf", shown, &inputs, || [Arc::from("tf")].into(), make) else {
            return Err(self.refused(id, "it cannot be computed", how));
        };
        let out = self.graph.output(call, 0);
        Ok(Val::Series(if is_condition { self.graph.to_cond(out) } else { out }))
    }

    /// A recursion: `scan(init, step)`, or with named states `scan(init_x=…, x=…).x`.
    fn scan(&mut self, id: NodeId, args: &[Arg], output: Option<&str>) -> Result<Val> {
        let how = "write scan(init, step) with `prev` in the step, or scan(init_x=…, x=…).x with `prev.x`";
        let (mut names, mut inits, mut steps): (Vec<&str>, Vec<NodeId>, Vec<NodeId>) = Default::default();
        match args {
            [init, step] if init.name.is_none() && step.name.is_none() => {
                (names, inits, steps) = (vec![""], vec![init.value], vec![step.value]);
            }
            _ => {
                for arg in args {
                    let Some(name) = &arg.name else { return Err(self.refused(arg.value, "it has no name", how)) };
                    if name.starts_with("init_") {
                        continue;
                    }
                    let init =
                        args.iter().find(|a| a.name.as_deref().and_then(|n| n.strip_prefix("init_")) == Some(name));
                    let Some(init) = init else {
                        return Err(self.refused(
                            arg.value,
                            &format!("{name} has no beginning"),
                            &format!("give init_{name}"),
                        ));
                    };
                    if names.len() == MAX_OUTPUTS {
                        return Err(self.refused(id, "it has too many states", "use several scans"));
                    }
                    if names.contains(&&**name) {
                        return Err(self.refused(
                            arg.value,
                            &format!("{name} is given twice"),
                            "name every state once",
                        ));
                    }
                    names.push(name);
                    inits.push(init.value);
                    steps.push(arg.value);
                }
                if names.is_empty() || args.len() != 2 * names.len() {
                    return Err(self.refused(id, "every state has one beginning and one step", how));
                }
            }
        }
        let idx = match output {
            None if names.len() == 1 => 0,
            None => {
                return Err(self.refused(id, "it has several states", &format!("choose one: .{}", names.join(", ."))));
            }
            Some(output) => match names.iter().position(|n| *n == output) {
                Some(idx) => idx,
                None => return Err(self.refused(id, &format!("it has no state {output}"), how)),
            },
        };
        let mut roots = Vec::with_capacity(steps.len());
        for &step in &steps {
            roots.push(match self.val(step)? {
                Val::Local(op) => op,
                Val::Series(series) => {
                    let ty = self.graph.ty(series);
                    self.local.input(series, ty)
                }
            });
        }
        let (local, roots) = self.local.part(&roots);
        let mut slots = Vec::with_capacity(local.slots().len());
        for slot in local.slots() {
            let state = |prefix: &str| {
                let rest = slot.strip_prefix(prefix)?;
                let name = if rest.is_empty() { "" } else { rest.strip_prefix('.')? };
                names.iter().position(|n| *n == name).map(|k| k as u32)
            };
            slots.push(match (state("prev"), state("now")) {
                (Some(k), _) => Slot::Prev(k),
                (_, Some(k)) if self.now_is_known(&local, &roots, slot, k) => Slot::Now(k),
                (_, Some(_)) => {
                    let reason = format!("{slot} is not known yet where it is read");
                    return Err(self.refused(id, &reason, "a state may read those that stand before it"));
                }
                _ if slot.starts_with("prev") || slot.starts_with("now") => {
                    let known = names.iter().map(|n| if n.is_empty() { "prev".into() } else { format!("prev.{n}") });
                    let known: Vec<String> = known.collect();
                    return Err(self.refused(
                        id,
                        &format!("the scan has no {slot}"),
                        &format!("it has {}", known.join(", ")),
                    ));
                }
                _ => return Err(self.out_of_scope(id, slot)),
            });
        }
        let mut inputs = Vec::with_capacity(inits.len() + local.inputs().len());
        for &init in &inits {
            inputs.push(self.series(init)?);
        }
        inputs.extend(local.inputs());
        if inputs.len() > MAX_INPUTS {
            let reason = format!("it reads {} series, and a scan reads {MAX_INPUTS} at most", inputs.len());
            return Err(self.refused(id, &reason, "combine some of them outside of it"));
        }
        let shown: Arc<str> = format!("{{{local}{roots:?} {slots:?}}}").into();
        let outputs = || names.iter().map(|n| Arc::from(if n.is_empty() { "scan" } else { n })).collect();
        let make = || Some(Arc::new(Scan { local: local.clone(), steps: roots.clone(), slots: slots.clone() }) as _);
        match self.graph.call_any("scan", shown, &inputs, outputs, make) {
            Some(call) => Ok(Val::Series(self.graph.output(call, idx as u32))),
            None => Err(self.refused(id, "it has too many states", "use several scans")),
        }
    }

    /// Whether a state's value of this row is read only by states that stand after it.
    fn now_is_known(&self, local: &Local, roots: &[u32], slot: &str, state: u32) -> bool {
        let reads = |root: u32| local.part(&[root]).0.slots().iter().any(|s| s == slot);
        !roots[..=state as usize].iter().any(|&root| reads(root))
    }

    /// An operation across symbols of one series.
    fn cross(&mut self, id: NodeId, name: &str, args: &[Arg], op: Cross) -> Result<Val> {
        let [x] = self.exactly_series(id, name, args, ["x"])?;
        Ok(Val::Series(self.graph.cross(op, x)))
    }

    /// Exactly these arguments, in order or by name.
    fn exactly<const N: usize>(&self, id: NodeId, name: &str, args: &[Arg], names: [&str; N]) -> Result<[Val; N]> {
        let mut got: [Option<Val>; N] = [None; N];
        for (i, arg) in args.iter().enumerate() {
            let at = match &arg.name {
                Some(n) => names.iter().position(|k| *k == &**n),
                None => Some(i).filter(|i| *i < N),
            };
            match at {
                Some(at) if got[at].is_none() => got[at] = Some(self.val(arg.value)?),
                _ => {
                    let mend = format!("write {name}({})", names.join(", "));
                    return Err(self.refused(arg.value, &format!("{name} takes no such argument"), &mend));
                }
            }
        }
        for (value, name_of) in got.iter().zip(names) {
            if value.is_none() {
                let mend = format!("write {name}({})", names.join(", "));
                return Err(self.refused(id, &format!("{name} needs {name_of}"), &mend));
            }
        }
        // All are there: the loop above has seen to it.
        Ok(got.map(|g| g.unwrap_or(Val::Local(0))))
    }

    /// Exactly these arguments, all of them series.
    fn exactly_series<const N: usize>(
        &self,
        id: NodeId,
        name: &str,
        args: &[Arg],
        names: [&str; N],
    ) -> Result<[Id; N]> {
        let mut series = [None; N];
        for (to, val) in series.iter_mut().zip(self.exactly(id, name, args, names)?) {
            *to = Some(self.only_series(id, val)?);
        }
        Ok(series.map(|s| s.unwrap_or(Id(0))))
    }

    /// A value that must be a series, since what reads it looks at other rows or other symbols.
    fn only_series(&self, id: NodeId, val: Val) -> Result<Id> {
        match val {
            Val::Series(id) => Ok(id),
            Val::Local(op) => {
                let (part, _) = self.local.part(&[op]);
                let name = part.slots().first().map_or("it", |s| s);
                let reason = format!("{name} is one value and no series: there are no other rows of it to look at");
                Err(self.refused(id, &reason, "use arithmetic, comparisons and if on it"))
            }
        }
    }

    /// A whole number of rows.
    fn rows(&self, at: NodeId, id: Id) -> Result<u32> {
        match self.graph.constant(id) {
            Some(n) if n >= 0.0 && n <= indicators::MAX_PERIOD as f64 => Ok(n as u32),
            Some(_) => Err(self.refused(at, "a lag looks back", "give a whole number from 0 to 1000000")),
            None => Err(self.refused(at, "a lag is one number for all rows", "give a number or a $parameter")),
        }
    }

    /// An indicator or an operator: constants are its parameters, series its inputs.
    fn signature(&mut self, id: NodeId, s: &'static Signature, args: &[Arg], output: Option<&str>) -> Result<Id> {
        let params = (s.params)();
        let mut inputs: Vec<Option<Id>> = vec![None; s.inputs.len()];
        let mut values: Vec<Option<Value>> = vec![None; params.len()];
        let (mut next_input, mut next_param) = (0, 0);
        let how = || format!("write {}", usage(s));
        // Constants are parameters first; where there are more of them than parameters, those in front are series.
        let n_named =
            args.iter().filter_map(|a| a.name.as_ref()).filter(|n| params.iter().any(|p| p.name == ***n)).count();
        let is_constant = |arg: &&Arg| match &self.low[arg.value.idx() - self.base] {
            Some(Low::Val(Val::Series(id))) => self.value(*id).is_some(),
            Some(Low::Text(_)) => true,
            _ => false,
        };
        let n_constants = args.iter().filter(|a| a.name.is_none()).filter(is_constant).count();
        let n_free = inputs.len().saturating_sub(args.len() - n_named - n_constants);
        let mut n_series = n_constants.saturating_sub(params.len().saturating_sub(n_named)).min(n_free);
        for arg in args {
            let low = self.low(arg.value)?;
            let value = match &low {
                Low::Text(text) => Some(Value::Text(text.to_string())),
                Low::Val(Val::Series(id)) => self.value(*id),
                Low::Val(Val::Local(_)) => None,
            };
            let is_input = match &arg.name {
                Some(name) => {
                    if let Some(i) = s.inputs.iter().position(|i| i.name == &**name) {
                        next_input = i;
                        true
                    } else if let Some(i) = params.iter().position(|p| p.name == **name) {
                        next_param = i;
                        false
                    } else {
                        let names = s.inputs.iter().map(|i| i.name).chain(params.iter().map(|p| p.name.as_str()));
                        return Err(self.unknown(arg.value, "argument", name, names));
                    }
                }
                None if value.is_some() && n_series > 0 => {
                    n_series -= 1;
                    true
                }
                None => value.is_none() || next_param >= params.len(),
            };
            if is_input {
                let Low::Val(node) = low else {
                    return Err(self.refused(arg.value, "a word is no series", &how()));
                };
                let node = self.only_series(arg.value, node)?;
                if let (true, Some(param)) = (next_input >= inputs.len(), params.get(next_param)) {
                    let reason = format!("{} is one value for all rows", param.name);
                    return Err(self.refused(arg.value, &reason, "give a number or a $parameter"));
                }
                if next_input >= inputs.len() || inputs[next_input].is_some() {
                    return Err(self.refused(arg.value, &format!("{} reads no further series", s.name), &how()));
                }
                inputs[next_input] = Some(node);
                next_input += 1;
            } else {
                let param = &params[next_param];
                if values[next_param].is_some() {
                    return Err(self.refused(arg.value, &format!("{} is given twice", param.name), &how()));
                }
                let value = match (value, &param.kind) {
                    // A window that is no whole number is cut down to one.
                    (Some(Value::Float(v)), Kind::Int { .. }) => Value::Float(v.floor()),
                    (Some(value), _) => value,
                    (None, _) => {
                        let reason = format!("{} is one value for all rows", param.name);
                        return Err(self.refused(arg.value, &reason, "give a number or a $parameter"));
                    }
                };
                let checked = param.check(&value).map_err(|e| self.refused(arg.value, &e.to_string(), &how()))?;
                values[next_param] = Some(checked);
                next_param += 1;
            }
        }
        for (input, known) in inputs.iter_mut().zip(s.inputs) {
            if input.is_none() {
                let Some(field) = known.default else {
                    return Err(self.refused(id, &format!("{} needs {}", s.name, known.name), &how()));
                };
                let field = self.field(id, field)?;
                *input = Some(self.only_series(id, field)?);
            }
        }
        let named: Vec<(&str, Value)> =
            params.iter().zip(values).filter_map(|(p, v)| Some((p.name.as_str(), v?))).collect();
        let checked = s.args(&named).and_then(|args| (s.build)(&args).map(|_| args));
        let checked = checked.map_err(|e| self.refused(id, &e.to_string(), &how()))?;
        let idx = self.output_of(id, s, output)?;
        let inputs: Vec<Id> = inputs.into_iter().flatten().collect();
        let Some(call) = self.graph.call(s, &checked, &inputs) else {
            return Err(self.refused(id, &format!("{} reads too many columns", s.name), &how()));
        };
        let out = self.graph.output(call, idx);
        Ok(if ops::gives_condition(s) { self.graph.to_cond(out) } else { out })
    }

    /// The number of the output that is meant.
    fn output_of(&self, id: NodeId, s: &Signature, output: Option<&str>) -> Result<u32> {
        let list = || s.outputs.iter().map(|o| format!("{}(…).{o}", s.name)).collect::<Vec<_>>().join(", ");
        match (output, s.outputs) {
            (None, [_]) => Ok(0),
            (None, _) => Err(self.refused(id, &format!("{} has {} outputs", s.name, s.outputs.len()), &list())),
            (Some(name), _) => match s.outputs.iter().position(|o| *o == name) {
                Some(i) => Ok(i as u32),
                None => Err(self.refused(id, &format!("{} has no output {name}", s.name), &list())),
            },
        }
    }

    /// The value of a node that is one for all rows.
    fn value(&self, id: Id) -> Option<Value> {
        match self.graph.constant(id) {
            Some(x) if x.fract() == 0.0 && x.abs() < 9e15 => Some(Value::Int(x as i64)),
            Some(x) => Some(Value::Float(x)),
            None => self.graph.flag_of(id).map(Value::Bool),
        }
    }

    fn low(&self, id: NodeId) -> Result<Low> {
        let low = id.idx().checked_sub(self.base).and_then(|i| self.low.get(i).cloned().flatten());
        low.ok_or_else(|| self.refused(id, "it does not stand before its parent", "build it first"))
    }

    /// A node that has a value per row.
    fn val(&self, id: NodeId) -> Result<Val> {
        match self.low(id)? {
            Low::Val(val) => Ok(val),
            Low::Text(_) => Err(self.refused(id, "a word is no series", "words are arguments of some functions only")),
        }
    }

    /// A node that is a series.
    fn series(&self, id: NodeId) -> Result<Id> {
        let val = self.val(id)?;
        self.only_series(id, val)
    }

    /// A node that is a condition.
    fn condition(&self, id: NodeId, word: &str) -> Result<Val> {
        let node = self.val(id)?;
        if self.ty(node) == Ty::Num {
            let reason = format!("`{word}` wants a condition, and this is a number");
            return Err(self.refused(id, &reason, "compare it with something, such as `… != 0`"));
        }
        Ok(node)
    }

    fn refused(&self, id: NodeId, reason: &str, mend: &str) -> Error {
        meaning(self.ast, self.ast.span(id), reason, mend)
    }

    fn unknown<'n>(&self, id: NodeId, what: &str, name: &str, names: impl Iterator<Item = &'n str>) -> Error {
        let mut names: Vec<&str> = names.collect();
        let near = nearest(name, names.iter().copied());
        let mend = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "there are none".to_owned(),
            None => {
                names.truncate(12);
                format!("there are {}, …", names.join(", "))
            }
        };
        self.refused(id, &format!("no {what} is named `{name}`"), &mend)
    }
}

/// An indicator or operator by name.
fn find(name: &str) -> Option<&'static Signature> {
    let all = || indicators::ALL.iter().chain(ops::ALL);
    all().find(|s| s.name == name || s.aliases.contains(&name)).copied()
}

/// All names that can be called.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    let signatures = indicators::ALL.iter().chain(ops::ALL);
    signatures
        .flat_map(|s| std::iter::once(s.name).chain(s.aliases.iter().copied()))
        .chain(UNARY.iter().map(|(n, _)| *n))
        .chain(BINARY.iter().map(|(n, _)| *n))
        .chain(FUNCTIONS.iter().map(|(n, ..)| *n))
}

/// How an indicator is called: `sma(x=close, period=20)`.
pub(super) fn usage(s: &Signature) -> String {
    let inputs = s.inputs.iter().map(|i| match i.default {
        Some(field) if field != i.name => format!("{}={field}", i.name),
        _ => i.name.to_owned(),
    });
    let params = (s.params)();
    let params = params.iter().map(|p| format!("{}={}", p.name, p.default));
    let shown = format!("{}({})", s.name, inputs.chain(params).collect::<Vec<_>>().join(", "));
    match s.outputs {
        [_] => shown,
        outputs => format!("{shown}.{}", outputs.join("|")),
    }
}

/// How many rows a coarser bar is made of, at most.
fn rows_per_bar(from: Timeframe, to: Timeframe, calendar: &Calendar, hours: SessionHours) -> usize {
    if let (Some(from), Some(to)) = (from.nanos(), to.nanos()) {
        return (to / from).max(1) as usize;
    }
    // A nominal year has a few sessions less than full weeks would make.
    let of_week = ((calendar.sessions_per_year() / 52.0).ceil() as usize).clamp(1, 7);
    let sessions = |timeframe: Timeframe| match timeframe.unit() {
        Unit::Week => timeframe.n() as usize * of_week,
        // The longest month has four weeks and three days.
        Unit::Month => timeframe.n() as usize * (4 * of_week + of_week.min(3)),
        _ => timeframe.n() as usize,
    };
    match from.nanos() {
        None if from.unit() == to.unit() => (to.n() as usize).div_ceil(from.n() as usize),
        None => sessions(to).div_ceil(sessions(from)),
        Some(width) => {
            // The longest window of some weeks: days with an early close, or on which clocks are set, stand apart.
            let last = calendar.valid_to();
            let windows = calendar.sessions(last.add_days(-60), last).filter_map(|s| calendar.window(s.date, hours));
            let longest = windows.map(|w| w.end.saturating_sub(w.start)).max().unwrap_or(NANOS_PER_DAY);
            sessions(to).saturating_mul((longest as u64).div_ceil(width as u64) as usize)
        }
    }
}

/// An error of meaning at a place of an expression.
fn meaning(ast: &Ast, at: Range<usize>, reason: &str, mend: &str) -> Error {
    Error::Meaning { shown: super::point_at(ast.text(), at, reason, mend), reason: reason.to_owned() }
}
