"""Rules → transactions of `nft -f` that the kernel takes, also from an ordinary user."""

from __future__ import annotations

from collections.abc import Iterator

from natless.lab.fabric.filtering import HOOKED, Rules

# What may not be more than a netlink socket's send buffer (212,992 bytes, which only the host's root may raise) is the
# message, not the text: a short rule of 40 characters becomes some 450 bytes of it.
_TRANSACTION_SIZE = 12_000


def transactions(rules: Rules, table: str, replaced: str | None, retired: str | None = None) -> Iterator[str]:
    """Give the texts that load `rules` as `table` in place of table `replaced`, to be run in order.

    Until the new hooks come, alone and when all they lead to is there, the old rules decide; then for a moment both;
    then the new ones. What a packet looks up must be there: the kernel makes new elements of an interval set visible
    after the rules that ask for them, so these never come together, and the old table, which a packet may be in, goes
    only with the next change, as `retired`. Established flows live outside of tables.
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
    if replaced is None:
        yield start + _table(table, [*parts, rules.hooks])
        return
    yield start + _table(table, parts)
    yield _table(table, [rules.hooks]) + (f"delete table ip {retired}\n" if retired is not None else "")
    yield "".join(f"{verb} chain ip {replaced} {each}\n" for each in HOOKED for verb in ("flush", "delete"))


def _table(name: str, parts: list[str]) -> str:
    return f"table ip {name} {{\n{''.join(parts)}}}\n"
