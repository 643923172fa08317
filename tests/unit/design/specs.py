"""Any spec that `spec.read` accepts, for laws: one service or several, with every option of the format."""

from __future__ import annotations

from ipaddress import IPv4Network

import msgspec
from hypothesis import strategies as st

from natless.spec.model import Count, Instances, Launch, Network, Secret, Service, Spec, Use

# Words as `spec.read` accepts them: lower case, digits and single hyphens between.
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9})?", fullmatch=True)
# Fargate's pairs (Amazon ECS Developer Guide, task size), the least and the greatest of some rows.
SIZES = st.sampled_from([(256, 512), (256, 2048), (512, 4096), (1024, 2048), (4096, 30720), (16384, 122880)])
VARIABLES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
IDENTIFIERS = st.from_regex(r"/?[A-Za-z0-9]{1,6}([/_.-][A-Za-z0-9]{1,6}){0,2}", fullmatch=True)
SECRETS = st.builds(
    Secret,
    variable=VARIABLES,
    store=st.sampled_from(["secretsmanager", "ssm"]),
    identifier=IDENTIFIERS,
    key=st.sampled_from(["", "url", "password"]),
)
COUNTS = st.one_of(
    st.builds(Count, min=st.integers(1, 5), max=st.just(5)),
    st.builds(Count, min=st.integers(1, 3), max=st.integers(4, 9), cpu=st.integers(10, 90)),
    st.builds(Count, min=st.integers(1, 3), max=st.just(9), memory=st.integers(1, 99), cpu=st.sampled_from([None, 9])),
)
REGIONS = st.sampled_from([None, "us-east-1", "ap-northeast-2", "eu-west-2", "us-gov-west-1"])


USES = st.lists(
    st.sampled_from(
        [
            Use("dynamodb", "orders", ("read", "write")),
            Use("dynamodb", "prices", ("read",)),
            Use("dynamodb", "arn:aws:dynamodb:us-east-1:111122223333:table/shared", ("write",)),
            Use("s3", "uploads.example", ("read", "write")),
            Use("s3", "reports", ("write",)),
            Use("sqs", "jobs.fifo", ("receive",)),
            Use("sqs", "results", ("send",)),
            Use("sns", "news", ("publish",)),
            Use("kms", "1234abcd-12ab-34cd-56ef-1234567890ab", ("decrypt",)),
            Use("secretsmanager", "prod/db", ("read",)),
            Use("ssm", "/prod/limits", ("read", "write")),
            Use("sts", "reporting", ("assume",)),
        ]
    ),
    max_size=4,
    unique=True,
)

LAUNCHES = st.one_of(
    st.sampled_from([Launch(), Launch(0, 1), Launch(1, 3, 2), Launch(0, 1, 1)]),
    st.builds(
        Instances,
        type=st.sampled_from(["t3.small", "m7g.large", "g4dn.xlarge"]),
        max=st.integers(1, 4),
        network_mode=st.sampled_from(["awsvpc", "bridge", "host"]),
        gpu=st.sampled_from([0, 1]),
        ami=st.sampled_from([None, "ami-0123456789abcdef0"]),
    ).map(lambda instances: Launch(0, instances=instances)),
)

ROUTES = st.sampled_from(
    [
        ((), ("/api", "/api/*")),
        ((), ("/api/v2/*",)),
        (("api.example.com",), ()),
        (("*.example.com", "example.com"), ("/a?c/*",)),
        (("img.example.com",), ("/*.png",)),
    ]
)
"""Hosts and paths, each telling a service from all others."""


TAGS = st.sampled_from([{}, {"team": "shop"}, {"cost:center": "42 / a+b=c@d", "équipe": "né"}])
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
BOUNDARIES = st.sampled_from([None, None, "arn:aws:iam::123456789012:policy/team/boundary"])


@st.composite
def services(draw: st.DrawFn, name: str, *, public: bool, route: tuple[tuple[str, ...], tuple[str, ...]]) -> Service:
    """One service of that name; `route` is its hosts and paths."""
    cpu, memory = draw(SIZES)
    secrets = draw(st.lists(SECRETS, max_size=3, unique_by=lambda secret: secret.variable))
    return Service(
        name=name,
        build=".",
        image=None,
        port=draw(st.integers(1, 65535)) if public else None,
        public=public,
        cpu=cpu,
        memory=memory,
        health=draw(st.sampled_from(["/", "/healthz"])),
        count=draw(COUNTS),
        architecture=draw(st.sampled_from(["x86_64", "arm64"])),
        launch=draw(LAUNCHES),
        environment=draw(st.dictionaries(VARIABLES, st.sampled_from(["", "1", "${HOME}", "a b", "né"]), max_size=2)),
        secrets=tuple(secrets),
        exec=draw(st.booleans()),
        uses=tuple(draw(USES)),
        host=route[0],
        path=route[1],
    )


@st.composite
def calling(draw: st.DrawFn, named: list[Service]) -> list[Service]:
    """The same services, of which some call others; who is called has a port, and an interface of its own."""
    reached = [
        each for each in named if each.launch.instances is None or each.launch.instances.network_mode == "awsvpc"
    ]
    calls = {
        each.name: draw(st.lists(st.sampled_from([other.name for other in reached if other is not each]), unique=True))
        for each in named
        if [other for other in reached if other is not each] and draw(st.sampled_from([True, False]))
    }
    called = {name for names in calls.values() for name in names}
    return [
        msgspec.structs.replace(
            each,
            calls=tuple(calls.get(each.name, ())),
            port=each.port or (draw(st.integers(1, 65535)) if each.name in called else None),
        )
        for each in named
    ]


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """Specs of one to four services, of which one may take what no other does, and some may be workers."""
    prefix, zones = draw(st.sampled_from([(16, 2), (16, 6), (20, 3), (23, 4), (24, 4), (24, 2), (25, 2)]))
    address = draw(st.integers(0, 2**16 - 1)) << 16
    block = IPv4Network((10 << 24 | address & 0xFFFFFF, prefix), strict=False)
    named = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=lambda name: name.replace("-", "")))
    routes = [((), ()), *draw(st.lists(ROUTES, min_size=3, max_size=3, unique=True))]
    found = [
        draw(services(name, public=public, route=route if public else ((), ())))
        for name, route, public in zip(
            named, routes, draw(st.lists(st.booleans(), min_size=4, max_size=4)), strict=False
        )
    ]
    found = draw(calling(found))
    network = Network(
        str(block),
        zones,
        draw(st.sampled_from(["separate", "single"])),
        draw(st.sampled_from(["endpoints", "https"])),
        draw(st.sampled_from([("0.0.0.0/0",), ("13.32.0.0/15", "151.101.1.7/32")])),
        draw(st.booleans()),
        draw(st.sampled_from(["internet-facing", "internet-facing", "internal"])),
        draw(st.booleans()),
        draw(st.sampled_from([(), (), (CERTIFICATE,), (CERTIFICATE, f"{CERTIFICATE[:-1]}8")])),
    )
    name, region = draw(NAMES), draw(REGIONS)
    if region is not None and draw(st.booleans()):
        names = tuple(f"{region}{letter}" for letter in "abcdef"[:zones])
        network = msgspec.structs.replace(network, zone_names=names)
    tags, boundary = draw(TAGS), draw(BOUNDARIES)
    return Spec("natless.toml", name, region, network, tuple(found), {"name": 1}, tags, boundary)
