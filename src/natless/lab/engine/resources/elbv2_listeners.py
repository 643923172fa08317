"""AWS::ElasticLoadBalancingV2: listeners, their rules and their further certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request, ResourceError

LISTENER_CHANGES = ("Port", "Protocol", "DefaultActions", "Certificates", "SslPolicy", "AlpnPolicy")


def tags(request: Request) -> dict[str, list[dict[str, str]]]:
    """Give the tags of a resource as the API takes them."""
    found = request.all_tags()
    return {"Tags": found} if found else {}


def changed(request: Request, before: Mapping[str, Any], *names: str) -> bool:
    """Say whether one of the named properties is another than before."""
    return any(before.get(name) != request.get(name) for name in names)


def refuse_unserved(request: Request, names: tuple[str, ...]) -> None:
    """Refuse properties that AWS would act on, and the lab would not: they would be lost without a word."""
    lost = [name for name in names if request.get(name) is not None]
    if lost:
        raise ResourceError(f"The lab does not do {', '.join(lost)} (AWS would)", "InvalidRequest")


def _listener(request: Request) -> Made:
    _refuse_mutual(request)
    elb = request.connect("elbv2")
    arn = elb.create_listener(**request.given("LoadBalancerArn", *LISTENER_CHANGES), **tags(request))["Listeners"][0]
    arn = arn["ListenerArn"]
    _attributes(request, arn)
    return Made(arn, {"ListenerArn": arn})


def _change_listener(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    _refuse_mutual(request)
    request.connect("elbv2").modify_listener(ListenerArn=physical_id, **request.given(*LISTENER_CHANGES))
    _attributes(request, physical_id)


def _refuse_mutual(request: Request) -> None:
    if (request.get("MutualAuthentication") or {}).get("Mode", "off") != "off":
        refuse_unserved(request, ("MutualAuthentication",))


def _attributes(request: Request, arn: str) -> None:
    attributes = request.get("ListenerAttributes") or []
    if attributes:
        request.connect("elbv2").modify_listener_attributes(ListenerArn=arn, Attributes=attributes)


def _rule(request: Request) -> Made:
    refuse_unserved(request, ("Transforms",))
    asked = request.given("ListenerArn", "Actions", "Conditions", "Priority")
    arn = request.connect("elbv2").create_rule(**asked, **tags(request))["Rules"][0]["RuleArn"]
    return Made(arn, {"RuleArn": arn, "IsDefault": False})


def _change_rule(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    elb = request.connect("elbv2")
    elb.modify_rule(RuleArn=physical_id, **request.given("Actions", "Conditions"))
    if changed(request, before, "Priority"):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": physical_id, "Priority": request.get("Priority")}])


def _certificates(request: Request) -> Made:
    listener, certificates = request.get("ListenerArn"), request.get("Certificates")
    request.connect("elbv2").add_listener_certificates(ListenerArn=listener, Certificates=certificates)
    identifier = f"{listener}|{request.suffix}"
    return Made(identifier, {"Id": identifier})


def _change_certificates(request: Request, _physical_id: str, before: Mapping[str, Any]) -> None:
    elb, listener = request.connect("elbv2"), {"ListenerArn": request.get("ListenerArn")}
    gone = [each for each in before["Certificates"] if each not in request.get("Certificates")]
    if gone:
        elb.remove_listener_certificates(**listener, Certificates=gone)
    elb.add_listener_certificates(**listener, Certificates=request.get("Certificates"))


def _delete_certificates(request: Request, _physical_id: str) -> None:
    request.connect("elbv2").remove_listener_certificates(
        ListenerArn=request.get("ListenerArn"), Certificates=request.get("Certificates")
    )


KINDS = (
    Kind(
        "AWS::ElasticLoadBalancingV2::Listener",
        _listener,
        lambda request, it: request.connect("elbv2").delete_listener(ListenerArn=it),
        update=_change_listener,
        changes=(*LISTENER_CHANGES, "ListenerAttributes"),
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        _rule,
        lambda request, it: request.connect("elbv2").delete_rule(RuleArn=it),
        update=_change_rule,
        changes=("Actions", "Conditions", "Priority"),
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        _certificates,
        _delete_certificates,
        update=_change_certificates,
        changes=("Certificates",),
    ),
)
