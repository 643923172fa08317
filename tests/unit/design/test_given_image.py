"""An image that is given: the design leads to where it lies, and makes no repository."""

from __future__ import annotations

from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cloudformation_validate import CompositeEngine, Severity, TemplateContent

from natless import design, load
from natless.design import ImageDigest
from natless.finding import Blocked, Reachable, Unknown
from natless.prove import Promises, prove
from natless.spec.model import Spec
from natless.spec.read import read

DIGEST = "sha256:" + "0a" * 32
HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def spec(image: str, region: str = 'region = "eu-west-1"') -> Spec:
    return read(f'name = "guest"\n{region}\n[services.web]\nimage = "{image}"\nport = 8080\n', "natless.toml")


REFERENCES = [f"{HOST}/team/app:1.0", f"{HOST}/app@{DIGEST}", f"{HOST}/team/app:1.0@{DIGEST}"]


@pytest.mark.parametrize("image", REFERENCES)
def test_everything_names_the_repository_that_holds_the_image(image: str) -> None:
    designed = design.write(spec(image))
    repository = image.partition("/")[2].partition("@")[0].partition(":")[0]
    resources = designed.main["Resources"]
    [container] = resources["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["Image"] == {"Fn::Sub": f"{HOST}/{repository}@${{WebImageDigest}}"}
    # Amazon ECR, 'ARN format': arn:aws:ecr:region:registry-id:repository/name
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:ecr:eu-west-1:111122223333:repository/{repository}"}
    pull = [
        statement["Resource"]
        for policy in policies(resources)
        for statement in policy["Statement"]
        if "ecr:BatchGetImage" in statement["Action"]
    ]
    assert pull == [[arn]] * 3  # the role and both ECR endpoints
    assert "guest/web" not in design.text(designed.main)


def policies(resources: dict[str, Any]) -> list[dict[str, Any]]:
    [role] = resources["WebExecutionRole"]["Properties"]["Policies"]
    ends = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::EC2::VPCEndpoint"]
    return [role["PolicyDocument"], *(end["PolicyDocument"] for end in ends)]


def test_no_repository_is_made_and_the_digest_is_looked_up() -> None:
    designed = design.write(spec(REFERENCES[0]))
    assert designed.images is None
    assert designed.repositories == {}
    assert designed.parameters[0].lookup == ImageDigest("web")
    assert designed.parameters[0].value == "${WebImageDigest}"
    assert design.write(spec(REFERENCES[1])).parameters[0].value == DIGEST


@pytest.mark.parametrize("image", REFERENCES)
def test_both_validators_have_nothing_to_say(image: str) -> None:
    text = design.text(design.write(spec(image)).main)
    assert [
        str(match) for match in lint(text, config=ManualArgs(regions=["eu-west-1"])) if match.rule.id[0] in "EW"
    ] == []
    engine = CompositeEngine()
    found = engine.validate_template(TemplateContent(text, "template")).diagnostics
    del engine  # its destructor needs the library that is gone when the interpreter ends
    assert [one.message for one in found if one.severity is not Severity.INFO] == []


def proved(image: str, account: str | None, region: str = 'region = "eu-west-1"') -> dict[str, Any]:
    of = spec(image, region)
    designed = design.write(of)
    values = {parameter.name: parameter.value for parameter in designed.parameters}
    cloud = load.cloudformation(design.text(designed.main), "template", values, of.region, account)
    return {verdict.need: verdict for verdict in prove(cloud, Promises(private=True)).verdicts}


@pytest.mark.parametrize("account", [None, "111122223333"])
@pytest.mark.parametrize("region", ['region = "eu-west-1"', ""])
def test_it_is_proved_that_a_task_can_pull_it(account: str | None, region: str) -> None:
    found = proved(REFERENCES[0], account, region)
    assert all(
        isinstance(found[need].outcome, Reachable) for need in ("image-source", "ecr.api", "ecr.dkr", "s3-layers")
    )


def test_another_accounts_repository_has_a_policy_that_is_not_read() -> None:
    found = proved(REFERENCES[0], "444455556666")
    assert isinstance(found["image-source"].outcome, Unknown)
    assert "account 111122223333" in found["image-source"].reason
    assert isinstance(found["ecr.dkr"].outcome, Reachable)


def test_a_policy_of_another_repository_does_not_let_it_through() -> None:
    of = spec(REFERENCES[0])
    template = design.text(design.write(of).main).replace(":repository/team/app", ":repository/team/other")
    cloud = load.cloudformation(
        template, "t", {"WebImageDigest": DIGEST, "S3PrefixListId": "pl-6da54004"}, "eu-west-1", None
    )
    found = {verdict.need: verdict for verdict in prove(cloud, Promises(private=True)).verdicts}
    outcome = found["ecr.dkr"].outcome
    assert isinstance(outcome, Blocked)
    assert (outcome.gate.kind, outcome.gate.element) == ("endpoint-policy", "EcrDkrEndpoint")


def test_the_images_region_is_the_only_one_to_deploy_to() -> None:
    assert spec(REFERENCES[0], region="").region == "eu-west-1"
