"""Shared by the generators: writing a table with its header, and the generator of long data sets."""
import math
import os
import sys

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "golden", "stats")


def lcg(n, offset=0.0):
    """The numbers that `golden::lcg` of the tests makes too."""
    s, out = 42, []
    for _ in range(n):
        s = (s * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((s >> 11) / 2**53 + offset)
    return out


def num(v):
    v = float(v)
    return "nan" if math.isnan(v) else repr(v)


def nums(vs):
    return " ".join(num(v) for v in vs)


def write(name, what, source, tolerance, columns, rows):
    path = os.path.join(OUT, name)
    with open(path, "w") as f:
        f.write(f"# {what}\n# source: {source}\n# generator: data-fixtures/gen/stats/{os.path.basename(sys.argv[0])}\n# tolerance: {tolerance}\n")
        f.write(",".join(columns) + "\n")
        for row in rows:
            f.write(",".join(c if isinstance(c, str) else num(c) for c in row) + "\n")
    print(name, len(rows), os.path.getsize(path))
