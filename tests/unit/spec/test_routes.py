"""Several services in a file: which requests each answers, and what two of them cannot both have."""

from __future__ import annotations

import pytest

from natless.spec.read import SpecError, read

WEB = '[services.web]\nbuild = "."\nport = 8080\n'


def said(text: str) -> list[tuple[int | None, str, str]]:
    """Give line, rule name and what to write instead, of each problem."""
    with pytest.raises(SpecError) as caught:
        read(f'name = "hello"\n{text}', "natless.toml")
    return [
        (finding.origin.line, finding.name, finding.fix.text if finding.fix else "")
        for finding in caught.value.findings
    ]


def test_a_web_service_an_api_and_a_worker() -> None:
    api = '[services.api]\nbuild = "api"\nport = 9000\nhost = "api.example.com"\npath = ["/v1", "/v1/*"]\n'
    worker = '[services.worker]\nbuild = "worker"\npublic = false\n'
    web, second, third = read(f'name = "hello"\n{WEB}{api}{worker}', "natless.toml").services
    assert (web.public, web.port, web.host, web.path) == (True, 8080, (), ())
    assert (second.port, second.host, second.path) == (9000, ("api.example.com",), ("/v1", "/v1/*"))
    assert (third.public, third.port) == (False, None)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        # Elastic Load Balancing, 'Host conditions': a dot, and letters alone after the last one.
        ('host = "localhost"', 'host = "api.example.com"'),
        ('host = "https://Api.Example.com:443/x"', 'host = "api.example.com"'),
        ('host = "10.0.0.1"', 'host = "api.example.com"'),
        (f'host = "{"a" * 128}.com"', 'host = "api.example.com"'),
        # 'Path conditions': no query, no spaces, at most 128 characters.
        ('path = "api"', 'path = "/api"'),
        ('path = "https://example.com/api/*"', 'path = "/api/*"'),
        ('path = "/a b"', 'path = ["/api", "/api/*"]'),
        ('path = "/a?b=c"', 'path = ["/api", "/api/*"]'),
        ("path = []", 'path = ["/api", "/api/*"]'),
        ('path = ["/a", "/a"]', 'path = ["/api", "/api/*"]'),
        # AWS re:Post, 'cfn listener rule validation errors': five values a rule.
        ('path = ["/1", "/2", "/3", "/4", "/5", "/6"]', 'path = "/api/*"'),
        ('path = ["/*/*", "/*/*/a", "/*/b*"]', 'path = "/api/*"'),
    ],
)
def test_what_no_load_balancer_compares(line: str, instead: str) -> None:
    assert said(f"{WEB}{line}\n") == [(5, "route-invalid", instead)]


def test_the_wrong_one_of_several_has_its_own_line() -> None:
    assert said(f'{WEB}path = [\n  "/api",\n  "api/*",\n]\n') == [(7, "route-invalid", 'path = "/api/*"')]


def test_two_that_take_the_rest_and_two_with_one_path() -> None:
    second = '[services.api]\nbuild = "api"\nport = 1\n'
    assert said(WEB + second) == [(5, "route-taken", 'path = ["/api", "/api/*"]')]
    same = 'path = ["/a", "/b"]\n[services.api]\nbuild = "api"\nport = 1\npath = ["/b", "/a"]\n'
    assert said(WEB + same) == [(6, "route-taken", 'path = ["/api", "/api/*"]')]


def test_names_that_become_one() -> None:
    worker = '[services.w-eb]\nbuild = "."\npublic = false\n'
    assert said(WEB + worker) == [(5, "service-names-alike", "[services.w-eb-2]")]


def test_a_worker_has_neither_port_nor_route() -> None:
    worker = '[services.worker]\nbuild = "."\npublic = false\n'
    assert said(f"{worker}port = 80\n") == [(5, "port-unreached", "# port: remove the line, or public = false")]
    assert said(f'{worker}path = "/x"\n') == [(5, "route-invalid", "# path: remove the line, or public = false")]


def test_without_a_port_the_service_might_be_a_worker() -> None:
    with pytest.raises(SpecError, match="a worker says public = false"):
        read('name = "hello"\n[services.web]\nbuild = "."\n', "natless.toml")


@pytest.mark.parametrize("word", ["hosts", "hostname", "domain"])
def test_other_words_for_host(word: str) -> None:
    assert said(f'{WEB}{word} = "a.example.com"\n') == [(5, "key-unknown", 'host = "a.example.com"')]
