"""Symbolic text: strings with unresolved `${...}` parts, compared in three values."""

from __future__ import annotations


def is_symbolic(text: str) -> bool:
    """Say whether `text` still holds an unresolved part."""
    return "${" in text


def same(one: str, other: str) -> bool | None:
    """Say whether two texts are equal: True, False, or None where an unresolved part leaves it open."""
    if one == other:
        return True
    if is_symbolic(one) or is_symbolic(other):
        return None
    return False
