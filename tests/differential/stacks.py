"""The packets' side of templates: a stack of each by the lab's engine, the fabric from the account's describe calls.

Prints what was seen as JSON (read by test_templates.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

import templates
from confined import see
from hello_without import without
from scenario_taken_away import Stage, Stand

# The network must stand at once: a service would wait for its tasks.
_LEFT_OUT = ("AWS::ECS::Service", "AWS::ECS::Cluster")


class Stacks(Stage):
    """The account, with a stack of each template."""

    def begin(self, name: str, template: dict[str, Any]) -> str:
        """Begin a stack of a template's network and give its id."""
        left_out = [key for key, each in template["Resources"].items() if each["Type"] in _LEFT_OUT]
        network = without(templates.listed(template), *left_out)
        for each in network["Resources"].values():
            if each["Type"] == "AWS::Logs::LogGroup":
                # Two stacks cannot have a log group of the same name; it is no gate.
                each["Properties"].pop("LogGroupName", None)
        text = json.dumps(network)
        given = templates.given(template)
        made = self.connect("cloudformation").create_stack(
            StackName=name,
            TemplateBody=text,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        )
        return str(made["StackId"])

    def tasks_of(self, template: dict[str, Any], ids: dict[str, str]) -> dict[str, str]:
        """Give each subnet of the template's service a task; give their interfaces."""
        service = next(each for each in template["Resources"].values() if each["Type"] == "AWS::ECS::Service")
        network = service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        (group,) = [_named(each) for each in network["SecurityGroups"]]
        definition = ids[_named(service["Properties"]["TaskDefinition"])]
        subnets = [_named(each) for each in network["Subnets"]]
        return {name: self.task(definition, ids[name], ids[group]) for name in subnets}


def _named(reference: Any) -> str:
    found = reference.get("Ref") or reference["Fn::GetAtt"][0]
    return str(found)


def scenario() -> dict[str, Any]:
    stage = Stacks()
    pages = Path(templates.__file__).parents[2] / "src" / "natless" / "finding" / "pages"
    made = templates.corpus(pages)
    seen: dict[str, Any] = {"refused": {}, "packets": {}}
    begun = {}
    for number, (name, template) in enumerate(made.items()):
        try:
            begun[name] = stage.begin(f"s{number}", template)
        except Exception as refusal:  # noqa: BLE001 - a template that is refused at once makes no network
            seen["refused"][name] = [str(refusal)]
    standing = {}
    for name, stack in begun.items():
        failures = stage.settle(stack)
        if failures:
            seen["refused"][name] = failures
            continue
        resources = stage.ids(stack)
        ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
        standing[name] = (resources, stage.tasks_of(made[name], ids))
    stage.follow()
    for name, (resources, tasks) in standing.items():
        seen["packets"][name] = stage.ask(Stand(stage.cloud, resources, tasks))
    seen["unmodelled"] = list(stage.fabric.unmodelled)
    return seen


if __name__ == "__main__":
    see(scenario)
