"""`[tags]` and `permissions_boundary`. Expected: AWS tagging reference, "Tag naming limits and requirements"; IAM user
guide, "Tags for IAM resources" (keys that differ in case are one), "IAM identifiers" (ARNs)."""

from __future__ import annotations

import pytest

from natless.spec.read import SpecError, read

TOP = 'name = "hello"\n'
SERVICE = '[services.web]\nbuild = "."\nport = 8080\n'
ARN = "arn:aws:iam::123456789012:policy/team/boundary"


def found(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(SpecError) as caught:
        read(text, "natless.toml")
    return [(each.origin.line, each.name, each.fix.text if each.fix else "") for each in caught.value.findings]


def tagged(lines: str) -> str:
    return f"{TOP}[tags]\n{lines}\n{SERVICE}"


def test_tags_of_any_script() -> None:
    spec = read(tagged('team = "shop"\n"cost:center" = "42 / a+b=c@d"\nEquipe = "équipe"'), "natless.toml")
    assert spec.tags == {"team": "shop", "cost:center": "42 / a+b=c@d", "Equipe": "équipe"}


@pytest.mark.parametrize("key", ["aws:team", "AWS:team", "Aws:x", "natless", "natless:why", "Natless", "Name"])
def test_what_aws_and_natless_keep_for_themselves_is_refused_with_its_line(key: str) -> None:
    ((line, name, _),) = found(tagged(f'team = "shop"\n"{key}" = "x"'))
    assert (line, name) == (4, "value-invalid")


@pytest.mark.parametrize(
    "line", ['team = "a;b"', 'team = " a"', 'team = ""', f'team = "{"x" * 257}"', '"a;b" = "x"', '"" = "x"']
)
def test_what_some_service_refuses(line: str) -> None:
    assert [(each[0], each[1]) for each in found(tagged(line))] == [(3, "value-invalid")]


def test_every_mistake_is_said_at_once() -> None:
    lines = 'team = 1\nTeam = "x"\n"aws:a" = "x"'
    assert [(line, name) for line, name, _ in found(tagged(lines))] == [
        (3, "type-wrong"),
        (4, "value-invalid"),
        (5, "value-invalid"),
    ]
    assert found(tagged("team = 1"))[0][2] == 'team = "1"'


def test_more_than_aws_takes() -> None:
    assert len(read(tagged("\n".join(f'k{n} = "v"' for n in range(47))), "natless.toml").tags) == 47
    assert found(tagged("\n".join(f'k{n} = "v"' for n in range(48))))[0][:2] == (2, "value-invalid")


def test_a_boundary_is_a_managed_policys_arn() -> None:
    assert read(f'{TOP}permissions_boundary = "{ARN}"\n{SERVICE}', "natless.toml").permissions_boundary == ARN
    for wrong in ("boundary", "arn:aws:iam::123456789012:role/x", "arn:aws:iam::1:policy/x", ""):
        text = f'{TOP}permissions_boundary = "{wrong}"\n{SERVICE}'
        assert [(line, name) for line, name, _ in found(text)] == [(2, "value-invalid")]


def test_a_boundary_lies_in_the_regions_partition() -> None:
    text = f'{TOP}region = "us-gov-west-1"\npermissions_boundary = "{ARN}"\n{SERVICE}'
    ((line, _, instead),) = found(text)
    assert (line, instead) == (3, 'permissions_boundary = "arn:aws-us-gov:iam::123456789012:policy/boundary"')
