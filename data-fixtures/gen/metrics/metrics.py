"""Every metric of a run: by empyrical and quantstats where they define it as we do, else by numpy and its kin plainly.

What they define otherwise is in docs/metrics.md, and computed here from the definition.
"""

import math
import os
import warnings

os.environ.setdefault("MPLBACKEND", "agg")
warnings.filterwarnings("ignore")

import empyrical
import numpy as np
import pandas as pd
import quantstats
import scipy
import scipy.stats
import statsmodels
import statsmodels.api as sm
from quantstats import stats as qs
from statsmodels.stats.sandwich_covariance import S_hac_simple

from _metrics import write, write_inputs

EM = f"empyrical-reloaded {empyrical.__version__}"
QS = f"quantstats {quantstats.__version__}"
NP = f"the definition in numpy {np.__version__}"
SP = f"scipy {scipy.__version__}"
SM = f"statsmodels {statsmodels.__version__}"
PD = f"the definition in pandas {pd.__version__}"


def days(x):
    """As the peers want it: dated."""
    return pd.Series(x, pd.date_range("2020-01-01", periods=len(x), freq="D"))


def one(name, source, f):
    write(name, generator=__file__, source=source, f=f)


def by_empyrical(name, f):
    one(name, EM, lambda r: f(days(r["daily"]), r["days_per_year"]))


def of_daily():
    by_empyrical("cagr", lambda x, year: empyrical.cagr(x, annualization=year))
    by_empyrical("calmar", lambda x, year: empyrical.calmar_ratio(x, annualization=year))
    by_empyrical("cvar", lambda x, _: -empyrical.conditional_value_at_risk(x, 0.05))
    by_empyrical("downside_deviation", lambda x, year: empyrical.downside_risk(x, annualization=year))
    by_empyrical("max_drawdown", lambda x, _: -empyrical.max_drawdown(x))
    by_empyrical("omega", lambda x, _: empyrical.omega_ratio(x, 0.0, 0.0, 1))
    by_empyrical("sharpe_daily", lambda x, year: empyrical.sharpe_ratio(x, annualization=year))
    by_empyrical("sortino", lambda x, year: empyrical.sortino_ratio(x, annualization=year))
    by_empyrical("stability", lambda x, _: empyrical.stability_of_timeseries(x))
    by_empyrical("tail_ratio", lambda x, _: empyrical.tail_ratio(x))
    by_empyrical("total_return", lambda x, _: empyrical.cum_returns_final(x))
    by_empyrical("value_at_risk", lambda x, _: -empyrical.value_at_risk(x, 0.05))
    by_empyrical("vol_annual", lambda x, year: empyrical.annual_volatility(x, annualization=year))
    one("best_day", QS, lambda r: qs.best(days(r["daily"])))
    one("worst_day", QS, lambda r: qs.worst(days(r["daily"])))
    one("gain_to_pain", QS, lambda r: qs.gain_to_pain_ratio(days(r["daily"])))
    one("skew", SP, lambda r: scipy.stats.skew(r["daily"]))
    one("kurtosis", SP, lambda r: scipy.stats.kurtosis(r["daily"], fisher=False))
    one("observation_days", PD, lambda r: days(r["daily"]).count())
    one("sharpe_hac_error", SM, sharpe_hac_error)
    one("sharpe_step_raw", EM, lambda r: empyrical.sharpe_ratio(days(r["steps"]), annualization=r["steps_per_year"]))


def sharpe_hac_error(r):
    """Lo (2002), his GMM form: the covariance of mean and variance, then the gradient of their ratio."""
    x = r["daily"]
    n, mean, var = len(x), x.mean(), x.var()
    conditions = np.column_stack([x - mean, (x - mean) ** 2 - var])
    lag = min(int(math.floor(4 * (n / 100) ** (2 / 9))), n - 1)
    covariance = S_hac_simple(conditions, nlags=lag) / n
    # The ratio's deviation has n - 1 below it; the gradient is that of mean / sqrt(var n / (n - 1)).
    scale = math.sqrt((n - 1) / n)
    gradient = scale * np.array([1 / math.sqrt(var), -mean / (2 * var**1.5)])
    return math.sqrt(gradient @ covariance @ gradient / n * r["days_per_year"])


def drawdowns(x):
    equity = pd.Series(np.concatenate([[1.0], np.cumprod(1 + x)]))
    peak = equity.cummax()
    return (peak - equity) / peak


def spells(x):
    """Depth, days, and the day of the deepest point, of each stretch below the peak."""
    depth = drawdowns(x)
    under = depth > 0
    return [(g.max(), len(g)) for _, g in depth[under].groupby((~under).cumsum()[under])]


def of_drawdowns():
    one("avg_drawdown", PD, lambda r: np.mean([depth for depth, _ in spells(r["daily"])]))
    one("longest_drawdown_days", PD, lambda r: max(length for _, length in spells(r["daily"])))
    one("max_drawdown_days", PD, lambda r: max(spells(r["daily"]))[1])
    one("recovery_factor", EM,
        lambda r: empyrical.cum_returns_final(days(r["daily"])) / -empyrical.max_drawdown(days(r["daily"])))
    one("ulcer_index", PD, lambda r: math.sqrt((drawdowns(r["daily"])[1:] ** 2).mean()))


def of_benchmark():
    fit = lambda r: sm.OLS(r["daily"], sm.add_constant(r["bench"])).fit().params
    active = lambda r: r["daily"] - r["bench"]
    one("alpha_annual", SM, lambda r: fit(r)[0] * r["days_per_year"])
    one("beta", EM, lambda r: empyrical.beta(days(r["daily"]), days(r["bench"])))
    one("up_capture", NP, lambda r: r["daily"][r["bench"] > 0].mean() / r["bench"][r["bench"] > 0].mean())
    one("down_capture", NP, lambda r: r["daily"][r["bench"] < 0].mean() / r["bench"][r["bench"] < 0].mean())
    one("information_ratio", EM,
        lambda r: empyrical.excess_sharpe(days(r["daily"]), days(r["bench"])) * math.sqrt(r["days_per_year"]))
    one("tracking_error", NP, lambda r: np.std(active(r), ddof=1) * math.sqrt(r["days_per_year"]))


def of_trades():
    won = lambda r: r["frac"][r["pnl"] > 0]
    lost = lambda r: r["frac"][r["pnl"] < 0]
    one("avg_win", NP, lambda r: won(r).mean())
    one("avg_loss", NP, lambda r: -lost(r).mean())
    one("avg_trade_bars", NP, lambda r: r["bars"].mean())
    one("expectancy", NP, lambda r: r["frac"].mean())
    one("payoff_ratio", QS, lambda r: qs.payoff_ratio(days(r["frac"])))
    one("profit_factor", QS, lambda r: qs.profit_factor(days(r["pnl"] / 1e6)))
    one("win_rate", NP, lambda r: np.mean(r["pnl"] > 0))
    one("sqn", SP, lambda r: scipy.stats.ttest_1samp(r["pnl"], 0).statistic)
    one("n_trades", NP, lambda r: len(r["pnl"]))
    one("trades_per_year", NP, lambda r: len(r["pnl"]) / len(r["daily"]) * r["days_per_year"])

    def kelly(r):
        p, payoff = np.mean(r["pnl"] > 0), won(r).mean() / -lost(r).mean()
        return p - np.mean(r["pnl"] < 0) / payoff

    def losing_streak(r):
        losing = pd.Series(r["pnl"] < 0)
        return losing.groupby((~losing).cumsum()).sum().max()

    one("kelly", NP, kelly)
    one("max_losing_streak", PD, losing_streak)


def of_facts():
    def cost_share(r):
        gross = r["start_equity"] * (np.prod(1 + r["daily"]) - 1) + r["cost_sum"]
        return r["cost_sum"] / gross if gross > 0 else None

    one("cost_share", NP, cost_share)
    one("exposure", NP, lambda r: r["n_days_in_market"] / len(r["daily"]))
    one("n_days_in_market", NP, lambda r: r["n_days_in_market"])
    one("n_nans", NP, lambda r: r["n_nans"])
    one("turnover_annual", NP, lambda r: r["turnover_sum"] / len(r["daily"]) * r["days_per_year"])


def main():
    write_inputs(__file__, f"drawn by numpy {np.__version__}")
    of_daily()
    of_drawdowns()
    of_benchmark()
    of_trades()
    of_facts()


if __name__ == "__main__":
    main()
