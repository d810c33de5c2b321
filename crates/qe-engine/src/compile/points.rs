//! Which points can be run. What cannot is found without looking at each point by itself: points that agree in the
//! parameters that an expression reads fail together, and a stretch of points that compiles needs no closer look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use qe_core::point::{PointColumn, PointTable};
use qe_factors::expr::{Ast, Compiled, Node, Schema, compile_scoped};

use super::{Filling, Listed, Listing, constants};
use crate::error::{Error, Result};
use crate::expand::Expanded;
use crate::program::Program;
use crate::spec::StrategySpec;

/// The points that can be run, and why the others cannot.
pub(super) struct Survivors<'a> {
    points: &'a PointTable,
    /// Why each point cannot be run.
    pub(super) failed: Vec<Option<Arc<str>>>,
}

impl<'a> Survivors<'a> {
    /// The points whose values are in range, and meet what is required.
    pub(super) fn new(
        spec: &StrategySpec,
        expanded: &Expanded,
        points: &'a PointTable,
        filling: &Filling,
    ) -> Result<Self> {
        let mut out = Self { points, failed: vec![None; points.len()] };
        for (idx, param) in points.params().iter().enumerate() {
            let Some(own) = spec.params.get(&param.name).map(|p| p.named(&param.name)) else { continue };
            if own == *param {
                continue;
            }
            for (row, failed) in out.failed.iter_mut().enumerate().filter(|(_, f)| f.is_none()) {
                let Some(value) = points.value(row, idx) else { continue };
                if let Err(e) = own.check(&value) {
                    *failed = Some(invalid(&e.to_string()));
                }
            }
        }
        let mut required = Vec::with_capacity(expanded.require.len());
        for (i, expr) in expanded.require.iter().enumerate() {
            required.push(filling.fill(&format!("require[{i}]"), &expr.ast)?);
        }
        let named: Vec<(&str, &Ast)> = required.iter().map(|ast| ("require", ast)).collect();
        let values = constants::values(&named, points)?;
        for (expr, values) in expanded.require.iter().zip(&values) {
            for (failed, _) in out.failed.iter_mut().zip(values).filter(|(f, v)| f.is_none() && **v != 1.0) {
                *failed = Some(invalid(&format!("{} does not hold", expr.text)));
            }
        }
        Ok(out)
    }

    /// The table of those that are left.
    fn table(&self) -> Result<PointTable> {
        if self.failed.iter().all(Option::is_none) {
            return Ok(self.points.clone());
        }
        let mut table = PointTable::new(self.points.params().iter().cloned())?;
        for row in self.rows() {
            if let (Some(values), Some(id)) = (self.points.row(row), self.points.ids().get(row)) {
                table.push(*id, &values)?;
            }
        }
        Ok(table)
    }

    /// The rows of those that are left.
    fn rows(&self) -> impl Iterator<Item = usize> {
        self.failed.iter().enumerate().filter(|(_, f)| f.is_none()).map(|(row, _)| row)
    }

    /// Compiles everything for those that are left, after which fewer may be.
    pub(super) fn compile(&mut self, listing: &Listing, schema: &Schema, without_points: Compiled) -> Result<Compiled> {
        let table = self.table()?;
        if table.is_empty() {
            return Ok(without_points);
        }
        let error = match listing.compile(schema, &table) {
            Ok(compiled) => return Ok(compiled),
            Err(error) => error,
        };
        let rows: Vec<usize> = self.rows().collect();
        let n_before = rows.len();
        for listed in listing.to_compile() {
            for (place, reason) in failing(listed, schema, &table)? {
                if let Some(failed) = rows.get(place).and_then(|row| self.failed.get_mut(*row)) {
                    failed.get_or_insert_with(|| invalid(&reason));
                }
            }
        }
        let table = self.table()?;
        match table.len() {
            // No point alone is to blame.
            n if n == n_before => Err(error),
            0 => Ok(without_points),
            _ => listing.compile(schema, &table),
        }
    }

    /// A program for each point, or why there is none.
    pub(super) fn programs(
        self,
        listing: &Listing,
        expanded: &Expanded,
        compiled: &Compiled,
    ) -> Result<Vec<Result<Arc<Program>, Arc<str>>>> {
        let table = self.table()?;
        let (programs, _) = listing.programs(expanded, compiled, &table)?;
        let mut programs = programs.into_iter();
        Ok(self
            .failed
            .into_iter()
            .map(|failed| match failed {
                Some(reason) => Err(reason),
                None => match programs.next() {
                    Some(Ok(program)) => Ok(program),
                    Some(Err(fault)) => Err(invalid(&format!("{}: {}", fault.field, fault.reason))),
                    None => Err(invalid("it has no program")),
                },
            })
            .collect())
    }
}

fn invalid(reason: &str) -> Arc<str> {
    format!("invalid_point: {reason}").into()
}

/// The rows at which an expression does not compile, and why.
fn failing(listed: &Listed, schema: &Schema, table: &PointTable) -> Result<Vec<(usize, String)>> {
    let names: BTreeSet<&str> = listed
        .ast
        .nodes()
        .iter()
        .filter_map(|node| if let Node::Param(name) = node { Some(&**name) } else { None })
        .collect();
    let columns: Vec<&PointColumn> =
        names.iter().map(|name| table.column(name)).collect::<Result<_, _>>().map_err(Error::Core)?;
    let mut groups: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    for row in 0..table.len() {
        groups.entry(columns.iter().map(|c| bits(c, row)).collect()).or_default().push(row);
    }
    let mut distinct = PointTable::new(table.params().iter().cloned())?;
    for rows in groups.values() {
        if let Some(values) = rows.first().and_then(|row| table.row(*row)) {
            distinct.push(0, &values)?;
        }
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let mut out = Vec::new();
    let mut open = Vec::from([(0, groups.len())]);
    while let Some((start, end)) = open.pop() {
        let range = start..end;
        if range.is_empty() {
            continue;
        }
        let expression = (listed.field.as_str(), &listed.ast, listed.scope);
        let Err(error) = compile_scoped(&[expression], schema, Some(&distinct.slice(range.clone()))) else { continue };
        if range.len() == 1 {
            let reason = match &error {
                qe_factors::Error::Meaning { reason, .. } => format!("{}: {reason}", listed.field),
                other => format!("{}: {other}", listed.field),
            };
            out.extend(groups[range.start].iter().map(|row| (*row, reason.clone())));
            continue;
        }
        let middle = range.start + range.len() / 2;
        open.push((middle, end));
        open.push((start, middle));
    }
    Ok(out)
}

/// A value as bits that differ where values do.
fn bits(column: &PointColumn, row: usize) -> u64 {
    match column {
        PointColumn::Bool(v) => v.get(row).map_or(0, |v| u64::from(*v)),
        // In the order of the numbers, so that neighbours stand together.
        PointColumn::Int(v) => v.get(row).map_or(0, |v| (*v as u64) ^ (1 << 63)),
        PointColumn::Float(v) => v.get(row).map_or(0, |v| v.to_bits()),
        PointColumn::Choice(v) => v.get(row).map_or(0, |v| u64::from(*v)),
    }
}
