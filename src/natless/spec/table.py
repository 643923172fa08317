"""One table of the file against its words: unknown keys, missing ones, wrong types, numbers out of range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from natless.finding.rules import (
    KEY_MISSING,
    KEY_UNKNOWN,
    NOT_SUPPORTED_YET,
    NUMBER_OUT_OF_RANGE,
    TYPE_WRONG,
    VALUE_INVALID,
)
from natless.spec.network_words import NETWORK
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted, written
from natless.spec.words import OTHER_WORDS, SERVICE, TOP, Key, KeyType, Later, Words

_PLACES = ((TOP, "the top of the file, above every [table]"), (NETWORK, "[network]"), (SERVICE, "[services.NAME]"))
_KINDS: tuple[tuple[type, str], ...] = (
    # bool first: Python counts it among the numbers.
    (bool, "true or false"),
    (str, "a text"),
    (int, "a whole number"),
    (float, "a decimal number"),
    (dict, "a table"),
    (list, "a list"),
)


_TAKES: Mapping[KeyType, str] = {
    "text": "a text in quotes",
    "number": "a whole number",
    "flag": "true or false",
    "table": "a table",
    "texts": "a list of texts in quotes",
    "patterns": "a text in quotes, or a list of them",
    "launch": "a word, or { fargate = ..., fargate-spot = ..., base = ... }",
    "count": "a whole number, or { min = ..., max = ..., cpu = ..., memory = ..., requests = ... }",
    "bounds": "a whole number, or { min = ..., max = ... }",
    "zones": "a whole number, or a list of the zones' names",
}


class Table(msgspec.Struct, frozen=True):
    """What a table holds.

    `values` have the right type and range; `named` are all keys that are given, or meant by a misspelt one.
    """

    values: Mapping[str, Any]
    named: frozenset[str]

    def get(self, key: Key) -> Any:
        """Give the value of `key`, or its default."""
        return self.values.get(key.name, key.default)


def take(problems: Problems, path: KeyPath, given: Mapping[str, Any], words: Words) -> Table:
    """Hold a table at `path` against its words, and give what can be read further."""
    known = {key.name: key for key in words.keys}
    later = {key.name: key for key in words.later}
    values, named = {}, set(given)
    for name, value in given.items():
        if name in known:
            if _fits(problems, (*path, name), value, known[name]):
                values[name] = value
        elif name in later:
            _refuse_later(problems, (*path, name), value, later[name])
        else:
            named.add(_refuse_unknown(problems, (*path, name), value, words))
    for key in words.keys:
        if key.required and key.name not in named:
            problems.add(KEY_MISSING, path, f"{place(path)} lacks {key.name}: {key.says}", key.sample)
    return Table(values, frozenset(named))


def place(path: KeyPath) -> str:
    """Give a table as people see it in the file."""
    return f"[{'.'.join(path)}]" if path else "the file"


def is_number(value: Any) -> bool:
    """Say whether a value is a whole number: TOML's true and false are none, though Python counts them."""
    return isinstance(value, int) and not isinstance(value, bool)


def _fits(problems: Problems, path: KeyPath, value: Any, key: Key) -> bool:
    if not _has_type(value, key.type):
        message = f"{key.name} = {written(value)} is {_kind(value)}: {key.name} takes {_TAKES[key.type]}"
        problems.add(TYPE_WRONG, path, message, _converted(value, key))
        return False
    if key.choices and isinstance(value, str) and value not in key.choices:
        if value in key.later:
            _refuse_later(problems, path, value, Later(key.name, " or ".join(key.choices), key.default))
            return False
        near = nearest_word(value, key.choices) or key.default
        listed = " or ".join(quoted(choice) for choice in key.choices)
        message = f"{key.name} = {written(value)}: {key.name} is {listed}"
        problems.add(VALUE_INVALID, path, message, f"{key.name} = {quoted(near)}")
        return False
    if not is_number(value) or key.least is None or key.most is None or key.least <= value <= key.most:
        return True
    nearest = key.least if value < key.least else key.most
    message = f"{key.name} = {written(value)}: {key.name} is {key.least} to {key.most}"
    problems.add(NUMBER_OUT_OF_RANGE, path, message, f"{key.name} = {nearest}")
    return False


def _has_type(value: Any, wanted: KeyType) -> bool:  # noqa: PLR0911 - one answer a type
    match wanted:
        case "text":
            return isinstance(value, str)
        case "number":
            return is_number(value)
        case "flag":
            return isinstance(value, bool)
        case "table":
            return isinstance(value, dict)
        case "texts":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "patterns":
            return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))
        case "count" | "bounds":
            return is_number(value) or isinstance(value, dict)
        case "zones":
            return is_number(value) or _has_type(value, "texts")
        case "launch":
            return isinstance(value, (str, dict))
        case _:
            assert_never(wanted)


def _kind(value: Any) -> str:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "a date or time"


def _converted(value: Any, key: Key) -> str:
    """Give the line that was probably meant: the same value in the right type, or else the key's sample."""
    numeric = key.type in ("number", "count", "bounds", "zones")
    if isinstance(value, str) and numeric and re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return f"{key.name} = {int(value)}"
    if isinstance(value, str) and key.type == "flag" and value.strip().lower() in ("true", "false"):
        return f"{key.name} = {value.strip().lower()}"
    if key.type == "texts" and isinstance(value, str):
        return f"{key.name} = [{quoted(value)}]"
    if key.type == "text" and key.name != "cidr" and not key.choices and is_number(value):
        return f'{key.name} = "{value}"'
    return key.sample


def _refuse_later(problems: Problems, path: KeyPath, value: Any, word: Later) -> None:
    if word.now is not None and value == word.now and isinstance(value, type(word.now)):
        return
    message = f"{word.name} = {written(value)} is not supported yet in this version; supported: {word.instead}"
    instead = f"{word.name} = {written(word.now)}" if word.now is not None else f"# {word.name} = {written(value)}"
    problems.add(NOT_SUPPORTED_YET, path, message, instead)


def _refuse_unknown(problems: Problems, path: KeyPath, value: Any, words: Words) -> str:
    """Record an unknown key, and give the word it was meant to be, or "" where nothing is near."""
    name, table = path[-1], place(path[:-1])
    near = nearest_word(name, tuple(key.name for key in words.keys))
    if near:
        key = next(key for key in words.keys if key.name == near)
        instead = f"{near} = {written(value)}" if _has_type(value, key.type) and key.type != "table" else key.sample
        problems.add(KEY_UNKNOWN, path, f"{name} is no key of {table}: did you mean {near}?", instead)
        return near
    elsewhere = next((where for other, where in _PLACES if any(key.name == name for key in other.keys)), None)
    keys = ", ".join(key.name for key in words.keys)
    if elsewhere:
        message = f"{name} is no key of {table}: it belongs to {elsewhere}"
        instead = f"{name} = {written(value)}   # in {elsewhere}"
    else:
        message = f"{name} is no key of {table}, which takes {keys}"
        instead = f"# {name} = {written(value)}"
    problems.add(KEY_UNKNOWN, path, message, instead)
    return ""


def nearest_word(name: str, valid: tuple[str, ...]) -> str:
    """Give the valid word that `name` was probably meant to be, or ""."""
    # Asked for in a wrong file only; a right one starts faster without it.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    plain = name.lower().replace("-", "_")
    if OTHER_WORDS.get(plain) in valid:
        return OTHER_WORDS[plain]
    return next(iter(get_close_matches(plain, valid, n=1, cutoff=0.6)), "")
