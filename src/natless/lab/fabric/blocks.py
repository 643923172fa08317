"""The parts of an nft table: chains, sets and maps, each whole or in pieces.

nft adds to what stands: a chain that is opened twice has the rules of both, a set the elements of both. That is how a
long one gets past the size of a message to the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec


class Block(msgspec.Struct, frozen=True):
    """A chain with its rules (`kind` ""), or a set or map with its elements (`kind` is its type and flags)."""

    opening: str
    kind: str
    items: tuple[str, ...]

    def text(self) -> str:
        """Give the whole."""
        return self._text(self.items)

    def pieces(self, size: int) -> Iterator[str]:
        """Give the whole in parts of about `size` characters, to be loaded in this order."""
        part: list[str] = []
        length = 0
        for item in self.items:
            if part and length + len(item) > size:
                yield self._text(part)
                part, length = [], 0
            part.append(item)
            length += len(item)
        yield self._text(part)

    def _text(self, items: Sequence[str]) -> str:
        if not self.kind:
            return f"  {self.opening} {{\n" + "".join(f"    {item}\n" for item in items) + "  }\n"
        elements = f" elements = {{ {', '.join(items)} }}" if items else ""
        return f"  {self.opening} {{ {self.kind}{elements} }}\n"


def chain(title: str, rules: Sequence[str]) -> Block:
    """Give a chain."""
    return Block(f"chain {title}", "", tuple(rules))


def table_map(title: str, kind: str, elements: Sequence[str]) -> Block:
    """Give a map; `kind` is `KEY : VALUE` in nft's types."""
    return Block(f"map {title}", f"type {kind};", tuple(elements))


def table_set(title: str, kind: str, elements: Sequence[str], *, interval: bool = False) -> Block:
    """Give a set; an interval one holds CIDRs, which must not overlap."""
    return Block(f"set {title}", f"type {kind};{' flags interval;' if interval else ''}", tuple(elements))
