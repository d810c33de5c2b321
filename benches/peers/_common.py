"""What the peer scripts share: arguments, timing, peak memory, comparison, tables.

Nothing here needs more than Python's own library.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds over some runs."""

    median: float
    least: float
    most: float
    runs: int


@dataclass(frozen=True)
class Measured:
    """A program's seconds, its peak memory over all runs, and what it printed in the last one."""

    seconds: Timing
    peak_mb: float
    stdout: str


def arguments(description, add=None, alone=False):
    """Reads the command line. `add(parser)` may add arguments of the script's own; with `alone` peers can run alone."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qe", required=not alone, metavar="PATH", help="our release command")
    if alone:
        parser.add_argument("--peers-only", action="store_true", help="without us; --qe is not needed then")
    parser.add_argument("--runs", type=_positive, default=None, help="timed runs of each, after one to warm up (5)")
    parser.add_argument("--quick", action="store_true", help="three runs: to see that it works, not to claim")
    parser.add_argument("--seed", type=int, default=7, help="seed of the data")
    if add is not None:
        add(parser)
    args = parser.parse_args()
    if args.runs is None:
        args.runs = 3 if args.quick else 5
    if args.qe is None and args.peers_only:
        return args
    if args.qe is None or not os.access(args.qe, os.X_OK):
        parser.error(f"--qe: no program at {args.qe}")
    args.qe = os.path.abspath(args.qe)
    return args


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def summary(seconds):
    """The median and the extremes of some seconds."""
    return Timing(statistics.median(seconds), min(seconds), max(seconds), len(seconds))


def median_of(call, runs=5, warm_up=1):
    """Times a call in this process. The first calls compile, fill caches, and do not count."""
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return summary(seconds)


# A child's peak memory begins at that of the process that starts it, so a small Python starts it,
# and not this one, which may hold gigabytes of data.
_LAUNCHER = """
import json, os, subprocess, sys, time
report, *argv = sys.argv[1:]
start = time.perf_counter()
child = subprocess.Popen(argv)
_, status, usage = os.wait4(child.pid, 0)
seconds = time.perf_counter() - start
child.returncode = os.waitstatus_to_exitcode(status)
unit = 1 if sys.platform == "darwin" else 1024
with open(report, "w") as file:
    json.dump({"seconds": seconds, "peak_bytes": usage.ru_maxrss * unit, "code": child.returncode}, file)
"""


def run_measured(argv, runs=5, warm_up=1, env=None, cwd=None):
    """Runs a program some times, from start to exit. A failing run ends the script."""
    seconds, peak, stdout = [], 0, ""
    for number in range(warm_up + runs):
        report, stdout = _run_once([os.fspath(word) for word in argv], env, cwd)
        peak = max(peak, report["peak_bytes"])
        if number >= warm_up:
            seconds.append(report["seconds"])
    return Measured(summary(seconds), peak / 1e6, stdout)


def _run_once(argv, env, cwd):
    handle, path = tempfile.mkstemp(suffix=".json")
    os.close(handle)
    try:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, path, *argv]
        done = subprocess.run(launcher, env=env, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
        with open(path) as file:
            report = json.load(file)
    finally:
        os.unlink(path)
    if report["code"] != 0:
        sys.exit(f"{' '.join(argv)} ended with {report['code']}")
    return report, done.stdout


def compare(what, ours, theirs, tolerance, relative=False):
    """Ends the script unless two equally long rows of numbers agree. NaN agrees with NaN alone."""
    ours, theirs = [float(x) for x in ours], [float(x) for x in theirs]
    if len(ours) != len(theirs):
        sys.exit(f"{what}: {len(ours)} numbers of ours, {len(theirs)} of theirs")
    if not ours:
        sys.exit(f"{what}: nothing to compare")
    worst = 0.0
    for at, (a, b) in enumerate(zip(ours, theirs)):
        if math.isnan(a) and math.isnan(b) or a == b:
            continue
        apart = abs(a - b) / (max(abs(a), abs(b)) if relative else 1.0)
        if not apart <= tolerance:
            sys.exit(f"{what}: number {at} is {a!r} of ours and {b!r} of theirs, {apart:.3g} apart")
        worst = max(worst, apart)
    print(f"{what}: {len(ours)} numbers agree, at most {worst:.3g} apart (allowed {tolerance:.3g})")


def machine():
    """The machine in one line, for the head of a table."""
    return f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def print_table(head, rows):
    """Prints rows under their heads, numbers to the right, with the machine first."""
    cells = [[_cell(value) for value in row] for row in rows]
    if any(len(row) != len(head) for row in cells):
        raise ValueError("a row is not as long as the head")
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    print(machine())
    for row in [list(head), ["-" * width for width in widths], *cells]:
        first, rest = row[0].ljust(widths[0]), [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join([first, *rest]).rstrip())


def _cell(value):
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
