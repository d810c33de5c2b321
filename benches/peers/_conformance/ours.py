"""Our side: the command runs a strategy's file over a series, and its CSV files are read."""

import csv
import os
import subprocess
import sys

import numpy as np
import pandas as pd

from .plan import CAPITAL, Run, Trade


def run(qe, specs, plan, series, words, folder, is_raw=False):
    """Trades and worth. `is_raw` gives the market's prices, where a peer counts the spread apart from them."""
    trades, equity = os.path.join(folder, "trades.csv"), os.path.join(folder, "equity.csv")
    argv = [qe, "backtest", os.path.join(specs, f"{plan.name}.toml"), *words, "-q", "--trades", trades]
    argv += ["--equity", equity]
    for name, value in plan.sets(series).items():
        argv += ["--set", f"{name}={value!r}"]
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{plan.name} on {series.name}: {done.stderr.strip()}")
    with open(trades, newline="") as file:
        rows = [_trade(row, is_raw) for row in csv.DictReader(file)]
    return Run(rows, _equity(equity, series))


def _trade(row, is_raw):
    kind = "raw" if is_raw else "price"
    is_closed = row["exit_time"] != ""
    return Trade(
        int(row["entry_row"]),
        int(row["exit_row"]) if is_closed else None,
        int(float(row["side"])),
        float(row["units"]),
        float(row[f"entry_{kind}"]),
        float(row[f"exit_{kind}"]) if is_closed else None,
        float(row["pnl"]) if is_closed else None,
    )


def _equity(path, series):
    """Worth of every row: what lies before the first that is scored is the capital."""
    table = pd.read_csv(path)
    scored = table["equity"].to_numpy(dtype=float)
    n_before = len(series.bars) - len(scored)
    stamps = pd.DatetimeIndex(pd.to_datetime(table["ts"]))
    if n_before < 0 or series.is_intraday and not (stamps == series.bars.index[n_before:]).all():
        sys.exit(f"{series.name}: our command read other bars than those that were written")
    return np.r_[np.full(n_before, CAPITAL), scored]
