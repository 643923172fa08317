"""What a Dockerfile says of the container: the ports it exposes, and the path its health check asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from natless.spec.words import HEALTH_PATTERN

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
_URL = re.compile(r"https?://(?:\[[^\]]*\]|[^/\s:\"']+)(?::(\d{1,5}))?(/[^\s\"'|;&)\\]*)?")
_PORT = re.compile(r"(\d{1,5})(?:/tcp)?")
_LAST_PORT = 65535


class Dockerfile(msgspec.Struct, frozen=True):
    """The last stage's TCP ports, in order, and its health check's path, or None where it has none."""

    ports: tuple[int, ...]
    health: str | None


def read_dockerfile(text: str) -> Dockerfile:
    """Read what the last stage says; what cannot be read is left out."""
    values: dict[str, str] = {}
    ports: list[int] = []
    health: str | None = None
    for word, rest in _instructions(text):
        match word:
            case "FROM":
                # Only the last stage becomes the image.
                ports, health = [], None
            case "ARG" | "ENV":
                values |= _assignments(rest)
            case "EXPOSE":
                ports += [port for part in _filled(rest, values).split() if (port := _port(part))]
            case "HEALTHCHECK":
                health, asked = _health(_filled(rest, values))
                ports += [asked] if asked and not ports else []
            case _:
                continue
    return Dockerfile(tuple(dict.fromkeys(ports)), health)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Give each instruction in capitals and its arguments, lines joined where they are continued."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"[\\`][ \t]*\n", " ", "\n".join(kept)).split("\n"):
        word, _, rest = line.strip().partition(" ")
        yield word.upper(), rest.strip()


def _assignments(rest: str) -> dict[str, str]:
    """Read `A=1 B="2"`, and the old form `A 1`."""
    found = dict(re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", rest)) or dict([[*rest.split(None, 1), "", ""][:2]])
    return {name: value.strip("\"'") for name, value in found.items()}


def _filled(text: str, values: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1] or match[3], match[2] or ""), text)


def _port(part: str) -> int | None:
    match = _PORT.fullmatch(part)
    return int(match[1]) if match and 1 <= int(match[1]) <= _LAST_PORT else None


def _health(rest: str) -> tuple[str | None, int | None]:
    match = _URL.search(rest)
    if match is None:
        return None, None
    path = match[2] or "/"
    return path if re.fullmatch(HEALTH_PATTERN, path) else None, _port(match[1] or "80")
