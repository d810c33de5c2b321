"""What `engine` and its processes share: data, semantics, the loops in numba.

W1, the sweep. Long when the fast average is above the slow one at close t, flat otherwise and while one of them is not
there yet. The order fills at open t + 1: buy cash / (open x 1.0003) units, sell at open x 0.9997. Equity is marked at
each close. Returns are per bar from bar 0, whose return is against the starting capital; deviations are of a sample
(n - 1); drawdowns count the starting capital as a peak. A position at the end is marked at the last close, and is not
among the trades.

W2, the breakout: enter one unit at the next open when close exceeds the highest high of the 240 bars before. The stop
is close - 5 ATR(60) of the bar of the signal, and goes up with each close. See `breakout_close` and `breakout_resting`.
Only closed trades are told, and are in the profit: exit x 0.9997 - entry x 1.0003.
"""

import math

import numpy as np
from numba import njit, prange
from numba.cpython.unsafe.numbers import trailing_zeros

from _factors import FIELDS, minutes

N_BARS = 98_280
PER_YEAR = 19_656.0
BUY, SELL = 1.0003, 0.9997
FAST = np.arange(5, 55)
CHANNEL, ATR_PERIOD, ATR_MULT = 240, 60, 5.0
METRICS = ["sharpe", "max_drawdown", "total_return", "n_trades"]


def slow_windows(points_mult=1):
    return np.arange(60, 60 + 100 * points_mult)


def five_minutes(seed, n=N_BARS):
    """A geometric walk of five-minute bars with fat tails, 78 a day. Opens gap, most of all overnight."""
    rng = np.random.Generator(np.random.PCG64(seed))
    gap = rng.normal(0, 2e-4, n)
    gap[::78] += rng.normal(0, 5e-3, len(gap[::78]))
    step = 9e-4 * rng.standard_t(4, n)
    close = 100 * np.exp(np.cumsum(gap + step))
    open_ = np.r_[100.0, close[:-1]] * np.exp(gap)
    high = np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 5e-4, n)))
    low = np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 5e-4, n)))
    volume = np.floor(np.exp(rng.normal(9, 0.6, n)))
    return dict(zip(FIELDS, [open_, high, low, close, volume]))


@njit(cache=True)
def averages(close, windows):
    """A row for each window. NaN until a window is full."""
    n = len(close)
    out = np.full((len(windows), n), np.nan)
    for i in range(len(windows)):
        w = windows[i]
        total = 0.0
        for t in range(min(w, n)):
            total += close[t]
        if n >= w:
            out[i, w - 1] = total / w
        for t in range(w, n):
            total += close[t] - close[t - w]
            out[i, t] = total / w
    return out


@njit(cache=True)
def sharpe_of(total, squares, n):
    mean = total / n
    return mean / math.sqrt((squares - total * mean) / (n - 1)) * math.sqrt(PER_YEAR)


@njit(cache=True, inline="always")
def plain_point(open_, close, fast, slow, out):
    """One point, bar by bar, with cash and units as an account has them."""
    n = len(close)
    cash, units, before, peak = 1.0, 0.0, 1.0, 1.0
    total, squares, drawdown, trades = 0.0, 0.0, 0.0, 0
    wanted = False
    for t in range(n):
        if wanted and units == 0.0:
            units = cash / (open_[t] * BUY)
            cash = 0.0
        elif not wanted and units > 0.0:
            cash = units * open_[t] * SELL
            units = 0.0
            trades += 1
        equity = cash + units * close[t]
        gain = equity / before - 1.0
        before = equity
        total += gain
        squares += gain * gain
        peak = max(peak, equity)
        drawdown = max(drawdown, 1.0 - equity / peak)
        wanted = fast[t] > slow[t]
    out[0] = sharpe_of(total, squares, n)
    out[1] = drawdown
    out[2] = before - 1.0
    out[3] = trades


def sweep_plain(open_, close, fast_windows, slow_windows, threads):
    fast, slow = averages(close, fast_windows), averages(close, slow_windows)
    n_slow = len(slow_windows)
    out = np.empty((len(fast_windows) * n_slow, 4))
    for p in prange(len(out)):
        plain_point(open_, close, fast[p // n_slow], slow[p % n_slow], out[p])
    return out


@njit(cache=True)
def gains(open_, close):
    """What a bar does to the equity of who buys at its open, sells at its open, and holds."""
    n = len(close)
    out = np.ones((n, 3))
    out[0, 0] = close[0] / (open_[0] * BUY)
    for t in range(1, n):
        out[t, 0] = close[t] / (open_[t] * BUY)
        out[t, 1] = open_[t] * SELL / close[t - 1]
        out[t, 2] = close[t] / close[t - 1]
    return out


@njit(cache=True)
def averages_of_block(close, first, count, a, b, total, out):
    """Averages of windows first, first + 1, ... for rows a to b, a row of `out` per bar. `total` goes on from block to
    block. The windows are lanes, which makes this seven times as fast as one window after the other."""
    for t in range(a, b):
        row, now = out[t - a], close[t]
        m = min(max(t - first + 1, 0), count)
        for j in range(m):
            total[j] += now - close[t - first - j]
        for j in range(m, count):
            total[j] += now
        m = min(max(t - first + 2, 0), count)
        for j in range(m):
            row[j] = total[j] / (first + j)
        for j in range(m, count):
            row[j] = np.nan


# Thirteen vectors of eight: a hundred slow averages, and a count that LLVM knows.
LANES = 104


@njit(cache=True, inline="always")
def lane(p, w, buy, sell, held, e, s1, s2, x, d, k):
    """A bar of one point: inside before, inside now, then the state."""
    gain = (held if p > 0.0 else buy) if w > 0.0 else (sell if p > 0.0 else 1.0)
    k += p if w == 0.0 else 0.0
    r = gain - 1.0
    x = min(x * gain, 1.0)
    return e * gain, s1 + r, s2 + r * r, x, min(d, x), k


@njit(cache=True)
def lanes_bars(fast, slow, g, a, b, st):
    """Rows a to b, four at a time, so that the state is read and written once for four bars. State: inside, equity,
    sums of returns and of their squares, equity over its peak, the least of that, trades."""
    n = LANES
    t = a
    while t + 4 <= b:
        i = t - a
        v0, v1, v2, v3 = fast[i], fast[i + 1], fast[i + 2], fast[i + 3]
        b0, s0, h0 = g[t + 1, 0], g[t + 1, 1], g[t + 1, 2]
        b1, s1, h1 = g[t + 2, 0], g[t + 2, 1], g[t + 2, 2]
        b2, s2, h2 = g[t + 3, 0], g[t + 3, 1], g[t + 3, 2]
        b3, s3, h3 = g[t + 4, 0], g[t + 4, 1], g[t + 4, 2]
        r0, r1, r2, r3 = slow[i], slow[i + 1], slow[i + 2], slow[i + 3]
        for j in range(LANES):
            p = st[j]
            e, u, v, x, d, k = st[n + j], st[2 * n + j], st[3 * n + j], st[4 * n + j], st[5 * n + j], st[6 * n + j]
            w0 = 1.0 if v0 > r0[j] else 0.0
            w1 = 1.0 if v1 > r1[j] else 0.0
            w2 = 1.0 if v2 > r2[j] else 0.0
            w3 = 1.0 if v3 > r3[j] else 0.0
            e, u, v, x, d, k = lane(p, w0, b0, s0, h0, e, u, v, x, d, k)
            e, u, v, x, d, k = lane(w0, w1, b1, s1, h1, e, u, v, x, d, k)
            e, u, v, x, d, k = lane(w1, w2, b2, s2, h2, e, u, v, x, d, k)
            e, u, v, x, d, k = lane(w2, w3, b3, s3, h3, e, u, v, x, d, k)
            st[j] = w3
            st[n + j], st[2 * n + j], st[3 * n + j], st[4 * n + j], st[5 * n + j], st[6 * n + j] = e, u, v, x, d, k
        t += 4
    while t < b:
        now, buy, sell, held = fast[t - a], g[t + 1, 0], g[t + 1, 1], g[t + 1, 2]
        row = slow[t - a]
        for j in range(LANES):
            w = 1.0 if now > row[j] else 0.0
            e, u, v, x, d, k = st[n + j], st[2 * n + j], st[3 * n + j], st[4 * n + j], st[5 * n + j], st[6 * n + j]
            e, u, v, x, d, k = lane(st[j], w, buy, sell, held, e, u, v, x, d, k)
            st[j] = w
            st[n + j], st[2 * n + j], st[3 * n + j], st[4 * n + j], st[5 * n + j], st[6 * n + j] = e, u, v, x, d, k
        t += 1


@njit(cache=True)
def lanes_part(close, fast_windows, slow_windows, g, out):
    """Blocks of time, whose averages stay in the cache, and in them every fast average against lanes of slow ones."""
    n, n_fast, n_slow = len(close), len(fast_windows), len(slow_windows)
    block, chunks = 512, (n_slow + LANES - 1) // LANES
    st = np.zeros((n_fast, chunks, 7 * LANES))
    st[:, :, LANES : 2 * LANES] = 1.0
    st[:, :, 4 * LANES : 6 * LANES] = 1.0
    fast_total, slow_total = np.zeros(n_fast), np.zeros((chunks, LANES))
    fast_rows, slow, fast = np.empty((block, n_fast)), np.empty((block, LANES)), np.empty((n_fast, block))
    for a in range(0, n - 1, block):
        b = min(a + block, n - 1)
        averages_of_block(close, fast_windows[0], n_fast, a, b, fast_total, fast_rows)
        for f in range(n_fast):
            for t in range(b - a):
                fast[f, t] = fast_rows[t, f]
        for q in range(chunks):
            averages_of_block(close, slow_windows[0] + q * LANES, LANES, a, b, slow_total[q], slow)
            for f in range(n_fast):
                lanes_bars(fast[f], slow, g, a, b, st[f, q])
    for f in range(n_fast):
        for i in range(n_slow):
            s, o, j = st[f, i // LANES], out[f * n_slow + i], i % LANES
            o[0] = sharpe_of(s[2 * LANES + j], s[3 * LANES + j], n)
            o[1] = 1.0 - s[5 * LANES + j]
            o[2] = s[LANES + j] - 1.0
            o[3] = s[6 * LANES + j]


def sweep_lanes(open_, close, fast_windows, slow_windows, threads):
    n_fast, n_slow = len(fast_windows), len(slow_windows)
    g, out = gains(open_, close), np.empty((n_fast * n_slow, 4))
    for i in prange(threads):
        x, y = n_fast * i // threads, n_fast * (i + 1) // threads
        lanes_part(close, fast_windows[x:y], slow_windows, g, out[x * n_slow : y * n_slow])
    return out


@njit(cache=True)
def range_tables(close):
    """Highest, lowest and the deepest fall between each bar and the middle of its block, for blocks of 2, 4, 8, ...
    bars. Any range of bars is then two looks: falls do not bear the overlap of the usual sparse table."""
    n, levels = len(close), 1
    while (1 << levels) < n:
        levels += 1
    out = np.empty((levels, n, 3))
    for level in range(levels):
        half = 1 << level
        for low in range(0, n, 2 * half):
            mid = min(low + half, n)
            highest, lowest, fall = close[mid - 1], close[mid - 1], 0.0
            for i in range(mid - 1, low - 1, -1):
                lowest, highest = min(lowest, close[i]), max(highest, close[i])
                fall = max(fall, 1.0 - lowest / close[i])
                out[level, i, 0], out[level, i, 1], out[level, i, 2] = highest, lowest, fall
            if mid < n:
                highest, lowest, fall = close[mid], close[mid], 0.0
                for i in range(mid, min(mid + half, n)):
                    lowest, highest = min(lowest, close[i]), max(highest, close[i])
                    fall = max(fall, 1.0 - close[i] / highest)
                    out[level, i, 0], out[level, i, 1], out[level, i, 2] = highest, lowest, fall
    return out


@njit(cache=True)
def prefix_sums(g):
    """Sums of the returns of who holds, and of their squares."""
    out = np.zeros((len(g) + 1, 2))
    for t in range(len(g)):
        r = g[t, 2] - 1.0
        out[t + 1, 0] = out[t, 0] + r
        out[t + 1, 1] = out[t, 1] + r * r
    return out


@njit(cache=True)
def logarithms():
    out = np.zeros(1024, np.int64)
    for i in range(2, 1024):
        out[i] = out[i >> 1] + 1
    return out


@njit(cache=True, inline="always")
def span(close, table, logs, i, k):
    """Highest, lowest and deepest fall of closes i to k."""
    if i == k:
        return close[i], close[i], 0.0
    x = i ^ k
    level = logs[x] if x < 1024 else (logs[x >> 10] + 10 if x < 1 << 20 else logs[x >> 20] + 20)
    highest, lowest = table[level, i, 0], table[level, k, 1]
    fall = max(max(table[level, i, 2], table[level, k, 2]), 1.0 - lowest / highest)
    return max(highest, table[level, k, 0]), min(lowest, table[level, i, 1]), fall


@njit(cache=True)
def is_above(fast, slow, f, s, m, out):
    for t in range(m):
        out[t] = fast[f, t] > slow[s, t]


@njit(cache=True)
def trades_bars(open_, close, g, sums, table, logs, words, m, a, st, q):
    """The crossings of one point in a block, eight bars a word, and what each trade does."""
    eq, peak, worst, s1, s2, trades = st[q, 0], st[q, 1], st[q, 2], st[q, 3], st[q, 4], st[q, 5]
    inside, i = np.uint64(st[q, 6]), np.int64(st[q, 7])
    for w in range(m):
        word = words[w]
        changed = word ^ ((word << np.uint64(8)) | inside)
        inside = word >> np.uint64(56)
        while changed:
            t = a + w * 8 + np.int64(trailing_zeros(changed) >> 3) + 1
            changed &= changed - np.uint64(1)
            if i == 0:
                i = t
                continue
            r, x = g[i, 0] - 1.0, g[t, 1] - 1.0
            s1 += r + (sums[t, 0] - sums[i + 1, 0]) + x
            s2 += r * r + (sums[t, 1] - sums[i + 1, 1]) + x * x
            units = eq / (open_[i] * BUY)
            highest, lowest, fall = span(close, table, logs, i, t - 1)
            fall = max(fall, 1.0 - units * lowest / peak)
            peak = max(peak, units * highest)
            eq = units * open_[t] * SELL
            worst = max(worst, max(fall, 1.0 - eq / peak))
            trades += 1
            i = 0
    st[q, 0], st[q, 1], st[q, 2], st[q, 3], st[q, 4], st[q, 5] = eq, peak, worst, s1, s2, trades
    st[q, 6], st[q, 7] = inside, i


@njit(cache=True)
def trades_part(open_, close, fast_windows, slow_windows, g, sums, table, logs, out):
    n, n_fast, n_slow = len(close), len(fast_windows), len(slow_windows)
    block = 1024
    st = np.zeros((n_fast * n_slow, 8))
    st[:, :2] = 1.0
    fast_total, slow_total = np.zeros(n_fast), np.zeros(n_slow)
    fast_rows, slow_rows = np.empty((block, n_fast)), np.empty((block, n_slow))
    fast, slow = np.empty((n_fast, block)), np.empty((n_slow, block))
    truth = np.zeros(block, np.uint8)
    words = truth.view(np.uint64)
    for a in range(0, n - 1, block):
        b = min(a + block, n - 1)
        averages_of_block(close, fast_windows[0], n_fast, a, b, fast_total, fast_rows)
        averages_of_block(close, slow_windows[0], n_slow, a, b, slow_total, slow_rows)
        for t in range(b - a):
            for f in range(n_fast):
                fast[f, t] = fast_rows[t, f]
            for s in range(n_slow):
                slow[s, t] = slow_rows[t, s]
        m = (b - a + 7) // 8
        for q in range(n_fast * n_slow):
            is_above(fast, slow, q // n_slow, q % n_slow, b - a, truth)
            for t in range(b - a, m * 8):
                truth[t] = truth[b - a - 1]
            trades_bars(open_, close, g, sums, table, logs, words, m, a, st, q)
    for q in range(n_fast * n_slow):
        o = st[q]
        eq, i = o[0], int(o[7])
        if i > 0:
            r = g[i, 0] - 1.0
            o[3] += r + sums[n, 0] - sums[i + 1, 0]
            o[4] += r * r + sums[n, 1] - sums[i + 1, 1]
            units = eq / (open_[i] * BUY)
            highest, lowest, fall = span(close, table, logs, i, n - 1)
            o[2] = max(o[2], max(fall, 1.0 - units * lowest / o[1]))
            eq = units * close[n - 1]
        out[q, 0], out[q, 1], out[q, 2], out[q, 3] = sharpe_of(o[3], o[4], n), o[2], eq - 1.0, o[5]


def sweep_trades(open_, close, fast_windows, slow_windows, threads):
    n_fast, n_slow = len(fast_windows), len(slow_windows)
    g, out = gains(open_, close), np.empty((n_fast * n_slow, 4))
    sums, table, logs = prefix_sums(g), range_tables(close), logarithms()
    for i in prange(threads):
        x, y = n_fast * i // threads, n_fast * (i + 1) // threads
        part = out[x * n_slow : y * n_slow]
        trades_part(open_, close, fast_windows[x:y], slow_windows, g, sums, table, logs, part)
    return out


@njit(cache=True)
def channel_and_range(high, low, close):
    """The highest high of the bars before each bar, and the average true range as TA-Lib has it."""
    n = len(close)
    highest, atr = np.full(n, np.nan), np.full(n, np.nan)
    queue, head, tail = np.empty(n, np.int64), 0, 0
    total = 0.0
    for t in range(n):
        if t >= CHANNEL:
            while queue[head] < t - CHANNEL:
                head += 1
            highest[t] = high[queue[head]]
        while tail > head and high[queue[tail - 1]] <= high[t]:
            tail -= 1
        queue[tail] = t
        tail += 1
        if t > 0:
            tr = max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1]))
            if t <= ATR_PERIOD:
                total += tr
                if t == ATR_PERIOD:
                    atr[t] = total / ATR_PERIOD
            else:
                atr[t] = (atr[t - 1] * (ATR_PERIOD - 1) + tr) / ATR_PERIOD
    return highest, atr


@njit(cache=True)
def breakout_close(open_, high, low, close):
    """The stop is looked at by close: level = max(level, close - 5 ATR), this close's own value included (which changes
    nothing, as that is below the close), then out at the next open when close is below it. The next signal counts from
    the close of the bar in which that order fills."""
    n = len(close)
    highest, atr = channel_and_range(high, low, close)
    trades = np.empty((n, 4))
    count, pnl, level = 0, 0.0, 0.0
    entry, price = -1, 0.0
    ordered = 0
    for t in range(n):
        if ordered == 1:
            entry, price = t, open_[t]
        elif ordered == -1:
            trades[count, 0], trades[count, 1], trades[count, 2], trades[count, 3] = entry, price, t, open_[t]
            count += 1
            pnl += open_[t] * SELL - price * BUY
            entry = -1
        ordered = 0
        if entry >= 0:
            level = max(level, close[t] - ATR_MULT * atr[t])
            if close[t] < level:
                ordered = -1
        elif close[t] > highest[t]:
            level = close[t] - ATR_MULT * atr[t]
            ordered = 1
    return trades[:count].copy(), pnl


@njit(cache=True)
def breakout_resting(open_, high, low, close):
    """The level of the close before rests in the market: filled at min(open, stop) when low <= stop. A bar of entry
    that opens above the stop can be stopped at the stop; one that opens at it or below cannot be, in this bar. A signal
    at the close of the bar of an exit counts."""
    n = len(close)
    highest, atr = channel_and_range(high, low, close)
    trades = np.empty((n, 4))
    count, pnl, level = 0, 0.0, 0.0
    entry, price = -1, 0.0
    ordered = False
    for t in range(n):
        if ordered:
            entry, price = t, open_[t]
            ordered = False
            hit = open_[t] > level and low[t] <= level
        else:
            hit = entry >= 0 and low[t] <= level
        if hit:
            sold = min(open_[t], level)
            trades[count, 0], trades[count, 1], trades[count, 2], trades[count, 3] = entry, price, t, sold
            count += 1
            pnl += sold * SELL - price * BUY
            entry = -1
        if entry >= 0:
            level = max(level, close[t] - ATR_MULT * atr[t])
        elif close[t] > highest[t]:
            level = close[t] - ATR_MULT * atr[t]
            ordered = True
    return trades[:count].copy(), pnl


@njit(cache=True)
def breakout_fused(open_, high, low, close, resting):
    """Both cases in one loop without tables: the highest high is kept and sought again when its bar leaves, the average
    range is multiplied by 1/60 and not divided."""
    n = len(close)
    trades = np.empty((n // 4, 4))
    count, pnl, level = 0, 0.0, 0.0
    entry, price, ordered, hit = -1, 0.0, 0, False
    total, atr = 0.0, 0.0
    before = close[0]
    top, at = high[0], 0
    for t in range(1, n):
        o, h, lo, c = open_[t], high[t], low[t], close[t]
        tr = max(h - lo, max(abs(h - before), abs(lo - before)))
        before = c
        if t > ATR_PERIOD:
            atr = (atr * (ATR_PERIOD - 1) + tr) * (1.0 / ATR_PERIOD)
        else:
            total += tr
            atr = total / ATR_PERIOD
        if at < t - CHANNEL:
            top, at = high[t - CHANNEL], t - CHANNEL
            for i in range(t - CHANNEL + 1, t):
                if high[i] >= top:
                    top, at = high[i], i
        if resting:
            hit = entry >= 0 and lo <= level
            if ordered == 1:
                entry, price = t, o
                hit = o > level and lo <= level
            sold = min(o, level)
        else:
            hit = ordered == -1
            if ordered == 1:
                entry, price = t, o
            sold = o
        ordered = 0
        if hit:
            trades[count, 0], trades[count, 1], trades[count, 2], trades[count, 3] = entry, price, t, sold
            count += 1
            pnl += sold * SELL - price * BUY
            entry = -1
        if entry >= 0:
            level = max(level, c - ATR_MULT * atr)
            if not resting and c < level:
                ordered = -1
        elif c > top and t >= CHANNEL:
            level = c - ATR_MULT * atr
            ordered = 1
        if h >= top:
            top, at = h, t
    return trades[:count].copy(), pnl


SWEEPS = {"plain": sweep_plain, "lanes": sweep_lanes, "trades": sweep_trades}


def sweep_in_numba(which, threads):
    """A sweep, compiled for one thread or for several."""
    return njit(cache=True, parallel=threads > 1)(SWEEPS[which])
