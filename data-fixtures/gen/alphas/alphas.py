"""The 101 formulaic alphas over a small panel, each translated by hand to numpy and pandas.

The formulas are those of Kakushadze (2016), "101 Formulaic Alphas", arXiv:1601.00991, appendix A. Nothing here reads
the text that our own parser reads. `panel.csv` has a row for each day and name, `groups.csv` the industries,
`expected.csv` the values on some late days; `returns` is close / lag(close, 1) - 1 and `adv20` the mean of
close * volume over 20 days. A value that turns on the rounding of a sum (a tie in mathematics, which floating point may
or may not keep) has no row; an undefined value has a row with NaN. `expected_snapped.csv` has the further values that
are certain if a correlation within 1e-12 of 1 or -1 is 1 or -1, and so is that of two values.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _common import write_golden
from _operators import Ops
from _panel import FIELDS, groups, names, panel, rows

DAYS = [300, 340, 370, 398, 399]
SHAKES = 30
SOURCE = f"numpy {np.__version__} and pandas {pd.__version__}, each formula translated by hand"
TOLERANCE = "1e-9 relative to the larger of 1 and the value"


def formulas(p, o):
    """Number to a function that computes the alpha. Windows are floored here already."""
    open_, high, low, close, volume, vwap, cap = (p[field] for field in FIELDS)
    rank, scale, neutral = o.cs_rank, o.scale, o.neutralize
    lag, delta, total, decay, product = o.lag, o.delta, o.ts_sum, o.decay_linear, o.product
    std, corr, cov, tsrank = o.ts_std, o.ts_corr, o.ts_cov, o.ts_rank
    lowest, highest, argmin, argmax = o.ts_min, o.ts_max, o.ts_argmin, o.ts_argmax
    log, power, div, absolute, sign = o.log, o.power, o.div, np.abs, np.sign
    less, where, least, most = o.less, o.where, o.least, o.most
    returns = div(close, lag(close, 1)) - 1.0
    minus, one, zero = np.full_like(close, -1.0), np.ones_like(close), np.zeros_like(close)
    kept = {}

    def adv(d):
        if d not in kept:
            kept[d] = o.ts_mean(close * volume, d)
        return kept[d]

    def mix(a, weight, b):
        return (a * weight) + (b * (1.0 - weight))

    def reversal(d):
        step = delta(close, 1)
        falling = where(less(highest(step, d), zero), step, -step)
        return where(less(zero, lowest(step, d)), step, falling)

    def bend():
        return (lag(close, 20) - lag(close, 10)) / 10.0 - (lag(close, 10) - close) / 10.0

    def alpha_21():
        mean, short, spread = total(close, 8) / 8.0, total(close, 2) / 2.0, std(close, 8)
        busy = div(volume, adv(20))
        last = where(o.either(less(one, busy), o.equal(busy, one)), one, minus)
        return where(less(mean + spread, short), minus, where(less(short, mean - spread), one, last))

    def alpha_24():
        growth = div(delta(total(close, 100) / 100.0, 100), lag(close, 100))
        level = np.full_like(close, 0.05)
        slow = o.either(less(growth, level), o.equal(growth, level))
        return where(slow, -(close - lowest(close, 100)), -delta(close, 3))

    def alpha_29():
        inner = rank(rank(-rank(delta(close - 1.0, 5))))
        inner = scale(log(total(lowest(inner, 2), 1)))
        return lowest(product(rank(rank(inner)), 1), 5) + tsrank(lag(-returns, 6), 5)

    def alpha_30():
        signs = sign(close - lag(close, 1)) + sign(lag(close, 1) - lag(close, 2)) + sign(lag(close, 2) - lag(close, 3))
        return div((1.0 - rank(signs)) * total(volume, 5), total(volume, 20))

    def alpha_31():
        slow = rank(rank(rank(decay(-rank(rank(delta(close, 10))), 10))))
        return slow + rank(-delta(close, 3)) + sign(scale(corr(adv(20), low, 12)))

    def alpha_36():
        out = 2.21 * rank(corr(close - open_, lag(volume, 1), 15)) + 0.7 * rank(open_ - close)
        out = out + 0.73 * rank(tsrank(lag(-returns, 6), 5)) + rank(absolute(corr(vwap, adv(20), 6)))
        return out + 0.6 * rank((total(close, 200) / 200.0 - open_) * (close - open_))

    def alpha_39():
        first = rank(delta(close, 7) * (1.0 - rank(decay(div(volume, adv(20)), 9))))
        return -first * (1.0 + rank(total(returns, 250)))

    def alpha_47():
        first = div(rank(div(one, close)) * volume, adv(20))
        return first * div(high * rank(high - close), total(high, 5) / 5.0) - rank(vwap - lag(vwap, 5))

    def alpha_48():
        step = delta(close, 1)
        together = corr(step, delta(lag(close, 1), 1), 250)
        ratio = div(step, lag(close, 1))
        return div(neutral(div(together * step, close), "subindustry"), total(power(ratio, 2.0), 250))

    def place():
        return div((close - low) - (high - close), high - low)

    def alpha_62():
        wide = less(rank(open_) + rank(open_), rank((high + low) / 2.0) + rank(high))
        return -less(rank(corr(vwap, total(adv(20), 22), 9)), rank(wide))

    def alpha_63():
        first = rank(decay(delta(neutral(close, "industry"), 2), 8))
        second = rank(decay(corr(mix(vwap, 0.318108, open_), total(adv(180), 37), 13), 12))
        return -(first - second)

    def alpha_64():
        first = corr(total(mix(open_, 0.178404, low), 12), total(adv(120), 12), 16)
        return -less(rank(first), rank(delta(mix((high + low) / 2.0, 0.178404, vwap), 3)))

    def alpha_66():
        gap = div(mix(low, 0.96633, low) - vwap, open_ - (high + low) / 2.0)
        return -(rank(decay(delta(vwap, 3), 7)) + tsrank(decay(gap, 11), 6))

    def alpha_71():
        first = tsrank(decay(corr(tsrank(close, 3), tsrank(adv(180), 12), 18), 4), 15)
        return most(first, tsrank(decay(power(rank((low + open_) - (vwap + vwap)), 2.0), 16), 4))

    def alpha_73():
        blend = mix(open_, 0.147155, low)
        second = tsrank(decay(-div(delta(blend, 2), blend), 3), 16)
        return -most(rank(decay(delta(vwap, 4), 2)), second)

    def alpha_76():
        second = decay(tsrank(corr(neutral(low, "sector"), adv(81), 8), 19), 17)
        return -most(rank(decay(delta(vwap, 1), 11)), tsrank(second, 19))

    def alpha_77():
        middle = (high + low) / 2.0
        first = rank(decay((middle + high) - (vwap + high), 20))
        return least(first, rank(decay(corr(middle, adv(40), 3), 5)))

    def alpha_78():
        first = corr(total(mix(low, 0.352233, vwap), 19), total(adv(40), 19), 6)
        return power(rank(first), rank(corr(rank(vwap), rank(volume), 5)))

    def alpha_81():
        inner = product(rank(power(rank(corr(vwap, total(adv(10), 49), 8)), 4.0)), 14)
        return -less(rank(log(inner)), rank(corr(rank(vwap), rank(volume), 5)))

    def alpha_82():
        second = tsrank(decay(corr(neutral(volume, "sector"), mix(open_, 0.634196, open_), 17), 6), 13)
        return -least(rank(decay(delta(open_, 1), 14)), second)

    def alpha_83():
        spread = div(high - low, total(close, 5) / 5.0)
        return div(rank(lag(spread, 2)) * rank(rank(volume)), div(spread, vwap - close))

    def alpha_85():
        first = rank(corr(mix(high, 0.876703, close), adv(30), 9))
        return power(first, rank(corr(tsrank((high + low) / 2.0, 3), tsrank(volume, 10), 7)))

    def alpha_87():
        first = rank(decay(delta(mix(close, 0.369701, vwap), 1), 2))
        return -most(first, tsrank(decay(absolute(corr(neutral(adv(81), "industry"), close, 13)), 4), 14))

    def alpha_88():
        first = rank(decay((rank(open_) + rank(low)) - (rank(high) + rank(close)), 8))
        return least(first, tsrank(decay(corr(tsrank(close, 8), tsrank(adv(60), 20), 8), 6), 2))

    def alpha_89():
        first = tsrank(decay(corr(mix(low, 0.967285, low), adv(10), 6), 5), 3)
        return first - tsrank(decay(delta(neutral(vwap, "industry"), 3), 10), 15)

    def alpha_91():
        first = tsrank(decay(decay(corr(neutral(close, "industry"), volume, 9), 16), 3), 4)
        return -(first - rank(decay(corr(vwap, adv(30), 4), 2)))

    def alpha_92():
        first = tsrank(decay(less((high + low) / 2.0 + close, low + open_), 14), 18)
        return least(first, tsrank(decay(corr(rank(low), rank(adv(30)), 7), 6), 6))

    def alpha_93():
        first = tsrank(decay(corr(neutral(vwap, "industry"), adv(81), 17), 19), 7)
        return div(first, rank(decay(delta(mix(close, 0.524434, vwap), 2), 16)))

    def alpha_94():
        second = tsrank(corr(tsrank(vwap, 19), tsrank(adv(60), 4), 18), 2)
        return -power(rank(vwap - lowest(vwap, 11)), second)

    def alpha_95():
        inner = rank(corr(total((high + low) / 2.0, 19), total(adv(40), 19), 12))
        return less(rank(open_ - lowest(open_, 12)), tsrank(power(inner, 5.0), 11))

    def alpha_96():
        first = tsrank(decay(corr(rank(vwap), rank(volume), 3), 4), 8)
        second = argmax(corr(tsrank(close, 7), tsrank(adv(60), 4), 3), 12)
        return -most(first, tsrank(decay(second, 14), 13))

    def alpha_97():
        first = rank(decay(delta(neutral(mix(low, 0.721001, vwap), "industry"), 3), 20))
        second = tsrank(decay(tsrank(corr(tsrank(low, 7), tsrank(adv(60), 17), 4), 18), 15), 6)
        return -(first - second)

    def alpha_98():
        first = rank(decay(corr(vwap, total(adv(5), 26), 4), 7))
        return first - rank(decay(tsrank(argmin(corr(rank(open_), rank(adv(15)), 20), 8), 6), 8))

    def alpha_99():
        first = corr(total((high + low) / 2.0, 19), total(adv(60), 19), 8)
        return -less(rank(first), rank(corr(low, volume, 6)))

    def alpha_100():
        first = neutral(neutral(rank(place() * volume), "subindustry"), "subindustry")
        second = neutral(corr(close, rank(adv(20)), 5) - rank(argmin(close, 30)), "subindustry")
        return -((1.5 * scale(first) - scale(second)) * div(volume, adv(20)))

    def alpha_8():
        force = total(open_, 5) * total(returns, 5)
        return -rank(force - lag(force, 10))

    def alpha_46():
        last = where(less(bend(), zero), one, -(close - lag(close, 1)))
        return where(less(np.full_like(close, 0.25), bend()), minus, last)

    def below_bend(level):
        return where(less(bend(), np.full_like(close, level)), one, -(close - lag(close, 1)))

    def alpha_52():
        slow = (total(returns, 240) - total(returns, 20)) / 220.0
        return (-lowest(low, 5) + lag(lowest(low, 5), 5)) * rank(slow) * tsrank(volume, 5)

    def alpha_55():
        place_12 = div(close - lowest(low, 12), highest(high, 12) - lowest(low, 12))
        return -corr(rank(place_12), rank(volume), 6)

    def alpha_45():
        first = rank(total(lag(close, 5), 20) / 20.0) * corr(close, volume, 2)
        return -(first * rank(corr(total(close, 5), total(close, 20), 2)))

    return {
        1: lambda: rank(argmax(o.signed_power(where(less(returns, zero), std(returns, 20), close), 2.0), 5)) - 0.5,
        2: lambda: -corr(rank(delta(log(volume), 2)), rank(div(close - open_, open_)), 6),
        3: lambda: -corr(rank(open_), rank(volume), 10),
        4: lambda: -tsrank(rank(low), 9),
        5: lambda: rank(open_ - total(vwap, 10) / 10.0) * -absolute(rank(close - vwap)),
        6: lambda: -corr(open_, volume, 10),
        7: lambda: where(
            less(adv(20), volume), -tsrank(absolute(delta(close, 7)), 60) * sign(delta(close, 7)), minus
        ),
        8: alpha_8,
        9: lambda: reversal(5),
        10: lambda: rank(reversal(4)),
        11: lambda: (rank(highest(vwap - close, 3)) + rank(lowest(vwap - close, 3))) * rank(delta(volume, 3)),
        12: lambda: sign(delta(volume, 1)) * -delta(close, 1),
        13: lambda: -rank(cov(rank(close), rank(volume), 5)),
        14: lambda: -rank(delta(returns, 3)) * corr(open_, volume, 10),
        15: lambda: -total(rank(corr(rank(high), rank(volume), 3)), 3),
        16: lambda: -rank(cov(rank(high), rank(volume), 5)),
        17: lambda: -rank(tsrank(close, 10)) * rank(delta(delta(close, 1), 1)) * rank(tsrank(div(volume, adv(20)), 5)),
        18: lambda: -rank(std(absolute(close - open_), 5) + (close - open_) + corr(close, open_, 10)),
        19: lambda: -sign((close - lag(close, 7)) + delta(close, 7)) * (1.0 + rank(1.0 + total(returns, 250))),
        20: lambda: -rank(open_ - lag(high, 1)) * rank(open_ - lag(close, 1)) * rank(open_ - lag(low, 1)),
        21: alpha_21,
        22: lambda: -(delta(corr(high, volume, 5), 5) * rank(std(close, 20))),
        23: lambda: where(less(total(high, 20) / 20.0, high), -delta(high, 2), zero),
        24: alpha_24,
        25: lambda: rank(-returns * adv(20) * vwap * (high - close)),
        26: lambda: -highest(corr(tsrank(volume, 5), tsrank(high, 5), 5), 3),
        27: lambda: where(
            less(0.5 * one, rank(total(corr(rank(volume), rank(vwap), 6), 2) / 2.0)), minus, one
        ),
        28: lambda: scale(corr(adv(20), low, 5) + (high + low) / 2.0 - close),
        29: alpha_29,
        30: alpha_30,
        31: alpha_31,
        32: lambda: scale(total(close, 7) / 7.0 - close) + 20.0 * scale(corr(vwap, lag(close, 5), 230)),
        33: lambda: rank(-(1.0 - div(open_, close))),
        34: lambda: rank((1.0 - rank(div(std(returns, 2), std(returns, 5)))) + (1.0 - rank(delta(close, 1)))),
        35: lambda: tsrank(volume, 32) * (1.0 - tsrank((close + high) - low, 16)) * (1.0 - tsrank(returns, 32)),
        36: alpha_36,
        37: lambda: rank(corr(lag(open_ - close, 1), close, 200)) + rank(open_ - close),
        38: lambda: -rank(tsrank(close, 10)) * rank(div(close, open_)),
        39: alpha_39,
        40: lambda: -rank(std(high, 10)) * corr(high, volume, 10),
        41: lambda: power(high * low, 0.5) - vwap,
        42: lambda: div(rank(vwap - close), rank(vwap + close)),
        43: lambda: tsrank(div(volume, adv(20)), 20) * tsrank(-delta(close, 7), 8),
        44: lambda: -corr(high, rank(volume), 5),
        45: alpha_45,
        46: alpha_46,
        47: alpha_47,
        48: alpha_48,
        49: lambda: below_bend(-0.1),
        50: lambda: -highest(rank(corr(rank(volume), rank(vwap), 5)), 5),
        51: lambda: below_bend(-0.05),
        52: alpha_52,
        53: lambda: -delta(div((close - low) - (high - close), close - low), 9),
        54: lambda: div(-((low - close) * power(open_, 5.0)), (low - high) * power(close, 5.0)),
        55: alpha_55,
        56: lambda: -(rank(div(total(returns, 10), total(total(returns, 2), 3))) * rank(returns * cap)),
        57: lambda: -div(close - vwap, decay(rank(argmax(close, 30)), 2)),
        58: lambda: -tsrank(decay(corr(neutral(vwap, "sector"), volume, 3), 7), 5),
        59: lambda: -tsrank(decay(corr(neutral(mix(vwap, 0.728317, vwap), "industry"), volume, 4), 16), 8),
        60: lambda: -(2.0 * scale(rank(place() * volume)) - scale(rank(argmax(close, 10)))),
        61: lambda: less(rank(vwap - lowest(vwap, 16)), rank(corr(vwap, adv(180), 17))),
        62: alpha_62,
        63: alpha_63,
        64: alpha_64,
        65: lambda: -less(
            rank(corr(mix(open_, 0.00817205, vwap), total(adv(60), 8), 6)), rank(open_ - lowest(open_, 13))
        ),
        66: alpha_66,
        67: lambda: -power(
            rank(high - lowest(high, 2)), rank(corr(neutral(vwap, "sector"), neutral(adv(20), "subindustry"), 6))
        ),
        68: lambda: -less(tsrank(corr(rank(high), rank(adv(15)), 8), 13), rank(delta(mix(close, 0.518371, low), 1))),
        69: lambda: -power(
            rank(highest(delta(neutral(vwap, "industry"), 2), 4)),
            tsrank(corr(mix(close, 0.490655, vwap), adv(20), 4), 9),
        ),
        70: lambda: -power(rank(delta(vwap, 1)), tsrank(corr(neutral(close, "industry"), adv(50), 17), 17)),
        71: alpha_71,
        72: lambda: div(
            rank(decay(corr((high + low) / 2.0, adv(40), 8), 10)),
            rank(decay(corr(tsrank(vwap, 3), tsrank(volume, 18), 6), 2)),
        ),
        73: alpha_73,
        74: lambda: -less(
            rank(corr(close, total(adv(30), 37), 15)), rank(corr(rank(mix(high, 0.0261661, vwap)), rank(volume), 11))
        ),
        75: lambda: less(rank(corr(vwap, volume, 4)), rank(corr(rank(low), rank(adv(50)), 12))),
        76: alpha_76,
        77: alpha_77,
        78: alpha_78,
        79: lambda: less(
            rank(delta(neutral(mix(close, 0.60733, open_), "sector"), 1)),
            rank(corr(tsrank(vwap, 3), tsrank(adv(150), 9), 14)),
        ),
        80: lambda: -power(
            rank(sign(delta(neutral(mix(open_, 0.868128, high), "industry"), 4))), tsrank(corr(high, adv(10), 5), 5)
        ),
        81: alpha_81,
        82: alpha_82,
        83: alpha_83,
        84: lambda: o.signed_power(tsrank(vwap - highest(vwap, 15), 20), delta(close, 4)),
        85: alpha_85,
        86: lambda: -less(
            tsrank(corr(close, total(adv(20), 14), 6), 20), rank((open_ + close) - (vwap + open_))
        ),
        87: alpha_87,
        88: alpha_88,
        89: alpha_89,
        90: lambda: -power(
            rank(close - highest(close, 4)), tsrank(corr(neutral(adv(40), "subindustry"), low, 5), 3)
        ),
        91: alpha_91,
        92: alpha_92,
        93: alpha_93,
        94: alpha_94,
        95: alpha_95,
        96: alpha_96,
        97: alpha_97,
        98: alpha_98,
        99: alpha_99,
        100: alpha_100,
        101: lambda: div(close - open_, (high - low) + 0.001),
    }


def evaluate(p, o):
    """Number to the values of some days."""
    return {number: formula()[DAYS] for number, formula in formulas(p, o).items()}


def agree(base, shaken):
    """Where a shaken value is the same as the base, far within the tolerance."""
    both = np.isnan(base) == np.isnan(shaken)
    with np.errstate(invalid="ignore"):
        near = np.abs(base - shaken) <= 1e-10 * np.maximum(1.0, np.abs(base))
    return both & (np.isnan(base) | near)


def main():
    p, labels = panel(), groups()
    is_there = ~np.isnan(p["close"])
    base = evaluate(p, Ops(labels, is_there))
    certain = {snap: {number: np.ones(v.shape, dtype=bool) for number, v in base.items()} for snap in (False, True)}
    for snap in (False, True):
        for seed in range(1, SHAKES + 1):
            for number, values in evaluate(p, Ops(labels, is_there, noise=seed, snap=snap)).items():
                certain[snap][number] &= agree(base[number], values)
    walk = f"a seeded walk by numpy {np.__version__}"
    write_golden("alphas/panel.csv", generator=__file__, source=walk, tolerance="0", columns=rows(p))
    columns = {"name": names(), **labels}
    write_golden("alphas/groups.csv", generator=__file__, source="made up for the seeded walk by numpy 2.4.6", tolerance="0", columns=columns)
    plain = {number: certain[False][number] for number in base}
    further = {number: certain[True][number] & ~certain[False][number] for number in base}
    for file, chosen in [("expected", plain), ("expected_snapped", further)]:
        columns = long(base, chosen)
        write_golden(f"alphas/{file}.csv", generator=__file__, source=SOURCE, tolerance=TOLERANCE, columns=columns)
    report(base, plain, further)


def long(base, chosen):
    """The chosen values in long form. Minus zero is zero."""
    known = names()
    out = {"alpha": [], "day": [], "name": [], "value": []}
    for number, values in base.items():
        for at, i in zip(*np.nonzero(chosen[number])):
            out["alpha"].append(number)
            out["day"].append(DAYS[at])
            out["name"].append(known[i])
            out["value"].append(values[at, i] + 0.0)
    return out


def report(base, plain, further):
    """Says how much of each alpha is defined and certain."""
    for number, values in base.items():
        defined = ~np.isnan(values)
        counts = [int((defined & chosen[number]).sum()) for chosen in (plain, further)]
        if not plain[number].all() or defined.sum() < 120:
            print(f"alpha {number}: {defined.sum()} defined, of them certain {counts[0]}, and {counts[1]} if snapped")


if __name__ == "__main__":
    main()
