"""Volatility and drawdown: each from its definition, window by window, by numpy and pandas."""

import math

import numpy as np
import pandas as pd
import talib

from _indicators import bars, head, write

NUMPY = f"the definition, window by window, in numpy {np.__version__}"
PANDAS = f"the definition in pandas {pd.__version__}"
NAN = float("nan")


def windows(columns, period, f):
    """What `f` gives for the last `period` rows of each column."""
    n = len(columns[0])
    return np.array([f(*(c[i + 1 - period : i + 1] for c in columns)) if i + 1 >= period else NAN for i in range(n)])


def changes(x, before=None):
    """Logarithms of rows over the rows before; the first is missing."""
    before = x if before is None else before
    return np.concatenate([[NAN], np.log(x[1:] / before[:-1])])


def yang_zhang(open_, high, low, close, period, year):
    night, day = changes(open_, close), np.log(close / open_)
    rs = np.log(high / close) * np.log(high / open_) + np.log(low / close) * np.log(low / open_)
    k = 0.34 / (1.34 + (period + 1) / (period - 1))
    variance = lambda a, d, r: np.var(a, ddof=1) + k * np.var(d, ddof=1) + (1 - k) * np.mean(r)
    return np.sqrt(year * windows([night, day, rs], period, variance))


def deepest(x):
    """The lowest `x[j] / x[i] - 1` of all pairs that follow each other."""
    return min(x[j] / x[i] - 1 for i in range(len(x)) for j in range(i, len(x)))


def main():
    b = bars()
    open_, high, low, close = (b[k] for k in ["open", "high", "low", "close"])
    r = changes(close)
    out = lambda name, source, columns, **kw: write(
        name, generator=__file__, source=source, columns=columns, **{"tolerance": "1e-12", **kw}
    )
    named = lambda period, year: {"period": period, "periods_per_year": year}
    sets = [(20, 1.0), (2, 252.0), (60, 98280.0)]
    each = lambda name, f: out(name, NUMPY, {head(name, **named(p, y)): f(p, y) for p, y in sets})
    each("hv", lambda p, y: windows([r], p, lambda w: math.sqrt(y) * np.std(w, ddof=1)))
    mean = lambda term: lambda p, y: windows([term], p, lambda w: np.sqrt(y * np.mean(w)))
    each("parkinson", mean(np.log(high / low) ** 2 / (4 * math.log(2))))
    klass = 0.5 * np.log(high / low) ** 2 - (2 * math.log(2) - 1) * np.log(close / open_) ** 2
    each("garman_klass", mean(klass))
    rs = np.log(high / close) * np.log(high / open_) + np.log(low / close) * np.log(low / open_)
    each("rogers_satchell", mean(np.maximum(rs, 0)))
    each("yang_zhang", lambda p, y: yang_zhang(open_, high, low, close, p, y))
    squares = pd.Series(r[1:]) ** 2
    of = lambda a, y: np.concatenate([[NAN], np.sqrt(y * squares.ewm(alpha=a, adjust=False).mean())])
    weights = [(0.06, 1.0), (1.0, 252.0), (0.3, 52.0)]
    columns = {head("ewm_vol", alpha=a, periods_per_year=y): of(a, y) for a, y in weights}
    out("ewm_vol", PANDAS, columns)
    each("semi_dev", lambda p, y: np.sqrt(y * windows([np.minimum(r, 0) ** 2], p, np.mean)))
    plain = lambda name, source, f, periods: out(name, source, {head(name, period=p): f(p) for p in periods})
    plain("realized_var", NUMPY, lambda p: windows([r**2], p, np.sum), [1, 20, 60])
    products = lambda w: math.pi / 2 * np.sum(np.abs(w[1:]) * np.abs(w[:-1]))
    plain("bipower", NUMPY, lambda p: windows([r], p, products), [2, 20, 60])
    x = pd.Series(close)
    below = lambda p: x / x.rolling(p).max() - 1
    plain("drawdown", PANDAS, below, [1, 20, 252])
    plain("max_drawdown", "all pairs of each window, in Python 3.11", lambda p: windows([close], p, deepest), [2, 20, 252])
    plain("ulcer", PANDAS, lambda p: np.sqrt(((100 * below(p)) ** 2).rolling(p).mean()), [2, 14, 60])
    columns = {head("log_return", lag=n): np.log(x / x.shift(n)) for n in [1, 5, 60]}
    out("log_return", PANDAS, columns)
    columns = {}
    for period, lag in [(60, 1), (10, 5), (40, 20)]:
        pairs = [close, x.shift(lag).to_numpy()]
        of = lambda now, before: np.corrcoef(now, before)[0, 1]
        columns[head("autocorr", period=period, lag=lag)] = windows(pairs, period, of)
    out("autocorr", NUMPY, columns)
    columns = {}
    for period, lag in [(10, 10), (2, 1), (30, 5)]:
        average = pd.Series(talib.EMA(high - low, period))
        columns[head("chaikin_volatility", period=period, lag=lag)] = 100 * (average / average.shift(lag) - 1)
    source = f"the definition with the EMA of TA-Lib {talib.__ta_version__.decode().split()[0]}"
    out("chaikin_volatility", source, columns, tolerance="1e-11")


if __name__ == "__main__":
    main()
