"""Where and when a fact was read."""

from __future__ import annotations

import msgspec


class Source(msgspec.Struct, frozen=True):
    """The document (or issue thread, or model) that states a fact, and the ISO date or month on which it was read."""

    document: str
    read: str
