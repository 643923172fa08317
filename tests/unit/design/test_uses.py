"""What the containers use of AWS: task role, endpoints and their policies, groups; and the proof of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from natless import design, load
from natless.design import PrefixListId, Template
from natless.finding import Blocked, Reachable
from natless.prove import Promises, Proof, prove
from natless.spec.model import Instances, Launch, Network, Service, Spec, Use

ORDERS = Use("dynamodb", "orders", ("read",))
UPLOADS = Use("s3", "uploads", ("read",))
JOBS = Use("sqs", "jobs", ("receive",))
KEY = Use("kms", "1234abcd-12ab-34cd-56ef-1234567890ab", ("decrypt",))


def spec(*uses: Use, launch: Launch = Launch()) -> Spec:  # noqa: B008 - frozen
    worker = Service("worker", ".", None, None, public=False, uses=uses, launch=launch)
    return Spec("natless.toml", "hello", "us-east-1", Network(), (worker,), {})


def resources(of: Spec) -> dict[str, Any]:
    found: dict[str, Any] = design.write(of).main["Resources"]
    return found


def statements(resource: dict[str, Any]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The actions and resources of a role's one policy, or of an endpoint's."""
    properties = resource["Properties"]
    document = properties.get("PolicyDocument") or properties["Policies"][0]["PolicyDocument"]
    return [
        (tuple(each["Action"]), tuple(one["Fn::Sub"] if isinstance(one, dict) else one for one in each["Resource"]))
        for each in document["Statement"]
    ]


def test_a_service_that_uses_nothing_has_no_task_role() -> None:
    found = resources(spec())
    assert "WorkerTaskRole" not in found
    assert "TaskRoleArn" not in found["WorkerTaskDefinition"]["Properties"]


# Service Authorization Reference: the resource types of each action.
QUEUE = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:jobs"
TABLE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/orders"
BUCKET = "arn:${AWS::Partition}:s3:::uploads"
READING = [
    (("dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem"), (TABLE,)),
    (("dynamodb:Query", "dynamodb:Scan"), (TABLE, f"{TABLE}/index/*")),
]
RECEIVING = [
    (
        (
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ),
        (QUEUE,),
    )
]


def test_the_task_role_and_the_endpoints_allow_just_what_is_used() -> None:
    found = resources(spec(ORDERS, JOBS))
    assert found["WorkerTaskDefinition"]["Properties"]["TaskRoleArn"] == {"Fn::GetAtt": ["WorkerTaskRole", "Arn"]}
    role = found["WorkerTaskRole"]
    assert statements(role) == [*READING, *RECEIVING]
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "ecs-tasks.amazonaws.com"
    }
    assert statements(found["DynamodbEndpoint"]) == READING
    assert statements(found["SqsEndpoint"]) == RECEIVING
    # The execution role starts tasks, and uses nothing.
    assert not any("sqs:" in action for actions, _ in statements(found["WorkerExecutionRole"]) for action in actions)


def test_the_endpoints_stand_as_their_kind_asks() -> None:
    found = resources(spec(ORDERS, JOBS))
    gateway, interface = (found[id_]["Properties"] for id_ in ("DynamodbEndpoint", "SqsEndpoint"))
    assert gateway["VpcEndpointType"] == "Gateway"
    assert gateway["RouteTableIds"] == [{"Ref": "PrivateRouteTable1"}, {"Ref": "PrivateRouteTable2"}]
    assert (interface["VpcEndpointType"], interface["PrivateDnsEnabled"]) == ("Interface", True)
    out = found["WorkerTaskGroupEgressDynamodb"]["Properties"]
    assert (out["DestinationPrefixListId"], out["FromPort"]) == ({"Ref": "DynamodbPrefixListId"}, 443)
    # What the container asks at once, it asks in vain before this stands.
    assert {"DynamodbEndpoint", "SqsEndpoint", "WorkerTaskGroupEgressDynamodb"} <= set(
        found["WorkerService"]["DependsOn"]
    )


def test_the_list_of_dynamodb_is_asked_of_the_account() -> None:
    lists = [one for one in design.write(spec(ORDERS)).parameters if isinstance(one.lookup, PrefixListId)]
    assert [(one.name, one.value, one.lookup) for one in lists] == [
        ("S3PrefixListId", "pl-63a5400a", PrefixListId("s3")),
        ("DynamodbPrefixListId", "${DynamodbPrefixListId}", PrefixListId("dynamodb")),
    ]


def test_one_s3_endpoint_lets_layers_and_buckets_through() -> None:
    found = resources(spec(UPLOADS))
    layers = "arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*"
    assert statements(found["S3Endpoint"]) == [
        (("s3:GetObject",), (layers, f"{BUCKET}/*")),
        (("s3:ListBucket",), (BUCKET,)),
    ]
    assert statements(found["WorkerTaskRole"]) == [
        (("s3:ListBucket",), (BUCKET,)),
        (("s3:GetObject",), (f"{BUCKET}/*",)),
    ]
    tags = {tag["Key"]: tag["Value"] for tag in found["S3Endpoint"]["Properties"]["Tags"]}
    assert tags["natless:why"] == "worker: ECR keeps image layers in S3, the containers use buckets here"


@pytest.mark.parametrize(
    ("use", "resource"),
    [
        # Secrets Manager user guide: six characters of AWS's own follow the name.
        (
            Use("secretsmanager", "prod/db", ("read",)),
            "secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:prod/db-??????",
        ),
        (Use("ssm", "/prod/x", ("read",)), "ssm:${AWS::Region}:${AWS::AccountId}:parameter/prod/x"),
        (Use("sts", "reporting", ("assume",)), "iam::${AWS::AccountId}:role/reporting"),
    ],
)
def test_names_that_are_not_the_end_of_their_arn(use: Use, resource: str) -> None:
    [(_, named)] = statements(resources(spec(use))["WorkerTaskRole"])
    assert named == (f"arn:${{AWS::Partition}}:{resource}",)


def test_on_instances_each_group_reaches_what_its_own_calls_ask() -> None:
    found = resources(spec(ORDERS, launch=Launch(0, instances=Instances("t3.small"))))
    rules = {id_ for id_ in found if id_.startswith(("WorkerTaskGroupE", "WorkerHostGroupE"))}
    # The instance pulls (endpoints, S3); the containers ask DynamoDB, and no interface endpoint.
    assert rules == {"WorkerHostGroupEgressEndpoints", "WorkerHostGroupEgressS3", "WorkerTaskGroupEgressDynamodb"}
    assert "EndpointGroupIngressWorkerTasks" not in found


def proof(template: Template, of: Spec) -> Proof:
    parameters = {parameter.name: parameter.value for parameter in design.write(of).parameters}
    cloud = load.cloudformation(design.text(template), "t", parameters, "us-east-1", None)
    return prove(cloud, Promises(private=True))


@pytest.mark.parametrize("mode", ["fargate", "awsvpc", "bridge", "host"])
def test_what_is_used_is_proved(mode: Any) -> None:
    launch = Launch() if mode == "fargate" else Launch(0, instances=Instances("t3.small", network_mode=mode))
    of = spec(ORDERS, UPLOADS, JOBS, KEY, launch=launch)
    outcomes = {verdict.need: verdict.outcome for verdict in proof(design.write(of).main, of).verdicts}
    for need in ("dynamodb", "s3", "s3-layers", "sqs", "kms"):
        assert isinstance(outcomes[need], Reachable), need


@pytest.mark.parametrize(
    ("taken", "need", "rule"),
    [
        ("SqsEndpoint", "sqs", "NL401"),
        ("DynamodbEndpoint", "dynamodb", "NL401"),
        ("WorkerTaskGroupEgressDynamodb", "dynamodb", "NL302"),
    ],
)
def test_without_an_element_what_is_used_is_blocked(taken: str, need: str, rule: str) -> None:
    of = spec(ORDERS, JOBS)
    template = copy.deepcopy(design.write(of).main)
    del template["Resources"][taken]
    for element in template["Resources"].values():
        element["DependsOn"] = [each for each in element.get("DependsOn", []) if each != taken]
    found = proof(template, of)
    [outcome] = [verdict.outcome for verdict in found.verdicts if verdict.need == need]
    assert isinstance(outcome, Blocked)
    assert rule in {each.rule for each in found.findings}


def test_an_endpoint_whose_policy_forgets_an_action_is_named() -> None:
    of = spec(JOBS)
    template = copy.deepcopy(design.write(of).main)
    [statement] = template["Resources"]["SqsEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
    statement["Action"].remove("sqs:DeleteMessage")
    found = proof(template, of)
    [outcome] = [verdict.outcome for verdict in found.verdicts if verdict.need == "sqs"]
    assert isinstance(outcome, Blocked)
    assert outcome.gate.element == "SqsEndpoint"
