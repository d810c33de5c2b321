"""Where empyrical and quantstats define a figure otherwise than we do: what theirs is, shown by numbers.

Each row has our definition in numpy (data-fixtures/gen/metrics makes the goldens of ours from the same), what the peer
says, and what it would say if it is defined as docs/metrics.md claims. A claim that the peer's own number does not bear
out ends the script. Peers are run, never read.
"""

import math
import os
import warnings

os.environ.setdefault("MPLBACKEND", "agg")
warnings.filterwarnings("ignore")

import empyrical as em
import numpy as np
import pandas as pd
import quantstats.stats as qs
import scipy.stats as st

from _metrics import DAYS_PER_YEAR as YEAR, TAIL, returns

N_DAYS = 2_520


def dated(x):
    return pd.Series(x, pd.bdate_range("2010-01-01", periods=len(x)))


def drawdowns(x):
    equity = np.cumprod(1 + x)
    return 1 - equity / np.maximum.accumulate(np.concatenate([[1.0], equity]))[1:]


def longest(flags):
    most = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        most = max(most, run)
    return most


def on_a_series(seed):
    """Figure, whose, theirs, ours, theirs by the claim, the claim. An equal definition has the claim `ours`."""
    x, other = returns(seed, 2, N_DAYS)
    b = 0.5 * x + other
    X, B = dated(x), dated(b)
    n, mean, std = len(x), x.mean(), x.std(ddof=1)
    equity, fall = np.cumprod(1 + x), drawdowns(x)
    total = equity[-1] - 1
    cagr = (1 + total) ** (YEAR / n) - 1
    lost, won = x[x < 0], x[x > 0]
    downside = math.sqrt((np.minimum(x, 0) ** 2).mean() * YEAR)
    year = {"annualization": YEAR}
    periods = {"periods": int(YEAR)}
    both = [
        ("sharpe_daily", mean / std * math.sqrt(YEAR), em.sharpe_ratio(X, **year), qs.sharpe(X, **periods)),
        ("sortino", mean * YEAR / downside, em.sortino_ratio(X, **year), qs.sortino(X, **periods)),
        ("vol_annual", std * math.sqrt(YEAR), em.annual_volatility(X, **year), qs.volatility(X, **periods)),
        ("cagr", cagr, em.cagr(X, **year), qs.cagr(X, **periods)),
        ("max_drawdown", fall.max(), -em.max_drawdown(X), -qs.max_drawdown(X)),
        ("calmar", cagr / fall.max(), em.calmar_ratio(X, **year), qs.calmar(X, **periods)),
        ("omega", won.sum() / -lost.sum(), em.omega_ratio(X, 0, 0, 1), qs.omega(X, **periods)),
        ("tail_ratio", abs(np.quantile(x, 1 - TAIL) / np.quantile(x, TAIL)), em.tail_ratio(X), qs.tail_ratio(X)),
    ]
    rows = [(name, who, theirs, ours, ours, "ours") for name, ours, *said in both
            for who, theirs in zip(["empyrical", "quantstats"], said)]

    quantile, worst = -np.quantile(x, TAIL), -np.sort(x)[: int((n - 1) * TAIL) + 1].mean()
    z = st.norm.ppf(TAIL)
    normal_var, normal_cvar = -(mean + z * std), -(mean - st.norm.pdf(z) / TAIL * std)
    p, ratio = (x > 0).mean(), won.mean() / -lost.mean()
    beta = np.cov(x, b, ddof=1)[0, 1] / b.var(ddof=1)
    alpha = mean - beta * b.mean()
    greeks = qs.greeks(X, B, **periods)
    active = (x - b).mean() / (x - b).std(ddof=1)
    details = qs.drawdown_details(qs.to_drawdown_series(X))
    spell = details.loc[details["days"].idxmax()]
    calendar = (pd.Timestamp(spell["end"]) - pd.Timestamp(spell["start"])).days + 1

    def capture(days):
        yearly = lambda r: np.prod(1 + r[days]) ** (YEAR / days.sum()) - 1
        return x[days].mean() / b[days].mean(), yearly(x) / yearly(b)

    up, down = capture(b > 0), capture(b < 0)
    em_, qs_ = "empyrical", "quantstats"
    skew, kurtosis = st.skew(x), st.kurtosis(x, fisher=False)
    rows += [
        ("value_at_risk", em_, -em.value_at_risk(X, TAIL), quantile, quantile, "ours"),
        ("value_at_risk", qs_, -qs.value_at_risk(X, confidence=1 - TAIL), quantile, normal_var,
         "-(mean + std * z), z the normal quantile"),
        ("cvar", em_, -em.conditional_value_at_risk(X, TAIL), worst, worst, "ours"),
        ("cvar", qs_, -qs.cvar(X, confidence=1 - TAIL), worst, normal_cvar, "-(mean - std * pdf(z) / 0.05)"),
        ("skew", qs_, qs.skew(X), skew, skew * math.sqrt(n * (n - 1)) / (n - 2), "times sqrt(n (n - 1)) / (n - 2)"),
        ("kurtosis", qs_, qs.kurtosis(X), kurtosis,
         ((n + 1) * (kurtosis - 3) + 6) * (n - 1) / ((n - 2) * (n - 3)),
         "((n + 1) (k - 3) + 6) (n - 1) / ((n - 2) (n - 3))"),
        ("ulcer_index", qs_, qs.ulcer_index(X), math.sqrt((fall**2).mean()), math.sqrt((fall**2).sum() / (n - 1)),
         "divides by n - 1"),
        ("recovery_factor", qs_, qs.recovery_factor(X), total / fall.max(), abs(x.sum()) / fall.max(),
         "abs(sum of returns) / max_drawdown"),
        ("gain_to_pain", qs_, qs.gain_to_pain_ratio(X), x.sum() / -lost.sum(), x.sum() / -lost.sum(), "ours"),
        ("kelly", qs_, qs.kelly_criterion(X), p - (1 - p) / ratio, p - (1 - p) / ratio, "ours, without zeros"),
        ("beta", em_, em.beta(X, B), beta, beta, "ours"),
        ("beta", qs_, greeks["beta"], beta, beta, "ours"),
        ("alpha_annual", em_, em.alpha(X, B, **year), alpha * YEAR, (1 + alpha) ** YEAR - 1, "(1 + a)^252 - 1"),
        ("alpha_annual", qs_, greeks["alpha"], alpha * YEAR, alpha * YEAR, "ours"),
        ("information_ratio", em_, em.excess_sharpe(X, B), active * math.sqrt(YEAR), active, "not annualised"),
        ("information_ratio", qs_, qs.information_ratio(X, B), active * math.sqrt(YEAR), active, "not annualised"),
        ("up_capture", em_, em.up_capture(X, B), *up, "ratio of yearly rates of those days"),
        ("down_capture", em_, em.down_capture(X, B), *down, "ratio of yearly rates of those days"),
        ("stability", em_, em.stability_of_timeseries(X), *[st.linregress(range(n), np.log(equity)).rvalue ** 2] * 2,
         "ours"),
        ("longest_drawdown_days", qs_, float(details["days"].max()), float(longest(fall > 0)), float(calendar),
         "calendar days, both ends counted"),
    ]
    return rows


def at_the_edges():
    """The same of small series, where definitions part: `theirs` may be infinite or NaN, `ours` NaN for undefined."""
    inf, nan = math.inf, math.nan
    constant, gains = dated([0.001] * 50), dated([0.01, 0.02, 0.0, 0.01] * 5)
    missing = np.array([0.01, -0.02, nan, 0.03, -0.01])
    known = missing[~np.isnan(missing)]
    zeros, lost = dated([0.02, 0.0, -0.01, 0.0]), dated([0.5, -1.5, 0.2])
    odd = dated([0.5, -1.5, 0.2, 0.1, 0.1])
    large = dated([1.2, 0.1, 0.3])
    flat = dated([0.001] * 4)
    losing = dated([-0.02, 0.01, -0.03, 0.005])
    sharpe = lambda x: x.mean() / x.std(ddof=1) * math.sqrt(YEAR)
    deepest = drawdowns(losing.values).max()
    few = dated([0.01, -0.01, 0.02, 0.0])
    em_, qs_ = "empyrical", "quantstats"
    return [
        ("sharpe_daily of a constant", em_, em.sharpe_ratio(constant), nan, inf, "infinite"),
        ("sharpe_daily of a constant", qs_, qs.sharpe(constant), nan, max(qs.sharpe(constant), 1e15),
         "a ratio of rounding errors"),
        ("sharpe_daily with a missing day", em_, em.sharpe_ratio(dated(missing)), nan, sharpe(known),
         "of the days there"),
        ("sharpe_daily with a missing day", qs_, qs.sharpe(dated(missing)), nan, sharpe(known), "of the days there"),
        ("sortino without a loss", em_, em.sortino_ratio(gains), nan, inf, "infinite"),
        ("sortino without a loss", qs_, qs.sortino(gains), nan, nan, "NaN"),
        ("omega without a loss", em_, em.omega_ratio(gains, 0, 0, 1), nan, nan, "NaN"),
        ("omega without a loss", qs_, qs.omega(gains), nan, nan, "NaN"),
        ("gain_to_pain without a loss", qs_, qs.gain_to_pain_ratio(gains), nan, nan, "NaN"),
        ("profit_factor without a loss", qs_, qs.profit_factor(gains), nan, inf, "infinite"),
        ("profit_factor without trades", qs_, qs.profit_factor(zeros * 0), nan, 0.0, "0"),
        ("win_rate with zeros", qs_, qs.win_rate(zeros), 0.25, 0.5, "without the zeros"),
        ("kelly with zeros", qs_, qs.kelly_criterion(zeros), 0.25 - 0.25 / 2, 0.5 - 0.5 / 2, "without the zeros"),
        ("exposure with zeros", qs_, qs.exposure(dated([0.02, 0.0, -0.01])), 1.0, 0.67,
         "days that moved, up to a percent"),
        ("cagr below zero", em_, em.cagr(lost, annualization=YEAR), nan, (1.5 * -0.5 * 1.2) ** (YEAR / 3) - 1,
         "the power of a negative, where it has one"),
        ("cagr below zero, five days", em_, em.cagr(odd, annualization=YEAR), nan, nan, "NaN"),
        ("cagr below zero", qs_, qs.cagr(lost), nan, nan, "NaN"),
        ("best_day of returns above 1", qs_, qs.best(large), 1.2, 0.3 / 0.1 - 1,
         "taken for prices: the change from 0.1 to 0.3"),
        ("beta against a constant", em_, em.beta(few, flat), nan, nan, "NaN"),
        ("beta against a constant", qs_, qs.greeks(few, flat)["beta"], nan, 0.0, "0"),
        ("recovery_factor of a loss", qs_, qs.recovery_factor(losing), (np.prod(1 + losing) - 1) / deepest,
         abs(losing.sum()) / deepest, "abs(sum of returns) / max_drawdown"),
    ]


def is_alike(a, b):
    if not math.isfinite(a) or not math.isfinite(b):
        return (math.isnan(a) and math.isnan(b)) or a == b
    return abs(a - b) <= 1e-9 * max(1.0, abs(b))


def cells(seed):
    """The rows as a table, and the claims that are not borne out."""
    rows, wrong = definitions(seed)
    number = lambda v: "undefined" if math.isnan(v) else f"{v:.6g}"
    table = [[name, who, number(theirs), number(ours), "ours" if claim == "ours" else claim]
             for name, who, theirs, ours, _, claim in rows]
    said = [f"{who}: {name} is {theirs!r}, not {claimed!r}" for name, who, theirs, _, claimed, _ in wrong]
    return ["figure", "who", "theirs", "ours", "theirs is"], table, said


def definitions(seed):
    """All rows, and those whose claim is not borne out."""
    rows = on_a_series(seed) + at_the_edges()
    rows = [(name, who, *map(float, numbers), claim) for name, who, *numbers, claim in rows]
    return rows, [row for row in rows if not is_alike(row[2], row[4])]
