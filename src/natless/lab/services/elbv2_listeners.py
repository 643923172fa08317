"""Repair of moto's ELBv2: listeners and rules keep what they are told, and refuse what AWS, or the lab, does not do.

moto forgets certificates, refuses network load balancers' protocols on change, and drops what it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.elbv2 import models
from moto.elbv2.models import ELBv2Backend, FakeAction, FakeListener, FakeListenerRule
from moto.elbv2.responses import ELBV2Response

from natless.catalog import refusals
from natless.lab.services import certificates, elbv2_attributes, elbv2_tls
from natless.lab.services.refusing import AccountError, refuse

TLS_PROTOCOLS = ("HTTPS", "TLS")
ANSWERING = ("forward", "redirect", "fixed-response")
"""The actions that the lab's load balancers do; authentication is not among them."""


class LabRule(FakeListenerRule):
    """A rule whose priority is a number, however it was written."""

    def __init__(self, listener_arn: str, arn: str, conditions: Any, priority: Any, actions: Any) -> None:
        """Take moto's arguments."""
        super().__init__(listener_arn, arn, conditions, int(priority), actions)


class LabListener(FakeListener):
    """A listener whose rules are told in the order in which they are tried."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take moto's arguments."""
        super().__init__(*args, **kwargs)
        self.attributes = {}

    @property
    def rules(self) -> dict[Any, Any]:
        """The rules by ARN, by priority, the default last."""
        default: Any = self._default_rule[0]
        others: list[Any] = sorted(self._non_default_rules.values(), key=lambda rule: int(rule.priority))
        return {rule.arn: rule for rule in [*others, default]}


class ListenersElbv2(ELBv2Backend):
    """ELBv2 with listeners and rules repaired."""

    def create_listener(
        self,
        load_balancer_arn: str,
        protocol: Any,
        port: Any,
        ssl_policy: Any,
        certificate: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Make a listener; only one that speaks TLS has a policy and certificates."""
        balancer: Any = self.load_balancers.get(load_balancer_arn)
        if balancer is not None and any(str(each.port) == str(port) for each in balancer.listeners.values()):
            raise refuse(refusals.LISTENER_EXISTS, balancer=load_balancer_arn)
        secure = protocol in TLS_PROTOCOLS
        if secure:
            self._check_tls(protocol, ssl_policy, [certificate] if certificate else [])
        kept: Any = (ssl_policy, certificate) if secure else (None, None)
        made: Any = super().create_listener(load_balancer_arn, protocol, port, *kept, *args, **kwargs)
        made.attributes = elbv2_attributes.of_listener(balancer.type)
        _whole(made.default_actions)
        return made

    def _check_tls(self, protocol: str, policy: str, arns: Sequence[str]) -> None:
        if not arns:
            raise refuse(refusals.LISTENER_NEEDS_CERTIFICATE, protocol=protocol)
        self.check_certificates(arns)
        if not elbv2_tls.known(policy):
            raise refuse(refusals.TLS_POLICY_NOT_FOUND, policy=policy)

    def check_certificates(self, arns: Sequence[str]) -> None:
        """Refuse certificates that neither ACM nor IAM has."""
        for arn in arns:
            if not certificates.exists(self.account_id, self.region_name, arn):
                raise refuse(refusals.CERTIFICATE_NOT_FOUND, certificate=arn)

    def modify_listener(self, arn: str, port: Any = None, protocol: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Change what is named of a listener; a new default certificate leaves the further ones."""
        names = ("ssl_policy", "certificates", "actions")
        asked = dict(zip(names, args, strict=False)) | kwargs
        listener: Any = self.describe_listeners(None, [arn])[0]
        balancer: Any = self.load_balancers[listener.load_balancer_arn]
        others = [each for each in balancer.listeners.values() if each is not listener]
        if port is not None and any(str(each.port) == str(port) for each in others):
            raise refuse(refusals.LISTENER_EXISTS, balancer=balancer.arn)
        protocol = protocol or listener.protocol
        self._validate_port_and_protocol(balancer.type, port or listener.port, protocol)
        made = [FakeAction(action) for action in asked.get("actions") or []]
        self._validate_actions(made)
        secure = protocol in TLS_PROTOCOLS
        given = [each["CertificateArn"] for each in asked.get("certificates") or []]
        policy = asked.get("ssl_policy") or listener.ssl_policy or elbv2_tls.USUAL
        kept = [given[0], *listener.certificates[1:]] if given else listener.certificates
        if secure:
            self._check_tls(protocol, policy, kept)
        listener.port, listener.protocol = port or listener.port, protocol
        listener.ssl_policy = policy if secure else None
        listener.certificates = kept if secure else []
        if made:
            listener.default_actions = listener._default_rule[0].actions = _whole(made)  # noqa: SLF001  # moto does the same
        return listener

    def add_listener_certificates(self, arn: str, certificates: list[dict[str, Any]]) -> list[str]:
        """Add certificates for further names; one that is there already stays as it is."""
        listener: Any = self.describe_listeners(None, [arn])[0]
        given = [each["CertificateArn"] for each in certificates]
        self.check_certificates(given)
        fresh = [{"CertificateArn": each} for each in given if each not in listener.certificates]
        return super().add_listener_certificates(arn, fresh)

    def create_rule(self, listener_arn: str, conditions: Any, priority: Any, actions: Any, tags: Any = None) -> Any:
        """Make a rule."""
        made: Any = super().create_rule(listener_arn, conditions, int(priority), actions, tags)
        _whole(made.actions)
        return made

    def modify_rule(self, rule_arn: str, conditions: Any, actions: Any) -> Any:
        """Change a rule."""
        made: Any = super().modify_rule(rule_arn, conditions, actions)
        _whole(made.actions)
        return made

    def set_rule_priorities(self, rule_priorities: list[dict[str, Any]]) -> Any:
        """Give rules other priorities: two may change places."""
        wanted = {each["RuleArn"]: int(each["Priority"]) for each in rule_priorities}
        found: list[Any] = self.describe_rules(None, list(wanted))
        for listener_arn in {rule.listener_arn for rule in found}:
            listener: Any = self.describe_listeners(None, [listener_arn])[0]
            ends = [wanted.get(arn, rule.priority) for arn, rule in listener.rules.items()]
            for priority in ends:
                if ends.count(priority) > 1:
                    raise refuse(refusals.PRIORITY_TAKEN, priority=priority)
        for rule in found:
            rule.priority = wanted[rule.arn]
        return found

    def _validate_conditions(self, conditions: list[dict[str, Any]]) -> None:
        for condition in conditions:
            settings = [value for value in condition.values() if isinstance(value, Mapping)]
            if any("RegexValues" in each for each in [condition, *settings]):
                raise _not_done("regular expressions in conditions (RegexValues)")
        super()._validate_conditions(conditions)

    def _validate_actions(self, actions: list[Any]) -> None:
        for action in actions:
            if action.type not in ANSWERING:
                raise _not_done(f"actions of type {action.type}")
        super()._validate_actions(actions)


def _not_done(what: str) -> AccountError:
    """Refuse what AWS does and the lab does not: a request that passes here must not be turned away there."""
    return AccountError("ValidationError", f"The lab's load balancers do not do {what} (AWS would)")


def _whole(actions: list[Any]) -> list[Any]:
    """Tell a forward to one target group both ways, as AWS does (CreateListener, example responses)."""
    for action in actions:
        data: dict[str, Any] = action.data
        if data.get("Type") != "forward":
            continue
        listed = (data.get("ForwardConfig") or {}).get("TargetGroups") or []
        if not listed and "TargetGroupArn" in data:
            only = {"TargetGroupArn": data["TargetGroupArn"], "Weight": 1}
            data["ForwardConfig"] = {"TargetGroups": [only], "TargetGroupStickinessConfig": {"Enabled": False}}
        elif len(listed) == 1:
            data["TargetGroupArn"] = listed[0]["TargetGroupArn"]
        action.__dict__.update(data)
    return actions


_LOST = {
    "create_rule": ("Transforms",),
    "modify_rule": ("Transforms",),
    "create_load_balancer": ("MinimumLoadBalancerCapacity", "Ipv4IpamPoolId", "EnablePrefixForIpv6SourceNat"),
    "create_target_group": ("TargetControlPort",),
}
"""What moto drops of a call without a word."""


def _answering(call: str, lost: tuple[str, ...]) -> None:
    """Have a call of the API refuse the parameters that would be lost."""
    known = getattr(ELBV2Response, call)

    def answer(self: Any) -> Any:
        asked = self._get_params()
        for name in lost:
            if asked.get(name):
                raise _not_done(name)
        return known(self)

    setattr(ELBV2Response, call, answer)


def _mutual(call: str) -> None:
    """Have a listener's call refuse client certificates, and keep the ALPN policy, which moto drops on change."""
    known = getattr(ELBV2Response, call)

    def answer(self: Any) -> Any:
        asked = self._get_params()
        if (asked.get("MutualAuthentication") or {}).get("Mode", "off") != "off":
            raise _not_done("mutual TLS")
        if call == "modify_listener" and asked.get("AlpnPolicy"):
            listener: Any = self.elbv2_backend.describe_listeners(None, [asked["ListenerArn"]])[0]
            listener.alpn_policy = asked["AlpnPolicy"]
        return known(self)

    setattr(ELBV2Response, call, answer)


def repair() -> None:
    """Put the repaired listeners in the place of moto's; before the first use of ELBv2 in this process."""
    for call, lost in _LOST.items():
        _answering(call, lost)
    for call in ("create_listener", "modify_listener"):
        _mutual(call)
    models.FakeListener = LabListener  # type: ignore[misc]  # moto looks the class up by this name
    models.FakeListenerRule = LabRule  # type: ignore[misc]  # as above
