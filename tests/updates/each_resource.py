"""Every resource of a template refused in turn, as a stack is made and as it is changed; prints what was not as it
should be, one line each, and how many were refused. Argument: `hello` or `options`."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parent))

import reading
from quiet_account import PARAMETER, REGION, SECRET, quiet_account

from natless.deploy import DeployError, Pace, stacks
from natless.deploy.rollout import Rollout
from natless.design import write
from natless.lab.engine import making_stacks, updating_stacks
from natless.spec.read import read

PACE = Pace(every=0.005, patience=60.0, settling=20.0)
NAME = "each"
HELLO = f'name = "{NAME}"\nregion = "{REGION}"\n[services.web]\nbuild = "."\nport = 8080\npublic = true\n'
OPTIONS = f"""name = "{NAME}"
region = "{REGION}"
[network]
security_groups = "single"
nat = true
[services.web]
build = "."
port = 8080
public = true
launch = "fargate-spot"
count = {{ min = 1, max = 4, cpu = 60 }}
[services.web.secrets]
URL = "secretsmanager:{SECRET}#url"
TOKEN = "ssm:{PARAMETER}"
"""
DIGEST = f"sha256:{'a' * 64}"
VALUES = {"WebImageDigest": DIGEST, "S3PrefixListId": "pl-78a54011"}
TAGGED = [{"Key": "changed", "Value": "yes"}]

CHANGES: dict[str, dict[str, Any]] = {
    "AWS::EC2::Route": {"DestinationCidrBlock": "0.0.0.0/1"},
    "AWS::EC2::SubnetRouteTableAssociation": {"RouteTableId": {"Ref": "Elsewhere"}},
    "AWS::EC2::SecurityGroupIngress": {"FromPort": 7, "ToPort": 7},
    "AWS::EC2::SecurityGroupEgress": {"FromPort": 7, "ToPort": 7},
    "AWS::ECS::Service": {"HealthCheckGracePeriodSeconds": 7},
    "AWS::ECS::ClusterCapacityProviderAssociations": {"DefaultCapacityProviderStrategy": []},
    "AWS::Logs::LogGroup": {"RetentionInDays": 7},
    "AWS::ApplicationAutoScaling::ScalableTarget": {"MaxCapacity": 3},
}
"""What changes a resource of a type; every other type gets another tag."""

STAYS = {"InternetGatewayAttachment"}
"""Only another VPC changes it, which is refused before anything is done (NL817)."""

SCALING = {
    "TargetValue": 50.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}
ELSEWHERE = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}}


class Refusal:
    """The answer of a service that refuses."""

    status_code = 400


class Refusing:
    """Has the engine's first call for one resource refused. `armed` is its logical id."""

    def __init__(self, connect: Any) -> None:
        self.armed = ""
        self._connect, self._make = connect, connect._make
        self._clients: dict[str, Any] = {}
        original = making_stacks.request

        def request(shop: Any, stack: Any, resource: Any) -> Any:
            made = original(shop, stack, resource)
            return msgspec.structs.replace(made, connect=self) if resource.logical_id == self.armed else made

        making_stacks.request = updating_stacks.request = request  # type: ignore[attr-defined]  # where they look it up

    def __call__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._make(service)
            self._clients[service].meta.events.register("before-call", self._refused)
        return self._clients[service]

    def _refused(self, model: Any, **_: Any) -> Any:
        self.armed = ""
        error = {"Code": "Refused", "Message": f"{model.name} is refused"}
        return Refusal(), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r"}}


class Each:
    """One spec's stack, made and changed again and again."""

    def __init__(self, text: str) -> None:
        self._connect = quiet_account(1).connect
        self._refusing = Refusing(self._connect)
        self._spec = read(text, "natless.toml")
        self._template = write(self._spec).main
        hello = write(read(HELLO, "natless.toml")).main["Resources"]
        self._names = [name for name in self._template["Resources"] if text is HELLO or name not in hello]
        """What hello has as well is refused there."""
        arn = self._connect("secretsmanager").describe_secret(SecretId=SECRET)["ARN"]
        self._values = {name: VALUES.get(name, arn) for name in self._template["Parameters"]}
        self._empty = reading.read(self._connect)

    def creation(self) -> Iterator[str]:
        for name in self._names:
            yield from self._refuse(name, self._template, "ROLLBACK_COMPLETE")
            left = [line for line in reading.read(self._connect) if line not in self._empty]
            # Its log group is kept with what containers wrote, and the stack is told of until the next deploy.
            yield from (
                f"{name}: left {line}"
                for line in left
                if not line.startswith(("logGroups", "tags", "Stacks", "resource"))
            )

    def update(self) -> Iterator[str]:
        self._carry_out(self._template)
        before = reading.read(self._connect)
        for name in self._names:
            if name in STAYS:
                continue
            yield from self._refuse(name, self._changed(name), "UPDATE_ROLLBACK_COMPLETE")
            after = reading.read(self._connect)
            yield from (f"{name}: only before: {line}" for line in before if line not in after)
            yield from (f"{name}: only after: {line}" for line in after if line not in before)

    def _refuse(self, name: str, template: dict[str, Any], state: str) -> Iterator[str]:
        self._refusing.armed = name
        kind = template["Resources"][name]["Type"]
        try:
            self._carry_out(template)
        except DeployError as error:
            first = str(error).splitlines()[0]
            wanted = f"stack {NAME} was not deployed ({state}): {name} ({kind}): "
            if not first.startswith(wanted) or "is refused" not in first:
                yield f"{name}: {first}"
        else:
            yield f"{name}: nothing failed"
        if self._refusing.armed:
            yield f"{name}: nothing was asked of it"
            self._refusing.armed = ""
        found = stacks.find(self._connect, NAME)
        if found is None or found.status != state:
            yield f"{name}: the stack is {found}"

    def _carry_out(self, template: dict[str, Any]) -> None:
        rollout = Rollout(self._spec, self._connect, lambda _: True, PACE)
        for _ in rollout.stack(NAME, template, self._values):
            continue

    def _changed(self, name: str) -> dict[str, Any]:
        template = copy.deepcopy(self._template)
        body = template["Resources"][name]
        if body["Type"] == "AWS::ApplicationAutoScaling::ScalingPolicy":
            body["Properties"]["TargetTrackingScalingPolicyConfiguration"] |= SCALING
        else:
            body["Properties"] |= CHANGES.get(body["Type"], {"Tags": TAGGED})
        if body["Type"] == "AWS::EC2::SubnetRouteTableAssociation":
            template["Resources"]["Elsewhere"] = ELSEWHERE
        return template


def main() -> None:
    each = Each({"hello": HELLO, "options": OPTIONS}[sys.argv[1]])
    ways = {"creation": each.creation, "update": each.update}
    for line in ways[sys.argv[2]]():
        sys.stdout.write(f"{line}\n")
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
