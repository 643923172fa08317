"""Rules → transactions of `nft -f` that the kernel takes, also from an ordinary user."""

from __future__ import annotations

from collections.abc import Iterator

from natless.lab.fabric.filtering import Rules

# What may not be more than a netlink socket's send buffer (212,992 bytes, which only the host's root may raise) is the
# message, not the text: a short rule of 40 characters becomes some 450 bytes of it.
_TRANSACTION_SIZE = 12_000


def transactions(rules: Rules, table: str, replaced: str | None) -> Iterator[str]:
    """Give the texts that load `rules` as `table`, to be run in order, and retire table `replaced` with the last.

    The hooks come with the last transaction, so that no packet meets a half-loaded table: whoever had the old rules
    has them until the new ones stand whole. Established flows are kept, they live outside of tables.
    """
    start = f"table ip {table}\ndelete table ip {table}\n"
    parts: list[str] = []
    length = 0
    for piece in (piece for block in rules.blocks for piece in block.pieces(_TRANSACTION_SIZE)):
        if parts and length + len(piece) > _TRANSACTION_SIZE:
            yield start + _table(table, parts)
            start, parts, length = "", [], 0
        parts.append(piece)
        length += len(piece)
    retired = f"delete table ip {replaced}\n" if replaced is not None else ""
    yield start + _table(table, [*parts, rules.hooks]) + retired


def _table(name: str, parts: list[str]) -> str:
    return f"table ip {name} {{\n{''.join(parts)}}}\n"
