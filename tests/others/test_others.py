"""What engineers write that natless does not: each verdict worked out by hand from AWS's documents, named per case."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from changed import PLAIN, network, proof, said

CASES: dict[str, tuple[str, dict[str, str | None]]] = {
    # Elastic Load Balancing, 'Update the security groups for your Network Load Balancer': one that was made without
    # security groups has none, and accepts all traffic. 'Client IP preservation': off by default for targets by address
    # under TCP, so tasks see the balancer's own addresses, and their group lets in members of another group alone.
    "a network load balancer without groups": (
        """
        LoadBalancer: {DependsOn: null, Properties: {Type: network, SecurityGroups: null}}
        Listener: {Properties: {Protocol: TCP}}
        TargetGroup: {Properties: {Protocol: TCP, HealthCheckPath: null}}
        """,
        {"alb->task": "blocked"},
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


def table_endpoint(principal: str) -> dict[str, Any]:
    """Give the network with a task role that reads DynamoDB, by a gateway endpoint that names `principal`."""
    return network(f"""
        TaskRole:
          Type: AWS::IAM::Role
          Properties:
            AssumeRolePolicyDocument:
              Statement: [{{Effect: Allow, Principal: {{Service: ecs-tasks.amazonaws.com}}, Action: "sts:AssumeRole"}}]
            Policies:
              - PolicyName: read
                PolicyDocument: {{Statement: [{{Effect: Allow, Action: "dynamodb:GetItem", Resource: "*"}}]}}
        TaskDefinition: {{Properties: {{TaskRoleArn: !GetAtt TaskRole.Arn}}}}
        Tables:
          Type: AWS::EC2::VPCEndpoint
          Properties:
            VpcId: !Ref VPC
            ServiceName: !Sub com.amazonaws.${{AWS::Region}}.dynamodb
            RouteTableIds: [!Ref PrivateRouteTable1, !Ref PrivateRouteTable2]
            PolicyDocument:
              Statement: [{{Effect: Allow, Action: "*", Resource: "*", {principal}}}]
        """)


@pytest.mark.parametrize(
    ("principal", "word"),
    [
        # AWS PrivateLink guide, 'Principals for gateway endpoints': an account there is its root user alone; roles are
        # told by the condition key aws:PrincipalArn.
        ('Principal: "*"', "reachable"),
        ('Principal: {AWS: "111122223333"}', "blocked"),
        ('Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}', "blocked"),
        ("Principal: {AWS: !GetAtt TaskRole.Arn}", "unknown"),
        ('Principal: "*", Condition: {ArnEquals: {"aws:PrincipalArn": !GetAtt TaskRole.Arn}}', "reachable"),
    ],
)
def test_a_gateway_endpoint_takes_no_role_for_its_account(principal: str, word: str) -> None:
    assert said(proof(table_endpoint(principal)))["dynamodb"] == word


def secret(arn: str) -> dict[str, Any]:
    """Give the network with a secret, its endpoint and a role that may read any."""
    return network(f"""
        SecretsEndpoint:
          Type: AWS::EC2::VPCEndpoint
          Properties:
            VpcId: !Ref VPC
            ServiceName: !Sub com.amazonaws.${{AWS::Region}}.secretsmanager
            VpcEndpointType: Interface
            PrivateDnsEnabled: true
            SubnetIds: [!Ref PrivateSubnet1, !Ref PrivateSubnet2]
            SecurityGroupIds: [!Ref EndpointSecurityGroup]
        Read:
          Type: AWS::IAM::RolePolicy
          Properties:
            PolicyName: read
            RoleName: !Ref ExecutionRole
            PolicyDocument: {{Statement: [{{Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: "*"}}]}}
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Sub ${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/app:1
                PortMappings: [{{ContainerPort: 8080}}]
                Secrets: [{{Name: P, ValueFrom: "{arn}"}}]
        """)


@pytest.mark.parametrize(("region", "word"), [("eu-west-1", "reachable"), ("us-east-1", "blocked")])
def test_an_endpoint_serves_secrets_of_its_own_region(region: str, word: str) -> None:
    # ECS API reference, Secret: in another region the full ARN is given; AWS PrivateLink guide: an endpoint serves the
    # service of its region.
    found = proof(secret(f"arn:aws:secretsmanager:{region}:111122223333:secret:db-AbCdEf"))
    assert said(found)["secretsmanager"] == word
    assert [finding.rule for finding in found.findings if finding.rule == "NL201"] == ["NL201"] * (word == "blocked")


def test_a_template_of_one_region_that_is_read_for_another_is_told_so() -> None:
    # As AWS CDK writes a stack whose region is given: the region stands in each service's name.
    found = proof(network("LogsEndpoint: {Properties: {ServiceName: com.amazonaws.us-west-2.logs}}"))
    logs = next(verdict for verdict in found.verdicts if verdict.need == "logs")
    assert "LogsEndpoint is for com.amazonaws.us-west-2.logs, and this was read for eu-west-1" in logs.reason


def test_a_rule_that_another_one_makes_needless_is_not_waited_for() -> None:
    # Security groups only allow (Amazon VPC user guide, 'Security group rules'): one rule that is there is enough.
    whole = network("""
        EndpointSecurityGroup: {Properties: {SecurityGroupIngress: null}}
        One: &rule
          Type: AWS::EC2::SecurityGroupIngress
          Properties:
            {GroupId: !Ref EndpointSecurityGroup, IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.192.0.0/16}
        Other: *rule
        """)
    assert [finding.rule for finding in proof(whole).findings] == ["NL802"]
    whole["Resources"]["Service"]["DependsOn"].append("Other")
    assert proof(whole).findings == ()
