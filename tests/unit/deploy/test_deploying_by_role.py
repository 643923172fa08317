"""A deployment with nothing but the policy of `natless template --role deploy`, in an account that enforces IAM.

CloudFormation makes each resource with the rights of who called it ("Control CloudFormation access with AWS Identity
and Access Management", CloudFormation user guide), so what the policy lacks fails there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.unit.deploy.conftest import KEY, REGION

from natless.deploy import Connect, Pace, deploy, destroy, logs, status
from natless.design import write
from natless.design.callers import Place, role_policy
from natless.spec.model import Spec
from natless.spec.read import read

GOOD, OTHER = ("sha256:" + letter * 64 for letter in "ac")
HERE = Place("aws", REGION, "123456789012")
VARIED = """
name = "{name}"
[network]
nat = true
flow_logs = true
[services.web]
build = "."
port = 8080
public = true
count = {{ min = 1, max = 3, cpu = 60 }}
path = "/api/*"
exec = true
calls = ["api"]
[services.api]
build = "."
port = 8081
public = false
[services.front]
build = "."
port = 8082
public = true
"""
PLAIN = 'name = "{name}"\n[services.web]\nbuild = "."\nport = 8080\npublic = true\n'


def policy_of(spec: Spec, without: str = "") -> dict[str, Any]:
    document = role_policy("deploy", write(spec), spec, HERE)
    for statement in document["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != without]
    document["Statement"] = [each for each in document["Statement"] if each["Action"]]
    return document


@contextmanager
def role(lab: Connect, name: str, document: dict[str, Any]) -> Iterator[Connect]:
    """Give clients of a role that may do what the document says, and nothing else."""
    iam = lab("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    keys = lab("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="deploys")["Credentials"]
    session: Any = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )
    assert keys["AccessKeyId"] != KEY
    url = lab("sts").meta.endpoint_url
    clients: dict[str, Any] = {}

    def connect(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(
                service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
            )
        return clients[service]

    yield connect
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    iam.delete_role(RoleName=name)


def released(connect: Connect, spec: Spec, digest: str, pace: Pace) -> list[Any]:
    return list(
        deploy(
            write(spec),
            spec,
            connect,
            lambda _service, _repository: digest,
            approve=lambda _: True,
            pace=pace,
            examine=tuple,
        )
    )


@pytest.mark.parametrize("text", [PLAIN, VARIED], ids=["plain", "varied"])
def test_the_printed_policy_is_enough(lab: Connect, pace: Pace, text: str) -> None:
    name = "sole" if text is PLAIN else "varied"
    spec = read(text.format(name=name), "natless.toml")
    with role(lab, f"deployer-of-{name}", policy_of(spec)) as connect:
        released(connect, spec, GOOD, pace)
        released(connect, spec, OTHER, pace)
        assert [each.name for each in status(connect, name).services]
        list(logs(connect, name, 0))
        list(destroy(connect, name, pace=pace, images=True, logs=True))
    vpcs = lab("ec2").describe_vpcs(Filters=[{"Name": "tag:natless", "Values": [name]}])["Vpcs"]
    assert vpcs == []


REFUSED = [
    "cloudformation:CreateChangeSet",
    "ec2:CreateVpc",
    "ec2:CreateTags",
    "elasticloadbalancing:CreateLoadBalancer",
    "iam:PassRole",
    "logs:CreateLogGroup",
]


@pytest.mark.parametrize("action", REFUSED)
def test_without_one_action_it_is_named(lab: Connect, pace: Pace, action: str) -> None:
    name = f"l{REFUSED.index(action)}"
    spec = read(PLAIN.format(name=name), "natless.toml")
    refused = pytest.raises(Exception, match=f"not authorized to perform: {action}")
    with role(lab, f"deployer-{name}", policy_of(spec, without=action)) as connect, refused:
        released(connect, spec, GOOD, pace)
    list(destroy(lab, name, pace=pace, images=True, logs=True))


def test_and_past_cloudformation_nothing_is_changed(lab: Connect, refused: Callable[..., str]) -> None:
    spec = read(PLAIN.format(name="past"), "natless.toml")
    with role(lab, "deployer-past", policy_of(spec)) as connect:
        assert "ec2:CreateVpc" in refused(connect("ec2").create_vpc, CidrBlock="10.0.0.0/16")
        assert "iam:CreateRole" in refused(
            connect("iam").create_role, RoleName="past-x", AssumeRolePolicyDocument='{"Statement": []}'
        )
        assert "cloudformation:DeleteStack" in refused(connect("cloudformation").delete_stack, StackName="another")


@pytest.fixture
def refused() -> Callable[..., str]:
    def call(operation: Callable[..., Any], **asked: Any) -> str:
        with pytest.raises(Exception, match="not authorized") as caught:
            operation(**asked)
        return str(caught.value)

    return call
