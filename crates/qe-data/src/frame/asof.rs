//! The point-in-time join of lazy queries: the same rule as [`crate::asof`], in a plan.

use polars::prelude::*;
use qe_core::time::NANOS_PER_SECOND;

use super::{AVAILABLE, SYMBOL, TS, frame_error};
use crate::error::{Error, Result};

/// Each row of `fast` with the last row of `slow` that was known when the fast row was complete, and its age.
///
/// Both sides have `ts` and `available` and are sorted by them; where both have `symbol`, rows join within a symbol.
/// The slow columns come as `<prefix><name>`, beside `<prefix>age_s` (seconds between the two completions). They are
/// missing before anything was known and where the age is beyond `max_age_ns`; the age itself is shown then.
///
/// # Errors
/// When `available` is missing on either side, or a prefixed name is taken.
pub fn asof_join(fast: LazyFrame, slow: LazyFrame, prefix: &str, max_age_ns: Option<i64>) -> Result<LazyFrame> {
    let schema = |lf: &LazyFrame| lf.clone().collect_schema().map_err(|e| frame_error("the as-of join", &e));
    let (left, right) = (schema(&fast)?, schema(&slow)?);
    for (side, s) in [("the fast query", &left), ("the slow query", &right)] {
        if !s.contains(AVAILABLE) {
            let there = s.iter_names().map(|n| n.to_string());
            let mend = "joins go by the time a row was complete: add it as `available`";
            return Err(Error::missing_column(side, AVAILABLE, there, mend));
        }
    }
    let by_symbol = left.contains(SYMBOL) && right.contains(SYMBOL);
    let values: Vec<&PlSmallStr> =
        right.iter_names().filter(|n| ![SYMBOL, TS, AVAILABLE].contains(&n.as_str())).collect();
    let age = format!("{prefix}age_s");
    let taken = values.iter().map(|n| format!("{prefix}{n}")).chain([age.clone()]).find(|n| left.contains(n));
    if let Some(name) = taken {
        let reason = format!("the fast query has a column {name:?} already");
        return Err(Error::spec("prefix", reason, "choose another prefix"));
    }
    let known = format!("{prefix}known_at");
    let mut columns = vec![col(AVAILABLE), col(AVAILABLE).alias(known.as_str())];
    columns.extend(values.iter().map(|n| col((*n).clone()).alias(format!("{prefix}{n}"))));
    if by_symbol {
        columns.push(col(SYMBOL));
    }
    let by = by_symbol.then(|| vec![PlSmallStr::from_static(SYMBOL)]);
    let options = AsOfOptions { left_by: by.clone(), right_by: by, allow_eq: true, ..AsOfOptions::default() };
    let how = JoinType::AsOf(Box::new(options));
    let joined = fast.join(slow.select(columns), [col(AVAILABLE)], [col(AVAILABLE)], JoinArgs::new(how));
    let nanos = (col(AVAILABLE) - col(known.as_str())).dt().total_nanoseconds(false);
    // The library would turn a division by a constant into a multiplication, which rounds differently.
    let age_s = nanos.clone().map(
        |c| {
            let seconds = c.i64()?.iter().map(|ns| ns.map(|ns| ns as f64 / NANOS_PER_SECOND as f64));
            Ok(Float64Chunked::from_iter_options(c.name().clone(), seconds).into_column())
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Float64)),
    );
    let mut fresh: Vec<Expr> = vec![age_s.alias(age.as_str())];
    if let Some(limit) = max_age_ns {
        let names = values.iter().map(|n| format!("{prefix}{n}"));
        let keep = || nanos.clone().lt_eq(lit(limit));
        fresh.extend(names.map(|n| when(keep()).then(col(n.as_str())).otherwise(lit(NULL)).alias(n.as_str())));
    }
    Ok(joined.with_columns(fresh).drop(by_name([known.as_str()], true, false)))
}
