"""A text to a Spec, or to every problem that it has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from natless.finding import Fix, Origin
from natless.finding.rules import KEY_MISSING, TOML_SYNTAX, TYPE_WRONG
from natless.spec.image import ecr_image
from natless.spec.model import Service, Spec
from natless.spec.network import read_network, read_region
from natless.spec.positions import positions
from natless.spec.problems import Problems, SpecError, written
from natless.spec.public_image import public_image
from natless.spec.routes import check_services
from natless.spec.service import check_name, read_service
from natless.spec.table import Table, take
from natless.spec.tags import read_boundary, read_tags
from natless.spec.words import NAME_PATTERN, TOP

__all__ = ["SpecError", "read"]

_SERVICE = TOP.keys[3]
_BYTE_ORDER_MARK = "\ufeff"
# Compiled when first asked for: most runs of `check` never ask.
_SAID_LINE = r" \(at (?:line (\d+), column \d+|end of document)\)$"
_UNQUOTED = r"\s*([A-Za-z0-9_.-]+)\s*=\s*([A-Za-z./][^\"'#\[\]{}]*?)\s*(?:#.*)?"


def read(text: str, source: str) -> Spec:
    """Read natless.toml. `source` is the file as the person named it.

    Raises SpecError with every problem, each with its line, what is wrong and what to write instead.
    """
    # Some editors put the mark there; TOML has no place for it.
    text = text.removeprefix(_BYTE_ORDER_MARK)
    try:
        given = tomllib.loads(text)
        lines = positions(text)
    except RecursionError:
        raise _syntax(source, 1, "the values are nested too deep", "[services.web]") from None
    except ValueError as error:
        raise _syntax_error(text, source, str(error)) from None
    problems = Problems(source, lines)
    spec = _read_top(problems, given, source, {".".join(path): line for path, line in lines.items()})
    problems.raise_any()
    return spec


def _read_top(problems: Problems, given: Mapping[str, Any], source: str, lines: Mapping[str, int]) -> Spec:
    """Read the whole document; where something is wrong it is recorded, and a stand-in takes its place."""
    table = take(problems, (), given, TOP)
    name = table.values.get("name", "")
    if "name" in table.values:
        check_name(problems, ("name",), name, NAME_PATTERN, least=2)
    region = read_region(problems, table.values.get("region"))
    network = read_network(problems, table.values.get("network", {}), region)
    services = _read_services(problems, table, region)
    region = region or _region_of_image(problems, services)
    tags = read_tags(problems, table.values.get("tags", {}))
    boundary = read_boundary(problems, table.values.get("permissions_boundary"), region)
    return Spec(source, name, region, network, services, lines, tags, boundary)


def _region_of_image(problems: Problems, services: tuple[Service, ...]) -> str | None:
    """Give the region of a given image: no VPC endpoint reaches another one's, so it is the only one to deploy to."""
    given = (service.image for service in services if service.image is not None)
    image = next((each for each in given if public_image(each) is None), None)
    return None if image is None or problems.found else ecr_image(image).region


def _read_services(problems: Problems, table: Table, region: str | None) -> tuple[Service, ...]:
    services = []
    tables: dict[str, Any] = table.values.get("services", {})
    if "services" in table.values and not tables:
        problems.add(KEY_MISSING, ("services",), "[services] is empty: nothing would run", _SERVICE.sample)
    for name, given in tables.items():
        path = ("services", name)
        if not isinstance(given, dict):
            message = f"services.{name} = {written(given)}: a service is a table, [services.{name}]"
            problems.add(TYPE_WRONG, path, message, _SERVICE.sample)
            continue
        services.append(read_service(problems, name, given, region))
    check_services(problems, services)
    return tuple(services)


def _syntax_error(text: str, source: str, said: str) -> SpecError:
    """Give the one finding of a text that is not TOML, at the line that tomllib names."""
    match = re.search(_SAID_LINE, said)
    rows = text.split("\n")
    # A number with thousands of digits is refused without a place.
    line = int(match[1]) if match and match[1] else len(text.rstrip().split("\n")) if match else 1
    row = rows[line - 1] if line <= len(rows) else ""
    unquoted = re.fullmatch(_UNQUOTED, row.rstrip("\r"))
    if unquoted:
        return _syntax(
            source, line, f"{unquoted[1]} = {unquoted[2]}: a text stands in quotes", f'{unquoted[1]} = "{unquoted[2]}"'
        )
    what = said[: match.start()] if match else said
    return _syntax(source, line, f"this is not TOML: {what[:1].lower()}{what[1:]}", 'key = "text", key = 1 or [table]')


def _syntax(source: str, line: int, message: str, instead: str) -> SpecError:
    return SpecError((TOML_SYNTAX.finding("", Origin(source, line), message, fix=Fix("toml", instead)),))
