"""Accounts in processes of their own, and what tests ask of them over HTTP."""

from __future__ import annotations

import copy
import http.client
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

HERE = Path(__file__).parent
GOLDEN = HERE.parents[2] / "golden"
REGION = "ap-northeast-2"
KEY = "AKIALABLABLABLABLABL"
WAIT = 400.0
TRUSTED = {"AWS": "arn:aws:iam::123456789012:user/administrator"}
QUICK = {"endpoint_pending": 0.3, "balancer_provisioning": 0.1, "held_back": 0.3}


class Account:
    """An account that answers on a port."""

    def __init__(self, timings: Mapping[str, float], seed: int) -> None:
        asked = json.dumps({"timings": timings, "seed": seed})
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py"), asked], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        assert port, "the account did not start"
        self.url = f"http://127.0.0.1:{port}"

    def connect(self, service: str, key: str = KEY, secret: str = KEY) -> Any:
        client: Any = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION).client
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
        return client(service, endpoint_url=self.url, config=config)

    def generation(self) -> int:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"))
        connection.request("GET", "/generation")
        said = int(connection.getresponse().read())
        connection.close()
        return said

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def deploy(self, template: Mapping[str, Any], parameters: Mapping[str, str], name: str = "") -> dict[str, Any]:
        """Deploy by a change set, wait, and give the stack."""
        cloudformation = self.connect("cloudformation")
        name = name or f"s{uuid.uuid4().hex[:8]}"
        cloudformation.create_change_set(
            StackName=name,
            ChangeSetName="first",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        cloudformation.execute_change_set(StackName=name, ChangeSetName="first")
        return self.settled(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"])

    def settled(self, stack_id: str) -> dict[str, Any]:
        """Wait until a stack is in progress no more, and give it."""
        cloudformation, until = self.connect("cloudformation"), time.monotonic() + WAIT
        while time.monotonic() < until:
            stack: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.05)
        raise AssertionError(f"{stack_id} is still {stack['StackStatus']}")

    def delete(self, stack_id: str) -> dict[str, Any]:
        self.connect("cloudformation").delete_stack(StackName=stack_id)
        return self.settled(stack_id)

    def failures(self, stack_id: str) -> dict[str, str]:
        """Give the reasons of the resources that came to nothing, by logical id, without those only cancelled."""
        pages = self.connect("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return {
            event["LogicalResourceId"]: event["ResourceStatusReason"]
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceStatus"] == "CREATE_FAILED"
            and event["ResourceStatusReason"] != "Resource creation cancelled"
        }


class Roles:
    """Makes roles, and clients signed with a session of theirs."""

    def __init__(self, account: Any) -> None:
        self._account = account
        self.iam = account.connect("iam")

    def make(self, name: str, *statements: dict[str, Any], trust: Any = None, **more: Any) -> None:
        trusting = {"Effect": "Allow", "Principal": trust or TRUSTED, "Action": "sts:AssumeRole"}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": trusting}), **more)
        if statements:
            self.allow(name, *statements)

    def allow(self, name: str, *statements: dict[str, Any]) -> None:
        written = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=written)

    def session(self, name: str, **asked: Any) -> dict[str, str]:
        sts = self._account.connect("sts")
        found: dict[str, str] = sts.assume_role(
            RoleArn=f"arn:aws:iam::123456789012:role/{name}", RoleSessionName="s1", **asked
        )["Credentials"]
        return found

    def client(self, keys: dict[str, str], service: str, endpoint: str = "") -> Any:
        make: Any = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=REGION,
        ).client
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
        client = make(service, endpoint_url=self._account.url, config=config)

        def by_endpoint(request: Any, **_: Any) -> None:
            request.headers["X-Test-Endpoint"] = endpoint

        client.meta.events.register("before-send", by_endpoint)
        return client


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    """Give the code and the message with which a call is refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(name="refusal", scope="session")
def _refusal() -> Any:
    return refusal


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    running = Account(QUICK, seed=7)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def roles(account: Account) -> Roles:
    return Roles(account)


@pytest.fixture(scope="module")
def slow_account() -> Iterator[Account]:
    """An account in which what nothing waits for comes when all the rest is over, however long that takes."""
    running = Account(QUICK | {"held_back": 3600.0}, seed=7)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_account() -> Iterator[Account]:
    """An account of the module's own."""
    running = Account(QUICK, seed=7)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def hello_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / "hello.main.json").read_text())
    return document


@pytest.fixture
def hello(hello_document: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(hello_document)


@pytest.fixture(scope="session")
def hello_parameters() -> dict[str, str]:
    return {"WebImageDigest": "sha256:" + "a" * 64, "S3PrefixListId": "pl-78a54011"}


@pytest.fixture(scope="session")
def hello_stack(account: Account, hello_parameters: dict[str, str]) -> dict[str, Any]:
    """The hello stack, standing."""
    template = json.loads((GOLDEN / "hello.main.json").read_text())
    return account.deploy(template, hello_parameters, "hello")
