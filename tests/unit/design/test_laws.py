"""What holds for the templates of every spec, and what the two validators say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import msgspec
import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cloudformation_validate import CompositeEngine, Severity, TemplateContent
from hypothesis import Phase, given, settings
from tests.unit.design.specs import specs

from natless import design, load
from natless.catalog.handler_permissions import PERMISSIONS
from natless.design import Design, Template
from natless.design.marks import WITHOUT_TAGS
from natless.finding import Blocked, Unknown
from natless.finding import Severity as FindingSeverity
from natless.lab.engine.schemas import schema
from natless.prove import Promises, prove
from natless.spec.model import Network, Secret, Service, Spec


@pytest.fixture(scope="module")
def engine() -> Iterator[CompositeEngine]:
    # Let go before the interpreter ends: its destructor needs the library that is then gone.
    made = CompositeEngine()
    yield made
    del made


def complaints(engine: CompositeEngine, template: Template, region: str | None) -> list[str]:
    """What cfn-lint and AWS's validator say, errors and warnings; their remarks on style are left out."""
    text = design.text(template)
    linted = lint(text, config=ManualArgs(regions=[region] if region else ["us-east-1"]))
    validated = engine.validate_template(TemplateContent(text, "template")).diagnostics
    return [
        *(str(match) for match in linted if match.rule.id[0] in "EW"),
        *(f"{one.rule_id}: {one.message}" for one in validated if one.severity is not Severity.INFO),
    ]


# cfn-lint takes half a second a template, so a failing example is shown as it was found.
@settings(max_examples=10, deadline=None, phases=[phase for phase in Phase if phase is not Phase.shrink])
@given(spec=specs())
def test_both_validators_have_nothing_to_say(engine: CompositeEngine, spec: Spec) -> None:
    designed = design.write(spec)
    assert designed.images is None or complaints(engine, designed.images, spec.region) == []
    assert complaints(engine, designed.main, spec.region) == []


@pytest.mark.parametrize("identifier", ["prod/db-password", "secret", "arn:aws:secretsmanager:a:1:secret:Secret-x"])
def test_a_secret_by_any_name_is_no_complaint(engine: CompositeEngine, identifier: str) -> None:
    spec = hello(secrets=(Secret("PASSWORD", "secretsmanager", identifier),))
    assert complaints(engine, design.write(spec).main, "us-east-1") == []


def hello(**changes: Any) -> Spec:
    service = Service("web", ".", None, 8080, public=True, health="/healthz")
    return Spec("t", "hello", "us-east-1", Network(), (msgspec.structs.replace(service, **changes),), {})


@pytest.mark.parametrize(
    ("resource", "change", "said"),
    [
        ("WebService", {"DependsOn": ["WebTaskDefinition"]}, "W3005"),
        ("WebTargetGroup", {"Properties": {"Port": "eighty"}}, "E3012"),
        ("WebTaskDefinition", {"Properties": {"Cpu": "300"}}, "E3047"),
    ],
)
def test_the_validators_would_have_something_to_say(
    engine: CompositeEngine, resource: str, change: dict[str, Any], said: str
) -> None:
    template = json.loads(design.text(design.write(hello()).main))
    element = template["Resources"][resource]
    element["Properties"] |= change.get("Properties", {})
    element |= {key: value for key, value in change.items() if key != "Properties"}
    found = complaints(engine, template, "us-east-1")
    assert found
    assert any(said in complaint for complaint in found)


def mentioned(value: Any) -> Iterator[str]:
    """The logical ids that a value names by Ref, GetAtt or Sub; pseudo parameters are left out."""
    match value:
        case {"Ref": str(id_)}:
            yield id_
        case {"Fn::GetAtt": [str(id_), _]}:
            yield id_
        case {"Fn::Sub": str(text)}:
            yield from (found.partition(".")[0] for found in re.findall(r"\$\{([A-Za-z0-9.]+)\}", text))
        case dict():
            for part in value.values():
                yield from mentioned(part)
        case list():
            for part in value:
                yield from mentioned(part)
        case _:
            pass


def before(template: Template, id_: str, *, without: str = "") -> set[str]:
    """Everything that CloudFormation completes before `id_`; `without`: as if that one DependsOn were not there."""
    resources = template["Resources"]
    waits = [wait for wait in resources[id_].get("DependsOn", []) if wait != without]
    direct = {one for one in [*waits, *mentioned(resources[id_]["Properties"])] if one in resources}
    return direct.union(*(before(template, one) for one in direct))


@settings(max_examples=25, deadline=None)
@given(specs())
def test_every_depends_on_is_needed(spec: Spec) -> None:
    main = design.write(spec).main
    for id_, element in main["Resources"].items():
        for wait in element.get("DependsOn", []):
            assert wait not in before(main, id_, without=wait), f"{id_} waits for {wait} anyway"


@settings(max_examples=25, deadline=None)
@given(specs())
def test_every_name_that_is_used_is_declared_and_every_parameter_is_used(spec: Spec) -> None:
    main = design.write(spec).main
    pseudo = {"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::StackName", "AWS::URLSuffix"}
    names = set(mentioned([main["Resources"], main["Outputs"]])) - pseudo
    assert names <= set(main["Resources"]) | set(main["Parameters"])
    assert names >= set(main["Parameters"])


@settings(max_examples=25, deadline=None)
@given(specs())
def test_the_parameters_of_the_design_are_those_of_the_template(spec: Spec) -> None:
    designed = design.write(spec)
    declared = dict(designed.main["Parameters"])
    zones = declared.pop("Zones", {})
    assert tuple(zones.get("Default", "").split(",")) == (spec.network.zone_names or ("",))
    assert [parameter.name for parameter in designed.parameters] == list(declared)
    assert all("Default" not in each for each in declared.values())


@settings(max_examples=50, deadline=None)
@given(specs())
def test_subnets_lie_apart_inside_the_vpc_and_hold_a_load_balancer(spec: Spec) -> None:
    resources = design.write(spec).main["Resources"]
    blocks = [
        IPv4Network(element["Properties"]["CidrBlock"])
        for element in resources.values()
        if element["Type"] == "AWS::EC2::Subnet"
    ]
    # Where nothing is public and nothing leads out, nothing needs a public subnet.
    facing = spec.network.scheme == "internet-facing"
    public = spec.network.nat or (facing and any(service.public for service in spec.services))
    assert len(blocks) == (2 if public else 1) * spec.network.zones
    assert all(block.subnet_of(IPv4Network(spec.network.cidr)) for block in blocks)
    assert not any(one.overlaps(other) for i, one in enumerate(blocks) for other in blocks[:i])
    # Elastic Load Balancing: at least a /27. EC2: at most a /16.
    assert all(16 <= block.prefixlen <= 27 for block in blocks)


@settings(max_examples=50, deadline=None)
@given(specs())
def test_a_further_zone_moves_nothing_that_stands(spec: Spec) -> None:
    fewer = msgspec.structs.replace(spec, network=msgspec.structs.replace(spec.network, zones=1))
    stands, grown = design.write(fewer).main["Resources"], design.write(spec).main["Resources"]
    assert all(
        element == grown[id_]
        for id_, element in stands.items()
        if element["Type"].startswith(("AWS::EC2::Subnet", "AWS::EC2::Route", "AWS::EC2::VPC"))
        and element["Type"] != "AWS::EC2::VPCEndpoint"
    )


def allowed(template: Template) -> Iterator[dict[str, Any]]:
    """Every statement of the roles' and of the endpoints' policies; who may assume a role is left out."""
    for element in template["Resources"].values():
        properties = element["Properties"]
        for policy in properties.get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]
        if element["Type"] == "AWS::EC2::VPCEndpoint" and "PolicyDocument" in properties:
            yield from properties["PolicyDocument"]["Statement"]


@settings(max_examples=25, deadline=None)
@given(specs())
def test_only_what_knows_no_resource_is_allowed_on_everything_and_in_a_statement_of_its_own(spec: Spec) -> None:
    for statement in allowed(design.write(spec).main):
        assert not any("*" in action for action in statement["Action"])
        wide = statement["Resource"] == "*" or "*" in statement["Resource"]
        # Service Authorization Reference, Amazon ECR, Amazon ECS, CloudWatch Logs and Amazon Message Gateway Service:
        # none has a resource type.
        known = {"ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint", "logs:DescribeLogGroups"}
        known |= {f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")}
        assert wide == (set(statement["Action"]) <= known)


@settings(max_examples=25, deadline=None)
@given(specs())
def test_every_endpoint_has_a_policy_and_says_why_it_is_there(spec: Spec) -> None:
    for element in design.write(spec).main["Resources"].values():
        if element["Type"] == "AWS::EC2::VPCEndpoint":
            # Reported of 2018, and not withdrawn since: these two refuse an endpoint with a policy.
            bare = str(element["Properties"]["ServiceName"]).endswith(("ecs-agent'}", "ecs-telemetry'}"))
            assert bool(element["Properties"].get("PolicyDocument", {}).get("Statement")) != bare
            tags = {tag["Key"]: tag["Value"] for tag in element["Properties"]["Tags"]}
            # EC2: at most 256 characters; the services' common set of letters, digits, spaces and + - = . _ : / @
            assert re.fullmatch(r"[A-Za-z0-9 +\-=._:/@,]{10,256}", tags["natless:why"])


@settings(max_examples=25, deadline=None)
@given(specs())
def test_no_group_is_left_with_the_default_egress(spec: Spec) -> None:
    elements = design.write(spec).main["Resources"].values()
    groups = [one["Properties"] for one in elements if one["Type"] == "AWS::EC2::SecurityGroup"]
    apart = spec.network.security_groups == "separate"
    public = any(service.public for service in spec.services)
    modes = [each.launch.instances.network_mode for each in spec.services if each.launch.instances is not None]
    # A task with an interface of its own on an instance: both have a group.
    both = modes.count("awsvpc")
    assert len(groups) == (len(spec.services) + both + 1 + public if apart else 1)
    assert all([rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"] for group in groups)
    open_ends = [one["Properties"] for one in elements if one["Type"].startswith("AWS::EC2::SecurityGroupEgress")]
    wide = [(rule["CidrIp"], rule["FromPort"], rule["ToPort"]) for rule in open_ends if "CidrIp" in rule]
    asked = spec.network.nat or spec.network.egress == "https"
    twice = both if spec.network.egress == "https" else 0
    assert wide == [("0.0.0.0/0", 443, 443)] * (0 if not asked else len(spec.services) + twice if apart else 1)


@settings(max_examples=25, deadline=None)
@given(specs())
def test_who_deploys_can_be_told_what_the_handlers_of_every_type_ask(spec: Spec) -> None:
    types = {element["Type"] for element in design.write(spec).main["Resources"].values()}
    assert types <= set(PERMISSIONS)


@settings(max_examples=25, deadline=None)
@given(specs())
def test_no_two_rules_of_a_group_are_the_same(spec: Spec) -> None:
    # EC2: InvalidPermission.Duplicate.
    seen = set()
    for element in design.write(spec).main["Resources"].values():
        if element["Type"].startswith("AWS::EC2::SecurityGroup") and element["Type"] != "AWS::EC2::SecurityGroup":
            rule = {key: value for key, value in element["Properties"].items() if key != "Description"}
            text = json.dumps([element["Type"], rule], sort_keys=True)
            assert text not in seen
            seen.add(text)


@settings(max_examples=40, deadline=None)
@given(specs())
def test_every_design_holds_what_it_promises(spec: Spec) -> None:
    designed = design.write(spec)
    parameters = {parameter.name: parameter.value for parameter in designed.parameters}
    cloud = load.cloudformation(design.text(designed.main), "t", parameters, spec.region, None)
    proof = prove(cloud, Promises(private=not spec.network.nat))
    # In a single group the rule that lets visitors reach the load balancer stands before the tasks as well.
    shared = {"NL310"} if spec.network.security_groups == "single" else set()
    assert {found.rule for found in proof.findings if found.severity is not FindingSeverity.NOTE} <= shared
    blocked = {verdict.need for verdict in proof.verdicts if isinstance(verdict.outcome, Blocked)}
    called = [verdict.need.removeprefix("calls:") for verdict in proof.verdicts if verdict.need.startswith("calls:")]
    meant = [name for service in spec.services for name in service.calls]
    # In a single group whoever stands in it may call.
    assert sorted(called) == sorted(meant) if not shared else set(called) >= set(meant)
    assert blocked == (set() if spec.network.nat else {"task->internet"})
    unknown = {verdict.need for verdict in proof.verdicts if isinstance(verdict.outcome, Unknown)}
    # A boundary's text stands in no template: what roles are asked for leans on it, and what they are not does not.
    by_role = blocked | {"image-source", "s3-layers", "internet->alb", "alb->task", "task->internet"}
    assert bool(unknown) == (spec.permissions_boundary is not None)
    assert not unknown & by_role


@settings(max_examples=25, deadline=None)
@given(specs())
def test_tags_are_on_all_that_takes_tags_and_the_boundary_on_every_role(spec: Spec) -> None:
    designed = design.write(spec)
    named = spec.permissions_boundary
    bound = {"Fn::Sub": named.replace("arn:aws:", "arn:${AWS::Partition}:")} if named else None
    for template in (designed.images, designed.main):
        for element in (template or {"Resources": {}})["Resources"].values():
            kind, properties = element["Type"], element["Properties"]
            document = schema("us-east-1", kind)
            assert document is not None
            takes = "TagSpecifications" if kind == "AWS::EC2::LaunchTemplate" else "Tags"
            assert (takes in document.document["properties"]) == (kind not in WITHOUT_TAGS)
            listed = properties.get(takes, [])
            listed = listed if takes == "Tags" else [tag for part in listed for tag in part["Tags"]]
            found = {tag["Key"]: tag["Value"] for tag in listed}
            assert len(found) == len(listed)
            assert kind in WITHOUT_TAGS or found.items() >= spec.tags.items()
            assert properties.get("PermissionsBoundary") == (bound if kind == ROLE else None)


ROLE = "AWS::IAM::Role"


def written(spec: Spec) -> tuple[str, str, Design]:
    designed = design.write(spec)
    images = "" if designed.images is None else design.text(designed.images)
    return images, design.text(designed.main), designed


@settings(max_examples=25, deadline=None)
@given(specs())
def test_the_same_spec_gives_the_same_text_which_fits_inline(spec: Spec) -> None:
    assert written(spec) == written(spec)
    # AWS CloudFormation quotas: 51,200 bytes of template in a request. Several services can be too long together:
    # `deploy` says so before it changes anything.
    if len(spec.services) == 1:
        assert len(design.compact(design.write(spec).main).encode()) <= 51_200
    assert json.loads(design.compact(design.write(spec).main)) == json.loads(written(spec)[1])


def test_a_spec_that_was_not_read_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no service to design for"):
        design.write(msgspec.structs.replace(hello(), services=()))
    with pytest.raises(ValueError, match="public and has no port"):
        design.write(hello(port=None))
    with pytest.raises(ValueError, match="room for 2 zones, not for 3"):
        design.write(msgspec.structs.replace(hello(), network=Network("10.0.0.0/25", 3)))
