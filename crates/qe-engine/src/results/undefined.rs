//! Why a metric of a row is undefined, where what else the row knows tells it.

use std::collections::BTreeMap;

use crate::metrics;

/// Metrics beside a benchmark.
const BENCHMARK: [&str; 6] =
    ["alpha_annual", "beta", "down_capture", "information_ratio", "tracking_error", "up_capture"];

/// Metrics of trades.
const TRADES: [&str; 12] = [
    "avg_loss",
    "avg_loss_money",
    "avg_trade_bars",
    "avg_win",
    "avg_win_money",
    "expectancy",
    "expectancy_money",
    "kelly",
    "payoff_ratio",
    "profit_factor",
    "sqn",
    "win_rate",
];

/// Metrics that divide by something that may not be there: what it is called then, and the figure that tells so.
const DIVIDED: [(&str, &str, &str); 13] = [
    ("avg_loss", "no_losing_trade", "n_losses"),
    ("avg_loss_money", "no_losing_trade", "n_losses"),
    ("avg_win", "no_winning_trade", "n_wins"),
    ("avg_win_money", "no_winning_trade", "n_wins"),
    ("calmar", "no_drawdown", "max_drawdown"),
    ("gain_to_pain", "no_losing_day", "downside_deviation"),
    ("kelly", "no_losing_trade", "n_losses"),
    ("kelly", "no_winning_trade", "n_wins"),
    ("omega", "no_losing_day", "downside_deviation"),
    ("payoff_ratio", "no_losing_trade", "n_losses"),
    ("profit_factor", "no_losing_trade", "n_losses"),
    ("recovery_factor", "no_drawdown", "max_drawdown"),
    ("sortino", "no_losing_day", "downside_deviation"),
];

/// Why figures are undefined that are, by name; those of which nobody knows are left out. `figures` are all that the row
/// could tell, and what is not among them is not told of.
pub(super) fn reasons(figures: &BTreeMap<&str, Option<f64>>, is_floored: bool) -> BTreeMap<&'static str, &'static str> {
    let is_undefined = |name: &str| figures.get(name).is_some_and(Option::is_none);
    let is_zero = |name: &str| figures.get(name).copied().flatten() == Some(0.0);
    let mut out = BTreeMap::new();
    if is_zero("observation_days") {
        let all = metrics::ALL.iter().filter(|m| is_undefined(m.name));
        return all.map(|m| (m.name, "no_days")).collect();
    }
    // Without a benchmark none of them is there; with one that does not vary, some are.
    if BENCHMARK.iter().all(|name| is_undefined(name)) {
        out.extend(BENCHMARK.map(|name| (name, "no_benchmark")));
    }
    if is_zero("n_trades") {
        out.extend(TRADES.into_iter().filter(|name| is_undefined(name)).map(|name| (name, "no_trades")));
    }
    for (name, reason, told_by) in DIVIDED {
        if is_undefined(name) && is_zero(told_by) {
            out.entry(name).or_insert(reason);
        }
    }
    if is_undefined("sharpe_daily") && is_floored {
        out.insert("sharpe_daily", "vol_floor");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said_and_nothing_else() {
        let figures = BTreeMap::from([
            ("beta", None),
            ("observation_days", Some(3.0)),
            ("n_trades", Some(2.0)),
            ("n_losses", Some(0.0)),
            ("profit_factor", None),
            ("sharpe_daily", None),
            ("stability", None),
        ]);
        let told = reasons(&figures, true);
        assert_eq!(told, BTreeMap::from([("profit_factor", "no_losing_trade"), ("sharpe_daily", "vol_floor")]));
        assert!(!reasons(&figures, false).contains_key("sharpe_daily"));
        let none = BTreeMap::from([("observation_days", Some(0.0)), ("cagr", None)]);
        assert_eq!(reasons(&none, false), BTreeMap::from([("cagr", "no_days")]));
    }
}
