"""What would stop a task next, behind the gate that stops it first: said at once, where it does not lean on that gate.

Roles and endpoint policies are read whatever the network does: a request needs both (IAM user guide, 'Policy evaluation
logic'; AWS PrivateLink guide, 'Control access to VPC endpoints using endpoint policies').
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from natless import load
from natless.finding import Blocked
from natless.prove import Proof, prove

HELLO = json.loads((Path(__file__).parents[2] / "golden" / "hello.main.json").read_text(encoding="utf-8"))
PARAMETERS = {"WebImageDigest": "${WebImageDigest}", "S3PrefixListId": "pl-78a54011"}


def proof(template: dict[str, Any]) -> Proof:
    return prove(load.cloudformation(json.dumps(template), "hello.json", PARAMETERS, "ap-northeast-2", None))


def errors(found: Proof) -> dict[str, tuple[str, str]]:
    """Give rule and message of each error by its subject."""
    return {each.subject: (each.rule, each.message) for each in found.findings if each.severity == "error"}


def without_logs() -> dict[str, Any]:
    template: dict[str, Any] = copy.deepcopy(HELLO)
    resources = template["Resources"]
    del resources["LogsEndpoint"]
    resources["WebService"]["DependsOn"] = [each for each in resources["WebService"]["DependsOn"] if each in resources]
    return template


def gates(found: Proof) -> dict[str, str]:
    return {each.need: each.outcome.rule for each in found.verdicts if isinstance(each.outcome, Blocked)}


def test_a_role_that_lacks_an_action_is_said_beside_the_endpoint_that_is_missing() -> None:
    template = without_logs()
    template["Resources"]["WebExecutionRole"]["Properties"]["Policies"] = [
        {"PolicyName": "pull", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}}}
    ]
    found = proof(template)
    # The verdict is the first gate's alone.
    assert gates(found) == {"logs": "NL401", "task->internet": gates(found)["task->internet"]}
    said = errors(found)
    assert said["WebExecutionRole"] == (
        "NL502",
        f"logs, once it is reached: {said['WebExecutionRole'][1].partition(': ')[2]}",
    )
    assert "WebExecutionRole does not allow logs:" in said["WebExecutionRole"][1]


def test_a_whole_role_is_not_said() -> None:
    assert list(errors(proof(without_logs()))) == ["PrivateRouteTable1"]


def test_a_policy_is_said_beside_the_rule_that_is_missing() -> None:
    template = copy.deepcopy(HELLO)
    resources = template["Resources"]
    endpoint = resources["LogsEndpoint"]["Properties"]
    endpoint["PolicyDocument"] = {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
    [rule] = [name for name, each in resources.items() if each["Type"].endswith("Ingress") and "Endpoint" in name]
    del resources[rule]
    for each in resources.values():
        waits = each.get("DependsOn")
        each["DependsOn"] = [name for name in ([waits] if isinstance(waits, str) else waits or []) if name != rule]
    found = proof(template)
    assert "once it is reached" in errors(found)["LogsEndpoint"][1]
    assert gates(found)["logs"] != errors(found)["LogsEndpoint"][0]


def test_a_role_that_leans_on_the_way_is_not_said_while_there_is_none() -> None:
    template = without_logs()
    statement = {
        "Effect": "Allow",
        "Action": ["ecr:*", "logs:*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    }
    template["Resources"]["WebExecutionRole"]["Properties"]["Policies"] = [
        {"PolicyName": "all", "PolicyDocument": {"Statement": [statement]}}
    ]
    assert "logs, once it is reached" not in " ".join(message for _, message in errors(proof(template)).values())
