"""Each call of a deploy refused in its turn, as AWS refuses: a clear error, and a next deploy that goes on from there.

Codes and texts: "Common Errors" of the services' API references, and IAM's own. botocore gives the refusal in place of
the call, as its Stubber does, so that everything before it has been done.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.deploy.conftest import clients

from natless.cli.world import failures_in_words
from natless.deploy import Connect, stacks
from natless.deploy.progress import Deployed, StackEvent
from natless.deploy.rollout import Rollout
from natless.deploy.stacks import Stack

Make = Callable[[str], Any]
GOOD = "sha256:" + "a" * 64
MOST = 200
"""Calls that no deploy has different ones of."""

WHO = "User: arn:aws:sts::123456789012:assumed-role/deployer/me is not authorized to perform: x:Y on resource: z"
KINDS: dict[str, tuple[str, str, str]] = {
    # Code, text, and what a person reads of it.
    "throttled": ("Throttling", "Rate exceeded", "wait a minute, then run it again"),
    "expired": ("ExpiredToken", "The security token included in the request is expired", "run `aws sso login`"),
    "denied": ("AccessDenied", WHO, "`natless template --role deploy` (push, read) prints the policy"),
    "unknown": ("InvalidClientTokenId", "The security token included in the request is invalid.", "AWS_ACCESS_KEY_ID"),
}
WAY_ON = "what was begun goes on or stands; the same command continues from there"


class Answer:
    """The answer of a service that refuses."""

    status_code = 400


class Refusing:
    """Clients that refuse, once, the first call that was never refused before."""

    def __init__(self, lab: Connect) -> None:
        self._clients = clients(lab("ec2").meta.endpoint_url)
        self._known: set[str] = set()
        self._kind = ""
        self.refused: list[str] = []
        self.hit = ""

    def __call__(self, service: str) -> Any:
        client = self._clients(service)
        if service not in self._known:
            self._known.add(service)
            client.meta.events.register("before-call", self._ask)
        return client

    def arm(self, kind: str) -> None:
        self._kind, self.hit = kind, ""

    def _ask(self, model: Any, **_: Any) -> Any:
        name = f"{model.service_model.service_name}:{model.name}"
        if not self._kind or name in self.refused:
            return None
        code, text = KINDS[self._kind][:2]
        self._kind, self.hit = "", name
        self.refused.append(name)
        said = {"Code": code, "Message": text}
        return Answer(), {"Error": said, "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r"}}


@pytest.mark.parametrize("first", KINDS)
def test_a_refused_call_is_said_and_the_next_deploy_goes_on(
    lab: Connect, deployment: Make, capsys: pytest.CaptureFixture[str], first: str
) -> None:
    made, refusing = deployment(f"no{first}"), Refusing(lab)
    made.connect = refusing
    start = list(KINDS).index(first)
    kinds = itertools.islice(itertools.cycle(KINDS), start, start + MOST)
    said: list[Any] = []
    for kind in kinds:
        refusing.arm(kind)
        code = 0
        try:
            with failures_in_words(changing=True):
                said = made.deploy(GOOD)
        except SystemExit as ended:
            code = int(ended.code or 0)
        if code:
            assert code == 4
            told = capsys.readouterr().err
            assert told.startswith("natless: "), (refusing.hit, told)
            # What is looked up for a line of the file is said at that line; IAM's text names what is missing.
            of_the_file = kind == "denied" and "natless.toml:" in told and WHO in told
            assert of_the_file or KINDS[kind][2] in told, (refusing.hit, told)
            assert of_the_file or told.rstrip().endswith(WAY_ON), (refusing.hit, told)
            continue
        assert isinstance(said[-1], Deployed), refusing.hit
        if not refusing.hit:
            break
    # What a deploy cannot do without; there are more.
    assert {
        "cloudformation:DescribeStacks",
        "cloudformation:CreateChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DescribeStackEvents",
        "ecs:DescribeServices",
        "ecs:ListTasks",
        "elasticloadbalancing:DescribeTargetHealth",
    } <= {name.replace("elbv2:", "elasticloadbalancing:") for name in refusing.refused}, refusing.refused
    made.connect = lab
    stack = stacks.find(lab, made.name)
    assert stack is not None
    assert stack.status == "CREATE_COMPLETE"
    made.destroy(images=True, logs=True)


@pytest.mark.parametrize(
    ("resource", "kind", "reason", "way"),
    [
        # EC2 API reference, "Error codes"; CloudFormation's words around a service's.
        (
            "Vpc",
            "AWS::EC2::VPC",
            (
                "Resource handler returned message: The maximum number of VPCs has been reached. (Service: Ec2, Status "
                "Code: 400, Error Code: VpcLimitExceeded)"
            ),
            "Service Quotas",
        ),
        # 1Password/scim-examples #356.
        (
            "WebService",
            "AWS::ECS::Service",
            (
                "Invalid request provided: CreateService error: Unable to assume the service linked role. Please "
                "verify that the ECS service linked role exists."
            ),
            "Deploy again in a minute",
        ),
        (
            "Alb",
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "The security token included in the request is expired (Service: ElasticLoadBalancing, Status Code: 403)",
            "renew it",
        ),
        ("Subnet", "AWS::EC2::Subnet", "Rate exceeded (Service: Ec2, Status Code: 400)", "in a minute"),
        ("Role", "AWS::IAM::Role", f"{WHO} (Service: Iam, Status Code: 403)", "natless template --role deploy"),
    ],
)
def test_what_the_account_lacks_is_said_beneath_the_cause(
    deployment: Make, resource: str, kind: str, reason: str, way: str
) -> None:
    made = deployment("lacking")
    rollout = Rollout(made.spec, made.connect, lambda _: True, made.pace)
    at = datetime(2026, 11, 26, tzinfo=UTC)
    failed = StackEvent("lacking", resource, kind, "CREATE_FAILED", reason, "", at)
    error = rollout._failure("lacking", Stack("lacking", "arn", "ROLLBACK_COMPLETE", "", {}, {}), [failed])
    first, second, *_ = str(error).splitlines()
    assert first == f"stack lacking was not deployed (ROLLBACK_COMPLETE): {resource} ({kind}): {reason}"
    assert way in second
