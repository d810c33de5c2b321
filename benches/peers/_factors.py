"""What the scripts about factors share: a year of minutes, our case program, numbers in files."""

import json
import os
import subprocess
import sys

import numpy as np

FIELDS = ["open", "high", "low", "close", "volume"]
N_ROWS = 525_600


def minutes(seed, n=N_ROWS):
    """A walk of minutes with fat tails: columns by name."""
    rng = np.random.Generator(np.random.PCG64(seed))
    close = 100 * np.exp(np.cumsum(2e-4 * rng.standard_t(4, n)))
    open_ = np.r_[100.0, close[:-1]] * (1 + rng.normal(0, 5e-5, n))
    high = np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 1e-4, n)))
    low = np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 1e-4, n)))
    volume = np.floor(np.exp(rng.normal(7, 0.6, n)))
    return dict(zip(FIELDS, [open_, high, low, close, volume]))


def write_bars(bars, path):
    np.array([bars[field] for field in FIELDS]).tofile(path)


def program(qe):
    """The path of our case program, which is built beside our command."""
    path = os.path.join(os.path.dirname(qe), "factor_case")
    if not os.access(path, os.X_OK):
        sys.exit(f"no program at {path}: cargo build --release -p benches")
    return path


def run_case(*words):
    """Runs a case in a process of its own, and gives what it says."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def differing(ours, theirs, tolerance):
    """Which values differ by more than this, relative to the larger of 1 and the value; NaN is near NaN alone."""
    near = np.abs(ours - theirs) <= tolerance * np.maximum(1.0, np.abs(theirs))
    return ~(near | (np.isnan(ours) & np.isnan(theirs)) | (ours == theirs))


def farthest(ours, theirs):
    """The largest distance, relative to the larger of 1 and the value."""
    apart = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    return float(np.nanmax(apart)) if np.isfinite(apart).any() else 0.0
