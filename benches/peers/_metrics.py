"""W12: nine figures of many strategies, a hand-written numba kernel, its data, and the comparison with ours.

Sums in loops of their own, where fast-math lets LLVM use every lane of the machine; the path without a branch; the tail
by selection among what lies below a guess, gathered without a branch. Each was the fastest of the forms tried.
"""

import math

import numba
import numpy as np

FIGURES = ["sharpe", "sortino", "vol_annual", "max_drawdown", "calmar", "skew", "kurtosis", "value_at_risk", "cvar"]
DAYS_PER_YEAR = 252.0
TAIL = 0.05


def returns(seed, n_strategies=1_000, n_days=2_520):
    """Daily returns, strategies by days: fat tails, each strategy with its own drift and deviation."""
    rng = np.random.Generator(np.random.PCG64(seed))
    drift = rng.normal(2e-4, 3e-4, (n_strategies, 1))
    deviation = np.exp(rng.normal(math.log(0.01), 0.4, (n_strategies, 1)))
    return np.ascontiguousarray(drift + deviation * rng.standard_t(5, (n_strategies, n_days)))


@numba.njit(fastmath=True)
def _sums(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i]
    mean = total / len(x)
    m2, m3, m4 = 0.0, 0.0, 0.0
    for i in range(len(x)):
        d = x[i] - mean
        d2 = d * d
        m2 += d2
        m3 += d2 * d
        m4 += d2 * d2
    lost = 0.0
    for i in range(len(x)):
        d = min(x[i], 0.0)
        lost += d * d
    return mean, lost, m2, m3, m4


@numba.njit
def _path(x):
    equity, peak, worst = 1.0, 1.0, 0.0
    for v in x:
        equity *= 1.0 + v
        peak = max(peak, equity)
        worst = max(worst, (peak - equity) / peak)
    return equity, worst


@numba.njit
def _select(a, n, k):
    """Hoare's selection: the k-th smallest of a[:n], with all smaller ones before it."""
    low, high = 0, n - 1
    while low < high:
        pivot = a[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            return


@numba.njit
def _tail(x, mean, deviation, buffer):
    """Value at risk and CVaR: candidates below a guess, which widens until there are enough; then selection."""
    n = len(x)
    h = (n - 1) * TAIL
    k = int(h)
    width, count = 1.35, 0
    while True:
        cut = mean - width * deviation
        count = 0
        for v in x:
            buffer[count] = v
            count += 1 if v < cut else 0
        if count >= k + 2:
            break
        width -= 0.35
        if width < -3.0:
            count = n
            buffer[:n] = x
            break
    _select(buffer, count, k)
    last = buffer[k]
    above = math.inf
    for i in range(k + 1, count):
        above = min(above, buffer[i])
    total = 0.0
    for i in range(k + 1):
        total += buffer[i]
    return -(last + (h - k) * (above - last)), -total / (k + 1)


@numba.njit
def kernel(table, days_per_year, out):
    """Nine figures of each row of `table`, into the rows of `out`, in the order of `FIGURES`."""
    n = table.shape[1]
    buffer = np.empty(n + 1)
    for s in range(table.shape[0]):
        x = table[s]
        mean, lost, m2, m3, m4 = _sums(x)
        equity, worst = _path(x)
        deviation = math.sqrt(m2 / (n - 1))
        vol = deviation * math.sqrt(days_per_year)
        var = m2 / n
        at_risk, beyond = _tail(x, mean, deviation, buffer)
        out[s, 0] = mean * days_per_year / vol
        out[s, 1] = mean * days_per_year / (math.sqrt(lost / n) * math.sqrt(days_per_year))
        out[s, 2] = vol
        out[s, 3] = worst
        out[s, 4] = (equity ** (days_per_year / n) - 1.0) / worst
        out[s, 5] = m3 / n / (var * math.sqrt(var))
        out[s, 6] = m4 / n / (var * var)
        out[s, 7] = at_risk
        out[s, 8] = beyond


def peer(table):
    """What numba makes of the table."""
    out = np.empty((len(table), len(FIGURES)))
    kernel(table, DAYS_PER_YEAR, out)
    return out


def differing(ours, theirs, tolerance=1e-9):
    """The first figure that differs by more, relative to the larger of 1 and the value; None where all agree."""
    far = np.abs(ours - theirs) > tolerance * np.maximum(1.0, np.abs(theirs))
    far |= np.isnan(ours) != np.isnan(theirs)
    if not far.any():
        return None
    row, column = np.argwhere(far)[0]
    return f"{FIGURES[column]} of strategy {row}: {ours[row, column]!r} of ours, {theirs[row, column]!r} of theirs"
