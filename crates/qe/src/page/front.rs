//! The front page: what came of many strategies over many markets, at their defaults, and links to the pages beside it.

mod view;

use qe_core::stats::{quantile, quantiles};
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use serde::Serialize;

use super::run::Distribution;
use super::sweep::Luck;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrontFigures {
    /// The daily Sharpe ratio, a year; `None` where it is undefined.
    pub sharpe_daily: Option<f64>,
    /// Worth over the beginning, less one.
    pub total_return: f64,
    /// The deepest fall, as a share.
    pub max_drawdown: f64,
    /// Round trips that were closed.
    pub n_trades: u64,
    /// Days that were scored.
    pub n_days: f64,
    /// Whether all was lost.
    pub is_ruined: bool,
}

/// A strategy over a market.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrontRow {
    /// The strategy's name.
    pub strategy: String,
    /// The symbol.
    pub symbol: String,
    /// How long a bar is.
    pub timeframe: Timeframe,
    /// Whether decisions are filled at the price that they were made from.
    pub is_same_bar: bool,
    /// What came of it, or why nothing did.
    pub told: Result<FrontFigures, String>,
}

impl FrontRow {
    /// The figure that rows are compared by.
    pub fn sharpe(&self) -> Option<f64> {
        self.told.as_ref().ok()?.sharpe_daily
    }
}

/// A page beside the front page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrontLink {
    /// The name of the file, in the same folder.
    pub file: String,
    /// What kind of page it is.
    pub kind: String,
    /// What it is of.
    pub title: String,
    /// What is to be seen there.
    pub about: String,
}

/// What a front page shows.
#[derive(Debug, Clone, Serialize)]
pub struct FrontPage {
    /// What it is about.
    pub title: String,
    /// Where the data come from.
    pub data: String,
    /// What must be known before any figure is read.
    pub notes: Vec<String>,
    /// The stretch of time that was scored.
    pub scored: TimeRange,
    /// All runs, the best by daily Sharpe ratio first; those that have none behind, those that failed last.
    pub rows: Vec<FrontRow>,
    /// How many of them failed.
    pub n_failed: usize,
    /// The Sharpe ratios of all.
    pub spread: Distribution,
    /// Those that are drawn: not farther from the quartiles than three times the distance between them.
    pub drawn: Distribution,
    /// How far from zero four in five of them lie at most: where colours end.
    pub reach: f64,
    /// What luck alone would give the best of so many.
    pub luck: Option<Luck>,
    /// The pages beside it.
    pub links: Vec<FrontLink>,
    /// The version of the crate that made it.
    pub crate_version: &'static str,
}

impl FrontPage {
    /// The page of runs that were all scored over one stretch, on markets of so many days a year.
    pub fn of(title: &str, data: &str, scored: TimeRange, mut rows: Vec<FrontRow>, days_per_year: f64) -> Self {
        // Undefined behind all that is defined, failed behind both; ties stay in their order.
        let key = |row: &FrontRow| (row.told.is_err(), row.sharpe().is_none());
        rows.sort_by(|a, b| {
            let by_sharpe = || b.sharpe().unwrap_or(0.0).total_cmp(&a.sharpe().unwrap_or(0.0));
            key(a).cmp(&key(b)).then_with(by_sharpe)
        });
        let done = || rows.iter().filter_map(|row| row.told.as_ref().ok());
        let days: Vec<f64> = done().map(|f| f.n_days).collect();
        let sharpes: Vec<f64> = done().filter_map(|f| f.sharpe_daily).collect();
        let sizes: Vec<f64> = sharpes.iter().map(|x| x.abs()).collect();
        Self {
            title: title.to_owned(),
            data: data.to_owned(),
            notes: Vec::new(),
            scored,
            n_failed: rows.len() - days.len(),
            spread: Distribution::of(&sharpes, false),
            drawn: Distribution::of(&within_fences(&sharpes), false),
            reach: quantile(&sizes, 0.8).unwrap_or(0.0),
            luck: Luck::of(rows.len(), &days, days_per_year),
            links: Vec::new(),
            rows,
            crate_version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The rows that have a Sharpe ratio, the best first.
    pub fn ranked(&self) -> &[FrontRow] {
        &self.rows[..self.rows.iter().take_while(|row| row.sharpe().is_some()).count()]
    }
}

/// Values without those that lie far out: beyond the outer fences of J. Tukey, "Exploratory Data Analysis" (1977).
fn within_fences(values: &[f64]) -> Vec<f64> {
    let [Some(low), Some(high)] = quantiles(values, &[0.25, 0.75])[..] else { return values.to_vec() };
    let far = 3.0 * (high - low);
    values.iter().copied().filter(|x| (low - far..=high + far).contains(x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(strategy: &str, told: Result<Option<f64>, &str>) -> FrontRow {
        let figures = |sharpe_daily| FrontFigures {
            sharpe_daily,
            total_return: 0.1,
            max_drawdown: 0.2,
            n_trades: 3,
            n_days: 252.0,
            is_ruined: false,
        };
        let told = told.map(figures).map_err(str::to_owned);
        let (symbol, timeframe) = ("A".to_owned(), Timeframe::H1);
        FrontRow { strategy: strategy.to_owned(), symbol, timeframe, is_same_bar: false, told }
    }

    #[test]
    fn the_best_come_first_and_those_without_a_result_last() {
        let rows = vec![
            row("failed", Err("why")),
            row("none", Ok(None)),
            row("low", Ok(Some(-2.0))),
            row("tie a", Ok(Some(1.0))),
            row("tie b", Ok(Some(1.0))),
        ];
        let page = FrontPage::of("t", "d", TimeRange { start: 0, end: 1 }, rows, 252.0);
        let order: Vec<&str> = page.rows.iter().map(|r| r.strategy.as_str()).collect();
        assert_eq!(order, ["tie a", "tie b", "low", "none", "failed"]);
        assert_eq!((page.ranked().len(), page.n_failed), (3, 1));
        // All five were tried, over the year of those that were done. The expected greatest of five standard normals is
        // 1.1630 (H. Harter, Biometrika 48 (1961)); the approximation lies a little above.
        let luck = page.luck.as_ref().unwrap();
        assert_eq!((luck.n, luck.t_years), (5, 1.0));
        assert!((luck.sharpe - 1.163).abs() < 0.05, "{}", luck.sharpe);
    }

    #[test]
    fn what_lies_far_out_is_not_drawn() {
        // Quartiles 2 and 6, so the fences stand at -10 and 18.
        let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 18.0, 18.5];
        assert_eq!(within_fences(&values), values[..8]);
        assert_eq!(within_fences(&[]), [0.0; 0]);
    }
}
