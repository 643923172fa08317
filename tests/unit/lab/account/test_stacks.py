"""The engine, on design's template for hello. Words and order: the CloudFormation user guide and the threads in
catalog/refusals.py."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest


def test_the_stack_stands_with_its_outputs_and_events(account: Any, hello_stack: dict[str, Any]) -> None:
    assert hello_stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {one["OutputKey"]: one["OutputValue"] for one in hello_stack["Outputs"]}
    assert outputs["Url"].startswith("http://hello-Alb-")
    assert outputs["Cluster"] == "hello"
    assert outputs["RepositoryUri"] == "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/hello/web"
    pages = account.connect("cloudformation").get_paginator("describe_stack_events").paginate(StackName="hello")
    events = [event for page in pages for event in page["StackEvents"]]
    assert len({event["EventId"] for event in events}) == len(events) > 100
    told = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]
    assert told[0] == ("hello", "REVIEW_IN_PROGRESS")
    assert told[-1] == ("hello", "CREATE_COMPLETE")
    assert told.index(("EcrApiEndpoint", "CREATE_COMPLETE")) < told.index(("WebService", "CREATE_IN_PROGRESS"))


def test_each_resource_is_complete_and_named_as_cloudformation_names(account: Any, hello_stack: dict[str, Any]) -> None:
    cloudformation = account.connect("cloudformation")
    found = cloudformation.describe_stack_resources(StackName=hello_stack["StackId"])["StackResources"]
    assert {one["ResourceStatus"] for one in found} == {"CREATE_COMPLETE"}
    physical = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
    assert physical["WebExecutionRole"].startswith("hello-WebExecutionRole-")
    assert len(physical["Alb"].split("/")[2]) <= 32
    assert physical["Vpc"].startswith("vpc-")
    assert cloudformation.get_template(StackName="hello")["TemplateBody"]["Resources"].keys() == physical.keys()


def test_the_network_reads_back(account: Any, hello: dict[str, Any], hello_stack: dict[str, Any]) -> None:
    assert hello_stack
    ec2, ids = account.connect("ec2"), physical(account)
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        said = ec2.describe_vpc_attribute(VpcId=ids["Vpc"], Attribute=name)
        assert said[name[0].upper() + name[1:]] == {"Value": True}
    named = ec2.describe_vpcs(VpcIds=[ids["Vpc"]])["Vpcs"][0]["Tags"]
    assert {"Key": "Name", "Value": "hello vpc"} in named
    group = {"Name": "group-id", "Values": [ids["WebTaskGroup"]]}
    rules = ec2.describe_security_group_rules(Filters=[group])["SecurityGroupRules"]
    told = {rule["Description"]: rule for rule in rules}
    assert told.keys() == {
        "Nothing: takes the place of allow-all egress",
        "From the ALB",
        "To VPC endpoints",
        "To S3: image layers",
    }
    assert told["To S3: image layers"]["PrefixListId"] == "pl-78a54011"
    assert told["To VPC endpoints"]["ReferencedGroupInfo"]["GroupId"] == ids["EndpointGroup"]
    assert told["From the ALB"]["IsEgress"] is False
    endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[ids["S3Endpoint"]])["VpcEndpoints"][0]
    assert set(endpoint["RouteTableIds"]) == {ids["PrivateRouteTable1"], ids["PrivateRouteTable2"]}
    policy = json.loads(endpoint["PolicyDocument"])["Statement"][0]
    assert policy["Resource"] == ["arn:aws:s3:::prod-ap-northeast-2-starport-layer-bucket/*"]
    assert (
        policy["Action"] == hello["Resources"]["S3Endpoint"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"]
    )


def physical(account: Any) -> dict[str, str]:
    found = account.connect("cloudformation").describe_stack_resources(StackName="hello")["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def test_the_service_reads_back(account: Any, hello: dict[str, Any], hello_stack: dict[str, Any]) -> None:
    assert hello_stack
    ids, ecs = physical(account), account.connect("ecs")
    asked = hello["Resources"]["WebService"]["Properties"]
    said = ecs.describe_services(cluster="hello", services=[ids["WebService"]])["services"][0]
    assert said["healthCheckGracePeriodSeconds"] == asked["HealthCheckGracePeriodSeconds"]
    breaker = {"enable": True, "rollback": True}
    assert said["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": breaker,
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    }
    network = said["networkConfiguration"]["awsvpcConfiguration"]
    assert network["subnets"] == [ids["PrivateSubnet1"], ids["PrivateSubnet2"]]
    assert network["assignPublicIp"] == "DISABLED"
    assert (said["runningCount"], said["enableECSManagedTags"], said["propagateTags"]) == (1, True, "SERVICE")
    task = ecs.describe_task_definition(taskDefinition=said["taskDefinition"])["taskDefinition"]
    assert task["executionRoleArn"].endswith(ids["WebExecutionRole"])
    assert task["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}
    container = task["containerDefinitions"][0]
    assert container["stopTimeout"] == 30
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": ids["WebLogGroup"],
        "awslogs-region": "ap-northeast-2",
        "awslogs-stream-prefix": "web",
    }
    logs = account.connect("logs").describe_log_groups(logGroupNamePrefix=ids["WebLogGroup"])["logGroups"]
    assert [one["retentionInDays"] for one in logs] == [30]
    policy = account.connect("iam").get_role_policy(RoleName=ids["WebExecutionRole"], PolicyName="start-tasks")
    assert policy["PolicyDocument"]["Statement"][0]["Resource"] == "*"


def test_the_balancer_reads_back(account: Any, hello_stack: dict[str, Any]) -> None:
    assert hello_stack
    ids, elb = physical(account), account.connect("elbv2")
    group = elb.describe_target_groups(TargetGroupArns=[ids["WebTargetGroup"]])["TargetGroups"][0]
    assert group["LoadBalancerArns"] == [ids["Alb"]]
    names = ("HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "UnhealthyThresholdCount", "HealthCheckPath")
    assert [group[name] for name in names] == [5, 2, 3, "/healthz"]
    assert group["Matcher"] == {"HttpCode": "200-399"}
    said = elb.describe_target_group_attributes(TargetGroupArn=ids["WebTargetGroup"])["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in said
    said = elb.describe_load_balancer_attributes(LoadBalancerArn=ids["Alb"])["Attributes"]
    assert {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"} in said


def test_a_change_set_without_changes(account: Any, hello: dict[str, Any], hello_stack: dict[str, Any]) -> None:
    assert hello_stack
    cloudformation = account.connect("cloudformation")
    keep = [{"ParameterKey": name, "UsePreviousValue": True} for name in hello["Parameters"]]
    cloudformation.create_change_set(
        StackName="hello",
        ChangeSetName="same",
        TemplateBody=json.dumps(hello),
        Parameters=keep,
        Capabilities=["CAPABILITY_IAM"],
    )
    said = cloudformation.describe_change_set(StackName="hello", ChangeSetName="same")
    assert said["Status"] == "FAILED"
    assert said["StatusReason"].startswith("The submitted information didn't contain changes.")


@pytest.mark.parametrize(
    ("resource", "edge", "text"),
    [
        ("Alb", "InternetGatewayAttachment", "has no internet gateway"),
        ("PublicRoute", "InternetGatewayAttachment", "belong to different networks"),
        ("WebService", "HttpListener", "does not have an associated load balancer."),
    ],
)
def test_a_forgotten_edge_fails(
    account: Any,
    hello: dict[str, Any],
    hello_parameters: dict[str, str],
    *,
    resource: str,
    edge: str,
    text: str,
) -> None:
    hello["Resources"][resource]["DependsOn"].remove(edge)
    hello["Resources"]["Cluster"]["Properties"]["ClusterName"] = f"without-{resource.lower()}"
    stack = account.deploy(hello, hello_parameters)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    failures = account.failures(stack["StackId"])
    assert failures.keys() == {resource}
    assert text in failures[resource]
    assert "HandlerErrorCode: InvalidRequest" in failures[resource]
    assert account.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


RACING = (
    "EcrApiEndpoint",
    "EcrDkrEndpoint",
    "S3Endpoint",
    "LogsEndpoint",
    "WebTaskGroupEgressEndpoints",
    "EndpointGroupIngressWeb",
    "WebTaskGroupEgressS3",
    "AlbGroupEgressWeb",
    "WebTaskGroupIngressAlb",
    "PrivateSubnet1RouteTableAssociation",
    "PrivateSubnet2RouteTableAssociation",
)


def test_every_edge_of_the_service_is_in_the_race(hello: dict[str, Any]) -> None:
    assert set(hello["Resources"]["WebService"]["DependsOn"]) == {*RACING, "HttpListener"}


def test_without_its_edges_the_service_starts_before_what_it_needs(
    slow_account: Any, hello: dict[str, Any], hello_parameters: dict[str, str]
) -> None:
    for name in RACING:
        hello["Resources"]["WebService"]["DependsOn"].remove(name)
    # A service that becomes steady at once would end the race: this one trips its breaker, as on AWS.
    hello["Resources"]["WebTaskDefinition"]["Properties"]["Family"] = "broken-race"
    stack = slow_account.deploy(hello, hello_parameters)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    pages = slow_account.connect("cloudformation").get_paginator("describe_stack_events")
    begun = {
        event["LogicalResourceId"]
        for page in pages.paginate(StackName=stack["StackId"])
        for event in page["StackEvents"]
        if event["ResourceStatus"] == "CREATE_IN_PROGRESS"
    }
    assert "WebService" in begun
    assert not begun & set(RACING)


def test_the_circuit_breaker_fails_the_stack(
    account: Any, hello: dict[str, Any], hello_parameters: dict[str, str]
) -> None:
    hello["Resources"]["WebTaskDefinition"]["Properties"]["Family"] = "broken-web"
    hello["Resources"]["Cluster"]["Properties"]["ClusterName"] = "broken"
    stack = account.deploy(hello, hello_parameters)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    said = account.failures(stack["StackId"])["WebService"]
    assert said.startswith(
        "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was "
        "triggered'.\" (RequestToken: "
    )
    assert said.endswith("HandlerErrorCode: GeneralServiceException)")
    here = [{"Name": "cidr", "Values": ["10.0.0.0/16"]}, {"Name": "tag:Name", "Values": [f"{stack['StackName']} vpc"]}]
    assert account.connect("ec2").describe_vpcs(Filters=here)["Vpcs"] == []


def test_deletion_frees_everything_but_what_is_kept(
    account: Any, hello: dict[str, Any], hello_parameters: dict[str, str]
) -> None:
    hello["Resources"]["Cluster"]["Properties"]["ClusterName"] = "leaves"
    stack = account.deploy(hello, hello_parameters, "leaves")
    ids = account.connect("cloudformation").describe_stack_resources(StackName="leaves")["StackResources"]
    vpc = next(one["PhysicalResourceId"] for one in ids if one["LogicalResourceId"] == "Vpc")
    group = next(one["PhysicalResourceId"] for one in ids if one["LogicalResourceId"] == "WebLogGroup")
    assert account.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    ec2 = account.connect("ec2")
    assert ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"] == []
    assert ec2.describe_vpcs(Filters=here)["Vpcs"] == []
    kept = account.connect("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [one["logGroupName"] for one in kept] == [group]


def test_a_repository_with_images_refuses_to_go(account: Any) -> None:
    template = {
        "Resources": {
            "Web": {
                "Type": "AWS::ECR::Repository",
                "Properties": {
                    "RepositoryName": "keeps/web",
                    "ImageScanningConfiguration": {"ScanOnPush": True},
                    "ImageTagMutability": "IMMUTABLE",
                },
            }
        },
        "Outputs": {"Uri": {"Value": {"Fn::GetAtt": ["Web", "RepositoryUri"]}}},
    }
    stack = account.deploy(template, {})
    uri = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/keeps/web"
    assert [one["OutputValue"] for one in stack["Outputs"]] == [uri]
    ecr = account.connect("ecr")
    said = ecr.describe_repositories(repositoryNames=["keeps/web"])["repositories"][0]
    assert said["imageScanningConfiguration"] == {"scanOnPush": True}
    assert said["imageTagMutability"] == "IMMUTABLE"
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:" + "0" * 64}, "layers": []}
    ecr.put_image(repositoryName="keeps/web", imageManifest=json.dumps(manifest), imageTag="one")
    left = account.delete(stack["StackId"])
    assert left["StackStatus"] == "DELETE_FAILED"
    assert left["StackStatusReason"] == "The following resource(s) failed to delete: [Web]. "
    account.connect("cloudformation").delete_stack(StackName=stack["StackId"], RetainResources=["Web"])
    assert account.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def validated(account: Any, refusal: Any, template: Any, **asked: Any) -> str:
    body = template if isinstance(template, str) else json.dumps(template)
    code, text = refusal(
        account.connect("cloudformation").create_stack, StackName="refused", TemplateBody=body, **asked
    )
    assert code in {"ValidationError", "InsufficientCapabilitiesException"}
    return str(text)


VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Resources: [", "Template format error: YAML not well-formed."),
        ({}, "Template format error: At least one Resources member must be defined."),
        ({"Resources": {"A": {}}}, "[/Resources/A] Every Resources object must contain a Type member."),
        ({"Resources": {"A-b": VPC}}, "Resource name A-b is non alphanumeric."),
        ({"Resources": {"A": VPC | {"DependsOn": "B"}}}, "Unresolved resource dependencies [B] in the Resources block"),
        (
            {"Resources": {"A": VPC | {"DependsOn": "B"}, "B": VPC | {"DependsOn": "A"}}},
            "Circular dependency between resources: [A, B]",
        ),
        ({"Resources": {"A": {"Type": "AWS::EC2::Nothing"}}}, "Unrecognized resource types: [AWS::EC2::Nothing]"),
        ({"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}, "The lab does not make AWS::S3::Bucket"),
        ({"Resources": {"A": VPC | {"Properties": {"CidrBlock": None}}}}, "'null' values are not allowed in templates"),
        ({"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": VPC}}, "The lab expands no macros"),
        ({"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": VPC}}, "Parameters: [P] must have values"),
    ],
)
def test_templates_that_are_refused(account: Any, refusal: Any, template: Any, text: str) -> None:
    assert text in validated(account, refusal, template)


def test_a_parameter_outside_its_pattern(account: Any, refusal: Any, hello: dict[str, Any]) -> None:
    given = [
        {"ParameterKey": "WebImageDigest", "ParameterValue": "latest"},
        {"ParameterKey": "S3PrefixListId", "ParameterValue": "pl-1"},
    ]
    text = validated(account, refusal, hello, Parameters=given, Capabilities=["CAPABILITY_IAM"])
    assert text == "Parameter WebImageDigest failed to satisfy constraint: sha256: and 64 hexadecimal digits"


def test_iam_needs_a_capability(account: Any, refusal: Any, hello: dict[str, Any], hello_parameters: Any) -> None:
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in hello_parameters.items()]
    assert validated(account, refusal, hello, Parameters=given) == "Requires capabilities : [CAPABILITY_IAM]"


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"CidrBlock": "10.0.0.0/16", "Cidr": "x"}, "#: extraneous key [Cidr] is not permitted"),
        ({"CidrBlock": "10.0.0.0/16", "VpcId": "x"}, "#: extraneous key [VpcId] is not permitted"),
        ({"CidrBlock": ["10.0.0.0/16"]}, "#/CidrBlock: expected type: String, found: JSONArray"),
    ],
)
def test_properties_that_the_type_does_not_have(account: Any, properties: dict[str, Any], text: str) -> None:
    stack = account.deploy({"Resources": {"A": {"Type": "AWS::EC2::VPC", "Properties": properties}}}, {})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert (
        account.failures(stack["StackId"])["A"] == f"Properties validation failed for resource A with message:\n{text}"
    )


def test_yaml_conditions_exports_and_functions(account: Any) -> None:
    body = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Wide: {Type: String, Default: "yes"}
Mappings:
  Sizes: {big: {prefix: 10.4.0.0/16}}
Conditions:
  IsWide: !Equals [!Ref Wide, "yes"]
  IsNarrow: !Not [!Condition IsWide]
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: !FindInMap [Sizes, big, prefix]
      EnableDnsHostnames: "true"
      Tags: [{Key: Name, Value: !Join ["-", [!Ref AWS::StackName, !If [IsWide, wide, narrow]]]}]
  First:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: !Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]
      AvailabilityZone: !Select [0, !GetAZs ""]
  Second:
    Type: AWS::EC2::Subnet
    Condition: IsNarrow
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.4.9.0/24}
Outputs:
  Where: {Value: !Sub "${Vpc}/${First.AvailabilityZone}", Export: {Name: where}}
  Half: {Condition: IsNarrow, Value: !Ref Second}
"""
    cloudformation = account.connect("cloudformation")
    stack_id = cloudformation.create_stack(StackName="functions", TemplateBody=body)["StackId"]
    stack = account.settled(stack_id)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    [output] = stack["Outputs"]
    vpc, zone = output["OutputValue"].split("/")
    assert zone == "ap-northeast-2a"
    ec2 = account.connect("ec2")
    [subnet] = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert subnet["CidrBlock"] == "10.4.1.0/24"
    assert {"Key": "Name", "Value": "functions-wide"} in ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"]
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"] is True
    exports = cloudformation.list_exports()["Exports"]
    assert [one["Value"] for one in exports if one["Name"] == "where"] == [output["OutputValue"]]
    importer = {"Resources": {"A": copy.deepcopy(VPC)}, "Outputs": {"Seen": {"Value": {"Fn::ImportValue": "where"}}}}
    other = account.deploy(importer, {})
    assert other["Outputs"][0]["OutputValue"] == output["OutputValue"]
    with pytest.raises(cloudformation.exceptions.ClientError, match="cannot be deleted as it is in use by"):
        cloudformation.delete_stack(StackName="functions")
    assert account.delete(other["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert account.delete(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_that_is_not_there(account: Any, refusal: Any) -> None:
    said = refusal(account.connect("cloudformation").describe_stacks, StackName="nobody")
    assert said == ("ValidationError", "Stack with id nobody does not exist")
