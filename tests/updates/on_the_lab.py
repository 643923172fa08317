"""Random pairs of specs on a real lab: python tests/updates/on_the_lab.py --pairs 60 --seed 1.

One is deployed, visited, asked from within and proved as it stands, with each verdict held against packets; it is
updated to the other, asked the same, and destroyed, after which the account must be empty. What is not as it should be
is printed with its two texts, and the figures at the end; exit code 1 where anything is.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parent))

from asked_on_the_lab import from_within, traced, verdicts, visits
from lab_texts import PARAMETER, QUEUE, REGION, SECRET, SECRET_VALUES, TABLE, drawn_pair, furnish
from person import Person

from natless.lab import control
from natless.lab.client import connect
from natless.spec.model import Spec

VISITED_HOST = "shop.example"
NOT_IN_PLACE = "the lab cannot change "
"""What the lab says before anything is done where AWS would change a resource, and it cannot (docs/coverage.md)."""


def account() -> Any:
    """Give the way to the account of the lab that is up."""
    contact = control.find()
    assert contact is not None
    return connect(contact, REGION)


class Lab:
    """A lab that is up and holds what specs name, and somebody who types at it."""

    def __init__(self, person: Person) -> None:
        self._person = person
        acm, secrets = account()("acm"), account()("secretsmanager")
        self._certificate = str(acm.request_certificate(DomainName=VISITED_HOST)["CertificateArn"])
        self._chain = str(acm.get_certificate(CertificateArn=self._certificate)["CertificateChain"])
        secrets.create_secret(Name=SECRET, SecretString=json.dumps({"url": SECRET_VALUES["URL"]}))
        account()("ssm").put_parameter(Name=PARAMETER, Value=SECRET_VALUES["TOKEN"], Type="SecureString")
        account()("sqs").create_queue(QueueName=QUEUE)
        account()("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self._empty = standing()
        self.anew = 0
        """How often the second of a pair was deployed on an empty account, as the lab does not change what stands."""

    def compare(self, number: int) -> Iterator[str]:
        """Say what is not as it should be of the pair of that number, after its two texts; nothing where all is."""
        chance = random.Random(number)
        pair = drawn_pair(chance, self._certificate)
        wrong: list[str] = []
        for which, (text, spec) in zip(("the first", "the second"), pair, strict=True):
            (self._person.folder / "natless.toml").write_text(text)
            wrong += [f"{which}: {each}" for each in self._deployed(spec)]
        code, said = self._person.types("destroy", "--to", "lab", "--images", "--logs")
        wrong += [f"not destroyed: {said[-1500:]}"] if code else []
        wrong += [f"left: {each}" for each in standing() if each not in self._empty]
        if wrong:
            yield from (f"    {line}" for line in f"{pair[0][0]}\n=>\n{pair[1][0]}".splitlines())
            yield from wrong

    def _deployed(self, spec: Spec) -> Iterator[str]:
        code, said = self._person.types("deploy", "--to", "lab")
        if code and NOT_IN_PLACE in said and "natless destroy --to lab" in said:
            self.anew += 1
            self._person.types("destroy", "--to", "lab", "--images", "--logs")
            code, said = self._person.types("deploy", "--to", "lab")
        if code:
            yield f"not deployed: {said[-3000:]}"
            return
        yield from visits(spec, said, self._chain, VISITED_HOST)
        proved = verdicts(self._person)
        yield from proved.wrong(spec)
        yield from traced(self._person, spec, proved)
        for service in spec.services:
            yield from from_within(self._person, spec, service)


def standing() -> list[str]:
    """Give what the account holds of what a deployment makes, a line each."""
    ec2, ecs, iam = account()("ec2"), account()("ecs"), account()("iam")
    # A deleted cluster is listed on as INACTIVE for a while (DeleteCluster, Amazon ECS API reference).
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    stacks = account()("cloudformation").list_stacks()["StackSummaries"]
    states = ["pending", "running", "shutting-down", "stopping", "stopped"]
    instances = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": states}])["Reservations"]
    return [
        *(f"stack {each['StackName']}" for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"),
        *(f"VPC {each['VpcId']}" for each in ec2.describe_vpcs()["Vpcs"]),
        *(f"ENI {each['NetworkInterfaceId']}" for each in ec2.describe_network_interfaces()["NetworkInterfaces"]),
        *(f"address {each['PublicIp']}" for each in ec2.describe_addresses()["Addresses"]),
        *(f"instance {each['InstanceId']}" for found in instances for each in found["Instances"]),
        *(f"launch template {each['LaunchTemplateId']}" for each in ec2.describe_launch_templates()["LaunchTemplates"]),
        *(f"group {each['GroupId']}" for each in ec2.describe_security_groups()["SecurityGroups"]),
        *(f"cluster {each['clusterName']}" for each in clusters if each["status"] == "ACTIVE"),
        *(f"role {each['RoleName']}" for each in iam.list_roles()["Roles"] if "/aws-service-role/" not in each["Path"]),
        *(f"profile {each['InstanceProfileName']}" for each in iam.list_instance_profiles()["InstanceProfiles"]),
        *(f"log group {each['logGroupName']}" for each in account()("logs").describe_log_groups()["logGroups"]),
        *(f"repository {each['repositoryName']}" for each in account()("ecr").describe_repositories()["repositories"]),
        *(f"balancer {each['DNSName']}" for each in account()("elbv2").describe_load_balancers()["LoadBalancers"]),
        *(f"name {each['Name']}" for each in account()("servicediscovery").list_namespaces()["Namespaces"]),
    ]


def main() -> int:
    """Compare, print every difference and the figure."""
    parser = argparse.ArgumentParser(prog="python tests/updates/on_the_lab.py", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1, help="how many [1]")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one [0]")
    given = parser.parse_args()
    os.environ["NATLESS_LAB"] = f"pairs-{os.getpid()}"
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox is needed: tools/packages run"
    start, bad, anew = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="natless-pairs-") as scratch:
        person = Person(Path(scratch))
        furnish(person.folder, Path(busybox))
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            lab = Lab(person)
            for number in range(given.seed, given.seed + given.pairs):
                wrong = list(lab.compare(number))
                bad += bool(wrong)
                for line in [f"pair {number}", *wrong] if wrong else []:
                    print(line, flush=True)  # noqa: T201 - a command's answer
            anew = lab.anew
        finally:
            person.types("lab", "down")
    seconds = time.monotonic() - start
    print(f"{given.pairs} pairs ({anew} not updated but deployed anew), {bad} with a fault, {seconds:.0f} s")  # noqa: T201 - as above
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
