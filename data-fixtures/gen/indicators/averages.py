"""Averages and oscillators of one series: TA-Lib, pandas, and plain loops written from the definitions."""

import numpy as np
import pandas as pd
import talib

from _indicators import bars, head, write

TALIB = f"TA-Lib {talib.__ta_version__.decode().split()[0]} by its Python wrapper {talib.__version__}"
PANDAS = f"pandas {pd.__version__}"
LOOP = f"a plain loop by numpy {np.__version__}"


def by_talib(name, columns):
    write(name, generator=__file__, source=TALIB, columns=columns)


def seeded(x, alpha, period):
    """The average by pandas, begun at the plain mean of the first `period` values that there are."""
    x = np.array(x, dtype=float)
    first = int(np.argmax(~np.isnan(x)))
    at = first + period - 1
    start = x[at:].copy()
    start[0] = np.mean(x[first : at + 1])
    out = np.full(len(x), np.nan)
    out[at:] = pd.Series(start).ewm(alpha=alpha, adjust=False).mean().to_numpy()
    return out


def ema(x, period):
    return seeded(x, 2.0 / (period + 1), period)


def mean(x, period):
    return pd.Series(x).rolling(period).apply(np.mean, raw=True).to_numpy()


def recursive_averages(close):
    for name in ["ema", "dema", "tema", "trix"]:
        f = getattr(talib, name.upper())
        by_talib(name, {head(name, period=p): f(close, p) for p in ([5, 20, 30] if name != "ema" else [2, 20, 50])})
    by_talib("t3", {head("t3", period=p, v_frac=v): talib.T3(close, p, v) for p, v in [(5, 0.7), (10, 0.3), (20, 1.0)]})
    by_talib("kama", {head("kama", period=p, fast_period=2, slow_period=30): talib.KAMA(close, p) for p in [2, 10, 30]})
    columns = {head("wilder", period=p): seeded(close, 1.0 / p, p) for p in [1, 14, 40]}
    write("wilder", generator=__file__, source=PANDAS, columns=columns)
    columns = {}
    for p in [1, 2, 9, 20]:
        lag = (p - 1) // 2
        old = pd.Series(close).shift(lag).to_numpy()
        columns[head("zlema", period=p)] = ema(2 * close - old, p)
    write("zlema", generator=__file__, source=PANDAS, columns=columns)
    columns = {head("mcginley", period=p, mult=m): mcginley(close, p, m) for p, m in [(14, 1.0), (10, 0.6), (30, 1.0)]}
    write("mcginley", generator=__file__, source=LOOP, columns=columns)


def mcginley(x, period, mult):
    out = np.full(len(x), np.nan)
    out[period - 1] = m = np.mean(x[:period])
    for i in range(period, len(x)):
        m = m + (x[i] - m) / (mult * period * (x[i] / m) ** 4)
        out[i] = m
    return out


def changes(close):
    for name in ["roc", "rocp", "mom"]:
        by_talib(name, {head(name, period=p): getattr(talib, name.upper())(close, p) for p in [1, 10, 33]})
    by_talib("cmo", {head("cmo", period=p): talib.CMO(close, p) for p in [2, 14, 30]})
    pairs = [(12, 26), (3, 10), (10, 5)]
    by_talib("apo", {head("apo", fast_period=f, slow_period=s): talib.APO(close, f, s, 1) for f, s in pairs})
    columns = {}
    for fast, slow, n in [(12, 26, 1), (12, 26, 9), (3, 10, 16)]:
        ppo = talib.PPO(close, fast, slow, 1)
        signal = ema(ppo, n)
        ppo = np.where(np.isnan(signal), np.nan, ppo)
        for output, values in {"ppo": ppo, "signal": signal, "hist": ppo - signal}.items():
            columns[head("ppo", output, fast_period=fast, slow_period=slow, signal_period=n)] = values
    write("ppo", generator=__file__, source=f"{TALIB}; the signal by {PANDAS}", columns=columns)


def bands(close):
    columns = {}
    for period, mult in [(20, 2.0), (5, 1.5), (60, 3.0)]:
        upper, middle, lower = talib.BBANDS(close, period, mult, mult, 0)
        named = {"upper": upper, "middle": middle, "lower": lower}
        named |= {"width": (upper - lower) / middle, "percent_b": (close - lower) / (upper - lower)}
        for output, values in named.items():
            columns[head("bollinger", output, period=period, mult=mult)] = values
    by_talib("bollinger", columns)


def stochastic_of_rsi(close):
    columns = {}
    for n, stoch, d in [(14, 14, 3), (5, 10, 1)]:
        for output, values in zip("kd", talib.STOCHRSI(close, n, stoch, d, 0)):
            columns[head("stochrsi", output, rsi_period=n, stoch_period=stoch, k_period=1, d_period=d)] = values
    for n, stoch, k, d in [(14, 14, 3, 3), (7, 21, 5, 2)]:
        rsi = pd.Series(talib.RSI(close, n))
        low, high = rsi.rolling(stoch).min(), rsi.rolling(stoch).max()
        fast = mean(100 * (rsi - low) / (high - low), k)
        slow = mean(fast, d)
        fast = np.where(np.isnan(slow), np.nan, fast)
        for output, values in {"k": fast, "d": slow}.items():
            columns[head("stochrsi", output, rsi_period=n, stoch_period=stoch, k_period=k, d_period=d)] = values
    write("stochrsi", generator=__file__, source=f"{TALIB}; smoothed by {PANDAS}", columns=columns)


def others(b):
    close = b["close"]
    x = pd.Series(close)

    columns = {}
    for slow, fast, n in [(25, 13, 13), (13, 7, 1), (5, 20, 7)]:
        change = x.diff().to_numpy()
        tsi = 100 * ema(ema(change, slow), fast) / ema(ema(np.abs(change), slow), fast)
        signal = ema(tsi, n)
        tsi = np.where(np.isnan(signal), np.nan, tsi)
        for output, values in {"tsi": tsi, "signal": signal}.items():
            columns[head("tsi", output, slow_period=slow, fast_period=fast, signal_period=n)] = values
    write("tsi", generator=__file__, source=PANDAS, columns=columns)

    columns = {head("dpo", period=p): (x.shift(p // 2 + 1) - mean(close, p)).to_numpy() for p in [1, 2, 9, 20]}
    write("dpo", generator=__file__, source=PANDAS, columns=columns)

    columns = {}
    for p, fast, slow in [(10, 11, 14), (3, 8, 4)]:
        rates = pd.Series(talib.ROC(close, fast) + talib.ROC(close, slow))
        weights = np.arange(1.0, p + 1)
        curve = rates.rolling(p).apply(lambda w: np.average(w, weights=weights), raw=True)
        columns[head("coppock", period=p, fast_period=fast, slow_period=slow)] = curve.to_numpy()
    write("coppock", generator=__file__, source=f"{PANDAS}; the rates by {TALIB}", columns=columns)

    columns = {}
    for rates, means, n in [((10, 15, 20, 30), (10, 10, 10, 15), 9), ((3, 5, 8, 13), (4, 9, 2, 6), 1)]:
        kst = sum((k + 1) * mean(talib.ROC(close, rates[k]), means[k]) for k in range(4))
        signal = mean(kst, n)
        kst = np.where(np.isnan(signal), np.nan, kst)
        named = {f"roc{k + 1}_period": rates[k] for k in range(4)} | {f"sma{k + 1}_period": means[k] for k in range(4)}
        for output, values in {"kst": kst, "signal": signal}.items():
            columns[head("kst", output, **named, signal_period=n)] = values
    write("kst", generator=__file__, source=f"{PANDAS}; the rates by {TALIB}", columns=columns)

    columns = {}
    for p in [2, 10, 25]:
        for output, values in fisher(b["high"], b["low"], p).items():
            columns[head("fisher", output, period=p)] = values
    write("fisher", generator=__file__, source=LOOP, columns=columns)

    spread = lambda p: x.rolling(p).max() - x.rolling(p).min()
    columns = {head("vhf", period=p): (spread(p) / (x.diff().abs().rolling(p).sum())).to_numpy() for p in [7, 28, 60]}
    write("vhf", generator=__file__, source=PANDAS, columns=columns)

    columns = {head("laguerre_rsi", alpha=a): laguerre_rsi(close, 1 - a) for a in [0.5, 0.2, 0.8]}
    write("laguerre_rsi", generator=__file__, source=LOOP, columns=columns)


def fisher(high, low, period):
    middle = (high + low) / 2
    out = {"fisher": np.full(len(high), np.nan), "signal": np.full(len(high), np.nan)}
    value = last = 0.0
    for i in range(period - 1, len(high)):
        window = middle[i + 1 - period : i + 1]
        if window.max() == window.min():
            continue
        value = 0.33 * 2 * ((middle[i] - window.min()) / (window.max() - window.min()) - 0.5) + 0.67 * value
        value = 0.999 if value > 0.99 else -0.999 if value < -0.99 else value
        new = 0.5 * np.log((1 + value) / (1 - value)) + 0.5 * last
        if i >= period:
            out["fisher"][i], out["signal"][i] = new, last
        last = new
    return out


def laguerre_rsi(x, gamma):
    out = np.full(len(x), np.nan)
    a = b = c = d = x[0]
    for i in range(1, len(x)):
        a1, b1, c1, d1 = a, b, c, d
        a = (1 - gamma) * x[i] + gamma * a1
        b = -gamma * a + a1 + gamma * b1
        c = -gamma * b + b1 + gamma * c1
        d = -gamma * c + c1 + gamma * d1
        up = max(a - b, 0) + max(b - c, 0) + max(c - d, 0)
        down = max(b - a, 0) + max(c - b, 0) + max(d - c, 0)
        out[i] = up / (up + down)
    return out


def main():
    b = bars()
    close = b["close"]
    recursive_averages(close)
    changes(close)
    bands(close)
    stochastic_of_rsi(close)
    others(b)


if __name__ == "__main__":
    main()
