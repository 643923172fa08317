"""What was changed past a stack, by the services' own calls, and what drift detection says of it.

Statuses, kinds of difference and what is compared: "Detect unmanaged configuration changes to stacks and resources with
drift detection", CloudFormation user guide, and the API reference. How paths and values are written:
aws-samples/cfn101-workshop, its lab on drift detection.
"""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

PATIENCE = 60.0


class Drifted:
    """A stack that stands, and calls past it."""

    def __init__(self, account: Any, stack: dict[str, Any]) -> None:
        self.name = str(stack["StackName"])
        self.cloudformation, self._connect = account.connect("cloudformation"), account.connect
        found = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        self.ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def detect(self, **asked: Any) -> dict[str, Any]:
        """Detect drift, and give the operation when it is over."""
        begun = self.cloudformation.detect_stack_drift(StackName=self.name, **asked)["StackDriftDetectionId"]
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found: dict[str, Any] = self.cloudformation.describe_stack_drift_detection_status(
                StackDriftDetectionId=begun
            )
            if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                return found
            time.sleep(0.02)
        raise AssertionError("drift detection does not end")

    def told(self, **asked: Any) -> dict[str, dict[str, Any]]:
        listed = self.cloudformation.describe_stack_resource_drifts(StackName=self.name, **asked)
        return {one["LogicalResourceId"]: one for one in listed["StackResourceDrifts"]}

    def change(self) -> None:
        """Change what stands, resource by resource."""
        ids, ec2, iam, elb = self.ids, self._connect("ec2"), self._connect("iam"), self._connect("elbv2")
        ec2.modify_vpc_attribute(VpcId=ids["Vpc"], EnableDnsHostnames={"Value": False})
        ec2.create_tags(Resources=[ids["InternetGateway"]], Tags=[{"Key": "Name", "Value": "mine"}])
        ec2.create_tags(Resources=[ids["PublicSubnet2"]], Tags=[{"Key": "owner", "Value": "me"}])
        ec2.delete_tags(Resources=[ids["PrivateRouteTable1"]], Tags=[{"Key": "Name"}])
        ec2.modify_subnet_attribute(SubnetId=ids["PublicSubnet1"], MapPublicIpOnLaunch={"Value": True})
        ec2.delete_route(RouteTableId=ids["PublicRouteTable"], DestinationCidrBlock="0.0.0.0/0")
        ec2.disassociate_route_table(AssociationId=ids["PrivateSubnet2RouteTableAssociation"])
        ec2.revoke_security_group_ingress(GroupId=ids["AlbGroup"], SecurityGroupRuleIds=[ids["AlbGroupIngressHttp"]])
        nothing = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "127.0.0.1/32"}]}
        ec2.revoke_security_group_egress(GroupId=ids["WebTaskGroup"], IpPermissions=[nothing])
        ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_egress(GroupId=ids["EndpointGroup"], IpPermissions=[ssh])
        # The load balancer's group sets no ingress of its own: what comes to it is no drift.
        ec2.authorize_security_group_ingress(GroupId=ids["AlbGroup"], IpPermissions=[ssh])
        ec2.modify_vpc_endpoint(VpcEndpointId=ids["EcrApiEndpoint"], PrivateDnsEnabled=False)
        ec2.modify_vpc_endpoint(VpcEndpointId=ids["S3Endpoint"], RemoveRouteTableIds=[ids["PrivateRouteTable2"]])
        ec2.modify_vpc_endpoint(VpcEndpointId=ids["LogsEndpoint"], ResetPolicy=True)
        self._connect("logs").delete_retention_policy(logGroupName=ids["WebLogGroup"])
        iam.delete_role_policy(RoleName=ids["WebExecutionRole"], PolicyName="start-tasks")
        elb.modify_target_group(TargetGroupArn=ids["WebTargetGroup"], HealthCheckPath="/other")
        attribute = {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"}
        elb.modify_load_balancer_attributes(LoadBalancerArn=ids["Alb"], Attributes=[attribute])
        elb.delete_listener(ListenerArn=ids["HttpListener"])
        self._connect("ecs").update_service(cluster="hello", service=ids["WebService"], desiredCount=2)


@pytest.fixture(scope="module")
def stack(own_account: Any, hello_document: dict[str, Any], hello_parameters: dict[str, str]) -> Drifted:
    """The hello stack, looked at once while nothing has changed, and then changed past CloudFormation."""
    made = Drifted(own_account, own_account.deploy(hello_document, hello_parameters, "past"))
    before = made.cloudformation.describe_stacks(StackName="past")["Stacks"][0]
    assert before["DriftInformation"] == {"StackDriftStatus": "NOT_CHECKED"}
    fresh = made.detect()
    assert (fresh["DetectionStatus"], fresh["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    assert fresh["DriftedStackResourceCount"] == 0
    assert made.told().keys() == hello_document["Resources"].keys()
    made.change()
    made.detect()
    return made


def difference(path: str, expected: str, actual: str, kind: str) -> dict[str, str]:
    return {"PropertyPath": path, "ExpectedValue": expected, "ActualValue": actual, "DifferenceType": kind}


def test_what_was_deleted_or_replaced(stack: Drifted) -> None:
    gone = stack.told(StackResourceDriftStatusFilters=["DELETED"])
    assert gone.keys() == {
        "PublicRoute",
        "PrivateSubnet2RouteTableAssociation",
        "AlbGroupIngressHttp",
        "HttpListener",
    }
    for each in gone.values():
        assert not {"ExpectedProperties", "ActualProperties", "PropertyDifferences"} & each.keys()


def test_each_change_is_told_with_its_path_and_values(stack: Drifted) -> None:
    ids = stack.ids
    nothing = {
        "CidrIp": "127.0.0.1/32",
        "Description": "Nothing: takes the place of allow-all egress",
        "IpProtocol": "-1",
    }
    ssh = {"CidrIp": "0.0.0.0/0", "FromPort": 22, "IpProtocol": "tcp", "ToPort": 22}
    modified = stack.told(StackResourceDriftStatusFilters=["MODIFIED"])
    found = {name: one["PropertyDifferences"] for name, one in modified.items()}
    policy = found.pop("LogsEndpoint")
    assert {one["PropertyPath"].split("/")[1] for one in policy} == {"PolicyDocument"}
    inline = found.pop("WebExecutionRole")
    assert [(one["PropertyPath"], one["ActualValue"], one["DifferenceType"]) for one in inline] == [
        ("/Policies/0", "null", "REMOVE")
    ]
    assert json.loads(inline[0]["ExpectedValue"])["PolicyName"] == "start-tasks"
    assert found == {
        "Vpc": [difference("/EnableDnsHostnames", "true", "false", "NOT_EQUAL")],
        "InternetGateway": [difference("/Tags/0/Value", "past internet gateway", "mine", "NOT_EQUAL")],
        "PublicSubnet1": [difference("/MapPublicIpOnLaunch", "false", "true", "NOT_EQUAL")],
        "PublicSubnet2": [difference("/Tags/1", "null", '{"Key":"owner","Value":"me"}', "ADD")],
        "PrivateRouteTable1": [difference("/Tags/0", '{"Key":"Name","Value":"past private 1"}', "null", "REMOVE")],
        "WebTaskGroup": [
            difference("/SecurityGroupEgress/0", json.dumps(nothing, separators=(",", ":")), "null", "REMOVE")
        ],
        "EndpointGroup": [difference("/SecurityGroupEgress/1", "null", json.dumps(ssh, separators=(",", ":")), "ADD")],
        "EcrApiEndpoint": [difference("/PrivateDnsEnabled", "true", "false", "NOT_EQUAL")],
        "S3Endpoint": [difference("/RouteTableIds/1", ids["PrivateRouteTable2"], "null", "REMOVE")],
        "WebLogGroup": [difference("/RetentionInDays", "30", "null", "REMOVE")],
        "WebTargetGroup": [difference("/HealthCheckPath", "/healthz", "/other", "NOT_EQUAL")],
        "Alb": [difference("/LoadBalancerAttributes/0/Value", "true", "false", "NOT_EQUAL")],
        "WebService": [difference("/DesiredCount", "1", "2", "NOT_EQUAL")],
    }
    assert json.loads(modified["WebLogGroup"]["ExpectedProperties"]) == {"RetentionInDays": 30}
    assert json.loads(modified["WebLogGroup"]["ActualProperties"]) == {}


def test_all_else_is_in_sync_and_the_stack_has_drifted(stack: Drifted, own_account: Any) -> None:
    drifted = stack.told(StackResourceDriftStatusFilters=["MODIFIED", "DELETED"])
    others = stack.told(StackResourceDriftStatusFilters=["IN_SYNC"])
    assert others.keys() == stack.ids.keys() - drifted.keys()
    cloudformation = own_account.connect("cloudformation")
    whole = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]["DriftInformation"]
    summaries = cloudformation.list_stacks()["StackSummaries"]
    [listed] = [one["DriftInformation"] for one in summaries if one["StackName"] == stack.name]
    assert whole["StackDriftStatus"] == listed["StackDriftStatus"] == "DRIFTED"
    assert whole["LastCheckTimestamp"]
    asked = {"StackName": stack.name, "LogicalResourceId": "HttpListener"}
    one = cloudformation.describe_stack_resource(**asked)["StackResourceDetail"]
    assert one["DriftInformation"]["StackResourceDriftStatus"] == "DELETED"
    told = cloudformation.list_stack_resources(StackName=stack.name)["StackResourceSummaries"]
    each = {one["LogicalResourceId"]: one["DriftInformation"]["StackResourceDriftStatus"] for one in told}
    assert each == {name: drifted[name]["StackResourceDriftStatus"] if name in drifted else "IN_SYNC" for name in each}


def test_pages_of_results(stack: Drifted) -> None:
    first = stack.cloudformation.describe_stack_resource_drifts(StackName=stack.name, MaxResults=5)
    asked = {"StackName": stack.name, "MaxResults": 100, "NextToken": first["NextToken"]}
    rest = stack.cloudformation.describe_stack_resource_drifts(**asked)
    listed = [one["LogicalResourceId"] for one in (*first["StackResourceDrifts"], *rest["StackResourceDrifts"])]
    assert listed == list(stack.told())
    assert "NextToken" not in rest


ENTRY = {"RuleNumber": 100, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "Protocol": 6}
SMALL: dict[str, Any] = {
    "Resources": {
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.4.0.0/16"}},
        "Acl": {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": {"Ref": "Network"}}},
        "Entry": {
            "Type": "AWS::EC2::NetworkAclEntry",
            "Properties": {**ENTRY, "NetworkAclId": {"Ref": "Acl"}, "PortRange": {"From": 1, "To": 2}},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "Policies": []},
        },
        "Attached": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "theirs",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}],
                },
            },
        },
    }
}


def test_one_resource_is_checked_at_once(own_account: Any) -> None:
    stack = Drifted(own_account, own_account.deploy(SMALL, {}))
    ask = stack.cloudformation.detect_stack_resource_drift
    found = ask(StackName=stack.name, LogicalResourceId="Role")["StackResourceDrift"]
    # What another resource of the stack attaches to a role is no drift of the role.
    assert found["StackResourceDriftStatus"] == "IN_SYNC"
    own_account.connect("iam").delete_role_policy(RoleName=stack.ids["Role"], PolicyName="theirs")
    own_account.connect("iam").put_role_policy(
        RoleName=stack.ids["Role"],
        PolicyName="mine",
        PolicyDocument=json.dumps(SMALL["Resources"]["Attached"]["Properties"]["PolicyDocument"]),
    )
    found = ask(StackName=stack.name, LogicalResourceId="Role")["StackResourceDrift"]
    assert [(one["PropertyPath"], one["DifferenceType"]) for one in found["PropertyDifferences"]] == [
        ("/Policies/0", "ADD")
    ]
    assert stack.told().keys() == {"Role"}
    whole = stack.cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]
    assert whole["DriftInformation"]["StackDriftStatus"] == "DRIFTED"


def test_what_aws_cannot_read_is_not_checked(own_account: Any, refusal: Any) -> None:
    """Neither type has a read handler in AWS's registry schemas."""
    stack = Drifted(own_account, own_account.deploy(SMALL, {}))
    assert stack.detect(LogicalResourceIds=["Network", "Entry"])["StackDriftStatus"] == "IN_SYNC"
    assert stack.told().keys() == {"Network"}
    assert stack.detect()["DetectionStatus"] == "DETECTION_COMPLETE"
    assert stack.told().keys() == {"Network", "Acl", "Role"}
    asked = {"StackName": stack.name, "LogicalResourceId": "Entry"}
    told = stack.cloudformation.describe_stack_resource(**asked)["StackResourceDetail"]
    assert told["DriftInformation"] == {"StackResourceDriftStatus": "NOT_CHECKED"}
    said = refusal(stack.cloudformation.detect_stack_resource_drift, **asked)
    assert said == ("ValidationError", "Drift detection is not supported for the specified ResourceType")
    asked["LogicalResourceId"] = "Nobody"
    said = refusal(stack.cloudformation.detect_stack_resource_drift, **asked)
    assert said == ("ValidationError", f"Resource Nobody does not exist for stack {stack.name}")


def test_an_update_starts_anew(own_account: Any) -> None:
    """Drift was told of the template of before."""
    stack = Drifted(own_account, own_account.deploy(SMALL, {}))
    stack.detect()
    changed = copy.deepcopy(SMALL)
    changed["Resources"]["Network"]["Properties"]["EnableDnsHostnames"] = True
    asked = {"StackName": stack.name, "TemplateBody": json.dumps(changed), "Capabilities": ["CAPABILITY_IAM"]}
    found = own_account.settled(stack.cloudformation.update_stack(**asked)["StackId"])
    assert found["StackStatus"] == "UPDATE_COMPLETE"
    assert found["DriftInformation"] == {"StackDriftStatus": "NOT_CHECKED"}
    assert stack.told() == {}
    assert stack.detect()["StackDriftStatus"] == "IN_SYNC"


def test_what_may_not_be_read_is_unknown(own_account: Any) -> None:
    """The API reference: UNKNOWN, and DETECTION_FAILED; each read asks for the caller's permission (user guide)."""
    own_account.deploy(SMALL, {}, "unseen")
    iam = own_account.connect("iam")
    iam.create_user(UserName="auditor")
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    allowed = [{"Effect": "Allow", "Action": ["cloudformation:*", "ec2:Describe*"], "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName="auditor", PolicyName="own", PolicyDocument=document)
    stack = Drifted(own_account, {"StackName": "unseen"})
    stack.cloudformation = own_account.connect("cloudformation", key["AccessKeyId"], key["SecretAccessKey"])
    found = stack.detect()
    assert (found["DetectionStatus"], found["StackDriftStatus"]) == ("DETECTION_FAILED", "UNKNOWN")
    reason = json.loads(found["DetectionStatusReason"])
    assert reason["Summary"] == "Failed to detect drift on resources [Role]"
    assert "iam:GetRole" in reason["Failures"][0]["FailureReason"]
    told = {name: one["StackResourceDriftStatus"] for name, one in stack.told().items()}
    assert told == {"Network": "IN_SYNC", "Acl": "IN_SYNC", "Role": "UNKNOWN"}


def test_a_stack_in_review_is_refused(own_account: Any, refusal: Any) -> None:
    """The user guide: CREATE_COMPLETE, UPDATE_COMPLETE, UPDATE_ROLLBACK_COMPLETE and UPDATE_ROLLBACK_FAILED only."""
    cloudformation = own_account.connect("cloudformation")
    made = cloudformation.create_change_set(
        StackName="inreview",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Network": SMALL["Resources"]["Network"]}}),
    )
    code, said = refusal(cloudformation.detect_stack_drift, StackName="inreview")
    assert code == "ValidationError"
    assert made["StackId"] in said
    assert said.endswith("status REVIEW_IN_PROGRESS")
    code, said = refusal(cloudformation.describe_stack_drift_detection_status, StackDriftDetectionId="x" * 36)
    assert code == "ValidationError"
    code, said = refusal(cloudformation.detect_stack_drift, StackName="nowhere")
    assert said == "Stack with id nowhere does not exist"
