"""The conditions of listener rules as haproxy's tests. Pure.

Case and wildcards: ELBv2 API reference, RuleCondition and its parts: host names, header values and query strings are
compared without regard to case, paths and methods with it; `*` is any text, `?` any one character, in all of them but
methods and addresses. A path is compared without its query string. Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from natless.lab.balancer.facts import Condition

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, token)."""


def quoted(text: str) -> str:
    """Quote a word so that haproxy takes it as it is; raises ValueError for control characters."""
    if any(ord(character) < ord(" ") for character in text):
        message = f"{text!r} holds a control character"
        raise ValueError(message)
    return "'" + text.replace("'", r"'\''") + "'"


def test(condition: Condition) -> str:
    """Give haproxy's test for a condition; raises ValueError for one that it cannot be asked for."""
    values = condition.values
    match condition.field:
        case "path-pattern":
            return f"{{ path -m reg {_patterns(values)} }}"
        case "host-header":
            return f"{{ req.hdr(host),host_only -m reg -i {_patterns(values)} }}"
        case "http-header":
            if not _TOKEN.fullmatch(condition.name):
                message = f"{condition.name!r} is no name of a header"
                raise ValueError(message)
            name = quoted(f'req.fhdr("{condition.name}")')
            return f"{{ {name} -m reg -i {_patterns(values)} }}"
        case "http-request-method":
            return f"{{ method -m str {' '.join(quoted(value) for value in values)} }}"
        case "query-string":
            expressions = [quoted(_pair(key, value)) for key, value in condition.pairs]
            return f"{{ query -m reg -i {' '.join(expressions)} }}"
        case "source-ip":
            return f"{{ src {' '.join(quoted(value) for value in values)} }}"
        case other:
            message = f"a rule asks for {other}, which the proxy does not know"
            raise ValueError(message)


def _patterns(values: tuple[str, ...]) -> str:
    return " ".join(quoted(f"^{_expression(value, '.')}$") for value in values)


def _pair(key: str | None, value: str) -> str:
    """Give the expression for one part of a query string; without a key, any key may have the value."""
    name = "[^&=]*" if key is None else _expression(key, "[^&=]", escapes=True)
    return f"(^|&){name}={_expression(value, '[^&]', escapes=True)}(&|$)"


def _expression(pattern: str, character: str, *, escapes: bool = False) -> str:
    r"""Give the expression for a pattern. In query strings `\*` and `\?` are the characters themselves."""
    kinds: dict[str, Callable[[], str]] = {"*": lambda: f"{character}*", "?": lambda: character}
    parts = re.findall(r"\\[*?]|.", pattern, re.DOTALL) if escapes else list(pattern)
    return "".join(kinds[part]() if part in kinds else re.escape(part[-1]) for part in parts)
