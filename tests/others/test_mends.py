"""What `check` prints to mend a finding, merged in: the finding goes, and nothing else breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from changed import mended, network, proof, said

from natless.finding import Blocked

S3_BY_INTERFACE = """
    S3Endpoint:
      Properties:
        VpcEndpointType: Interface
        RouteTableIds: null
        SubnetIds: [!Ref PrivateSubnet1]
        SecurityGroupIds: [!Ref EndpointSecurityGroup]
    """
NARROW = """
    Acl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref VPC}}
    Acl1:
      Type: AWS::EC2::SubnetNetworkAclAssociation
      Properties: {SubnetId: !Ref PrivateSubnet1, NetworkAclId: !Ref Acl}
    Acl2:
      Type: AWS::EC2::SubnetNetworkAclAssociation
      Properties: {SubnetId: !Ref PrivateSubnet2, NetworkAclId: !Ref Acl}
    In:
      Type: AWS::EC2::NetworkAclEntry
      Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: -1, RuleAction: allow, CidrBlock: 10.192.10.0/23}
    Out:
      Type: AWS::EC2::NetworkAclEntry
      Properties:
        {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: -1, RuleAction: allow, Egress: true, CidrBlock: 0.0.0.0/0}
    """
"""Entries that let in nothing but the load balancer's subnets: no answer of the other private subnet."""

GATES: dict[str, tuple[str, str, str, str]] = {
    # Each patch, the need that it blocks, the one rule and the one element to change.
    "type forgotten": ("EcrApiEndpoint: {Properties: {VpcEndpointType: null}}", "ecr.api", "NL401", "EcrApiEndpoint"),
    "S3 by an interface": (
        S3_BY_INTERFACE,
        "s3-layers",
        "NL405",
        "S3Endpoint",
    ),
    "default group": (
        "EcrApiEndpoint: {Properties: {SecurityGroupIds: null}}",
        "ecr.api",
        "NL303",
        "VPC.DefaultSecurityGroup",
    ),
    "no endpoint": ("S3Endpoint: null", "s3-layers", "NL401", "PrivateRouteTable1"),
    "no endpoint and no table": (
        "{S3Endpoint: null, PrivateSubnet1RouteTableAssociation: null, PrivateSubnet2RouteTableAssociation: null}",
        "s3-layers",
        "NL401",
        "VPC",
    ),
    "no endpoints at all": (
        "{EcrApiEndpoint: null, EcrDkrEndpoint: null, LogsEndpoint: null}",
        "ecr.api",
        "NL401",
        "PrivateRouteTable1",
    ),
    "one table lacks S3": (
        "S3Endpoint: {Properties: {RouteTableIds: [!Ref PublicRouteTable]}}",
        "s3-layers",
        "NL202",
        "S3Endpoint",
    ),
    "load balancer in private subnets": (
        "LoadBalancer: {Properties: {Subnets: [!Ref PrivateSubnet1, !Ref PrivateSubnet2]}}",
        "internet->alb",
        "NL205",
        "PrivateRouteTable1",
    ),
    "load balancer half in private subnets": (
        "LoadBalancer: {Properties: {Subnets: [!Ref PublicSubnet1, !Ref PrivateSubnet2]}}",
        "internet->alb",
        "NL313",
        "PrivateRouteTable2",
    ),
}


@pytest.mark.parametrize("name", GATES)
def test_what_is_printed_mends_it_at_once(name: str) -> None:
    patch, need, rule, gate = GATES[name]
    whole = network(patch)
    found = proof(whole)
    (outcome,) = (verdict.outcome for verdict in found.verdicts if verdict.need == need)
    assert isinstance(outcome, Blocked)
    assert (outcome.rule, outcome.gate.element) == (rule, gate)
    (finding,) = (one for one in found.findings if one.rule == rule and one.message.startswith(need))
    after = proof(mended(whole, finding))
    assert said(after)[need] == "reachable"
    # Nothing else is cut off, nothing is let out, and nothing that stood is replaced.
    others = {other: word for other, word in said(found).items() if other != need}
    assert {other: word for other, word in said(after).items() if other in others and word == "blocked"}.items() <= (
        {other: word for other, word in others.items() if word == "blocked"}.items()
    )
    assert said(after)["task->internet"] == "blocked"


def test_all_that_a_service_does_not_wait_for_is_one_finding_and_one_change() -> None:
    whole = network("Service: {DependsOn: [Listener]}")
    found = proof(whole)
    assert [finding.rule for finding in found.findings] == ["NL801", "NL802"]
    for name in (
        "EcrApiEndpoint (ecr.api)",
        "EcrDkrEndpoint (ecr.dkr)",
        "S3Endpoint (s3-layers)",
        "LogsEndpoint (logs)",
    ):
        assert name in found.findings[0].message
    for finding in found.findings:
        whole = mended(whole, finding)
    assert proof(whole).findings == ()


def test_a_dns_server_on_the_internet_is_no_reason_to_lead_tasks_there() -> None:
    whole = network("""
        Options: {Type: AWS::EC2::DHCPOptions, Properties: {DomainNameServers: [8.8.8.8]}}
        UseOptions:
          Type: AWS::EC2::VPCDHCPOptionsAssociation
          Properties: {VpcId: !Ref VPC, DhcpOptionsId: !Ref Options}
        """)
    (finding,) = proof(whole).findings
    assert finding.rule == "NL104"
    assert finding.fix is not None
    assert "AmazonProvidedDNS" in finding.fix.text
    assert "0.0.0.0/0" not in finding.fix.text


def test_what_no_endpoint_serves_leads_to_a_nat_gateway_and_never_to_an_internet_gateway() -> None:
    # Amazon VPC user guide, 'Enable internet access': an interface without a public address is not translated.
    whole = network("""
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Sub ${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:1
                PortMappings: [{ContainerPort: 8080}]
                LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: a, awslogs-region: us-east-1}}
        """)
    (finding,) = (one for one in proof(whole).findings if one.rule == "NL201")
    assert finding.fix is not None
    assert "NAT gateway" in finding.fix.text
    assert "InternetGateway" not in finding.fix.text


def test_the_layer_bucket_is_opened_whole() -> None:
    # ECR user guide, 'Minimum Amazon S3 bucket permissions for Amazon ECR': the bucket's ARN with /*.
    whole = network("""
        S3Endpoint:
          Properties:
            PolicyDocument:
              Statement: [{Effect: Allow, Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::mine/*"}]
        """)
    (finding,) = proof(whole).findings
    assert finding.rule == "NL402"
    assert finding.fix is not None
    assert "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/* " in finding.fix.text


def test_a_default_group_is_named_as_a_template_can_name_it() -> None:
    # CloudFormation reference, AWS::EC2::VPC, return values: Fn::GetAtt of DefaultSecurityGroup.
    whole = network("EcrApiEndpoint: {Properties: {SecurityGroupIds: null}}")
    (finding,) = proof(whole).findings
    (rule,) = (one for name, one in mended(whole, finding)["Resources"].items() if name not in whole["Resources"])
    assert rule["Properties"]["GroupId"] == {"Fn::GetAtt": ["VPC", "DefaultSecurityGroup"]}


def test_interfaces_that_are_cut_off_are_one_remark_a_change() -> None:
    found = [finding for finding in proof(network(NARROW)).findings if finding.rule == "NL403"]
    assert [finding.fix is not None for finding in found] == [True, True]  # from each subnet's tasks to the other's
    assert len({finding.fix.text for finding in found if finding.fix is not None}) == 2


def test_a_role_is_given_all_that_it_lacks_at_once() -> None:
    # ECS developer guide, 'Monitor Amazon ECS containers with ECS Exec': four actions of ssmmessages.
    whole = network("""
        TaskRole:
          Type: AWS::IAM::Role
          Properties:
            AssumeRolePolicyDocument:
              Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: "sts:AssumeRole"}]
        TaskDefinition: {Properties: {TaskRoleArn: !GetAtt TaskRole.Arn}}
        Service: {Properties: {EnableExecuteCommand: true}}
        MessagesEndpoint:
          Type: AWS::EC2::VPCEndpoint
          Properties:
            VpcId: !Ref VPC
            ServiceName: !Sub com.amazonaws.${AWS::Region}.ssmmessages
            VpcEndpointType: Interface
            PrivateDnsEnabled: true
            SubnetIds: [!Ref PrivateSubnet1, !Ref PrivateSubnet2]
            SecurityGroupIds: [!Ref EndpointSecurityGroup]
        """)
    (finding,) = (one for one in proof(whole).findings if one.rule == "NL503")
    assert said(proof(mended(whole, finding)))["ssmmessages"] == "reachable"


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        # Words of ECS from the public threads that natless.catalog.refusals names.
        (
            "TargetGroup: {Properties: {TargetType: instance}}",
            "which is incompatible with the <network mode> network mode",
        ),
        (
            "ExecutionRole: {Properties: {AssumeRolePolicyDocument: {Statement: []}}}",
            "ECS was unable to assume the role",
        ),
        ("TaskDefinition: {Properties: {ExecutionRoleArn: null}}", "to have execution role ARN to support ECR images"),
        ("Service: {DependsOn: [S3Endpoint]}", "does not have an associated load balancer"),
        ("{Listener: null, LoadBalancer: null}", "does not have an associated load balancer"),
    ],
)
def test_what_ecs_refuses_is_shown_in_its_own_words_with_nothing_left_open(patch: str, words: str) -> None:
    symptoms = [finding.symptom for finding in proof(network(patch)).findings]
    assert any(words in symptom for symptom in symptoms)
    assert not any("{" in symptom for symptom in symptoms)
