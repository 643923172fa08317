"""GuardDuty's runtime monitoring, which adds an agent to every Fargate task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from natless.deploy.preflight.ground import Ground
from natless.design.names import CLUSTER
from natless.finding import Finding
from natless.finding.rules import GUARDDUTY_AGENT_BLOCKED

_MONITORING = "RUNTIME_MONITORING"
_AGENT = "ECS_FARGATE_AGENT_MANAGEMENT"
_ON = "ENABLED"


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding where GuardDuty adds its agent to Fargate tasks by itself."""
    if not ground.ask("GuardDuty's runtime monitoring", lambda: _manages(ground.connect("guardduty"))):
        return
    yield ground.finding(
        GUARDDUTY_AGENT_BLOCKED,
        CLUSTER,
        "GuardDuty adds its agent to every Fargate task of this account. Its image lies in AWS's own ECR account, "
        "which the tasks' execution role and the endpoints' policies do not allow",
        "CannotPullContainerError: ... 403 Forbidden, for aws-guardduty-agent-fargate",
        f"aws ecs tag-resource --region {ground.region} --tags key=GuardDutyManaged,value=false --resource-arn "
        f"arn:{ground.partition}:ecs:{ground.region}:{ground.account}:cluster/{ground.spec.name}",
    )


def _manages(client: Any) -> bool:
    for detector in client.list_detectors().get("DetectorIds", ()):
        for feature in client.get_detector(DetectorId=detector).get("Features", ()):
            if feature["Name"] == _MONITORING and feature["Status"] == _ON:
                more = {each["Name"]: each["Status"] for each in feature.get("AdditionalConfiguration", ())}
                if more.get(_AGENT) == _ON:
                    return True
    return False
