"""Golden numbers of {name} for {area}.

Say here: what is computed, by which library or from which published table, and why the tolerance is
what it is. Run with the peers' Python: python {path}
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _common import write_golden


def main():
    # Replace both: the numbers below stand here so that the script runs.
    columns = {"x": [1.0, 2.0, 3.0], "expected": [1.0, 2.0, 3.0]}
    write_golden(
        "{area}/{name}.csv",
        generator=__file__,
        source="the name of the peer, and its version",
        tolerance="0",
        parameters={"period": 14},
        columns=columns,
    )


if __name__ == "__main__":
    main()
