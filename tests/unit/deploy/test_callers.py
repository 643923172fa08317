"""The policies of `natless template --role`, against the calls that a deployment made, by moto's evaluation of IAM."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

import natless.design
from natless.account.snapshot import Narrow, snapshot
from natless.catalog.handler_permissions import PERMISSIONS, UNUSED, UNUSED_SERVICES
from natless.deploy import Connect, DeployError, logs, stacks, status
from natless.deploy.plan import plan
from natless.deploy.releases import releases
from natless.design import write
from natless.design.callers import Place, role_policy
from natless.finding import Path as Way
from natless.finding import Reachable, Verdict
from natless.spec.read import read

Make = Callable[[str], Any]
GOOD, OTHER, LEAVING = ("sha256:" + letter * 64 for letter in "ace")
HERE = "eu-west-1:123456789012"
MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'
IAM_NAMES = {"elbv2": "elasticloadbalancing"}

UNSEEN = {
    "cloudformation:ContinueUpdateRollback": "a rollback that failed: tests/unit/deploy/test_stacks.py",
    "cloudformation:TagResource": "asked by CreateChangeSet for its tags",
    "ecs:RunTask": "natless run: tests/lab/test_hello.py",
    "ecs:StopTask": "as above",
    "iam:PassRole": "asked by RegisterTaskDefinition and RunTask",
    "iam:CreateServiceLinkedRole": "tests/unit/deploy/preflight",
    "iam:GetPolicy": "managed policies: tests/unit/account/test_snapshot.py",
    "iam:GetPolicyVersion": "as above",
    "ec2:GetManagedPrefixListEntries": "customers' lists: tests/unit/account/test_snapshot.py",
    "ecs:ListServices": "a cluster's: tests/unit/account/test_snapshot.py",
    "logs:FilterLogEvents": "asked where a log group has streams; `natless logs`: tests/unit/deploy/test_logs.py",
}
"""What the policies allow besides what these tests see asked, and where it is."""

PREFLIGHT = {
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeVpcEndpointServices",
    "elasticloadbalancing:DescribeAccountLimits",
    "guardduty:GetDetector",
    "guardduty:ListDetectors",
    "iam:SimulatePrincipalPolicy",
    "servicequotas:GetServiceQuota",
    "ssm:DescribeParameters",
    "ecr:DescribeImageScanFindings",
}
"""Asked of AWS alone, from scripts: tests/unit/deploy/preflight, test_lookups.py and test_scan.py."""


class Recorder:
    """Writes down each call of a set of clients as IAM knows it: its action, and the resource it is asked on."""

    def __init__(self, connect: Connect) -> None:
        self.calls: set[tuple[str, str]] = set()
        self._connect = connect
        self._watched: set[int] = set()

    def __call__(self, service: str) -> Any:
        client = self._connect(service)
        if id(client) not in self._watched:
            self._watched.add(id(client))
            client.meta.events.register("provide-client-params", self._told(service), unique_id=f"recorder-{id(self)}")
        return client

    def _told(self, service: str) -> Callable[..., None]:
        def told(params: dict[str, Any], model: Any, **_: Any) -> None:
            prefix = IAM_NAMES.get(service, service)
            on = resource(prefix, params)
            anywhere = on == "*" and f"{prefix}:{model.name}" == "ecr:DescribeRepositories"
            self.calls.add((f"{prefix}:{model.name}", f"arn:aws:ecr:{HERE}:repository/*" if anywhere else on))

        return told


def resource(service: str, params: dict[str, Any]) -> str:  # noqa: PLR0911 - one answer a service
    """Give what a call is asked on: its row of the Service Authorization Reference, with a generated id as `x`."""
    match service:
        case "cloudformation":
            named = params.get("ChangeSetName", "") if "StackName" not in params else params["StackName"]
            arn = f"arn:aws:cloudformation:{HERE}:stack/{named}/0f1e"
            return "*" if not named else named if named.startswith("arn:") else arn
        case "ecr":
            return f"arn:aws:ecr:{HERE}:repository/{params.get('repositoryName', '*')}" if params else "*"
        case "logs" if "logGroupName" in params:
            return f"arn:aws:logs:{HERE}:log-group:{params['logGroupName']}:log-stream:x"
        case "ec2" if "Attribute" in params and "VpcId" in params:
            return f"arn:aws:ec2:{HERE}:vpc/{params['VpcId']}"
        case "iam" if "RoleName" in params:
            return f"arn:aws:iam::123456789012:role/{params['RoleName']}"
        case "ecs" if named := params.get("tasks") or params.get("services"):
            kind = "task" if "tasks" in params else "service"
            cluster = params["cluster"].rpartition("/")[2]
            name = named[0].rpartition("/")[2]
            return f"arn:aws:ecs:{HERE}:{kind}/{cluster}/{name}"
        case "ecs" if "clusters" in params:
            return f"arn:aws:ecs:{HERE}:cluster/{params['clusters'][0].rpartition('/')[2]}"
        case _:
            return "*"


def permitted(policy: dict[str, Any], action: str, on: str) -> bool:
    # moto matches by regular expressions of which it writes `*` only: `?` is any one character in IAM.
    found = IAMPolicy({"policy_document": json.dumps(policy).replace("?", ".")}).is_action_permitted(action, on)
    return bool(found == PermissionResult.PERMITTED)


def actions(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def lived(deployment: Any, recorder: Recorder) -> None:
    """Deploy, fail, plan, deploy again, destroy."""
    deployment.connect = recorder
    deployment.deploy(GOOD)
    with pytest.raises(DeployError):
        deployment.deploy(LEAVING)
    deployment.deploy(OTHER)
    stands = Verdict("caller-web:1", "logs", Reachable(Way()), "", kept=True)
    plan(deployment.design, deployment.spec, recorder, (stands,), deployment.pace)
    recorder("ecr").put_image(repositoryName="caller/web", imageManifest=MANIFEST, imageTag="one")
    list(looked(deployment, recorder))
    deployment.destroy(images=True, logs=True)


def looked(deployment: Any, recorder: Recorder) -> Any:
    """Do what who only reads does."""
    yield status(recorder, deployment.name)
    yield from logs(recorder, deployment.name, 0)
    stack = stacks.find(recorder, deployment.name)
    assert stack is not None
    yield releases(recorder, deployment.design, deployment.spec, stack)
    yield snapshot(recorder, narrow=Narrow(cluster=deployment.name))


def test_each_role_allows_what_its_work_asks_and_no_more(lab: Connect, deployment: Make) -> None:
    caller = deployment("caller")
    deploying = Recorder(lab)
    lived(caller, deploying)
    place = Place("aws", "eu-west-1", "123456789012")
    policy = role_policy("deploy", caller.design, caller.spec, place)
    free = {"sts:GetCallerIdentity"}  # "No permissions are required" (AWS STS API reference)
    asked = {(action, on) for action, on in deploying.calls if action not in free}
    assert {call for call in asked if not permitted(policy, *call)} == set()
    handlers = {action for kinds in PERMISSIONS.values() for action in kinds}
    push = actions(role_policy("push", caller.design, caller.spec, place))
    extra = actions(policy) - {action for action, _ in asked} - handlers - push - set(UNSEEN) - PREFLIGHT
    assert extra == set()


def test_who_only_reads_can_read_and_nothing_else(lab: Connect, deployment: Make) -> None:
    caller = deployment("reader")
    caller.deploy(GOOD)
    reading = Recorder(lab)
    list(looked(caller, reading))
    policy = role_policy("read", caller.design, caller.spec, Place("aws", "eu-west-1", "123456789012"))
    asked = {call for call in reading.calls if call[0] != "sts:GetCallerIdentity"}
    assert {call for call in asked if not permitted(policy, *call)} == set()
    verbs = ("Describe", "Filter", "Get", "List")
    assert {each for each in actions(policy) if not each.partition(":")[2].startswith(verbs)} == set()
    assert not permitted(policy, "secretsmanager:GetSecretValue", "*")
    assert not permitted(policy, "logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:other:log-stream:x")
    caller.destroy(images=True, logs=True)


def test_who_pushes_can_push_to_this_deployments_repositories_alone(deployment: Make) -> None:
    pusher = deployment("pusher")
    policy = role_policy("push", pusher.design, pusher.spec, Place("aws", "eu-west-1", "123456789012"))
    # "IAM permissions for pushing an image to an Amazon ECR private repository", Amazon ECR user guide.
    pushing = {
        "ecr:CompleteLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:InitiateLayerUpload",
        "ecr:BatchCheckLayerAvailability",
        "ecr:PutImage",
        "ecr:BatchGetImage",
    }
    assert actions(policy) == {*pushing, "ecr:GetAuthorizationToken"}
    assert permitted(policy, "ecr:GetAuthorizationToken", "*")
    assert all(permitted(policy, each, f"arn:aws:ecr:{HERE}:repository/pusher/web") for each in pushing)
    assert not any(permitted(policy, each, f"arn:aws:ecr:{HERE}:repository/other/web") for each in pushing)


def test_a_role_is_passed_to_ecs_alone(deployment: Make) -> None:
    caller = deployment("passing")
    policy = role_policy("deploy", caller.design, caller.spec, Place("aws", "eu-west-1", "123456789012"))
    [passing] = [each for each in policy["Statement"] if "iam:PassRole" in each["Action"]]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com"]}}
    assert passing["Resource"] == ["arn:aws:iam::123456789012:role/passing-*"]
    # An inline policy of a role has at most 10,240 characters ("IAM and AWS STS quotas").
    assert len(json.dumps(policy, separators=(",", ":"))) < 10_240


def test_a_secret_is_described_and_never_read() -> None:
    text = (
        'name = "sec"\n[services.web]\nbuild = "."\nport = 80\n[services.web.secrets]\nURL = "secretsmanager:prod/db"\n'
    )
    spec = read(text, "natless.toml")
    policy = role_policy("deploy", write(spec), spec, Place("aws", "eu-west-1", "123456789012"))
    secret = f"arn:aws:secretsmanager:{HERE}:secret:prod/db-AbCdEf"
    assert permitted(policy, "secretsmanager:DescribeSecret", secret)
    assert not permitted(policy, "secretsmanager:DescribeSecret", f"arn:aws:secretsmanager:{HERE}:secret:other-AbCdEf")
    assert not permitted(policy, "secretsmanager:GetSecretValue", secret)


def test_every_type_that_design_writes_has_its_permissions() -> None:
    sources = "".join(path.read_text() for path in Path(natless.design.__file__).parent.glob("*.py"))
    written = set(re.findall(r'"(AWS::\w+::\w+)"', sources))
    assert "AWS::ECS::Service" in written
    assert written - set(PERMISSIONS) == set()


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_the_handlers_permissions_are_the_registrys(kind: str) -> None:
    data = importlib.resources.files("cfnlint.data.schemas")
    digest = json.loads((data / "providers" / "us-east-1.json").read_text())[kind]
    handlers = json.loads((data / "resources" / f"{digest}.json").read_text()).get("handlers")
    if handlers is None:
        # A type from before the registry: the calls that its properties are made of (ELBv2 API reference).
        verbs = ("Add", "Describe", "Remove")
        assert kind == "AWS::ElasticLoadBalancingV2::ListenerCertificate"
        assert set(PERMISSIONS[kind]) == {f"elasticloadbalancing:{verb}ListenerCertificates" for verb in verbs}
        return
    asked = {
        each
        for verb in ("create", "read", "update", "delete")
        for each in handlers.get(verb, {}).get("permissions", ())
    }
    expected = {each for each in asked if each.partition(":")[0] not in UNUSED_SERVICES} - UNUSED
    assert set(PERMISSIONS[kind]) == expected
