"""`zones` of `[network]`: how many, or which. Names as "AWS Regions and Availability Zones" has them: REGION and a
letter; Local Zones (`us-west-2-lax-1a`) and Wavelength Zones (`us-east-1-wl1-bos-wlz-1`) have longer ones."""

from __future__ import annotations

import pytest

from natless.spec.read import SpecError, read

FILE = 'name = "hello"\n{}[network]\n{}\n[services.web]\nbuild = "."\nport = 8080\n'
REGION = 'region = "us-east-1"\n'


def found(network: str, region: str = REGION) -> list[tuple[int | None, str, str]]:
    with pytest.raises(SpecError) as caught:
        read(FILE.format(region, network), "natless.toml")
    return [(each.origin.line, each.name, each.message) for each in caught.value.findings]


def test_how_many_or_which() -> None:
    many = read(FILE.format(REGION, "zones = 3"), "natless.toml").network
    assert (many.zones, many.zone_names) == (3, ())
    named = read(FILE.format(REGION, 'zones = ["us-east-1a", "us-east-1c"]'), "natless.toml").network
    assert (named.zones, named.zone_names) == (2, ("us-east-1a", "us-east-1c"))
    anywhere = read(FILE.format("", 'zones = ["eu-west-1b", "eu-west-1a"]'), "natless.toml").network
    assert anywhere.zone_names == ("eu-west-1b", "eu-west-1a")


@pytest.mark.parametrize(
    "name",
    ["us-east-1", "us-west-2a", "us-west-2-lax-1a", "us-east-1-wl1-bos-wlz-1", "use1-az1", "a", "", "US-EAST-1A"],
)
def test_a_name_that_is_no_zone_of_the_region(name: str) -> None:
    [(line, rule, said)] = found(f'zones = [\n"us-east-1a",\n"{name}",\n]')
    assert (line, rule) == (6, "value-invalid")
    assert f'"{name}"' in said


@pytest.mark.parametrize(
    ("zones", "words"),
    [
        ('["us-east-1a"]', "zones has 1 names: it takes 2 to 4"),
        ("[]", "zones has 0 names"),
        ('["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e"]', "zones has 5 names"),
        ('["us-east-1a", "us-east-1a"]', "the same zone twice"),
        ("5", "zones = 5: zones is 2 to 4"),
        ('"us-east-1a"', "zones takes a whole number, or a list of the zones' names"),
        ("[1, 2]", "zones takes a whole number, or a list of the zones' names"),
    ],
)
def test_too_few_too_many_and_other_things(zones: str, words: str) -> None:
    [(line, _, said)] = found(f"zones = {zones}")
    assert line == 4
    assert words in said


def test_every_problem_at_once() -> None:
    assert len(found('zones = ["x", "y", "x", "us-east-1a", "us-east-1b"]')) == 5
