"""indicators: every indicator that TA-Lib has too, over 525,600 minutes: ours beside TA-Lib's C, outputs compared first.

Ours is timed twice: into columns that exist (`ours`), as C is called, and into new ones (`ours, new`), as TA-Lib's
Python wrapper makes them. The wrapper does little else. Where TA-Lib needs several functions for what is one indicator
of ours (the three parts of DMI, say), their times are added, and the dearest of them stands beside. Each figure is the
best of all calls; ours and theirs take turns.
Run: cargo xtask bench indicators --peers
"""

import os
import sys
import tempfile
import time

import numpy as np
import talib

from _common import arguments, print_table
from _factors import N_ROWS, differing, farthest, minutes, program, run_case, write_bars

TOLERANCE = 1e-9
CALLS = 9


def peers(b):
    """Our indicator to outputs of ours, each with what gives the same by TA-Lib."""
    o, h, l, c, v = (b[field] for field in ["open", "high", "low", "close", "volume"])
    one = lambda name, call: (name, [([name], call)])
    series = lambda name, function, *args: one(name, lambda: function(c, *args))
    ranges = lambda name, function, *args: one(name, lambda: function(h, l, c, *args))
    return [
        one("ad", lambda: talib.AD(h, l, c, v)),
        one("adosc", lambda: talib.ADOSC(h, l, c, v, 3, 10)),
        ranges("adx", talib.ADX, 14),
        ranges("adxr", talib.ADXR, 14),
        series("apo", talib.APO, 12, 26, 1),
        series("argmax", talib.MAXINDEX, 20),
        series("argmin", talib.MININDEX, 20),
        ("aroon", [(["down", "up"], lambda: talib.AROON(h, l, 14)), (["osc"], lambda: talib.AROONOSC(h, l, 14))]),
        ranges("atr", talib.ATR, 14),
        ("bollinger", [(["upper", "middle", "lower"], lambda: talib.BBANDS(c, 20, 2, 2, 0))]),
        one("bop", lambda: talib.BOP(o, h, l, c)),
        ranges("cci", talib.CCI, 14),
        series("cmo", talib.CMO, 14),
        one("corr", lambda: talib.CORREL(h, l, 20)),
        series("dema", talib.DEMA, 20),
        (
            "dmi",
            [
                (["plus_di"], lambda: talib.PLUS_DI(h, l, c, 14)),
                (["minus_di"], lambda: talib.MINUS_DI(h, l, c, 14)),
                (["dx"], lambda: talib.DX(h, l, c, 14)),
            ],
        ),
        series("ema", talib.EMA, 20),
        series("kama", talib.KAMA, 10),
        (
            "linreg",
            [
                (["value"], lambda: talib.LINEARREG(c, 14)),
                (["slope"], lambda: talib.LINEARREG_SLOPE(c, 14)),
                (["intercept"], lambda: talib.LINEARREG_INTERCEPT(c, 14)),
                (["angle"], lambda: talib.LINEARREG_ANGLE(c, 14)),
                (["forecast"], lambda: talib.TSF(c, 14)),
            ],
        ),
        ("macd", [(["macd", "signal", "hist"], lambda: talib.MACD(c, 12, 26, 9))]),
        series("mad", talib.AVGDEV, 20),
        one("mfi", lambda: talib.MFI(h, l, c, v, 14)),
        series("midpoint", talib.MIDPOINT, 14),
        one("midprice", lambda: talib.MIDPRICE(h, l, 14)),
        series("mom", talib.MOM, 10),
        ranges("natr", talib.NATR, 14),
        one("obv", lambda: talib.OBV(c, v)),
        series("ppo", talib.PPO, 12, 26, 1),
        one("psar", lambda: talib.SAR(h, l, 0.02, 0.2)),
        series("roc", talib.ROC, 10),
        series("rocp", talib.ROCP, 10),
        series("rsi", talib.RSI, 14),
        series("sma", talib.SMA, 20),
        series("std_pop", talib.STDDEV, 20),
        ("stoch", [(["k", "d"], lambda: talib.STOCH(h, l, c, 14, 3, 0, 3, 0))]),
        ("stochf", [(["k", "d"], lambda: talib.STOCHF(h, l, c, 14, 3, 0))]),
        ("stochrsi:k_period=1", [(["k", "d"], lambda: talib.STOCHRSI(c, 14, 14, 3, 0))]),
        series("sum", talib.SUM, 20),
        series("t3", talib.T3, 5, 0.7),
        series("tema", talib.TEMA, 20),
        series("trima", talib.TRIMA, 20),
        series("trix", talib.TRIX, 30),
        ranges("true_range", talib.TRANGE),
        series("ts_max", talib.MAX, 20),
        series("ts_min", talib.MIN, 20),
        ranges("uo", talib.ULTOSC, 7, 14, 28),
        series("var_pop", talib.VAR, 20),
        ranges("willr", talib.WILLR, 14),
        series("wma", talib.WMA, 20),
    ]


def columns_of(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def check(name, said, ours, theirs):
    """The largest distance of all outputs that TA-Lib has; ends the script where they differ."""
    worst = 0.0
    for output, their in theirs.items():
        our = ours[said["outputs"].index(output)]
        if name in ("argmax", "argmin"):
            # Theirs is the number of the row, and ours the place in the window; TA-Lib fills its warm-up with 0.
            their = their - np.arange(len(our)) + 19.0
            their[:19] = np.nan
        if name == "ppo":
            # Ours begins with its signal, TA-Lib has none.
            their = np.where(np.isnan(our), np.nan, their)
        wrong = differing(our, their, TOLERANCE)
        if wrong.any():
            at = int(np.argmax(wrong))
            sys.exit(f"{name} {output}: {wrong.sum()} rows differ, row {at}: {our[at]!r} of ours, {their[at]!r} of theirs")
        worst = max(worst, farthest(our, their))
    return worst


def best(call):
    least = float("inf")
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least / N_ROWS * 1e9


def main():
    args = arguments(__doc__)
    case, bars = program(args.qe), minutes(args.seed)
    rows, counts = [], {"ours": [0, 0, 0], "new": [0, 0, 0]}
    with tempfile.TemporaryDirectory(prefix="qe-bench-") as folder:
        file, out = os.path.join(folder, "bars.f64"), os.path.join(folder, "out.f64")
        write_bars(bars, file)
        for text, calls in peers(bars):
            name = text.split(":")[0]
            said = run_case(case, "indicator", text, file, 1, out)
            ours = np.fromfile(out).reshape(len(said["outputs"]), -1)
            theirs = {}
            for outputs, call in calls:
                theirs.update(zip(outputs, (np.asarray(x, dtype=float) for x in columns_of(call()))))
            worst = check(name, said, ours, theirs)
            # Ours computes what TA-Lib gives too, and no more where it can be left out.
            alone = [o for o in said["outputs"] if o in theirs] if len(theirs) < len(said["outputs"]) else []
            timed = text.replace(name, name + "." + "|".join(alone), 1) if alone else text
            existing, new, each = float("inf"), float("inf"), [float("inf")] * len(calls)
            for _ in range(args.runs):
                said = run_case(case, "indicator", timed, file, CALLS)
                existing, new = min(existing, said["ns"]), min(new, said["new_ns"])
                each = [min(before, best(call)) for before, (_, call) in zip(each, calls)]
            total = sum(each)
            for key, ns in [("ours", existing), ("new", new)]:
                ratio = ns / total
                counts[key][0 if ratio < 0.97 else 1 if ratio <= 1.03 else 2] += 1
            dearest = max(each) if len(each) > 1 else None
            rows.append([text, existing, new, total, dearest, existing / total, new / total, worst])
    print(f"\n{N_ROWS} rows, TA-Lib {talib.__ta_version__.decode().split()[0]}, nanoseconds a row, best of {args.runs * CALLS} calls")
    print_table(["indicator", "ours", "ours, new", "TA-Lib", "dearest", "ours / TA-Lib", "new / TA-Lib", "apart"], rows)
    for key, what in [("ours", "into columns that exist"), ("new", "into new columns")]:
        faster, equal, slower = counts[key]
        print(f"{what}: {faster} of {len(rows)} faster, {equal} within 3%, {slower} slower")


if __name__ == "__main__":
    main()
