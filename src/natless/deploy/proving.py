"""The proof before anything is deployed: first with the catalog's values, then with those that the account gave."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from natless.cloud import Cloud, PrefixList
from natless.deploy.calls import Connect
from natless.deploy.error import DeployError
from natless.deploy.progress import Said
from natless.deploy.stacks import Stack
from natless.design import Design, PrefixListId, text
from natless.finding import Finding, Gap, Origin, Severity, Unknown, Verdict
from natless.load import LoadError, cloudformation
from natless.prove import Promises, Proof, prove
from natless.spec.model import Spec


class ProofError(DeployError):
    """What would be deployed does not work: nothing was changed. `findings` say why, each with its line of the spec."""

    advice_given = "nothing was deployed; `natless check` shows the paths"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Take the error findings, at least one."""
        lines = tuple(f"{found.origin}: {found.rule} {found.name}: {found.message}" for found in findings)
        super().__init__(lines[0], lines[1:], self.advice_given)
        self.findings = findings


def prove_first(design: Design, spec: Spec) -> None:
    """Prove the main template as `check` does, so that nothing is built or made for what cannot work.

    Raises ProofError where a promise would be broken.
    """
    _prove(design, spec, {parameter.name: parameter.value for parameter in design.parameters}, spec.region, None)


def prove_again(design: Design, spec: Spec, connect: Connect, values: Mapping[str, str]) -> Iterator[Said]:
    """Prove the main template with the parameters' real values, before anything of it is made.

    Yields what remains unknown; raises ProofError where a promise would be broken.
    """
    proof = _prove(design, spec, values, connect("ec2").meta.region_name, _account(connect))
    for verdict in proof.verdicts:
        if isinstance(verdict.outcome, Unknown):
            yield Said(f"not proven: {verdict.task} {verdict.need}: {verdict.reason}")


def proof_of(design: Design, spec: Spec, connect: Connect, values: Mapping[str, str]) -> Proof:
    """Prove the main template with the parameters' real values, and give all that proof says of it."""
    return _proof(design, spec, values, connect("ec2").meta.region_name, _account(connect))


def proof_of_stack(connect: Connect, stack: Stack) -> tuple[Verdict, ...]:
    """Prove a stack's template as it stands; where it may not be read, or cannot be, nothing is said of it."""
    cloud = cloud_of_stack(connect, stack)
    return prove(cloud, Promises(private=True)).verdicts if cloud is not None else ()


def cloud_of_stack(connect: Connect, stack: Stack) -> Cloud | None:
    """Give the facts that a stack's template says; None where it may not be read, or cannot be."""
    try:
        body = connect("cloudformation").get_template(StackName=stack.id)["TemplateBody"]
    except ClientError:
        return None
    # boto3 gives JSON templates as what they hold, others as their text.
    written = body if isinstance(body, str) else json.dumps(body)
    region = connect("ec2").meta.region_name
    try:
        return cloudformation(written, stack.name, stack.parameters, region, _account(connect))
    except LoadError:
        return None


def cloud_of(design: Design, spec: Spec, connect: Connect, values: Mapping[str, str]) -> Cloud:
    """Give the facts that the main template says, with the parameters' real values."""
    return cloudformation(text(design.main), spec.source, values, connect("ec2").meta.region_name, _account(connect))


def _proof(design: Design, spec: Spec, values: Mapping[str, str], region: str | None, account: str | None) -> Proof:
    cloud = cloudformation(text(design.main), spec.source, values, region, account)
    cloud = msgspec.structs.replace(cloud, prefix_lists={**cloud.prefix_lists, **_lists(design, spec, values)})
    proof = prove(cloud, Promises(private=not spec.network.nat))
    return msgspec.structs.replace(proof, findings=tuple(_placed(design, spec, found) for found in proof.findings))


def _lists(design: Design, spec: Spec, values: Mapping[str, str]) -> dict[str, PrefixList]:
    """Give the prefix lists that were looked up: the account said whose each is, and no table need know its id."""
    found = {}
    for parameter in design.parameters:
        if isinstance(parameter.lookup, PrefixListId):
            identifier = values[parameter.name]
            origin = Origin(spec.source, resource=parameter.name)
            unread = Gap(f"CIDRs of {identifier}", origin, "AWS changes them")
            found[identifier] = PrefixList(identifier, origin, parameter.lookup.service, unread)
    return found


def _prove(design: Design, spec: Spec, values: Mapping[str, str], region: str | None, account: str | None) -> Proof:
    proof = _proof(design, spec, values, region, account)
    errors = tuple(found for found in proof.findings if found.severity is Severity.ERROR)
    if errors:
        raise ProofError(errors)
    return proof


def _account(connect: Connect) -> str | None:
    """Give the account's number; None, as in a check without an account, where even that may not be asked."""
    try:
        return str(connect("sts").get_caller_identity()["Account"])
    except (ClientError, BotoCoreError):
        return None


def _placed(design: Design, spec: Spec, finding: Finding) -> Finding:
    """Give the finding with its line in the person's own file."""
    line = design.places.get(finding.origin.resource) or design.places.get(finding.subject)
    return msgspec.structs.replace(finding, origin=Origin(spec.source, line, finding.origin.resource))
