"""`certificate` of `[network]`, and what autoscaling aims at. Expected: ELB guide, "SSL certificates"; ACM ARNs."""

from __future__ import annotations

import pytest

from natless.spec.model import Count
from natless.spec.read import SpecError, read

ID = "certificate/12345678-1234-1234-1234-123456789012"
HERE = f"arn:aws:acm:us-east-1:123456789012:{ID}"
FILE = 'name = "hello"\nregion = "us-east-1"\n[network]\n{}\n[services.web]\nbuild = "."\nport = 8080\n{}\n'


def found(network: str, service: str = "") -> list[tuple[int | None, str]]:
    with pytest.raises(SpecError) as caught:
        read(FILE.format(network, service), "natless.toml")
    return [(each.origin.line, each.name) for each in caught.value.findings]


def test_one_or_several() -> None:
    one = read(FILE.format(f'certificate = "{HERE}"', ""), "natless.toml")
    assert one.network.certificates == (HERE,)
    two = read(FILE.format(f'certificate = ["{HERE}", "{HERE}b"]', ""), "natless.toml")
    assert two.network.certificates == (HERE, f"{HERE}b")


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:acm:eu-west-1:123456789012:{ID}",
        f"arn:aws-us-gov:acm:us-east-1:123456789012:{ID}",
        "arn:aws:iam::123456789012:server-certificate/mine",
        "arn:aws:acm:us-east-1:1:certificate/x",
        "mine",
        "",
    ],
)
def test_another_region_and_what_is_none_of_acm_is_refused_with_its_line(arn: str) -> None:
    assert found(f'certificate = "{arn}"') == [(4, "value-invalid")]


def test_every_one_of_a_list_is_asked() -> None:
    assert [line for line, _ in found(f'certificate = [\n"{HERE}",\n"x",\n"{HERE}",\n]')] == [4, 6]
    assert found("certificate = []") == [(4, "value-invalid")]


def count(text: str) -> Count:
    return read(FILE.format("", f"count = {text}"), "natless.toml").services[0].count


def test_what_autoscaling_aims_at() -> None:
    assert count("{ min = 1, max = 4 }") == Count(1, 4, 60)
    assert count("{ min = 1, max = 4, memory = 70 }") == Count(1, 4, None, 70)
    assert count("{ min = 1, max = 4, cpu = 50, requests = 1000 }") == Count(1, 4, 50, None, 1000)
    assert count("{ min = 2, max = 2, memory = 70 }") == Count(2, 2)


@pytest.mark.parametrize("aim", ["memory = 101", "memory = 0", "requests = 0", "cpu = 101"])
def test_aims_that_cannot_be(aim: str) -> None:
    assert found("", f"count = {{ min = 1, max = 4, {aim} }}") == [(8, "number-out-of-range")]


def test_who_is_not_behind_the_load_balancer_gets_no_requests_from_it() -> None:
    text = 'name = "a-b"\n[services.w]\nbuild = "."\npublic = false\ncount = { min = 1, max = 4, requests = 10 }\n'
    with pytest.raises(SpecError) as caught:
        read(text, "natless.toml")
    assert [(each.origin.line, each.name) for each in caught.value.findings] == [(5, "value-invalid")]
