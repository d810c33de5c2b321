//! From syntax trees to a plan: names are resolved, types checked, parameters put in, functions expanded.
//!
//! Everything is compiled once for all parameter points: what depends on no parameter is lowered once, the rest once per
//! point into a graph where equal parts are one node. So `sma(close, $fast)` over 150 values of `$fast` is computed 150
//! times, however many points use them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use qe_core::error::nearest;
use qe_core::param::{Kind, Value};
use qe_core::point::PointTable;

use super::ast::{Arg, Ast, Binary, Node, NodeId, Unary, for_each_child};
use crate::error::{Error, Result};
use crate::indicators::{self, Signature};
use crate::ops;
use crate::plan::scalar::{BINARY, Bin, Cmp, UNARY, Un};
use crate::plan::{Cross, Graph, Id, Plan, Ty};

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
];

/// Compiles expressions for all points of a table; without one, for the single point that has no parameters.
///
/// # Errors
/// When an expression is empty, or names, types or arguments do not fit: the place is shown.
pub fn compile(
    expressions: &[(&str, &Ast)],
    columns: impl IntoIterator<Item = impl Into<Arc<str>>>,
    points: Option<&PointTable>,
) -> Result<Compiled> {
    let columns: Vec<Arc<str>> = columns.into_iter().map(Into::into).collect();
    let mut graph = Graph::new();
    let n_points = points.map_or(1, PointTable::len);
    let mut roots: Vec<Vec<Id>> = Vec::with_capacity(expressions.len());
    for (_, ast) in expressions {
        let mut lower = Lower::new(ast, &columns, &mut graph, points)?;
        roots.push((0..n_points).map(|point| lower.root(point)).collect::<Result<_>>()?);
    }
    // Points that agree in what an expression depends on share its output.
    let (mut outputs, mut idx_of): (Vec<(Arc<str>, Id)>, HashMap<Id, usize>) = Default::default();
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
    Ok(Compiled { plan: Plan::new(graph, columns, outputs)?, place })
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
    /// A series.
    Node(Id),
    /// A word, which only arguments are.
    Text(Arc<str>),
}

struct Lower<'a> {
    ast: &'a Ast,
    columns: &'a [Arc<str>],
    graph: &'a mut Graph,
    points: Option<&'a PointTable>,
    /// The nodes that the root needs.
    needed: Vec<bool>,
    /// Whether a node depends on a parameter.
    varies: Vec<bool>,
    low: Vec<Option<Low>>,
    root: NodeId,
}

impl<'a> Lower<'a> {
    fn new(
        ast: &'a Ast,
        columns: &'a [Arc<str>],
        graph: &'a mut Graph,
        points: Option<&'a PointTable>,
    ) -> Result<Self> {
        let Some(root) = ast.root() else {
            return Err(meaning(ast, 0..0, "the expression is empty", "write one, such as `close > sma(close, 20)`"));
        };
        let n = ast.nodes().len();
        let (mut needed, mut varies) = (vec![false; n], vec![false; n]);
        needed[root.idx()] = true;
        for i in (0..n).rev().filter(|&i| i <= root.idx()) {
            if !needed[i] {
                continue;
            }
            match &ast.nodes()[i] {
                // A grouping is no series.
                Node::Call { name, args, .. } if &**name == "neutralize" => {
                    args.iter().take(1).for_each(|arg| needed[arg.value.idx()] = true);
                }
                node => for_each_child(node, |c| needed[c.idx()] = true),
            }
        }
        for (i, node) in ast.nodes().iter().enumerate() {
            let mut any = matches!(node, Node::Param(_));
            for_each_child(node, |c| any |= varies[c.idx()]);
            varies[i] = any;
        }
        Ok(Self { ast, columns, graph, points, needed, varies, low: vec![None; n], root })
    }

    /// The root at a point.
    fn root(&mut self, point: usize) -> Result<Id> {
        for i in 0..=self.root.idx() {
            if self.needed[i] && (self.varies[i] || self.low[i].is_none()) {
                let low = self.node(NodeId(i as u32), point)?;
                self.low[i] = Some(low);
            }
        }
        self.series(self.root)
    }

    fn node(&mut self, id: NodeId, point: usize) -> Result<Low> {
        let ast = self.ast;
        Ok(Low::Node(match ast.node(id) {
            Node::Number(x) => self.graph.num(*x),
            Node::Bool(v) => self.graph.flag(*v),
            Node::Text(text) => return Ok(Low::Text(text.clone())),
            Node::Param(name) => return self.param(id, name, point),
            Node::Field(name) => self.field(id, name)?,
            Node::Unary(Unary::Neg, a) => {
                let a = self.series(*a)?;
                self.graph.un(Un::Neg, a)
            }
            Node::Unary(Unary::Not, a) => {
                let a = self.condition(*a, "not")?;
                self.graph.not(a)
            }
            Node::Binary(op, a, b) => self.binary(*op, *a, *b)?,
            Node::If(c, a, b) => {
                let (c, a, b) = (self.condition(*c, "if")?, self.series(*a)?, self.series(*b)?);
                self.graph.choose(c, a, b)
            }
            Node::Lag(a, n) => {
                let a = self.series(*a)?;
                self.graph.lag(a, *n)
            }
            Node::Call { name, args, output } => self.call(id, name, args, output.as_deref())?,
        }))
    }

    /// The value of a parameter at a point.
    fn param(&mut self, id: NodeId, name: &str, point: usize) -> Result<Low> {
        let params = self.points.map_or(&[][..], PointTable::params);
        let idx = params.iter().position(|p| p.name == name);
        let value = idx.and_then(|idx| self.points.and_then(|p| p.value(point, idx)));
        Ok(Low::Node(match value {
            Some(Value::Bool(v)) => self.graph.flag(v),
            Some(Value::Int(v)) => self.graph.num(v as f64),
            Some(Value::Float(v)) => self.graph.num(v),
            Some(Value::Text(v)) => return Ok(Low::Text(v.into())),
            None => {
                let names = params.iter().map(|p| p.name.as_str());
                return Err(self.unknown(id, "parameter", name, names));
            }
        }))
    }

    /// A field: a column, by its whole name or a part that only one ends with, or what a bar has beside its columns.
    fn field(&mut self, id: NodeId, name: &str) -> Result<Id> {
        if let Some(idx) = self.column(id, name)? {
            return Ok(self.graph.column(idx));
        }
        if let Some(id) = self.derived(id, name)? {
            return Ok(id);
        }
        if POSITION.contains(&name) || ACCOUNT.contains(&name) {
            let whose = if POSITION.contains(&name) { "an open position" } else { "the account" };
            let reason = format!("{name} is known of {whose} alone, and this is computed from the market");
            return Err(self.refused(id, &reason, "use it in an exit, a size or a gate of a strategy"));
        }
        if let Some(signature) = find(name) {
            let reason = format!("{name} is a function");
            return Err(self.refused(id, &reason, &format!("write {}", usage(signature))));
        }
        let columns = self.columns;
        let names = columns.iter().map(|c| &**c).chain(DERIVED.iter().map(|(n, _)| *n));
        Err(self.unknown(id, "column", name, names))
    }

    /// A column by its whole name, or by a part after `_` or `.` that only one ends with.
    fn column(&self, id: NodeId, name: &str) -> Result<Option<u32>> {
        if let Some(idx) = self.columns.iter().position(|c| &**c == name) {
            return Ok(Some(idx as u32));
        }
        let ends = |c: &str| c.strip_suffix(name).is_some_and(|rest| rest.ends_with(['_', '.']));
        let found: Vec<usize> = (0..self.columns.len()).filter(|&i| ends(&self.columns[i])).collect();
        match found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one as u32)),
            _ => {
                let names: Vec<&str> = found.iter().take(8).map(|&i| &*self.columns[i]).collect();
                let reason = format!("{name} may be any of {}", names.join(", "));
                Err(self.refused(id, &reason, "write the whole name of one"))
            }
        }
    }

    /// A field that is made of columns: `typical`, `returns`, `adv20`.
    fn derived(&mut self, id: NodeId, name: &str) -> Result<Option<Id>> {
        let days = name.strip_prefix("adv").and_then(|n| n.parse::<i64>().ok()).filter(|n| (1..=10_000).contains(n));
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
                let call = g.call(&indicators::sma::SIGNATURE, args, &[dollars]);
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

    fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> Result<Id> {
        if let Binary::And | Binary::Or = op {
            let word = if op == Binary::And { "and" } else { "or" };
            let (a, b) = (self.condition(a, word)?, self.condition(b, word)?);
            return Ok(if op == Binary::And { self.graph.and(a, b) } else { self.graph.or(a, b) });
        }
        let (a, b) = (self.series(a)?, self.series(b)?);
        let g = &mut *self.graph;
        Ok(match op {
            Binary::Add => g.bin(Bin::Add, a, b),
            Binary::Sub => g.bin(Bin::Sub, a, b),
            Binary::Mul => g.bin(Bin::Mul, a, b),
            Binary::Div => g.bin(Bin::Div, a, b),
            Binary::Rem => g.bin(Bin::Rem, a, b),
            Binary::Pow => g.bin(Bin::Pow, a, b),
            Binary::Lt => g.cmp(Cmp::Lt, a, b),
            Binary::Le => g.cmp(Cmp::Le, a, b),
            Binary::Gt => g.cmp(Cmp::Lt, b, a),
            Binary::Ge => g.cmp(Cmp::Le, b, a),
            Binary::Eq => g.cmp(Cmp::Eq, a, b),
            Binary::Ne | Binary::And | Binary::Or => g.cmp(Cmp::Ne, a, b),
        })
    }

    fn call(&mut self, id: NodeId, name: &str, args: &[Arg], output: Option<&str>) -> Result<Id> {
        if let Some(signature) = find(name) {
            return self.signature(id, signature, args, output);
        }
        if let Some(output) = output {
            let reason = format!("{name} has one output and no {output}");
            return Err(self.refused(id, &reason, &format!("leave out `.{output}`")));
        }
        if let Some((_, op)) = UNARY.iter().find(|(n, _)| *n == name) {
            let [a] = self.exactly(id, name, args, ["x"])?;
            return Ok(self.graph.un(*op, a));
        }
        if let Some((_, op)) = BINARY.iter().find(|(n, _)| *n == name) {
            let [a, b] = self.exactly(id, name, args, ["x", "y"])?;
            return Ok(self.graph.bin(*op, a, b));
        }
        match name {
            "clip" => {
                let [x, low, high] = self.exactly(id, name, args, ["x", "low", "high"])?;
                let x = self.graph.bin(Bin::Max, x, low);
                Ok(self.graph.bin(Bin::Min, x, high))
            }
            "cross_above" | "cross_below" => {
                let [a, b] = self.exactly(id, name, args, ["a", "b"])?;
                let (a, b) = if name == "cross_above" { (a, b) } else { (b, a) };
                let g = &mut *self.graph;
                let (a1, b1) = (g.lag(a, 1), g.lag(b, 1));
                let (before, now) = (g.cmp(Cmp::Le, a1, b1), g.cmp(Cmp::Lt, b, a));
                Ok(g.and(before, now))
            }
            "delta" => {
                let (x, n) = match args {
                    [_] => (self.exactly(id, name, args, ["x"])?[0], 1),
                    _ => {
                        let [x, n] = self.exactly(id, name, args, ["x", "lag"])?;
                        (x, self.rows(args[1].value, n)?)
                    }
                };
                let before = self.graph.lag(x, n);
                Ok(self.graph.bin(Bin::Sub, x, before))
            }
            "cs_demean" => self.cross(id, name, args, Cross::Demean),
            "cs_rank" => self.cross(id, name, args, Cross::Rank),
            "cs_zscore" => self.cross(id, name, args, Cross::Zscore),
            "neutralize" => {
                let [x, grouping] = args else {
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
                Ok(self.graph.cross(Cross::Neutralize(name_of.into()), x))
            }
            "scale" => match args {
                [_] => self.cross(id, name, args, Cross::Scale(1.0)),
                _ => {
                    let [x, to] = self.exactly(id, name, args, ["x", "to"])?;
                    let Some(to) = self.graph.constant(to) else {
                        return Err(self.refused(args[1].value, "it is one number for all", "give a number"));
                    };
                    Ok(self.graph.cross(Cross::Scale(to), x))
                }
            },
            "is_missing" => {
                let [a] = self.exactly(id, name, args, ["x"])?;
                Ok(self.graph.is_missing(a))
            }
            _ => Err(self.unknown(id, "function", name, function_names())),
        }
    }

    /// An operation across symbols of one series.
    fn cross(&mut self, id: NodeId, name: &str, args: &[Arg], op: Cross) -> Result<Id> {
        let [x] = self.exactly(id, name, &args[..args.len().min(1)], ["x"])?;
        match args.get(1) {
            None => Ok(self.graph.cross(op, x)),
            Some(more) => {
                Err(self.refused(more.value, &format!("{name} takes one series"), &format!("write {name}(x)")))
            }
        }
    }

    /// Exactly these arguments, in order or by name.
    fn exactly<const N: usize>(&self, id: NodeId, name: &str, args: &[Arg], names: [&str; N]) -> Result<[Id; N]> {
        let mut got: [Option<Id>; N] = [None; N];
        for (i, arg) in args.iter().enumerate() {
            let at = match &arg.name {
                Some(n) => names.iter().position(|k| *k == &**n),
                None => Some(i).filter(|i| *i < N),
            };
            match at {
                Some(at) if got[at].is_none() => got[at] = Some(self.series(arg.value)?),
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
        Ok(got.map(|g| g.unwrap_or(Id(0))))
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
        for arg in args {
            let low = self.low(arg.value)?;
            let value = match &low {
                Low::Text(text) => Some(Value::Text(text.to_string())),
                Low::Node(id) => self.value(*id),
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
                None => value.is_none() || next_param >= params.len(),
            };
            if is_input {
                let Low::Node(node) = low else {
                    return Err(self.refused(arg.value, "a word is no series", &how()));
                };
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
                *input = Some(self.field(id, field)?);
            }
        }
        let named: Vec<(&str, Value)> =
            params.iter().zip(values).filter_map(|(p, v)| Some((p.name.as_str(), v?))).collect();
        let checked = s.args(&named).and_then(|args| (s.build)(&args).map(|_| args));
        let checked = checked.map_err(|e| self.refused(id, &e.to_string(), &how()))?;
        let idx = self.output_of(id, s, output)?;
        let inputs: Vec<Id> = inputs.into_iter().flatten().collect();
        let Some(call) = self.graph.call(s, checked, &inputs) else {
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
        self.low[id.idx()]
            .clone()
            .ok_or_else(|| self.refused(id, "it does not stand before its parent", "build it first"))
    }

    /// A node that is a series.
    fn series(&self, id: NodeId) -> Result<Id> {
        match self.low(id)? {
            Low::Node(id) => Ok(id),
            Low::Text(_) => Err(self.refused(id, "a word is no series", "words are arguments of some functions only")),
        }
    }

    /// A node that is a condition.
    fn condition(&self, id: NodeId, word: &str) -> Result<Id> {
        let node = self.series(id)?;
        if self.graph.ty(node) == Ty::Num {
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
            Some(near) => format!("did you mean {near}?"),
            None if names.is_empty() => "there are none".to_owned(),
            None => {
                names.truncate(12);
                format!("there are {}, …", names.join(", "))
            }
        };
        self.refused(id, &format!("no {what} is named {name}"), &mend)
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
fn usage(s: &Signature) -> String {
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

/// An error of meaning at a place of an expression.
fn meaning(ast: &Ast, at: Range<usize>, reason: &str, mend: &str) -> Error {
    Error::Meaning { shown: super::point_at(ast.text(), at, reason, mend), reason: reason.to_owned() }
}
