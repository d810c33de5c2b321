"""Volume: OBV, AD, ADOSC and MFI by TA-Lib, the others by plain loops and by pandas from their definitions."""

import numpy as np
import pandas as pd
import talib

from _indicators import bars, head, write

TALIB = f"TA-Lib {talib.__ta_version__.decode().split()[0]} by its Python wrapper {talib.__version__}"
PANDAS = f"the definition in pandas {pd.__version__}"
LOOP = "the definition as a plain loop in Python 3.11"
NAN = float("nan")


def rows(n, first, f):
    """What `f` gives for each row, from `first` on."""
    return np.array([f(i) if i >= first else NAN for i in range(n)])


def vwap(typical, volume, session):
    out, paid, traded, last = [], 0.0, 0.0, None
    for price, v, s in zip(typical, volume, session):
        if s != last:
            paid, traded, last = 0.0, 0.0, s
        paid, traded = paid + price * v, traded + v
        out.append(paid / traded if traded > 0 else NAN)
    return np.array(out)


def volume_index(close, volume, counts):
    out = [1000.0]
    for i in range(1, len(close)):
        out.append(out[-1] * (close[i] / close[i - 1] if counts(volume[i] - volume[i - 1]) else 1.0))
    return np.array(out)


def klinger(high, low, close, volume, fast, slow, signal):
    force, up, ranges = [NAN], None, 0.0
    for i in range(1, len(close)):
        now, before = high[i] - low[i], high[i - 1] - low[i - 1]
        rises = high[i] + low[i] + close[i] > high[i - 1] + low[i - 1] + close[i - 1]
        ranges = ranges + now if rises == up else before + now
        up = rises
        force.append((1 if up else -1) * 100 * volume[i] * abs(2 * now / ranges - 1))
    kvo = ema(force, fast) - ema(force, slow)
    return kvo, ema(kvo, signal)


def ema(x, period):
    """TA-Lib's average of what follows the missing values at the beginning."""
    x = np.asarray(x, dtype=float)
    first = int(np.isnan(x).sum())
    return np.concatenate([np.full(first, NAN), talib.EMA(x[first:], period) if period > 1 else x[first:]])


def main():
    b = bars()
    open_, high, low, close, volume = (b[k] for k in ["open", "high", "low", "close", "volume"])
    typical = (high + low + close) / 3
    n = len(close)
    out = lambda name, source, columns, **kw: write(name, generator=__file__, source=source, columns=columns, **kw)
    out("obv", TALIB, {"obv": talib.OBV(close, volume)})
    out("ad", TALIB, {"ad": talib.AD(high, low, close, volume)})
    sets = [(3, 10), (12, 4)]
    named = lambda fast, slow: {"fast_period": fast, "slow_period": slow}
    adosc = {head("adosc", **named(f, s)): talib.ADOSC(high, low, close, volume, f, s) for f, s in sets}
    out("adosc", TALIB, adosc)
    out("mfi", TALIB, {head("mfi", period=p): talib.MFI(high, low, close, volume, p) for p in [2, 14, 45]})
    flow = pd.Series(((close - low) - (high - close)) / np.where(high > low, high - low, 1) * volume)
    of = lambda p: flow.rolling(p).sum() / pd.Series(volume).rolling(p).sum()
    out("cmf", PANDAS, {head("cmf", period=p): of(p) for p in [1, 20, 50]})
    session = np.floor(np.arange(n) / 40)
    out("vwap", LOOP, {"in:session": session, "vwap": vwap(typical, volume, session)})
    of = lambda p: (lambda v: (pd.Series(typical) * v).rolling(p).sum() / v.rolling(p).sum())(pd.Series(volume))
    out("vwap_rolling", PANDAS, {head("vwap_rolling", period=p): of(p) for p in [1, 20, 50]})
    ease = pd.Series((high + low) / 2).diff() * (high - low) / volume
    sets = [(14, 1e8), (1, 1e4), (40, 1e6)]
    columns = {head("eom", period=p, mult=m): (ease * m).rolling(p).mean() for p, m in sets}
    out("eom", PANDAS, columns)
    forces = np.concatenate([[NAN], np.diff(close) * volume[1:]])
    columns = {head("force", period=p): ema(forces, p) for p in [1, 13, 30]}
    out("force", f"the definition with the EMA of {TALIB}", columns)
    out("nvi", LOOP, {"nvi": volume_index(close, volume, lambda change: change < 0)})
    out("pvi", LOOP, {"pvi": volume_index(close, volume, lambda change: change > 0)})
    out("pvt", PANDAS, {"pvt": (pd.Series(close).pct_change() * volume).cumsum()})
    columns = {}
    for fast, slow, signal in [(34, 55, 13), (5, 9, 3), (20, 10, 6)]:
        named = {"fast_period": fast, "slow_period": slow, "signal_period": signal}
        kvo, line = klinger(high, low, close, volume, fast, slow, signal)
        columns[head("kvo", "kvo", **named)] = np.where(np.isnan(line), NAN, kvo)
        columns[head("kvo", "signal", **named)] = line
    out("kvo", f"the definition as a plain loop in Python 3.11, with the EMA of {TALIB}", columns)
    columns = {}
    for fast, slow in [(5, 10), (1, 4), (26, 12)]:
        a, c = ema(volume, fast), ema(volume, slow)
        columns[head("volume_osc", fast_period=fast, slow_period=slow)] = 100 * (a - c) / c
    out("volume_osc", f"the definition with the EMA of {TALIB}", columns)
    day = lambda m: pd.Series(m * np.abs(pd.Series(close).pct_change()) / (close * volume))
    columns = {head("amihud", period=p, mult=m): day(m).rolling(p).mean() for p, m in [(20, 1.0), (1, 1e9), (50, 1e9)]}
    out("amihud", PANDAS, columns, tolerance="1e-12")
    before = lambda p: pd.Series(volume).shift(1).rolling(p).mean()
    out("rel_volume", PANDAS, {head("rel_volume", period=p): volume / before(p) for p in [1, 20, 50]})


if __name__ == "__main__":
    main()
