"""What the generators for bars and trades share: uniform numbers that the Rust tests draw too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def uniforms(seed):
    """The linear congruential generator of the tests: uniform in [0, 1), multiples of 2^-53."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 11) / 2**53
