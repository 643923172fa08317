"""A task that calls AWS by boto3, and tasks that may not start, on a real lab; prints what was seen as JSON."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from lab_at_work import REGION, REPOSITORY, Connect, archive, lab, wait
from python_image import SITE, layer, python

from natless.deploy.images.archive import read_archive
from natless.deploy.images.push import push
from natless.lab import control
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience

ACCOUNT = "123456789012"
SERVICES = ("s3", "sqs", "dynamodb", "sts", "secretsmanager", "ssm", "sns", "kms", "ecs", "logs", "events")
INTERFACES = ("ecr.api", "ecr.dkr", "logs", "sts", "sqs", "secretsmanager", "ssm", "sns", "kms", "ecs")
GROUP = "/lab/access"
LAYERS = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*"
QUICK = Patience(connect=0.5, name=5.0, retries=1, pause=0.05, stop=0.5)
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
START = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
)


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Stage:
    """The account's resources, and what is done to them."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.endpoints: dict[str, str] = {}
        self._network()
        self._stores()
        self.role("execution", allow(list(START)))
        self.role(
            "task",
            allow("s3:*", ["arn:aws:s3:::orders-*", "arn:aws:s3:::orders-*/*"]),
            allow(["sqs:SendMessage", "sqs:ReceiveMessage"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"),
            allow("dynamodb:*Item", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"),
            allow("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/db-??????"),
            allow("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/prod/*"),
            allow("ecs:ListTasks", Condition={"StringEquals": {"aws:SourceVpc": self.vpc}}),
        )

    def _network(self) -> None:
        ec2 = self.connect("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.group = ec2.create_security_group(GroupName="all", Description="all", VpcId=self.vpc)["GroupId"]
        https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": self.group}]}
        ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[https])
        here = [{"Name": "vpc-id", "Values": [self.vpc]}]
        table = ec2.describe_route_tables(Filters=here)["RouteTables"][0]["RouteTableId"]
        for name in ("s3", "dynamodb"):
            self._endpoint(name, RouteTableIds=[table])
        place = {"SubnetIds": [self.subnet], "SecurityGroupIds": [self.group], "PrivateDnsEnabled": True}
        for name in INTERFACES:
            self._endpoint(name, VpcEndpointType="Interface", **place)
        assert wait(lambda: True if self._available() else None), "the endpoints are not available"

    def _endpoint(self, name: str, **asked: Any) -> None:
        made = self.connect("ec2").create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.{name}", **asked
        )
        self.endpoints[name] = made["VpcEndpoint"]["VpcEndpointId"]

    def _available(self) -> bool:
        found = self.connect("ec2").describe_vpc_endpoints()["VpcEndpoints"]
        return all(each["State"] == "available" for each in found)

    def _stores(self) -> None:
        for bucket in ("orders-mine", "orders-others"):
            place = {"LocationConstraint": REGION}
            self.connect("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        for queue in ("jobs", "others"):
            self.connect("sqs").create_queue(QueueName=queue)
        self.connect("sns").create_topic(Name="news")
        self.connect("dynamodb").create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.connect("secretsmanager").create_secret(Name="prod/db", SecretString="the secret")
        self.connect("ssm").put_parameter(Name="/prod/x", Value="the value", Type="String")
        self.connect("logs").create_log_group(logGroupName=GROUP)
        self.connect("ecs").create_cluster(clusterName="lab")

    def role(self, name: str, *statements: dict[str, Any], trusted: str = "ecs-tasks.amazonaws.com") -> None:
        trust = allow("sts:AssumeRole")
        del trust["Resource"]
        iam = self.connect("iam")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document({**trust, "Principal": {"Service": trusted}}))
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))

    def limit(self, endpoint: str, *statements: dict[str, Any]) -> None:
        """Give an endpoint a policy; none for full access."""
        policy = {"PolicyDocument": document(*({"Principal": "*", **each} for each in statements))}
        asked: dict[str, Any] = policy if statements else {"ResetPolicy": True}
        self.connect("ec2").modify_vpc_endpoint(VpcEndpointId=self.endpoints[endpoint], **asked)

    def run(self, family: str, digest: str, execution: str = "execution", task: str = "task") -> str:
        """Run a task; give its ARN."""
        ecs = self.connect("ecs")
        options = {"awslogs-group": GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": family}
        container = {
            "name": "web",
            "image": f"{IMAGE}@{digest}",
            "environment": [{"name": "PYTHONPATH", "value": SITE}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        definition = ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{execution}",
            taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{task}",
            containerDefinitions=[container],
        )["taskDefinition"]["taskDefinitionArn"]
        network = {"awsvpcConfiguration": {"subnets": [self.subnet], "securityGroups": [self.group]}}
        asked = {"cluster": "lab", "launchType": "FARGATE", "networkConfiguration": network}
        return str(ecs.run_task(taskDefinition=definition, **asked)["tasks"][0]["taskArn"])

    def lines(self, family: str) -> dict[str, Any]:
        """Give what a family's task printed so far."""
        logs = self.connect("logs")
        streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=family)["logStreams"]
        found: dict[str, Any] = {}
        for stream in streams:
            events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"], startFromHead=True)[
                "events"
            ]
            for event in events:
                found |= json.loads(event["message"]) if event["message"].startswith("{") else {"?": event["message"]}
        return found

    def came_to(self, task: str) -> str | None:
        """Give why a task stopped, or that it runs; None while it starts."""
        (found,) = self.connect("ecs").describe_tasks(cluster="lab", tasks=[task])["tasks"]
        if found["lastStatus"] == "RUNNING":
            return "RUNNING"
        return str(found["stoppedReason"]) if found["lastStatus"] == "STOPPED" else None


def calls(stage: Stage, digest: str) -> dict[str, Any]:
    """Have boto3 call AWS in a task: by the role, and past endpoints that have policies."""
    stage.limit("sqs", allow("sqs:SendMessage"))
    stage.limit(
        "s3", allow("s3:GetObject", LAYERS), allow("s3:*", ["arn:aws:s3:::orders-mine", "arn:aws:s3:::orders-mine/*"])
    )
    task = stage.run("calls", digest)

    def done() -> Any:
        lines = stage.lines("calls")
        return lines if "done" in lines or stage.came_to(task) not in (None, "RUNNING") else None

    seen = wait(done) or stage.lines("calls")
    stage.connect("ecs").stop_task(cluster="lab", task=task)
    return {**seen, "arn": task, "vpc": stage.vpc}


def starts(stage: Stage, digest: str) -> dict[str, str | None]:
    """Start tasks that may not: by their role, or by an endpoint's policy."""
    for number, missing in enumerate(START):
        stage.role(f"without-{number}", allow([each for each in START if each != missing]))
    stage.role("untrusted", allow("*"), trusted="ec2.amazonaws.com")
    seen: dict[str, str | None] = {}

    def start(name: str, execution: str = "execution", task: str = "task") -> None:
        arn = stage.run(f"start-{len(seen)}", digest, execution, task)
        seen[name] = wait(partial(stage.came_to, arn))
        stage.connect("ecs").stop_task(cluster="lab", task=arn)

    for number, missing in enumerate(START[:5]):
        start(f"role without {missing}", f"without-{number}")
    start("execution role untrusted", "untrusted")
    start("task role missing", task="none")
    for endpoint, allowed in (
        ("ecr.api", "ecr:BatchGetImage"),
        ("ecr.dkr", "ecr:GetAuthorizationToken"),
        ("s3", "s3:ListBucket"),
        ("logs", "logs:PutLogEvents"),
    ):
        stage.limit(endpoint, allow(allowed))
        start(f"endpoint {endpoint}")
        stage.limit(endpoint)
    return seen


def told(stage: Stage) -> list[str]:
    """Give what of a log, the lab's own or a task's, looks as if it named a credential."""
    lab_log = str(control.ask("log"))
    lines = [*lab_log.splitlines(), json.dumps({family: stage.lines(family) for family in ("calls", "start")})]
    return [line for line in lines if re.search(r"SecretAccessKey|SessionToken|[^/]ASIA[A-Z2-7]{16}", line)]


def main() -> None:
    """Run the scenario."""
    timings = Timings(endpoint_pending=0.2)
    script = Path(__file__).with_name("in_container.py").read_text()
    with tempfile.TemporaryDirectory() as folder, lab("test-access", timings, QUICK) as (connect, api):
        connect("ecr").create_repository(repositoryName=REPOSITORY)
        image = archive(
            Path(folder), layer(SERVICES, {"/in_container.py": script}), [python(), "-u", "/in_container.py"]
        )
        digest = push(read_archive(image, "linux/amd64"), connect, REPOSITORY, api)
        stage = Stage(connect)
        seen: dict[str, Any] = {"calls": calls(stage, digest)}
        seen["starts"] = starts(stage, digest)
        seen["secrets in the logs"] = told(stage)
    json.dump(seen, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
