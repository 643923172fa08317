"""The JSON Schema and `read` accept the same keys, and whatever `read` accepts the schema accepts."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import natless.spec
from natless.spec.network_words import NETWORK
from natless.spec.read import SpecError, read
from natless.spec.schema import schema
from natless.spec.words import COUNT, SERVICE, TOP, Words

VALIDATOR = Draft202012Validator(schema())
SHIPPED = Path(natless.spec.__file__).with_name("natless.schema.json")


def test_the_shipped_file_is_the_schema() -> None:
    assert json.loads(SHIPPED.read_text(encoding="utf-8")) == schema()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def properties(*path: str) -> set[str]:
    found: Any = schema()
    for step in path:
        found = found["properties"][step] if step != "*" else found["additionalProperties"]
    return set(found["properties"])


@pytest.mark.parametrize(("words", "path"), [(TOP, ()), (NETWORK, ("network",)), (SERVICE, ("services", "*"))])
def test_every_key_of_one_is_a_key_of_the_other(words: Words, path: tuple[str, ...]) -> None:
    expected = {key.name for key in words.keys} | {later.name for later in words.later if later.now is not None}
    assert properties(*path) == expected


def test_the_keys_of_count() -> None:
    [_, table] = schema()["properties"]["services"]["additionalProperties"]["properties"]["count"]["anyOf"]
    assert set(table["properties"]) == {key.name for key in COUNT.keys}


def mostly(good: tuple[str, ...], bad: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(good * 4 + bad)


def optional(line: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), values.map(f"{line} = {{}}\n".format))


image = '"123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"'
files = st.tuples(
    st.just("name = ") | st.just("name="),
    mostly(('"hello"', '"a-b"'), ('"A"', '"a--b"', '"a"', "1")).map("{}\n".format),
    optional("region", mostly(('"us-east-1"',), ('"x"', "1"))),
    optional("network.cidr", mostly(('"10.0.0.0/16"',), ('"10.0.0.0"', '""', "10"))),
    # Not 2.0: a whole number to JSON Schema, none to TOML.
    optional("network.zones", mostly(("2", "3", "4"), ("1", "5", "2.5", "true", '"2"'))),
    optional("network.nat", mostly(("false",), ("true", "0"))),
    optional("zone", mostly(("2",), ())) | st.just(""),
    st.just("[services.web]\n"),
    mostly(('build = "."\n', f"image = {image}\n"), ("", f'build = "."\nimage = {image}\n', "build = 1\n")),
    # What calls a private service is told by `read` alone, so that none of these has a port.
    mostly(
        ("port = 80\n", "port = 80\npublic = true\n", "public = false\n"),
        ("", "port = 0\n", 'port = "1"\n', "port = true\n", "public = 1\n"),
    ),
    mostly(
        ("", 'launch = "fargate"\n', 'launch = "ec2"\ninstance = "m5.4xlarge"\nnetwork_mode = "bridge"\n'),
        ('launch = "ec2"\n', "launch = 1\n", 'instance = "t3.small"\n', 'launch = "ec2"\ninstance = "t"\n'),
    ),
    optional("instances", mostly(("2", "{ min = 1, max = 2 }"), ("0", "{ min = 1 }", '"2"'))),
    mostly(("", "cpu = 512\nmemory = 1024\n"), ("cpu = 3\n", "cpu = 512\nmemory = 512\n", "memory = 3\n")),
    optional("health", mostly(('"/"', '"/a?b"'), ('"a"', '"/ "', "1"))),
    optional("count", mostly(("1", "{ min = 1, max = 2 }"), ("0", "{ min = 1 }", "{ min = 1, max = 2, m = 3 }"))),
    optional("environment", mostly(('{ A = "x" }',), ("{ A = 1 }", '{ "" = "x" }', '{ "A B" = "x" }'))),
    optional(
        "uses",
        mostly(
            (
                '{ sqs = "jobs:send" }',
                '{ s3 = ["uploads"], ssm = "/a/b:read" }',
                '{ sts = "arn:aws:iam::123456789012:role/a" }',
            ),
            ("{ s3 = [] }", '{ sqs = "a b" }', '{ x = "y" }', "{ sqs = 1 }", '{ sns = ["a", "a"] }', '{ sqs = "a:" }'),
        ),
    ),
    optional("secrets", mostly(('{ B = "ssm:/a" }',), ('{ B = "x" }', "{ B = 1 }", '{ "1" = "ssm:/a" }'))),
).map("".join)


@given(files)
def test_read_and_schema_agree(text: str) -> None:
    try:
        read(text, "natless.toml")
        accepted = True
    except SpecError:
        accepted = False
    assert VALIDATOR.is_valid(tomllib.loads(text)) == accepted
