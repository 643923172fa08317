"""Parameters, secrets and environment: what only an account knows, and what a person wrote."""

from __future__ import annotations

import re
from typing import Any

import pytest

from natless import design
from natless.design import ImageDigest, Parameter, PrefixListId, SecretArn
from natless.spec.model import Network, Secret, Service, Spec


def spec(
    *secrets: Secret, region: str | None = "eu-west-1", lines: dict[str, int] | None = None, **changes: Any
) -> Spec:
    service = Service("web", ".", None, 8080, public=True, secrets=secrets, **changes)
    return Spec("natless.toml", "hello", region, Network(), (service,), lines or {})


def container(of: Spec) -> dict[str, Any]:
    found: dict[str, Any] = design.write(of).main["Resources"]["WebTaskDefinition"]["Properties"][
        "ContainerDefinitions"
    ][0]
    return found


def values(of: Spec) -> dict[str, str]:
    return {parameter.name: parameter.value for parameter in design.write(of).parameters}


def test_the_catalogs_prefix_list_serves_check_and_the_account_serves_deploy() -> None:
    assert design.write(spec()).parameters == (
        Parameter("WebImageDigest", "${WebImageDigest}", ImageDigest("web")),
        Parameter("S3PrefixListId", "pl-6da54004", PrefixListId("s3")),
    )


@pytest.mark.parametrize("region", [None, "mx-central-1"])
def test_an_unknown_prefix_list_stays_symbolic(region: str | None) -> None:
    assert values(spec(region=region))["S3PrefixListId"] == "${S3PrefixListId}"


def test_the_image_parameter_takes_a_digest_and_nothing_else() -> None:
    pattern = design.write(spec()).main["Parameters"]["WebImageDigest"]["AllowedPattern"]
    assert re.match(pattern, "sha256:" + "0a" * 32)
    assert not re.match(pattern, "latest")
    assert not re.match(pattern, "sha256:" + "0a" * 31)


DATABASE = Secret("DATABASE_URL", "secretsmanager", "prod/db", "url")


def test_a_secret_is_one_arn_in_the_container_the_role_and_the_endpoint() -> None:
    of = spec(DATABASE, Secret("DATABASE_USER", "secretsmanager", "prod/db"))
    resources = design.write(of).main["Resources"]
    # Amazon ECS Developer Guide, 'Pass Secrets Manager secrets': ARN:json-key:version-stage:version-id
    assert container(of)["Secrets"] == [
        {"Name": "DATABASE_URL", "ValueFrom": {"Fn::Sub": "${WebProdDbArn}:url::"}},
        {"Name": "DATABASE_USER", "ValueFrom": {"Ref": "WebProdDbArn"}},
    ]
    wanted = {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [{"Ref": "WebProdDbArn"}]}
    (policy,) = resources["WebExecutionRole"]["Properties"]["Policies"]
    assert wanted in policy["PolicyDocument"]["Statement"]
    endpoint = resources["SecretsmanagerEndpoint"]["Properties"]
    assert endpoint["PolicyDocument"]["Statement"] == [{**wanted, "Principal": "*"}]
    assert "SecretsmanagerEndpoint" in resources["WebService"]["DependsOn"]


def test_what_the_account_adds_to_a_secrets_arn_is_symbolic() -> None:
    parameter = design.write(spec(DATABASE)).parameters[-1]
    assert parameter.lookup == SecretArn("prod/db")
    assert parameter.value == "arn:aws:secretsmanager:eu-west-1:${AWS::AccountId}:secret:prod/db-${WebProdDbArn}"
    assert values(spec(DATABASE, region=None))["WebProdDbArn"].startswith("arn:aws:secretsmanager:${AWS::Region}:")
    assert values(spec(DATABASE, region="us-gov-west-1"))["WebProdDbArn"].startswith("arn:aws-us-gov:")


def test_an_arn_that_was_written_is_taken_as_it_is() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
    assert values(spec(Secret("A", "secretsmanager", arn))) | {"WebProdDbAbCdEfArn": arn} == values(
        spec(Secret("A", "secretsmanager", arn))
    )


def test_secrets_whose_names_make_one_word_have_parameters_of_their_own() -> None:
    found = values(spec(Secret("A", "secretsmanager", "a/b"), Secret("B", "secretsmanager", "a-b")))
    assert [name for name in found if name.endswith(("Arn", "Arn2"))] == ["WebABArn", "WebABArn2"]


@pytest.mark.parametrize("identifier", ["/prod/db/url", "prod-url"])
def test_a_parameter_is_named_by_its_arn(identifier: str) -> None:
    # AWS Systems Manager: the ARN of /a/b is arn:...:parameter/a/b, that of a is arn:...:parameter/a
    of = spec(Secret("URL", "ssm", identifier))
    arn = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/" + identifier.removeprefix("/")
    assert container(of)["Secrets"] == [{"Name": "URL", "ValueFrom": {"Fn::Sub": arn}}]
    wanted = {"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": [{"Fn::Sub": arn}]}
    resources = design.write(of).main["Resources"]
    assert resources["SsmEndpoint"]["Properties"]["PolicyDocument"]["Statement"] == [{**wanted, "Principal": "*"}]
    assert wanted in resources["WebExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert "SecretsmanagerEndpoint" not in resources


def test_braces_in_a_persons_text_stay_as_they_are() -> None:
    of = spec(Secret("A", "secretsmanager", "db", "${key}"), environment={"PROMPT": "${HOME}> $1", "PLAIN": "a"})
    # CloudFormation User Guide, Fn::Sub: ${!Literal} gives ${Literal}.
    assert container(of)["Secrets"][0]["ValueFrom"] == {"Fn::Sub": "${WebDbArn}:${!key}::"}
    prompt, plain = container(of)["Environment"]
    assert prompt == {"Name": "PROMPT", "Value": {"Fn::Join": ["$", ["", "{HOME}> ", "1"]]}}
    assert "$".join(prompt["Value"]["Fn::Join"][1]) == "${HOME}> $1"
    assert plain == {"Name": "PLAIN", "Value": "a"}


def test_places_lead_to_the_line_that_caused_an_element() -> None:
    lines = {
        "name": 1,
        "network": 3,
        "network.cidr": 4,
        "services": 6,
        "services.web": 6,
        "services.web.build": 7,
        "services.web.port": 8,
        "services.web.health": 9,
        "services.web.secrets": 11,
        "services.web.secrets.DATABASE_URL": 12,
    }
    places = design.write(spec(DATABASE, lines=lines)).places
    expected = {
        "Cluster": 1,
        "Vpc": 4,
        "InternetGateway": 3,
        "PrivateSubnet1": 3,
        "S3Endpoint": 6,
        "WebRepository": 7,
        "WebTaskDefinition": 7,
        "WebImageDigest": 7,
        "WebTaskGroupIngressAlb": 8,
        "WebTargetGroup": 9,
        "SecretsmanagerEndpoint": 11,
        "WebProdDbArn": 12,
    }
    assert {id_: places[id_] for id_ in expected} == expected


def test_an_element_without_a_line_has_no_place() -> None:
    assert design.write(spec()).places == {}
