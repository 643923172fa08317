"""Templates for both sides: every one that a test of this repository reads, and mutations of them by number.

The proof reads these texts; the lab's engine makes stacks of them, from whose describe calls the packets' fabric is
built. Some are gathered here, so that there is something to ask when this test runs alone; what tests write or change
as they go is what they were seen to read (tests/readings.py).
"""

from __future__ import annotations

import copy
import json
import random
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

from fragments import base, fragments, merged, template, without_dangling
from hello_on_instances import on_instances
from hello_without import ACCOUNT, REGION, whole, without
from tests.readings import Reading

MUTATIONS = 40
S3_LIST = "pl-78a54011"
_PARAMETERS = {"S3PrefixList": S3_LIST, "WebImageDigest": "sha256:" + "a" * 64, "S3PrefixListId": S3_LIST}
_SPARE = (
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
)
_PORTS = (80, 443, 8080, 53)

Template = dict[str, Any]
_TESTS = Path(__file__).parents[1]
# AWS's managed prefix lists for S3 (DescribeManagedPrefixLists, as the catalog's sources say), all the lab's one here.
_S3_LISTS = re.compile(r"pl-(63a5400a|6da54004|6ea54007|61a54008)")

__all__ = ["ACCOUNT", "MUTATIONS", "REGION", "Case", "gathered", "mutation", "seen_read"]


class Case(msgspec.Struct, frozen=True):
    """One template with the values of its parameters, moved into the lab's region and account.

    `made` says that it was made here of what is whole: a proof of it knows everything but what AWS chooses.
    """

    name: str
    text: str
    parameters: Mapping[str, str]
    file: str
    made: bool = False


def listed(template: Template) -> Template:
    """Give a template whose every DependsOn is a list."""
    for resource in template["Resources"].values():
        if isinstance(resource.get("DependsOn"), str):
            resource["DependsOn"] = [resource["DependsOn"]]
    return {"Outputs": {}, **template}


def gathered(pages: Path) -> list[Case]:
    """Give what is read from files: bases, what each rule's page makes of them, hello's, published ones, mutations."""
    made = {"base": base(), "hello": whole()} | {f"mutation {number}": mutation(number) for number in range(MUTATIONS)}
    read = {"base on instances": base("ec2"), "hello on instances": on_instances()}
    read["others"] = template((_TESTS / "others" / "network.yaml").read_text(encoding="utf-8"))
    for page in sorted(pages.glob("NL[1-8]*.md")):
        for kind, found in fragments(page.read_text(encoding="utf-8")).items():
            # What only an account can tell is no template.
            if kind == "bad" and not found.unavailable and not found.account and "Resources" in found.patch:
                on_fargate = page.stem[2] in "1234" and not found.on
                (made if on_fargate else read)[page.stem] = without_dangling(merged(base(found.on), found.patch))
    cases = [_case(name, each, Reading("", "", {}, "eu-west-1", ACCOUNT), made=True) for name, each in made.items()]
    cases += [_case(name, each, Reading("", "", {}, "eu-west-1", "111122223333")) for name, each in read.items()]
    for path in sorted((_TESTS / "published").glob("*.toml")):
        about = tomllib.loads(path.read_text(encoding="utf-8"))
        whole_text = path.with_suffix(".yaml").read_text(encoding="utf-8")
        reading = Reading("", "", about.get("parameters", {}), about["region"], about["account"])
        cases.append(_case(f"published {path.stem}", template(whole_text), reading))
    return cases


def seen_read(readings: Iterable[Reading]) -> list[Case]:
    """Give what tests of this session had read, but for those of this folder."""
    own = Path(__file__).parent.name
    return [
        _case(f"{each.test} {number}", _tree(each.text), each)
        for number, each in enumerate(readings)
        if f"/{own}/" not in each.file
    ]


def _tree(text: str) -> Template:
    try:
        found: Template = json.loads(text)
    except ValueError:
        found = template(text)
    return found


def _case(name: str, whole_: Template, reading: Reading, *, made: bool = False) -> Case:
    """Move a template into the lab's region and account, with values for its parameters that AWS could take."""
    given = {key: value for key, value in reading.parameters.items() if not value.startswith("${")}
    usual = {key: value for key, value in _PARAMETERS.items() if key in whole_.get("Parameters", {})}

    def moved(text: str) -> str:
        for of, lab in ((reading.region, REGION), (reading.account, ACCOUNT)):
            text = text.replace(of, lab) if of else text
        return _S3_LISTS.sub(S3_LIST, text)

    text = moved(json.dumps(whole_, indent=1, default=str))
    parameters = {key: moved(value) for key, value in {**given, **usual}.items()}
    return Case(name, text, parameters, reading.file, made)


def mutation(number: int) -> Template:
    """Give base or hello with one or two things changed as somebody might."""
    dice = random.Random(f"mutation {number}")
    template = copy.deepcopy(base() if dice.random() < 0.5 else whole())
    template = listed(template)
    for _ in range(dice.choice((1, 2))):
        template = dice.choice(_CHANGES)(dice, template)
    return template


def _of_kind(template: Template, *kinds: str) -> list[str]:
    return [name for name, each in template["Resources"].items() if each["Type"] in kinds]


def _taken(dice: random.Random, template: Template) -> Template:
    return without(template, dice.choice(_of_kind(template, *_SPARE)))


def _other_port(dice: random.Random, template: Template) -> Template:
    kinds = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
    rule = template["Resources"][dice.choice(_of_kind(template, *kinds))]["Properties"]
    rule["FromPort"] = rule["ToPort"] = dice.choice(_PORTS)
    return template


def _other_peer(dice: random.Random, template: Template) -> Template:
    name = dice.choice(_of_kind(template, "AWS::EC2::SecurityGroupEgress"))
    rule = template["Resources"][name]["Properties"]
    for key in ("DestinationSecurityGroupId", "DestinationPrefixListId", "CidrIp"):
        rule.pop(key, None)
    rule["CidrIp"] = dice.choice(("0.0.0.0/0", "10.0.0.0/16", "10.99.0.0/16"))
    return template


def _dns_off(dice: random.Random, template: Template) -> Template:
    names = _of_kind(template, "AWS::EC2::VPCEndpoint")
    interfaces = [name for name in names if "PrivateDnsEnabled" in template["Resources"][name]["Properties"]]
    template["Resources"][dice.choice(interfaces)]["Properties"]["PrivateDnsEnabled"] = False
    return template


def _one_subnet(dice: random.Random, template: Template) -> Template:
    for name in _of_kind(template, "AWS::EC2::VPCEndpoint"):
        properties = template["Resources"][name]["Properties"]
        if "SubnetIds" in properties and dice.random() < 0.5:
            properties["SubnetIds"] = properties["SubnetIds"][:1]
    return template


def _acl(dice: random.Random, template: Template) -> Template:
    """Put a network ACL before the first private subnet, with entries of which one is likely to be in the way."""
    resources = template["Resources"]
    subnet = next(name for name in _of_kind(template, "AWS::EC2::Subnet") if name.startswith("Private"))
    resources["Acl"] = {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": {"Ref": "Vpc"}}}
    both = {"SubnetId": {"Ref": subnet}, "NetworkAclId": {"Ref": "Acl"}}
    resources["AclSubnet"] = {"Type": "AWS::EC2::SubnetNetworkAclAssociation", "Properties": both}
    for egress in (False, True):
        for number in (90, 100):
            properties: dict[str, Any] = {"NetworkAclId": {"Ref": "Acl"}, "RuleNumber": number, "Egress": egress}
            ports = dice.choice(((443, 443), (1024, 65535), (8080, 8080)))
            action = "allow" if number == 100 or dice.random() < 0.5 else "deny"
            properties |= {"Protocol": 6, "RuleAction": action, "CidrBlock": "0.0.0.0/0"}
            properties["PortRange"] = {
                "From": 0 if number == 100 else ports[0],
                "To": 65535 if number == 100 else ports[1],
            }
            resources[f"Acl{number}{egress}"] = {"Type": "AWS::EC2::NetworkAclEntry", "Properties": properties}
    return template


_CHANGES: tuple[Callable[[random.Random, Template], Template], ...] = (
    _taken,
    _taken,
    _other_port,
    _other_peer,
    _dns_off,
    _one_subnet,
    _acl,
)
