"""The runs that all metrics are computed on, and how their goldens are written."""

import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _common import write_golden

STEPS_A_DAY = 4
# Name, days, mean and deviation of a step, degrees of freedom of its tails, autocorrelation, days a year, beta.
SHAPES = [
    ("steady", 250, 3e-4, 0.005, 30, 0.0, 252.0, 0.4),
    ("fat", 200, 1e-4, 0.008, 3, 0.0, 365.0, 1.2),
    ("losing", 150, -4e-4, 0.006, 6, 0.1, 252.0, 0.9),
    ("choppy", 220, 2e-4, 0.004, 8, -0.35, 252.0, -0.3),
    ("short", 12, 5e-4, 0.005, 5, 0.0, 365.0, 0.6),
]


def draw(rng, n, mean, deviation, tails, rho):
    noise = rng.standard_t(tails, n) * deviation
    out = np.empty(n)
    last = 0.0
    for i in range(n):
        last = rho * last + noise[i]
        out[i] = mean + last
    return out


def runs():
    """Each run: its steps, daily returns, benchmark, trades (pnl, fraction, bars) and facts."""
    rng = np.random.Generator(np.random.PCG64(20240821))
    out = {}
    for name, n, mean, deviation, tails, rho, year, beta in SHAPES:
        steps = np.round(draw(rng, n * STEPS_A_DAY, mean, deviation, tails, rho), 5)
        daily = np.round(np.prod(1 + steps.reshape(n, STEPS_A_DAY), axis=1) - 1, 6)
        bench = np.round(beta * daily + rng.normal(2e-4, 0.006, n), 6)
        n_trades = n // 3 + 1
        frac = np.round(rng.standard_t(4, n_trades) * 0.02 + 40 * mean, 5)
        if name == "choppy":
            frac[7:9] = 0.0
        pnl = np.round(frac * rng.uniform(2000, 9000, n_trades), 2)
        bars = rng.integers(1, 40, n_trades)
        start = 10_000.0
        net = start * (np.prod(1 + daily) - 1)
        out[name] = {
            "steps": steps,
            "daily": daily,
            "bench": bench,
            "pnl": pnl,
            "frac": frac,
            "bars": bars,
            "days_per_year": year,
            "steps_per_year": year * STEPS_A_DAY,
            "start_equity": start,
            "turnover_sum": round(float(rng.uniform(0.1, 0.9) * n), 3),
            "cost_sum": round(float(abs(net) * rng.uniform(0.05, 0.4)), 2),
            "n_days_in_market": int(n * rng.uniform(0.3, 0.9)),
            "n_nans": int(rng.integers(0, 5)),
        }
    return out


FACTS = [
    "days_per_year", "steps_per_year", "start_equity", "turnover_sum", "cost_sum", "n_days_in_market", "n_nans",
]


def padded(columns):
    """Columns of one length: what is past the end of a shorter one is NaN."""
    most = max(len(values) for values in columns.values())
    return {head: [float(v) for v in values] + [math.nan] * (most - len(values)) for head, values in columns.items()}


def write_inputs(generator, source):
    made = runs()
    said = {"generator": generator, "source": source, "tolerance": "exact"}
    for table, keys in [("daily", ["daily", "bench"]), ("steps", ["steps"]), ("trades", ["pnl", "frac", "bars"])]:
        columns = {f"{run}.{key}": facts[key] for run, facts in made.items() for key in keys}
        write_golden(f"metrics/inputs/{table}.csv", columns=padded(columns), **said)
    columns = {"run": list(made)} | {fact: [made[run][fact] for run in made] for fact in FACTS}
    write_golden("metrics/inputs/facts.csv", columns=columns, **said)


def defined(value):
    """The number, or NaN where a metric is undefined: None, infinite or NaN by the peer."""
    return math.nan if value is None or not math.isfinite(value) else float(value)


def write(name, *, generator, source, f):
    """Writes the golden of one metric: `f` of each run."""
    values = {run: defined(f(facts)) for run, facts in runs().items()}
    write_golden(
        f"metrics/{name}.csv",
        generator=generator,
        source=source,
        tolerance="1e-11 relative to the larger of 1 and the value",
        columns={"run": list(values), "value": list(values.values())},
    )
