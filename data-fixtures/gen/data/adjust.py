"""Prices adjusted for splits and dividends by chaining returns, where the engine multiplies factors.

The return of a day on which `cash` per old share is paid and an old share becomes `ratio` new ones is
`close[t] * ratio / (close[t-1] - cash) - 1`; adjusted prices are the last close carried backwards through the
returns. An action on a day without a session counts on the next one.
"""

import exchange_calendars
import pandas as pd
from _common_data import uniforms
from _common import write_golden

FROM, TO = "2024-01-02", "2024-06-28"
SPLITS = {"2024-02-05": 7.0, "2024-03-29": 0.125, "2024-05-06": 1.5, "2024-06-10": 10.0}
DIVIDENDS = {"2024-02-09": 0.24, "2024-03-16": 1.75, "2024-05-06": 0.5, "2024-05-13": 0.25}


def shift(actions, days):
    """Actions by the session that they count on."""
    out = pd.Series(0.0, index=days)
    for day, value in actions.items():
        out[days[days.searchsorted(pd.Timestamp(day))]] += value
    return out


days = exchange_calendars.get_calendar("XNYS").sessions_in_range(FROM, TO)
u = uniforms(5)
splits, cash = shift(SPLITS, days).replace(0.0, 1.0), shift(DIVIDENDS, days)
level, close, volume = 400.0, [], []
for day in days:
    level = level * (0.98 + 0.04 * next(u)) / splits[day]
    close.append(level)
    volume.append(float(1000 + int(next(u) * 9000)))
raw = pd.Series(close, index=days)


def adjusted(cash):
    growth = raw * splits / (raw.shift(1) - cash)
    return raw.iloc[-1] / growth[::-1].cumprod().shift(1, fill_value=1.0)[::-1]


shares = pd.Series(volume, index=days) * (splits[::-1].cumprod().shift(1, fill_value=1.0)[::-1])
actions = [f"{day} split {value!r}" for day, value in SPLITS.items()]
actions += [f"{day} dividend {value!r}" for day, value in DIVIDENDS.items()]
write_golden(
    "data/adjust.csv",
    generator=__file__,
    source=f"pandas {pd.__version__}, returns chained backwards; exchange_calendars {exchange_calendars.__version__}",
    tolerance="1e-12 relative, from chaining 124 returns",
    parameters={"actions": "; ".join(actions).replace(" ", "|")},
    columns={
        "date": [day.date().isoformat() for day in days],
        "close": close,
        "volume": volume,
        "split_close": list(adjusted(cash * 0.0)),
        "total_close": list(adjusted(cash)),
        "split_volume": list(shares),
    },
)
