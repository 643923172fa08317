"""Load balancers by API and by stack: what was taken is what is read back, and what AWS refuses is refused.

Expected: ELBv2 API reference (defaults of attributes, CreateTargetGroup, SetSubnets, SetSecurityGroups,
SetRulePriorities), the registry schemas, and the threads that `catalog/refusals.py` names.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def network() -> dict[str, Any]:
    """Give a VPC with a gateway, three subnets in three zones, and a fourth in the first one's."""
    subnets = {
        f"Subnet{number}": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": ref("Vpc"),
                "CidrBlock": f"10.0.{number}.0/24",
                "AvailabilityZone": {"Fn::Select": [number % 3, {"Fn::GetAZs": ""}]},
            },
        }
        for number in range(4)
    }
    groups = {
        name: {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": name, "VpcId": ref("Vpc")}}
        for name in ("First", "Second")
    }
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Gateway")},
        },
        **subnets,
        **groups,
    }


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::ElasticLoadBalancingV2::{kind}", "Properties": properties}


def fixed(status: str) -> list[dict[str, Any]]:
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, "ContentType": "text/plain"}}]


def whole() -> dict[str, Any]:
    """Give a template with every resource of ELBv2 that the lab makes."""
    forward = [{"Type": "forward", "TargetGroupArn": ref("Group")}]
    own = {name: {"CertificateArn": ref(name)} for name in ("Own", "More")}
    resources = network() | {
        "Alb": of(
            "LoadBalancer",
            Subnets=[ref("Subnet0"), ref("Subnet1")],
            SecurityGroups=[ref("First")],
            LoadBalancerAttributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}],
        )
        | {"DependsOn": "Attachment"},
        "Group": of(
            "TargetGroup",
            Port=8080,
            Protocol="HTTP",
            VpcId=ref("Vpc"),
            TargetType="ip",
            Matcher={"HttpCode": "200-299"},
            TargetGroupAttributes=[{"Key": "stickiness.enabled", "Value": "true"}],
            Targets=[{"Id": "10.0.0.99", "Port": 8080}],
        ),
        "Listener": of(
            "Listener",
            LoadBalancerArn=ref("Alb"),
            Port=443,
            Protocol="HTTPS",
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            Certificates=[own["Own"]],
            DefaultActions=forward,
        ),
        "Rule": of(
            "ListenerRule",
            ListenerArn=ref("Listener"),
            Priority=10,
            Conditions=[
                {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["a*"]}},
                {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "k", "Value": "v"}]}},
            ],
            Actions=fixed("404"),
        ),
        "Further": of("ListenerCertificate", ListenerArn=ref("Listener"), Certificates=[own["More"]]),
    }
    for name in ("Own", "More"):
        properties = {"DomainName": f"{name.lower()}.example", "ValidationMethod": "DNS"}
        resources[name] = {"Type": "AWS::CertificateManager::Certificate", "Properties": properties}
    return {"Resources": resources}


def physical(account: Any, stack: str) -> dict[str, str]:
    found = account.connect("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def attributes(call: Any, **arn: str) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in call(**arn)["Attributes"]}


@pytest.fixture(scope="module")
def stack(account: Any) -> Any:
    made = account.deploy(whole(), {}, "front")
    assert made["StackStatus"] == "CREATE_COMPLETE", account.failures(made["StackId"])
    return made


@pytest.fixture
def listening(account: Any, stack: Any) -> tuple[Any, str]:
    return account.connect("elbv2"), physical(account, stack["StackName"])["Listener"]


def test_what_a_template_says_is_read_back(account: Any, stack: Any) -> None:
    ids, elb = physical(account, stack["StackName"]), account.connect("elbv2")
    assert (
        attributes(elb.describe_load_balancer_attributes, LoadBalancerArn=ids["Alb"]).items()
        >= {
            "idle_timeout.timeout_seconds": "30",
            "routing.http2.enabled": "true",
            "load_balancing.cross_zone.enabled": "true",
        }.items()
    )
    [group] = elb.describe_target_groups(TargetGroupArns=[ids["Group"]])["TargetGroups"]
    assert (group["Matcher"], group["HealthCheckPath"], group["HealthCheckTimeoutSeconds"]) == (
        {"HttpCode": "200-299"},
        "/",
        5,
    )
    assert (
        attributes(elb.describe_target_group_attributes, TargetGroupArn=ids["Group"]).items()
        >= {
            "stickiness.enabled": "true",
            "stickiness.type": "lb_cookie",
            "stickiness.lb_cookie.duration_seconds": "86400",
            "deregistration_delay.timeout_seconds": "300",
        }.items()
    )
    [listener] = elb.describe_listeners(ListenerArns=[ids["Listener"]])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    [action] = listener["DefaultActions"]
    assert action["TargetGroupArn"] == ids["Group"]
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": ids["Group"], "Weight": 1}]
    found = elb.describe_listener_certificates(ListenerArn=ids["Listener"])["Certificates"]
    assert {one["CertificateArn"]: one["IsDefault"] for one in found} == {ids["Own"]: True, ids["More"]: False}
    first, default = elb.describe_rules(ListenerArn=ids["Listener"])["Rules"]
    assert (first["Priority"], first["IsDefault"], default["IsDefault"]) == ("10", False, True)
    assert first["Conditions"] == whole()["Resources"]["Rule"]["Properties"]["Conditions"]
    assert account.connect("acm").describe_certificate(CertificateArn=ids["Own"])["Certificate"]["Status"] == "ISSUED"


def test_a_load_balancer_moves_and_changes_groups_where_it_stands(account: Any) -> None:
    template = {"Resources": {**network(), "Alb": whole()["Resources"]["Alb"]}}
    made = account.deploy(template, {}, "moving")
    before, ec2 = physical(account, "moving"), account.connect("ec2")
    template["Resources"]["Alb"]["Properties"] |= {
        "Subnets": [ref("Subnet1"), ref("Subnet2")],
        "SecurityGroups": [ref("Second")],
    }
    account.connect("cloudformation").update_stack(StackName="moving", TemplateBody=json.dumps(template))
    assert account.settled(made["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    ids = physical(account, "moving")
    assert ids == before
    arn = ids["Alb"].split(":loadbalancer/")[1]
    found = ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [ids["Vpc"]]}])["NetworkInterfaces"]
    own = [each for each in found if each["Description"] == f"ELB {arn}"]
    assert {each["SubnetId"] for each in own} == {ids["Subnet1"], ids["Subnet2"]}
    assert {group["GroupId"] for each in own for group in each["Groups"]} == {ids["Second"]}
    [described] = account.connect("elbv2").describe_load_balancers(LoadBalancerArns=[ids["Alb"]])["LoadBalancers"]
    assert {zone["SubnetId"] for zone in described["AvailabilityZones"]} == {ids["Subnet1"], ids["Subnet2"]}
    assert described["SecurityGroups"] == [ids["Second"]]
    assert account.delete(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_network_load_balancers(account: Any, refusal: Any) -> None:
    made = account.deploy({"Resources": network()}, {}, "wire")
    ids, elb, ec2 = physical(account, "wire"), account.connect("elbv2"), account.connect("ec2")
    allocation = ec2.allocate_address(Domain="vpc")
    mapping = {"SubnetId": ids["Subnet0"], "AllocationId": allocation["AllocationId"]}
    asked = {"Name": "wire", "Type": "network", "SubnetMappings": [mapping]}
    [balancer] = elb.create_load_balancer(**asked)["LoadBalancers"]
    assert ":loadbalancer/net/wire/" in balancer["LoadBalancerArn"]
    assert not balancer.get("SecurityGroups")
    [zone] = balancer["AvailabilityZones"]
    assert zone["LoadBalancerAddresses"] == [
        {"IpAddress": allocation["PublicIp"], "AllocationId": allocation["AllocationId"]}
    ]
    [eni] = ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB {balancer['LoadBalancerArn'].split(':loadbalancer/')[1]}"]}]
    )["NetworkInterfaces"]
    assert (eni["Groups"], eni["Association"]["PublicIp"]) == ([], allocation["PublicIp"])
    arn = {"LoadBalancerArn": balancer["LoadBalancerArn"]}
    assert refusal(elb.create_load_balancer, **(asked | {"Name": "other"})) == (
        "ResourceInUse",
        "The allocation IDs are not available for use",
    )
    assert refusal(elb.set_security_groups, **arn, SecurityGroups=[ids["First"]]) == (
        "InvalidConfigurationRequest",
        "You cannot set security groups on a Network Load Balancer which was created without any security groups.",
    )
    code, text = refusal(elb.set_subnets, **arn, Subnets=[ids["Subnet3"]])
    assert code == "InvalidConfigurationRequest"
    assert text.startswith("You cannot specify an additional subnet from an Availability Zone that is already")
    elb.set_subnets(**arn, Subnets=[ids["Subnet0"], ids["Subnet1"]])
    group = {"VpcId": ids["Vpc"], "TargetType": "ip", "Port": 80, "HealthCheckProtocol": "HTTP"}
    [made_group] = elb.create_target_group(Name="wire", Protocol="TCP", **group)["TargetGroups"]
    assert (made_group["Matcher"], made_group["HealthCheckPath"]) == ({"HttpCode": "200-399"}, "/")
    found = attributes(elb.describe_target_group_attributes, TargetGroupArn=made_group["TargetGroupArn"])
    assert found["preserve_client_ip.enabled"] == "false"
    forward = [{"Type": "forward", "TargetGroupArn": made_group["TargetGroupArn"]}]
    [listener] = elb.create_listener(**arn, Protocol="TCP", Port=80, DefaultActions=forward)["Listeners"]
    assert "SslPolicy" not in listener
    found = attributes(elb.describe_listener_attributes, ListenerArn=listener["ListenerArn"])
    assert found == {"tcp.idle_timeout.seconds": "350"}
    elb.delete_load_balancer(**arn)
    [address] = ec2.describe_addresses(AllocationIds=[allocation["AllocationId"]])["Addresses"]
    assert not address.get("AssociationId")
    ec2.release_address(AllocationId=allocation["AllocationId"])
    elb.delete_target_group(TargetGroupArn=made_group["TargetGroupArn"])
    assert account.delete(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_target_in_a_zone_that_is_not_enabled_is_not_used(account: Any, stack: Any) -> None:
    ids, elb, ec2 = physical(account, stack["StackName"]), account.connect("elbv2"), account.connect("ec2")
    [place] = ec2.describe_subnets(SubnetIds=[ids["Subnet2"]])["Subnets"]
    away = str(ipaddress.ip_network(place["CidrBlock"])[9])
    elb.register_targets(TargetGroupArn=ids["Group"], Targets=[{"Id": away, "Port": 8080}])
    found = elb.describe_target_health(TargetGroupArn=ids["Group"])["TargetHealthDescriptions"]
    assert {one["Target"]["Id"]: one["TargetHealth"] for one in found} == {
        "10.0.0.99": {
            "State": "initial",
            "Reason": "Elb.RegistrationInProgress",
            "Description": "Target registration is in progress",
        },
        away: {
            "State": "unused",
            "Reason": "Target.NotInUse",
            "Description": "Target is in an Availability Zone that is not enabled for the load balancer",
        },
    }
    elb.deregister_targets(TargetGroupArn=ids["Group"], Targets=[{"Id": away, "Port": 8080}])


def test_rules_change_places_and_never_share_one(account: Any, stack: Any, refusal: Any) -> None:
    ids, elb = physical(account, stack["StackName"]), account.connect("elbv2")
    condition = [{"Field": "path-pattern", "Values": ["/x"]}]
    second = elb.create_rule(ListenerArn=ids["Listener"], Priority=20, Conditions=condition, Actions=fixed("200"))[
        "Rules"
    ][0]["RuleArn"]
    swapped = [{"RuleArn": ids["Rule"], "Priority": 20}, {"RuleArn": second, "Priority": 10}]
    elb.set_rule_priorities(RulePriorities=swapped)
    rules = elb.describe_rules(ListenerArn=ids["Listener"])["Rules"]
    assert [rule["RuleArn"] for rule in rules[:2]] == [second, ids["Rule"]]
    code, _ = refusal(elb.set_rule_priorities, RulePriorities=[{"RuleArn": second, "Priority": 20}])
    assert code == "PriorityInUse"
    elb.delete_rule(RuleArn=second)
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": ids["Rule"], "Priority": 10}])


def test_a_new_default_certificate_leaves_the_further_ones(account: Any, stack: Any) -> None:
    ids, elb = physical(account, stack["StackName"]), account.connect("elbv2")
    new = account.connect("acm").request_certificate(DomainName="new.example")["CertificateArn"]
    for arn in (new, ids["Own"]):
        elb.modify_listener(ListenerArn=ids["Listener"], Certificates=[{"CertificateArn": arn}])
        found = elb.describe_listener_certificates(ListenerArn=ids["Listener"])["Certificates"]
        assert [(one["CertificateArn"], one["IsDefault"]) for one in found] == [(arn, True), (ids["More"], False)]


def test_what_a_listener_is_refused(account: Any, stack: Any, refusal: Any) -> None:
    ids, elb = physical(account, stack["StackName"]), account.connect("elbv2")
    asked = {"LoadBalancerArn": ids["Alb"], "Protocol": "HTTPS", "Port": 444, "DefaultActions": fixed("200")}
    assert refusal(elb.create_listener, **asked) == (
        "ValidationError",
        "A certificate must be specified for HTTPS listeners",
    )
    own = [{"CertificateArn": ids["Own"]}]
    assert refusal(elb.create_listener, **asked, Certificates=own, SslPolicy="None")[0] == "SSLPolicyNotFound"
    unknown = [{"CertificateArn": ids["Own"] + "0"}]
    assert refusal(elb.create_listener, **asked, Certificates=unknown)[0] == "CertificateNotFound"
    assert refusal(elb.create_listener, **(asked | {"Port": 443}), Certificates=own)[0] == "DuplicateListener"


@pytest.mark.parametrize(
    ("call", "asked", "what"),
    [
        (
            "create_rule",
            {
                "Priority": 5,
                "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a"]}}],
                "Actions": fixed("200"),
            },
            "regular expressions",
        ),
        (
            "create_rule",
            {
                "Priority": 5,
                "Conditions": [{"Field": "path-pattern", "Values": ["/"]}],
                "Actions": fixed("200"),
                "Transforms": [{"Type": "url-rewrite"}],
            },
            "Transforms",
        ),
        ("modify_listener", {"MutualAuthentication": {"Mode": "passthrough"}}, "mutual TLS"),
        (
            "modify_listener",
            {
                "DefaultActions": [
                    {
                        "Type": "authenticate-cognito",
                        "Order": 1,
                        "AuthenticateCognitoConfig": {
                            "UserPoolArn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p",
                            "UserPoolClientId": "c",
                            "UserPoolDomain": "d",
                        },
                    },
                    {"Order": 2, **fixed("200")[0]},
                ]
            },
            "authenticate-cognito",
        ),
    ],
)
def test_what_the_lab_does_not_do_is_refused_and_never_let_through(
    listening: tuple[Any, str], refusal: Any, call: str, asked: dict[str, Any], what: str
) -> None:
    elb, listener = listening
    code, text = refusal(getattr(elb, call), ListenerArn=listener, **asked)
    assert code == "ValidationError"
    assert "(AWS would)" in text
    assert what in text
