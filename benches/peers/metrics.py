"""metrics: nine figures of 1,000 strategies over ten years of days, on one core.

W12: Sharpe, Sortino, volatility, maximum drawdown, Calmar, skew, kurtosis, value at risk and CVaR of each of 1,000
strategies x 2,520 daily returns with fat tails. `_metrics.py` makes the returns and holds the peer: a kernel in numba,
hand-written and tuned, which uses every lane of the machine. With `--slow` also empyrical and quantstats, which are
given one strategy at a time; they run a part of the strategies and are scaled, and the part is said.

Each runs in a process of its own and says the seconds of its calls after one to warm up, as often as it is asked to.
They take turns, so that a busy moment meets all. Outputs are compared first: numba's and ours, number by number, to
1e-9 of the larger of 1 and the value; empyrical's likewise, apart from skew and kurtosis, which are SciPy's; quantstats
has other definitions of five figures (its skew and kurtosis are corrected for sample size, its value at risk is that of
a normal distribution), so its other four are compared.
With `--definitions` nothing is timed: where the peers define a figure otherwise (docs/metrics.md), both numbers of a
seeded series and of small ones, and a check that theirs is what we say it is.
Peak memory is of the whole process; Python, numba and its compiler are about 150 MB of it.
Run: cargo xtask bench metrics --peers
"""

import importlib.util
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
from _factors import farthest, run_case
from _metrics import DAYS_PER_YEAR, FIGURES, TAIL, differing, returns
from engine import program, table

N_DAYS = 2_520
# How many strategies the slow peers run, and which of their figures are defined as ours.
SLOW_STRATEGIES = {"empyrical": 50, "quantstats": 5}
COMPARED = {"quantstats": ["sharpe", "sortino", "vol_annual", "max_drawdown"]}
# Calls of the fast ones in a turn: a call takes milliseconds.
CALLS = 20


def add_options(parser):
    parser.add_argument("--slow", action="store_true", help="empyrical and quantstats too, on a part of the strategies")
    parser.add_argument("--definitions", action="store_true", help="where peers define figures otherwise, untimed")
    parser.add_argument("--strategies", type=int, default=1_000, metavar="N", help="how many strategies (1000)")


def some(name, n):
    """Numbers of strategies that are spread over all."""
    count = min(SLOW_STRATEGIES[name], n)
    return np.arange(count) * (n // count)


def by_empyrical(table):
    import empyrical as em
    from scipy.stats import kurtosis, skew

    year = {"annualization": DAYS_PER_YEAR}

    def figures(x):
        return [
            em.sharpe_ratio(x, **year),
            em.sortino_ratio(x, **year),
            em.annual_volatility(x, **year),
            -em.max_drawdown(x),
            em.calmar_ratio(x, **year),
            skew(x),
            kurtosis(x, fisher=False),
            -em.value_at_risk(x, TAIL),
            -em.conditional_value_at_risk(x, TAIL),
        ]

    return lambda: np.array([figures(x) for x in table])


def by_quantstats(table):
    import pandas as pd
    import quantstats.stats as qs

    days = pd.bdate_range("2010-01-01", periods=table.shape[1])
    series = [pd.Series(x, index=days) for x in table]
    year = {"periods": int(DAYS_PER_YEAR)}

    def figures(x):
        return [
            qs.sharpe(x, **year),
            qs.sortino(x, **year),
            qs.volatility(x, **year),
            -qs.max_drawdown(x),
            qs.calmar(x, **year),
            qs.skew(x),
            qs.kurtosis(x),
            -qs.value_at_risk(x, confidence=1 - TAIL),
            -qs.cvar(x, confidence=1 - TAIL),
        ]

    return lambda: np.array([figures(x) for x in series])


def run_peer(which, path, runs, n_days, out):
    """What a peer does, as the process that does only this. The first call compiles, and does not count."""
    data = np.fromfile(path).reshape(-1, int(n_days))
    if which == "numba":
        from _metrics import peer

        call = lambda: peer(data)
    else:
        part = np.ascontiguousarray(data[some(which, len(data))])
        call = {"empyrical": by_empyrical, "quantstats": by_quantstats}[which](part)
    result = call()
    if out:
        np.ascontiguousarray(result, dtype=float).tofile(out)
    seconds = []
    for _ in range(int(runs)):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


class Turns:
    """Contestants that are run in turn: a name to a call `(runs, out)` that gives what the process says."""

    def __init__(self, folder, path):
        self.contestants, self.path, self.out = {}, path, os.path.join(folder, "out.f64")
        self.env = {**os.environ, "NUMBA_CACHE_DIR": os.path.join(folder, "numba"), "NUMBA_NUM_THREADS": "1"}

    def add_ours(self, case):
        more = lambda out: [out] if out else []
        self.contestants["ours"] = lambda runs, out: run_case(case, "metrics", self.path, runs, N_DAYS, *more(out))

    def add_peer(self, which):
        argv = [sys.executable, os.path.abspath(__file__), "--case", which, self.path]

        def call(runs, out):
            words = [*argv, str(runs), str(N_DAYS), out]
            done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=self.env)
            return json.loads(done.stdout.splitlines()[-1])

        self.contestants[which] = call

    def output(self, name):
        """What one computes, nine numbers a row."""
        if os.path.exists(self.out):
            os.unlink(self.out)
        self.contestants[name](1, self.out)
        return np.fromfile(self.out).reshape(-1, len(FIGURES))

    def run(self, rounds):
        """Seconds and peaks by name."""
        seconds, peak = ({name: [] for name in self.contestants} for _ in range(2))
        for _ in range(rounds):
            for name, call in self.contestants.items():
                said = call(1 if name in SLOW_STRATEGIES else CALLS, "")
                seconds[name] += said["seconds"]
                peak[name].append(said["peak_bytes"])
        return seconds, peak


def check(name, theirs, reference):
    """Ends the script where figures that are defined alike differ from those of numba."""
    if name in SLOW_STRATEGIES:
        reference = reference[some(name, len(reference))]
    if theirs.shape != reference.shape:
        sys.exit(f"{name}: {theirs.shape} numbers, {reference.shape} of numba")
    compared = COMPARED.get(name, FIGURES)
    others = [i for i, figure in enumerate(FIGURES) if figure not in compared]
    theirs = theirs.copy()
    theirs[:, others] = reference[:, others]
    wrong = differing(theirs, reference)
    if wrong:
        sys.exit(f"{name} (ours) and numba (theirs): {wrong}")
    count = len(theirs) * len(compared)
    print(f"{name}: {count} numbers agree with numba, at most {farthest(theirs, reference):.2g} apart")


def main():
    if len(sys.argv) == 7 and sys.argv[1] == "--case":
        return run_peer(*sys.argv[2:])
    args = arguments(__doc__, add_options, alone=True)
    if args.definitions:
        from _definitions import cells

        head, rows, wrong = cells(args.seed)
        print_table(head, rows)
        sys.exit("\n".join(wrong) or None)
    case = None if args.peers_only else program(args.qe)
    if case is None and not args.peers_only:
        print("no engine_case beside our command (cargo build --release -p benches): peers only")
    load = " ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"seed {args.seed}, load averages {load}, {args.runs} rounds in turn of {CALLS} calls")
    with tempfile.TemporaryDirectory(prefix="qe-bench-") as folder:
        path, n = os.path.join(folder, "returns.f64"), args.strategies
        returns(args.seed, n, N_DAYS).tofile(path)
        turns, scale = Turns(folder, path), {}
        turns.add_peer("numba")
        for which in SLOW_STRATEGIES if args.slow else ():
            if importlib.util.find_spec(which):
                turns.add_peer(which)
                scale[which] = n / len(some(which, n))
            else:
                print(f"not installed, left out: {which}")
        if case:
            turns.add_ours(case)
        reference = turns.output("numba")
        for name in turns.contestants:
            check(name, turns.output(name), reference)
        seconds, peak = turns.run(args.runs)
    head = ["who", "seconds, median", "range", "ns / return", "this / numba", "this / ours", "peak MB"]
    print()
    print_table(head, table(turns, seconds, peak, "numba", "ours" if case else None, n * N_DAYS, scale))
    for name, factor in scale.items():
        part = f"{len(some(name, n))} of {n} strategies ({100 / factor:.3g} %)"
        print(f"{name} ran {part}; its seconds are times {factor:g}, its memory is not")
    if case:
        median, best = (f(seconds["numba"]) / f(seconds["ours"]) for f in (statistics.median, min))
        print(f"ours: {median:.3g} times as fast as numba by the medians, {best:.3g} by the best calls")


if __name__ == "__main__":
    main()
