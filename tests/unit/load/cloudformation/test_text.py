"""JSON and YAML with their lines. Expected lines are counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from natless.load.cloudformation.json_text import read_json
from natless.load.cloudformation.tree import MAX_DEPTH, Map, Node, Problems, Seq, Unparsable
from natless.load.cloudformation.yaml_text import read_yaml


def json_tree(text: str) -> Node:
    return read_json(text, Problems("t.json"))


def yaml_tree(text: str) -> Node:
    return read_yaml(text, Problems("t.yaml"))


def test_json_keys_know_their_lines() -> None:
    tree = json_tree('{\n  "A": {\n    "B": [1,\n      "two"],\n    "C": null\n  }\n}')
    assert isinstance(tree, Map)
    inner = tree["A"]
    assert isinstance(inner, Map)
    assert (tree.lines, inner.line, inner.lines) == ({"A": 2}, 2, {"B": 3, "C": 5})
    listed = inner["B"]
    assert isinstance(listed, Seq)
    assert (list(listed), listed.lines) == ([1, "two"], [3, 4])


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        ' [ {} , [ ] , "" ] ',
        '{"a":true,"b":false,"c":null,"d":-0,"e":1.5e3,"f":"\\u00e4\\n\\"x\\"","g\\t":[[[]]]}',
        '{"\\ud83d\\ude00": "\\/"}',
        "12",
        '"text"',
        '{"a" : [ 1 , 2.25 , {"b" : "c"} ] , "d" : {} }',
    ],
)
def test_json_agrees_with_the_standard_library(text: str) -> None:
    assert json_tree(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": 1,\n}', 2, "a name in double quotes"),
        ('{"a": 1\n"b": 2}', 2, "',' or '}'"),
        ("{'a': 1}", 1, "a name in double quotes"),
        ('{"a": [1, 2}', 1, "',' or ']'"),
        ('{"a": [1, 2\n', 2, "cut off"),
        ('{"a": {"b": 1]}', 1, "',' or '}'"),
        ('{"a": tru}', 1, "a value"),
        ('{"a": 01}', 1, "a value"),
        ('{"a": "x\ny"}', 1, "not JSON"),
        ('{"a": "\\q"}', 1, "not JSON"),
        ('{"a" 1}', 1, "':'"),
        ("{}\n{}", 2, "more text"),
        ('{"a": "\\ud800"}', 1, "half of a character"),
        ('{"a": ' + "9" * 40 + "}", 1, "a value"),
        ('{"a": {]}', 1, "'}'"),
    ],
)
def test_broken_json_names_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(Unparsable) as raised:
        json_tree(text)
    assert raised.value.line == line
    assert words in raised.value.message


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (json_tree, "[" * 100_000),
        (json_tree, '{"a":' * 100_000),
        (json_tree, "[" * 900 + "]" * 900),
        (yaml_tree, "- " * 100_000),
        (yaml_tree, "{a: " * 100_000),
        (yaml_tree, "[" * 100_000),
    ],
)
def test_depth_is_limited(reader: Callable[[str], Node], text: str) -> None:
    with pytest.raises(Unparsable) as raised:
        reader(text)
    assert str(MAX_DEPTH) in raised.value.message


def test_yaml_short_forms_become_functions() -> None:
    tree = yaml_tree(
        "a: !Ref X\nb: !GetAtt X.Arn\nc: !Join ['', [!Ref Y, z]]\nd: !Sub\n  - ${v}\n  - v: !Ref X\n"
        "e: !Condition C\nf: !Equals [1, 1]\n"
    )
    assert tree == {
        "a": {"Ref": "X"},
        "b": {"Fn::GetAtt": "X.Arn"},
        "c": {"Fn::Join": ["", [{"Ref": "Y"}, "z"]]},
        "d": {"Fn::Sub": ["${v}", {"v": {"Ref": "X"}}]},
        "e": {"Condition": "C"},
        "f": {"Fn::Equals": [1, 1]},
    }


def test_yaml_plain_text_as_yaml_1_1_with_cloudformation_in_mind() -> None:
    tree = yaml_tree("[yes, No, ~, 2012-10-17, 443, -1, 0755, 22:22, 1.5, '443', 012345678901, on, null, 1e3]")
    assert tree == [
        True,
        False,
        None,
        "2012-10-17",
        443,
        -1,
        "0755",
        "22:22",
        1.5,
        "443",
        "012345678901",
        True,
        None,
        "1e3",
    ]


def test_yaml_lines_anchors_and_merges() -> None:
    tree = yaml_tree("base: &b\n  x: 1\n  y: 2\nmore:\n  <<: *b\n  y: 3\nsame: *b\n")
    assert isinstance(tree, Map)
    assert tree == {"base": {"x": 1, "y": 2}, "more": {"x": 1, "y": 3}, "same": {"x": 1, "y": 2}}
    more = tree["more"]
    assert isinstance(more, Map)
    assert (tree.lines, more.lines) == ({"base": 1, "more": 4, "same": 7}, {"x": 2, "y": 6})


def test_keys_written_twice_are_noted() -> None:
    for reader, text in ((read_json, '{"a": 1,\n"a": 2}'), (read_yaml, "a: 1\na: 2\n")):
        problems = Problems("t")
        assert reader(text, problems) == {"a": 2}
        assert problems.twice == [("a", 1, 2)]


def test_aliases_that_multiply_are_stopped() -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12))
    with pytest.raises(Unparsable, match="aliases followed"):
        yaml_tree("a0: &a0 [x, x]\n" + levels)


def test_long_texts_by_alias_are_stopped() -> None:
    with pytest.raises(Unparsable, match="aliases followed"):
        yaml_tree(f"a: &a {'x' * 500_000}\nb: [{'*a, ' * 1000}]\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1, 2\n", "not YAML"),
        ("a: *nowhere\n", "names nothing"),
        ("a: &a [*a]\n", "names nothing"),
        ("? [x]\n: 1\n", "names are text"),
        ("? *a\n: 1\n", "names"),
        ("a: 1\n---\nb: 2\n", "2 YAML documents"),
        ("a: \x00\n", "not YAML"),
        ("a: \ud800\n", "UTF-8"),
        ("\ta: 1\n", "not YAML"),
    ],
)
def test_broken_yaml(text: str, words: str) -> None:
    with pytest.raises(Unparsable) as raised:
        yaml_tree(text)
    assert words in raised.value.message


def test_python_objects_are_never_made() -> None:
    problems = Problems("t")
    tree = read_yaml(
        'a: !!python/object/apply:os.system ["echo"]\nb: !!timestamp 2012-10-17\nc: !!str 12\nd: !!int "12"\n', problems
    )
    assert tree == {"a": ["echo"], "b": "2012-10-17", "c": "12", "d": 12}
    assert [finding.origin.line for finding in problems.found] == [1, 2]
