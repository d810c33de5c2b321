"""The operators of the alphas over days by names, by numpy and pandas, and what rounding may change in them.

Rules: a missing value anywhere in a window makes its result missing. `lag` and `delta` read two days and no others.
`cs_rank` is the average rank divided once by the number of names that have a value, `ts_rank` the average rank of the
newest divided once by the window. `ts_std`, `ts_cov`: sample. `ts_argmax`: from 0, the oldest, to d - 1; the earliest
of equals. `decay_linear`: weights 1 to d, the newest heaviest, divided by their sum. `neutralize`: less the mean of the
group over the names that have a value. Conditions are 1, 0 and NaN for unknown, with Kleene's or. x / 0, the logarithm
of what is not positive, and any other result that is not finite are NaN. Two values make a correlation of exactly 1 or
-1; one that rounding leaves within 1e-12 of these is these; one with a constant series is NaN, and such a covariance
exactly 0.

Ranks, arguments of extremes and comparisons turn on the last bit where two values are equal in mathematics and not in
floating point. `Ops(noise=seed)` changes what no two implementations round alike, that is sums, means, moments,
logarithms and powers, by little more than rounding does. Single operations of IEEE 754 stay as they are, and so do sums
of whole numbers.
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

WIDE = np.longdouble


class Ops:
    """The operators, as computed (`noise` is None) or shaken."""

    def __init__(self, groups, is_there, noise=None, snap=True):
        self.is_there = is_there
        self.groups = {level: np.array(labels) for level, labels in groups.items()}
        self.snap = snap
        self.seed = noise
        self.rng = None if noise is None else np.random.Generator(np.random.PCG64(noise))

    # Noise.

    def _jitter(self, x, size):
        """A change of its own for each value."""
        if self.rng is None:
            return x
        return x + size * self.rng.uniform(-1.0, 1.0, x.shape)

    def _jitter_by_value(self, x):
        """A relative change that is the same for equal values: functions of one value keep ties."""
        if self.rng is None:
            return x
        bits = np.ascontiguousarray(x).view(np.uint64)
        mixed = (bits ^ np.uint64(self.seed * 7919 + 1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        unit = (mixed >> np.uint64(11)).astype(float) / 2.0**53
        return x * (1.0 + 6e-16 * (2.0 * unit - 1.0))

    # One value at a time.

    def div(self, a, b):
        return _finite(lambda: a / b)

    def log(self, x):
        return self._jitter_by_value(_finite(lambda: np.log(np.where(x > 0, x, np.nan))))

    def power(self, x, y):
        return self._jitter_by_value(_finite(lambda: np.power(x, y) + 0.0 * x + 0.0 * y))

    def signed_power(self, x, y):
        return np.sign(x) * self.power(np.abs(x), y)

    def less(self, a, b):
        return _known(a < b, a, b)

    def equal(self, a, b):
        return _known(a == b, a, b)

    def either(self, a, b):
        return np.where((a == 1) | (b == 1), 1.0, np.where((a == 0) & (b == 0), 0.0, np.nan))

    def where(self, c, a, b):
        return np.where(c == 1, a, np.where(c == 0, b, np.nan))

    def least(self, a, b):
        return np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(a < b, a, b))

    def most(self, a, b):
        return np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(a > b, a, b))

    # Over days.

    def lag(self, x, d):
        out = np.full(x.shape, np.nan)
        out[d:] = x[:-d]
        return out

    def delta(self, x, d):
        return x - self.lag(x, d)

    def ts_sum(self, x, d):
        return self._weighted(x, np.ones(d), 1)

    def ts_mean(self, x, d):
        return self._weighted(x, np.ones(d), d)

    def decay_linear(self, x, d):
        return self._weighted(x, np.arange(1, d + 1), d * (d + 1) // 2)

    def _weighted(self, x, weights, divisor):
        if len(weights) == 1:
            return x.copy()
        w = _windows(x, len(weights))
        total = _fill(x, (w.astype(WIDE) * weights).sum(-1) / divisor)
        whole = _fill(x, np.all(w == np.rint(w), axis=-1).astype(float)) == 1
        size = _fill(x, (np.abs(w) * weights).sum(-1) / divisor)
        return np.where(whole, total, self._jitter(total, 1e-15 * size))

    def product(self, x, d):
        if d == 1:
            return x.copy()
        out = _fill(x, _windows(x, d).astype(WIDE).prod(-1))
        return self._jitter(out, 1e-15 * np.abs(out))

    def ts_min(self, x, d):
        return _fill(x, _windows(x, d).min(-1))

    def ts_max(self, x, d):
        return _fill(x, _windows(x, d).max(-1))

    def ts_argmax(self, x, d):
        w = _windows(x, d)
        return _fill(x, np.where(np.isnan(w).any(-1), np.nan, np.argmax(w, -1)))

    def ts_argmin(self, x, d):
        w = _windows(x, d)
        return _fill(x, np.where(np.isnan(w).any(-1), np.nan, np.argmin(w, -1)))

    def ts_rank(self, x, d):
        return pd.DataFrame(x).rolling(d).rank(pct=True).to_numpy()

    def ts_std(self, x, d):
        w = _from_first(x, d)
        w = w - w.mean(-1, keepdims=True)
        out = _fill(x, np.sqrt((w * w).sum(-1) / (d - 1)))
        return self._jitter(out, 1e-14 * np.abs(out))

    def ts_cov(self, x, y, d):
        a, b, _ = _moments(x, y, d)
        out = _fill(x, (a * b).sum(-1) / (d - 1))
        return self._jitter(out, 1e-14 * _fill(x, np.abs(a * b).sum(-1) / (d - 1)))

    def ts_corr(self, x, y, d):
        a, b, varies = _moments(x, y, d)
        exact = d == 2 and self.snap
        if exact:
            out = np.sign(a[..., 1] * b[..., 1])
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                out = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
        out = _fill(x, np.where(varies, out, np.nan))
        if not exact:
            out = self._jitter(out, 1e-13)
        near = 1.0 - 1e-12 if self.snap else 1.0
        return np.where(out >= near, 1.0, np.where(out <= -near, -1.0, out))

    # Over names. One that has no row on a day takes no part, whatever is known of it from before.

    def cs_rank(self, x):
        x = np.where(self.is_there, x, np.nan)
        return pd.DataFrame(x).rank(axis=1, pct=True).to_numpy()

    def scale(self, x, a=1.0):
        x = np.where(self.is_there, x, np.nan)
        total = np.nansum(np.abs(x).astype(WIDE), axis=1, keepdims=True).astype(float)
        total = self._jitter(total, 1e-15 * total)
        return self.div(a * x, total)

    def neutralize(self, x, level):
        x = np.where(self.is_there, x, np.nan)
        out = np.full(x.shape, np.nan)
        labels = self.groups[level]
        for label in sorted(set(labels)):
            members = labels == label
            part = x[:, members]
            count = (~np.isnan(part)).sum(1, keepdims=True)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = (np.nansum(part.astype(WIDE), axis=1, keepdims=True) / count).astype(float)
            size = np.where(count > 1, 1e-15 * np.nansum(np.abs(part), axis=1, keepdims=True), 0.0)
            out[:, members] = part - self._jitter(mean, size)
        return out


def _windows(x, d):
    return sliding_window_view(x, d, axis=0)


def _fill(x, newest):
    """Puts results of windows below the days that have none."""
    out = np.full(x.shape, np.nan)
    out[len(x) - len(newest) :] = newest
    return out


def _from_first(x, d):
    """Windows less their first value: exactly zero in a constant window."""
    w = _windows(x, d).astype(WIDE)
    return w - w[..., :1]


def _moments(x, y, d):
    """Windows of both less their means, missing in both where they are in one; and whether both vary."""
    a, b = _from_first(x, d), _from_first(y, d)
    missing = np.isnan(a).any(-1) | np.isnan(b).any(-1)
    varies = ~missing & (a != 0).any(-1) & (b != 0).any(-1)
    a[missing], b[missing] = np.nan, np.nan
    return a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True), varies


def _finite(compute):
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        out = np.asarray(compute(), dtype=float)
    return np.where(np.isfinite(out), out, np.nan)


def _known(answer, a, b):
    return np.where(np.isnan(a) | np.isnan(b), np.nan, answer.astype(float))
