"""Several services: one load balancer that tells requests apart, workers that nothing leads to, and what they share."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natless import design
from natless.design.routes import priorities
from natless.spec.model import Network, Secret, Service, Spec
from natless.spec.read import read

WEB = Service("web", ".", None, 8080, public=True, health="/healthz")
API = Service("api", "api", None, 9000, public=True, path=("/api", "/api/*"))
WORKER = Service("worker", "worker", None, None, public=False)


def spec(*services: Service, **network: Any) -> Spec:
    return Spec("natless.toml", "hello", "us-east-1", Network(**network), services, {})


def resources(*services: Service, **network: Any) -> dict[str, Any]:
    found: dict[str, Any] = design.write(spec(*services, **network)).main["Resources"]
    return found


def of_type(found: dict[str, Any], type_: str) -> dict[str, Any]:
    return {id_: each["Properties"] for id_, each in found.items() if each["Type"] == type_}


def test_a_further_service_changes_nothing_of_the_first_but_what_both_share() -> None:
    one, three = resources(WEB), resources(WEB, API, WORKER)
    changed = {id_ for id_, each in one.items() if three[id_] != each}
    # The endpoints' policies name the further repositories, log groups, and why they are there.
    assert changed == {"EcrApiEndpoint", "EcrDkrEndpoint", "S3Endpoint", "LogsEndpoint"}
    for id_ in changed:
        assert one[id_]["Properties"].keys() == three[id_]["Properties"].keys()


def test_one_load_balancer_asks_its_rules_and_the_rest_goes_to_the_service_without_any() -> None:
    found = resources(WEB, API, WORKER)
    assert len(of_type(found, "AWS::ElasticLoadBalancingV2::LoadBalancer")) == 1
    assert found["HttpListener"]["Properties"]["DefaultActions"] == [
        {"Type": "forward", "TargetGroupArn": {"Ref": "WebTargetGroup"}}
    ]
    (rule,) = of_type(found, "AWS::ElasticLoadBalancingV2::ListenerRule").values()
    assert rule["Conditions"] == [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api", "/api/*"]}}]
    assert rule["Actions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "ApiTargetGroup"}}]
    assert 1 <= rule["Priority"] <= 50_000
    # ECS refuses a target group that no load balancer uses.
    assert "ApiListenerRule" in found["ApiService"]["DependsOn"]
    assert "HttpListener" in found["WebService"]["DependsOn"]


def test_without_such_a_service_the_rest_is_answered_by_nobody() -> None:
    (action,) = resources(API)["HttpListener"]["Properties"]["DefaultActions"]
    assert action["Type"] == "fixed-response"
    assert action["FixedResponseConfig"]["StatusCode"] == "404"


def test_a_worker_has_no_port_no_target_group_and_no_rule_that_leads_to_it() -> None:
    found = resources(WEB, WORKER)
    (container,) = found["WorkerTaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert "PortMappings" not in container
    assert "WorkerTargetGroup" not in found
    service = found["WorkerService"]["Properties"]
    assert "LoadBalancers" not in service
    # ECS API, CreateService: healthCheckGracePeriodSeconds is only used where a load balancer is configured.
    assert "HealthCheckGracePeriodSeconds" not in service
    into = [
        each
        for each in of_type(found, "AWS::EC2::SecurityGroupIngress").values()
        if each["GroupId"] == {"Fn::GetAtt": ["WorkerTaskGroup", "GroupId"]}
    ]
    assert into == []


def test_workers_alone_have_no_load_balancer_and_no_way_to_the_internet() -> None:
    designed = design.write(spec(WORKER))
    types = {each["Type"] for each in designed.main["Resources"].values()}
    assert not any(part in kind for kind in types for part in ("LoadBalancing", "InternetGateway", "AWS::EC2::Route$"))
    assert "AWS::EC2::Route" not in types
    assert "Url" not in designed.main["Outputs"]


def test_each_pulls_its_own_image_and_writes_its_own_logs() -> None:
    found = resources(WEB, WORKER)
    for name in ("Web", "Worker"):
        (policy,) = found[f"{name}ExecutionRole"]["Properties"]["Policies"]
        said = str(policy)
        assert f"{name}LogGroup" in said
        assert f"repository/hello/{name.lower()}'" in said
        assert f"repository/hello/{'worker' if name == 'Web' else 'web'}'" not in said
    (token, pull) = found["EcrApiEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
    assert token["Resource"] == "*"
    assert [each["Fn::Sub"].rpartition("/")[2] for each in pull["Resource"]] == ["web", "worker"]


def test_in_a_single_group_equal_rules_stand_once_and_every_service_waits_for_them() -> None:
    found = resources(WEB, msgspec.structs.replace(API, port=8080), WORKER, security_groups="single")
    ways = [each["Properties"] for each in found.values() if each["Type"] == "AWS::EC2::SecurityGroupEgress"]
    said = [json.dumps({**way, "Description": ""}, sort_keys=True) for way in ways]
    assert len(said) == len(set(said))
    assert "SharedGroupEgressSelfTcp8080" in found["ApiService"]["DependsOn"]
    assert "SharedGroupEgressSelfTcp443" in found["WorkerService"]["DependsOn"]


def test_secrets_of_two_services_that_make_one_word_have_parameters_of_their_own() -> None:
    first = msgspec.structs.replace(WEB, secrets=(Secret("A", "secretsmanager", "api/db"),))
    second = Service("web-api", ".", None, None, public=False, secrets=(Secret("A", "secretsmanager", "db", "url"),))
    designed = design.write(spec(first, second))
    named = {each.name: each.value for each in designed.parameters if each.name.endswith(("Arn", "Arn2"))}
    assert {name: value.rpartition(":secret:")[2].partition("-$")[0] for name, value in named.items()} == {
        "WebApiDbArn": "api/db",
        "WebApiDbArn2": "db",
    }


def test_the_tag_that_says_why_stays_short_with_many_services() -> None:
    many = [msgspec.structs.replace(WORKER, name=f"worker-{number:02}-of-a-team"[:20]) for number in range(30)]
    tags = resources(*many)["EcrApiEndpoint"]["Properties"]["Tags"]
    (why,) = [tag["Value"] for tag in tags if tag["Key"] == "natless:why"]
    assert "and 27 more" in why
    assert len(why) <= 256  # EC2's limit


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (((), ("/api/admin/*",)), ((), ("/api/*",))),
        (((), ("/api",)), ((), ("/api*",))),
        ((("api.example.com",), ()), (("*.example.com",), ("/long/path/*",))),
        ((("*.eu.example.com",), ()), (("*.example.com",), ("/a",))),
        ((("*.example.com",), ("/a/*",)), (("*.example.com",), ())),
        ((("example.com",), ()), ((), ("/a/long/path",))),
        (((), ("/a",)), ((), ("/*",))),
    ],
)
def test_the_rule_that_says_more_is_asked_first(earlier: Any, later: Any) -> None:
    for order in permutations([("first", earlier), ("second", later)]):
        found = priorities(Service(name, ".", None, 1, public=True, host=h, path=p) for name, (h, p) in order)
        assert found["first"] < found["second"]


PATHS = st.lists(
    st.from_regex(r"/[a-c]{1,3}(/[a-c]{1,3}){0,2}(/\*)?", fullmatch=True), min_size=2, max_size=8, unique=True
)


@given(PATHS)
def test_no_request_is_answered_by_a_rule_that_says_less(paths: list[str]) -> None:
    found = priorities(Service(path, ".", None, 1, public=True, path=(path,)) for path in paths)
    assert len(set(found.values())) == len(paths)
    assert all(1 <= priority <= 50_000 for priority in found.values())
    for one in paths:
        for other in paths:
            # What one takes, the other takes as well: it says more.
            if one != other and fnmatchcase(one.replace("*", "x"), other) and not fnmatchcase(other, one):
                assert found[one] < found[other]


@given(PATHS, st.integers(0, 7))
def test_a_service_that_is_added_at_the_end_moves_no_rule(paths: list[str], kept: int) -> None:
    whole = [Service(path, ".", None, 1, public=True, path=(path,)) for path in paths]
    fewer, all_ = priorities(whole[: kept + 1]), priorities(whole)
    assert all(all_[name] == priority for name, priority in fewer.items())


def test_a_port_and_a_range_that_begins_with_it_are_two_rules_of_a_single_group() -> None:
    text = """name = "hello"
region = "us-east-1"

[network]
security_groups = "single"

[services.web]
build = "."
port = 32768
public = true

[services.api]
build = "."
port = 80
public = true
path = ["/api/*"]
launch = "ec2"
instance = "t3.small"
network_mode = "bridge"
"""
    found = design.write(read(text, "natless.toml")).main["Resources"]
    ends = {id_: found[id_]["Properties"]["ToPort"] for id_ in found if id_.startswith("SharedGroupIngressSelfTcp3")}
    # Docker gives out ports from 32768 on; a container of one's own may listen on the first of them.
    assert ends == {"SharedGroupIngressSelfTcp32768": 32768, "SharedGroupIngressSelfTcp32768To65535": 65535}
