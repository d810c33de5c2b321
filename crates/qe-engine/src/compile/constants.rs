//! Expressions of parameters alone: one number for each point.

use qe_core::columns::{Axis, Columns};
use qe_core::point::PointTable;
use qe_factors::expr::{Ast, Node, Schema, compile};
use qe_factors::plan::scalar::{BINARY, UNARY};

use crate::error::Result;

/// Whether an expression is of parameters and numbers alone, and of functions of one row.
pub(crate) fn is_constant(ast: &Ast) -> bool {
    let is_scalar = |name: &str| {
        UNARY.iter().any(|(n, _)| *n == name)
            || BINARY.iter().any(|(n, _)| *n == name)
            || ["clip", "is_missing"].contains(&name)
    };
    ast.nodes().iter().all(|node| match node {
        Node::Field(_) | Node::Lag(..) | Node::Text(_) => false,
        Node::Call { name, output, .. } => output.is_none() && is_scalar(name),
        _ => true,
    })
}

/// The values of such expressions at each point, conditions as 1, 0 and NaN.
pub(super) fn values(expressions: &[(&str, &Ast)], points: &PointTable) -> Result<Vec<Vec<f64>>> {
    if points.is_empty() || expressions.is_empty() {
        return Ok(vec![Vec::new(); expressions.len()]);
    }
    let compiled = compile(expressions, &Schema::new([""; 0]), Some(points))?;
    let row = Columns::new(Axis::instants(vec![0_i64])?);
    let outputs: Vec<f64> = compiled.plan().eval(&row)?.outputs().iter().map(|v| first(&v.to_numbers())).collect();
    let value = |e: usize, point: usize| compiled.output(e, point).and_then(|o| outputs.get(o).copied());
    Ok((0..expressions.len())
        .map(|e| (0..points.len()).map(|point| value(e, point).unwrap_or(f64::NAN)).collect())
        .collect())
}

fn first(values: &[f64]) -> f64 {
    values.first().copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use qe_core::param::Param;
    use qe_factors::expr::parse;

    use super::*;

    #[test]
    fn parameters_and_arithmetic_are_constant_and_columns_are_not() {
        let is = |text: &str| is_constant(&parse(text).unwrap());
        assert!(is("$a < 2 * $b and not $flag") && is("max($a, 3) > 1 ? $a : inf") && is("clip(sqrt($a), 0, 1)"));
        assert!(!is("close > $a") && !is("rsi(14)") && !is("$a[1]") && !is("bars_since(true)") && !is("sma(3, 2)"));
    }

    #[test]
    fn each_point_has_its_value() {
        let params = [Param::int("a", 1, 3, 1), Param::bool("flag", true)];
        let points = PointTable::grid(params, 10).unwrap();
        let texts = ["2 * $a - 1", "$a > 2 or $flag", "7", "$a / 0 > 1"].map(|t| parse(t).unwrap());
        let named: Vec<(&str, &Ast)> = texts.iter().map(|a| ("x", a)).collect();
        let v = values(&named, &points).unwrap();
        assert_eq!(v[0], [1.0, 1.0, 3.0, 3.0, 5.0, 5.0]);
        assert_eq!(v[1], [0.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(v[2], [7.0; 6]);
        assert!(v[3].iter().all(|x| x.is_nan()));
    }
}
