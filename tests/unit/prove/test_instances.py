"""The EC2 launch type: who asks for what, through whose interface, by whose role.

Expected: Amazon ECS Developer Guide, "Amazon ECS container instance IAM role", "Amazon ECS interface VPC endpoints",
"Allocate a network interface for an Amazon ECS task", "Use an Application Load Balancer for Amazon ECS"; Amazon ECS API
reference, PortMapping.hostPort.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "pages"))

from fragments import base, cloud, merged, template

from natless.finding import Blocked, Outcome, Reachable, Unknown
from natless.prove import Proof, prove

REGISTRATION = {"ecs", "ecs-agent", "ecs-telemetry"}
PULL = {"ecr.api", "ecr.dkr", "s3-layers"}
BY_INSTANCE = REGISTRATION | PULL | {"logs"}
INTERFACES = BY_INSTANCE - {"s3-layers"}

AWSVPC = """
Resources:
  TaskGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: t, VpcId: !Ref Vpc,
    SecurityGroupEgress: [{IpProtocol: '-1', CidrIp: 127.0.0.1/32}]}}
  TaskFromAlb: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref TaskGroup, IpProtocol: tcp,
    FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: !Ref AlbGroup}}
  AlbToTask: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !Ref AlbGroup, IpProtocol: tcp,
    FromPort: 8080, ToPort: 8080, DestinationSecurityGroupId: !Ref TaskGroup}}
  AlbToHosts: null
  HostsFromAlb: null
  Targets: {Properties: {TargetType: ip}}
  Task: {Properties: {NetworkMode: awsvpc}}
  Service: {Properties: {NetworkConfiguration: {AwsvpcConfiguration: {
    Subnets: [!Ref Private1, !Ref Private2], SecurityGroups: [!Ref TaskGroup]}}}}
"""


def proof(*patches: str) -> Proof:
    whole: Any = base("ec2")
    for patch in patches:
        whole = merged(whole, template(patch))
    return prove(cloud(whole))


def outcomes(*patches: str) -> dict[str, Outcome]:
    return {verdict.need: verdict.outcome for verdict in proof(*patches).verdicts}


def blocked(found: dict[str, Outcome]) -> dict[str, tuple[str, str]]:
    """Give rule and gate of each need that is blocked, but for the internet."""
    return {
        need: (outcome.rule, outcome.gate.element)
        for need, outcome in found.items()
        if isinstance(outcome, Blocked) and need != "task->internet"
    }


def unknown(found: dict[str, Outcome]) -> set[str]:
    return {need for need, outcome in found.items() if isinstance(outcome, Unknown)}


@pytest.mark.parametrize(
    ("endpoint", "need"),
    [("Ecs", "ecs"), ("EcsAgent", "ecs-agent"), ("EcsTelemetry", "ecs-telemetry"), ("EcrApi", "ecr.api")],
)
def test_each_endpoint_is_the_instances_own_need(endpoint: str, need: str) -> None:
    assert blocked(outcomes(f"Resources: {{{endpoint}Endpoint: null}}")) == {need: ("NL401", "PrivateTable")}


def test_the_instances_group_decides_on_pulls_and_logs() -> None:
    found = blocked(outcomes("Resources: {HostsToEndpoints: null}"))
    assert found == dict.fromkeys(INTERFACES, ("NL301", "HostGroup"))
    assert blocked(outcomes("Resources: {HostsToS3: null}")) == {"s3-layers": ("NL302", "HostGroup")}
    found = blocked(outcomes("Resources: {EndpointsFromHosts: null}"))
    assert found == dict.fromkeys(INTERFACES, ("NL303", "EndpointGroup"))


def test_the_instances_subnet_decides_on_the_layers() -> None:
    # Not the service's: in bridge mode it has none.
    found = outcomes("Resources: {S3Endpoint: {Properties: {RouteTableIds: [!Ref PublicTable]}}}")
    assert blocked(found) == {"s3-layers": ("NL202", "S3Endpoint")}


NO_EXECUTION_ROLE = "Resources: {Task: {Properties: {ExecutionRoleArn: null}}}"
ONLY_REGISTERS = """
Resources:
  HostRole:
    Properties:
      ManagedPolicyArns: []
      Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: 'ecs:*', Resource: '*'}]}}]
"""


def test_pulls_and_logs_ask_with_the_instances_role_where_the_task_has_none() -> None:
    assert blocked(outcomes(NO_EXECUTION_ROLE)) == {}
    assert blocked(outcomes(ONLY_REGISTERS)) == {}
    found = blocked(outcomes(NO_EXECUTION_ROLE, ONLY_REGISTERS))
    assert found == dict.fromkeys(("ecr.api", "ecr.dkr", "logs"), ("NL508", "HostRole"))


@pytest.mark.parametrize("action", ["RegisterContainerInstance", "DiscoverPollEndpoint", "SubmitTaskStateChange"])
def test_an_instance_that_may_not_register_or_report(action: str) -> None:
    patch = f"""
Resources:
  HostRole:
    Properties:
      Policies:
        - PolicyName: no
          PolicyDocument: {{Statement: [{{Effect: Deny, Action: 'ecs:{action}', Resource: '*'}}]}}
"""
    assert blocked(outcomes(patch)) == {"ecs": ("NL508", "HostRole")}


CDK = """
Resources:
  HostRole: {Properties: {ManagedPolicyArns: []}}
  HostPolicy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: hosts
      Roles: [!Ref HostRole]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Resource: !GetAtt Cluster.Arn,
             Action: ['ecs:DeregisterContainerInstance', 'ecs:RegisterContainerInstance', 'ecs:Submit*']}
          - {Effect: Allow, Resource: '*', Action: ['ecs:Poll', 'ecs:StartTelemetrySession'],
             Condition: {ArnEquals: {'ecs:cluster': !GetAtt Cluster.Arn}}}
          - {Effect: Allow, Resource: '*', Action: ['ecs:DiscoverPollEndpoint', 'ecr:GetAuthorizationToken']}
"""


def test_a_role_that_is_scoped_to_its_cluster_as_the_cdk_writes_it() -> None:
    assert blocked(outcomes(CDK)) == {}
    other = CDK.replace("!GetAtt Cluster.Arn}}}", "'arn:aws:ecs:eu-west-1:123456789012:cluster/other'}}}")
    found = outcomes(CDK.replace("!GetAtt Cluster.Arn,", "'arn:aws:ecs:eu-west-1:123456789012:cluster/other',"))
    assert isinstance(found["ecs"], Blocked | Unknown)
    assert isinstance(outcomes(other)["ecs-agent"], Blocked | Unknown)
    named = "Resources: {Cluster: {Properties: {ClusterName: mine}}}"
    assert blocked(outcomes(named, other)) == {
        "ecs-agent": ("NL508", "HostRole"),
        "ecs-telemetry": ("NL508", "HostRole"),
    }


PARAMETER = """
Resources:
  Task:
    Properties:
      ContainerDefinitions:
        - Name: web
          Image: !Sub ${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/hello:1
          PortMappings: [{ContainerPort: 8080}]
          Secrets: [{Name: S, ValueFrom: /db/url}]
  ExecutionRole:
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: 'ssm:GetParameters', Resource: '*'}]}
"""
SSM = """
Resources:
  SsmEndpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      {VpcEndpointType: Interface, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.ssm', VpcId: !Ref Vpc,
       SubnetIds: [!Ref Private1], SecurityGroupIds: [!Ref EndpointGroup], PrivateDnsEnabled: true}
"""


def test_secrets_come_through_the_instance_by_the_execution_role() -> None:
    assert blocked(outcomes(PARAMETER)) == {"ssm": ("NL401", "PrivateTable")}
    assert blocked(outcomes(PARAMETER, SSM)) == {}
    # In awsvpc mode as well: the task's own group lets nothing out.
    assert blocked(outcomes(PARAMETER, SSM, AWSVPC)) == {}
    assert blocked(outcomes(PARAMETER, SSM, NO_EXECUTION_ROLE)) == {"ssm": ("NL501", "Task")}


def test_in_awsvpc_mode_the_tasks_own_interface_is_for_what_the_container_does() -> None:
    found = outcomes(AWSVPC)
    assert blocked(found) == {}
    assert {need for need, outcome in found.items() if isinstance(outcome, Reachable)} >= {*BY_INSTANCE, "alb->task"}
    assert blocked(outcomes(AWSVPC, "Resources: {TaskFromAlb: null}")) == {"alb->task": ("NL308", "TaskGroup")}
    # What lets the load balancer to the instance does not let it to the task.
    open_hosts = """
Resources:
  TaskFromAlb: null
  All: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref HostGroup, IpProtocol: '-1',
    SourceSecurityGroupId: !Ref AlbGroup}}
"""
    assert blocked(outcomes(AWSVPC, open_hosts)) == {"alb->task": ("NL308", "TaskGroup")}


EXEC = """
Resources:
  Service: {Properties: {EnableExecuteCommand: true}}
  Task: {Properties: {TaskRoleArn: !GetAtt TaskRole.Arn}}
  TaskRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: 'ssmmessages:*', Resource: '*'}]}
  MessagesEndpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      {VpcEndpointType: Interface, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.ssmmessages', VpcId: !Ref Vpc,
       SubnetIds: [!Ref Private1], SecurityGroupIds: [!Ref EndpointGroup], PrivateDnsEnabled: true}
"""


def test_exec_speaks_from_the_container() -> None:
    # In bridge mode that is the instance's interface, in awsvpc mode the task's, whose group lets nothing out.
    assert blocked(outcomes(EXEC)) == {}
    assert blocked(outcomes(AWSVPC, EXEC)) == {"ssmmessages": ("NL301", "TaskGroup")}


INTERNET = """
Resources:
  TaskOut: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !Ref %s, IpProtocol: '-1', CidrIp: 0.0.0.0/0}}
"""
PUBLIC = """
Resources:
  Hosts: {Properties: {VPCZoneIdentifier: [!Ref Public1]}}
  Public1: {Properties: {MapPublicIpOnLaunch: true}}
  S3Endpoint: {Properties: {RouteTableIds: [!Ref PrivateTable, !Ref PublicTable]}}
"""


def test_an_awsvpc_task_on_an_instance_has_no_public_address() -> None:
    public = """
Resources:
  Service: {Properties: {NetworkConfiguration: {AwsvpcConfiguration: {
    Subnets: [!Ref Public1], AssignPublicIp: ENABLED}}}}
"""
    found = outcomes(AWSVPC, public, INTERNET % "TaskGroup")["task->internet"]
    assert isinstance(found, Blocked)
    assert found.rule == "NL204"


def test_in_bridge_mode_a_task_reaches_what_its_instance_reaches() -> None:
    assert isinstance(outcomes(PUBLIC)["task->internet"], Blocked)
    assert isinstance(outcomes(PUBLIC, INTERNET % "HostGroup")["task->internet"], Reachable)
    without = "Resources: {Public1: {Properties: {MapPublicIpOnLaunch: false}}}"
    found = outcomes(PUBLIC, INTERNET % "HostGroup", without)["task->internet"]
    assert isinstance(found, Blocked)
    assert found.rule == "NL204"


def container(mapping: str) -> str:
    return f"""
Resources:
  Task:
    Properties:
      ContainerDefinitions:
        - Name: web
          Image: !Sub ${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/hello:1
          PortMappings: [{mapping}]
"""


def ports(first: int, last: int) -> str:
    wide = f"{{Properties: {{FromPort: {first}, ToPort: {last}}}}}"
    return f"Resources: {{HostsFromAlb: {wide}, AlbToHosts: {wide}}}"


HOST = "Resources: {Task: {Properties: {NetworkMode: host}}}"


@pytest.mark.parametrize(
    ("patches", "first", "last", "rule"),
    [
        ([], 32768, 60999, None),
        ([], 32768, 60998, "NL314"),
        ([], 40000, 65535, "NL314"),
        ([], 8080, 8080, "NL314"),
        ([container("{ContainerPort: 8080, HostPort: 0}")], 8080, 8080, "NL314"),
        ([container("{ContainerPort: 8080, HostPort: 80}")], 80, 80, None),
        ([container("{ContainerPort: 8080, HostPort: 80}")], 8080, 8080, "NL307"),
        ([HOST], 8080, 8080, None),
        ([HOST], 32768, 65535, "NL307"),
    ],
)
def test_the_port_at_which_the_load_balancer_finds_the_task(
    patches: list[str], first: int, last: int, rule: str | None
) -> None:
    found = outcomes(*patches, ports(first, last))["alb->task"]
    assert (found.rule if isinstance(found, Blocked) else None) == rule
    assert isinstance(found, Blocked | Reachable)


def test_bridge_and_host_mode_register_by_instance() -> None:
    by_address = "Resources: {Targets: {Properties: {TargetType: ip}}}"
    for mode in ("bridge", "host"):
        found = outcomes(by_address, f"Resources: {{Task: {{Properties: {{NetworkMode: {mode}}}}}}}")
        assert blocked(found)["alb->task"] == ("NL805", "Targets")


USER_DATA = "Resources: {HostTemplate: {Properties: {LaunchTemplateData: {UserData: %s}}}}"


@pytest.mark.parametrize(
    "user_data",
    [
        "{'Fn::Base64': {'Fn::Sub': null, 'Fn::ImportValue': script}}",
        "{'Fn::Base64': !Sub 'aws s3 cp s3://b/ecs.config /etc/ecs/ecs.config'}",
        "{'Fn::Base64': !Sub 'ECS_CLUSTER=$NAME'}",
        "{'Fn::Base64': !Sub \"ECS_CLUSTER=${Cluster}\\nHTTP_PROXY=10.0.0.131:3128\"}",
        "{'Fn::Base64': null, Ref: S3PrefixList}",
    ],
)
def test_an_agent_whose_way_is_not_known_leaves_what_it_does_unknown(user_data: str) -> None:
    found = outcomes(USER_DATA % user_data)
    assert unknown(found) >= BY_INSTANCE
    assert blocked(found) == {}


def test_a_cluster_of_another_name() -> None:
    found = blocked(outcomes(USER_DATA % "{'Fn::Base64': 'echo ECS_CLUSTER=other >> /etc/ecs/ecs.config'}"))
    assert found == dict.fromkeys({*BY_INSTANCE, "alb->task"}, ("NL815", "Hosts"))


BY_LAUNCH_TYPE = """
Resources:
  Provider: null
  Providers: null
  Service: {Properties: {CapacityProviderStrategy: null, LaunchType: EC2}}
"""


def test_the_launch_type_takes_the_instances_of_the_cluster() -> None:
    assert unknown(outcomes(BY_LAUNCH_TYPE)) == set()
    assert blocked(outcomes(BY_LAUNCH_TYPE, "Resources: {EcsEndpoint: null}")) == {"ecs": ("NL401", "PrivateTable")}
    elsewhere = outcomes(BY_LAUNCH_TYPE, USER_DATA % "{'Fn::Base64': 'ECS_CLUSTER=other'}")
    assert unknown(elsewhere) >= {*BY_INSTANCE, "alb->task"}


def test_a_service_that_leaves_it_to_its_clusters_strategy() -> None:
    assert blocked(outcomes("Resources: {Service: {Properties: {CapacityProviderStrategy: null}}}")) == {}
    missing = "Resources: {EcsEndpoint: null, Service: {Properties: {CapacityProviderStrategy: null}}}"
    assert blocked(outcomes(missing)) == {"ecs": ("NL401", "PrivateTable")}


@pytest.mark.parametrize(
    "patch",
    [
        "Resources: {Provider: {Properties: {AutoScalingGroupProvider: {AutoScalingGroupArn: theirs}}}}",
        "Resources: {Provider: {Properties: {AutoScalingGroupProvider: null, ManagedInstancesProvider: {}}}}",
        "Resources: {Hosts: {Properties: {LaunchTemplate: {LaunchTemplateId: lt-0}}}}",
        "Resources: {Hosts: {Properties: {VPCZoneIdentifier: [subnet-0]}}}",
        "Resources: {HostTemplate: {Properties: {LaunchTemplateData: {IamInstanceProfile: {Arn: x/theirs}}}}}",
    ],
)
def test_instances_of_which_not_all_is_known_leave_their_needs_unknown(patch: str) -> None:
    found = outcomes(patch)
    assert unknown(found) >= BY_INSTANCE
    assert blocked(found) == {}


def test_with_two_groups_every_one_must_do() -> None:
    second = """
Resources:
  Bare: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: b, VpcId: !Ref Vpc,
    SecurityGroupEgress: [{IpProtocol: '-1', CidrIp: 127.0.0.1/32}]}}
  OtherTemplate:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        IamInstanceProfile: {Name: !Ref HostProfile}
        NetworkInterfaces: [{DeviceIndex: 0, Groups: [!Ref Bare], AssociatePublicIpAddress: false}]
        UserData: {'Fn::Base64': !Sub '[settings.ecs]\n\ncluster = "${Cluster}"'}
  Others: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {MinSize: 1, MaxSize: 1,
    VPCZoneIdentifier: [!Ref Private1], LaunchTemplate: {LaunchTemplateId: !Ref OtherTemplate, Version: 1}}}
"""
    assert blocked(outcomes(second)) == {}, "the strategy names one provider, and this group is not its"
    assert blocked(outcomes(second, BY_LAUNCH_TYPE))["ecs"] == ("NL301", "Bare")


def test_a_launch_configuration_and_an_instance_are_read_alike() -> None:
    data = "{'Fn::Base64': !Sub 'ECS_CLUSTER=${Cluster}'}"
    configuration = f"""
Resources:
  HostTemplate: null
  Configuration: {{Type: AWS::AutoScaling::LaunchConfiguration, Properties: {{ImageId: ami-0, InstanceType: t3.small,
    IamInstanceProfile: !Ref HostProfile, SecurityGroups: [!Ref HostGroup], UserData: {data}}}}}
  Hosts: {{Properties: {{LaunchTemplate: null, LaunchConfigurationName: !Ref Configuration}}}}
"""
    single = f"""
Resources:
  Hosts: null
  Host: {{Type: AWS::EC2::Instance, Properties: {{ImageId: ami-0, SubnetId: !Ref Private1,
    IamInstanceProfile: !Ref HostProfile, SecurityGroupIds: [!Ref HostGroup], UserData: {data}}}}}
"""
    for patches in ([configuration], [BY_LAUNCH_TYPE, single]):
        found = outcomes(*patches)
        assert (blocked(found), unknown(found)) == ({}, set())
        assert blocked(outcomes(*patches, "Resources: {HostsToS3: null}")) == {"s3-layers": ("NL302", "HostGroup")}


def test_the_agents_words_stand_in_the_findings() -> None:
    said = {finding.rule: finding.symptom for finding in proof("Resources: {EcsEndpoint: null}").findings}
    assert "Unable to register as a container instance with ECS" in said["NL401"]
    assert "ecs.eu-west-1.amazonaws.com" in said["NL401"]
    profile = "Resources: {HostTemplate: {Properties: {LaunchTemplateData: {IamInstanceProfile: null}}}}"
    said = {finding.rule: finding.symptom for finding in proof(profile).findings}
    assert "NoCredentialProviders" in said["NL507"]
