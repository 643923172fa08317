"""What the account is asked for, and how it is said that it has it not. No value of a secret is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from natless.deploy import DeployError, lookups
from natless.deploy.progress import LookedUp
from natless.design import Design, write
from natless.spec.model import Spec
from natless.spec.read import read

DIGEST = "sha256:" + "a" * 64
TEXT = """\
name = "hello"
region = "eu-west-1"

[services.web]
build = "."
port = 8080
public = true

[services.web.secrets]
DATABASE_URL = "secretsmanager:prod/db#url"
TOKEN = "ssm:/prod/token"
"""
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
LISTS = {"PrefixLists": [{"PrefixListId": "pl-6da54004", "PrefixListName": "com.amazonaws.eu-west-1.s3"}]}
PARAMETERS = {"Parameters": [{"Name": "/prod/token"}]}


@pytest.fixture
def spec() -> Spec:
    return read(TEXT, "natless.toml")


@pytest.fixture
def design(spec: Spec) -> Design:
    return write(spec)


def test_every_parameter_is_looked_up(script: Any, spec: Spec, design: Design) -> None:
    wanted = [{"Key": "Name", "Option": "Equals", "Values": ["/prod/token"]}]
    script.say("ssm", "describe_parameters", PARAMETERS, ParameterFilters=wanted)
    named = [{"Name": "prefix-list-name", "Values": ["com.amazonaws.eu-west-1.s3"]}]
    script.say("ec2", "describe_managed_prefix_lists", LISTS, Filters=named)
    script.say("secretsmanager", "describe_secret", {"ARN": ARN, "Name": "prod/db"}, SecretId="prod/db")
    found = lookups.resolve(design, spec, script.connect, {"web": DIGEST})
    assert {each.parameter: each.value for each in found} == {
        "WebImageDigest": DIGEST,
        "S3PrefixListId": "pl-6da54004",
        next(each.name for each in design.parameters if "Secret" in type(each.lookup).__name__): ARN,
    }
    assert LookedUp("S3PrefixListId", "pl-6da54004", "pl-6da54004") in found


ON_INSTANCES = """\
name = "hello"
region = "eu-west-1"

[services.web]
build = "."
port = 8080
launch = "ec2"
instance = "{instance}"
architecture = "{architecture}"
"""
OLD, NEW = "ami-0aaaaaaaaaaaaaaaa", "ami-0bbbbbbbbbbbbbbbb"
STANDING = {
    "StackName": "hello",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/hello/0f1e",
    "StackStatus": "UPDATE_COMPLETE",
    "CreationTime": datetime(2026, 11, 1, tzinfo=UTC),
    "Parameters": [{"ParameterKey": "WebHostImageId", "ParameterValue": OLD}],
}


def ami(script: Any, instance: str, architecture: str, *, new_ami: bool = False) -> str:
    spec = read(ON_INSTANCES.format(instance=instance, architecture=architecture), "natless.toml")
    found = lookups.resolve(write(spec), spec, script.connect, {"web": DIGEST}, new_ami=new_ami)
    (value,) = (each.value for each in found if each.parameter.startswith("WebHostImageId"))
    return value


def test_the_instances_image_is_pinned_by_the_stack(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", {"Stacks": [STANDING]}, StackName="hello")
    script.say("ec2", "describe_managed_prefix_lists", LISTS)
    # Nothing asks SSM which image is recommended now.
    assert ami(script, "t3.small", "x86_64") == OLD


def test_it_moves_where_that_is_asked_for(script: Any) -> None:
    script.say("ec2", "describe_managed_prefix_lists", LISTS)
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    script.say("ssm", "get_parameter", {"Parameter": {"Value": NEW}}, Name=name)
    assert ami(script, "t3.small", "x86_64", new_ami=True) == NEW


def test_it_moves_with_the_processor_for_which_the_old_one_would_not_start(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", {"Stacks": [STANDING]}, StackName="hello")
    script.say("ec2", "describe_managed_prefix_lists", LISTS)
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"
    script.say("ssm", "get_parameter", {"Parameter": {"Value": NEW}}, Name=name)
    assert ami(script, "t4g.small", "arm64") == NEW


def test_all_that_is_not_there_is_said_at_once_with_its_line(script: Any, spec: Spec, design: Design) -> None:
    script.say("ssm", "describe_parameters", {"Parameters": []})
    script.say("ec2", "describe_managed_prefix_lists", {"PrefixLists": []})
    script.say("secretsmanager", "describe_secret", ("ResourceNotFoundException", "can't find it"))
    with pytest.raises(DeployError) as caught:
        lookups.resolve(design, spec, script.connect, {})
    lines = str(caught.value).splitlines()
    assert any(line.startswith("natless.toml:11: there is no SSM parameter /prod/token in eu-west-1") for line in lines)
    assert any(
        line.startswith("natless.toml:10: there is no secret prod/db in eu-west-1: make it by") for line in lines
    )
    assert any("this account has no prefix list com.amazonaws.eu-west-1.s3" in line for line in lines)
    assert any("the image of web was not pushed" in line for line in lines)


def test_a_secret_that_is_being_deleted_is_not_there(script: Any, spec: Spec, design: Design) -> None:
    script.say("ssm", "describe_parameters", ("AccessDeniedException", "no"))  # who may not list is not kept back
    script.say("ec2", "describe_managed_prefix_lists", LISTS)
    deleted = {"ARN": ARN, "DeletedDate": datetime(2026, 11, 1, tzinfo=UTC)}
    script.say("secretsmanager", "describe_secret", deleted)
    with pytest.raises(DeployError, match=r"natless\.toml:10: the secret prod/db is being deleted: keep it by `aws"):
        lookups.resolve(design, spec, script.connect, {"web": DIGEST})
