"""The order in which a load balancer asks its rules: the more a rule says, the earlier.

A rule's priority follows from its own patterns, so that another service moves none that stand: a listener takes no two
rules of one priority, not even for the moment in which an update exchanges them. Where two rules say equally much and
fall on the same number, the later service of the file takes the next free one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from natless.catalog.routing import MOST_PRIORITY
from natless.spec.model import Service

_LETTERS = 63
"""Letters of a path that are told apart: longer ones stand together with these."""
_DOTS = 4
"""Dots of a host with wildcards that are told apart, likewise."""
_ANY_PATH = 2 * _LETTERS + 2
_ANY_HOST = _DOTS + 1
_WIDTH = MOST_PRIORITY // ((_ANY_HOST + 1) * (_ANY_PATH + 1))


def priorities(services: Iterable[Service]) -> dict[str, int]:
    """Give the priority of each service's rule; a service without host and path has none, and takes the rest."""
    found: dict[str, int] = {}
    for service in services:
        if not service.host and not service.path:
            continue
        taken = set(found.values())
        wanted = 1 + _place(service) * _WIDTH + _within(service)
        # A listener takes 100 rules by default, so that there is room behind all of them but the last.
        upwards = (wanted + step for step in range(MOST_PRIORITY - wanted + 1))
        downwards = (wanted - step for step in range(1, wanted))
        found[service.name] = next(each for way in (upwards, downwards) for each in way if each not in taken)
    return found


def _place(service: Service) -> int:
    """Give the place in the order; with several patterns that of the one which says least."""
    host = max((_host(text) for text in service.host), default=_ANY_HOST)
    path = max((_path(text) for text in service.path), default=_ANY_PATH)
    return host * (_ANY_PATH + 1) + path


def _within(service: Service) -> int:
    return zlib.crc32("\n".join((*sorted(service.host), "", *sorted(service.path))).encode()) % _WIDTH


def _host(text: str) -> int:
    """Give 0 for an exact host; one with wildcards comes the later, the fewer dots it has."""
    return _ANY_HOST - max(1, min(text.count("."), _DOTS)) if _wildcards(text) else 0


def _path(text: str) -> int:
    """Let the longer path come first, and of two with the same letters the one without wildcards."""
    letters = min(len(text) - _wildcards(text), _LETTERS)
    return 2 * (_LETTERS - letters) + bool(_wildcards(text))


def _wildcards(text: str) -> int:
    return text.count("*") + text.count("?")
