"""data: loading monthly partitions of minute bars, and one-minute bars from 100 million trades.

Each run is a process of its own, so that its peak memory is its own; ours and the peers take turns. Seconds are counted
inside the process, after imports. Rows and sums of the outputs are compared before the table is printed.
Run: cargo xtask bench data --peers
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from _common import arguments, compare, print_table, summary


def add_options(parser):
    parser.add_argument("--millions", type=int, default=None, help="trades, in millions (100; 10 with --quick)")
    parser.add_argument("--keep", metavar="DIR", help="make the data here once, and find them here again")


def pandas_load(folder):
    import glob
    import re

    import pandas as pd

    parts = []
    for path in sorted(glob.glob(f"{folder}/**/*.parquet", recursive=True)):
        part = pd.read_parquet(path, columns=["ts", "open", "high", "low", "close", "volume"])
        part["symbol"] = re.search("symbol=([^/]+)", path).group(1)
        parts.append(part)
    df = pd.concat(parts, ignore_index=True)
    return len(df), df["close"].sum(), df["volume"].sum()


def polars_load(folder):
    import polars as pl

    columns = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    df = pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True).select(columns).collect(engine="streaming")
    return df.height, df["close"].sum(), df["volume"].sum()


def pandas_ticks(folder):
    import glob

    import pandas as pd

    # The files fall on whole sessions, so each can be put together on its own: kind to pandas' memory.
    parts = []
    for path in sorted(glob.glob(f"{folder}/**/*.parquet", recursive=True)):
        df = pd.read_parquet(path)
        df = df[df["size"] > 0.5]
        bars = df.groupby(df["ts"].dt.floor("min")).agg(
            open=("price", "first"), high=("price", "max"), low=("price", "min"), close=("price", "last"), volume=("size", "sum")
        )
        parts.append(bars)
    out = pd.concat(parts)
    return len(out), out["close"].sum(), out["volume"].sum()


def polars_ticks(folder):
    import polars as pl

    df = (
        pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
        .filter(pl.col("size") > 0.5)
        .group_by("symbol", pl.col("ts").dt.truncate("1m").alias("minute"))
        .agg(
            open=pl.col("price").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").last(),
            volume=pl.col("size").sum(),
        )
        .sort("symbol", "minute")
        .collect(engine="streaming")
    )
    return df.height, df["close"].sum(), df["volume"].sum()


PYTHON = {"pandas-load": pandas_load, "polars-load": polars_load, "pandas-ticks": pandas_ticks, "polars-ticks": polars_ticks}


def run_case(name, folder):
    """What a peer in Python does, as the process that does only this."""
    import importlib

    importlib.import_module(name.split("-")[0])
    start = time.perf_counter()
    rows, close, volume = PYTHON[name](folder)
    seconds = time.perf_counter() - start
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_bytes": peak, "close": close, "volume": volume}))


def measure(title, cases, folder, runs):
    """Runs the cases in turn, compares what they made with the first, and prints a table."""
    results = {name: [] for name, _ in cases}
    for number in range(runs + 1):
        for name, argv in cases:
            done = subprocess.run([*argv, folder], stdout=subprocess.PIPE, text=True, check=True)
            if number > 0:
                results[name].append(json.loads(done.stdout))
    first = results[cases[0][0]][-1]
    for name, _ in cases[1:]:
        other = results[name][-1]
        ours = [first["rows"], first["close"], first["volume"]]
        compare(f"{title}: {name}", ours, [other["rows"], other["close"], other["volume"]], 1e-9, relative=True)
    base = summary([r["seconds"] for r in results[cases[0][0]]]).median
    rows = []
    for name, _ in cases:
        timing = summary([r["seconds"] for r in results[name]])
        peak = max(r["peak_bytes"] for r in results[name])
        arrays = results[name][-1].get("array_bytes")
        over = peak / arrays if arrays else None
        ratio = base / timing.median
        rows.append([name, timing.median, timing.least, timing.most, ratio, peak / 1e6, over])
    print(f"\n{title}: {first['rows']} rows out, {runs} runs each")
    print_table(["who", "seconds", "least", "most", "ours / this", "peak MB", "peak / arrays"], rows)


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--case":
        return run_case(sys.argv[2], sys.argv[3])
    args = arguments(__doc__, add_options)
    millions = args.millions or (10 if args.quick else 100)
    case = os.path.join(os.path.dirname(args.qe), "data_case")
    if not os.access(case, os.X_OK):
        sys.exit(f"no program at {case}: cargo build --release -p benches")
    root = args.keep or tempfile.mkdtemp(prefix="qe-bench-")
    minutes, ticks = os.path.join(root, "minutes"), os.path.join(root, f"ticks-{millions}")
    try:
        if not os.path.isdir(minutes):
            subprocess.run([args.qe, "data", "simulate", "--out", minutes, "--seed", str(args.seed)], check=True)
        if not os.path.isdir(ticks):
            subprocess.run([case, "make-ticks", ticks, str(millions)], check=True)
        python = [sys.executable, os.path.abspath(__file__), "--case"]
        measure(
            "load 8 symbols x 5 years of minutes from monthly files",
            [
                ("ours, with identity", [case, "load-ours"]),
                ("polars in Rust", [case, "load-polars"]),
                ("polars in Python", [*python, "polars-load"]),
                ("pandas", [*python, "pandas-load"]),
            ],
            minutes,
            args.runs,
        )
        measure(
            f"{millions} million trades, filtered, to one-minute bars",
            [
                ("ours", [case, "ticks-ours"]),
                ("polars in Rust, by hand", [case, "ticks-polars"]),
                ("polars in Python, by hand", [*python, "polars-ticks"]),
                ("pandas, file by file", [*python, "pandas-ticks"]),
            ],
            ticks,
            args.runs,
        )
    finally:
        if not args.keep:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
