"""The elements of one public Fargate service, each against what AWS's documentation asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from natless import design
from natless.spec.model import Count, Network, Service, Spec

WEB = Service("web", ".", None, 8080, public=True, health="/healthz")


def spec(service: Service = WEB, region: str | None = "us-east-1") -> Spec:
    return Spec("natless.toml", "hello", region, Network(), (service,), {})


@pytest.fixture(name="main")
def _main() -> dict[str, Any]:
    resources: dict[str, Any] = design.write(spec()).main["Resources"]
    return resources


def of_type(resources: dict[str, Any], type_: str) -> dict[str, Any]:
    return {id_: each["Properties"] for id_, each in resources.items() if each["Type"] == type_}


def test_the_vpc_resolves_private_names(main: dict[str, Any]) -> None:
    # AWS PrivateLink Guide, 'Manage DNS names': private DNS needs both attributes.
    assert main["Vpc"]["Properties"]["EnableDnsSupport"] is True
    assert main["Vpc"]["Properties"]["EnableDnsHostnames"] is True
    assert main["Vpc"]["Properties"]["CidrBlock"] == "10.0.0.0/16"


def test_two_public_and_two_private_subnets_in_two_zones(main: dict[str, Any]) -> None:
    subnets = of_type(main, "AWS::EC2::Subnet")
    placed = {id_: (each["CidrBlock"], each["AvailabilityZone"]["Fn::Select"][0]) for id_, each in subnets.items()}
    # The layout that the console's 'VPC and more' draws for a /16.
    assert placed == {
        "PublicSubnet1": ("10.0.0.0/20", 0),
        "PublicSubnet2": ("10.0.16.0/20", 1),
        "PrivateSubnet1": ("10.0.128.0/20", 0),
        "PrivateSubnet2": ("10.0.144.0/20", 1),
    }


def test_only_the_public_subnets_lead_to_the_internet(main: dict[str, Any]) -> None:
    routes = of_type(main, "AWS::EC2::Route")
    assert list(routes) == ["PublicRoute"]
    assert routes["PublicRoute"]["GatewayId"] == {"Ref": "InternetGateway"}
    associations = of_type(main, "AWS::EC2::SubnetRouteTableAssociation")
    tables = {each["SubnetId"]["Ref"]: each["RouteTableId"]["Ref"] for each in associations.values()}
    assert tables == {
        "PublicSubnet1": "PublicRouteTable",
        "PublicSubnet2": "PublicRouteTable",
        "PrivateSubnet1": "PrivateRouteTable1",
        "PrivateSubnet2": "PrivateRouteTable2",
    }


def test_the_four_endpoints_of_a_fargate_task_with_awslogs(main: dict[str, Any]) -> None:
    # Amazon ECR User Guide, 'Amazon ECR interface VPC endpoints': platform 1.4.0 and later.
    endpoints = of_type(main, "AWS::EC2::VPCEndpoint")
    kinds = {each["ServiceName"]["Fn::Sub"]: each["VpcEndpointType"] for each in endpoints.values()}
    assert kinds == {
        "com.amazonaws.${AWS::Region}.ecr.api": "Interface",
        "com.amazonaws.${AWS::Region}.ecr.dkr": "Interface",
        "com.amazonaws.${AWS::Region}.s3": "Gateway",
        "com.amazonaws.${AWS::Region}.logs": "Interface",
    }
    for each in endpoints.values():
        if each["VpcEndpointType"] == "Interface":
            assert each["PrivateDnsEnabled"] is True
            assert each["SubnetIds"] == [{"Ref": "PrivateSubnet1"}, {"Ref": "PrivateSubnet2"}]
    assert endpoints["S3Endpoint"]["RouteTableIds"] == [{"Ref": "PrivateRouteTable1"}, {"Ref": "PrivateRouteTable2"}]


def test_the_s3_endpoint_serves_image_layers_and_nothing_else(main: dict[str, Any]) -> None:
    # Amazon ECR User Guide, 'Minimum Amazon S3 Bucket Permissions for Amazon ECR'.
    (statement,) = main["S3Endpoint"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [{"Fn::Sub": "arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*"}],
    }


RULES = {
    # id: (group, peer, port); out of a group to the peer, or into it from the peer
    "AlbGroupIngressHttp": ("AlbGroup", "0.0.0.0/0", 80),
    "AlbGroupEgressWeb": ("AlbGroup", "WebTaskGroup", 8080),
    "WebTaskGroupIngressAlb": ("WebTaskGroup", "AlbGroup", 8080),
    "WebTaskGroupEgressEndpoints": ("WebTaskGroup", "EndpointGroup", 443),
    "EndpointGroupIngressWeb": ("EndpointGroup", "WebTaskGroup", 443),
    "WebTaskGroupEgressS3": ("WebTaskGroup", "S3PrefixListId", 443),
}


def test_the_rules_are_those_of_the_reference_and_no_more(main: dict[str, Any]) -> None:
    found = {}
    for id_, each in {
        **of_type(main, "AWS::EC2::SecurityGroupIngress"),
        **of_type(main, "AWS::EC2::SecurityGroupEgress"),
    }.items():
        group = each["GroupId"]["Fn::GetAtt"][0]
        peers = [each[key] for key in each if key.startswith(("Source", "Destination", "CidrIp"))]
        (peer,) = [one if isinstance(one, str) else one.get("Ref") or one["Fn::GetAtt"][0] for one in peers]
        assert each["FromPort"] == each["ToPort"]
        found[id_] = (group, peer, each["FromPort"])
    assert found == RULES
    assert not any("SecurityGroupIngress" in each for each in of_type(main, "AWS::EC2::SecurityGroup").values())


def test_the_execution_role_pulls_and_logs_and_nothing_else(main: dict[str, Any]) -> None:
    # Amazon ECS Developer Guide, 'Amazon ECS task execution IAM role': the managed policy's actions, on these alone.
    role = main["WebExecutionRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    here = "${AWS::Region}:${AWS::AccountId}"
    allowed = {tuple(each["Action"]): each["Resource"] for each in policy["PolicyDocument"]["Statement"]}
    assert allowed == {
        ("ecr:GetAuthorizationToken",): "*",
        ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"): [
            {"Fn::Sub": f"arn:${{AWS::Partition}}:ecr:{here}:repository/hello/web"}
        ],
        ("logs:CreateLogStream", "logs:PutLogEvents"): [
            {"Fn::Sub": f"arn:${{AWS::Partition}}:logs:{here}:log-group:${{WebLogGroup}}:*"}
        ],
    }


def test_there_is_no_task_role_where_no_service_is_used(main: dict[str, Any]) -> None:
    assert "TaskRoleArn" not in main["WebTaskDefinition"]["Properties"]


def test_the_image_is_named_by_digest_in_whatever_account_it_is(main: dict[str, Any]) -> None:
    (container,) = main["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    registry = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
    assert container["Image"] == {"Fn::Sub": f"{registry}/hello/web@${{WebImageDigest}}"}


def test_health_checks_end_before_they_begin_again(main: dict[str, Any]) -> None:
    # Elastic Load Balancing: the timeout must be below the interval, whose least value is 5 s; the default timeout
    # is 5 s, so an interval of 5 s alone is refused.
    target = main["WebTargetGroup"]["Properties"]
    assert 5 <= target["HealthCheckIntervalSeconds"] <= 300
    assert 2 <= target["HealthCheckTimeoutSeconds"] < target["HealthCheckIntervalSeconds"]
    assert target["HealthCheckPath"] == "/healthz"
    assert target["TargetType"] == "ip"
    # AWS's default of 300 s makes every release wait five minutes.
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in target["TargetGroupAttributes"]


def test_the_service_runs_privately_and_rolls_back_by_itself(main: dict[str, Any]) -> None:
    service = main["WebService"]["Properties"]
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets"] == [{"Ref": "PrivateSubnet1"}, {"Ref": "PrivateSubnet2"}]
    assert service["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert "LaunchType" not in service
    # ECS: a strategy may name only capacity providers of the cluster.
    assert {each["CapacityProvider"] for each in service["CapacityProviderStrategy"]} <= set(
        main["Cluster"]["Properties"]["CapacityProviders"]
    )


def test_a_fixed_count_is_desired_and_a_moving_one_is_not() -> None:
    # containers-roadmap #493: DesiredCount in a template undoes autoscaling on each deploy.
    fixed = design.write(spec(Service("web", ".", None, 80, public=True, count=Count(3, 3)))).main["Resources"]
    assert fixed["WebService"]["Properties"]["DesiredCount"] == 3
    assert "WebScalableTarget" not in fixed
    moving = design.write(spec(Service("web", ".", None, 80, public=True, count=Count(2, 10, 60)))).main["Resources"]
    assert "DesiredCount" not in moving["WebService"]["Properties"]
    target, policy = moving["WebScalableTarget"]["Properties"], moving["WebScalingPolicy"]["Properties"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 10)
    # Application Auto Scaling: service/CLUSTER/SERVICE, by names.
    assert target["ResourceId"] == {"Fn::Sub": "service/${Cluster}/${WebService.Name}"}
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60


def test_what_holds_data_outlives_the_stack_and_blocks_no_other(main: dict[str, Any]) -> None:
    log_group = main["WebLogGroup"]
    assert log_group["DeletionPolicy"] == log_group["UpdateReplacePolicy"] == "Retain"
    # aws-cdk #1498: a retained log group with a fixed name blocks the next create.
    assert "LogGroupName" not in log_group["Properties"]
    assert log_group["Properties"]["RetentionInDays"] == 30


def test_only_the_cluster_and_the_repository_have_fixed_names(main: dict[str, Any]) -> None:
    for id_, each in main.items():
        named = {key for key in each["Properties"] if key.endswith("Name") or key == "Name"} - {"ServiceName"}
        assert named == ({"ClusterName"} if id_ == "Cluster" else set())


def test_the_repository_is_scanned_immutable_encrypted_and_tidied() -> None:
    images = design.write(spec()).images
    assert images is not None
    repository = images["Resources"]["WebRepository"]
    assert repository["Properties"]["RepositoryName"] == "hello/web"
    assert repository["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["Properties"]["ImageTagMutability"] == "IMMUTABLE"
    assert repository["Properties"]["EncryptionConfiguration"] == {"EncryptionType": "AES256"}
    # ECR refuses to delete a repository that has images, unless the template says EmptyOnDelete.
    assert "EmptyOnDelete" not in repository["Properties"]
    (rule,) = json.loads(repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}


def test_the_outputs_are_what_people_and_deploy_ask_for() -> None:
    designed = design.write(spec())
    assert set(designed.main["Outputs"]) == {"Url", "Cluster", "Service", "LogGroup", "RepositoryUri"}
    assert designed.images is not None
    assert set(designed.images["Outputs"]) == {"RepositoryUri"}
    assert designed.repositories == {"web": "hello/web"}
    assert design.images_stack(spec()) == "hello-images"
