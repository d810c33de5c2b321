//! In what those differ that the markets of two sides are compared with: who they are, their bars, labels and memberships.

use std::collections::BTreeSet;

use serde_json::Value;

use super::changed::Changed;
use super::data::of_another;
use crate::market::Market;

/// The fields in which peers differ, but for the bars of symbols that were looked at before.
pub(super) fn of_markets(a: &Market, b: &Market, is_known: impl Fn(&str) -> bool, out: &mut Vec<Changed>) {
    let (of_a, of_b) = (Side(a), Side(b));
    let symbols: BTreeSet<&str> = of_a.symbols().chain(of_b.symbols()).collect();
    let groupings: BTreeSet<&str> = of_a.groupings().chain(of_b.groupings()).collect();
    for symbol in symbols {
        let name = format!("data.compared.{symbol}");
        let (x, y) = (of_a.market(symbol), of_b.market(symbol));
        let is_both = x.is_some() && y.is_some();
        if !(is_both && is_known(symbol)) {
            of_another(&name, x, y, out);
        }
        let mut field = |what: &str, a: Value, b: Value| {
            if is_both && a != b {
                out.push(Changed::new(format!("{name}.{what}"), a, b));
            }
        };
        groupings.iter().for_each(|g| field(g, of_a.label(g, symbol), of_b.label(g, symbol)));
        field("member", of_a.member(symbol), of_b.member(symbol));
    }
}

/// The peers of a market.
struct Side<'m>(&'m Market);

impl<'m> Side<'m> {
    fn symbols(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        self.0.peers().into_iter().flat_map(|p| p.markets()).map(Market::symbol)
    }

    fn place(&self, symbol: &str) -> Option<usize> {
        self.symbols().position(|s| s == symbol)
    }

    fn market(&self, symbol: &str) -> Option<&'m Market> {
        self.0.peers()?.markets().iter().find(|m| m.symbol() == symbol)
    }

    fn groupings(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        self.0.peers().into_iter().flat_map(|p| p.groups().keys()).map(String::as_str)
    }

    fn label(&self, grouping: &str, symbol: &str) -> Value {
        let label = self.0.peers().and_then(|p| p.groups().get(grouping)?.get(self.place(symbol)?));
        label.map_or(Value::Null, |label| Value::from(label.as_str()))
    }

    /// When it belongs; nothing, where that is not said.
    fn member(&self, symbol: &str) -> Value {
        let ranges = self.0.peers().and_then(|p| p.members()?.get(self.place(symbol)?));
        ranges.map_or(Value::Null, |ranges| ranges.iter().map(|r| Value::from(vec![r.start, r.end])).collect())
    }
}
