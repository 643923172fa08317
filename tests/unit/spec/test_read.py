"""read: every problem at once, each with the line that holds it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from natless.finding import Finding
from natless.spec import Count, Network, Secret, Service, Spec
from natless.spec.read import SpecError, read

LEAST = 'name = "hello"\n[services.web]\nbuild = "."\nport = 8080\n'
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"


def problems(text: str) -> tuple[Finding, ...]:
    with pytest.raises(SpecError) as caught:
        read(text, "natless.toml")
    return caught.value.findings


def said(text: str) -> list[tuple[int | None, str, str]]:
    """Give line, rule name and what to write instead, of each problem."""
    return [(finding.origin.line, finding.name, finding.fix.text if finding.fix else "") for finding in problems(text)]


def findings_of(text: str) -> tuple[Finding, ...] | None:
    try:
        read(text, "natless.toml")
    except SpecError as error:
        return error.findings
    return None


def only(text: str) -> tuple[str, str]:
    [(_, name, instead)] = said(text)
    return name, instead


def service(lines: str) -> str:
    return f'name = "hello"\nregion = "us-east-1"\n[services.web]\n{lines}\n'


def test_least() -> None:
    assert read(LEAST, "here/natless.toml") == Spec(
        "here/natless.toml",
        "hello",
        None,
        Network("10.0.0.0/16", 2),
        (Service("web", ".", None, 8080, public=True),),
        {"name": 1, "services": 2, "services.web": 2, "services.web.build": 3, "services.web.port": 4},
    )


def test_everything() -> None:
    spec = read(
        f"""
        name = "a-1"
        region = "ap-northeast-2"
        network = {{ cidr = "10.1.0.0/24", zones = 4, nat = false, security_groups = "separate" }}
        [services.api]
        image = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/a/b:1.0"
        port = 1
        public = true
        cpu = 1024
        memory = 8192
        launch = "fargate"
        exec = true
        health = "/health?deep=1"
        count = {{ min = 2, max = 10, cpu = 70 }}
        environment = {{ LOG_LEVEL = "info", "spring.profiles.active" = "" }}
        [services.api.secrets]
        A = "secretsmanager:prod/db#url"
        B = "{ARN.replace("us-east-1", "ap-northeast-2").replace("arn", "secretsmanager:arn", 1)}"
        C = "ssm:/prod/db/url"
        D = "ssm:plain"
        """,
        "natless.toml",
    )
    [found] = spec.services
    assert spec.network == Network("10.1.0.0/24", 4)
    assert (found.cpu, found.memory, found.count) == (1024, 8192, Count(2, 10, 70))
    assert found.exec
    assert found.environment == {"LOG_LEVEL": "info", "spring.profiles.active": ""}
    assert found.secrets == (
        Secret("A", "secretsmanager", "prod/db", "url"),
        Secret("B", "secretsmanager", ARN.replace("us-east-1", "ap-northeast-2")),
        Secret("C", "ssm", "/prod/db/url"),
        Secret("D", "ssm", "plain"),
    )
    assert spec.lines["services.api.count.max"] == 14


def test_six_mistakes_six_lines() -> None:
    text = """
name = "Hello World"
[network]
cidr = "10.0.0.5/16"
[services.web]
build = "."
prot = 8080
cpu = 256
memory = 4096
health = "healthz"
[services.web.environment]
DEBUG = true
"""
    assert said(text) == [
        (2, "name-invalid", 'name = "hello-world"'),
        (4, "cidr-invalid", 'cidr = "10.0.0.0/16"'),
        (7, "key-unknown", "port = 8080"),
        (8, "fargate-size-impossible", "cpu = 256\nmemory = 2048"),
        (10, "health-path-invalid", 'health = "/healthz"'),
        (12, "type-wrong", 'DEBUG = "true"'),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = 1\na = 2\n", 2, "cannot overwrite a value"),
        ("name = hello\n", 1, "a text stands in quotes"),
        ("a = [\n", 1, "invalid value"),
        ("a = " + "[" * 5000, 1, "nested too deep"),
        ("a = " + "9" * 5000, 1, "this is not TOML"),
        ("a = '\n", 1, "this is not TOML"),
    ],
)
def test_what_is_not_toml(text: str, line: int, message: str) -> None:
    [finding] = problems(text)
    assert finding.rule == "NL001"
    assert finding.origin.line == line
    assert message in finding.message


def test_quotes_are_proposed() -> None:
    assert only("name = hello  # mine\n") == ("toml-syntax", 'name = "hello"')


def test_a_byte_order_mark_is_no_problem() -> None:
    assert read("\ufeff" + LEAST, "natless.toml").name == "hello"


@pytest.mark.parametrize(
    ("lines", "name", "instead"),
    [
        ('build = "."', "key-missing", "port = 8080"),
        ("port = 8080", "image-source-unclear", 'build = "."'),
        ('build = ""\nport = 1', "value-invalid", 'build = "."'),
        ('dockerfile = "."\nport = 1', "key-unknown", 'build = "."'),
        ('build = "."\nport = "8080"', "type-wrong", "port = 8080"),
        ('build = "."\nport = true', "type-wrong", "port = 8080"),
        ('build = "."\nport = 0', "number-out-of-range", "port = 1"),
        ('build = "."\nport = 70000', "number-out-of-range", "port = 65535"),
        ('build = "."\nport = 1\nwhatever = 1', "key-unknown", "# whatever = 1"),
        ('build = "."\nport = 1\nzones = 3', "key-unknown", "zones = 3   # in [network]"),
        ('build = "."\nport = 1\npublic = "true"', "type-wrong", "public = true"),
        ('build = "."\nport = 1\npublic = false', "port-unreached", "# port: remove the line, or public = false"),
        ('build = "."\nport = 1\nlaunch = "ec2"', "instance-type-missing", 'instance = "t3.small"'),
        ('build = "."\nport = 1\nlaunch = "spot"', "value-invalid", 'launch = "fargate-spot"'),
        (
            'build = "."\nport = 1\nlaunch = { base = 1 }',
            "value-invalid",
            "launch = { base = 1, fargate = 1, fargate-spot = 3 }",
        ),
        ('build = "."\nport = 1\nlaunch = { spot = 1, fargate = 1 }', "key-unknown", "fargate-spot = 1"),
        ('build = "."\nport = 1\nlaunch = 1', "type-wrong", 'launch = "fargate"'),
        ('build = "."\nport = 1\narchitecture = "amd64"', "value-invalid", 'architecture = "x86_64"'),
        ('build = "."\nport = 1\nexec = 0', "type-wrong", "exec = true"),
        ('build = "."\nport = 1\nexec = "true"', "type-wrong", "exec = true"),
        ('build = "."\nport = 1\nenable_execute_command = true', "key-unknown", "exec = true"),
        ('build = "."\nport = 1\ncalls = ["api"]', "call-invalid", "[services.api]"),
        ('build = "."\nport = 1\nuses = { s3 = ["b"] }', "use-invalid", 's3 = ["uploads", "templates:read"]'),
        ('build = "."\nport = 1\ncpu = 1024', "fargate-size-impossible", "cpu = 1024\nmemory = 2048"),
        ('build = "."\nport = 1\nmemory = 4096', "fargate-size-impossible", "cpu = 256\nmemory = 2048"),
        ('build = "."\nport = 1\ncpu = 1', "fargate-size-impossible", "cpu = 256\nmemory = 512"),
        (
            'build = "."\nport = 1\ncpu = 99999\nmemory = 999999',
            "fargate-size-impossible",
            "cpu = 32768\nmemory = 249856",
        ),
        ('build = "."\nport = 1\ncount = 0', "number-out-of-range", "count = 1"),
        ('build = "."\nport = 1\ncount = "2"', "type-wrong", "count = 2"),
        ('build = "."\nport = 1\ncount = { min = 1 }', "key-missing", "max = 10"),
        ('build = "."\nport = 1\ncount = { min = 3, max = 2 }', "count-min-above-max", "count = { min = 2, max = 3 }"),
        ('build = "."\nport = 1\ncount = { min = 1, max = 2, cpu = 101 }', "number-out-of-range", "cpu = 100"),
        ('build = "."\nport = 1\nhealth = "http://x/y"', "health-path-invalid", 'health = "/y"'),
        ('build = "."\nport = 1\nhealth = "/a b"', "health-path-invalid", 'health = "/"'),
        (
            'image = "nginx"\nport = 1',
            "image-reference-unusable",
            'image = "nginx:TAG"',
        ),
        (
            'image = "ghcr.io/Big/Case:1"\nport = 1',
            "image-reference-unusable",
            'build = "."   # with a Dockerfile that begins: FROM ghcr.io/Big/Case:1',
        ),
        (
            'image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app"\nport = 1',
            "image-reference-unusable",
            'image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:TAG"',
        ),
        (
            'image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1"\nport = 1',
            "image-reference-unusable",
            'image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"',
        ),
        (
            'build = "."\nport = 1\nenvironment = { ECS_AGENT_URI = "x" }',
            "variable-name-invalid",
            "# ECS_AGENT_URI: remove the line",
        ),
        ('build = "."\nport = 1\nenvironment = { "1 A" = "x" }', "variable-name-invalid", "_1_A = ..."),
        ('build = "."\nport = 1\nenvironment = { A = "x\\u0000" }', "value-invalid", 'A = "x"'),
        ('build = "."\nport = 1\nenvironment = { A = 1.5 }', "type-wrong", 'A = "1.5"'),
        ('build = "."\nport = 1\nenvironment = { A = ["x"] }', "type-wrong", 'A = "..."'),
        ('build = "."\nport = 1\nsecrets = { A = 1 }', "type-wrong", 'A = "secretsmanager:prod/db#url"'),
        (
            'build = "."\nport = 1\nsecrets = { A = "prod/db" }',
            "secret-reference-invalid",
            'A = "secretsmanager:prod/db#url"',
        ),
        ('build = "."\nport = 1\nsecrets = { A = "ssm:a/b" }', "secret-reference-invalid", 'A = "ssm:/a/b"'),
        ('build = "."\nport = 1\nsecrets = { A = "ssm:/a#b" }', "secret-reference-invalid", 'A = "ssm:/a"'),
        (
            'build = "."\nport = 1\nsecrets = { A = "secretsmanager:a#" }',
            "secret-reference-invalid",
            'A = "secretsmanager:prod/db#url"',
        ),
        (
            f'build = "."\nport = 1\nsecrets = {{ A = "{ARN}" }}',
            "secret-reference-invalid",
            f'A = "secretsmanager:{ARN}"',
        ),
        (
            'build = "."\nport = 1\nsecrets = { A = "ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/a" }',
            "secret-reference-invalid",
            'A = "ssm:/a"',
        ),
    ],
)
def test_one_mistake_in_a_service(lines: str, name: str, instead: str) -> None:
    assert only(service(lines)) == (name, instead)


@pytest.mark.parametrize(
    ("lines", "name", "instead"),
    [
        ('region = "us-east-1a"', "region-invalid", 'region = "us-east-1"'),
        ('region = "us-east1"', "region-invalid", 'region = "us-east-1"'),
        ('region = "US_EAST_1"', "region-invalid", 'region = "us-east-1"'),
        ('region = "virginia"', "region-invalid", 'region = "us-east-1"'),
        ("region = 1", "type-wrong", 'region = "1"'),
        ("network = 1", "type-wrong", "[network]"),
        ('network.cidr = "10.0.0.0"', "cidr-invalid", 'cidr = "10.0.0.0/16"'),
        ('network.cidr = "10.0.0.256/16"', "cidr-invalid", 'cidr = "10.0.0.0/16"'),
        ('network.cidr = "fd00::/64"', "cidr-invalid", 'cidr = "10.0.0.0/16"'),
        ('network.cidr = "127.0.0.0/16"', "cidr-invalid", 'cidr = "10.0.0.0/16"'),
        ('network.cidr = "10.0.0.0/8"', "cidr-invalid", 'cidr = "10.0.0.0/16"'),
        ('network.cidr = "10.0.0.0/29"', "cidr-invalid", 'cidr = "10.0.0.0/25"'),
        ('network.cidr = "10.0.0.0/28"', "cidr-too-small", 'cidr = "10.0.0.0/25"'),
        ('network.cidr = "10.0.0.0/25"\nnetwork.zones = 3', "cidr-too-small", 'cidr = "10.0.0.0/24"'),
        ("network.zones = 1", "number-out-of-range", "zones = 2"),
        ("network.zones = 5", "number-out-of-range", "zones = 4"),
        ('network.nat = "true"', "type-wrong", "nat = true"),
        ('network.security_groups = "sinlge"', "value-invalid", 'security_groups = "single"'),
        ('network.security_groups = "none"', "value-invalid", 'security_groups = "separate"'),
        ('network.egress = "http"', "value-invalid", 'egress = "https"'),
        ('network.ingress = "192.0.2.0/24"', "type-wrong", 'ingress = ["192.0.2.0/24"]'),
        ("network.ingress = []", "cidr-invalid", 'ingress = ["0.0.0.0/0"]'),
        ('network.ingress = ["192.0.2.1"]', "cidr-invalid", 'ingress = ["0.0.0.0/0"]'),
        ('network.ingress = ["192.0.2.1/24"]', "cidr-invalid", '"192.0.2.0/24"'),
        ('network.ingress = ["192.0.2.0/24", "192.0.2.0/24"]', "cidr-invalid", 'ingress = ["0.0.0.0/0"]'),
        ('network.vpc = "vpc-1"', "not-supported-yet", '# vpc = "vpc-1"'),
        ("network.azs = 3", "key-unknown", "zones = 3"),
        ('env = "prod"', "not-supported-yet", '# env = "prod"'),
        ("port = 1", "key-unknown", "port = 1   # in [services.NAME]"),
    ],
)
def test_one_mistake_at_the_top(lines: str, name: str, instead: str) -> None:
    [(line, found, text)] = said(f"{lines}\n{LEAST}")
    assert (found, text) == (name, instead)
    assert line == 1


@pytest.mark.parametrize("name", ["a", "A", "1a", "a_b", "a--b", "a-", "a" * 21, "", "é", "a\n"])
def test_names_that_aws_refuses(name: str) -> None:
    text = LEAST.replace("hello", name.replace("\n", "\\n"))
    [(line, found, instead)] = said(text)
    assert (line, found) == (1, "name-invalid")
    assert read(f'{instead}\n[services.web]\nbuild = "."\nport = 1', "x").name


def test_services_must_be_there() -> None:
    assert said('name = "hello"') == [(1, "key-missing", '[services.web]\nbuild = "."\nport = 8080')]
    assert said('name = "hello"\n[services]') == [(2, "key-missing", '[services.web]\nbuild = "."\nport = 8080')]
    assert said('name = "hello"\n[services]\nweb = 1') == [
        (3, "type-wrong", '[services.web]\nbuild = "."\nport = 8080')
    ]


def test_a_second_service_is_read_as_the_first_one_is() -> None:
    assert said(LEAST + '[services.api]\nbuild = "."\nport = 0\npath = "/api"\n') == [
        (7, "number-out-of-range", "port = 1"),
    ]


def test_a_variable_in_two_tables() -> None:
    text = LEAST + '[services.web.environment]\nA = "x"\n[services.web.secrets]\nA = "ssm:a"\n'
    assert said(text) == [(8, "variable-twice", "# A in one of the two tables only")]


def test_both_sources_of_an_image() -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
    assert said(LEAST + f'image = "{image}"\n') == [(5, "image-source-unclear", "# image: remove this line, or build")]


def test_equal_bounds_are_a_fixed_count() -> None:
    [found] = read(LEAST + "count = { min = 3, max = 3, cpu = 50 }\n", "x").services
    assert found.count == Count(3, 3, None)


KEYS = ("name", "region", "network", "services", "web", "build", "image", "port", "cpu", "count", "min", "environment")
VALUES = ("1", "-1", "true", '"x"', '"ssm:/a"', "1.5", "[]", "{}", "1979-05-27", '"10.0.0.0/16"', "inf", "nan")
rows = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.builds("[{}]".format, st.sampled_from(["network", "services", "services.web", "services.web.secrets", "x"])),
    st.builds("[[{}]]".format, st.sampled_from(["network", "services", "services.web"])),
    st.builds("{}.{} = {}".format, st.sampled_from(KEYS), st.sampled_from(KEYS), st.sampled_from(VALUES)),
)


@given(st.one_of(st.text(), st.lists(rows).map("\n".join)))
@example("\ufeff")
@example("[services.web]\r\n")
@example("a = " + "{b = " * 3000)
def test_any_text_gives_a_spec_or_every_problem(text: str) -> None:
    found = findings_of(text)
    assert found is None or len(found) > 0
    lines = text.count("\n") + 1
    for finding in found or ():
        assert finding.rule.startswith("NL0")
        assert finding.message
        assert finding.fix
        assert finding.fix.text
        assert finding.origin.source == "natless.toml"
        assert 1 <= (finding.origin.line or 0) <= lines


@given(st.lists(rows).map("\n".join))
def test_the_line_holds_the_key_or_its_table(text: str) -> None:
    try:
        tomllib.loads(text)
    except ValueError:
        return
    rows = text.split("\n")
    for finding in findings_of(text) or ():
        row = rows[(finding.origin.line or 0) - 1]
        words = finding.subject.split(".")
        assert any(word in row for word in words if word) or finding.name == "key-missing"
