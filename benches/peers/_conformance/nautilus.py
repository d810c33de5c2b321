"""Hands a plan over to Nautilus in its own venv, and reads what came of it."""

import json
import os
import subprocess
import sys

import numpy as np

from .plan import CAPITAL, Run, Trade

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "by_nautilus.py")


def version(python):
    """Its version, or nothing where it is not installed."""
    if not python or not os.access(python, os.X_OK):
        return None
    asked = [python, "-c", "import nautilus_trader; print(nautilus_trader.__version__)"]
    done = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def run(python, plan, series, folder):
    """Trades and worth. Worth is asked before a bar's own orders: rows of fills at closes with a fee are hidden."""
    asked = plan.asked(series)
    job = {
        "fill": plan.fill,
        "delay": 0 if plan.fill == "signal_close" else 1,
        "units": int(plan.units),
        "fee": plan.fee,
        "capital": CAPITAL,
        "hold": plan.hold,
        "cooldown": plan.cooldown,
        "is_reversed": plan.is_reversed,
        "is_flat_at_end": plan.is_flat_at_end,
    }
    with open(os.path.join(folder, "job.json"), "w") as file:
        json.dump(job, file)
    prices = series.bars[["open", "high", "low", "close"]].to_numpy()
    np.savez(os.path.join(folder, "arrays.npz"), prices=prices, last=series.last_of_session(), **vars(asked))
    done = subprocess.run([python, SCRIPT, folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"nautilus, {plan.name} on {series.name}: {done.stderr.strip()}")
    with open(os.path.join(folder, "told.json")) as file:
        told = json.load(file)
    trades = sorted((Trade(*row) for row in told["trades"]), key=lambda t: (t.entry_row, t.last_row))
    hidden = np.zeros(len(series.bars), dtype=bool)
    if plan.fill != "next_open" and plan.fee > 0:
        for trade in trades:
            hidden[[row for row in (trade.entry_row, trade.exit_row) if row is not None]] = True
    return Run(trades, np.array(told["worth"]), hidden)
