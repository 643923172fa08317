"""One flow, gate by gate: which addresses of both ends are still in the race, and who said no first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from natless.finding import Finding, Gap, Gate, Hop, Origin, Path
from natless.finding.rules import Rule
from natless.finding.verdict import GateKind
from natless.prove.addresses import Ranges, meet
from natless.prove.answers import Answer, Mend, No, Yes
from natless.prove.ends import Coverage, End, passed, stopped
from natless.prove.truth import Maybe, distinct

Side = Literal["source", "target"]


class Denial(msgspec.Struct, frozen=True):
    """Who says no, by which rule, why, and what mends it."""

    kind: GateKind
    element: str
    origin: Origin
    rule: Rule
    reason: str
    mend: Mend = Mend()
    # Where the packet dies, where that is another element.
    stopped_at: str = ""


class Walk:
    """The state of one flow on its way. Each gate restricts one end's addresses; both ends must get through all."""

    def __init__(self, source: End, target: End, protocol: str, port: int) -> None:
        """Start a flow to one port of the target."""
        self.protocol = protocol
        self.port = port
        self.ends: dict[Side, End] = {"source": source, "target": target}
        self._sure = {"source": source.ranges, "target": target.ranges}
        self._possible = dict(self._sure)
        self._gaps: list[Gap] = []
        self._forward: list[Hop] = []
        self._back: list[Hop] = []
        self._no: Denial | None = None
        self.remarks: list[Finding] = []
        self.private = True

    def over(self) -> bool:
        """Say whether a gate has said no."""
        return self._no is not None

    def left(self, side: Side) -> Ranges:
        """Give the addresses of one end that may still get through."""
        return self._possible[side]

    def gate(
        self, side: Side, coverage: Coverage, hop: Hop, denial: Callable[[], Denial], *, back: bool = False
    ) -> None:
        """Pass a gate that lets only some addresses of one end through."""
        if self._no is not None:
            return
        end = self.ends[side]
        self._sure[side] = meet(self._sure[side], coverage.sure)
        self._possible[side] = meet(self._possible[side], coverage.possible)
        if stopped(end, self._possible[side]):
            self.refuse(denial(), back=back)
            return
        self._gaps.extend(coverage.gaps)
        (self._back if back else self._forward).append(hop)

    def refuse(self, denial: Denial, *, back: bool = False) -> None:
        """Stop here."""
        if self._no is None:
            hop = Hop(denial.kind, denial.element, denial.reason, denial.origin)
            (self._back if back else self._forward).append(hop)
            self._no = denial

    def leave_open(self, *gaps: Gap) -> None:
        """Go on past a gate that could not be read."""
        if self._no is None:
            self._gaps.extend(gaps)
            self._sure = {"source": (), "target": ()}

    def add(self, kind: GateKind, element: str, detail: str, origin: Origin, *, back: bool = False) -> None:
        """Note a hop that lets everything through."""
        if self._no is None:
            (self._back if back else self._forward).append(Hop(kind, element, detail, origin))

    def answer(self) -> Answer:
        """Give what the walk came to."""
        path = Path(tuple(self._forward), tuple(self._back))
        if self._no is not None:
            denial = self._no
            at = denial.stopped_at or denial.element
            gate = Gate(denial.kind, denial.element, denial.origin, at, denial.kind)
            return No(path, gate, denial.rule, denial.reason, denial.mend, public=not self.private)
        if all(passed(end, self._sure[side]) for side, end in self.ends.items()):
            return Yes(path, tuple(self.remarks), private=self.private)
        return Maybe(distinct(self._gaps) or tuple(self._placement()))

    def _placement(self) -> list[Gap]:
        """Give the gaps of addresses that AWS chooses and of which only some pass."""
        return [
            Gap(
                f"address of {end.label}", end.origin, "AWS chooses it, and the rules let only some of the choices pass"
            )
            for side, end in self.ends.items()
            if not passed(end, self._sure[side])
        ]
