"""All checks, one after the other."""

from __future__ import annotations

from natless.deploy.calls import Connect
from natless.deploy.preflight import caller, guardduty, linked_roles, network, private_dns, quotas, zones
from natless.deploy.preflight.ground import Ground
from natless.deploy.proving import ProofError
from natless.design import Design
from natless.finding import Finding, Severity
from natless.spec.model import Spec

_OF_RELEASES = (quotas.check, network.check)
_CHECKS = (
    linked_roles.check,
    *_OF_RELEASES,
    zones.check,
    private_dns.check,
    guardduty.check,
    caller.check,
)


class PreflightError(ProofError):
    """The account would refuse what would be deployed: nothing was changed. `findings` say why."""

    advice_given = "nothing was deployed; `natless explain NLnnn` tells what to do about each"


def preflight(connect: Connect, design: Design, spec: Spec) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Ask the account, before anything is changed in it, for what would make the deployment fail half way.

    Returns:
        The findings, and notes for what could not be asked.
    """
    ground = Ground(connect, design, spec)
    # A release of what stands meets no new role, zone, name or agent: it must not wait for a dozen answers.
    checks = _CHECKS if ground.grows else _OF_RELEASES
    found = tuple(finding for check in checks for finding in check(ground))
    return found, tuple(ground.notes)


def of_what_stands(connect: Connect, design: Design, spec: Spec) -> tuple[Finding, ...]:
    """Hold the design against what stands of it: all that the lab is asked, which has room for anything."""
    return tuple(network.check(Ground(connect, design, spec)))


def refuse_errors(findings: tuple[Finding, ...]) -> None:
    """Raise PreflightError where a finding says that the deployment would fail."""
    errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    if errors:
        raise PreflightError(errors)
