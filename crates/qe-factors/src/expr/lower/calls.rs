//! Calls: indicators and operators with their arguments, functions of one row, of events, and across symbols.

use qe_core::param::{Kind, Value};

use super::{AT_SIGNAL, Low, Lower, MAX_SINCE, MIN_SINCE, Val};
use crate::error::Result;
use crate::expr::ast::{Arg, Node, NodeId};
use crate::expr::words::{find, function_names, usage};
use crate::indicators::{self, Signature};
use crate::plan::scalar::{BINARY, Bin, Cmp, UNARY};
use crate::plan::{Cross, Id, LocalOp, Ty};

impl Lower<'_> {
    pub(super) fn call(&mut self, id: NodeId, name: &str, args: &[Arg], output: Option<&str>) -> Result<Val> {
        if let Some(signature) = find(name) {
            return self.signature(id, signature, args, output).map(Val::Series);
        }
        match name {
            "scan" => return self.scan(id, args, output),
            "fitted" => return self.fitted(id, args, output),
            _ => {}
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
            AT_SIGNAL => {
                let [x] = self.exactly(id, name, args, ["x"])?;
                if !self.scope.position {
                    return Err(self.out_of_scope(id, MAX_SINCE));
                }
                let (bars, ty) = (self.local.slot("pos.bars"), self.ty(x));
                self.push_local(id, LocalOp::AtSignal, &[x, Val::Local(bars)], ty)
            }
            MAX_SINCE | MIN_SINCE => {
                let [x] = self.exactly(id, name, args, ["x"])?;
                self.push_local(id, LocalOp::Extreme(name == MAX_SINCE), &[x], Ty::Num)
            }
            "forward" => {
                let [x, n] = self.exactly_series(id, name, args, ["x", "rows"])?;
                if !self.scope.future {
                    return Err(self.refused(
                        id,
                        "forward tells what comes later",
                        "use it in a label of research alone",
                    ));
                }
                if id != self.root || self.graph.ty(x) != Ty::Num {
                    let mend = "write forward(close / close[5] - 1, 5), a number, with nothing around it";
                    return Err(self.refused(id, "forward is the outermost of a label", mend));
                }
                self.ahead = self.rows(args[1].value, n)?;
                Ok(Val::Series(x))
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
                    // The paper on formulaic alphas writes `IndClass.sector`.
                    Node::Field(name) | Node::Text(name) => name.strip_prefix("IndClass.").unwrap_or(name),
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

    /// An operation across symbols of one series.
    pub(super) fn cross(&mut self, id: NodeId, name: &str, args: &[Arg], op: Cross) -> Result<Val> {
        let [x] = self.exactly_series(id, name, args, ["x"])?;
        Ok(Val::Series(self.graph.cross(op, x)))
    }

    /// Exactly these arguments, in order or by name.
    pub(super) fn exactly<const N: usize>(
        &self,
        id: NodeId,
        name: &str,
        args: &[Arg],
        names: [&str; N],
    ) -> Result<[Val; N]> {
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
    pub(super) fn exactly_series<const N: usize>(
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

    /// A whole number of rows.
    pub(super) fn rows(&self, at: NodeId, id: Id) -> Result<u32> {
        match self.graph.constant(id) {
            Some(n) if n >= 0.0 && n <= indicators::MAX_PERIOD as f64 => Ok(n as u32),
            Some(_) => Err(self.refused(at, "a lag looks back", "give a whole number from 0 to 1000000")),
            None => Err(self.refused(at, "a lag is one number for all rows", "give a number or a $parameter")),
        }
    }

    /// An indicator or an operator: constants are its parameters, series its inputs.
    pub(super) fn signature(
        &mut self,
        id: NodeId,
        s: &'static Signature,
        args: &[Arg],
        output: Option<&str>,
    ) -> Result<Id> {
        let params = (s.params)();
        let mut inputs: Vec<Option<Id>> = vec![None; s.inputs.len()];
        let mut values: Vec<Option<Value>> = vec![None; params.len()];
        let (mut next_input, mut next_param) = (0, 0);
        let how = || format!("write {}", usage(s));
        // Constants are parameters first; where there are more of them than parameters, those in front are series. What
        // is no value of a parameter (`true` where that is a number) is a series, as long as one is still to be given.
        let n_named =
            args.iter().filter_map(|a| a.name.as_ref()).filter(|n| params.iter().any(|p| p.name == ***n)).count();
        let is_constant = |arg: &&Arg| match &self.low[arg.value.idx() - self.base] {
            Some(Low::Val(Val::Series(id))) => {
                self.value(*id).is_some_and(|v| params.iter().any(|p| !is_other(&v, &p.kind)))
            }
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
                None => match (&value, params.get(next_param)) {
                    (Some(value), Some(param)) => next_input < inputs.len() && is_other(value, &param.kind),
                    _ => true,
                },
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
                if s.inputs[next_input].is_condition && self.graph.ty(node) == Ty::Num {
                    let reason = format!("`{}` wants a condition, and this is a number", s.name);
                    return Err(self.refused(arg.value, &reason, "compare it with something, such as `… != 0`"));
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
        let checked = s.args(&named).and_then(|args| (s.build)(&args).map(|built| (args, built)));
        let (checked, built) = checked.map_err(|e| self.refused(id, &e.to_string(), &how()))?;
        let idx = self.output_of(id, s, output)?;
        let inputs: Vec<Id> = inputs.into_iter().flatten().collect();
        let Some(call) = self.graph.call(s, &checked, &inputs) else {
            return Err(self.refused(id, &format!("{} reads too many columns", s.name), &how()));
        };
        let out = self.graph.output(call, idx);
        Ok(if built.gives_condition(idx as usize) { self.graph.to_cond(out) } else { out })
    }

    /// The number of the output that is meant.
    pub(super) fn output_of(&self, id: NodeId, s: &Signature, output: Option<&str>) -> Result<u32> {
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
    pub(super) fn value(&self, id: Id) -> Option<Value> {
        match self.graph.constant(id) {
            Some(x) if x.fract() == 0.0 && x.abs() < 9e15 => Some(Value::Int(x as i64)),
            Some(x) => Some(Value::Float(x)),
            None => self.graph.flag_of(id).map(Value::Bool),
        }
    }
}

/// Whether a value is of another kind than a parameter takes: yes or no for a number, or a number for yes or no.
fn is_other(value: &Value, kind: &Kind) -> bool {
    matches!(value, Value::Bool(_)) && !matches!(kind, Kind::Bool)
        || matches!(value, Value::Int(_) | Value::Float(_)) && !matches!(kind, Kind::Int { .. } | Kind::Float { .. })
}
