"""What a release and a first deploy take on AWS, by the catalog's durations: the figures of benchmarks/README.md."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.releases import DEFAULTS, cdk, first_deploy, release

from natless.catalog.health import TUNED

HELLO = Path(__file__).parents[2] / "golden" / "hello.main.json"


def test_a_release_takes_a_fraction_of_what_it_takes_with_awss_defaults() -> None:
    # 35 + 2 * 5 + 30, and 35 + 5 * 30 + 300.
    assert release(TUNED.interval, TUNED.healthy, TUNED.deregistration_delay) == 75
    assert release(*DEFAULTS) == 485


def test_a_first_deploy_is_no_longer_than_cdks() -> None:
    # VPC 14, group 9, load balancer 125, listener 4, service 65.
    assert first_deploy(cdk()) == 217
    assert first_deploy(json.loads(HELLO.read_text())) <= 217
