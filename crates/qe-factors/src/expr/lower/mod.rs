//! From syntax trees to a plan: names are resolved, types checked, parameters put in, functions expanded.
//!
//! Everything is compiled once for all parameter points: each expression is lowered once for all points that agree in the
//! parameters it reads, into a graph where equal parts are one node. So `sma(close, $fast)` over 150 values of `$fast` is computed 150
//! times, however many points use them.

mod alike;
mod calls;
mod fields;
mod fitted;
mod scan;
mod sym;
mod tf;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use qe_core::error::nearest;
use qe_core::point::PointTable;

use crate::error::{Error, Result};
use crate::expr::ast::{Arg, Ast, Binary, Node, NodeId, Unary, for_each_child};
use crate::expr::parse::MAX_LAG;
use crate::expr::schema::Schema;
use crate::expr::words;
use crate::plan::scalar::{Bin, Cmp, Un};
use crate::plan::{Field, Graph, Id, Local, LocalOp, Plan, Rule, Scope, Ty, of_vec};
use alike::Alike;
use sym::Others;

/// Compiles series for all points of a table; without one, for the single point that has no parameters.
///
/// # Errors
/// When an expression is empty, or names, types or arguments do not fit: the place is shown.
pub fn compile(expressions: &[(&str, &Ast)], schema: &Schema, points: Option<&PointTable>) -> Result<Compiled> {
    let series: Vec<_> = expressions.iter().map(|(name, ast)| (*name, *ast, Scope::SERIES)).collect();
    compile_scoped(&series, schema, points)
}

/// Compiles expressions, each of which may read what its scope says: an exit the open position, a size the account too.
/// One that does read of them becomes a [`Rule`], any other a series.
///
/// # Errors
/// As [`compile`], and when an expression reads what its scope does not allow.
pub fn compile_scoped(
    expressions: &[(&str, &Ast, Scope)],
    schema: &Schema,
    points: Option<&PointTable>,
) -> Result<Compiled> {
    let (mut graph, mut others) = (Graph::new(), Others::new(schema, expressions.iter().map(|e| e.0)));
    let mut kinds: Vec<Alike> = Vec::with_capacity(expressions.len());
    let mut roots: Vec<Vec<Root>> = Vec::with_capacity(expressions.len());
    for (_, ast, scope) in expressions {
        let Some(root) = ast.root() else {
            return Err(meaning(ast, 0..0, "the expression is empty", "write one, such as `close > sma(close, 20)`"));
        };
        let mut lower = Lower::new(ast, root, schema, &mut graph, points);
        (lower.scope, lower.others) = (*scope, Some(&mut others));
        let alike = Alike::new(lower.nodes(), points);
        let mut of_kind = Vec::with_capacity(alike.first.len());
        for point in &alike.first {
            of_kind.push(lower.root(*point)?);
        }
        roots.push(of_kind);
        kinds.push(alike);
    }
    let mut outputs = Outputs::default();
    let mut rules: Vec<Rule> = Vec::new();
    let mut rule_of: HashMap<String, usize> = HashMap::new();
    let mut places: Vec<Vec<Place>> = Vec::with_capacity(expressions.len());
    // Series come first, in the order of their expressions; then what rules read beside them.
    for ((name, ..), roots) in expressions.iter().zip(&roots) {
        let of_point = |root: &Root| match root {
            Root::Series(id, ahead) => Place::Output(outputs.place((*id, *ahead), || Arc::from(*name))),
            Root::Rule(..) => Place::Rule(0),
        };
        places.push(roots.iter().map(of_point).collect());
    }
    for (((name, ..), roots), place) in expressions.iter().zip(&roots).zip(&mut places) {
        for (root, place) in roots.iter().zip(&mut *place) {
            let Root::Rule(local, root) = root else { continue };
            let input = |(i, id): (usize, &Id)| outputs.place((*id, 0), || format!("{name}, input {i}").into());
            let rule = Rule::new((**local).clone(), *root, local.inputs().iter().enumerate().map(input).collect());
            *place = Place::Rule(*rule_of.entry(rule.to_string()).or_insert_with(|| {
                rules.push(rule);
                rules.len() - 1
            }));
        }
    }
    let of_kind = |(places, alike): (&Vec<Place>, &Alike)| alike.kind.iter().map(|k| places[*k as usize]).collect();
    let place = places.iter().zip(&kinds).map(of_kind).collect();
    let others = others.finish()?;
    let plan = Plan::with_others(graph, Arc::clone(&schema.columns), others, outputs.list)?.with_ahead(&outputs.ahead);
    Ok(Compiled { plan, rules, place })
}

/// The outputs of a plan: points that agree in what an expression depends on share one.
#[derive(Debug, Default)]
struct Outputs {
    list: Vec<(Arc<str>, Id)>,
    /// How many rows ahead each looks.
    ahead: Vec<u32>,
    known: HashMap<(Id, u32), usize>,
}

impl Outputs {
    fn place(&mut self, (id, ahead): (Id, u32), name: impl FnOnce() -> Arc<str>) -> usize {
        *self.known.entry((id, ahead)).or_insert_with(|| {
            self.list.push((name(), id));
            self.ahead.push(ahead);
            self.list.len() - 1
        })
    }
}

/// What an expression came to at a point.
enum Root {
    /// And how many rows ahead it looks.
    Series(Id, u32),
    /// Boxed: there may be one for each of many points, and most are series.
    Rule(Box<Local>, u32),
}

/// Where an expression is found at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Output(usize),
    Rule(usize),
}

/// Compiled expressions.
#[derive(Debug, Clone)]
pub struct Compiled {
    plan: Plan,
    rules: Vec<Rule>,
    place: Vec<Vec<Place>>,
}

impl Compiled {
    /// The plan of them all.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// About how many bytes it takes: the plan, the rules, and where each expression is found at each point.
    pub fn n_bytes(&self) -> usize {
        let places = self.place.iter().map(of_vec).sum::<usize>() + of_vec(&self.place);
        let rules = self.rules.iter().map(Rule::n_bytes).sum::<usize>() + of_vec(&self.rules);
        self.plan.n_bytes_itself() + places + rules
    }

    /// The same, over one symbol among many: see [`Plan::for_one_symbol`].
    ///
    /// # Errors
    /// As that.
    pub fn for_one_symbol(self) -> Result<Self> {
        Ok(Self { plan: self.plan.for_one_symbol()?, ..self })
    }

    /// The plan itself.
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// Which output of the plan is this expression at this point; `None` where there is no such, or it is a rule.
    pub fn output(&self, expression: usize, point: usize) -> Option<usize> {
        match self.place.get(expression)?.get(point)? {
            Place::Output(idx) => Some(*idx),
            Place::Rule(_) => None,
        }
    }

    /// The rule that this expression is at this point; `None` where there is no such, or it is a series.
    pub fn rule(&self, expression: usize, point: usize) -> Option<&Rule> {
        match self.place.get(expression)?.get(point)? {
            Place::Output(_) => None,
            Place::Rule(idx) => self.rules.get(*idx),
        }
    }

    /// As [`Compiled::rule`], by its place among all rules.
    pub fn rule_idx(&self, expression: usize, point: usize) -> Option<usize> {
        match self.place.get(expression)?.get(point)? {
            Place::Output(_) => None,
            Place::Rule(idx) => Some(*idx),
        }
    }

    /// All rules, each once.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
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

/// The most operations that the scalar programs of an expression may have together.
const MAX_LOCAL: usize = 4096;

/// The functions that remember rows since the entry of a position.
const MAX_SINCE: &str = "max_since_entry";
const MIN_SINCE: &str = "min_since_entry";
const AT_SIGNAL: &str = "at_signal";

struct Lower<'a> {
    ast: &'a Ast,
    schema: &'a Schema,
    columns: &'a [Arc<str>],
    graph: &'a mut Graph,
    points: Option<&'a PointTable>,
    /// What it may read beside the market.
    scope: Scope,
    /// What it is within, if anything: another timeframe or another symbol.
    within: Option<&'static str>,
    /// What is read of other symbols; `None` within another timeframe or symbol.
    others: Option<&'a mut Others>,
    /// The first node below the root; the lists that follow begin with it.
    base: usize,
    /// The nodes that the root needs.
    needed: Vec<bool>,
    /// Whether a node depends on a parameter.
    varies: Vec<bool>,
    low: Vec<Option<Low>>,
    root: NodeId,
    /// How many rows ahead the root looks.
    ahead: u32,
    /// What reads values that no column holds.
    local: Local,
    /// What calls of indicators came to, by the call and its arguments: most points share them.
    calls: HashMap<(NodeId, [Id; MAX_KEY]), Id>,
}

/// The most arguments of a call that is looked up.
const MAX_KEY: usize = 4;

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
                // A grouping is no series, and another timeframe or symbol has a plan of its own.
                Node::Call { name, args, .. } if matches!(&**name, "neutralize" | "sym" | "tf") => {
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
            scope: Scope::SERIES,
            within: None,
            others: None,
            base,
            needed,
            varies,
            low,
            root,
            ahead: 0,
            local: Local::default(),
            calls: HashMap::new(),
        }
    }

    /// The nodes below the root, and the root.
    fn nodes(&self) -> &'a [Node] {
        &self.ast.nodes()[self.base..=self.root.idx()]
    }

    /// The root at a point.
    fn root(&mut self, point: usize) -> Result<Root> {
        // A point has a scalar program of its own.
        (self.local, self.ahead) = (Local::default(), 0);
        for i in 0..self.needed.len() {
            let again = self.varies[i] || !matches!(self.low[i], Some(Low::Val(Val::Series(_)) | Low::Text(_)));
            if self.needed[i] && again {
                let low = self.node(NodeId((self.base + i) as u32), point)?;
                self.low[i] = Some(low);
            }
        }
        match self.val(self.root)? {
            Val::Series(id) => Ok(Root::Series(id, self.ahead)),
            Val::Local(op) => {
                let (part, roots) = self.local.part(&[op]);
                self.check_scope(&part)?;
                Ok(Root::Rule(Box::new(part), roots.first().copied().unwrap_or(0)))
            }
        }
    }

    /// The root at a point, which must be a series.
    fn series_root(&mut self, point: usize) -> Result<Id> {
        match self.root(point)? {
            Root::Series(id, _) => Ok(id),
            Root::Rule(local, _) => Err(self.out_of_scope(self.root, local.slots().first().map_or(MAX_SINCE, |s| s))),
        }
    }

    /// Fails if a scalar program reads what the scope does not allow.
    fn check_scope(&self, local: &Local) -> Result<()> {
        for slot in local.slots() {
            let is_allowed = match Field::parse(slot) {
                Some(field) if field.is_of_account() => self.scope.account,
                Some(_) => self.scope.position,
                None => false,
            };
            if !is_allowed {
                return Err(self.out_of_scope(self.root, slot));
            }
        }
        if local.remembers() && !self.scope.position {
            return Err(self.out_of_scope(self.root, MAX_SINCE));
        }
        Ok(())
    }

    /// The error of a value from outside where none can be had, at the place where it is read: in the root, or in a scan
    /// of which `at` is the call.
    fn out_of_scope(&self, at: NodeId, name: &str) -> Error {
        let (whose, mend) = match Field::parse(name) {
            Some(field) if field.is_of_account() => ("the account", "use it in a size or a gate of a strategy"),
            None if name != MAX_SINCE => {
                ("the step of a scan", "write scan(init, step), or name the states: scan(init_x=…, x=…)")
            }
            _ => ("an open position", "use it in an exit or a size of a strategy"),
        };
        let reads = |node: &Node| match node {
            Node::Field(field) => **field == *name,
            Node::Call { name: call, .. } => name == MAX_SINCE && matches!(&**call, AT_SIGNAL | MAX_SINCE | MIN_SINCE),
            _ => false,
        };
        // A scan gives a series whatever it reads, so what is meant is not within one that stands below.
        let is_scan = |id: NodeId| matches!(self.ast.node(id), Node::Call { name, .. } if &**name == "scan");
        let (mut is_below, mut id) = (vec![false; at.idx() + 1 - self.base], at);
        is_below[at.idx() - self.base] = true;
        for i in (self.base..=at.idx()).rev().filter(|i| self.needed[i - self.base]) {
            let below = NodeId(i as u32);
            if !is_below[i - self.base] {
                continue;
            } else if reads(self.ast.node(below)) {
                id = below;
            }
            if below == at || !is_scan(below) {
                for_each_child(self.ast.node(below), |c| is_below[c.idx() - self.base] = true);
            }
        }
        let name = match self.ast.node(id) {
            Node::Call { name: call, .. } => call,
            _ => name,
        };
        let from = match (self.scope.position, self.scope.account) {
            _ if is_scan(at) => "a scan is computed in every row",
            (false, false) => "this is computed from the market",
            (true, false) => "this is computed while a position is open, without the account",
            (false, true) => "this is computed from the market and the account",
            (true, true) => "this is computed from the market, the position and the account",
        };
        let mend = if is_scan(at) { "read it outside of the scan" } else { mend };
        self.refused(id, &format!("{name} is known of {whose} alone, and {from}"), mend)
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
            Node::Call { name, args, output } if &**name == "sym" => self.sym(id, args, output.as_deref(), point)?,
            Node::Call { name, args, output } => {
                let key = self.key(id, args);
                if let Some(known) = key.and_then(|key| self.calls.get(&key)) {
                    return Ok(Low::Val(Val::Series(*known)));
                }
                let called = self.call(id, name, args, output.as_deref())?;
                if let (Some(key), Val::Series(series)) = (key, called)
                    && words::find(name).is_some()
                {
                    self.calls.insert(key, series);
                }
                called
            }
        }))
    }

    /// A call and its arguments, if these are a few series.
    fn key(&self, id: NodeId, args: &[Arg]) -> Option<(NodeId, [Id; MAX_KEY])> {
        let mut key = [Id(u32::MAX); MAX_KEY];
        if args.len() > MAX_KEY {
            return None;
        }
        for (key, arg) in key.iter_mut().zip(args) {
            let Some(Low::Val(Val::Series(series))) = self.low[arg.value.idx() - self.base] else { return None };
            *key = series;
        }
        Some((id, key))
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
            let reason = format!("its scans and exits come to more than {MAX_LOCAL} operations");
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

/// An error of meaning at a place of an expression.
fn meaning(ast: &Ast, at: Range<usize>, reason: &str, mend: &str) -> Error {
    Error::Meaning { shown: super::point_at(ast.text(), at.clone(), reason, mend), reason: reason.to_owned(), at }
}
