"""Drift of freshly made stacks of every option: python tests/updates/drift.py [OPTION ...].

Nothing was changed past them, so each resource must be in sync, with every property that its template sets read: those
but which AWS's registry schemas call write-only. What is not so is printed, and the figures at the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from quiet_account import ACCOUNT, REGION, quiet_account
from tests.options import CERTIFICATE, OPTIONS

from natless import design
from natless.lab.engine.schemas import schema
from natless.spec.read import read

PATIENCE = 60.0
GIVEN = {
    "Digest": f"sha256:{'a' * 64}",
    "Arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/x-AbCdEf",
    "ImageId": "ami-0123456789abcdef0",
    "S3PrefixListId": "pl-78a54011",
    "DynamodbPrefixListId": "pl-48a54021",
}
"""What `deploy` would look up, by how a parameter's name ends."""

UNCHECKED = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EC2::LaunchTemplate",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate",
    "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "AWS::ServiceDiscovery::Service",
}
"""What the lab reads no drift of (docs/coverage.md); of a listener's further certificates AWS has no handler at all."""


class Fresh:
    """An account on which stack after stack is made, looked at and deleted."""

    def __init__(self) -> None:
        connect = quiet_account(3).connect
        self._cloudformation = connect("cloudformation")
        ask = connect("acm").request_certificate
        self._certificates = [ask(DomainName=f"{name}.example.com")["CertificateArn"] for name in "ab"]

    def wrong(self, text: str) -> Iterator[str]:
        """Give what is said of a spec's stacks that should not be."""
        first, second = CERTIFICATE, f"{CERTIFICATE[:-1]}8"
        here = text.replace(first, self._certificates[0]).replace(second, self._certificates[1])
        designed = design.write(read(here.replace("us-east-1", REGION), "natless.toml"))
        known = {each.name: str(each.value or "") for each in designed.parameters}
        stacks = [("fresh-images", designed.images), ("fresh", designed.main)]
        for name, template in stacks:
            if template is not None:
                yield from self._made(name, template, known)
                yield from self._drifted(name, template)
        for name, template in reversed(stacks):
            if template is not None:
                yield from self._gone(name)

    def _made(self, name: str, template: dict[str, Any], known: dict[str, str]) -> Iterator[str]:
        values = [
            {"ParameterKey": each, "ParameterValue": _value(each, known.get(each) or str(about.get("Default", "x")))}
            for each, about in (template.get("Parameters") or {}).items()
        ]
        self._cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=values,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "cost", "Value": "12"}],
        )
        status = self._settled(name)
        if status != "CREATE_COMPLETE":
            yield f"{name} is {status}"

    def _settled(self, name: str) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = self._cloudformation.list_stacks()["StackSummaries"]
            status = next(str(each["StackStatus"]) for each in found if each["StackName"] == name)
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(0.01)
        return "still in progress"

    def _drifted(self, name: str, template: dict[str, Any]) -> Iterator[str]:
        asked = {
            "StackDriftDetectionId": self._cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
        }
        until = time.monotonic() + PATIENCE
        while True:
            found = self._cloudformation.describe_stack_drift_detection_status(**asked)
            if found["DetectionStatus"] != "DETECTION_IN_PROGRESS" or time.monotonic() > until:
                break
            time.sleep(0.01)
        if (found["DetectionStatus"], found.get("StackDriftStatus")) != ("DETECTION_COMPLETE", "IN_SYNC"):
            reason = found.get("DetectionStatusReason")
            yield f"{name}: {found['DetectionStatus']} {found.get('StackDriftStatus')} {reason}"
        listed = self._cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
        told = {each["LogicalResourceId"]: each for each in listed}
        for each in listed:
            if each["StackResourceDriftStatus"] != "IN_SYNC":
                yield f"{each['LogicalResourceId']}: {json.dumps(each.get('PropertyDifferences'))}"
        for logical, resource in template["Resources"].items():
            yield from _unread(logical, resource, told.get(logical))

    def _begun(self, name: str) -> str:
        return str(self._cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"])

    def _gone(self, name: str) -> Iterator[str]:
        self._cloudformation.delete_stack(StackName=name)
        status = self._settled(name)
        if status != "DELETE_COMPLETE":
            yield f"{name} is {status}"


def _value(name: str, known: str) -> str:
    return next((value for end, value in GIVEN.items() if name.endswith(end)), known)


def _unread(logical: str, resource: dict[str, Any], told: dict[str, Any] | None) -> Iterator[str]:
    kind = resource["Type"]
    if told is None:
        if kind not in UNCHECKED:
            yield f"{logical} ({kind}) was not checked"
        return
    about = schema(REGION, kind)
    assert about is not None
    hidden = {path.split("/")[2] for path in about.document.get("writeOnlyProperties", [])}
    missing = set(resource.get("Properties") or {}) - json.loads(told["ExpectedProperties"]).keys() - hidden
    if missing:
        yield f"{logical} ({kind}): not compared: {sorted(missing)}"


def main() -> int:
    """Ask each option's stacks, print what is wrong; exit code 1 where anything is."""
    wanted, fresh, bad, start = sys.argv[1:], Fresh(), 0, time.monotonic()
    asked = {name: text for name, text in OPTIONS.items() if not wanted or name in wanted}
    for name, text in asked.items():
        said = list(fresh.wrong(text))
        bad += bool(said)
        for line in [name, *(f"    {each}" for each in said)] if said else []:
            print(line, flush=True)  # noqa: T201 - a command's answer
    print(f"{len(asked)} options, {bad} with a drift, {time.monotonic() - start:.0f} s")  # noqa: T201 - as above
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
