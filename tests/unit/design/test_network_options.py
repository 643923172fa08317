"""Zones by name, an internal load balancer, flow logs: what is written, by AWS's guides, and what is proved of it."""

from __future__ import annotations

from typing import Any

from natless import design, load
from natless.cloud import Cloud
from natless.design.callers import Place, role_policy
from natless.finding import Blocked, Reachable
from natless.prove import Promises, prove
from natless.spec.read import read

HELLO = 'name = "hello"\nregion = "us-east-1"\n[network]\n{}\n[services.web]\nbuild = "."\nport = 8080\n'


def main(network: str) -> dict[str, Any]:
    found: dict[str, Any] = design.write(read(HELLO.format(network), "natless.toml")).main["Resources"]
    return found


def loaded(network: str) -> Cloud:
    designed = design.write(read(HELLO.format(network), "natless.toml"))
    values = {each.name: each.value for each in designed.parameters}
    return load.cloudformation(design.text(designed.main), "t", values, "us-east-1", None)


def verdicts(network: str) -> dict[str, Any]:
    found = prove(loaded(network), Promises(private=True))
    assert not found.findings
    return {each.need: type(each.outcome) for each in found.verdicts}


def test_zones_by_name_are_read_back_by_name_and_proved_as_those_by_number_are() -> None:
    named = 'zones = ["us-east-1c", "us-east-1a"]'
    zones = {name: subnet.zone for name, subnet in loaded(named).subnets.items()}
    assert zones == {
        "PublicSubnet1": "us-east-1c",
        "PublicSubnet2": "us-east-1a",
        "PrivateSubnet1": "us-east-1c",
        "PrivateSubnet2": "us-east-1a",
    }
    found = verdicts(named)
    assert found == verdicts("zones = 2")
    assert (found["internet->alb"], found["alb->task"], found["task->internet"]) == (Reachable, Reachable, Blocked)


def test_an_internal_load_balancer_stands_in_the_private_subnets_and_nothing_leads_out() -> None:
    found = main('scheme = "internal"')
    alb = found["Alb"]["Properties"]
    assert (alb["Scheme"], alb["Subnets"]) == ("internal", [{"Ref": "PrivateSubnet1"}, {"Ref": "PrivateSubnet2"}])
    assert "DependsOn" not in found["Alb"]
    kinds = {each["Type"] for each in found.values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::Route"}


def test_the_vpc_reaches_it_unless_blocks_are_named() -> None:
    def let_in(network: str) -> list[str]:
        rules = (each["Properties"] for each in main(network).values())
        return [rule["CidrIp"] for rule in rules if rule.get("FromPort") == 80 and "CidrIp" in rule]

    assert let_in('scheme = "internal"\ncidr = "10.7.0.0/16"') == ["10.7.0.0/16"]
    assert let_in('scheme = "internal"\ningress = ["192.168.0.0/16"]') == ["192.168.0.0/16"]


def test_another_scheme_is_another_target_group() -> None:
    # ELB: TargetGroupAssociationLimit, and the new load balancer is made before the old one goes.
    groups = {
        network: {name for name, each in main(network).items() if each["Type"].endswith("::TargetGroup")}
        for network in ("", 'scheme = "internal"')
    }
    assert not groups[""] & groups['scheme = "internal"']


def test_what_is_promised_of_an_internal_one_is_that_it_reaches_the_tasks() -> None:
    found = verdicts('scheme = "internal"')
    assert "internet->alb" not in found
    assert (found["alb->task"], found["task->internet"]) == (Reachable, Blocked)


def test_flow_logs_are_written_by_a_role_that_can_do_nothing_else() -> None:
    found = main("flow_logs = true")
    log, role = found["FlowLogs"]["Properties"], found["FlowLogsRole"]["Properties"]
    assert log["DeliverLogsPermissionArn"] == {"Fn::GetAtt": ["FlowLogsRole", "Arn"]}
    assert (log["ResourceId"], log["TrafficType"]) == ({"Ref": "Vpc"}, "ALL")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    ((looking, statement),) = [policy["PolicyDocument"]["Statement"] for policy in role["Policies"]]
    # Service Authorization Reference, Amazon CloudWatch Logs: it has no resource type.
    assert (looking["Action"], looking["Resource"]) == (["logs:DescribeLogGroups"], "*")
    assert statement["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${FlowLogsGroup}:*"}
    ]
    assert found["FlowLogsGroup"]["DeletionPolicy"] == "Retain"


def test_who_deploys_flow_logs_may_pass_their_role_to_them() -> None:
    def passed(network: str) -> tuple[list[str], bool]:
        spec = read(HELLO.format(network), "natless.toml")
        policy = role_policy("deploy", design.write(spec), spec, Place())
        (passing,) = [each for each in policy["Statement"] if "iam:PassRole" in each["Action"]]
        delivery = any("logs:CreateLogDelivery" in each["Action"] for each in policy["Statement"])
        return passing["Condition"]["StringEquals"]["iam:PassedToService"], delivery

    assert passed("") == (["ecs-tasks.amazonaws.com"], False)
    assert passed("flow_logs = true") == (["ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com"], True)
