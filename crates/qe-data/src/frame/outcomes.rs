//! Points and what came of them as one frame: a row a point, its parameters, how it ended, its metrics.

use polars::prelude::*;
use qe_core::param::Kind;
use qe_core::point::{OutcomeTable, PointColumn, PointTable};

use super::frame_error;
use crate::error::{Error, Result};

/// Points with their outcomes: `point_id`, the parameters, `status`, `reason`, the metrics. What is undefined is null.
///
/// # Errors
/// When the two are not about the same points, or a parameter has the name of another column.
pub fn outcomes_to_frame(points: &PointTable, outcomes: &OutcomeTable) -> Result<DataFrame> {
    if points.ids() != outcomes.ids() {
        let mend = "give the outcomes of these very points";
        return Err(Error::refused("the outcomes", "they are of other points", mend));
    }
    let mut out = vec![Column::new("point_id".into(), points.ids())];
    for param in points.params() {
        let name = PlSmallStr::from_str(&param.name);
        out.push(match points.column(&param.name)? {
            PointColumn::Bool(v) => Column::new(name, v),
            PointColumn::Int(v) => Column::new(name, v),
            PointColumn::Float(v) => Column::new(name, v),
            PointColumn::Choice(codes) => {
                let options: &[String] = match &param.kind {
                    Kind::Choice { options } => options,
                    _ => &[],
                };
                let word = |c: &u32| options.get(*c as usize).map(String::as_str);
                Column::new(name, codes.iter().map(word).collect::<Vec<_>>())
            }
        });
    }
    out.push(Column::new("status".into(), outcomes.outcomes().iter().map(|o| o.status()).collect::<Vec<_>>()));
    out.push(Column::new("reason".into(), outcomes.outcomes().iter().map(|o| o.reason()).collect::<Vec<_>>()));
    for metric in outcomes.metrics() {
        let values: Vec<Option<f64>> =
            outcomes.metric(metric)?.iter().map(|v| Some(*v).filter(|v| !v.is_nan())).collect();
        out.push(Column::new(metric.as_str().into(), values));
    }
    DataFrame::new(points.len(), out).map_err(|e| frame_error("the outcomes", &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::param::Param;

    #[test]
    fn a_row_a_point_and_what_is_undefined_is_null() {
        let params = [Param::int("n", 1, 9, 1), Param::choice("exit", ["stop", "trail"], "stop")];
        let mut points = PointTable::new(params).unwrap();
        points.push(4, &[2.into(), "trail".into()]).unwrap();
        points.push(5, &[3.into(), "stop".into()]).unwrap();
        let mut outcomes = OutcomeTable::new(["sharpe", "n_trades"]);
        outcomes.push_done(4, &[f64::NAN, 7.0]).unwrap();
        assert!(outcomes_to_frame(&points, &outcomes).unwrap_err().to_string().contains("other points"));
        outcomes.push_failed(5, "invalid_point: no");
        let df = outcomes_to_frame(&points, &outcomes).unwrap();
        assert_eq!(df.get_column_names(), ["point_id", "n", "exit", "status", "reason", "sharpe", "n_trades"]);
        assert_eq!(df.column("exit").unwrap().str().unwrap().get(0), Some("trail"));
        assert_eq!(df.column("reason").unwrap().str().unwrap().get(1), Some("invalid_point: no"));
        assert_eq!((df.column("sharpe").unwrap().null_count(), df.column("n_trades").unwrap().null_count()), (2, 1));
        // A parameter that is called like a metric has no column of its own.
        let mut points = PointTable::new([Param::int("sharpe", 1, 9, 1)]).unwrap();
        [4, 5].into_iter().for_each(|id| points.push(id, &[1.into()]).unwrap());
        assert!(outcomes_to_frame(&points, &outcomes).is_err());
    }
}
