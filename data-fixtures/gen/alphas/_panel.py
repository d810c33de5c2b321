"""The panel that the alphas are computed on: 40 made-up names over 400 days, with what goes wrong in real ones.

- Prices wander around a level, so that ranks change; six names are worth about one, the others about fifty.
- `N06` to `N11` see-saw: their closes, and days of high and low volume, alternate. Else windows of ranks are constant
  so often that alphas 96 and 97, which need forty days without an undefined correlation, are never defined.
- Some names enter late, leave early, or are away for some days (no row). `N20` lacks its vwap for a day, `N21` has a
  day without volume, `N03` a day locked at one price. `N39` is alone in its subindustry.
"""

import numpy as np

NAMES, DAYS = 40, 400
FIELDS = ["open", "high", "low", "close", "volume", "vwap", "cap"]
PENNIES, SEE_SAWS = range(0, 6), range(6, 12)
#: name: first day, and the day after the last one
MEMBERS = {4: (30, DAYS), 13: (120, DAYS), 14: (260, DAYS), 15: (389, DAYS), 16: (0, 210), 17: (0, 385), 18: (0, 399)}
#: name: days without a row
AWAY = {9: [40], 22: range(300, 305), 23: [371], 24: range(150, 170)}


def names():
    return [f"N{i:02d}" for i in range(NAMES)]


def groups():
    """Four sectors, eleven industries, twenty subindustries: one label of each level for every name."""
    sub = [i % 19 for i in range(NAMES - 1)] + [19]
    industry = [min(s // 2, 10) if s < 19 else 10 for s in sub]
    sector = [i % 4 for i in industry]
    return {
        "sector": [f"S{v}" for v in sector],
        "industry": [f"I{v:02d}" for v in industry],
        "subindustry": [f"U{v:02d}" for v in sub],
    }


def panel(seed=16010991):
    """Days by names, NaN where there is no row: the fields as they are written to the file."""
    rng = np.random.Generator(np.random.PCG64(seed))
    shape = (DAYS, NAMES)
    sector = np.array([int(s[1:]) for s in groups()["sector"]])
    level = np.log(np.where(np.isin(np.arange(NAMES), PENNIES), 0.9, 50.0))
    shock = 0.006 * rng.standard_normal((DAYS, 1)) + 0.004 * rng.standard_normal((DAYS, 4))[:, sector]
    shock = shock + 0.018 * rng.standard_t(5, shape)
    log_close = np.empty(shape)
    last = level + 0.12 * rng.standard_normal(NAMES)
    for t in range(DAYS):
        last = last + 0.02 * (level - last) + shock[t]
        log_close[t] = last
    up = np.where(np.arange(DAYS) % 2 == 0, 1.0, -1.0)[:, None]
    swing = np.zeros(shape)
    swing[:, SEE_SAWS] = 0.5 * up * rng.uniform(0.06, 0.14, (DAYS, len(SEE_SAWS)))
    close = np.exp(log_close + swing)

    busy = np.zeros(shape)
    state = rng.standard_normal(NAMES) * 0.3
    for t in range(DAYS):
        state = 0.95 * state + 0.1 * rng.standard_normal(NAMES)
        busy[t] = state
    volume = np.exp(13.0 + busy + 0.45 * rng.standard_normal(shape) + 4.0 * np.abs(shock))
    # A difference of sixty days in dollars alternates in sign, as the swing grows with the days.
    grows = 1.0 + 0.005 * np.arange(DAYS)[:, None]
    dollars = 2.6e7 * (1.0 + 0.3 * up * grows * rng.uniform(0.96, 1.04, (DAYS, len(SEE_SAWS))))
    volume[:, SEE_SAWS] = np.maximum(dollars, 1e6) / close[:, SEE_SAWS]

    before = np.vstack([close[:1], close[:-1]])
    open_ = before * np.exp(0.006 * rng.standard_normal(shape))
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    high = top * np.exp(0.008 * np.abs(rng.standard_normal(shape)))
    low = bottom * np.exp(-0.008 * np.abs(rng.standard_normal(shape)))
    tick = np.where(np.isin(np.arange(NAMES), PENNIES), 4, 2)
    rounded = lambda x: np.where(tick == 4, np.round(x, 4), np.round(x, 2))
    open_, high, low, close = (rounded(x) for x in (open_, high, low, close))
    volume = np.floor(volume)
    for field in (open_, high, low):
        field[365, 3] = close[365, 3]
    middle = low + (high - low) * rng.beta(4.0, 4.0, shape)
    vwap = np.round(0.5 * middle + 0.5 * (high + low + close) / 3.0, 4)
    volume[361, 21], vwap[361, 21] = 0.0, close[361, 21]
    cap = np.round(close * np.exp(rng.normal(4.0, 0.7, NAMES)), 1)

    table = dict(zip(FIELDS, [open_, high, low, close, volume, vwap, cap]))
    here = np.ones(shape, dtype=bool)
    for name, (first, end) in MEMBERS.items():
        here[:first, name] = here[end:, name] = False
    for name, days in AWAY.items():
        here[list(days), name] = False
    for field in table.values():
        field[~here] = np.nan
    table["vwap"][395, 20] = np.nan
    return table


def rows(table):
    """The panel in long form: one row for each day and name that has one."""
    day, name = np.nonzero(~np.isnan(table["close"]))
    known = names()
    columns = {"day": [int(t) for t in day], "name": [known[i] for i in name]}
    for field in FIELDS:
        values = table[field][day, name]
        columns[field] = [int(v) for v in values] if field == "volume" else list(values)
    return columns
