"""Which S3 operation a request is: by method, path and query, as botocore's model of S3 lays them out."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

import botocore.session
import msgspec


class Place(msgspec.Struct, frozen=True):
    """A bucket and a key in it, each "" where the request names none."""

    bucket: str
    key: str


class _Shape(msgspec.Struct, frozen=True):
    """What a request must have to be an operation: query keys (with `=value` where one is fixed) and headers."""

    name: str
    query: frozenset[str]
    headers: frozenset[str]


def place(host: str, path: str) -> Place:
    """Read the bucket from the host's name (`BUCKET.s3.REGION...`), or else from the path."""
    label, dot, _ = host.partition(".s3.")
    whole = path.lstrip("/")
    if not dot:
        label, _, whole = whole.partition("/")
    return Place(label, whole)


def operation(method: str, where: Place, query_text: str, headers: Iterable[str]) -> str:
    """Give the operation's name, "" where the model has none; `headers` in lower case."""
    query = parse_qs(query_text, keep_blank_values=True)
    given = {*query, *(f"{name}={values[0]}" for name, values in query.items())}
    level = 2 if where.key else 1 if where.bucket else 0
    present = frozenset(headers)
    fitting = [each for each in _shapes().get((method, level), ()) if each.query <= given and each.headers <= present]
    return max(fitting, key=lambda each: (len(each.query), len(each.headers)), default=_Shape("", *_NONE)).name


_NONE: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


@functools.lru_cache(maxsize=1)
def _shapes() -> Mapping[tuple[str, int], tuple[_Shape, ...]]:
    model = botocore.session.get_session().get_service_model("s3")
    found: dict[tuple[str, int], list[_Shape]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        level = 2 if "{Key+}" in path else 1 if "{Bucket}" in path else 0
        required = operation.input_shape.required_members if operation.input_shape else ()
        members = [operation.input_shape.members[each] for each in required] if operation.input_shape else []
        fixed = {part for part in query.split("&") if part and "{" not in part}
        asked = {each.serialization["name"] for each in members if each.serialization.get("location") == "querystring"}
        headers = {
            each.serialization["name"].lower() for each in members if each.serialization.get("location") == "header"
        }
        shape = _Shape(name, frozenset(fixed | asked), frozenset(headers))
        found.setdefault((operation.http["method"], level), []).append(shape)
    return {key: tuple(shapes) for key, shapes in found.items()}
