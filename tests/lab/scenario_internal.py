"""Hello behind an internal load balancer on a real lab, visited from within its VPC. Prints what was seen as JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab_at_work import REGION, wait
from person import Person

from natless.lab import control
from natless.lab.client import connect

OPTIONS = '[network]\nscheme = "internal"\nflow_logs = true\n\n[tags]\nteam = "shop"\n\n[services.web]'


def account() -> Any:
    contact = control.find()
    assert contact is not None
    return connect(contact, REGION)


def physical(name: str) -> str:
    found = account()("cloudformation").describe_stack_resource(StackName="hello", LogicalResourceId=name)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def visitor(cidr: str) -> str:
    """Make a group whose members may send to a block, and give its id."""
    ec2 = account()("ec2")
    group = str(ec2.create_security_group(GroupName=cidr[:9], Description="v", VpcId=physical("Vpc"))["GroupId"])
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
    ec2.authorize_security_group_egress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": cidr}]}],
    )
    return group


def balancer() -> str:
    """Give an address of the load balancer, as a static busybox resolves no names."""
    here = [{"Name": "group-id", "Values": [physical("AlbGroup")]}]
    found = account()("ec2").describe_network_interfaces(Filters=here)["NetworkInterfaces"]
    return str(found[0]["PrivateIpAddress"])


def visited(address: str, *groups: str) -> tuple[int | None, str]:
    """Run a task of the service in those groups that asks for a page; give its exit code and what it wrote."""
    ecs, logs = account()("ecs"), account()("logs")
    service = ecs.describe_services(cluster="hello", services=[physical("WebService")])["services"][0]
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    network = {**network, "securityGroups": [*network["securityGroups"], *groups]}
    command = ["sh", "-c", f"printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' | nc -w 20 {address} 80"]
    arn = ecs.run_task(
        cluster="hello",
        taskDefinition=service["taskDefinition"],
        networkConfiguration={"awsvpcConfiguration": network},
        overrides={"containerOverrides": [{"name": "web", "command": command}]},
    )["tasks"][0]["taskArn"]

    def ended() -> Any:
        task = ecs.describe_tasks(cluster="hello", tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    task = wait(ended)
    stream = f"web/web/{arn.rpartition('/')[2]}"
    found = logs.get_log_events(logGroupName=physical("WebLogGroup"), logStreamName=stream)["events"]
    return task["containers"][0].get("exitCode"), "\n".join(each["message"].strip() for each in found)


def deployed(person: Person) -> dict[str, Any]:
    code, said = person.types("deploy", "--to", "lab")
    proved, text = person.types("check", "lab:hello", "--json")
    needs = {each["need"]: each["verdict"] for each in json.loads(text)["verdicts"]} if code == 0 else {}
    return {"code": code, "said": said.splitlines()[-2:], "check": proved, "needs": needs}


def main() -> None:
    os.environ["NATLESS_LAB"] = f"internal-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-internal-") as scratch:
        person = Person(Path(scratch))
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            seen: dict[str, Any] = {"public": person.types("deploy", "--to", "lab")[0]}
            person.writes("natless.toml", "[services.web]", OPTIONS)
            seen["internal"] = deployed(person)
            seen["inside"] = visited(balancer(), visitor("10.0.0.0/16"))
            seen["not let out"] = visited(balancer())
            flow = account()("ec2").describe_flow_logs(FlowLogIds=[physical("FlowLogs")])["FlowLogs"][0]
            seen["flow log"] = [flow["FlowLogStatus"], flow["DeliverLogsStatus"], flow["ResourceId"] == physical("Vpc")]
            role = account()("iam").list_role_tags(RoleName=physical("WebExecutionRole"))["Tags"]
            seen["tags"] = {tag["Key"]: tag["Value"] for tag in role if not tag["Key"].startswith("aws:")}
            seen["logs"] = person.types("logs", "--to", "lab")[0]
            for group in account()("ec2").describe_security_groups(GroupNames=["10.0.0.0/"])["SecurityGroups"]:
                account()("ec2").delete_security_group(GroupId=group["GroupId"])
            seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")[0]
            seen["left"] = [each["logGroupName"] for each in account()("logs").describe_log_groups()["logGroups"]]
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
