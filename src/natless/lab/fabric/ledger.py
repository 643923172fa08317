"""What is collected while a router's rules are written: the labels of drops, and what could not be built."""

from __future__ import annotations

import re
import zlib

from natless.lab.fabric.drops import LOG_GROUP, DropKind

_LABEL_LENGTH = 110  # the kernel keeps 127 bytes of a log prefix
_SNAP = 64  # bytes of a dropped packet that are logged: its headers


class Ledger:
    """The labels and notes of one router."""

    def __init__(self) -> None:
        """Start with none."""
        self.labels: dict[str, tuple[DropKind, str]] = {}
        self.notes: dict[str, None] = {}

    def drop(self, kind: DropKind, element: str) -> str:
        """Give the statement that drops and logs, with a label for this gate."""
        label = f"{kind} {element}".strip()
        if len(label) > _LABEL_LENGTH:
            label = f"{kind} #{zlib.crc32(element.encode()):08x}"
        self.labels[label] = (kind, element)
        return f'log prefix "{label}" group {LOG_GROUP} snaplen {_SNAP} drop'

    def note(self, text: str) -> None:
        """Say what is not built; once is enough."""
        self.notes[text] = None


def name(identifier: str) -> str:
    """Give `identifier` as nft takes names (letters, digits, `_`, `.`, `-`)."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", identifier)
