"""Which requests reach which service: ports, host and path patterns, and that no two services answer the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from natless.catalog.routing import MOST_VALUES, MOST_WILDCARDS
from natless.finding.rules import KEY_MISSING, ROUTE_INVALID, ROUTE_TAKEN, SERVICE_NAMES_ALIKE
from natless.spec.calls import check_calls
from natless.spec.model import Service
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted
from natless.spec.table import Table, place
from natless.spec.words import Key

_WRONG = {
    "host": "a host is small letters, digits, - _ . * ? with a dot, letters alone after the last one, at most 128",
    "path": "a path begins with a slash or *, then letters, digits and _-.$/~\"'@:+&*?, at most 128 characters",
}


def read_port(problems: Problems, path: KeyPath, table: Table) -> int | None:
    """Read the port: what answers the load balancer must have one, a worker has none."""
    port: int | None = table.values.get("port")
    public = table.values.get("public", True)
    if "port" not in table.named and public:
        message = f"{place(path)} lacks port: the one that the container listens on; a worker says public = false"
        problems.add(KEY_MISSING, path, message, "port = 8080")
    return port


def read_patterns(problems: Problems, path: KeyPath, table: Table, key: Key) -> tuple[str, ...]:
    """Read `host` or `path`: one pattern or several, of the form that a load balancer takes."""
    given = table.values.get(key.name, ())
    found = (given,) if isinstance(given, str) else tuple(given)
    where = (*path, key.name)
    if key.name in table.values and not found:
        problems.add(ROUTE_INVALID, where, f"{key.name} is empty: no request would fit", key.sample)
    for index, text in enumerate(found):
        if re.fullmatch(key.pattern or "", text) is None:
            at = where if isinstance(given, str) else (*where, str(index))
            problems.add(ROUTE_INVALID, at, f"{key.name} has {quoted(text[:60])}: {_WRONG[key.name]}", _near(key, text))
    if len(set(found)) < len(found):
        problems.add(ROUTE_INVALID, where, f"{key.name} has the same text twice", key.sample)
    if found and table.values.get("public") is False:
        message = f"{key.name} says which requests it answers, and {path[-1]} is not public: none reach it"
        problems.add(ROUTE_INVALID, where, message, f"# {key.name}: remove the line, or public = false")
    return found


def _near(key: Key, text: str) -> str:
    plain = re.sub(r"^https?://", "", text.strip())
    host, _, rest = plain.partition("/")
    near = host.partition(":")[0].lower() if key.name == "host" else f"/{rest if host and '.' in host else plain}"
    near = re.sub("/+", "/", near)
    return f"{key.name} = {quoted(near)}" if re.fullmatch(key.pattern or "", near) else key.sample


def check_services(problems: Problems, services: Sequence[Service]) -> None:
    """Hold the services against each other: names that become one, requests that two would answer, and calls."""
    check_calls(problems, services)
    words: dict[str, str] = {}
    routes: dict[tuple[frozenset[str], frozenset[str]], str] = {}
    for service in services:
        path = ("services", service.name)
        _check_conditions(problems, path, service)
        plain = service.name.replace("-", "")
        if plain in words:
            message = f"{service.name} and {words[plain]} become one name where hyphens are left out, as in AWS's ids"
            problems.add(SERVICE_NAMES_ALIKE, path, message, f"[services.{service.name}-2]")
        words.setdefault(plain, service.name)
        route = (frozenset(service.host), frozenset(service.path))
        if service.public and route in routes:
            other = routes[route]
            what = f"the same host and path as {other}" if any(route) else f"neither host nor path, as {other} has"
            message = f"{service.name} has {what}: which of the two is to answer?"
            problems.add(ROUTE_TAKEN, path, message, f'path = ["/{service.name}", "/{service.name}/*"]')
        if service.public:
            routes.setdefault(route, service.name)


def _check_conditions(problems: Problems, path: KeyPath, service: Service) -> None:
    patterns = (*service.host, *service.path)
    wild = sum(text.count("*") + text.count("?") for text in patterns)
    where = (*path, "path" if service.path else "host")
    if len(patterns) > MOST_VALUES:
        message = f"{service.name} has {len(patterns)} hosts and paths: a load balancer's rule takes {MOST_VALUES}"
        problems.add(ROUTE_INVALID, where, message, 'path = "/api/*"')
    if wild > MOST_WILDCARDS:
        message = f"{service.name} has {wild} wildcards in its hosts and paths: a rule takes {MOST_WILDCARDS}"
        problems.add(ROUTE_INVALID, where, message, 'path = "/api/*"')
