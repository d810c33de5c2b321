//! Names: parameters, columns, and fields that are made of columns.

use std::sync::Arc;

use qe_core::param::Value;
use qe_core::point::PointTable;

use super::{Low, Lower, Val};
use crate::error::Result;
use crate::expr::ast::NodeId;
use crate::expr::names::NameError;
use crate::expr::words::{ACCOUNT, DERIVED, POSITION, find, usage};
use crate::indicators;
use crate::ops;
use crate::plan::scalar::Bin;
use crate::plan::{Field, Id};

impl Lower<'_> {
    /// The value of a parameter at a point.
    pub(super) fn param(&mut self, id: NodeId, name: &str, point: usize) -> Result<Low> {
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
    pub(super) fn field(&mut self, id: NodeId, name: &str) -> Result<Val> {
        let of_scan = name == "prev" || name.starts_with("prev.") || name.starts_with("now.");
        if of_scan || Field::parse(name).is_some() {
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
                let outside = POSITION.iter().chain(ACCOUNT).copied();
                let names = columns.iter().map(|c| &**c).chain(DERIVED.iter().map(|(n, _)| *n)).chain(outside);
                Err(self.unknown(id, "column", name, names))
            }
        }
    }

    /// A column by its whole name, or by a part after `_` or `.` that only one ends with.
    pub(super) fn column(&self, id: NodeId, name: &str) -> Result<Option<u32>> {
        let idx = self.schema.names.find(name).map_err(|e: NameError| self.refused(id, &e.reason(), &e.mend()))?;
        Ok(idx.map(|idx| idx as u32))
    }

    /// A field that is made of columns: `typical`, `returns`, `adv20`.
    pub(super) fn derived(&mut self, id: NodeId, name: &str) -> Result<Option<Id>> {
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
}
