"""`make bench`: run every benchmark, print its table."""

from __future__ import annotations

import sys

from benchmarks import balancer_requests, check_whole_process, fabric, lab_first_page, releases

BENCHMARKS = {
    "check": check_whole_process.run,
    "lab": lab_first_page.run,
    "fabric": fabric.run,
    "balancer": balancer_requests.run,
    "releases": releases.run,
}


def main() -> int:
    """Run the named benchmarks (all of them without names)."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names:
        BENCHMARKS[name]()
    return 0


sys.exit(main())
