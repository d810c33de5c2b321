"""expressions: 30 expressions with shared parts over 525,600 minutes, by us, in polars and in pandas.

Ours is one plan on one thread, compiling included. Polars is one lazy query with one `with_columns`, whose equal parts
its optimiser shares, on one thread and on two. In pandas shared parts are computed once by hand, or each expression is
written on its own. All make all 30 columns. They are compared first: conditions row by row, values relative to the larger of 1 and the value, polars to 1e-9
and pandas to 1e-5, whose deviations are of running sums and lose digits.

Averages that never forget are begun differently: ours as TA-Lib (the first mean of a window), the others with the first
value. So what contains one is compared from row 10,000 on, where that has faded, and so is all of pandas, which has no
unknown conditions. A condition may differ in a few rows, where both sides are equal but for the last bits.
Run: cargo xtask bench expressions --peers
"""

import functools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from _common import arguments, print_table
from _factors import FIELDS, N_ROWS, differing, minutes, program, run_case, write_bars

SETTLED = 10_000
TOLERANCE = {"polars": 1e-9, "pandas": 1e-5}
# How many rows of a condition may differ.
ODD_ROWS = 5

EXPRESSIONS = {
    "cross_sma_10_50": "cross_above(sma(close, 10), sma(close, 50))",
    "cross_sma_20_50": "cross_below(sma(close, 20), sma(close, 50))",
    "cross_sma_50_200": "cross_above(sma(close, 50), sma(close, 200))",
    "cross_ema_12_26": "cross_above(ema(close, 12), ema(close, 26))",
    "cross_ema_50_200": "cross_below(ema(close, 50), ema(close, 200))",
    "trend": "close > sma(close, 200) and sma(close, 50) > sma(close, 200)",
    "ema_gap": "(ema(close, 12) - ema(close, 26)) / close",
    "rsi_low_in_trend": "rsi(close, 14) < 30 and close > sma(close, 200)",
    "rsi_high_against": "rsi(close, 14) > 70 and close < sma(close, 200)",
    "rsi_turn": "cross_above(rsi(close, 14), 30)",
    "rsi_centred": "(rsi(close, 14) - 50) / 50",
    "band_place": "(close - sma(close, 20)) / (2 * std(close, 20))",
    "band_break": "close > sma(close, 20) + 2 * std(close, 20)",
    "band_width": "4 * std(close, 20) / sma(close, 20)",
    "band_return": "cross_above(close, sma(close, 20) - 2 * std(close, 20)) and rsi(close, 14) < 40",
    "channel_20": "close > ts_max(high, 20)[1]",
    "channel_55": "close > ts_max(high, 55)[1] and close > sma(close, 200)",
    "channel_place": "(close - ts_min(low, 20)) / (ts_max(high, 20) - ts_min(low, 20))",
    "channel_exit": "close < ts_min(low, 20)[1]",
    "atr_distance": "(close - sma(close, 50)) / atr(14)",
    "atr_stop": "close < ts_max(close, 55) - 3 * atr(14)",
    "atr_part": "atr(14) / close",
    "z_close": "(close - sma(close, 60)) / std(close, 60)",
    "z_volume": "(volume - sma(volume, 60)) / std(volume, 60)",
    "z_both": "(close - sma(close, 60)) / std(close, 60) < -2 and (volume - sma(volume, 60)) / std(volume, 60) > 1",
    "corr_volume": "corr(close, volume, 30)",
    "corr_returns": "corr(returns, volume, 60)",
    "vol_ratio": "std(returns, 20) / std(returns, 60)",
    "momentum": "(close - close[60]) / std(close, 60)",
    "ups": "count_true(close > open, 20) / 20",
}
RECURSIVE = ("ema", "rsi", "atr")


def with_polars(pl):
    """The expressions of polars. Parts are shared by its optimiser."""
    o, h, l, c, v = (pl.col(field) for field in FIELDS)
    sma = lambda x, n: x.rolling_mean(n)
    ema = lambda x, n: x.ewm_mean(span=n, adjust=False)
    std = lambda x, n: x.rolling_std(n)
    above = lambda a, b: (a.shift(1) <= b.shift(1)) & (a > b)
    below = lambda a, b: (a.shift(1) >= b.shift(1)) & (a < b)
    wilder = lambda x: x.ewm_mean(alpha=1 / 14, adjust=False)
    step = c.diff()
    up, down = wilder(step.clip(lower_bound=0)), wilder((-step).clip(lower_bound=0))
    rsi = 100 * up / (up + down)
    before = c.shift(1)
    atr = wilder(pl.max_horizontal(h - l, (h - before).abs(), (l - before).abs()))
    returns = c / before - 1
    z_close, z_volume = (c - sma(c, 60)) / std(c, 60), (v - sma(v, 60)) / std(v, 60)
    lower_band = sma(c, 20) - 2 * std(c, 20)
    # A lag of an expression that is a constant is that constant.
    turn = (rsi.shift(1) <= 30) & (rsi > 30)
    return {
        "cross_sma_10_50": above(sma(c, 10), sma(c, 50)),
        "cross_sma_20_50": below(sma(c, 20), sma(c, 50)),
        "cross_sma_50_200": above(sma(c, 50), sma(c, 200)),
        "cross_ema_12_26": above(ema(c, 12), ema(c, 26)),
        "cross_ema_50_200": below(ema(c, 50), ema(c, 200)),
        "trend": (c > sma(c, 200)) & (sma(c, 50) > sma(c, 200)),
        "ema_gap": (ema(c, 12) - ema(c, 26)) / c,
        "rsi_low_in_trend": (rsi < 30) & (c > sma(c, 200)),
        "rsi_high_against": (rsi > 70) & (c < sma(c, 200)),
        "rsi_turn": turn,
        "rsi_centred": (rsi - 50) / 50,
        "band_place": (c - sma(c, 20)) / (2 * std(c, 20)),
        "band_break": c > sma(c, 20) + 2 * std(c, 20),
        "band_width": 4 * std(c, 20) / sma(c, 20),
        "band_return": above(c, lower_band) & (rsi < 40),
        "channel_20": c > h.rolling_max(20).shift(1),
        "channel_55": (c > h.rolling_max(55).shift(1)) & (c > sma(c, 200)),
        "channel_place": (c - l.rolling_min(20)) / (h.rolling_max(20) - l.rolling_min(20)),
        "channel_exit": c < l.rolling_min(20).shift(1),
        "atr_distance": (c - sma(c, 50)) / atr,
        "atr_stop": c < c.rolling_max(55) - 3 * atr,
        "atr_part": atr / c,
        "z_close": z_close,
        "z_volume": z_volume,
        "z_both": (z_close < -2) & (z_volume > 1),
        "corr_volume": pl.rolling_corr(c, v, window_size=30),
        "corr_returns": pl.rolling_corr(returns, v, window_size=60),
        "vol_ratio": std(returns, 20) / std(returns, 60),
        "momentum": (c - c.shift(60)) / std(c, 60),
        "ups": (c > o).cast(pl.Float64).rolling_sum(20) / 20,
    }


def by_pandas(df, share):
    """All columns by pandas; shared parts are computed once, or wherever they stand."""
    import pandas as pd

    part = functools.cache if share else lambda function: function
    o, h, l, c, v = (df[field] for field in FIELDS)
    sma = part(lambda n: c.rolling(n).mean())
    ema = part(lambda n: c.ewm(span=n, adjust=False).mean())
    std = part(lambda n: c.rolling(n).std())
    highest = part(lambda n: h.rolling(n).max())
    lowest = part(lambda n: l.rolling(n).min())
    above = lambda a, b: (a.shift(1) <= b.shift(1)) & (a > b)
    below = lambda a, b: (a.shift(1) >= b.shift(1)) & (a < b)
    wilder = lambda x: x.ewm(alpha=1 / 14, adjust=False).mean()

    @part
    def rsi():
        step = c.diff()
        up, down = wilder(step.clip(lower=0)), wilder((-step).clip(lower=0))
        return 100 * up / (up + down)

    @part
    def atr():
        before = c.shift(1)
        return wilder(np.maximum(np.maximum(h - l, (h - before).abs()), (l - before).abs()))

    returns = part(lambda: c / c.shift(1) - 1)
    z_close = part(lambda: (c - sma(60)) / std(60))
    z_volume = part(lambda: (v - v.rolling(60).mean()) / v.rolling(60).std())
    columns = {
        "cross_sma_10_50": above(sma(10), sma(50)),
        "cross_sma_20_50": below(sma(20), sma(50)),
        "cross_sma_50_200": above(sma(50), sma(200)),
        "cross_ema_12_26": above(ema(12), ema(26)),
        "cross_ema_50_200": below(ema(50), ema(200)),
        "trend": (c > sma(200)) & (sma(50) > sma(200)),
        "ema_gap": (ema(12) - ema(26)) / c,
        "rsi_low_in_trend": (rsi() < 30) & (c > sma(200)),
        "rsi_high_against": (rsi() > 70) & (c < sma(200)),
        "rsi_turn": (rsi().shift(1) <= 30) & (rsi() > 30),
        "rsi_centred": (rsi() - 50) / 50,
        "band_place": (c - sma(20)) / (2 * std(20)),
        "band_break": c > sma(20) + 2 * std(20),
        "band_width": 4 * std(20) / sma(20),
        "band_return": above(c, sma(20) - 2 * std(20)) & (rsi() < 40),
        "channel_20": c > highest(20).shift(1),
        "channel_55": (c > highest(55).shift(1)) & (c > sma(200)),
        "channel_place": (c - lowest(20)) / (highest(20) - lowest(20)),
        "channel_exit": c < lowest(20).shift(1),
        "atr_distance": (c - sma(50)) / atr(),
        "atr_stop": c < c.rolling(55).max() - 3 * atr(),
        "atr_part": atr() / c,
        "z_close": z_close(),
        "z_volume": z_volume(),
        "z_both": (z_close() < -2) & (z_volume() > 1),
        "corr_volume": c.rolling(30).corr(v),
        "corr_returns": returns().rolling(60).corr(v),
        "vol_ratio": returns().rolling(20).std() / returns().rolling(60).std(),
        "momentum": (c - c.shift(60)) / std(60),
        "ups": (c > o).astype(float).rolling(20).sum() / 20,
    }
    return pd.DataFrame(columns)


def run_peer(which, bars, runs, out):
    """What a peer does, as the process that does only this."""
    columns = dict(zip(FIELDS, np.fromfile(bars).reshape(len(FIELDS), -1)))
    if which == "polars":
        import polars as pl

        df, wanted = pl.DataFrame(columns), with_polars(pl)
        compute = lambda: df.lazy().with_columns(**wanted).select(list(wanted)).collect()
        result = compute()
        numbers = [result[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in EXPRESSIONS]
        threads = pl.thread_pool_size()
    else:
        import pandas as pd

        df = pd.DataFrame(columns)
        compute = lambda: by_pandas(df, which == "pandas-shared")
        result = compute()
        numbers = [result[name].to_numpy(dtype=float) for name in EXPRESSIONS]
        threads = 1
    np.array(numbers).tofile(out)
    del result, numbers
    seconds, before = [], time.process_time()
    for _ in range(runs):
        start = time.perf_counter()
        compute()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cpu, median = (time.process_time() - before) / runs, statistics.median(seconds)
    said = {"seconds": min(seconds), "seconds_median": median, "cpu_seconds": cpu, "threads": threads, "peak_bytes": peak}
    print(json.dumps(said))


def check(who, ours, theirs):
    """Ends the script where a peer's columns differ from ours."""
    worst, odd = 0.0, []
    for name, our, their in zip(EXPRESSIONS, ours, theirs):
        text = EXPRESSIONS[name]
        if who.startswith("pandas") or any(f"{word}(" in text for word in RECURSIVE):
            our, their = our[SETTLED:], their[SETTLED:]
        truth = set(np.unique(our[~np.isnan(our)])) <= {0.0, 1.0}
        wrong = differing(our, their, 0.0 if truth else TOLERANCE[who.split(",")[0]])
        if wrong.sum() > (ODD_ROWS if truth else 0):
            at = int(np.argmax(wrong))
            sys.exit(f"{who} {name}: {wrong.sum()} rows differ, row {at}: {our[at]!r} of ours, {their[at]!r} of theirs")
        if truth and not (our == 1.0).any():
            sys.exit(f"{name} never holds: nothing is compared")
        if wrong.any():
            odd.append(f"{name} {wrong.sum()}")
        if not truth:
            apart = np.abs(our - their) / np.maximum(1.0, np.abs(their))
            worst = max(worst, float(np.nanmax(apart)))
    print(f"{who}: {len(EXPRESSIONS)} columns agree, values at most {worst:.2g} apart, odd rows of conditions: {', '.join(odd) or 'none'}")


def main():
    if len(sys.argv) == 6 and sys.argv[1] == "--case":
        return run_peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    args = arguments(__doc__)
    case = program(args.qe)
    with tempfile.TemporaryDirectory(prefix="qe-bench-") as folder:
        bars, texts, out = (os.path.join(folder, name) for name in ["bars.f64", "expressions.txt", "out.f64"])
        write_bars(minutes(args.seed), bars)
        with open(texts, "w") as file:
            file.writelines(f"{name} = {text}\n" for name, text in EXPRESSIONS.items())

        def peer(which, threads, runs):
            env = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
            argv = [sys.executable, os.path.abspath(__file__), "--case", which, bars, str(runs), out]
            done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True, env=env)
            return json.loads(done.stdout)

        read = lambda: np.fromfile(out).reshape(len(EXPRESSIONS), -1)
        run_case(case, "expressions", bars, texts, 1, out)
        ours = read()
        peers = {"polars, 1 thread": ("polars", 1), "polars, 2 threads": ("polars", 2), "pandas, shared by hand": ("pandas-shared", 1)}
        peers["pandas, each on its own"] = ("pandas", 1)
        for name, (which, threads) in peers.items():
            peer(which, threads, 1)
            check(name, ours, read())
        # They take turns, so that a busy moment of the machine meets all.
        seconds, computing, peak = ({"ours": [], **{name: [] for name in peers}} for _ in range(3))
        said = {}
        for _ in range(args.runs):
            said = run_case(case, "expressions", bars, texts, 5)
            seconds["ours"].append(said["seconds_median"])
            computing["ours"].append(said["cpu_seconds"])
            peak["ours"].append(said["peak_bytes"])
            for name, (which, threads) in peers.items():
                got = peer(which, threads, 3)
                seconds[name].append(got["seconds_median"])
                computing[name].append(got["cpu_seconds"])
                peak[name].append(got["peak_bytes"])
    median = statistics.median
    base, base_cpu = median(seconds["ours"]), min(computing["ours"])
    rows = []
    for name, wall in seconds.items():
        cpu = min(computing[name])
        rows.append([name, 1e3 * median(wall), 1e3 * min(wall), median(wall) / base, 1e3 * cpu, cpu / base_cpu, max(peak[name]) / 1e6])
    print(f"\n{len(EXPRESSIONS)} expressions over {N_ROWS} rows, {args.runs} processes each in turn; ours takes {said['steps']} steps")
    print_table(["who", "ms, median", "least", "this / ours", "computing ms, least", "this / ours", "peak MB"], rows)
    compiling, blocks = 1e3 * said["compile_seconds"], 1e3 * said["blocks_seconds_median"]
    print(f"of ours, compiling is {compiling:.3f} ms; without keeping the outputs, block by block, {blocks:.3g} ms")


if __name__ == "__main__":
    main()
