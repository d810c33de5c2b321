//! Other symbols: an expression over the rows of another one.
//!
//! It is compiled into a plan of that symbol's own. What it gives comes into the host's plan as a column, in which each row
//! holds the last value that was complete by then.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::tf::rows_per_bar;
use super::{Low, Lower, Val};
use crate::error::Result;
use crate::expr::ast::{Arg, NodeId};
use crate::expr::schema::Schema;
use crate::plan::{Graph, Id, Other, Plan, Scope, Ty, Whose};

/// The longest text of an expression that a column is named by.
const MAX_NAME: usize = 240;

/// What all expressions read of other symbols.
pub(super) struct Others {
    symbols: Vec<Building>,
    /// The names that no column to come may have.
    names: HashSet<Arc<str>>,
    /// The number of the next column.
    next: u32,
}

struct Building {
    symbol: Arc<str>,
    columns: Arc<[Arc<str>]>,
    graph: Graph,
    /// The name of each output, its node, and the number of the host's column that it comes to.
    outputs: Vec<(Arc<str>, Id, u32)>,
    /// The host's column that a node comes to.
    columns_of: HashMap<Id, u32>,
}

impl Others {
    /// Nothing yet. `names` are those of the expressions: in a frame their values stand beside what is added here.
    pub(super) fn new<'n>(schema: &Schema, names: impl Iterator<Item = &'n str>) -> Self {
        Self { symbols: Vec::new(), names: names.map(Arc::from).collect(), next: schema.columns.len() as u32 }
    }

    /// A plan for each symbol.
    pub(super) fn finish(self) -> Result<Vec<Other>> {
        let other = |b: Building| {
            let columns = b.outputs.iter().map(|o| o.2).collect();
            let plan = Plan::new(b.graph, b.columns, b.outputs.into_iter().map(|(name, id, _)| (name, id)))?;
            Ok(Other { whose: Whose::Symbol(b.symbol), plan, columns })
        };
        self.symbols.into_iter().map(other).collect()
    }
}

impl Lower<'_> {
    /// Another symbol: `sym("SPY", sma(close, 200))`.
    pub(super) fn sym(&mut self, id: NodeId, args: &[Arg], output: Option<&str>, point: usize) -> Result<Val> {
        let how = "write sym(\"SPY\", close)";
        let ([symbol @ Arg { name: None, .. }, inner @ Arg { name: None, .. }], None) = (args, output) else {
            return Err(self.refused(id, "sym takes a symbol and an expression", how));
        };
        let Low::Text(name) = self.low(symbol.value)? else {
            return Err(self.refused(symbol.value, "a symbol is a word", how));
        };
        let Some(others) = self.others.take() else {
            let (reason, mend) = match self.within {
                Some("tf") => ("there is a symbol within a timeframe", "write sym(\"SPY\", tf(\"1h\", close))"),
                _ => ("there is a symbol within a symbol", "name the inner one alone"),
            };
            return Err(self.refused(id, reason, mend));
        };
        let found = self.sym_among(others, id, symbol.value, &name, inner.value, point);
        self.others = Some(others);
        let (column, ty, lookback) = found?;
        let column = self.graph.column_from(column, lookback);
        Ok(Val::Series(if ty == Ty::Cond { self.graph.to_cond(column) } else { column }))
    }
}

impl Lower<'_> {
    fn sym_among(
        &self,
        others: &mut Others,
        id: NodeId,
        at: NodeId,
        name: &Arc<str>,
        inner: NodeId,
        point: usize,
    ) -> Result<(u32, Ty, usize)> {
        let schema = self.schema.symbol_schema(name).ok_or_else(|| {
            if self.schema.symbols.is_empty() {
                let mend = "give a market its bars by Market::with_symbols, a schema its name by \
                            Schema::with_symbols, or the command --symbols";
                return self.refused(at, &format!("it is not known that there is a symbol {name}"), mend);
            }
            let names = self.schema.symbols.iter().map(|(name, _)| &**name);
            self.unknown(at, "symbol", name, names)
        })?;
        let known = others.symbols.iter().position(|b| b.symbol == *name);
        let known = known.unwrap_or_else(|| {
            let columns = Arc::clone(&schema.columns);
            let (symbol, graph) = (name.clone(), Graph::new());
            others.symbols.push(Building { symbol, columns, graph, outputs: Vec::new(), columns_of: HashMap::new() });
            others.symbols.len() - 1
        });
        let building = &mut others.symbols[known];
        let mut lower = Lower::new(self.ast, inner, schema, &mut building.graph, self.points);
        (lower.scope, lower.within) = (Scope { fitted: self.scope.fitted, ..Scope::MARKET }, Some("sym"));
        let root = lower.series_root(point)?;
        if !building.graph.crosses.is_empty() {
            let mend = "compute it across all symbols first, and take the symbol's value: that wants a column of it";
            return Err(self.refused(id, "it works across symbols within one symbol", mend));
        }
        // Where its bars are wider than the host's, each is known in the last of several rows.
        let rows = match (&self.schema.bars, &schema.bars) {
            (Some((from, ..)), Some((to, calendar, hours))) if to.nanos().is_none() || from.nanos().is_some() => {
                rows_per_bar(*from, *to, calendar, *hours)
            }
            _ => 1,
        };
        let (ty, lookback) = (building.graph.ty(root), building.graph.lookback(root));
        let lookback = lookback.saturating_add(1).saturating_mul(rows).saturating_sub(1);
        if let Some(column) = building.columns_of.get(&root) {
            return Ok((*column, ty, lookback));
        }
        let text: String = self.ast.print(id).chars().take(MAX_NAME).collect();
        // Parameter points have one text and differ in value, and the host may have a column of any name.
        let is_taken = |name: &str| others.names.contains(name) || self.schema.names.whole(name).is_some();
        let mut shown = text.clone();
        // With every name there are more of them, so the first number is nearly always free.
        for k in others.names.len().max(1).. {
            if !is_taken(&shown) {
                break;
            }
            shown = format!("{text} #{k}");
        }
        let (column, shown) = (others.next, Arc::<str>::from(shown));
        others.next += 1;
        others.names.insert(shown.clone());
        building.columns_of.insert(root, column);
        building.outputs.push((shown, root, column));
        Ok((column, ty, lookback))
    }
}
