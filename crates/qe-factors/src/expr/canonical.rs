//! One way to write a call: by the indicator's own name, every input in its place, every parameter by name with its
//! value.
//!
//! `rsi(14)`, `rsi(close, 14)` and `rsi(period=14)` are the same, and become `rsi(close, period=14)`. What identifies
//! an expression by its text goes through here, so that a later change of a default cannot change what the text meant.

use std::sync::Arc;

use qe_core::param::{Kind, Value};

use super::ast::{Arg, Ast, Binary, Node, NodeId, Unary, for_each_child};
use super::words::find;
use crate::indicators::Signature;
use crate::plan::scalar::{BINARY, UNARY};

/// The tree with the calls of indicators and operators written in one way. A call that does not fit stays as it is.
pub fn canonical_calls(ast: &Ast) -> Ast {
    let mut out = Ast::new();
    let mut place: Vec<NodeId> = Vec::with_capacity(ast.nodes().len());
    let kinds = constants(ast);
    for node in ast.nodes() {
        let to = |id: &NodeId| place.get(id.idx()).copied().unwrap_or(*id);
        let node = match node {
            Node::Unary(op, a) => Node::Unary(*op, to(a)),
            Node::Binary(op, a, b) => Node::Binary(*op, to(a), to(b)),
            Node::If(c, a, b) => Node::If(to(c), to(a), to(b)),
            Node::Lag(a, n) => Node::Lag(to(a), *n),
            Node::Call { name, args, output } => {
                let moved = args.iter().map(|a| Arg { name: a.name.clone(), value: to(&a.value) });
                let plain = Node::Call { name: name.clone(), args: moved.collect(), output: output.clone() };
                match find(name).and_then(|s| Some((s, arguments(s, args, &kinds)?))) {
                    Some((s, arguments)) => call(&mut out, ast, s, arguments, output.as_ref(), &to).unwrap_or(plain),
                    None => plain,
                }
            }
            leaf => leaf.clone(),
        };
        let Some(id) = out.push(node) else { break };
        place.push(id);
    }
    out
}

/// What each node is if it is one value for all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constant {
    Number,
    Flag,
    Word,
}

fn constants(ast: &Ast) -> Vec<Option<Constant>> {
    let mut kinds: Vec<Option<Constant>> = Vec::with_capacity(ast.nodes().len());
    for node in ast.nodes() {
        let mut all = true;
        for_each_child(node, |c| all &= kinds[c.idx()].is_some());
        let kind = match node {
            Node::Number(_) | Node::Param(_) => Some(Constant::Number),
            Node::Bool(_) => Some(Constant::Flag),
            Node::Text(_) => Some(Constant::Word),
            Node::Unary(Unary::Not, _) => Some(Constant::Flag),
            Node::Unary(Unary::Neg, _) => Some(Constant::Number),
            Node::Binary(op, ..) => Some(match op {
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Rem | Binary::Pow => Constant::Number,
                _ => Constant::Flag,
            }),
            Node::If(_, a, _) => kinds[a.idx()],
            Node::Call { name, output: None, .. }
                if UNARY.iter().any(|(n, _)| *n == &**name) || BINARY.iter().any(|(n, _)| *n == &**name) =>
            {
                Some(Constant::Number)
            }
            _ => None,
        };
        kinds.push(kind.filter(|_| all));
    }
    kinds
}

/// What each input and each parameter is given, as the compiler gives it; `None` if something does not fit.
#[expect(clippy::type_complexity, reason = "two lists of what may be left out")]
fn arguments(
    s: &Signature,
    args: &[Arg],
    kinds: &[Option<Constant>],
) -> Option<(Vec<Option<NodeId>>, Vec<Option<NodeId>>)> {
    let params = (s.params)();
    let mut inputs: Vec<Option<NodeId>> = vec![None; s.inputs.len()];
    let mut values: Vec<Option<NodeId>> = vec![None; params.len()];
    let fits = |constant: Constant, kind: &Kind| match constant {
        Constant::Flag => matches!(kind, Kind::Bool),
        Constant::Number => matches!(kind, Kind::Int { .. } | Kind::Float { .. }),
        Constant::Word => true,
    };
    let kind_of = |arg: &Arg| kinds.get(arg.value.idx()).copied().flatten();
    let is_named = |arg: &Arg| arg.name.as_ref().is_some_and(|n| params.iter().any(|p| p.name == **n));
    let n_named = args.iter().filter(|a| is_named(a)).count();
    let is_constant = |arg: &&Arg| {
        let any = |kind| kind == Constant::Word || params.iter().any(|p| fits(kind, &p.kind));
        arg.name.is_none() && kind_of(arg).is_some_and(any)
    };
    let n_constants = args.iter().filter(is_constant).count();
    let n_free = s.inputs.len().saturating_sub(args.len() - n_named - n_constants);
    let mut n_series = n_constants.saturating_sub(params.len().saturating_sub(n_named)).min(n_free);
    let (mut next_input, mut next_param) = (0, 0);
    for arg in args {
        let kind = kind_of(arg);
        let is_input = match &arg.name {
            Some(name) => match s.inputs.iter().position(|i| i.name == &**name) {
                Some(i) => {
                    next_input = i;
                    true
                }
                None => {
                    next_param = params.iter().position(|p| p.name == **name)?;
                    false
                }
            },
            None if kind.is_some() && n_series > 0 => {
                n_series -= 1;
                true
            }
            None => match (kind, params.get(next_param)) {
                (Some(kind), Some(param)) => next_input < inputs.len() && !fits(kind, &param.kind),
                _ => true,
            },
        };
        let (list, next) = if is_input { (&mut inputs, &mut next_input) } else { (&mut values, &mut next_param) };
        let slot = list.get_mut(*next)?;
        if slot.replace(arg.value).is_some() {
            return None;
        }
        *next += 1;
    }
    let is_whole = inputs.iter().zip(s.inputs).all(|(given, known)| given.is_some() || known.default.is_some());
    is_whole.then_some((inputs, values))
}

/// The call with everything in its place; `None` if there is no room for it.
fn call(
    out: &mut Ast,
    ast: &Ast,
    s: &Signature,
    (inputs, values): (Vec<Option<NodeId>>, Vec<Option<NodeId>>),
    output: Option<&Arc<str>>,
    to: &impl Fn(&NodeId) -> NodeId,
) -> Option<Node> {
    let params = (s.params)();
    if s.name == "lag" {
        // A lag by a number is a lag, however it is written.
        let x = to(inputs.first()?.as_ref()?);
        return match values.first()?.map(|v| (v, ast.node(v))) {
            None => Some(Node::Lag(x, 1)),
            Some((_, Node::Number(n))) if *n >= 0.0 && n.fract() == 0.0 && *n < 1e6 => Some(Node::Lag(x, *n as u32)),
            Some((v, _)) => {
                let args = [x, to(&v)].map(|value| Arg { name: None, value });
                Some(Node::Call { name: s.name.into(), args: args.into(), output: None })
            }
        };
    }
    let mut args = Vec::with_capacity(inputs.len() + values.len());
    for (given, known) in inputs.iter().zip(s.inputs) {
        let value = match (given, known.default) {
            (Some(id), _) => to(id),
            (None, Some(field)) => out.push(Node::Field(field.into()))?,
            (None, None) => return None,
        };
        args.push(Arg { name: None, value });
    }
    for (given, param) in values.iter().zip(&params) {
        let value = match given {
            Some(id) => to(id),
            None => literal(out, &param.default)?,
        };
        args.push(Arg { name: Some(param.name.as_str().into()), value });
    }
    let output = output.filter(|_| s.outputs.len() > 1).cloned();
    Some(Node::Call { name: s.name.into(), args: args.into(), output })
}

fn literal(out: &mut Ast, value: &Value) -> Option<NodeId> {
    let mut number = |x: f64| {
        let id = out.push(Node::Number(x.abs()))?;
        if x < 0.0 { out.push(Node::Unary(Unary::Neg, id)) } else { Some(id) }
    };
    match value {
        Value::Bool(v) => out.push(Node::Bool(*v)),
        Value::Int(v) => number(*v as f64),
        Value::Float(v) => number(*v),
        Value::Text(text) => out.push(Node::Text(text.as_str().into())),
    }
}

#[cfg(test)]
mod tests {
    use qe_core::param::Param;
    use qe_core::point::PointTable;

    use super::super::{Schema, compile, parse};
    use super::*;

    fn canonical(text: &str) -> String {
        let ast = canonical_calls(&parse(text).unwrap());
        ast.print(ast.root().unwrap())
    }

    #[test]
    fn ways_to_write_a_call_become_one() {
        for text in ["rsi(14)", "rsi()", "rsi(close)", "rsi(close, 14)", "rsi(period=14)", "rsi(x=close, period=14)"] {
            assert_eq!(canonical(text), "rsi(close, period=14)", "{text}");
        }
        assert_eq!(canonical("ts_mean(open, $n)"), "sma(open, period=$n)");
        assert_eq!(canonical("atr(2 * $n)"), "atr(high, low, close, period=2 * $n)");
        assert_eq!(
            canonical("macd(slow_period=30).hist[1]"),
            "macd(close, fast_period=12, slow_period=30, signal_period=9).hist[1]"
        );
        assert_eq!(canonical("sma(rsi(7), 3) > -1"), "sma(rsi(close, period=7), period=3) > -1");
        assert_eq!(canonical("latch(close > 1, true)"), "latch(close > 1, true)");
        assert_eq!(canonical("rsi(14).rsi"), "rsi(close, period=14)");
    }

    #[test]
    fn a_lag_is_a_lag() {
        assert_eq!(["x[3]", "lag(x, 3)", "delay(x, 3)", "lag(x, lag=3)"].map(canonical), ["x[3]"; 4]);
        assert_eq!(["x[$n]", "lag(x, $n)", "delay(x, $n)"].map(canonical), ["lag(x, $n)"; 3]);
        assert_eq!(canonical("lag(x)"), "x[1]");
    }

    #[test]
    fn what_does_not_fit_stays() {
        for text in ["rsi(1, 2, 3, 4)", "nothing(3)", "tf(\"1h\", close)", "max(close, 3)", "sma(close, wrong=3)"] {
            assert_eq!(canonical(text), text);
        }
    }

    #[test]
    fn the_plan_is_the_same_one() {
        let schema = Schema::new(["open", "high", "low", "close", "volume", "x"]);
        let points = PointTable::grid([Param::int("n", 2, 4, 3)], 10).unwrap();
        for text in [
            "rsi(14) + rsi(open, $n)",
            "cross_above(ema(close, $n), sma(20)) and adx(14) > 25",
            "donchian(20, $n).upper_exit[1] - donchian().middle",
            "corr(close, volume, 10) * beta(close, open, $n)",
            "sma(3, 2) + sma(3, $n)",
            "bars_since(close > open) + count_true(close > open, 5)",
            "stochrsi(x, 10, 10, 3, 3).k - bollinger(x, mult=2.5).lower",
            "bop() + mfi(10) + vwma(5) + delay(x, $n)",
        ] {
            let ast = parse(text).unwrap();
            let other = canonical_calls(&ast);
            let other = parse(&other.print(other.root().unwrap())).unwrap();
            // Equal parts of one plan are one node.
            let compiled = compile(&[("a", &ast), ("b", &other)], &schema, Some(&points)).unwrap();
            for point in 0..points.len() {
                assert!(compiled.output(0, point).is_some());
                assert_eq!(compiled.output(0, point), compiled.output(1, point), "{text}");
            }
        }
    }
}
