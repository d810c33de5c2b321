"""The bars that all indicators are computed on: a seeded walk with fat tails and gaps."""

import numpy as np

from _indicators import bars
from _common import write_golden


def main():
    source = f"a seeded walk by numpy {np.__version__}"
    write_golden("indicators/bars.csv", generator=__file__, source=source, tolerance="0", columns=bars())


if __name__ == "__main__":
    main()
