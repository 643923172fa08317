"""What a request asks permission for: actions on resources, derived from the call and the catalog's tables."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import unescape

import msgspec

from natless.catalog.authorization import AUTHORIZATIONS, S3_ACTIONS, Authorization
from natless.catalog.partitions import partition_of
from natless.catalog.stack_authorization import EC2_PREFIXES, PASSED, STACK_AUTHORIZATIONS
from natless.lab.services import requests, s3_operations
from natless.lab.services.requests import Asked
from natless.lab.services.stores import Stores

TABLES: Mapping[str, Authorization] = {**AUTHORIZATIONS, **STACK_AUTHORIZATIONS}
"""Every service whose calls are understood, by its name in a signature."""

_PLACE = re.compile(r"\{(\w+)\}")
_PLACES = re.compile(r"\{([\w.|]+)\}")
_TAGS = ("Tags", "tags", "TagSpecification")
_MEMBER = re.compile(r"\.(?:member\.)?\d+$")
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
_KNOWN = ("region", "account", "partition")
_TRANSACT = {"TransactGetItems", "TransactWriteItems"}
_ROLES = ("taskRoleArn", "executionRoleArn")
_S3_KEYS = {"s3:prefix": "prefix", "s3:delimiter": "delimiter", "s3:max-keys": "max-keys"}


class Ask(msgspec.Struct, frozen=True):
    """One thing asked for. `resource` is an ARN or `*`; `keys` are condition keys of the service's own.

    `free` says that the service asks no identity-based policy for it.
    """

    service: str
    action: str
    resource: str
    keys: Mapping[str, tuple[str, ...]] = {}
    free: bool = False


class UnknownCallError(Exception):
    """The lab has no table that says what a call asks for; the text names the call."""


class Asking:
    """Derives what calls of one account and region ask for."""

    def __init__(self, account: str, region: str, stores: Stores) -> None:
        """Take the account, its region, and what looks names up."""
        self._stores = stores
        self._known = {"region": region, "account": account, "partition": partition_of(region).name}

    def asks(self, asked: Asked, environ: dict[str, Any]) -> tuple[Ask, ...]:
        """Give everything a request needs permission for, one thing at least; raises UnknownCallError."""
        found = self._s3(asked, environ) if asked.service == "s3" else self._by_table(asked, environ)
        if not found:
            message = f"{asked.service}:{asked.call or asked.method}"
            raise UnknownCallError(message)
        return found

    def _by_table(self, asked: Asked, environ: dict[str, Any]) -> tuple[Ask, ...]:
        table = TABLES.get(asked.service)
        if table is None or not _speaks_of(table, asked.call):
            message = f"{asked.service}:{asked.call}"
            raise UnknownCallError(message)
        parameters = _parameters(asked, environ)
        if asked.call in _TRANSACT:
            return tuple(self._transaction(table, parameters))
        keys = self._keys(asked.service, parameters)
        found = [
            Ask(asked.service, f"{table.prefix}:{action}", resource, keys, free=asked.call in table.free)
            for action in table.renamed.get(asked.call, (asked.call,))
            for resource in self._resources(asked.service, asked.call, table, parameters)
        ]
        return (*found, *self._tags(asked, table, parameters), *self._passed_roles(asked, parameters))

    def _keys(self, service: str, parameters: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
        """Give a service's own condition keys, as far as policies of natless's name them."""
        if service == "ecs":
            name = str(parameters.get("cluster") or "default").rpartition("/")[2]
            return {
                "ecs:cluster": (f"arn:{{partition}}:ecs:{{region}}:{{account}}:cluster/{name}".format(**self._known),)
            }
        return {"ec2:createaction": ()} if service == "ec2" else {}

    def _tags(self, asked: Asked, table: Authorization, parameters: Mapping[str, Any]) -> Iterator[Ask]:
        """Give what a call asks besides where what it makes is to have tags."""
        template = table.tagged.get(asked.call) or table.tagged.get("*")
        made = not asked.call.startswith(("Describe", table.tagging)) and any(
            name.startswith(_TAGS) and value for name, value in parameters.items()
        )
        if template and made:
            keys = {f"{table.prefix}:createaction": (asked.call,)}
            for resource in self._each(template, parameters):
                yield Ask(asked.service, f"{table.prefix}:{table.tagging}", resource, keys)

    def _each(self, template: str, parameters: Mapping[str, Any]) -> list[str]:
        """Fill a template in with all that the call names, `*` where it names nothing."""
        found = [template]
        for place in _PLACES.findall(template):
            known = self._known.get(place)
            named = next((parameters[name] for name in place.split("|") if parameters.get(name)), "*")
            values = [known] if known is not None else _listed(named)
            found = [text.replace(f"{{{place}}}", value) for text in found for value in values]
        return found

    def _resources(self, service: str, call: str, table: Authorization, parameters: Mapping[str, Any]) -> list[str]:
        if call in table.only:
            return [table.only[call]]
        if service == "ec2" and call in {"CreateTags", "DeleteTags"}:
            here = "arn:{partition}:ec2:{region}:{account}:".format(**self._known)
            ids = _listed(parameters.get("ResourceId") or "*")
            return [f"{here}{EC2_PREFIXES.get(each.partition('-')[0], '*')}/{each}" for each in ids]
        if call in table.each:
            return [each for template in table.each[call] for each in self._each(template, parameters)]
        given = dict(parameters)
        if service == "ecs":
            given.setdefault("cluster", "default")
        for template in table.resources:
            wanted = [name for name in _PLACE.findall(template) if name not in _KNOWN]
            if all(given.get(name) for name in wanted):
                values = [[self._stores.named(service, name, each) for each in _listed(given[name])] for name in wanted]
                return [self._filled(template, wanted, chosen) for chosen in itertools.product(*values)]
        return [table.otherwise.format_map(self._known)]

    def _filled(self, template: str, names: list[str], values: tuple[str, ...]) -> str:
        """Fill a template in. An ARN in its last place is the resource itself; before it, its last part is the name."""
        *firsts, last = values
        if last.startswith("arn:"):
            return last
        short = [each.rpartition("/")[2] if each.startswith("arn:") else each for each in firsts]
        return template.format_map(self._known | dict(zip(names, [*short, last], strict=True)))

    def _transaction(self, table: Authorization, parameters: Mapping[str, Any]) -> Iterator[Ask]:
        """Give what each item of a DynamoDB transaction needs: the action of its own kind, on its table."""
        for item in parameters.get("TransactItems") or []:
            for kind, inner in item.items():
                action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
                for resource in self._resources("dynamodb", action, table, inner):
                    yield Ask("dynamodb", f"dynamodb:{action}", resource)

    def _passed_roles(self, asked: Asked, parameters: Mapping[str, Any]) -> Iterator[Ask]:
        """Give iam:PassRole for the roles that a call hands to a service (its dependent action in the reference)."""
        handed, to = PASSED.get((asked.service, asked.call), ("", ""))
        if parameters.get(handed):
            name = str(parameters[handed])
            arn = (
                name if name.startswith("arn:") else "arn:{partition}:iam::{account}:role/".format(**self._known) + name
            )
            yield Ask("iam", "iam:PassRole", arn, {"iam:passedtoservice": (to,)})
        if asked.service != "ecs" or asked.call not in ("RegisterTaskDefinition", "RunTask", "StartTask"):
            return
        given = {name: str(parameters.get(name) or "") for name in _ROLES}
        if asked.call != "RegisterTaskDefinition":
            overrides = parameters.get("overrides") or {}
            own = self._stores.task_roles(str(parameters.get("taskDefinition", "")))
            given = {name: str(overrides.get(name) or own.get(name) or "") for name in _ROLES}
        keys = {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}
        for role in filter(None, given.values()):
            yield Ask("iam", "iam:PassRole", role, keys)

    def _s3(self, asked: Asked, environ: dict[str, Any]) -> tuple[Ask, ...]:
        host = str(environ.get("HTTP_HOST", "")).partition(":")[0]
        where = s3_operations.place(host, str(environ.get("PATH_INFO", "/")))
        query_text = str(environ.get("QUERY_STRING", ""))
        query = dict(parse_qsl(query_text, keep_blank_values=True))
        headers = [name.removeprefix("HTTP_").lower().replace("_", "-") for name in environ if name.startswith("HTTP_")]
        call = s3_operations.operation(asked.method, where, query_text, headers)
        table = S3_ACTIONS.get(call)
        if table is None:
            message = f"s3:{call or asked.method}"
            raise UnknownCallError(message)
        bucket = f"arn:{self._known['partition']}:s3:::{where.bucket}"
        resource = {"all": "*", "bucket": bucket, "object": f"{bucket}/{where.key}"}[table.on]
        if call == "DeleteObjects":
            listed = _KEY.findall(requests.body(environ).decode(errors="replace"))
            return tuple(Ask("s3", "s3:DeleteObject", f"{bucket}/{unescape(each)}") for each in listed)
        keys = {key: (query[name],) if name in query else () for key, name in _S3_KEYS.items()}
        versioned = "versionId" in query and call in ("GetObject", "HeadObject", "DeleteObject")
        actions = [f"s3:{each}Version" if versioned else f"s3:{each}" for each in table.actions]
        found = [Ask("s3", each, resource, keys) for each in actions]
        if call in ("GetObject", "HeadObject") and self._stores.lacks(where.bucket, where.key):
            # That an object is not there is told only to who may list its bucket (API reference, GetObject).
            found.append(Ask("s3", "s3:ListBucket", bucket, keys))
        source = str(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).lstrip("/").partition("?")[0]
        if source:
            found.append(Ask("s3", "s3:GetObject", f"arn:{self._known['partition']}:s3:::{source}", keys))
        return tuple(found)


def _speaks_of(table: Authorization, call: str) -> bool:
    known = not table.operations or call in table.each or call.startswith(table.operations)
    return known and call not in table.unknown


def _listed(value: Any) -> list[str]:
    """Give the texts of a parameter: of a list, of a map its keys (DynamoDB's RequestItems)."""
    if isinstance(value, Mapping):
        return [str(each) for each in value]
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _parameters(asked: Asked, environ: dict[str, Any]) -> Mapping[str, Any]:
    """Give a call's parameters by name; a query's `Name.member.N` are a list."""
    text = requests.body(environ)
    if asked.protocol in ("query", "ec2"):
        pairs = parse_qsl(text.decode(errors="replace") or str(environ.get("QUERY_STRING", "")))
        found: dict[str, Any] = {}
        for name, value in pairs:
            short = _MEMBER.sub("", name)
            found[short] = value if short == name else [*found.get(short, []), value]
        return found
    try:
        document = json.loads(text or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
