//! Points that agree in the parameters that an expression reads: it is lowered once for all of them.

use std::collections::HashMap;

use qe_core::point::{PointColumn, PointTable};

use crate::expr::ast::Node;
use crate::plan::Fast;

/// Points by what an expression can tell of them.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// The first point of each kind, in order.
    pub(super) first: Vec<usize>,
    /// The kind of each point.
    pub(super) kind: Vec<u32>,
}

impl Alike {
    /// The kinds of points of a table that some nodes can tell apart; without a table there is one point.
    pub(super) fn new(nodes: &[Node], points: Option<&PointTable>) -> Self {
        let Some(points) = points else { return Self { first: vec![0], kind: vec![0] } };
        let is_read = |name: &str| nodes.iter().any(|node| matches!(node, Node::Param(param) if **param == *name));
        let read = points.params().iter().filter(|p| is_read(&p.name));
        let mut alike = Self::one(points.len());
        for column in read.filter_map(|p| points.column(&p.name).ok()) {
            match column {
                PointColumn::Bool(x) => alike.split(x.iter().map(|x| u64::from(*x))),
                PointColumn::Int(x) => alike.split(x.iter().map(|x| *x as u64)),
                PointColumn::Float(x) => alike.split(x.iter().map(|x| x.to_bits())),
                PointColumn::Choice(x) => alike.split(x.iter().map(|x| u64::from(*x))),
            }
        }
        alike
    }

    /// So many points of one kind.
    fn one(n: usize) -> Self {
        Self { first: (0..n.min(1)).collect(), kind: vec![0; n] }
    }

    /// Tells points apart that have different values.
    fn split(&mut self, values: impl Iterator<Item = u64>) {
        let mut known: HashMap<(u64, u32), u32, Fast> = HashMap::default();
        self.first.clear();
        for (point, (kind, value)) in self.kind.iter_mut().zip(values).enumerate() {
            *kind = *known.entry((value, *kind)).or_insert_with(|| {
                self.first.push(point);
                self.first.len() as u32 - 1
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use qe_core::param::{Param, Value};

    use super::*;
    use crate::expr::parse;

    #[test]
    fn points_are_told_apart_by_what_is_read_alone() {
        let params = [Param::int("a", 1, 3, 1), Param::bool("b", false), Param::float("c", 0.0, 1.0, 0.0)];
        let mut points = PointTable::new(params).unwrap();
        for (a, b, c) in [(1, false, 0.5), (1, true, 0.5), (2, true, 0.5), (1, true, 0.25), (2, false, 0.5)] {
            points.push(0, &[Value::Int(a), Value::Bool(b), Value::Float(c)]).unwrap();
        }
        let kinds = |text: &str| {
            let alike = Alike::new(parse(text).unwrap().nodes(), Some(&points));
            (alike.first, alike.kind)
        };
        assert_eq!(kinds("close > 1"), (vec![0], vec![0; 5]));
        assert_eq!(kinds("close > $a"), (vec![0, 2], vec![0, 0, 1, 0, 1]));
        assert_eq!(kinds("$b or close > $c"), (vec![0, 1, 3], vec![0, 1, 1, 2, 0]));
        assert_eq!(kinds("$b or close > $a + $c"), (vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4]));
        assert_eq!(kinds("close > $unheard_of"), (vec![0], vec![0; 5]));
        let none = Alike::new(parse("$a").unwrap().nodes(), Some(&points.slice(0..0)));
        assert_eq!((none.first, none.kind), (vec![], vec![]));
        assert_eq!(Alike::new(&[], None).first, [0]);
    }
}
