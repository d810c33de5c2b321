"""alphas: the 101 formulaic alphas of Kakushadze (2016) over 500 names x 2,520 days, in pandas as usually written.

Frames are days by names, each alpha is one function, and nothing is shared between alphas. `--way quick` (the default)
takes what pandas has compiled: `rolling().rank()`, and `decay_linear` as a sum of shifted frames. `--way apply` calls
Python for each window of a rank or a decay too, as the implementations do that people copy; it takes many times
longer, so alphas are cut off at `--cap` seconds and then count as that. The results are first compared with the goldens
that our own evaluation is tested against, and then timed, once each. `--write` gives the same panel to others.

Ours is one plan of all alphas on one thread, from their text to matrices of all values; parsing and compiling count. On
the same panel each frame of pandas is compared with ours: only a few values may be apart, but for alpha 45. (Where one
name differs by what pandas' running sums leave of a series that hardly varies, the ranks of others on that day move by
one place. Alpha 45 ranks correlations of two values, which are 1 or -1: ties by definition, in pandas in the order of
their last bits.)
Run: cargo xtask bench alphas --peers
"""

import os
import resource
import signal
import sys
import tempfile
import time

import numpy as np
import pandas as pd

from _common import arguments, print_table
from _factors import differing, program, run_case

GOLDENS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../data-fixtures/golden/alphas")
TEXTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../crates/qe-factors/tests/it/alphas/alphas.txt")
FIELDS = ["open", "high", "low", "close", "volume", "vwap", "cap"]
TIES = [45]


def add_options(parser):
    parser.add_argument("--names", type=int, default=None, help="names (500; 60 with --quick)")
    parser.add_argument("--days", type=int, default=None, help="days (2520; 600 with --quick)")
    parser.add_argument("--way", choices=["quick", "apply"], default="quick", help="how windows are ranked and weighed")
    parser.add_argument("--cap", type=float, default=120.0, help="computing seconds after which an alpha is cut off (120)")
    parser.add_argument("--only", metavar="N,N", help="these alphas alone")
    parser.add_argument("--write", metavar="FILE", help="write the panel there as Parquet, in long form, and end")


def simulate(names, days, seed):
    """Fields to frames of days by names, and the level of groups to a label for each name. Some enter late."""
    rng = np.random.Generator(np.random.PCG64(seed))
    shape = (days, names)
    steps = 0.008 * rng.standard_normal((days, 1)) + 0.018 * rng.standard_t(5, shape)
    close = np.exp(3.9 + 0.4 * rng.standard_normal(names) + np.cumsum(steps, axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(0.006 * rng.standard_normal(shape))
    high = np.maximum(open_, close) * np.exp(0.008 * np.abs(rng.standard_normal(shape)))
    low = np.minimum(open_, close) * np.exp(-0.008 * np.abs(rng.standard_normal(shape)))
    busy = rng.standard_normal(names) + 0.5 * rng.standard_normal(shape) + 4.0 * np.abs(steps)
    volume = np.floor(np.exp(13.0 + busy))
    vwap = low + (high - low) * rng.beta(4.0, 4.0, shape)
    cap = close * np.exp(rng.normal(4.0, 1.0, names))
    late = np.where(rng.random(names) < 0.1, rng.integers(0, days // 2, names), 0)
    absent = np.arange(days)[:, None] < late
    columns = [f"N{i:03d}" for i in range(names)]
    frames = {}
    for field, values in zip(FIELDS, [open_, high, low, close, volume, vwap, cap]):
        frames[field] = pd.DataFrame(np.where(absent, np.nan, values), columns=columns)
    sub = np.arange(names) % 150
    groups = {"sector": sub % 10, "industry": sub % 50, "subindustry": sub}
    return frames, groups


def write(frames, groups, path):
    """The panel in long form: a row for each day and name that has one, with the labels of its groups."""
    long = pd.concat({field: frame.stack() for field, frame in frames.items()}, axis=1).dropna()
    long = long.rename_axis(["day", "name"]).reset_index()
    for level, labels in groups.items():
        long[level] = long["name"].map(dict(zip(frames["close"].columns, labels)))
    long.to_parquet(path)


class Alphas:
    """The alphas on one panel."""

    def __init__(self, frames, groups, way):
        self.open, self.high, self.low, self.close, self.volume, self.vwap, self.cap = (frames[f] for f in FIELDS)
        self.returns = self.close / self.close.shift(1) - 1
        self.groups = groups
        self.apply = way == "apply"

    def compute(self, number):
        return getattr(self, f"alpha_{number}")()

    # Operators.

    def of_today(self, x):
        """Of names that have a row on the day: no other is compared, though its past is known."""
        return x.where(self.close.notna())

    def adv(self, d):
        return (self.close * self.volume).rolling(d).mean()

    def neutral(self, x, level):
        return x - x.T.groupby(self.groups[level]).transform("mean").T

    def tsrank(self, x, d):
        if self.apply:
            newest = lambda w: ((w < w[-1]).sum() + 0.5 * ((w == w[-1]).sum() + 1)) / d
            return x.rolling(d).apply(newest, raw=True)
        return x.rolling(d).rank(pct=True)

    def decay(self, x, d):
        weights = np.arange(1.0, d + 1.0)
        if self.apply:
            divisor = weights.sum()
            return x.rolling(d).apply(lambda w: np.dot(w, weights) / divisor, raw=True)
        out = x * weights[-1]
        for back in range(1, d):
            out = out + x.shift(back) * weights[-1 - back]
        return out / weights.sum()

    def mix(self, a, weight, b):
        return a * weight + b * (1 - weight)

    def reversal(self, d):
        step = delta(self.close, 1)
        falling = where(less(step.rolling(d).max(), 0), step, -step)
        return where(less(0, step.rolling(d).min()), step, falling)

    def bend(self):
        close = self.close
        return (close.shift(20) - close.shift(10)) / 10 - (close.shift(10) - close) / 10

    def place(self):
        return div((self.close - self.low) - (self.high - self.close), self.high - self.low)

    # The alphas.

    def alpha_1(self):
        falling = where(less(self.returns, 0), std(self.returns, 20), self.close)
        return rank(argmax(falling**2, 5)) - 0.5

    def alpha_2(self):
        volume = np.log(self.volume.where(self.volume > 0))
        return -corr(rank(delta(volume, 2)), rank((self.close - self.open) / self.open), 6)

    def alpha_3(self):
        return -corr(rank(self.open), rank(self.volume), 10)

    def alpha_4(self):
        return -self.tsrank(rank(self.low), 9)

    def alpha_5(self):
        return rank(self.open - total(self.vwap, 10) / 10) * -rank(self.close - self.vwap).abs()

    def alpha_6(self):
        return -corr(self.open, self.volume, 10)

    def alpha_7(self):
        step = delta(self.close, 7)
        return where(less(self.adv(20), self.volume), -self.tsrank(step.abs(), 60) * np.sign(step), -1.0)

    def alpha_8(self):
        force = total(self.open, 5) * total(self.returns, 5)
        return -rank(force - force.shift(10))

    def alpha_9(self):
        return self.reversal(5)

    def alpha_10(self):
        return rank(self.reversal(4))

    def alpha_11(self):
        gap = self.vwap - self.close
        return (rank(highest(gap, 3)) + rank(lowest(gap, 3))) * rank(delta(self.volume, 3))

    def alpha_12(self):
        return np.sign(delta(self.volume, 1)) * -delta(self.close, 1)

    def alpha_13(self):
        return -rank(cov(rank(self.close), rank(self.volume), 5))

    def alpha_14(self):
        return -rank(delta(self.returns, 3)) * corr(self.open, self.volume, 10)

    def alpha_15(self):
        return -total(rank(corr(rank(self.high), rank(self.volume), 3)), 3)

    def alpha_16(self):
        return -rank(cov(rank(self.high), rank(self.volume), 5))

    def alpha_17(self):
        first = -rank(self.tsrank(self.close, 10)) * rank(delta(delta(self.close, 1), 1))
        return first * rank(self.tsrank(self.volume / self.adv(20), 5))

    def alpha_18(self):
        body = self.close - self.open
        return -rank(std(body.abs(), 5) + body + corr(self.close, self.open, 10))

    def alpha_19(self):
        way = np.sign((self.close - self.close.shift(7)) + delta(self.close, 7))
        return -way * (1 + rank(1 + total(self.returns, 250)))

    def alpha_20(self):
        first = -rank(self.open - self.high.shift(1)) * rank(self.open - self.close.shift(1))
        return first * rank(self.open - self.low.shift(1))

    def alpha_21(self):
        mean, short, spread = total(self.close, 8) / 8, total(self.close, 2) / 2, std(self.close, 8)
        busy = self.volume / self.adv(20)
        last = where(known(busy >= 1, busy, busy), 1.0, -1.0)
        return where(less(mean + spread, short), -1.0, where(less(short, mean - spread), 1.0, last))

    def alpha_22(self):
        return -(delta(corr(self.high, self.volume, 5), 5) * rank(std(self.close, 20)))

    def alpha_23(self):
        return where(less(total(self.high, 20) / 20, self.high), -delta(self.high, 2), 0.0)

    def alpha_24(self):
        growth = delta(total(self.close, 100) / 100, 100) / self.close.shift(100)
        slow = known(growth <= 0.05, growth, growth)
        return where(slow, -(self.close - lowest(self.close, 100)), -delta(self.close, 3))

    def alpha_25(self):
        return rank(-self.returns * self.adv(20) * self.vwap * (self.high - self.close))

    def alpha_26(self):
        return -highest(corr(self.tsrank(self.volume, 5), self.tsrank(self.high, 5), 5), 3)

    def alpha_27(self):
        middle = rank(total(corr(rank(self.volume), rank(self.vwap), 6), 2) / 2)
        return where(less(0.5, middle), -1.0, 1.0)

    def alpha_28(self):
        return scale(corr(self.adv(20), self.low, 5) + (self.high + self.low) / 2 - self.close)

    def alpha_29(self):
        inner = rank(rank(-rank(delta(self.close - 1, 5))))
        inner = product(rank(rank(scale(np.log(total(lowest(inner, 2), 1))))), 1)
        return lowest(inner, 5) + self.tsrank((-self.returns).shift(6), 5)

    def alpha_30(self):
        close = self.close
        signs = np.sign(delta(close, 1)) + np.sign(close.shift(1) - close.shift(2))
        signs = signs + np.sign(close.shift(2) - close.shift(3))
        return (1 - rank(signs)) * total(self.volume, 5) / total(self.volume, 20)

    def alpha_31(self):
        slow = rank(rank(rank(self.decay(-rank(rank(delta(self.close, 10))), 10))))
        return slow + rank(-delta(self.close, 3)) + np.sign(scale(corr(self.adv(20), self.low, 12)))

    def alpha_32(self):
        return scale(total(self.close, 7) / 7 - self.close) + 20 * scale(corr(self.vwap, self.close.shift(5), 230))

    def alpha_33(self):
        return rank(-(1 - self.open / self.close))

    def alpha_34(self):
        return rank((1 - rank(div(std(self.returns, 2), std(self.returns, 5)))) + (1 - rank(delta(self.close, 1))))

    def alpha_35(self):
        first = self.tsrank(self.volume, 32) * (1 - self.tsrank(self.close + self.high - self.low, 16))
        return first * (1 - self.tsrank(self.returns, 32))

    def alpha_36(self):
        body = self.close - self.open
        out = 2.21 * rank(corr(body, self.volume.shift(1), 15)) + 0.7 * rank(self.open - self.close)
        out = out + 0.73 * rank(self.of_today(self.tsrank((-self.returns).shift(6), 5)))
        out = out + rank(corr(self.vwap, self.adv(20), 6).abs())
        return out + 0.6 * rank((total(self.close, 200) / 200 - self.open) * body)

    def alpha_37(self):
        gap = self.open - self.close
        return rank(corr(gap.shift(1), self.close, 200)) + rank(gap)

    def alpha_38(self):
        return -rank(self.tsrank(self.close, 10)) * rank(self.close / self.open)

    def alpha_39(self):
        first = rank(delta(self.close, 7) * (1 - rank(self.decay(self.volume / self.adv(20), 9))))
        return -first * (1 + rank(total(self.returns, 250)))

    def alpha_40(self):
        return -rank(std(self.high, 10)) * corr(self.high, self.volume, 10)

    def alpha_41(self):
        return (self.high * self.low) ** 0.5 - self.vwap

    def alpha_42(self):
        return rank(self.vwap - self.close) / rank(self.vwap + self.close)

    def alpha_43(self):
        return self.tsrank(self.volume / self.adv(20), 20) * self.tsrank(-delta(self.close, 7), 8)

    def alpha_44(self):
        return -corr(self.high, rank(self.volume), 5)

    def alpha_45(self):
        first = rank(self.of_today(total(self.close.shift(5), 20) / 20)) * corr(self.close, self.volume, 2)
        return -(first * rank(corr(total(self.close, 5), total(self.close, 20), 2)))

    def alpha_46(self):
        bend = self.bend()
        return where(less(0.25, bend), -1.0, where(less(bend, 0), 1.0, -delta(self.close, 1)))

    def alpha_47(self):
        first = rank(1 / self.close) * self.volume / self.adv(20)
        second = self.high * rank(self.high - self.close) / (total(self.high, 5) / 5)
        return first * second - rank(self.vwap - self.vwap.shift(5))

    def alpha_48(self):
        step, before = delta(self.close, 1), self.close.shift(1)
        inner = self.neutral(corr(step, delta(before, 1), 250) * step / self.close, "subindustry")
        return inner / total((step / before) ** 2, 250)

    def alpha_49(self):
        return where(less(self.bend(), -0.1), 1.0, -delta(self.close, 1))

    def alpha_50(self):
        return -highest(rank(corr(rank(self.volume), rank(self.vwap), 5)), 5)

    def alpha_51(self):
        return where(less(self.bend(), -0.05), 1.0, -delta(self.close, 1))

    def alpha_52(self):
        floor = lowest(self.low, 5)
        slow = rank((total(self.returns, 240) - total(self.returns, 20)) / 220)
        return (-floor + floor.shift(5)) * slow * self.tsrank(self.volume, 5)

    def alpha_53(self):
        return -delta(div((self.close - self.low) - (self.high - self.close), self.close - self.low), 9)

    def alpha_54(self):
        return div(-((self.low - self.close) * self.open**5), (self.low - self.high) * self.close**5)

    def alpha_55(self):
        bottom = lowest(self.low, 12)
        return -corr(rank(div(self.close - bottom, highest(self.high, 12) - bottom)), rank(self.volume), 6)

    def alpha_56(self):
        first = rank(div(total(self.returns, 10), total(total(self.returns, 2), 3)))
        return -(first * rank(self.returns * self.cap))

    def alpha_57(self):
        return -((self.close - self.vwap) / self.decay(rank(argmax(self.close, 30)), 2))

    def alpha_58(self):
        return -self.tsrank(self.decay(corr(self.neutral(self.vwap, "sector"), self.volume, 3), 7), 5)

    def alpha_59(self):
        inner = self.neutral(self.mix(self.vwap, 0.728317, self.vwap), "industry")
        return -self.tsrank(self.decay(corr(inner, self.volume, 4), 16), 8)

    def alpha_60(self):
        return -(2 * scale(rank(self.place() * self.volume)) - scale(rank(argmax(self.close, 10))))

    def alpha_61(self):
        return less(rank(self.vwap - lowest(self.vwap, 16)), rank(corr(self.vwap, self.adv(180), 17)))

    def alpha_62(self):
        wide = less(rank(self.open) + rank(self.open), rank((self.high + self.low) / 2) + rank(self.high))
        return -less(rank(corr(self.vwap, total(self.adv(20), 22), 9)), rank(wide))

    def alpha_63(self):
        first = rank(self.decay(delta(self.neutral(self.close, "industry"), 2), 8))
        inner = corr(self.mix(self.vwap, 0.318108, self.open), total(self.adv(180), 37), 13)
        return -(first - rank(self.decay(inner, 12)))

    def alpha_64(self):
        first = corr(total(self.mix(self.open, 0.178404, self.low), 12), total(self.adv(120), 12), 16)
        return -less(rank(first), rank(delta(self.mix((self.high + self.low) / 2, 0.178404, self.vwap), 3)))

    def alpha_65(self):
        first = corr(self.mix(self.open, 0.00817205, self.vwap), total(self.adv(60), 8), 6)
        return -less(rank(first), rank(self.open - lowest(self.open, 13)))

    def alpha_66(self):
        gap = div(self.mix(self.low, 0.96633, self.low) - self.vwap, self.open - (self.high + self.low) / 2)
        return -(rank(self.decay(delta(self.vwap, 3), 7)) + self.tsrank(self.decay(gap, 11), 6))

    def alpha_67(self):
        inner = corr(self.neutral(self.vwap, "sector"), self.neutral(self.adv(20), "subindustry"), 6)
        return -power(rank(self.high - lowest(self.high, 2)), rank(inner))

    def alpha_68(self):
        first = self.tsrank(corr(rank(self.high), rank(self.adv(15)), 8), 13)
        return -less(first, rank(delta(self.mix(self.close, 0.518371, self.low), 1)))

    def alpha_69(self):
        first = rank(highest(delta(self.neutral(self.vwap, "industry"), 2), 4))
        second = self.tsrank(corr(self.mix(self.close, 0.490655, self.vwap), self.adv(20), 4), 9)
        return -power(first, second)

    def alpha_70(self):
        second = self.tsrank(corr(self.neutral(self.close, "industry"), self.adv(50), 17), 17)
        return -power(rank(delta(self.vwap, 1)), second)

    def alpha_71(self):
        first = corr(self.tsrank(self.close, 3), self.tsrank(self.adv(180), 12), 18)
        second = rank((self.low + self.open) - (self.vwap + self.vwap)) ** 2
        return most(self.tsrank(self.decay(first, 4), 15), self.tsrank(self.decay(second, 16), 4))

    def alpha_72(self):
        first = rank(self.decay(corr((self.high + self.low) / 2, self.adv(40), 8), 10))
        return first / rank(self.decay(corr(self.tsrank(self.vwap, 3), self.tsrank(self.volume, 18), 6), 2))

    def alpha_73(self):
        blend = self.mix(self.open, 0.147155, self.low)
        second = self.tsrank(self.decay(-(delta(blend, 2) / blend), 3), 16)
        return -most(rank(self.decay(delta(self.vwap, 4), 2)), second)

    def alpha_74(self):
        second = corr(rank(self.mix(self.high, 0.0261661, self.vwap)), rank(self.volume), 11)
        return -less(rank(corr(self.close, total(self.adv(30), 37), 15)), rank(second))

    def alpha_75(self):
        return less(rank(corr(self.vwap, self.volume, 4)), rank(corr(rank(self.low), rank(self.adv(50)), 12)))

    def alpha_76(self):
        second = self.tsrank(corr(self.neutral(self.low, "sector"), self.adv(81), 8), 19)
        return -most(rank(self.decay(delta(self.vwap, 1), 11)), self.tsrank(self.decay(second, 17), 19))

    def alpha_77(self):
        middle = (self.high + self.low) / 2
        first = rank(self.decay((middle + self.high) - (self.vwap + self.high), 20))
        return least(first, rank(self.decay(corr(middle, self.adv(40), 3), 5)))

    def alpha_78(self):
        first = corr(total(self.mix(self.low, 0.352233, self.vwap), 19), total(self.adv(40), 19), 6)
        return power(rank(first), rank(corr(rank(self.vwap), rank(self.volume), 5)))

    def alpha_79(self):
        first = delta(self.neutral(self.mix(self.close, 0.60733, self.open), "sector"), 1)
        return less(rank(first), rank(corr(self.tsrank(self.vwap, 3), self.tsrank(self.adv(150), 9), 14)))

    def alpha_80(self):
        first = rank(np.sign(delta(self.neutral(self.mix(self.open, 0.868128, self.high), "industry"), 4)))
        return -power(first, self.tsrank(corr(self.high, self.adv(10), 5), 5))

    def alpha_81(self):
        inner = rank(corr(self.vwap, total(self.adv(10), 49), 8)) ** 4
        first = rank(np.log(product(rank(inner), 14)))
        return -less(first, rank(corr(rank(self.vwap), rank(self.volume), 5)))

    def alpha_82(self):
        inner = corr(self.neutral(self.volume, "sector"), self.mix(self.open, 0.634196, self.open), 17)
        return -least(rank(self.decay(delta(self.open, 1), 14)), self.tsrank(self.decay(inner, 6), 13))

    def alpha_83(self):
        spread = (self.high - self.low) / (total(self.close, 5) / 5)
        first = rank(self.of_today(spread.shift(2))) * rank(rank(self.volume))
        return div(first, div(spread, self.vwap - self.close))

    def alpha_84(self):
        place = self.tsrank(self.vwap - highest(self.vwap, 15), 20)
        return power(place, delta(self.close, 4))

    def alpha_85(self):
        first = rank(corr(self.mix(self.high, 0.876703, self.close), self.adv(30), 9))
        second = corr(self.tsrank((self.high + self.low) / 2, 3), self.tsrank(self.volume, 10), 7)
        return power(first, rank(second))

    def alpha_86(self):
        first = self.tsrank(corr(self.close, total(self.adv(20), 14), 6), 20)
        return -less(first, rank((self.open + self.close) - (self.vwap + self.open)))

    def alpha_87(self):
        first = rank(self.decay(delta(self.mix(self.close, 0.369701, self.vwap), 1), 2))
        inner = corr(self.neutral(self.adv(81), "industry"), self.close, 13).abs()
        return -most(first, self.tsrank(self.decay(inner, 4), 14))

    def alpha_88(self):
        first = rank(self.decay((rank(self.open) + rank(self.low)) - (rank(self.high) + rank(self.close)), 8))
        inner = corr(self.tsrank(self.close, 8), self.tsrank(self.adv(60), 20), 8)
        return least(first, self.tsrank(self.decay(inner, 6), 2))

    def alpha_89(self):
        inner = corr(self.mix(self.low, 0.967285, self.low), self.adv(10), 6)
        second = self.decay(delta(self.neutral(self.vwap, "industry"), 3), 10)
        return self.tsrank(self.decay(inner, 5), 3) - self.tsrank(second, 15)

    def alpha_90(self):
        second = self.tsrank(corr(self.neutral(self.adv(40), "subindustry"), self.low, 5), 3)
        return -power(rank(self.close - highest(self.close, 4)), second)

    def alpha_91(self):
        first = self.decay(self.decay(corr(self.neutral(self.close, "industry"), self.volume, 9), 16), 3)
        return -(self.tsrank(first, 4) - rank(self.decay(corr(self.vwap, self.adv(30), 4), 2)))

    def alpha_92(self):
        low_close = less((self.high + self.low) / 2 + self.close, self.low + self.open)
        second = self.tsrank(self.decay(corr(rank(self.low), rank(self.adv(30)), 7), 6), 6)
        return least(self.tsrank(self.decay(low_close, 14), 18), second)

    def alpha_93(self):
        first = self.tsrank(self.decay(corr(self.neutral(self.vwap, "industry"), self.adv(81), 17), 19), 7)
        return first / rank(self.decay(delta(self.mix(self.close, 0.524434, self.vwap), 2), 16))

    def alpha_94(self):
        inner = corr(self.tsrank(self.vwap, 19), self.tsrank(self.adv(60), 4), 18)
        return -power(rank(self.vwap - lowest(self.vwap, 11)), self.tsrank(inner, 2))

    def alpha_95(self):
        inner = rank(corr(total((self.high + self.low) / 2, 19), total(self.adv(40), 19), 12)) ** 5
        return less(rank(self.open - lowest(self.open, 12)), self.tsrank(inner, 11))

    def alpha_96(self):
        first = self.tsrank(self.decay(corr(rank(self.vwap), rank(self.volume), 3), 4), 8)
        inner = argmax(corr(self.tsrank(self.close, 7), self.tsrank(self.adv(60), 4), 3), 12)
        return -most(first, self.tsrank(self.decay(inner, 14), 13))

    def alpha_97(self):
        first = rank(self.decay(delta(self.neutral(self.mix(self.low, 0.721001, self.vwap), "industry"), 3), 20))
        inner = self.tsrank(corr(self.tsrank(self.low, 7), self.tsrank(self.adv(60), 17), 4), 18)
        return -(first - self.tsrank(self.decay(inner, 15), 6))

    def alpha_98(self):
        first = rank(self.decay(corr(self.vwap, total(self.adv(5), 26), 4), 7))
        inner = self.tsrank(argmin(corr(rank(self.open), rank(self.adv(15)), 20), 8), 6)
        return first - rank(self.decay(inner, 8))

    def alpha_99(self):
        first = corr(total((self.high + self.low) / 2, 19), total(self.adv(60), 19), 8)
        return -less(rank(first), rank(corr(self.low, self.volume, 6)))

    def alpha_100(self):
        first = rank(self.place() * self.volume)
        first = self.neutral(self.neutral(first, "subindustry"), "subindustry")
        second = corr(self.close, rank(self.adv(20)), 5) - rank(argmin(self.close, 30))
        second = self.neutral(second, "subindustry")
        return -((1.5 * scale(first) - scale(second)) * (self.volume / self.adv(20)))

    def alpha_101(self):
        return (self.close - self.open) / ((self.high - self.low) + 0.001)


def rank(x):
    return x.rank(axis=1, pct=True)


def scale(x):
    return x.div(x.abs().sum(axis=1), axis=0)


def delta(x, d):
    return x.diff(d)


def total(x, d):
    return x.rolling(d).sum()


def std(x, d):
    return x.rolling(d).std()


def lowest(x, d):
    return x.rolling(d).min()


def highest(x, d):
    return x.rolling(d).max()


def corr(x, y, d):
    return x.rolling(d).corr(y).replace([np.inf, -np.inf], np.nan)


def cov(x, y, d):
    return x.rolling(d).cov(y)


def argmax(x, d):
    return x.rolling(d).apply(np.argmax, raw=True)


def argmin(x, d):
    return x.rolling(d).apply(np.argmin, raw=True)


def product(x, d):
    return x.rolling(d).apply(np.prod, raw=True)


def div(a, b):
    """For what may be divided by zero: undefined then, and not infinite."""
    return (a / b).replace([np.inf, -np.inf], np.nan)


def power(x, y):
    return (x**y).where(x.notna() & y.notna())


def known(answer, a, b):
    """A comparison as a number, missing where it is unknown."""
    out = answer.astype(float)
    for side in (a, b):
        out = out.where(side.notna()) if isinstance(side, pd.DataFrame) else out
    return out


def less(a, b):
    return known(a < b, a, b)


def where(condition, a, b):
    out = np.where(condition == 1, a, np.where(condition == 0, b, np.nan))
    return pd.DataFrame(out, index=condition.index, columns=condition.columns)


def least(a, b):
    return a.where(a < b, b).where(a.notna() & b.notna())


def most(a, b):
    return a.where(a > b, b).where(a.notna() & b.notna())


class Capped(Exception):
    """An alpha took too long."""


def timed(alphas, number, cap):
    """Seconds and computing seconds of one alpha, and its frame unless it was cut off."""

    def stop(*_):
        raise Capped

    previous = signal.signal(signal.SIGPROF, stop)
    start = time.perf_counter(), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, cap)
    try:
        frame = alphas.compute(number)
    except Capped:
        frame = None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    return time.perf_counter() - start[0], time.process_time() - start[1], frame


def golden(name):
    return pd.read_csv(os.path.join(GOLDENS, f"{name}.csv"), comment="#")


def check_goldens(way, numbers):
    """Ends the script unless all but a few values agree with the goldens.

    A few may differ: pandas keeps running sums, whose last bits decide what is left of a series that does not vary.
    """
    rows, groups = golden("panel"), golden("groups").set_index("name")
    frames = {field: rows.pivot(index="day", columns="name", values=field)[groups.index] for field in FIELDS}
    alphas = Alphas(frames, {level: groups[level].to_numpy() for level in groups}, way)
    expected = golden("expected")
    apart, defined, shares = 0, 0, []
    for number, want in expected[expected["alpha"].isin(numbers)].groupby("alpha"):
        frame = alphas.compute(number)
        at = frame.index.get_indexer(want["day"]), frame.columns.get_indexer(want["name"])
        ours, theirs = want["value"].to_numpy(), frame.to_numpy()[at]
        near = np.abs(ours - theirs) <= 1e-6 * np.maximum(1.0, np.abs(ours))
        wrong = ~(near | (np.isnan(ours) & np.isnan(theirs)))
        apart, defined = apart + wrong.sum(), defined + len(wrong)
        if wrong.any():
            shares.append(f"{number}: {wrong.sum()} of {len(wrong)}")
    print(f"goldens: {defined - apart} of {defined} values agree to 1e-6; apart in alpha {', '.join(shares) or 'none'}")
    if apart > 0.02 * defined:
        sys.exit("too many are apart")


def ours(qe, frames, groups, numbers, runs, folder):
    """What our case says, and the file of its values: for each alpha and name the days."""
    case, out = program(qe), os.path.join(folder, "out.f64")
    panel, texts = os.path.join(folder, "panel.parquet"), os.path.join(folder, "alphas.txt")
    write(frames, groups, panel)
    with open(TEXTS) as file:
        lines = [line for line in file if line.split(" = ")[0] in map(str, numbers)]
    with open(texts, "w") as file:
        file.writelines(lines)
    run_case(case, "alphas", panel, texts, 1, out)
    return run_case(case, "alphas", panel, texts, runs), out


def main():
    args = arguments(__doc__, add_options)
    names, days = args.names or (60 if args.quick else 500), args.days or (600 if args.quick else 2520)
    numbers = [int(n) for n in args.only.split(",")] if args.only else list(range(1, 102))
    frames, groups = simulate(names, days, args.seed)
    if args.write:
        write(frames, groups, args.write)
        return
    check_goldens(args.way, numbers)
    with tempfile.TemporaryDirectory(prefix="qe-bench-") as folder:
        compare_with_pandas(args, frames, groups, sorted(numbers), folder)


def compare_with_pandas(args, frames, groups, numbers, folder):
    days, names = frames["close"].shape
    said, values = ours(args.qe, frames, groups, numbers, args.runs, folder)
    alphas = Alphas(frames, groups, args.way)
    rows, sum_seconds, sum_cpu, cut, apart, far, compared = [], 0.0, 0.0, 0, 0, 0, 0
    for at, number in enumerate(numbers):
        seconds, cpu, frame = timed(alphas, number, args.cap)
        sum_seconds, sum_cpu = sum_seconds + seconds, sum_cpu + cpu
        cut, wrong, wide = cut + (frame is None), None, None
        if frame is not None:
            our = np.fromfile(values, count=names * days, offset=8 * at * names * days).reshape(names, days).T
            wrong, wide = (int(differing(our, frame.to_numpy(), by).sum()) for by in (1e-6, 1e-2))
            if number not in TIES:
                apart, far, compared = apart + wrong, far + wide, compared + our.size
        rows.append([str(number), cpu, "cut off" if frame is None else wrong, wide])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"\npandas {pd.__version__}, way {args.way}: {names} names x {days} days, one run each")
    print_table(["alpha", "computing s", "apart by 1e-6", "by 1e-2"], rows)
    shares = [f"{n / max(compared, 1):.2%} by more than {by}" for n, by in [(apart, "1e-6"), (far, "1e-2")]]
    print(f"of {compared} values (without alpha 45) are apart from ours: {', '.join(shares)}")
    if apart > 0.02 * compared:
        sys.exit("too many are apart")
    who = f"pandas, way {args.way}" + (f", {cut} cut off" if cut else "")
    print(f"\n{len(numbers)} alphas, one thread; ours {args.runs} runs, {said['steps']} steps")
    base = said["cpu_seconds"]
    table = [
        ["ours", said["seconds_median"], base, 1.0, said["eval_peak_bytes"] / 1e6],
        [who, sum_seconds, sum_cpu, sum_cpu / base, peak / 1e6],
    ]
    print("computing seconds are those in which the process had a core, so other work on the machine is not in them")
    print_table(["who", "seconds", "computing s", "this / ours", "peak MB"], table)


if __name__ == "__main__":
    main()
