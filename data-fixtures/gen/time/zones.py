"""Golden offsets and transitions of time zones, from Python's zoneinfo over the IANA database.

Run it from anywhere: python3 data-fixtures/gen/time/zones.py
It writes zone_transitions.csv (every change of offset from the day that qe-core calls exact, to 2050) and
zone_offsets.csv (300 random instants per zone from 1987 to 2050) beside the other golden files.
"""

import platform
import random
import zoneinfo
from datetime import datetime, timezone
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "golden" / "time"
END = int(datetime(2051, 1, 1, tzinfo=timezone.utc).timestamp())
PER_ZONE = 300
# The days from which on qe-core calls its rules exact (`Zone::exact_from`).
ZONES = {
    "Europe/Berlin": (1981, 1, 1),
    "America/Chicago": (1976, 1, 1),
    "America/Denver": (1976, 1, 1),
    "Asia/Hong_Kong": (1980, 1, 1),
    "Asia/Kolkata": (1946, 1, 1),
    "Europe/London": (1981, 1, 1),
    "America/Los_Angeles": (1976, 1, 1),
    "America/New_York": (1976, 1, 1),
    "Europe/Paris": (1981, 1, 1),
    "Asia/Shanghai": (1950, 1, 1),
    "Asia/Singapore": (1982, 1, 2),
    "Asia/Tokyo": (1952, 1, 1),
    "America/Toronto": (1976, 1, 1),
    "Europe/Zurich": (1981, 1, 1),
}


def database_version():
    """The release of the IANA database that zoneinfo reads."""
    for folder in zoneinfo.TZPATH:
        listing = Path(folder) / "tzdata.zi"
        if listing.exists():
            return listing.read_text().split("\n", 1)[0].removeprefix("# version ").strip()
    return "unknown"


def offset(zone, second):
    """Seconds east of UTC."""
    return int(datetime.fromtimestamp(second, zone).utcoffset().total_seconds())


def transitions(zone, start):
    """First second of each new offset, with the offsets before and after, from `start` to END."""
    step, low = 6 * 3600, start
    while low < END:
        high = min(low + step, END)
        before, after = offset(zone, low), offset(zone, high)
        if before != after:
            a, b = low, high
            while b - a > 1:
                middle = (a + b) // 2
                a, b = (middle, b) if offset(zone, middle) == before else (a, middle)
            yield b, before, after
        low = high


def header(columns):
    return [
        f"# source: Python {platform.python_version()} zoneinfo, IANA time zone database {database_version()} (public domain)",
        "# generator: data-fixtures/gen/time/zones.py, seed 20240310",
        "# tolerance: exact; all columns are whole seconds",
        columns,
    ]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = random.Random(20240310)
    changes, offsets = header("zone,first_second,offset_before,offset_after"), header("zone,second,offset")
    first = int(datetime(1987, 1, 1, tzinfo=timezone.utc).timestamp())
    for name, day in ZONES.items():
        zone = zoneinfo.ZoneInfo(name)
        start = int(datetime(*day, tzinfo=timezone.utc).timestamp())
        changes += [f"{name},{at},{before},{after}" for at, before, after in transitions(zone, start)]
        for second in sorted(rng.randrange(first, END) for _ in range(PER_ZONE)):
            offsets.append(f"{name},{second},{offset(zone, second)}")
    (OUT / "zone_transitions.csv").write_text("\n".join(changes) + "\n")
    (OUT / "zone_offsets.csv").write_text("\n".join(offsets) + "\n")


if __name__ == "__main__":
    main()
