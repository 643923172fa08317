"""Compare proof and packets on any number of random networks: python -m tests.differential --vpcs 2000 --seed 7."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import driving
from judging import Figures


def main() -> int:
    """Compare, print the figures and every disagreement; exit code 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--vpcs", type=int, default=300, help="how many [300]")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one [0]")
    parser.add_argument("--keep", action="store_true", help="add what disagrees to kept.txt")
    given = parser.parse_args()
    start, figures, bad = time.monotonic(), Figures(), 0
    packets = driving.Packets()
    numbers = [*driving.kept(), *range(given.seed, given.seed + given.vpcs)]
    for number, _, disagreements in driving.compare(packets, numbers, figures):
        bad += bool(disagreements)
        for line in disagreements:
            print(line)  # noqa: T201 - a command's answer
        if disagreements and given.keep:
            driving.keep(number, disagreements[0])
    packets.close()
    for line in figures.lines():
        print(line)  # noqa: T201 - as above
    print(f"{bad} networks with a disagreement, {time.monotonic() - start:.0f} s")  # noqa: T201 - as above
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
