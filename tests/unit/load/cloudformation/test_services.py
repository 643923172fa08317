"""Endpoints, load balancing, ECS and IAM. Defaults from the CloudFormation template reference, read 2026-11."""

# One resource a line shows a network at a glance; broken over ten lines it does not.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from natless.cloud import Policy, Statement
from natless.finding import Gap

Read = Any
NET = """
V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}
G: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V}}
T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref V}}
"""


def endpoint(read: Read, properties: str, region: str | None = None) -> Any:
    cloud = read(
        NET + f"E: {{Type: AWS::EC2::VPCEndpoint, Properties: {{VpcId: !Ref V, {properties}}}}}", region=region
    )
    return cloud.interface_endpoints.get("E") or cloud.gateway_endpoints["E"]


@pytest.mark.parametrize(
    ("name", "region", "service"),
    [
        ("!Sub 'com.amazonaws.${AWS::Region}.ecr.api'", None, "ecr.api"),
        ("!Join [., [com.amazonaws, !Ref AWS::Region, ecr, dkr]]", "eu-west-1", "ecr.dkr"),
        ("com.amazonaws.us-gov-west-1.logs", None, "logs"),
        ("!Sub 'cn.com.amazonaws.${AWS::Region}.ecr.api'", "cn-north-1", "ecr.api"),
        ("com.amazonaws.us-east-1.s3", "eu-west-1", "com.amazonaws.us-east-1.s3"),
        ("com.amazonaws.vpce.us-east-1.vpce-svc-0123", "us-east-1", "com.amazonaws.vpce.us-east-1.vpce-svc-0123"),
        ("com.amazonaws.us-east-1.ecr-fips.api", "us-east-1", "ecr-fips.api"),
    ],
)
def test_short_service_names(read: Read, name: str, region: str | None, service: str) -> None:
    assert endpoint(read, f"ServiceName: {name}", region).service == service


def test_a_service_that_is_not_known_is_a_gap(read: Read) -> None:
    found = endpoint(read, "ServiceName: !Sub 'com.amazonaws.${AWS::Region}.${AWS::StackName}'")
    assert isinstance(found.service, Gap)


def test_interface_endpoint_defaults(read: Read) -> None:
    found = endpoint(read, "VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.logs, SubnetIds: [!Ref S]")
    assert (found.private_dns, found.groups, found.subnets, found.policy) == (
        False,
        ("V.DefaultSecurityGroup",),
        ("S",),
        None,
    )


def test_interface_endpoint(read: Read) -> None:
    found = endpoint(
        read,
        "VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.logs, SubnetIds: !Ref S, "
        "SecurityGroupIds: [!GetAtt G.GroupId], PrivateDnsEnabled: 'true', "
        'PolicyDocument: \'{"Statement": {"Effect": "Allow", "Action": "*", "Principal": "*", "Resource": "*"}}\'',
    )
    assert (found.private_dns, found.groups, found.subnets) == (True, ("G",), ("S",))
    (statement,) = found.policy.statements
    assert (statement.actions, statement.principals, statement.resources) == (("*",), ("*",), ("*",))


def test_private_dns_for_resolvers_alone_is_none_for_tasks(read: Read) -> None:
    found = endpoint(
        read,
        "VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.s3, PrivateDnsEnabled: true, "
        "DnsOptions: {PrivateDnsOnlyForInboundResolverEndpoint: OnlyInboundResolver}",
    )
    assert found.private_dns is False


def test_a_gateway_endpoint_is_the_default_type(read: Read) -> None:
    found = endpoint(read, "ServiceName: com.amazonaws.us-east-1.s3, RouteTableIds: [!Ref T]")
    assert (found.route_tables, found.vpc, found.policy) == (("T",), "V", None)


BALANCING = (
    NET
    + """
LB: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {SubnetMappings: [{SubnetId: !Ref S}]}}
Inner: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal, Type: network, Subnets: [!Ref S], SecurityGroups: []}}
TG: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref V, Port: "80", Protocol: HTTP, TargetType: ip, HealthCheckPort: 9000}}
TG2: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref V}}
L: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref LB, Port: "443", Protocol: HTTPS, DefaultActions: [{Type: authenticate-oidc}, {Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref TG}, {TargetGroupArn: !Ref TG2}]}}]}}
L2: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref LB, Port: 80, Protocol: HTTP, DefaultActions: [{Type: redirect}]}}
LR: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !GetAtt L.ListenerArn, Priority: 5, Conditions: [], Actions: [{Type: forward, TargetGroupArn: !Ref TG}]}}
"""
)


def test_load_balancers(read: Read) -> None:
    cloud = read(BALANCING)
    alb, nlb = cloud.load_balancers["LB"], cloud.load_balancers["Inner"]
    assert (alb.kind, alb.internet_facing, alb.subnets, alb.groups) == (
        "application",
        True,
        ("S",),
        ("V.DefaultSecurityGroup",),
    )
    assert (nlb.kind, nlb.internet_facing, nlb.groups) == ("network", False, ())


def test_listeners_rules_and_target_groups(read: Read) -> None:
    cloud = read(BALANCING)
    assert (cloud.listeners["L"].port, cloud.listeners["L"].target_groups) == (443, ("TG", "TG2"))
    assert cloud.listeners["L2"].target_groups == ()
    assert (cloud.listener_rules["LR"].listener, cloud.listener_rules["LR"].target_groups) == ("L", ("TG",))
    first, second = cloud.target_groups["TG"], cloud.target_groups["TG2"]
    assert (first.port, first.target_type, first.health_path, first.health_port) == (80, "ip", "/", "9000")
    assert (second.port, second.target_type, second.health_port) == (None, "instance", "traffic-port")


TASK = """
Exec: {Type: AWS::IAM::Role, Properties: {RoleName: runner, AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ecs-tasks.amazonaws.com}}]}}}
Own: {Type: AWS::IAM::Role}
Logs: {Type: AWS::Logs::LogGroup}
Secret: {Type: AWS::SecretsManager::Secret}
TD:
  Type: AWS::ECS::TaskDefinition
  Properties:
    NetworkMode: awsvpc
    RequiresCompatibilities: [FARGATE]
    Cpu: 256
    Memory: "512"
    RuntimePlatform: {CpuArchitecture: ARM64}
    ExecutionRoleArn: !Sub "arn:aws:iam::${AWS::AccountId}:role/runner"
    TaskRoleArn: !GetAtt Own.Arn
    Volumes: [{Name: v, EFSVolumeConfiguration: {FilesystemId: fs-1}}, {Name: w}]
    ContainerDefinitions:
      - Name: web
        Image: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/web:1"
        PortMappings: [{ContainerPort: "8080"}, {ContainerPort: 9090}]
        Environment: [{Name: A, Value: 1}, {Name: B, Value: !Ref Secret}]
        Secrets: [{Name: K, ValueFrom: !Sub "${Secret}:k::"}]
        EnvironmentFiles: [{Type: s3, Value: "arn:aws:s3:::b/f.env"}]
        RepositoryCredentials: {CredentialsParameter: !Ref Secret}
        LogConfiguration:
          LogDriver: awslogs
          Options: {awslogs-group: !Ref Logs, awslogs-region: !Ref AWS::Region}
          SecretOptions: [{Name: token, ValueFrom: /ssm/name}]
"""


def test_task_definition(read: Read) -> None:
    task = read(TASK).task_definitions["TD"]
    assert (task.network_mode, task.compatibilities, task.cpu, task.memory) == ("awsvpc", ("FARGATE",), "256", "512")
    assert (task.architecture, task.execution_role, task.task_role, task.efs_volumes) == (
        "ARM64",
        "Exec",
        "Own",
        ("fs-1",),
    )


def test_container(read: Read) -> None:
    (web,) = read(TASK).task_definitions["TD"].containers
    stored = "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${Secret}-${Secret}"
    assert (web.name, web.ports) == ("web", (8080, 9090))
    assert web.image == "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/web:1"
    assert (web.log_driver, web.log_options) == (
        "awslogs",
        {"awslogs-group": "${Logs}", "awslogs-region": "${AWS::Region}"},
    )
    assert [(one.name, one.value_from) for one in web.secrets] == [("K", stored + ":k::"), ("token", "/ssm/name")]
    assert (web.environment, web.environment_files) == ({"A": "1", "B": stored}, ("arn:aws:s3:::b/f.env",))
    assert web.repository_credentials == stored


SERVICE = "N: {Type: AWS::ECS::Service, Properties: {TaskDefinition: x, Cluster: %s %s}}\n"


@pytest.mark.parametrize(
    ("cluster", "rest", "launch"),
    [
        ("!Ref C", ", LaunchType: FARGATE", "fargate"),
        ("!Ref C", ", LaunchType: EXTERNAL", "external"),
        ("!Ref C", ", CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT, Weight: 1}]", "fargate"),
        ("!Ref C", ", CapacityProviderStrategy: [{CapacityProvider: !Ref Hosts}]", "ec2"),
        ("!Ref C", "", "fargate"),
        ("!GetAtt C.Arn", "", "fargate"),
        ("!Ref Apart", "", "ec2"),
        ("!Ref Bare", "", "ec2"),
        ("elsewhere", "", None),
        ("!Ref C", ", CapacityProviderStrategy: [{CapacityProvider: theirs}]", None),
    ],
)
def test_launch(read: Read, cluster: str, rest: str, launch: str | None) -> None:
    cloud = read(
        """
C: {Type: AWS::ECS::Cluster, Properties: {DefaultCapacityProviderStrategy: [{CapacityProvider: FARGATE, Weight: 1}]}}
Apart: {Type: AWS::ECS::Cluster}
Hosts: {Type: AWS::ECS::CapacityProvider}
Link: {Type: AWS::ECS::ClusterCapacityProviderAssociations, Properties: {Cluster: !Ref Apart, DefaultCapacityProviderStrategy: [{CapacityProvider: !Ref Hosts}]}}
Bare: {Type: AWS::ECS::Cluster}
"""
        + SERVICE % (cluster, rest)
    )
    found = cloud.services["N"].launch
    assert isinstance(found, Gap) if launch is None else found == launch


def test_service(read: Read) -> None:
    cloud = read(
        BALANCING
        + TASK
        + """
N:
  Type: AWS::ECS::Service
  DependsOn: [L, LR]
  Properties:
    LaunchType: FARGATE
    TaskDefinition: !Ref TD
    EnableExecuteCommand: "true"
    ServiceConnectConfiguration: {Enabled: true}
    NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref S], AssignPublicIp: ENABLED}}
    LoadBalancers: [{ContainerName: web, ContainerPort: "8080", TargetGroupArn: !Ref TG}]
"""
    )
    service = cloud.services["N"]
    (target,) = service.targets
    assert (service.task_definition, service.subnets, service.groups) == ("TD", ("S",), ("V.DefaultSecurityGroup",))
    assert (service.public_ip, service.exec_enabled, service.service_connect) == (True, True, True)
    assert (target.target_group, target.container, target.port) == ("TG", "web", 8080)
    assert service.after == {"L", "LR", "LB", "TG", "TG2", "S", "V", "TD", "Own", "Secret", "Logs"}


def test_public_ip_is_off_by_default_and_hosts_have_no_own_network(read: Read) -> None:
    cloud = read(
        NET
        + """
A: {Type: AWS::ECS::Service, Properties: {TaskDefinition: t, LaunchType: EC2}}
B: {Type: AWS::ECS::Service, Properties: {TaskDefinition: t, LaunchType: EC2, NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref S], SecurityGroups: [!Ref G]}}}}
"""
    )
    assert (cloud.services["A"].subnets, cloud.services["A"].groups) == ((), ())
    assert (cloud.services["B"].public_ip, cloud.services["B"].groups) == (False, ("G",))


ROLE = """
R:
  Type: AWS::IAM::Role
  Properties:
    ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy", !Ref Managed]
    Policies:
      - PolicyName: one
        PolicyDocument:
          Statement:
            Effect: Allow
            Action: ecr:GetAuthorizationToken
            Resource: ["*"]
            Condition: {StringEquals: {"aws:SourceVpc": !Ref AWS::Region}}
Managed: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: [{Effect: Deny, NotAction: "s3:*", NotResource: "*"}]}}}
P: {Type: AWS::IAM::Policy, Properties: {Roles: [!Ref R], PolicyName: two, PolicyDocument: {Statement: [{Effect: Allow, Action: [a:b], Resource: !GetAtt B.Arn}]}}}
Q: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: !Ref R, PolicyName: three, PolicyDocument: {Statement: []}}}
B: {Type: AWS::S3::Bucket}
"""


def test_role_with_everything_attached(read: Read) -> None:
    role = read(ROLE).roles["R"]
    assert role.arn == "arn:aws:iam::${AWS::AccountId}:role/${R}"
    assert role.managed == ("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",)
    statements = [one for policy in role.policies if isinstance(policy, Policy) for one in policy.statements]
    found = {one.actions or one.not_actions: one for one in statements if isinstance(one, Statement)}
    token = found[("ecr:GetAuthorizationToken",)]
    assert (token.resources, token.conditions) == (("*",), {"StringEquals": {"aws:SourceVpc": "${AWS::Region}"}})
    assert (found[("s3:*",)].effect, found[("s3:*",)].not_resources) == ("Deny", ("*",))
    assert found[("a:b",)].resources == ("arn:aws:s3:::${B}",)
    assert len(role.policies) == 4


def test_a_permissions_boundary_is_read_where_the_template_makes_it_else_by_its_arn(read: Read) -> None:
    role = read("R: {Type: AWS::IAM::Role, Properties: {PermissionsBoundary: arn}}").roles["R"]
    assert role.boundary == "arn"
    document = "{Statement: [{Effect: Allow, Action: a, Resource: '*'}]}"
    made = read(
        f"B: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {document}}}}}\n"
        "R: {Type: AWS::IAM::Role, Properties: {PermissionsBoundary: !Ref B}}"
    ).roles["R"]
    assert isinstance(made.boundary, Policy)
    assert made.policies == ()


def test_a_statement_that_is_not_understood_is_a_gap(read: Read) -> None:
    role = read(
        "R: {Type: AWS::IAM::Role, Properties: {Policies: [{PolicyName: x, PolicyDocument: {Statement: "
        "[{Effect: Allow, Action: a, NotPrincipal: b}, {Effect: Allow, Action: a, Condition: !Transform x}]}}]}}"
    ).roles["R"]
    (policy,) = role.policies
    assert isinstance(policy, Policy)
    assert all(isinstance(one, Gap) for one in policy.statements)


def test_repository_and_log_group_names(read: Read) -> None:
    cloud = read(
        "R: {Type: AWS::ECR::Repository, Properties: {RepositoryName: a/b}}\nL: {Type: AWS::Logs::LogGroup}",
        account="1" * 12,
    )
    assert (cloud.repositories["R"].name, cloud.log_groups["L"].name) == ("a/b", "${L}")
    assert cloud.repositories["R"].uri == "111111111111.dkr.ecr.${AWS::Region}.amazonaws.com/a/b"
