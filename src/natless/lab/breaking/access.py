"""Breaks of access, and of time: endpoint policies, execution roles, a service that answers late."""

from __future__ import annotations

import json
from typing import Any

from natless.catalog.services import service
from natless.lab.breaking.broken import Broken, Call, Connect, make
from natless.lab.breaking.network import endpoints, short
from natless.lab.control import LabError

_NAME = "natless-lab-break"
_DENIED: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def policy(connect: Connect, which: str) -> Broken:
    """Have an endpoint's policy deny everything."""
    wanted = which or "s3"
    known = service(wanted)
    found = endpoints(connect, "Gateway" if known is not None and known.kind == "gateway" else "Interface", wanted)
    ids = [each["VpcEndpointId"] for each in found]
    text = json.dumps(_DENIED)
    calls = tuple(_restored(each) for each in found)
    make(connect, [_policy(each, PolicyDocument=text) for each in ids])
    named = ", ".join(f"{each} ({wanted})" for each in ids)
    return Broken(f"broken: the policy of {named} denies everything", f"the policy of {named} is what it was", calls)


def _policy(endpoint: str, **change: Any) -> Call:
    return Call("ec2", "modify_vpc_endpoint", {"VpcEndpointId": endpoint, **change})


def _restored(endpoint: dict[str, Any]) -> Call:
    document = endpoint.get("PolicyDocument")
    if not document:
        return _policy(endpoint["VpcEndpointId"], ResetPolicy=True)
    text = document if isinstance(document, str) else json.dumps(document)
    return _policy(endpoint["VpcEndpointId"], PolicyDocument=text)


def role(connect: Connect, _which: str) -> Broken:
    """Deny the execution roles of all services ECR's token, by one more policy."""
    roles = sorted(_execution_roles(connect))
    if not roles:
        raise LabError("no service has an execution role: deploy first")
    statement = {"Effect": "Deny", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    put = [{"RoleName": each, "PolicyName": _NAME, "PolicyDocument": text} for each in roles]
    make(connect, [Call("iam", "put_role_policy", each) for each in put])
    calls = tuple(Call("iam", "delete_role_policy", {"RoleName": each, "PolicyName": _NAME}) for each in roles)
    named = ", ".join(roles)
    said = f"broken: policy {_NAME} denies {named} ecr:GetAuthorizationToken"
    return Broken(said, f"{named} may do what it might", calls)


def _execution_roles(connect: Connect) -> set[str]:
    ecs = connect("ecs")
    found: set[str] = set()
    for cluster in ecs.list_clusters()["clusterArns"]:
        names = ecs.list_services(cluster=cluster)["serviceArns"]
        for each in ecs.describe_services(cluster=cluster, services=names)["services"] if names else ():
            definition = ecs.describe_task_definition(taskDefinition=each["taskDefinition"])["taskDefinition"]
            if definition.get("executionRoleArn"):
                found.add(definition["executionRoleArn"].rpartition("/")[2])
    return found


def slow(connect: Connect, which: str) -> Broken:
    """Have the servers behind an interface endpoint answer later than anybody waits."""
    found = endpoints(connect, "Interface", which or "ecr.api")
    name = short(found[0])
    known = service(name)
    if known is None:
        raise LabError(f"the lab does not know the host names of {name}")
    said = f"broken: {name} answers later than anybody waits"
    return Broken(said, f"{name} answers at once", (), (name,))
