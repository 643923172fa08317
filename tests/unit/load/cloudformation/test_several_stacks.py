"""Stacks that are deployed together: exports and imports, parameters that lead to another stack, names told apart.

Rules: "Fn::ImportValue" and "Outputs section", CloudFormation user guide. What CDK writes for a reference between
stacks: `Fn::ImportValue` of `STACK:ExportsOutput...`, lists joined and split by `||`.
"""

from __future__ import annotations

import textwrap
from ipaddress import IPv4Network

import pytest

from natless import load
from natless.cloud import Cloud
from natless.finding import Blocked, Reachable, Unknown
from natless.prove import Proof, prove

NETWORK = """
Parameters: {Env: {Type: String, Default: prod}}
Conditions: {Busy: !Equals [!Ref Env, prod]}
Mappings: {Blocks: {prod: {Vpc: 10.0.0.0/16}}}
Resources:
  VPC:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: !FindInMap [Blocks, !Ref Env, Vpc], EnableDnsHostnames: true}
  One: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref VPC, CidrBlock: 10.0.0.0/24}}
  Two: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref VPC, CidrBlock: 10.0.1.0/24}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref VPC}}
  OfOne: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref One, RouteTableId: !Ref Table}}
  OfTwo: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Two, RouteTableId: !Ref Table}}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: endpoints
      VpcId: !Ref VPC
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: !GetAtt VPC.CidrBlock}]
  Api: &endpoint
    Type: AWS::EC2::VPCEndpoint
    Condition: Busy
    Properties:
      VpcId: !Ref VPC
      VpcEndpointType: Interface
      ServiceName: !Sub "com.amazonaws.${AWS::Region}.ecr.api"
      SubnetIds: [!Ref One, !Ref Two]
      SecurityGroupIds: [!Ref Group]
      PrivateDnsEnabled: true
  Dkr: {<<: *endpoint}
  Logs: {<<: *endpoint}
  S3:
    Type: AWS::EC2::VPCEndpoint
    Properties: {VpcId: !Ref VPC, ServiceName: !Sub "com.amazonaws.${AWS::Region}.s3", RouteTableIds: [!Ref Table]}
Outputs:
  VpcId: {Value: !Ref VPC, Export: {Name: !Sub "${AWS::StackName}-VpcId"}}
  Subnets: {Value: !Join [",", [!Ref One, !Ref Two]], Export: {Name: !Sub "${AWS::StackName}-Subnets"}}
"""
SERVICE = """
Parameters:
  Env: {Type: String, Default: prod}
  Network: {Type: String, Default: network}
Conditions: {Busy: !Equals [!Ref Env, test]}
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: tasks, VpcId: VPC_HERE}
  Cluster: {Type: AWS::ECS::Cluster}
  Lines: {Type: AWS::Logs::LogGroup}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: "sts:AssumeRole"}]
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "512"
      ExecutionRoleArn: !GetAtt Role.Arn
      ContainerDefinitions:
        - Name: api
          Image: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/api:1"
          LogConfiguration:
            LogDriver: awslogs
            Options: {awslogs-group: !Ref Lines, awslogs-region: !Ref "AWS::Region", awslogs-stream-prefix: api}
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Cluster
      TaskDefinition: !Ref Task
      LaunchType: FARGATE
      NetworkConfiguration: {AwsvpcConfiguration: {SecurityGroups: [!GetAtt Group.GroupId], Subnets: SUBNETS_HERE}}
"""
IMPORTS = {
    "VPC_HERE": '{"Fn::ImportValue": !Sub "${Network}-VpcId"}',
    "SUBNETS_HERE": '!Split [",", {"Fn::ImportValue": !Sub "${Network}-Subnets"}]',
}
PARAMETERS = {"VPC_HERE": "!Ref Vpc", "SUBNETS_HERE": "!Ref Subnets"}
NEEDS = {"ecr.api", "ecr.dkr", "logs", "s3-layers"}


def network() -> str:
    """The endpoints are one endpoint written three times: YAML's merge leaves the service's name to be changed."""
    found = NETWORK
    one = NETWORK[NETWORK.index("  Api: &endpoint") : NETWORK.index("  Dkr:")]
    for name, service in (("Dkr", "ecr.dkr"), ("Logs", "logs")):
        whole = one.replace("Api: &endpoint", f"{name}:").replace("ecr.api", service)
        found = found.replace(f"  {name}: {{<<: *endpoint}}\n", whole)
    return found.replace(" &endpoint", "")


def service(given: dict[str, str], more: str = "") -> str:
    text = SERVICE.replace("Parameters:\n", f"Parameters:\n{more}")
    for mark, written in given.items():
        text = text.replace(mark, written)
    return text


def read(texts: dict[str, str], **parameters: str) -> Cloud:
    return load.stacks(texts, parameters, "eu-west-1", "123456789012")


def needs(found: Proof, kind: type) -> set[str]:
    return {each.need for each in found.verdicts if isinstance(each.outcome, kind)} & NEEDS


def test_what_one_exports_and_the_other_imports_is_one_network() -> None:
    cloud = read({"net.yaml": network(), "svc.yaml": service(IMPORTS)})
    found = prove(cloud)
    assert needs(found, Reachable) == NEEDS
    assert found.findings == (), "what stands in an earlier stack is waited for"
    assert cloud.source == "net.yaml, svc.yaml"


def test_alone_it_is_unknown() -> None:
    text = service(IMPORTS)
    alone = prove(load.cloudformation(text, "svc.yaml", {}, "eu-west-1", "123456789012"))
    assert needs(alone, Unknown) == NEEDS


def test_the_order_is_that_of_the_imports() -> None:
    assert prove(read({"svc.yaml": service(IMPORTS), "net.yaml": network()})).findings == ()


def test_each_keeps_its_own_names_and_lines() -> None:
    cloud = read({"net.yaml": network(), "svc.yaml": service(IMPORTS)})
    assert {"Group", "svc/Group"} <= set(cloud.security_groups)
    assert cloud.security_groups["Group"].origin.source == "net.yaml"
    own = cloud.security_groups["svc/Group"].origin
    assert own.source == "svc.yaml"
    assert own.line is not None
    assert service(IMPORTS).splitlines()[own.line - 1].strip() == "Group:"
    # The condition of the same name is another one there: the endpoints stand.
    assert set(cloud.interface_endpoints) == {"Api", "Dkr", "Logs"}


def test_a_parameter_of_a_name_goes_to_each_that_has_it() -> None:
    cloud = read({"net.yaml": network().replace("{prod:", "{other:"), "svc.yaml": service(IMPORTS)}, Env="other")
    assert not cloud.interface_endpoints
    assert cloud.vpcs["VPC"].cidrs == (IPv4Network("10.0.0.0/16"),)


def test_a_gate_in_the_other_stack_is_named_with_its_file() -> None:
    without = network().replace(", FromPort: 443, ToPort: 443,", ", FromPort: 80, ToPort: 80,")
    found = prove(read({"net.yaml": without, "svc.yaml": service(IMPORTS)}))
    assert needs(found, Blocked) == {"ecr.api", "ecr.dkr", "logs"}
    [finding] = found.findings
    assert (finding.origin.source, finding.subject) == ("net.yaml", "Group")


@pytest.mark.parametrize("subnets", ["net.One,net.Two", "net.Subnets"])
def test_a_parameter_leads_to_a_resource_or_an_output_of_another(subnets: str) -> None:
    more = "  Vpc: {Type: AWS::EC2::VPC::Id}\n  Subnets: {Type: List<AWS::EC2::Subnet::Id>}\n"
    texts = {"net.yaml": network(), "svc.yaml": service(PARAMETERS, more)}
    found = prove(read(texts, Vpc="net.VPC", Subnets=subnets))
    assert needs(found, Reachable) == NEEDS
    assert needs(prove(read(texts, Vpc="net.VPC", Subnets="subnet-1,subnet-2")), Unknown) == NEEDS


def test_a_name_in_text_is_led_there_as_well() -> None:
    more = "  Vpc: {Type: String}\n"
    texts = {
        "net.yaml": network(),
        "svc.yaml": service({**IMPORTS, "VPC_HERE": '!Sub "${Vpc}"'}, more),
    }
    cloud = read(texts, Vpc="net.VPC")
    assert needs(prove(cloud), Reachable) == NEEDS


def test_exports_of_several_that_may_be_meant_are_unknown_until_the_stack_is_named() -> None:
    other = network().replace("10.0.", "10.1.")
    texts = {"a.yaml": network(), "b.yaml": other, "svc.yaml": service(IMPORTS)}
    assert needs(prove(read(texts)), Unknown) == NEEDS
    named = {"a/AWS::StackName": "network", "b/AWS::StackName": "other"}
    assert needs(prove(read(texts, **named)), Reachable) == NEEDS


def test_as_cdk_writes_it() -> None:
    outputs = textwrap.dedent("""\
        Outputs:
          A: {Value: !Ref VPC, Export: {Name: "net:ExportsOutputRefVPC"}}
          B: {Value: !Join ["||", [!Ref One, !Ref Two]], Export: {Name: "net:ExportsOutputSubnets"}}
        """)
    own = network()[: network().index("Outputs:")] + outputs
    imported = {
        "VPC_HERE": '{"Fn::ImportValue": "net:ExportsOutputRefVPC"}',
        "SUBNETS_HERE": '[!Select [0, !Split ["||", {"Fn::ImportValue": "net:ExportsOutputSubnets"}]]]',
    }
    assert needs(prove(read({"net.yaml": own, "svc.yaml": service(imported)})), Reachable) == NEEDS


def test_every_problem_of_every_stack_is_said_at_once() -> None:
    with pytest.raises(load.LoadError) as caught:
        read({"a.yaml": "Resources: 1", "b.yaml": "x", "c.yaml": network()}, Nope="1")
    assert {each.origin.source for each in caught.value.findings} == {"a.yaml", "b.yaml"}
    with pytest.raises(load.LoadError) as caught:
        read({"net.yaml": network(), "svc.yaml": service(IMPORTS)}, Nope="1")
    assert [each.message for each in caught.value.findings] == ["none of these templates has a parameter Nope"]


ROOT = """
Parameters: {Env: {Type: String, Default: prod}}
Resources:
  Net:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: NET_HERE, Parameters: {Env: !Ref Env}}
  Svc:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./svc.yaml
      Parameters: {Vpc: !GetAtt Net.Outputs.VpcId, Subnets: !Sub "${Net.Outputs.Subnets}"}
"""
MORE = "  Vpc: {Type: AWS::EC2::VPC::Id}\n  Subnets: {Type: List<AWS::EC2::Subnet::Id>}\n"


def nested(url: str = "./net.yaml", root: str = ROOT) -> dict[str, str]:
    return {
        "root.yaml": root.replace("NET_HERE", url),
        "svc.yaml": service(PARAMETERS, MORE),
        "templates/net.yaml": network(),
    }


@pytest.mark.parametrize(
    "url",
    [
        "./net.yaml",
        "https://s3.amazonaws.com/bucket/net.yaml",
        '!Sub "https://${Bucket}.s3.amazonaws.com/net.yaml"',
        '!Join ["/", [https://s3.amazonaws.com/bucket, net.yaml]]',
    ],
)
def test_nested_stacks_are_what_their_templates_hold(url: str) -> None:
    more = ROOT.replace("Env: {Type", "Bucket: {Type: String, Default: b}, Env: {Type")
    found = prove(read(nested(url, more)))
    assert needs(found, Reachable) == NEEDS
    assert found.findings == (), "one nested stack waits for the outputs of the other"


def test_a_parents_value_reaches_the_nested_stack() -> None:
    texts = {**nested(), "templates/net.yaml": network().replace("{prod:", "{other:")}
    cloud = read(texts, Env="other")
    assert not cloud.interface_endpoints


def test_nested_stacks_that_do_not_wait_are_made_side_by_side() -> None:
    apart = ROOT.replace("!GetAtt Net.Outputs.VpcId", "vpc-1").replace('!Sub "${Net.Outputs.Subnets}"', "subnet-1")
    roles = "Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}"
    texts = {"root.yaml": apart, "net.yaml": f"Resources:\n  {roles}\n", "svc.yaml": f"Resources:\n  {roles}\n"}
    texts["root.yaml"] = texts["root.yaml"].replace("NET_HERE", "net.yaml")
    assert set(read(texts).roles) == {"Role", "svc/Role"}


def test_a_nested_stack_whose_template_is_not_there_stays_unknown() -> None:
    texts = nested("https://s3.amazonaws.com/bucket/other.yaml")
    found = prove(read(texts))
    assert needs(found, Unknown) == NEEDS


def test_who_names_a_nested_stack_waits_for_all_of_it() -> None:
    child = "  Net: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: net.yaml}}\n"
    by_output = {"VPC_HERE": "!GetAtt Net.Outputs.VpcId", "SUBNETS_HERE": '!Split [",", !GetAtt Net.Outputs.Subnets]'}
    root = service(by_output).replace("Resources:\n", f"Resources:\n{child}")
    found = prove(read({"root.yaml": root, "net.yaml": network()}))
    assert needs(found, Reachable) == NEEDS
    assert found.findings == ()


TURN = """
Resources: {X: {Type: AWS::EC2::VPC, Properties: {CidrBlock: {"Fn::ImportValue": theirs}}}}
Outputs: {O: {Value: VALUE, Export: {Name: mine}}}
"""


def turns(value: str) -> dict[str, str]:
    text = TURN.replace("VALUE", value)
    return {"a.yaml": text, "b.yaml": text.replace("theirs", "?").replace("mine", "theirs").replace("?", "mine")}


def test_stacks_that_import_from_each_other_end() -> None:
    assert set(read(turns("!Ref X")).vpcs) == {"X", "b/X"}


def test_values_that_lead_to_each_other_are_a_problem() -> None:
    with pytest.raises(load.LoadError) as caught:
        read(turns('{"Fn::ImportValue": theirs}'))
    assert "lead through each other" in caught.value.findings[0].message
