"""How every generator writes: the header that the checks ask for, then columns of exact numbers."""

import math
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def write_golden(name, *, generator, source, tolerance, columns, parameters=None):
    """Writes `data-fixtures/golden/NAME`, a CSV under a `#` header.

    `columns` maps a head to equally many values. Floats are written so that they read back to the same
    bits, and a missing number as NaN.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"columns of equal length, at least one row: {lengths}")
    said = {
        "source": source,
        "generator": Path(generator).resolve().relative_to(ROOT).as_posix(),
        "tolerance": tolerance,
    }
    if parameters:
        said["parameters"] = " ".join(f"{key}={value}" for key, value in parameters.items())
    lines = [f"# {key}: {value}" for key, value in said.items()]
    lines.append(",".join(columns))
    lines += [",".join(_cell(value) for value in row) for row in zip(*columns.values())]
    path = ROOT / "data-fixtures" / "golden" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + "\n").encode())
    print(f"wrote {path.relative_to(ROOT)}: {lengths.pop()} rows")


def _cell(value):
    if isinstance(value, (str, bool, int)):
        return str(value)
    value = float(value)
    return "NaN" if math.isnan(value) else repr(value)
