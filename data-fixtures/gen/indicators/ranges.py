"""Indicators of bars by TA-Lib; what it lacks by pandas and numpy, or by a loop written from the definition."""

import numpy as np
import pandas as pd
import talib

from _indicators import bars, head, write

TALIB = f"TA-Lib {talib.__ta_version__.decode().split()[0]} by its Python wrapper {talib.__version__}"
PANDAS = f"its formula in pandas {pd.__version__} and numpy {np.__version__}"
LOOP = f"a loop in Python written from the definition, averages by {TALIB}"

B = bars()
OPEN, HIGH, LOW, CLOSE = B["open"], B["high"], B["low"], B["close"]
HLC = (HIGH, LOW, CLOSE)


def one(name, source, f, *sets):
    """A golden whose columns are one or more outputs under each set of parameters: `f(**set)` maps output to values."""
    columns = {}
    for params in sets:
        for output, values in f(**params).items():
            columns[head(name, output, **params)] = values
    write(name, generator=__file__, source=source, columns=columns)


def single(f):
    """For an indicator of one output."""
    return lambda **params: {None: f(**params)}


def hidden(outputs, lookback):
    """All outputs begin together."""
    return {name: np.where(np.arange(len(values)) < lookback, np.nan, values) for name, values in outputs.items()}


def highest(x, n):
    return pd.Series(x).rolling(n).max().to_numpy()


def lowest(x, n):
    return pd.Series(x).rolling(n).min().to_numpy()


def true_range():
    last = pd.Series(CLOSE).shift(1)
    parts = [HIGH - LOW, (HIGH - last).abs(), (LOW - last).abs()]
    return pd.concat([pd.Series(p) for p in parts], axis=1).max(axis=1, skipna=False)


def periods(*values):
    return [{"period": value} for value in values]


def donchian(entry_period, exit_period):
    upper, lower = highest(HIGH, entry_period), lowest(LOW, entry_period)
    outputs = {
        "upper_entry": upper,
        "lower_entry": lower,
        "upper_exit": highest(HIGH, exit_period),
        "lower_exit": lowest(LOW, exit_period),
        "middle": (upper + lower) / 2,
    }
    return hidden(outputs, max(entry_period, exit_period) - 1)


def chop(period):
    total = true_range().rolling(period).sum().to_numpy()
    return 100 * np.log10(total / (highest(HIGH, period) - lowest(LOW, period))) / np.log10(period)


def stoch(k_period, k_slow, d_period):
    return dict(zip("kd", talib.STOCH(*HLC, k_period, k_slow, 0, d_period, 0)))


def supertrend(period, mult):
    atr = talib.ATR(*HLC, period)
    out = {name: np.full(len(CLOSE), np.nan) for name in ["line", "direction", "upper", "lower"]}
    trend, upper, lower = 1, None, None
    for i in range(period, len(CLOSE)):
        middle = (HIGH[i] + LOW[i]) / 2
        basic_upper, basic_lower = middle + mult * atr[i], middle - mult * atr[i]
        if upper is None or basic_upper < upper or CLOSE[i - 1] > upper:
            upper = basic_upper
        if lower is None or basic_lower > lower or CLOSE[i - 1] < lower:
            lower = basic_lower
        if trend == 1 and CLOSE[i] < lower:
            trend = -1
        elif trend == -1 and CLOSE[i] > upper:
            trend = 1
        row = {"line": lower if trend == 1 else upper, "direction": trend, "upper": upper, "lower": lower}
        for name, value in row.items():
            out[name][i] = value
    return out


def keltner(period, atr_period, mult):
    middle, atr = talib.EMA(CLOSE, period), talib.ATR(*HLC, atr_period)
    outputs = {"upper": middle + mult * atr, "middle": middle, "lower": middle - mult * atr}
    return hidden(outputs, max(period - 1, atr_period))


def aroon(period):
    down, up = talib.AROON(HIGH, LOW, period)
    return {"up": up, "down": down, "osc": talib.AROONOSC(HIGH, LOW, period)}


def dmi(period):
    return {
        "plus_di": talib.PLUS_DI(*HLC, period),
        "minus_di": talib.MINUS_DI(*HLC, period),
        "dx": talib.DX(*HLC, period),
    }


def stochf(k_period, d_period):
    return dict(zip("kd", talib.STOCHF(*HLC, k_period, d_period, 0)))


def uo(fast_period, mid_period, slow_period):
    return talib.ULTOSC(*HLC, fast_period, mid_period, slow_period)


def vortex(period):
    sums = lambda x: pd.Series(x).rolling(period).sum().to_numpy()
    last_high, last_low = pd.Series(HIGH).shift(1), pd.Series(LOW).shift(1)
    total = sums(true_range())
    return {"plus": sums((HIGH - last_low).abs()) / total, "minus": sums((LOW - last_high).abs()) / total}


def ichimoku(conversion_period, base_period, span_period, displacement):
    middle = lambda n: (highest(HIGH, n) + lowest(LOW, n)) / 2
    ago = lambda x: pd.Series(x).shift(displacement - 1).to_numpy()
    conversion, base = middle(conversion_period), middle(base_period)
    outputs = {
        "conversion": conversion,
        "base": base,
        "span_a": ago((conversion + base) / 2),
        "span_b": ago(middle(span_period)),
    }
    return hidden(outputs, max(conversion_period, base_period, span_period) - 1 + displacement - 1)


def ao(fast_period, slow_period):
    middle = pd.Series((HIGH + LOW) / 2)
    return (middle.rolling(fast_period).mean() - middle.rolling(slow_period).mean()).to_numpy()


def mass_index(period, ema_period):
    once = talib.EMA(HIGH - LOW, ema_period)
    ratio = once / talib.EMA(once, ema_period)
    return pd.Series(ratio).rolling(period).sum().to_numpy()


def elder_ray(period):
    average = talib.EMA(CLOSE, period)
    return {"bull": HIGH - average, "bear": LOW - average}


def chandelier(period, mult):
    width = mult * talib.ATR(*HLC, period)
    return {"long": highest(HIGH, period) - width, "short": lowest(LOW, period) + width}


def main():
    one("true_range", TALIB, single(lambda: talib.TRANGE(*HLC)), {})
    one("atr", TALIB, single(lambda period: talib.ATR(*HLC, period)), *periods(1, 14, 30))
    one("natr", TALIB, single(lambda period: talib.NATR(*HLC, period)), *periods(2, 14, 30))
    one("dmi", TALIB, dmi, *periods(2, 14, 30))
    one("adx", TALIB, single(lambda period: talib.ADX(*HLC, period)), *periods(2, 14, 30))
    one("donchian", PANDAS, donchian, *[{"entry_period": a, "exit_period": b} for a, b in [(20, 10), (5, 55), (1, 3)]])
    one("chop", PANDAS, single(chop), *periods(2, 14, 50))
    sets = [{"k_period": a, "k_slow": b, "d_period": c} for a, b, c in [(14, 3, 3), (5, 1, 4), (40, 7, 2)]]
    one("stoch", TALIB, stoch, *sets)
    one("willr", TALIB, single(lambda period: talib.WILLR(*HLC, period)), *periods(2, 14, 60))
    one("cci", TALIB, single(lambda period: talib.CCI(*HLC, period)), *periods(3, 14, 60))
    sets = [{"step": 0.02, "max_step": 0.2}, {"step": 0.05, "max_step": 0.1}, {"step": 0.3, "max_step": 0.2}]
    one("psar", TALIB, single(lambda step, max_step: talib.SAR(HIGH, LOW, step, max_step)), *sets)
    one("supertrend", LOOP, supertrend, *[{"period": a, "mult": m} for a, m in [(10, 3.0), (1, 0.5), (30, 2.0)]])
    sets = [{"period": a, "atr_period": b, "mult": m} for a, b, m in [(20, 10, 2.0), (5, 14, 1.5)]]
    one("keltner", f"from {TALIB}", keltner, *sets)
    one("aroon", TALIB, aroon, *periods(2, 14, 50))
    one("adxr", TALIB, single(lambda period: talib.ADXR(*HLC, period)), *periods(2, 14, 30))
    one("stochf", TALIB, stochf, *[{"k_period": a, "d_period": b} for a, b in [(14, 3), (5, 1), (30, 8)]])
    sets = [(7, 14, 28), (3, 5, 60), (30, 10, 20)]
    sets = [{"fast_period": a, "mid_period": b, "slow_period": c} for a, b, c in sets]
    one("uo", TALIB, single(uo), *sets)
    one("vortex", PANDAS, vortex, *periods(1, 14, 40))
    names = ["conversion_period", "base_period", "span_period", "displacement"]
    one("ichimoku", PANDAS, ichimoku, *[dict(zip(names, v)) for v in [(9, 26, 52, 26), (30, 7, 22, 1)]])
    one("ao", PANDAS, single(ao), *[{"fast_period": a, "slow_period": b} for a, b in [(5, 34), (40, 10)]])
    one("bop", TALIB, single(lambda: talib.BOP(OPEN, *HLC)), {})
    source = f"EMA by {TALIB}, rolling sums by pandas {pd.__version__}"
    one("mass_index", source, single(mass_index), *[{"period": a, "ema_period": b} for a, b in [(25, 9), (10, 20)]])
    one("elder_ray", f"from EMA by {TALIB}", elder_ray, *periods(2, 13, 40))
    source = f"ATR by {TALIB}, rolling extremes by pandas {pd.__version__}"
    one("chandelier", source, chandelier, *[{"period": a, "mult": m} for a, m in [(22, 3.0), (5, 1.5)]])


if __name__ == "__main__":
    main()
