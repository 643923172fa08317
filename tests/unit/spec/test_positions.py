"""positions: the line it gives for a key is one that holds the key. Expected values counted by hand."""

from __future__ import annotations

import re
import string
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from natless.spec.positions import KeyPath, positions

ALL_SHAPES = '''# comment [not.a.table]
a = 1
"b c".d = "x # y"
[t.u]  # z
k = { x = 1, y = { z = [1,
2, { q = 3 }] } }
m = """
[no.header]
\\""" "" """""
n = 2
[[arr]]
v = 1
[[arr.sub]]
w = 1
[arr.tab]
x = 1
[[arr]]
v = 2
[t]
e = 1979-05-27 07:32:00 # c
'lit' = \'\'\'
still = lit\'\'\'
f = []
"\\u0067" = {}
'''


def test_every_shape_of_toml() -> None:
    assert tomllib.loads(ALL_SHAPES)
    assert dict(positions(ALL_SHAPES)) == {
        ("a",): 2,
        ("b c",): 3,
        ("b c", "d"): 3,
        ("t", "u"): 4,
        ("t", "u", "k"): 5,
        ("t", "u", "k", "x"): 5,
        ("t", "u", "k", "y"): 5,
        ("t", "u", "k", "y", "z"): 5,
        ("t", "u", "k", "y", "z", "0"): 5,
        ("t", "u", "k", "y", "z", "1"): 6,
        ("t", "u", "k", "y", "z", "2"): 6,
        ("t", "u", "k", "y", "z", "2", "q"): 6,
        ("t", "u", "m"): 7,
        ("t", "u", "n"): 10,
        ("arr",): 11,
        ("arr", "0"): 11,
        ("arr", "0", "v"): 12,
        ("arr", "0", "sub"): 13,
        ("arr", "0", "sub", "0"): 13,
        ("arr", "0", "sub", "0", "w"): 14,
        ("arr", "0", "tab"): 15,
        ("arr", "0", "tab", "x"): 16,
        ("arr", "1"): 17,
        ("arr", "1", "v"): 18,
        ("t",): 19,
        ("t", "e"): 20,
        ("t", "lit"): 21,
        ("t", "f"): 23,
        ("t", "g"): 24,
    }


def test_windows_line_ends() -> None:
    assert dict(positions("a = 1\r\n[b]\r\nc = 2\r\n")) == {("a",): 1, ("b",): 2, ("b", "c"): 3}


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    found = {path} - {()}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found.union(*(paths(part, (*path, str(key))) for key, part in items))


keys = st.text(string.ascii_letters + string.digits + "-_ .#\"'\\é\n=[]", max_size=6)
scalars = st.one_of(
    st.integers(-9, 99),
    st.booleans(),
    st.text(string.ascii_letters + "\"'\\#[]{},=\n\t ", max_size=12),
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def key_text(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else quoted(key)


def value_text(value: Any) -> str:
    match value:
        case bool() | int():
            return str(value).lower()
        case str() if "\n" in value and "\\" not in value and '"' not in value:
            return f'"""\n{value}"""'
        case str() if "'" not in value and "\n" not in value:
            return f"'{value}'"
        case str():
            return quoted(value)
        case list():
            return "[" + "".join(f"\n{value_text(part)}, # ]\n" for part in value) + "]"
        case _:
            return "{" + ", ".join(f"{key_text(key)} = {value_text(part)}" for key, part in value.items()) + "}"


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=4), max_size=4))
def test_each_line_holds_its_key(tables: dict[str, dict[str, Any]]) -> None:
    text = ""
    for name, table in tables.items():
        text += f"[ {key_text(name)} ] # [x]\n"
        text += "".join(f"\n{key_text(key)}={value_text(value)}# y = 1\n" for key, value in table.items())
    assert tomllib.loads(text) == tables
    found = positions(text)
    assert set(found) == paths(tables)
    rows = text.split("\n")
    for path, line in found.items():
        # An element of an array has an index for a key, which the text does not hold.
        assert path[-1].isdecimal() or key_text(path[-1]) in rows[line - 1]


@given(st.text("ab=[]{}\"'.,#\n\\ 1", max_size=60))
def test_any_toml_is_walked_to_its_end(text: str) -> None:
    try:
        value = tomllib.loads(text)
    except ValueError:
        return
    assert set(positions(text)) == paths(value)
