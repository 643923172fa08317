"""Laws of reading: the order of listing never matters, and nothing that JSON can hold is a traceback."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests import captures

from natless.load import LoadError, describe

KEYS = [
    "AutoScalingGroups",
    "CapacityProviders",
    "Clusters",
    "ContainerInstances",
    "InstanceProfiles",
    "Instances",
    "LaunchConfigurations",
    "LaunchTemplateVersions",
    "Reservations",
    "DhcpOptions",
    "InternetGateways",
    "ListenerRules",
    "Listeners",
    "LoadBalancers",
    "LogGroups",
    "NatGateways",
    "NetworkAcls",
    "NetworkInterfaces",
    "Policies",
    "PrefixLists",
    "Repositories",
    "Roles",
    "RouteTables",
    "SecurityGroupRules",
    "SecurityGroups",
    "Services",
    "Subnets",
    "TargetGroups",
    "TaskDefinitions",
    "StoppedTasks",
    "Tasks",
    "VpcAttributes",
    "VpcEndpoints",
    "Vpcs",
    "Denied",
    "Region",
]


def recorded() -> dict[str, Any]:
    return {key: value for key, value in captures.snapshot(captures.GATEWAY).items() if key in KEYS}


def shuffled(value: Any, draw: st.DrawFn) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw(st.permutations(sorted(value)))}
    if isinstance(value, list):
        return [shuffled(each, draw) for each in draw(st.permutations(value))]
    return value


@st.composite
def orders(draw: st.DrawFn) -> Any:
    return shuffled(recorded(), draw)


@settings(max_examples=30, deadline=None)
@given(snapshot=orders())
def test_the_order_of_listing_never_matters(snapshot: Any) -> None:
    assert plain(describe(snapshot, "here")) == plain(describe(recorded(), "here"))


def plain(cloud: Any) -> str:
    """Write a Cloud without the places in the list that origins and gaps may name."""
    return str({name: getattr(cloud, name) for name in cloud.__struct_fields__})


FIELDS = st.sampled_from(
    [
        *KEYS,
        *[
            "VpcId",
            "SubnetId",
            "GroupId",
            "CidrBlock",
            "Routes",
            "Associations",
            "Entries",
            "RuleNumber",
            "IpPermissions",
            "FromPort",
            "Statement",
        ],
        *[
            "PolicyDocument",
            "VpcEndpointId",
            "VpcEndpointType",
            "RouteTableId",
            "NetworkAclId",
            "family",
            "revision",
            "serviceArn",
        ],
        *[
            "containerDefinitions",
            "portMappings",
            "containerPortRange",
            "logConfiguration",
            "options",
            "Effect",
            "Action",
            "Arn",
            "RoleName",
        ],
        *[
            "AssumeRolePolicyDocument",
            "RolePolicyList",
            "LoadBalancerArn",
            "Type",
            "Scheme",
            "RuleArn",
            "Priority",
            "Cidrs",
            "PrefixListId",
        ],
        *[
            "LaunchTemplateData",
            "LaunchTemplate",
            "LaunchTemplateId",
            "UserData",
            "IamInstanceProfile",
            "ec2InstanceId",
            "AutoScalingGroupName",
            "containerInstanceArn",
            "networkConfiguration",
            "awsvpcConfiguration",
            "subnets",
            "taskSets",
            "launchType",
            "NetworkInterfaceId",
            "Attachment",
        ],
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | FIELDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(snapshot=JSON | st.dictionaries(st.sampled_from(KEYS), st.lists(st.dictionaries(FIELDS, JSON), max_size=2)))
def test_nothing_that_json_can_hold_is_a_traceback(snapshot: Any) -> None:
    with suppress(LoadError):
        describe(snapshot, "here")
