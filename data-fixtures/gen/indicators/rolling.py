"""Statistics of rolling windows: by TA-Lib where it has them, else by numpy, scipy or pandas on each window."""

import math

import numpy as np
import pandas as pd
import scipy
import scipy.stats
import talib

from _indicators import bars, head, write

BY_TALIB = f"TA-Lib {talib.__ta_version__.decode().split()[0]} by its Python wrapper {talib.__version__}"
BY_NUMPY = f"numpy {np.__version__}"
BY_SCIPY = f"scipy {scipy.__version__}"
BY_PANDAS = f"pandas {pd.__version__}"


def each(f, period, *columns):
    """`f` of every window of the columns."""
    out = np.full(len(columns[0]), np.nan)
    for i in range(period - 1, len(out)):
        out[i] = f(*(c[i + 1 - period : i + 1] for c in columns))
    return out


def one(name, source, f, periods, inputs=None):
    """The golden of an indicator with one output whose one parameter is its period."""
    columns = {head(name, period=p): f(p) for p in periods}
    write(name, generator=__file__, source=source, columns={**(inputs or {}), **columns})


def moments(b):
    x = b["close"]
    one("sum", BY_TALIB, lambda p: talib.SUM(x, p), [2, 20, 55])
    one("var_pop", BY_TALIB, lambda p: talib.VAR(x, p), [2, 20, 55])
    one("std_pop", BY_TALIB, lambda p: talib.STDDEV(x, p), [2, 20, 55])
    one("var", BY_NUMPY, lambda p: each(lambda w: np.var(w, ddof=1), p, x), [2, 20, 55])
    one("std", BY_NUMPY, lambda p: each(lambda w: np.std(w, ddof=1), p, x), [2, 20, 55])
    one("zscore", BY_NUMPY, lambda p: each(lambda w: (w[-1] - w.mean()) / np.std(w, ddof=1), p, x), [3, 20, 55])
    one("skew", BY_SCIPY, lambda p: each(lambda w: scipy.stats.skew(w, bias=False), p, x), [5, 20, 55])
    one("kurt", BY_SCIPY, lambda p: each(lambda w: scipy.stats.kurtosis(w, bias=False), p, x), [5, 20, 55])


def pairs(b):
    x, y = b["close"], b["high"] + 0.001 * b["volume"]
    inputs = {"in:x": x, "in:y": y}
    one("corr", BY_TALIB, lambda p: talib.CORREL(x, y, p), [3, 20, 55], inputs)
    one("cov", BY_NUMPY, lambda p: each(lambda v, w: np.cov(v, w, ddof=1)[0, 1], p, x, y), [2, 20, 55], inputs)
    slope = lambda v, w: np.polyfit(v - v.mean(), w, 1)[0]
    one("beta", BY_NUMPY, lambda p: each(slope, p, x, y), [3, 20, 55], inputs)
    volume = b["volume"]
    rolled = lambda column, p: pd.Series(column).rolling(p).sum().to_numpy()
    one("vwma", BY_PANDAS, lambda p: rolled(x * volume, p) / rolled(volume, p), [2, 20, 55])


def lines(b):
    x = b["close"]
    one("wma", BY_TALIB, lambda p: talib.WMA(x, p), [2, 20, 55])
    columns = {}
    r2 = lambda w: scipy.stats.linregress(np.arange(len(w)), w).rvalue ** 2
    for p in [3, 14, 55]:
        outputs = {
            "value": talib.LINEARREG(x, p),
            "slope": talib.LINEARREG_SLOPE(x, p),
            "intercept": talib.LINEARREG_INTERCEPT(x, p),
            "angle": talib.LINEARREG_ANGLE(x, p),
            "r2": each(r2, p, x),
            "forecast": talib.TSF(x, p),
        }
        columns.update({head("linreg", output, period=p): values for output, values in outputs.items()})
    write("linreg", generator=__file__, source=f"{BY_TALIB}; r2 by {BY_SCIPY}", columns=columns)


def extremes(b):
    x, high, low = b["close"], b["high"], b["low"]
    one("ts_max", BY_TALIB, lambda p: talib.MAX(x, p), [2, 20, 55])
    one("ts_min", BY_TALIB, lambda p: talib.MIN(x, p), [2, 20, 55])
    one("midpoint", BY_TALIB, lambda p: talib.MIDPOINT(x, p), [2, 14, 55])
    one("midprice", BY_TALIB, lambda p: talib.MIDPRICE(high, low, p), [2, 14, 55])
    # In steps of 0.5, so that there are equals.
    coarse = np.round(x * 2) / 2
    one("argmax", BY_NUMPY, lambda p: each(np.argmax, p, coarse), [2, 20, 55], {"in:x": coarse})
    one("argmin", BY_NUMPY, lambda p: each(np.argmin, p, coarse), [2, 20, 55], {"in:x": coarse})
    growth = 1 + (x - b["open"]) / b["open"]
    one("product", BY_NUMPY, lambda p: each(np.prod, p, growth), [2, 20, 55], {"in:x": growth})


def orders(b):
    x = b["close"]
    coarse = np.round(x * 2) / 2
    one("median", BY_PANDAS, lambda p: pd.Series(x).rolling(p).median().to_numpy(), [2, 20, 55])
    ranked = lambda p: pd.Series(coarse).rolling(p).rank(pct=True).to_numpy()
    one("ts_rank", BY_PANDAS, ranked, [2, 20, 55], {"in:x": coarse})
    columns = {}
    for p, q in [(20, 0.5), (5, 0.1), (55, 0.93)]:
        columns[head("quantile", period=p, q_frac=q)] = each(lambda w: np.quantile(w, q), p, x)
    write("quantile", generator=__file__, source=BY_NUMPY, columns=columns)
    one("mad", BY_NUMPY, lambda p: each(lambda w: np.mean(np.abs(w - w.mean())), p, x), [2, 20, 55])


def averages(b):
    x = b["close"]
    one("trima", BY_TALIB, lambda p: talib.TRIMA(x, p), [2, 5, 20, 55])

    def weighted(values, p):
        weights = np.arange(1, p + 1) / (p * (p + 1) / 2)
        return each(lambda w: w @ weights, p, values)

    hull = lambda p: weighted(2 * weighted(x, p // 2) - weighted(x, p), math.isqrt(p))
    one("hma", f"the definition in {BY_NUMPY}", hull, [4, 9, 16, 55])
    columns = {}
    for p, offset, sharpness in [(9, 0.85, 6.0), (20, 0.5, 4.0), (55, 0.9, 10.0)]:
        i = np.arange(p)
        weights = np.exp(-((i - offset * (p - 1)) ** 2) / (2 * (p / sharpness) ** 2))
        named = {"period": p, "offset_frac": offset, "sharpness": sharpness}
        columns[head("alma", **named)] = each(lambda w: np.average(w, weights=weights), p, x)
    write("alma", generator=__file__, source=f"the definition in {BY_NUMPY}", columns=columns)

    def efficiency(p):
        out = [math.nan] * len(x)
        for t in range(p, len(x)):
            way = math.fsum(abs(x[i] - x[i - 1]) for i in range(t - p + 1, t + 1))
            out[t] = abs(x[t] - x[t - p]) / way
        return out

    one("er", "the definition in plain Python 3.11", efficiency, [2, 10, 55])


def main():
    b = bars()
    moments(b)
    pairs(b)
    lines(b)
    extremes(b)
    orders(b)
    averages(b)


if __name__ == "__main__":
    main()
