"""The bars that all indicators are computed on, and how their goldens are written."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _common import write_golden

N = 400


def bars():
    """A walk with gaps: open, high, low, close, volume."""
    rng = np.random.Generator(np.random.PCG64(20240703))
    step = rng.standard_t(4, N) * 0.8
    gap = rng.standard_t(4, N) * 0.2
    close = np.empty(N)
    open_ = np.empty(N)
    last = 100.0
    for i in range(N):
        open_[i] = last + gap[i]
        close[i] = open_[i] + step[i]
        last = close[i]
    high = np.maximum(open_, close) + np.abs(rng.normal(0, 0.5, N))
    low = np.minimum(open_, close) - np.abs(rng.normal(0, 0.5, N))
    volume = np.floor(np.exp(rng.normal(9, 0.6, N)))
    table = {"open": open_, "high": high, "low": low, "close": close}
    table = {name: np.round(values, 2) for name, values in table.items()}
    table["high"] = np.maximum.reduce([table["open"], table["high"], table["close"]])
    table["low"] = np.minimum.reduce([table["open"], table["low"], table["close"]])
    table["volume"] = volume
    return table


def head(name, output=None, **params):
    """The head of a column: `macd.signal@fast_period=12;slow_period=26`."""
    name = name if output is None else f"{name}.{output}"
    said = ";".join(f"{key}={value}" for key, value in params.items())
    return f"{name}@{said}" if said else name


def write(name, *, generator, source, columns, tolerance="1e-9"):
    """Writes the golden of one indicator."""
    write_golden(
        f"indicators/{name}.csv",
        generator=generator,
        source=source,
        tolerance=f"{tolerance} relative to the larger of 1 and the value",
        columns=columns,
    )
