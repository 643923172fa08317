"""`calls`: which services call which by name, and which cannot be called."""

from __future__ import annotations

import pytest

from natless.spec.read import SpecError, read

API = '[services.api]\nbuild = "api"\nport = 9000\npublic = false\n'
BRIDGE = 'launch = "ec2"\ninstance = "t3.small"\nnetwork_mode = "bridge"\n'


def text(calls: str, others: str = API) -> str:
    return f'name = "hello"\n[services.web]\nbuild = "."\nport = 8080\n{calls}\n{others}'


def said(calls: str, others: str = API) -> list[tuple[int | None, str, str]]:
    with pytest.raises(SpecError) as caught:
        read(text(calls, others), "natless.toml")
    return [(each.origin.line, each.name, each.fix.text if each.fix else "") for each in caught.value.findings]


def test_a_private_service_has_a_port_where_another_calls_it() -> None:
    web, api = read(text('calls = ["api"]'), "natless.toml").services
    assert (web.calls, api.calls) == (("api",), ())
    assert (api.public, api.port) == (False, 9000)


def test_two_may_call_each_other() -> None:
    services = read(text('calls = ["api"]', f'{API}calls = ["web"]\n'), "natless.toml").services
    assert [service.calls for service in services] == [("api",), ("web",)]


@pytest.mark.parametrize(
    ("calls", "others", "expected"),
    [
        ('calls = ["apy"]', 'path = "/x"\n' + API.replace("public = false", 'path = "/y"'), 'calls = ["api"]'),
        ('calls = ["web"]', "", "# web: remove it"),
        ('calls = ["api"]', '[services.api]\nbuild = "."\npublic = false\n', "[services.api]\nport = 8080"),
        ('calls = ["api"]', API + BRIDGE, '[services.api]\nnetwork_mode = "awsvpc"'),
        ('calls = ["api", "api"]', API, 'calls = ["api"]'),
    ],
)
def test_what_cannot_be_called(calls: str, others: str, expected: str) -> None:
    assert said(calls, others) == [(5, "call-invalid", expected)]


def test_each_of_a_list_has_its_own_line() -> None:
    assert said('calls = [\n  "api",\n  "other",\n]')[0][0] == 7


def test_a_private_port_that_nobody_calls_leads_nowhere() -> None:
    assert said("") == [(8, "port-unreached", "# port: remove the line, or public = false")]
