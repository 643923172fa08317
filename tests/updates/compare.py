"""Compare any number of random pairs of specs: python tests/updates/compare.py --pairs 200 --seed 7."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pairs import Pairs


def main() -> int:
    """Compare, print every difference and the figure; exit code 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python tests/updates/compare.py", description=__doc__)
    parser.add_argument("--pairs", type=int, default=6, help="how many [6]")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one [0]")
    given = parser.parse_args()
    start, bad, pairs = time.monotonic(), 0, Pairs(given.seed)
    for number in range(given.seed, given.seed + given.pairs):
        wrong = pairs.compare(number)
        bad += bool(wrong)
        for line in wrong:
            print(line, flush=True)  # noqa: T201 - a command's answer
    print(f"{given.pairs} pairs, {bad} with a difference, {time.monotonic() - start:.0f} s")  # noqa: T201 - as above
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
