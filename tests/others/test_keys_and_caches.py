"""KMS keys of one's own, and pull-through caches: what is reached, and may refuse or be empty all the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from changed import network, proof, said

ENDPOINT = """
        {name}Endpoint:
          Type: AWS::EC2::VPCEndpoint
          Properties:
            VpcId: !Ref VPC
            ServiceName: !Sub com.amazonaws.${{AWS::Region}}.{service}
            VpcEndpointType: Interface
            PrivateDnsEnabled: true
            SubnetIds: [!Ref PrivateSubnet1, !Ref PrivateSubnet2]
            SecurityGroupIds: [!Ref EndpointSecurityGroup]
"""
SECRET = """
        Key: {{Type: AWS::KMS::Key, Properties: {{KeyPolicy: {{}}}}}}
        Secret: {{Type: AWS::SecretsManager::Secret, Properties: {{KmsKeyId: {key}}}}}
        Read:
          Type: AWS::IAM::Policy
          Properties:
            PolicyName: read
            Roles: [!Ref ExecutionRole]
            PolicyDocument:
              Statement:
                - {{Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: !Ref Secret}}
                - {{Effect: Allow, Action: "{action}", Resource: !GetAtt Key.Arn, Condition: {condition}}}
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Sub ${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/app:1
                PortMappings: [{{ContainerPort: 8080}}]
                Secrets: [{{Name: P, ValueFrom: !Sub "${{Secret}}:password::"}}]
""" + ENDPOINT.format(name="Secrets", service="secretsmanager").replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize(
    ("key", "action", "condition", "word"),
    [
        # ECS developer guide, 'Required IAM permissions for Amazon ECS secrets': kms:Decrypt where the secret has a key
        # of its own; the key's policy may give it as well (KMS developer guide, 'Key policies'), and is not read.
        ("!Ref Key", "kms:Decrypt", "{}", "reachable"),
        ("!GetAtt Key.Arn", "kms:Decrypt", "{}", "reachable"),
        ("!GetAtt Key.Arn", "kms:Encrypt", "{}", "unknown"),
        ("alias/aws/secretsmanager", "kms:Encrypt", "{}", "reachable"),
        ("alias/mine", "kms:Decrypt", "{}", "unknown"),
        # As CDK writes it.
        (
            "!GetAtt Key.Arn",
            "kms:Decrypt",
            '{StringEquals: {"kms:ViaService": !Sub "secretsmanager.${AWS::Region}.amazonaws.com"}}',
            "reachable",
        ),
    ],
)
def test_a_secret_under_a_key_of_ones_own_asks_for_the_key(key: str, action: str, condition: str, word: str) -> None:
    assert said(proof(network(SECRET.format(key=key, action=action, condition=condition))))["secretsmanager"] == word


EXEC = """
        Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {}}}
        Cluster: {Properties: {Configuration: {ExecuteCommandConfiguration: {KmsKeyId: !GetAtt Key.Arn}}}}
        Service: {Properties: {EnableExecuteCommand: true}}
        TaskDefinition: {Properties: {TaskRoleArn: !GetAtt TaskRole.Arn}}
        TaskRole:
          Type: AWS::IAM::Role
          Properties:
            AssumeRolePolicyDocument:
              Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: "sts:AssumeRole"}]
            Policies:
              - PolicyName: exec
                PolicyDocument:
                  Statement:
                    - {Effect: Allow, Action: "ssmmessages:*", Resource: "*"}
                    - {Effect: Allow, Action: "kms:Decrypt", Resource: !GetAtt Key.Arn}
"""


def test_a_session_key_of_ecs_exec_needs_kms() -> None:
    # ECS developer guide, 'Monitor Amazon ECS containers with ECS Exec': the key is asked for from the task.
    messages = ENDPOINT.format(name="Messages", service="ssmmessages")
    found = said(proof(network(EXEC + messages)))
    assert (found["ssmmessages"], found["kms"]) == ("reachable", "blocked")
    found = said(proof(network(EXEC + messages + ENDPOINT.format(name="Keys", service="kms"))))
    assert (found["ssmmessages"], found["kms"]) == ("reachable", "reachable")


CACHE = """
        Cache:
          Type: AWS::ECR::PullThroughCacheRule
          Properties: {EcrRepositoryPrefix: %s, UpstreamRegistryUrl: public.ecr.aws}
"""
NAT = """
        Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref PublicSubnet1, AllocationId: eipalloc-1}}
        Out1:
          Type: AWS::EC2::Route
          Properties: {RouteTableId: !Ref PrivateRouteTable1, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}
        Out2:
          Type: AWS::EC2::Route
          Properties: {RouteTableId: !Ref PrivateRouteTable2, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}
"""


@pytest.mark.parametrize(
    ("prefix", "image", "more", "word"),
    [
        # ECR user guide, 'Considerations for using pull through cache rules': the first pull needs the internet.
        ("public", "public/nginx:1", "", "unknown"),
        ("public", "public/nginx:1", NAT, "reachable"),
        ("public", "app:1", "", "reachable"),
        ("pub", "public/nginx:1", "", "reachable"),
        ("ROOT", "app:1", "", "unknown"),
    ],
)
def test_an_image_of_a_cache_may_not_be_there_yet(prefix: str, image: str, more: str, word: str) -> None:
    task = f"""
        TaskDefinition:
          Properties:
            ContainerDefinitions:
              - Name: app
                Image: !Sub ${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/{image}
                PortMappings: [{{ContainerPort: 8080}}]
"""
    assert said(proof(network(CACHE % prefix + task + more)))["image-source"] == word
