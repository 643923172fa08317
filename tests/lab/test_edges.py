"""For each edge of hello's template taken away, the engine refuses or races as AWS does (docs/decisions.md, Edges).

The words asked for are AWS's: ELB's, EC2's and ECS's refusals (catalog/refusals.py names each one's source) and ECS's
reasons for stopped tasks (catalog/ecs_errors.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

HOST = r"https://{}\.ap-northeast-2\.amazonaws\.com/"
PUBLIC = r"(?!10\.)\d+\.\d+\.\d+\.\d+"
"""An address outside the VPC: what AWS's names lead to without an endpoint."""

PRIVATE = r"10\.0\.(128|144)\.\d+"
TOKEN = (
    r"^ResourceInitializationError: unable to pull secrets or registry auth: .*There is a connection issue between the "
    r"task and Amazon ECR.*" + HOST.format(r"api\.ecr")
)
LAYER = (
    r"^CannotPullContainerError: ref pull has been retried \d+ time\(s\): failed to copy: httpReadSeeker: .*Get \""
    + HOST.format(r"prod-ap-northeast-2-starport-layer-bucket\.s3")
)

REFUSED = {
    "PublicRoute InternetGatewayAttachment": (
        "PublicRoute",
        r'"route table rtb-\w+ and network gateway igw-\w+ belong to different networks \(Service: Ec2,',
    ),
    "Alb InternetGatewayAttachment": (
        "Alb",
        r'"VPC vpc-\w+ has no internet gateway \(Service: ElasticLoadBalancingV2,',
    ),
    "WebService HttpListener": (
        "WebService",
        (
            r'"Invalid request provided: CreateService error: The target group with targetGroupArn \S+ '
            r"does not have an associated load balancer\. \(Service: Ecs,"
        ),
    ),
}
STOPPED = {
    "WebService EcrApiEndpoint": rf"{TOKEN}.*dial tcp {PUBLIC}:443: i/o timeout",
    "WebService EcrDkrEndpoint": (
        r"^CannotPullContainerError: pull image manifest has been retried \d+ time\(s\): failed to resolve ref .*"
        rf"Head \".*/v2/hello/web/manifests/.*dial tcp {PUBLIC}:443: i/o timeout"
    ),
    "WebService S3Endpoint": rf"{LAYER}.*dial tcp {PUBLIC}:443: i/o timeout",
    "WebService LogsEndpoint": (
        r"^ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
        rf"to create Cloudwatch log stream: .*{HOST.format('logs')}.*dial tcp {PUBLIC}:443: i/o timeout"
    ),
    "WebService WebTaskGroupEgressEndpoints": rf"{TOKEN}.*dial tcp {PRIVATE}:443: i/o timeout",
    "WebService EndpointGroupIngressWeb": rf"{TOKEN}.*dial tcp {PRIVATE}:443: i/o timeout",
    "WebService WebTaskGroupEgressS3": rf"{LAYER}.*dial tcp {PUBLIC}:443: i/o timeout",
    "WebService PrivateSubnet1RouteTableAssociation": rf"{LAYER}.*dial tcp {PUBLIC}:443: i/o timeout",
    "WebService PrivateSubnet2RouteTableAssociation": rf"{LAYER}.*dial tcp {PUBLIC}:443: i/o timeout",
}
UNHEALTHY = ("WebService AlbGroupEgressWeb", "WebService WebTaskGroupIngressAlb")


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_edges.py")
    return found


def test_every_edge_is_tried(seen: dict[str, Any]) -> None:
    assert set(seen) == {"whole", *REFUSED, *STOPPED, *UNHEALTHY}


def test_with_every_edge_the_first_tasks_start(seen: dict[str, Any]) -> None:
    assert seen["whole"] == {"targets": [["healthy", ""], ["healthy", ""]], "running": 2}


@pytest.mark.parametrize("edge", REFUSED)
def test_refused_in_the_words_of_aws(seen: dict[str, Any], edge: str) -> None:
    resource, words = REFUSED[edge]
    refused = seen[edge]["refused"]
    assert list(refused) == [resource]
    assert re.search(words, refused[resource]), refused


@pytest.mark.parametrize("edge", STOPPED)
def test_the_first_task_loses_the_race_at_this_leg(seen: dict[str, Any], edge: str) -> None:
    [reason] = seen[edge]["stopped"]
    assert re.search(STOPPED[edge], reason), reason


@pytest.mark.parametrize("edge", UNHEALTHY)
def test_the_first_task_runs_and_is_not_reached(seen: dict[str, Any], edge: str) -> None:
    assert seen[edge] == {"targets": [["unhealthy", "Target.Timeout"]], "running": 1}


@pytest.mark.parametrize("zone", ["1", "2"])
def test_an_association_is_missed_in_its_own_zone(seen: dict[str, Any], zone: str) -> None:
    [subnet] = seen[f"WebService PrivateSubnet{zone}RouteTableAssociation"]["subnets"]
    assert subnet.endswith(f"private {zone}")
