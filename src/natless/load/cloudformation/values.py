"""What an expression of a template can come to."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from natless.finding import Gap
from natless.load.cloudformation.tree import Map, Seq


class Reference(msgspec.Struct, frozen=True):
    """A resource of this template by its logical id, or one attribute of it ("" for what Ref gives)."""

    id: str
    attribute: str = ""

    def symbol(self) -> str:
        """Give the symbolic text that stands for it."""
        return f"${{{self.id}.{self.attribute}}}" if self.attribute else f"${{{self.id}}}"


class Nothing(enum.Enum):
    """AWS::NoValue, and a property that is not there."""

    NOTHING = "nothing"


NOTHING = Nothing.NOTHING

Value: TypeAlias = str | int | float | bool | Map | Seq | Reference | Gap | Nothing | None
"""Resolved at the top: a Map or a Seq may still hold functions inside. A list that is not known is symbolic text."""


class Place(msgspec.Struct, frozen=True):
    """Where in the template something stands: `Vpc.CidrBlock`, and its line."""

    what: str
    line: int

    def inner(self, name: str, line: int) -> Place:
        """Give the place of a part."""
        return Place(self.what + name, line)


_ATOM = re.compile(r"\$\{[^}]*\}|(?:(?!\$\{).)+", re.DOTALL)
_WORDS = frozenset({"${AWS::AccountId}", "${AWS::Partition}", "${AWS::Region}"})
"""Symbols that come to letters, digits and hyphens, whatever they come to."""
_SYMBOL = re.compile(r"\$\{([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^{}]*)\}\}")


def symbols(text: str) -> list[str]:
    """Give the names of the unresolved parts of symbolic text."""
    return _SYMBOL.findall(text)


def flat(text: str) -> str:
    """Give text that can stand inside a `${...}`."""
    return _SYMBOL.sub(r"\1", text).translate({ord("{"): None, ord("}"): None})


def sure_parts(whole: str, delimiter: str, is_word: Callable[[str], bool]) -> tuple[list[str], bool]:
    """Split text up to the first unresolved part that may hold the delimiter; True where that is all of it.

    `is_word` says of which symbols more it is known that they come to letters, digits and hyphens.
    """
    parts = [""]
    for atom in _ATOM.findall(whole):
        symbolic = "${" in atom
        if symbolic and (not (atom in _WORDS or is_word(atom)) or re.search(r"[\w-]", delimiter)):
            return parts[:-1], False
        first, *rest = [atom] if symbolic else atom.split(delimiter)
        parts = [*parts[:-1], parts[-1] + first, *rest]
    return parts, True


def without_dynamic(text: str) -> str:
    """Turn dynamic references (`{{resolve:ssm:name}}`), which only a deployment resolves, into symbols."""
    return _DYNAMIC.sub(r"${resolve:\1}", text) if "{{resolve:" in text else text
