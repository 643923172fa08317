"""Hello with the options of its format, one after the other on a real lab. Prints what was seen as JSON."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from lab_at_work import EXAMPLE, REGION, wait
from person import Person, fetch
from plain_recipe import plain

from natless.lab import control
from natless.lab.client import connect

SERVICE = "[services.web]"
NAT = "[network]\nnat = true\n\n[services.web]\nlaunch = { base = 1, fargate = 1, fargate-spot = 3 }"
# The lab's visitors come from 203.0.113.0/24, which no real one does.
INGRESS = 'egress = "https"\ningress = ["203.0.113.0/24", "8.8.8.0/24"]'
HTTPS = f'[network]\n{INGRESS}\n\n[services.web]\narchitecture = "x86_64"'
SINGLE = '[network]\nsecurity_groups = "single"\n\n[services.web]\nlaunch = "fargate-spot"'
EC2 = '[services.web]\nlaunch = "ec2"\ninstance = "t3.medium"'
AWSVPC = f"{EC2}\ncount = 3"
HOST = f'{EC2}\nnetwork_mode = "host"'


def url() -> str:
    """Give where the machine's browser reaches the load balancer."""
    (found,) = control.ask("status")["pages"].values()
    return str(found)


def deployed(person: Person) -> dict[str, Any]:
    """Deploy, fetch the page, prove what stands."""
    code, said = person.types("deploy", "--to", "lab")
    page = fetch(said, "healthz") if code == 0 else said
    proved, text = person.types("check", "lab:hello", "--json")
    verdicts = {each["need"]: each["verdict"] for each in json.loads(text)["verdicts"]}
    return {"code": code, "page": page, "check": proved, "task->internet": verdicts["task->internet"]}


def providers() -> list[str]:
    """Give the capacity providers of the running tasks."""
    contact = control.find()
    assert contact is not None
    ecs = connect(contact, REGION)("ecs")
    arns = ecs.list_tasks(cluster="hello", desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster="hello", tasks=arns)["tasks"]
    return sorted({task["capacityProviderName"] for task in tasks})


def instances(cluster: str) -> tuple[int, int]:
    """Count the instances on which a cluster's running tasks are, and the tasks."""
    contact = control.find()
    assert contact is not None
    ecs = connect(contact, REGION)("ecs")
    arns = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    return len({task["containerInstanceArn"] for task in tasks}), len(tasks)


def visited(url: str) -> str:
    """Give what a visitor of the load balancer gets: a code, or that nobody answers."""
    try:
        with urllib.request.urlopen(f"{url}healthz", timeout=20) as answer:  # noqa: S310 - the lab's own page
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (OSError, http.client.HTTPException):
        return "nobody answers"


def example(person: Person) -> dict[str, Any]:
    """Do with examples/instances what a person types."""
    shutil.copytree(EXAMPLE.parent / "instances", person.folder, dirs_exist_ok=True)
    seen: dict[str, Any] = {"check": person.types("check")[0]}
    seen["deploy"], said = person.types("deploy", "--to", "lab")
    seen["page"] = fetch(said, "") if seen["deploy"] == 0 else said
    seen["status"] = person.types("status", "--to", "lab")[0]
    seen["run"] = person.types("run", "web", "--to", "lab")[0]
    seen["again"] = person.types("plan", "--to", "lab")[0]
    seen["instances"], seen["tasks"] = instances("instances")
    seen["destroy"] = person.types("destroy", "--to", "lab", "--images", "--logs")[0]
    return seen


def one_plain_group(person: Person, url: str) -> dict[str, Any]:
    """Change the stack that stands to the recipe's single group; then have natless deploy its own again."""
    contact = control.find()
    assert contact is not None
    clients = connect(contact, REGION)
    cloudformation, elbv2 = clients("cloudformation"), clients("elbv2")
    standing = cloudformation.describe_stacks(StackName="hello")["Stacks"][0]
    written = cloudformation.get_template(StackName="hello")["TemplateBody"]
    template = written if isinstance(written, dict) else json.loads(written)
    known = [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in standing["Parameters"]]
    cloudformation.update_stack(
        StackName="hello",
        TemplateBody=json.dumps(plain(template)),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=known,
        Tags=standing["Tags"],
    )

    def settled() -> str | None:
        state: str = cloudformation.describe_stacks(StackName="hello")["Stacks"][0]["StackStatus"]
        return None if state.endswith("IN_PROGRESS") else state

    def silent() -> list[str] | None:
        (group,) = elbv2.describe_target_groups()["TargetGroups"]
        found = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        ill = [each["TargetHealth"] for each in found if each["TargetHealth"]["State"] == "unhealthy"]
        return sorted({each["Reason"] for each in ill}) or None

    seen = {"stack": wait(settled), "targets": wait(silent), "visitor": visited(url)}
    proved, text = person.types("check", "lab:hello", "--json")
    answer = json.loads(text)
    seen["check"] = proved
    seen["findings"] = sorted({each["rule"] for each in answer["findings"] if each["severity"] == "error"})
    seen["blocked"] = sorted({each["need"] for each in answer["verdicts"] if each["verdict"] == "blocked"})
    # A task that starts now: its image and its logs are not what the recipe lacks.
    seen["run"] = person.types("run", "web", "--to", "lab")[0]
    seen["own"] = deployed(person)
    return seen


def main() -> None:
    os.environ["NATLESS_LAB"] = f"options-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-options-") as scratch:
        person = Person(Path(scratch))
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            person.writes("natless.toml", SERVICE, NAT)
            seen: dict[str, Any] = {"nat": deployed(person)}
            person.writes("natless.toml", NAT, HTTPS)
            seen["https"] = deployed(person)
            seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")[0]
            person.writes("natless.toml", HTTPS, SINGLE)
            seen["single"] = deployed(person) | {"providers": providers()}
            seen["plain"] = one_plain_group(person, url())
            stands = SINGLE
            for name, option in {"awsvpc": AWSVPC, "host": HOST}.items():
                # Another launch type, and another network mode, is another service: made anew, on an empty account.
                assert person.types("destroy", "--to", "lab", "--images", "--logs")[0] == 0
                person.writes("natless.toml", stands, option)
                stands = option
                seen[name] = deployed(person) | {"instances": instances("hello")[0]}
            seen["left"] = person.types("destroy", "--to", "lab", "--images", "--logs")[0]
            seen["example"] = example(Person(Path(scratch, "instances")))
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
