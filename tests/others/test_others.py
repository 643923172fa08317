"""What engineers write that natless does not: each verdict worked out by hand from AWS's documents, named per case."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from changed import PLAIN, mended, network, proof, said

from natless.finding import Blocked

EGRESS_443 = "{IpProtocol: tcp, FromPort: 443, ToPort: 443"

CASES: dict[str, tuple[str, dict[str, str | None]]] = {
    # Elastic Load Balancing, 'Update the security groups for your Network Load Balancer': one that was made without
    # security groups has none, and accepts all traffic.
    "a network load balancer without groups": (
        """
        LoadBalancer: {DependsOn: null, Properties: {Type: network, SecurityGroups: null}}
        Listener: {Properties: {Protocol: TCP}}
        TargetGroup: {Properties: {Protocol: TCP, HealthCheckPath: null}}
        """,
        {"alb->task": "unknown"},
    ),
    # CloudFormation reference, Fn::Split and Fn::Select; an ARN's account and region stand before the repository's
    # invented name. CDK writes every image of a repository in the same stack so.
    "an image named by the parts of its repository's ARN": (
        """
        Repository: {Type: AWS::ECR::Repository}
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Join
                  - ""
                  - - !Select [4, !Split [":", !GetAtt Repository.Arn]]
                    - .dkr.ecr.
                    - !Select [3, !Split [":", !GetAtt Repository.Arn]]
                    - .
                    - !Ref AWS::URLSuffix
                    - /
                    - !Ref Repository
                    - :1
                PortMappings: [{ContainerPort: 8080}]
        """,
        {"logs": None},
    ),
    # CDK's feature flag restrictDefaultSecurityGroup, on in new applications: it is handed the default group's id and
    # takes that group's rules away. Nothing here stands in the default group.
    "a custom resource that is handed the default group alone": (
        """
        Restrict:
          Type: Custom::VpcRestrictDefaultSG
          Properties:
            ServiceToken: arn:aws:lambda:eu-west-1:111122223333:function:restrict
            DefaultSecurityGroupId: !GetAtt VPC.DefaultSecurityGroup
        LogsEndpoint: null
        """,
        {"logs": "blocked"},
    ),
    # The same resource, handed the VPC: it may make endpoints in it.
    "a custom resource that is handed the VPC": (
        """
        Restrict: {Type: Custom::Anything, Properties: {ServiceToken: "arn:x", Vpc: !Ref VPC}}
        LogsEndpoint: null
        """,
        {"logs": "unknown"},
    ),
    # ... and where an endpoint does stand in the default group, its rules are not known.
    "an endpoint in a default group that a custom resource changes": (
        """
        Restrict: {Type: Custom::VpcRestrictDefaultSG, Properties: {Group: !GetAtt VPC.DefaultSecurityGroup}}
        LogsEndpoint: {Properties: {SecurityGroupIds: null}}
        """,
        {"logs": "unknown"},
    ),
    # ECS developer guide, 'Pass Systems Manager parameters': ValueFrom is the parameter's name, or its ARN. What Ref
    # gives is a parameter whatever name CloudFormation invents.
    "a parameter without a name of its own": (
        """
        Parameter: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}
        SsmEndpoint:
          Type: AWS::EC2::VPCEndpoint
          Properties:
            VpcId: !Ref VPC
            ServiceName: !Sub com.amazonaws.${AWS::Region}.ssm
            VpcEndpointType: Interface
            PrivateDnsEnabled: true
            SubnetIds: [!Ref PrivateSubnet1, !Ref PrivateSubnet2]
            SecurityGroupIds: [!Ref EndpointSecurityGroup]
        Read:
          Type: AWS::IAM::Policy
          Properties:
            PolicyName: read
            Roles: [!Ref ExecutionRole]
            PolicyDocument:
              Statement:
                - Effect: Allow
                  Action: ssm:GetParameters
                  Resource: !Sub arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${Parameter}
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Sub ${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:1
                PortMappings: [{ContainerPort: 8080}]
                Secrets: [{Name: P, ValueFrom: !Ref Parameter}]
        """,
        {"ssm": "reachable", "logs": None},
    ),
    # IAM user guide, 'Resource': one value or a list. Text with a name in it that only a deployment knows is one value.
    "a policy's one resource with an invented name in it": (
        """
        ExecutionRole:
          Properties:
            ManagedPolicyArns: null
            Policies:
              - PolicyName: start
                PolicyDocument:
                  Statement:
                    - {Effect: Allow, Action: "ecr:*", Resource: "*"}
                    - Effect: Allow
                      Action: ["logs:CreateLogStream", "logs:PutLogEvents"]
                      Resource: !Sub arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${LogGroup}:*
        """,
        {},
    ),
    # Amazon VPC user guide, 'Amazon DNS server': the primary CIDR's base plus two is AmazonProvidedDNS.
    "DHCP options that name the VPC's own DNS server by its address": (
        """
        Options: {Type: AWS::EC2::DHCPOptions, Properties: {DomainNameServers: [10.192.0.2]}}
        UseOptions:
          Type: AWS::EC2::VPCDHCPOptionsAssociation
          Properties: {VpcId: !Ref VPC, DhcpOptionsId: !Ref Options}
        """,
        {},
    ),
    # CloudFormation reference, AWS::EC2::VPCEndpoint: VpcEndpointType is Gateway where it is not set.
    "an interface endpoint whose type was forgotten": (
        "EcrApiEndpoint: {Properties: {VpcEndpointType: null}}",
        {"ecr.api": "blocked"},
    ),
    # ECR user guide, 'Create the Amazon S3 gateway endpoint': image layers need the gateway endpoint.
    "an S3 interface endpoint without private DNS": (
        """
        S3Endpoint:
          Properties:
            VpcEndpointType: Interface
            RouteTableIds: null
            SubnetIds: [!Ref PrivateSubnet1]
            SecurityGroupIds: [!Ref EndpointSecurityGroup]
        """,
        {"s3-layers": "blocked"},
    ),
    # Amazon VPC user guide, 'Control subnet traffic with network access control lists': stateless, so answers from S3
    # to ephemeral ports need an entry of their own.
    "a network ACL that forgets the ephemeral ports": (
        """
        Acl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref VPC}}
        Acl1: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref PrivateSubnet1, NetworkAclId: !Ref Acl}}
        Acl2: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref PrivateSubnet2, NetworkAclId: !Ref Acl}}
        In:
          Type: AWS::EC2::NetworkAclEntry
          Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: -1, RuleAction: allow, CidrBlock: 10.192.0.0/16}
        Out:
          Type: AWS::EC2::NetworkAclEntry
          Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: -1, RuleAction: allow, Egress: true, CidrBlock: 0.0.0.0/0}
        """,  # noqa: E501 - an entry a line
        {"s3-layers": "blocked"},
    ),
    # The reference architecture's option 1, taken at its word on every element: nobody enters on port 80, and the load
    # balancer cannot leave for the container's port.
    "one group that lets 443 in from the subnets and out": (
        """
        LoadBalancerSecurityGroup: &one
          Properties:
            SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.192.0.0/16}]
            SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]
        ServiceSecurityGroup: *one
        EndpointSecurityGroup: *one
        """,
        {"internet->alb": "blocked", "alb->task": "blocked"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_need_is_judged_as_by_hand(name: str) -> None:
    patch, changes = CASES[name]
    wanted = {need: word for need, word in (PLAIN | changes).items() if word is not None}
    assert said(proof(network(patch))) == wanted


def test_without_a_region_the_parts_of_an_arn_are_known_as_far_as_they_go() -> None:
    found = proof(network(CASES["an image named by the parts of its repository's ARN"][0]), region=None)
    assert said(found)["image-source"] == "reachable"
    assert said(found)["ecr.dkr"] == "reachable"


def test_a_json_key_tells_a_secret_that_is_a_parameter_of_the_template() -> None:
    # ECS developer guide, 'Pass Secrets Manager secrets': only a secret's ARN takes a JSON key, stage and version.
    whole = network("""
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Sub ${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:1
                PortMappings: [{ContainerPort: 8080}]
                Secrets: [{Name: P, ValueFrom: !Sub "${SecretArn}:password::"}]
        """)
    whole["Parameters"]["SecretArn"] = {"Type": "String"}
    found = said(proof(whole))
    assert found["secretsmanager"] == "blocked"
    assert "ssm" not in found


GATES: dict[str, tuple[str, str, str, str]] = {
    # Each patch, the need that it blocks, the one rule and the one element to change.
    "type forgotten": ("EcrApiEndpoint: {Properties: {VpcEndpointType: null}}", "ecr.api", "NL401", "EcrApiEndpoint"),
    "S3 by an interface": (
        CASES["an S3 interface endpoint without private DNS"][0],
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


def waits(found: Any) -> list[tuple[str, str]]:
    return [(finding.rule, finding.message) for finding in found.findings]


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
