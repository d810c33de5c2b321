"""One-minute bars of E-mini trades by pandas: counts, volumes and a digest an hour, and no price.

Reads ticks/es_emini_ticks_2013-09.parquet below QE_REAL_DATA, whose prices are not ours to publish. The digest is
64-bit FNV-1a over lines `second|open|high|low|close|volume|trades`, prices in quarters.
"""

import os
from pathlib import Path

import pandas as pd
import _common_data  # noqa: F401, finds _common
from _common import write_golden

ticks = pd.read_parquet(Path(os.environ["QE_REAL_DATA"]) / "ticks/es_emini_ticks_2013-09.parquet")
at = ticks["ts"].dt.tz_localize("America/Chicago").dt.tz_convert("UTC")
minute = ticks.set_index(at).resample("1min", closed="left", label="left")
bars = minute["price"].ohlc().assign(volume=minute["size"].sum(), trades=minute["size"].count())
bars = bars[bars["trades"] > 0]


def digest(part):
    state = 0xCBF29CE484222325
    for start, row in part.iterrows():
        quarters = [int(row[name] * 4) for name in ["open", "high", "low", "close"]]
        line = [start.value // 10**9, *quarters, int(row["volume"]), int(row["trades"])]
        for byte in ("|".join(map(str, line)) + "\n").encode():
            state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


columns = {name: [] for name in ["hour_s", "bars", "volume", "trades", "digest"]}
for hour, part in bars.groupby(bars.index.floor("1h")):
    row = [hour.value // 10**9, len(part), int(part["volume"].sum()), int(part["trades"].sum()), digest(part)]
    for name, value in zip(columns, row):
        columns[name].append(value)
write_golden(
    "data/es_minutes.csv",
    generator=__file__,
    source=f"pandas {pd.__version__} resample over 500,000 trades of E-mini S&P, 2013-09-01 to 03",
    tolerance="exact",
    columns=columns,
)
