"""What no packet meets, and what a bill names all the same."""

from __future__ import annotations

from typing import Literal

import msgspec

from natless.finding import Gap, Origin


class Billed(msgspec.Struct, frozen=True):
    """A thing that no packet meets, and that costs: a flow log, or a private namespace, which is a hosted zone.

    `maybe` is set where it may not stand.
    """

    id: str
    origin: Origin
    kind: Literal["flow log", "private namespace"]
    maybe: Gap | None = None
