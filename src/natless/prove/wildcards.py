"""IAM's wildcards over texts that may be symbolic, in three values."""

from __future__ import annotations

import functools
import re

_ATOM = re.compile(r"\$\{[^}]*\}|.", re.DOTALL)
_STAR = "*"


@functools.lru_cache(maxsize=4096)
def atoms(text: str) -> tuple[str, ...]:
    """Split text into characters and unresolved parts, each of which stays whole."""
    return tuple(_ATOM.findall(text))


@functools.lru_cache(maxsize=4096)
def fits(pattern: str, text: str) -> bool | None:
    """Say whether `pattern`, with IAM's `*` and `?`, matches `text`: True, False, or None where it is open.

    An unresolved part matches itself and nothing else for sure; against anything else it may match.
    """
    if pattern in {text, _STAR}:
        return True
    if _overlap(atoms(pattern), atoms(text)):
        return True
    if "${" not in pattern and "${" not in text:
        return False
    loose = tuple(_STAR if _open(atom) else atom for atom in atoms(pattern))
    return None if _overlap(loose, tuple(_ANY if _open(atom) else atom for atom in atoms(text))) else False


_ANY = "\0any"


def _open(atom: str) -> bool:
    return len(atom) > 1


def _overlap(pattern: tuple[str, ...], text: tuple[str, ...]) -> bool:
    """Say whether some reading of the text's _ANY parts matches; a row is a pattern atom, a column a text atom."""
    row = [True] + [False] * len(text)
    for column, atom in enumerate(text):
        row[column + 1] = row[column] and atom is _ANY
    for want in pattern:
        next_ = [row[0] and want == _STAR]
        for column, have in enumerate(text):
            if want == _STAR or have is _ANY:
                # The star takes this atom or nothing; an open part of the text is taken by this atom, or not at all.
                hit = next_[column] or row[column + 1] or (have is _ANY and row[column])
            else:
                hit = row[column] and (want in (have, "?"))
            next_.append(hit)
        row = next_
    return row[-1]
