"""{name}: say here which workload this is, and which peers run it.

Outputs are compared before anything is timed. A claim is a ratio in one run on one machine.
Run: cargo xtask bench {name} --peers
"""

from _common import arguments, compare, median_of, print_table, run_measured


def ours(qe):
    """Our command, which is to print what the peers compute."""
    return [qe, "--version"]


def peer():
    """The same work by a peer."""
    return sum(range(1000))


def main():
    args = arguments(__doc__)
    # Compare first: put our result and the peer's here, and the tolerance that they must agree in.
    compare("{name}", [peer()], [peer()], tolerance=0.0)
    measured = run_measured(ours(args.qe), runs=args.runs)
    timing = median_of(peer, runs=args.runs)
    print_table(
        ["who", "seconds", "least", "most", "peak MB"],
        [
            ["ours", measured.seconds.median, measured.seconds.least, measured.seconds.most, measured.peak_mb],
            ["peer", timing.median, timing.least, timing.most, None],
            ["ratio", timing.median / measured.seconds.median, None, None, None],
        ],
    )


if __name__ == "__main__":
    main()
