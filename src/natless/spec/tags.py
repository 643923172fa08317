"""`[tags]` and `permissions_boundary`: what is put on all that is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from natless.catalog.partitions import partition_of
from natless.finding.rules import TYPE_WRONG, VALUE_INVALID
from natless.spec.problems import Problems, quoted, written
from natless.spec.words import BOUNDARY_PATTERN, MOST_TAGS, TAG_KEY_PATTERN, TAG_VALUE_PATTERN

_SAMPLE = 'team = "shop"'
_BOUNDARY = "permissions_boundary"
_TAKEN = "letters, digits, spaces within and + - = . _ : / @ are what every service takes"
_OWN = re.compile(r"natless(:.*)?", re.IGNORECASE)


def read_tags(problems: Problems, given: Mapping[str, Any]) -> dict[str, str]:
    """Read the tags: keys and values that every service takes (AWS tagging reference, "Tag naming limits")."""
    values: dict[str, str] = {}
    seen = {"name": "Name"}
    for key, value in given.items():
        path = ("tags", key)
        plain = key.casefold()
        wrong = _wrong_key(key)
        if wrong:
            problems.add(VALUE_INVALID, path, f"the tag {quoted(key)}: {wrong}", _SAMPLE)
        elif key == "Name":
            message = "the tag Name says which thing it is, and natless sets it on each"
            problems.add(VALUE_INVALID, path, message, '# Name: write another key, as Project = "..."')
        elif plain in seen:
            message = f"the tags {quoted(seen[plain])} and {quoted(key)} differ in case alone: IAM takes them for one"
            problems.add(VALUE_INVALID, path, message, f"# {key}: remove the line")
        elif not isinstance(value, str):
            message = f"{key} = {written(value)}: the value of a tag is a text in quotes"
            text = quoted(written(value)) if not isinstance(value, (dict, list)) else '"..."'
            problems.add(TYPE_WRONG, path, message, f"{_bare(key)} = {text}")
        elif not _fits(TAG_VALUE_PATTERN, value):
            message = f"{key} = {written(value)}: {_TAKEN}, 1 to 256 of them"
            problems.add(VALUE_INVALID, path, message, f"{_bare(key)} = {quoted(_near(value)[:256] or 'x')}")
        else:
            values[key] = value
        seen.setdefault(plain, key)
    if len(given) > MOST_TAGS:
        message = f"{len(given)} tags: AWS takes 50 on a thing, of which natless sets 3 itself"
        problems.add(VALUE_INVALID, ("tags",), message, f"[tags]   # at most {MOST_TAGS}")
    return values


def read_boundary(problems: Problems, text: str | None, region: str | None) -> str | None:
    """Read the permissions boundary: a managed policy's ARN, of the region's partition."""
    path = (_BOUNDARY,)
    sample = f'{_BOUNDARY} = "arn:aws:iam::123456789012:policy/boundary"'
    if text is None:
        return None
    if not re.fullmatch(BOUNDARY_PATTERN, text):
        message = f"{_BOUNDARY} = {written(text)}: a boundary is named by the ARN of a managed policy of IAM"
        problems.add(VALUE_INVALID, path, message, sample)
        return None
    partition = text.split(":")[1]
    if region is not None and partition != partition_of(region).name:
        message = f"{_BOUNDARY} = {written(text)} is of the partition {partition}, and {region} is in another"
        problems.add(VALUE_INVALID, path, message, sample.replace("arn:aws:", f"arn:{partition_of(region).name}:"))
        return None
    return text


def _wrong_key(key: str) -> str:
    """Say why AWS, or natless, does not take a key; "" where both do."""
    if key.casefold().startswith("aws:"):
        return "keys that begin with aws: are AWS's own, and it refuses them from others"
    if _OWN.fullmatch(key):
        return "natless sets it itself, and tells its stacks by it"
    return "" if _fits(TAG_KEY_PATTERN, key) else f"{_TAKEN}, 1 to 128 of them"


def _fits(pattern: str, text: str) -> bool:
    return (
        re.fullmatch(pattern, text) is not None
        and text == text.strip()
        and all(char.isalnum() or char in " +-=._:/@" for char in text)
    )


def _near(text: str) -> str:
    return "".join(char if _fits(TAG_VALUE_PATTERN, char) or char == " " else "-" for char in text).strip()


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else quoted(key)
