"""A template's sections, and what is known before any property is read: parameters, mappings, conditions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from natless.catalog.partitions import partition_of
from natless.finding import Gap, Origin
from natless.finding.rules import Rule
from natless.load.cloudformation.tree import Map, Problems
from natless.load.cloudformation.values import Place, Value, symbols


class Resource(msgspec.Struct, frozen=True):
    """One resource that stands, or may stand: `maybe` is the condition that could not be decided.

    `opaque` says why properties may be there that cannot be seen (a transform among them), or "".
    """

    id: str
    kind: str
    line: int
    properties: Map
    depends_on: tuple[str, ...] = ()
    maybe: Gap | None = None
    opaque: str = ""


class Template:
    """One template being read: the world that its expressions are resolved in."""

    def __init__(self, tree: Map, problems: Problems, region: str | None, account: str | None) -> None:
        """Take the tree; `region` and `account` are None where nobody said them."""
        self.tree = tree
        self.problems = problems
        self.source = problems.source
        self.parameters: dict[str, Value] = {}
        self.mappings: Map = Map(1)
        self.conditions: dict[str, bool | Gap] = {}
        self.resources: dict[str, Resource] = {}
        self.absent: set[str] = set()
        self.macros: list[Gap] = []
        self.whys: dict[str, str] = {}
        self.memory: dict[tuple[str, str], Value] = {}
        self.busy: set[tuple[str, str]] = set()
        self.leading: dict[str, list[str]] = {}
        """By the symbol of a split text: its parts before the first that is not resolved."""
        self.texts: set[str] = set()
        """Symbols that stand for text, never for a list."""
        self.imported: Callable[[str, Place], Value | None] = lambda _name, _place: None
        """What another stack exports by a name, where it was read as well."""
        self.region = region or self.symbol("AWS::Region", "the region is not known: give --region")
        self.account = account or self.symbol("AWS::AccountId", "the account is not known: give --account")
        partition = partition_of(self.region)
        self.partition = partition.name
        self.pseudo: dict[str, Value] = {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": partition.name,
            "AWS::URLSuffix": partition.suffix,
            "AWS::StackName": self.symbol("AWS::StackName", "the stack's name is known only when it is deployed"),
            "AWS::StackId": self.symbol("AWS::StackId", "the stack's id is known only when it is deployed"),
            "AWS::NotificationARNs": self.symbol("AWS::NotificationARNs", "known only when the stack is deployed"),
        }

    def symbol(self, name: str, why: str) -> str:
        """Give the symbolic text of something unresolved, and remember why it is."""
        self.whys.setdefault(name, why)
        return f"${{{name}}}"

    def why(self, text: str) -> str:
        """Say why symbolic text is not resolved."""
        for name in symbols(text):
            if name in self.whys:
                return self.whys[name]
            if name.partition(".")[0] in self.resources:
                return f"{name} is known only when the stack is deployed"
        return f"{text} is not resolved in this template"

    def gap(self, place: Place, why: str) -> Gap:
        """Say that what stands at `place` cannot be read."""
        name = place.what.partition(".")[0]
        return Gap(place.what, Origin(self.problems.of(name), place.line, name), why)

    def problem(self, rule: Rule, place: Place, message: str) -> Gap:
        """Note a problem at `place`; the answer stands in for the value, so that reading can go on to the next."""
        self.problems.add(rule, place.what, place.line, message)
        return self.gap(place, message)
