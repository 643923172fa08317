"""Endpoint services whose names are not known: nothing that leans on them is called reachable, or blocked.

Names: `aws ec2 describe-vpc-endpoint-services` has cn.com.amazonaws.cn-north-1.ecr.api beside
com.amazonaws.cn-north-1.logs, and com.amazonaws.us-gov-west-1.ecr.api as in commercial regions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from natless import design, load
from natless.finding import Reachable, Unknown
from natless.prove import Promises, prove
from natless.spec.read import SpecError, read

HELLO = Path(__file__).parents[3] / "examples" / "hello" / "natless.toml"
LEANING = ("ecr.api", "ecr.dkr", "s3-layers", "logs")


def outcomes(region: str) -> dict[str, object]:
    designed = design.write(read(HELLO.read_text(), "natless.toml"))
    values = {"S3PrefixListId": "${S3PrefixListId}", "WebImageDigest": "sha256:" + "0" * 64}
    cloud = load.cloudformation(design.text(designed.main), "hello.json", values, region, None)
    return {verdict.need: verdict.outcome for verdict in prove(cloud, Promises(private=True)).verdicts}


@pytest.mark.parametrize(
    "region", ["cn-north-1", "cn-northwest-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"]
)
def test_what_leans_on_an_endpoint_is_unknown(region: str) -> None:
    found = outcomes(region)
    assert all(isinstance(found[need], Unknown) for need in LEANING)
    assert isinstance(found["internet->alb"], Reachable)


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-gov-east-1"])
def test_govcloud_is_named_as_commercial_regions_are(region: str) -> None:
    found = outcomes(region)
    assert all(isinstance(found[need], Reachable) for need in LEANING)


@pytest.mark.parametrize("region", ["cn-north-1", "us-iso-east-1", "eusc-de-east-1"])
def test_a_spec_for_such_a_region_is_refused_at_its_line(region: str) -> None:
    text = f'name = "hello"\nregion = "{region}"\n[services.web]\nbuild = "."\nport = 8080\n'
    with pytest.raises(SpecError) as caught:
        read(text, "natless.toml")
    [found] = caught.value.findings
    assert (found.rule, found.origin.line) == ("NL017", 2)
    assert region in found.message


def test_an_image_leads_to_such_a_region_too() -> None:
    image = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1"
    with pytest.raises(SpecError) as caught:
        read(f'name = "hello"\n[services.web]\nimage = "{image}"\nport = 8080\n', "natless.toml")
    assert [(found.rule, found.origin.line) for found in caught.value.findings] == [("NL017", 3)]
