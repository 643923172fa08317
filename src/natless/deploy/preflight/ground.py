"""What every check of the preflight stands on: the account, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from natless.deploy import stacks
from natless.deploy.calls import Connect, code, message
from natless.design import Design
from natless.finding import Finding, Fix, Origin
from natless.finding.rules import Rule
from natless.spec.model import Spec

_Answer = TypeVar("_Answer")


class Ground:
    """The account, the spec and its design. `notes` gather what could not be asked: a denied call is no error."""

    def __init__(self, connect: Connect, design: Design, spec: Spec) -> None:
        """Look whose account this is, and what stands of the deployment."""
        self.connect = connect
        self.design = design
        self.spec = spec
        self.notes: list[str] = []
        identity = connect("sts").get_caller_identity()
        self.account = str(identity["Account"])
        self.caller = str(identity["Arn"])
        self.partition = self.caller.split(":")[1]
        self.region = str(connect("ec2").meta.region_name)
        main = stacks.find(connect, spec.name)
        standing = main is not None and main.status not in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
        self.standing = {
            each.resource: each.id for each in (stacks.resources(connect, main.id) if main and standing else ())
        }
        """The physical ids of the main stack's resources by their logical ones; empty where it does not stand."""

    @property
    def grows(self) -> bool:
        """Say whether the main template makes anything that does not stand yet."""
        return any(name not in self.standing for name in self.design.main["Resources"])

    @property
    def types(self) -> dict[str, str]:
        """Give the resource types that the main template makes, each with the logical id of its first."""
        found: dict[str, str] = {}
        for name, body in self.design.main["Resources"].items():
            found.setdefault(str(body["Type"]), name)
        return found

    def ask(self, what: str, call: Callable[[], _Answer]) -> _Answer | None:
        """Make calls; None, and a note, where the account does not answer them."""
        try:
            return call()
        except ClientError as error:
            self.notes.append(f"{what} could not be asked: {code(error)}: {message(error)}")
        except BotoCoreError as error:  # a service that the region does not have
            self.notes.append(f"{what} could not be asked: {error}")
        return None

    def finding(self, rule: Rule, subject: str, said: str, symptom: str = "", fix: str = "") -> Finding:
        """Give a finding with its line in the person's own file; `fix` is a command."""
        line = self.design.places.get(subject)
        origin = Origin(self.spec.source, line, subject)
        return rule.finding(subject, origin, said, symptom, Fix("cli", fix) if fix else None)
