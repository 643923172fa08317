"""Calls: what a task's roles ask of AWS, and whether endpoint policies and roles let them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from natless.catalog.managed_policies import managed_policy
from natless.catalog.services import suffix
from natless.cloud import GatewayEndpoint, InterfaceEndpoint, Policy, Role, Statement
from natless.finding import Gap, Gate, Hop, Origin, Path
from natless.finding.rules import (
    ENDPOINT_POLICY_DENIES,
    EXECUTION_ROLE_DENIES,
    INSTANCE_ROLE_DENIES,
    INSTANCE_ROLE_NOT_ASSUMABLE,
    ROLE_NOT_ASSUMABLE,
    TASK_ROLE_DENIES,
    TOKEN_SCOPED,
    Rule,
)
from natless.prove.answers import Answer, Mend, No, Yes
from natless.prove.ends import End
from natless.prove.iam import Request, allowed
from natless.prove.truth import Maybe, Truth, every
from natless.prove.world import World


class Call(msgspec.Struct, frozen=True):
    """One call of a role: `by` is the execution role, the task role, the instance's role, or AWS itself.

    AWS itself calls by a presigned URL. `cluster` is the ARN that ECS compares `ecs:cluster` with, "" for other calls.
    """

    action: str
    resource: str
    by: Literal["execution", "task", "instance", "aws"] = "execution"
    role: str = ""
    cluster: str = ""


TOKEN = "ecr:GetAuthorizationToken"  # noqa: S105 - the action's name


def endpoint_policy(
    world: World, endpoint: InterfaceEndpoint | GatewayEndpoint, calls: tuple[Call, ...], source: End
) -> Answer:
    """Say whether an endpoint's policy lets the calls through; none is AWS's default, full access."""
    if endpoint.policy is None:
        return Yes(Path((Hop("endpoint-policy", endpoint.id, "full access", endpoint.origin),)))
    if isinstance(endpoint.policy, Gap):
        return Maybe((endpoint.policy,))
    open_: list[Gap] = []
    for call in calls:
        request = _request(world, call, source, endpoint.id)
        request = msgspec.structs.replace(request, by_gateway=isinstance(endpoint, GatewayEndpoint))
        match allowed((endpoint.policy,), request, resource_policy=True):
            case False:
                denied = _denied((endpoint.policy,), request, resource_policy=True)
                return _policy_denies(endpoint, call, endpoint.policy.origin, denied=denied)
            case Maybe(gaps):
                open_.extend(gaps)
            case _:
                pass
    if open_:
        return Maybe(tuple(open_))
    return Yes(Path((Hop("endpoint-policy", endpoint.id, _actions(calls), endpoint.policy.origin),)))


def _actions(calls: tuple[Call, ...]) -> str:
    return ", ".join(dict.fromkeys(call.action for call in calls))


def _denied(policies: tuple[Policy | Gap, ...], request: Request, *, resource_policy: bool = False) -> bool:
    """Say whether a Deny refuses what is allowed but for it: then no further Allow mends it."""
    allows = tuple(
        policy
        if isinstance(policy, Gap)
        else msgspec.structs.replace(policy, statements=tuple(filter(_is_allow, policy.statements)))
        for policy in policies
    )
    return allowed(allows, request, resource_policy=resource_policy) is not False


def _is_allow(statement: Statement | Gap) -> bool:
    return isinstance(statement, Gap) or statement.effect == "Allow"


def _policy_denies(
    endpoint: InterfaceEndpoint | GatewayEndpoint, call: Call, origin: Origin, *, denied: bool = False
) -> No:
    resource = _PLACEHOLDER.sub("*", call.resource)
    reason = f"the policy of {endpoint.id} does not allow {call.action} on {resource}"
    anyone = call.by == "aws" or isinstance(endpoint, GatewayEndpoint)
    principal = ' to Principal "*"' if anyone else ""
    words = f"Allow {call.action} on {resource}{principal} in the PolicyDocument of {endpoint.id}."
    if denied:
        reason = f"a Deny in the policy of {endpoint.id} refuses {call.action} on {resource}"
        words = f"Take {call.action} on {resource} out of what the Deny in the PolicyDocument of {endpoint.id} matches."
    gate = Gate("endpoint-policy", endpoint.id, origin)
    hop = Hop("endpoint-policy", endpoint.id, reason, origin)
    return No(Path((hop,)), gate, ENDPOINT_POLICY_DENIES, reason, Mend(words=words))


def _request(world: World, call: Call, source: End, endpoint: str | None) -> Request:
    """Give the call as IAM sees it: its condition keys as far as they are known."""
    context = {
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        "aws:requestedregion": world.cloud.region,
    }
    if call.cluster:
        context["ecs:cluster"] = call.cluster
    vpc = source.subnet.vpc if source.subnet is not None else None
    if endpoint is not None and (not endpoint or isinstance(vpc, str)):
        # Both keys are set by an endpoint alone: a request that takes a public way has neither.
        context |= {"aws:sourcevpc": str(vpc) if endpoint else "", "aws:sourcevpce": endpoint}
    if call.by == "aws":
        # ECR presigns the layer's URL: the caller is AWS, not this account.
        return Request(call.action, call.resource, "aws", context | dict.fromkeys(_PRINCIPAL_KEYS, ""))
    context |= {"aws:principalaccount": world.cloud.account, "aws:principalarn": call.role}
    if call.action == "kms:Decrypt" and call.by == "execution":
        # Secrets Manager asks for it, on the role's behalf (AWS KMS developer guide, 'kms:ViaService').
        context["kms:viaservice"] = f"secretsmanager.{world.cloud.region}.{suffix(world.cloud.region)}"
    if call.action == TOKEN:
        # The docs except this action from roles conditioned on the VPC: the keys are not set (facts of the ECR guide).
        context |= {"aws:sourcevpc": "", "aws:sourcevpce": ""}
    return Request(call.action, call.resource, call.role, context)


_PRINCIPAL_KEYS = ("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths")


def identity(world: World, role: Role | Gap, calls: tuple[Call, ...], source: End, endpoint: str | None) -> Answer:
    """Say whether a role's own policies allow the calls.

    `endpoint` is the one they go through, "" for a public way, None where the way is not known.
    """
    if isinstance(role, Gap):
        return Maybe((role,))
    by_instance = any(call.by == "instance" for call in calls)
    trusted = assumable(role, _EC2 if by_instance else _TASKS)
    if trusted is False:
        return not_assumable(role, by_instance=by_instance)
    open_: list[Gap] = list(trusted.gaps) if isinstance(trusted, Maybe) else []
    policies = role_policies(role)
    requests = {call: _request(world, call, source, endpoint) for call in calls}
    for call, request in requests.items():
        match allowed(policies, request):
            case False:
                denied = _denied(policies, request)
                # All that the role lacks in one change, but for what a Deny refuses.
                lacking = [other for other in calls if allowed(policies, requests[other]) is False]
                lacking = [other for other in lacking if not _denied(policies, requests[other])]
                return _role_denies(role, call, policies, lacking, denied=denied)
            case Maybe(gaps):
                open_.extend(gaps)
            case _:
                pass
    bounded = _bounded(role, requests)
    if isinstance(bounded, No):
        return bounded
    open_.extend(bounded)
    if open_:
        return Maybe(tuple(dict.fromkeys(open_)))
    return Yes(Path((Hop("identity", role.id, _actions(calls), role.origin),)))


def _bounded(role: Role, requests: Mapping[Call, Request]) -> No | tuple[Gap, ...]:
    """Hold calls that the role's policies allow against its permissions boundary, which must allow them as well.

    Source: IAM user guide, 'Permissions boundaries for IAM entities'.
    """
    if role.boundary is None:
        return ()
    boundary = _managed(role, role.boundary) if isinstance(role.boundary, str) else role.boundary
    open_: list[Gap] = []
    for call, request in requests.items():
        match allowed((boundary,), request):
            case False:
                resource = _PLACEHOLDER.sub("*", call.resource)
                reason = f"the permissions boundary of {role.id} does not allow {call.action} on {resource}"
                words = f"Allow {call.action} on {resource} in the policy that is the boundary of {role.id}."
                return _identity_no(role, _DENIES[call.by], reason, Mend(words=words))
            case Maybe(gaps):
                open_.extend(gaps)
            case _:
                pass
    return tuple(open_)


def role_policies(role: Role) -> tuple[Policy | Gap, ...]:
    """Give all policies of a role; AWS's managed ones by the catalog."""
    return (*role.policies, *(_managed(role, arn) for arn in role.managed))


def _managed(role: Role, arn: str | Gap) -> Policy | Gap:
    if isinstance(arn, Gap):
        return arn
    known = managed_policy(arn)
    if known is not None:
        return Policy(role.origin, (Statement(role.origin, "Allow", known.actions, resources=("*",)),))
    gap = Gap(f"managed policy {arn}", role.origin, "its text is not among what was read")
    if ":iam::aws:policy/" in arn and "Deny" not in arn and "Quarantine" not in arn:
        # AWS's own policies for services allow; that none of them denies is in their names.
        return Policy(role.origin, (Statement(role.origin, "Allow", (gap,), resources=("*",)),))
    return gap


_TASKS = "ecs-tasks.amazonaws.com"
_EC2 = "ec2.amazonaws.com"


def not_assumable(role: Role, *, by_instance: bool) -> No:
    """Give the refusal of a role that does not trust the service that should assume it."""
    service, who = (_EC2, "instance") if by_instance else (_TASKS, "task")
    rule = INSTANCE_ROLE_NOT_ASSUMABLE if by_instance else ROLE_NOT_ASSUMABLE
    reason = f"{role.id} does not trust {service}, so no {who} can use it"
    words = f"Let {service} call sts:AssumeRole in the AssumeRolePolicyDocument of {role.id}."
    return _identity_no(role, rule, reason, Mend(words=words))


def assumable(role: Role, service: str = _TASKS) -> Truth:
    """Say whether a service may assume a role; a trust that was not read at all is not judged."""
    if role.trust is None:
        return True
    if isinstance(role.trust, Gap):
        return Maybe((role.trust,))
    request = Request("sts:AssumeRole", "*", service, {"aws:sourceaccount": ""})
    statements = tuple(
        statement if isinstance(statement, Gap) else msgspec.structs.replace(statement, resources=("*",), conditions={})
        for statement in role.trust.statements
    )
    return every((allowed((Policy(role.trust.origin, statements),), request, resource_policy=True),))


_DENIES: dict[str, Rule] = {
    "execution": EXECUTION_ROLE_DENIES,
    "task": TASK_ROLE_DENIES,
    "instance": INSTANCE_ROLE_DENIES,
}


def _role_denies(
    role: Role, call: Call, policies: tuple[Policy | Gap, ...], lacking: list[Call], *, denied: bool
) -> No:
    rule = _DENIES[call.by]
    resource = _PLACEHOLDER.sub("*", call.resource)
    if denied:
        reason = f"a Deny in the policies of {role.id} refuses {call.action} on {resource}"
        words = f"Take {call.action} on {resource} out of what the Deny of {role.id} matches."
        return _identity_no(role, rule, reason, Mend(words=words))
    reason = f"{role.id} does not allow {call.action} on {resource}"
    if call.action == TOKEN and _names_token(policies):
        rule = TOKEN_SCOPED
        reason = f"{role.id} allows {TOKEN} on a resource, but the action knows none: only * matches"
    return _identity_no(role, rule, reason, _allow_inline(role, call, lacking))


def _names_token(policies: tuple[Policy | Gap, ...]) -> bool:
    wanted = Request(TOKEN, "*", "")
    for policy in policies:
        for statement in () if isinstance(policy, Gap) else policy.statements:
            if isinstance(statement, Gap) or statement.effect == "Deny" or "*" in statement.resources:
                continue
            on_all = msgspec.structs.replace(statement, resources=("*",), not_resources=(), conditions={})
            if allowed((Policy(statement.origin, (on_all,)),), wanted) is True:
                return True
    return False


_PLACEHOLDER = re.compile(r"\$\{(stream|any|unread|instance)\}")


def _allow_inline(role: Role, first: Call, lacking: list[Call]) -> Mend:
    """Give a policy of its own that allows what a role lacks, named after the first call."""
    actions: dict[str, list[str]] = {}
    for call in lacking:
        actions.setdefault(_PLACEHOLDER.sub("*", call.resource), []).append(call.action)
    statements = [
        {
            "Effect": "Allow",
            "Action": list(dict.fromkeys(named)) if len(set(named)) > 1 else named[0],
            "Resource": {"Fn::Sub": resource} if "${" in resource else resource,
        }
        for resource, named in actions.items()
    ]
    word = first.action.replace(":", "")
    document = {"Version": "2012-10-17", "Statement": statements}
    properties = {"PolicyName": word, "RoleName": {"Ref": role.id}, "PolicyDocument": document}
    allowing = "; ".join(f"{', '.join(dict.fromkeys(named))} on {resource}" for resource, named in actions.items())
    words = f"Allow {allowing} in a policy of {role.id}."
    return Mend({f"{role.id}Allows{word}": {"Type": "AWS::IAM::RolePolicy", "Properties": properties}}, (), words)


def _identity_no(role: Role, rule: Rule, reason: str, mend: Mend) -> No:
    hop = Hop("identity", role.id, reason, role.origin)
    return No(Path((hop,)), Gate("identity", role.id, role.origin), rule, reason, mend)
