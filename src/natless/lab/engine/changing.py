"""CloudFormation's calls that change stacks: change sets, creation, deletion."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from natless.lab.engine import comparing, graph, operations, parameters, template
from natless.lab.engine.comparing import Planned
from natless.lab.engine.making_stacks import Workshop, in_use
from natless.lab.engine.query import QueryError
from natless.lab.engine.resources.kinds import KINDS
from natless.lab.engine.schemas import schema
from natless.lab.engine.stacks import Before, ChangeSet, Stack, now
from natless.lab.engine.template import Template, TemplateError
from natless.lab.engine.updating_stacks import not_in_place

CALLER: ContextVar[str] = ContextVar("caller", default="")
"""Whose access key the request has that is answered: resources are made with the rights of whoever asked last."""

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
NO_UPDATES = "No updates are to be performed."
NAMED_IAM = ("RoleName", "ManagedPolicyName", "UserName", "GroupName", "PolicyName", "InstanceProfileName")
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
ENDED = (
    *UPDATABLE,
    "CREATE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_FAILED",
    "DELETE_FAILED",
)


def given_template(shop: Workshop, asked: Mapping[str, Any]) -> tuple[str, Template]:
    """Give a call's template, as text and read; raises QueryError with AWS's words."""
    text = asked.get("TemplateBody")
    if text is not None and len(text.encode()) > template.INLINE_LIMIT:
        raise QueryError(
            "ValidationError",
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {template.INLINE_LIMIT}",
        )
    if text is None and asked.get("TemplateURL"):
        text = _fetched(shop, str(asked["TemplateURL"]))
    if text is None:
        raise QueryError("ValidationError", "Either Template URL or Template Body must be specified.")
    try:
        read = template.read(text)
    except TemplateError as error:
        raise QueryError("ValidationError", str(error)) from error
    return text, read


def _fetched(shop: Workshop, url: str) -> str:
    """Read a template from the account's S3: `https://BUCKET.s3.REGION.amazonaws.com/KEY` or `.../BUCKET/KEY`."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path.lstrip("/")
    bucket, key = (host.split(".s3", 1)[0], path) if ".s3" in host else (*path.split("/", 1), "")[:2]
    try:
        return str(shop.connect("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    except Exception as error:
        raise QueryError("ValidationError", f"S3 error: {error}") from error


class Changing:
    """The changing calls, by their names in snake case; each takes the call's parameters and gives its answer."""

    def __init__(self, shop: Workshop) -> None:
        """Take what operations work with."""
        self._shop = shop
        self._stacks = shop.stacks

    def _settled(self, asked: Mapping[str, Any], found: Template) -> tuple[dict[str, str], dict[str, Any]]:
        """Give the parameters as given and as settled, and check all that can be checked before a stack is made."""
        given = {
            one["ParameterKey"]: str(one.get("ParameterValue", ""))
            for one in asked.get("Parameters") or []
            if not one.get("UsePreviousValue")
        }
        try:
            values = parameters.settle(found, given, self._ssm)
            graph.check_no_circle(graph.edges(found["Resources"]))
        except TemplateError as error:
            raise QueryError("ValidationError", str(error)) from error
        self._check_types(found)
        self._check_capabilities(found, asked.get("Capabilities") or [])
        return given, values

    def _ssm(self, name: str) -> str:
        try:
            return str(self._shop.connect("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        except Exception as error:
            raise TemplateError(
                f"Unable to fetch parameters [{name}] from parameter store for this account."
            ) from error

    def _check_types(self, found: Template) -> None:
        kinds = {str(resource["Type"]) for resource in found["Resources"].values()}
        unknown = sorted(kind for kind in kinds if schema(self._stacks.region, kind) is None)
        if unknown:
            raise QueryError(
                "ValidationError", f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
            )
        foreign = sorted(kind for kind in kinds if kind not in KINDS)
        if foreign:
            raise QueryError(
                "ValidationError",
                f"The lab does not make {', '.join(foreign)} (AWS would): it makes {', '.join(sorted(KINDS))}.",
            )

    def _check_capabilities(self, found: Template, capabilities: list[str]) -> None:
        iam = [one for one in found["Resources"].values() if str(one["Type"]).startswith("AWS::IAM::")]
        named = any(
            name in (one.get("Properties") or {})
            for one in iam
            for name in NAMED_IAM
            if not (name == "PolicyName" and one["Type"] == "AWS::IAM::Policy")
        )
        if named and "CAPABILITY_NAMED_IAM" not in capabilities:
            raise QueryError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
        if iam and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(capabilities):
            raise QueryError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")

    def create_change_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """CreateChangeSet: of type CREATE for a stack that is not there (or in review), UPDATE for one that is."""
        if asked.get("IncludeNestedStacks"):
            raise QueryError("ValidationError", "The lab's change sets do not go into nested stacks (AWS's would).")
        kind = str(asked.get("ChangeSetType") or "UPDATE")
        stack = self._stacks.named(str(asked["StackName"]))
        if kind == "UPDATE" and (stack is None or stack.status == "REVIEW_IN_PROGRESS"):
            raise QueryError("ValidationError", f"Stack [{asked['StackName']}] does not exist")
        if kind == "CREATE" and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise QueryError(
                "ValidationError",
                f"Stack [{stack.id}] already exists and cannot be created again with the changeSet "
                f"[{asked['ChangeSetName']}].",
            )
        if kind == "UPDATE" and stack is not None:
            _check_updatable(stack)
        if asked.get("UsePreviousTemplate") and stack is not None and stack.text:
            text, found = stack.text, stack.template
        else:
            text, found = given_template(self._shop, asked)
        given, values = self._settled({**asked, "Parameters": _previous(asked, stack)}, found)
        with self._stacks.lock:
            stack = stack or self._new(str(asked["StackName"]))
            name = str(asked["ChangeSetName"])
            if any(one.name == name and one.stack is stack for one in self._stacks.change_sets):
                raise QueryError("AlreadyExistsException", f"ChangeSet {name} already exists")
            made = ChangeSet(name, self._stacks.arn("changeSet", name), stack, kind)
            made.text, made.template, made.given, made.parameters = text, found, given, values
            made.tags, made.capabilities = list(asked.get("Tags") or []), list(asked.get("Capabilities") or [])
            made.description, made.role = asked.get("Description"), asked.get("RoleARN")
            made.on_failure = asked.get("OnStackFailure")
            self._compare(made)
            self._stacks.change_sets.append(made)
        return {"Id": made.id, "StackId": stack.id}

    def _new(self, name: str) -> Stack:
        stack = self._stacks.add(name)
        stack.say("REVIEW_IN_PROGRESS", "User Initiated")
        return stack

    def execute_change_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ExecuteChangeSet: start what the change set says."""
        with self._stacks.lock:
            made = self._stacks.change_set(str(asked["ChangeSetName"]), asked.get("StackName"))
            if made.status != "CREATE_COMPLETE" or made.execution != "AVAILABLE":
                raise QueryError(
                    "InvalidChangeSetStatus",
                    f"ChangeSet [{made.id}] cannot be executed in its current status of [{made.status}]",
                )
            stack = made.stack
            if made.kind == "UPDATE":
                _check_updatable(stack)
            stack.change_set_id = made.id
            stack.token = asked.get("ClientRequestToken")
            made.execution = "EXECUTE_COMPLETE"
            if made.kind == "UPDATE":
                self._update(made)
                return {}
            stack.take(made)
            stack.on_failure = "DO_NOTHING" if asked.get("DisableRollback") else made.on_failure or "ROLLBACK"
            stack.created = now()
            stack.say("CREATE_IN_PROGRESS", "User Initiated")
        self._go(operations.create, stack)
        return {}

    def _update(self, made: ChangeSet) -> None:
        """Begin the update that a change set says; all others of the stack are void then."""
        stack = made.stack
        with self._stacks.lock:
            self._stacks.change_sets = [
                one for one in self._stacks.change_sets if one is made or one.stack is not stack
            ]
            stack.before = Before(
                text=stack.text,
                template=stack.template,
                given=stack.given,
                parameters=stack.parameters,
                tags=stack.tags,
                resources=dict(stack.resources),
                imports=frozenset(stack.imports),
            )
            stack.imports = set()
            stack.take(made)
            stack.updated = now()
            stack.leaving.clear()
            stack.say("UPDATE_IN_PROGRESS", "User Initiated")
        self._go(operations.update, stack)

    def _compare(self, made: ChangeSet) -> None:
        """Say what the change set changes; one that changes nothing, or that the lab cannot do, has failed."""
        if made.kind == "CREATE":
            new = [Planned(name, str(one["Type"]), None, "Add") for name, one in made.template["Resources"].items()]
            made.changes = [comparing.told(each) for each in sorted(new, key=lambda each: each.logical_id)]
            return
        made.tags = made.tags or made.stack.tags
        try:
            planned = comparing.plan(self._shop, made)
        except TemplateError as error:
            made.fail(str(error))
            return
        made.changes = [comparing.told(each) for each in planned]
        outputs = [one.get("Outputs") or {} for one in (made.template, made.stack.template)]
        impossible = [
            not_in_place(each.logical_id, each.type, list(each.impossible)) for each in planned if each.impossible
        ]
        if _same(made.stack, made.template, made.given, made.tags) or (not planned and outputs[0] == outputs[1]):
            made.fail(NO_CHANGES)
        elif impossible:
            made.fail("; ".join(impossible))

    def delete_change_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteChangeSet."""
        with self._stacks.lock:
            made = self._stacks.change_set(str(asked["ChangeSetName"]), asked.get("StackName"))
            self._stacks.change_sets.remove(made)
        return {}

    def create_stack(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """CreateStack."""
        there = self._stacks.named(str(asked["StackName"]))
        if there is not None:
            raise QueryError("AlreadyExistsException", f"Stack [{there.name}] already exists")
        text, found = given_template(self._shop, asked)
        given, values = self._settled(asked, found)
        with self._stacks.lock:
            stack = self._stacks.add(str(asked["StackName"]))
            stack.text, stack.template, stack.given, stack.parameters = text, found, given, values
            stack.tags, stack.capabilities = list(asked.get("Tags") or []), list(asked.get("Capabilities") or [])
            stack.role, stack.token = asked.get("RoleARN"), asked.get("ClientRequestToken")
            stack.protected = bool(asked.get("EnableTerminationProtection"))
            stack.timeout, stack.notified = asked.get("TimeoutInMinutes"), list(asked.get("NotificationARNs") or [])
            stack.on_failure = "DO_NOTHING" if asked.get("DisableRollback") else asked.get("OnFailure") or "ROLLBACK"
            stack.say("CREATE_IN_PROGRESS", "User Initiated")
        self._go(operations.create, stack)
        return {"StackId": stack.id}

    def update_stack(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateStack: a change set that is executed at once."""
        stack = self._stacks.found(str(asked["StackName"]))
        name = f"update-{uuid.uuid4().hex}"
        made_id = self.create_change_set({**asked, "ChangeSetName": name, "ChangeSetType": "UPDATE"})["Id"]
        with self._stacks.lock:
            made = self._stacks.change_set(made_id, None)
            self._stacks.change_sets.remove(made)
        if made.status == "FAILED":
            raise QueryError("ValidationError", NO_UPDATES if made.reason == NO_CHANGES else str(made.reason))
        self._update(made)
        return {"StackId": stack.id}

    def cancel_update_stack(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """CancelUpdateStack: what was changed is rolled back."""
        stack = self._stacks.found(str(asked["StackName"]))
        if stack.status != "UPDATE_IN_PROGRESS":
            raise QueryError("ValidationError", "CancelUpdateStack cannot be called from current stack status")
        stack.leaving.set()
        return {}

    def continue_update_rollback(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ContinueUpdateRollback: the way back is tried again."""
        stack = self._stacks.found(str(asked["StackName"]))
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise QueryError(
                "ValidationError",
                f"Stack:{stack.id} is in {stack.status} state and can not continue rollback.",
            )
        with self._stacks.lock:
            stack.say("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        self._go(operations.roll_back, stack)
        return {}

    def delete_stack(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteStack: one that is being made stops and goes; one that is not there is gone already."""
        stack = self._stacks.named(str(asked["StackName"]))
        if stack is None or stack.status in {"DELETE_COMPLETE", "DELETE_IN_PROGRESS"}:
            return {}
        if stack.protected:
            raise QueryError(
                "ValidationError",
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled",
            )
        self._check_exports(stack)
        stack.token = asked.get("ClientRequestToken")
        if stack.status == "CREATE_IN_PROGRESS":
            stack.leaving.set()
            return {}
        if stack.status not in {*ENDED, "REVIEW_IN_PROGRESS"}:
            raise QueryError("ValidationError", f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        retained = list(asked.get("RetainResources") or [])
        if retained and stack.status != "DELETE_FAILED":
            raise QueryError(
                "ValidationError",
                f"Invalid operation on stack [{stack.id}]. Stack must be in DELETE_FAILED state to retain resources.",
            )
        with self._stacks.lock:
            self._stacks.change_sets = [one for one in self._stacks.change_sets if one.stack is not stack]
            stack.say("DELETE_IN_PROGRESS", "User Initiated")
        self._go(lambda shop, it: operations.finish_deletion(shop, it, retained), stack)
        return {}

    def _check_exports(self, stack: Stack) -> None:
        for name in sorted(output["ExportName"] for output in stack.outputs if output.get("ExportName")):
            users = [user for user in self._stacks.importers(name) if user != stack.name]
            if users:
                raise QueryError("ValidationError", in_use(name, "deleted", users))

    def update_termination_protection(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateTerminationProtection."""
        stack = self._stacks.found(str(asked["StackName"]))
        stack.protected = bool(asked["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def _go(self, operation: Callable[[Workshop, Stack], None], stack: Stack) -> None:
        """Run an operation in a thread of its own; nothing that it meets may leave the stack in progress for ever."""
        stack.connect = self._shop.connect_as(CALLER.get())

        def work() -> None:
            try:
                operation(self._shop, stack)
            except Exception as error:
                with self._stacks.lock:
                    said = f"The lab tripped over the stack: {type(error).__name__}: {error}"
                    stack.say(f"{stack.status.split('_', 1)[0]}_FAILED", said)
                raise

        threading.Thread(target=work, name=f"stack {stack.name}", daemon=True).start()


def _previous(asked: Mapping[str, Any], stack: Stack | None) -> list[dict[str, Any]]:
    """Give a call's parameters with those it takes from before filled in."""
    before = stack.given if stack is not None else {}
    filled = []
    for one in asked.get("Parameters") or []:
        if one.get("UsePreviousValue"):
            if one["ParameterKey"] in before:
                filled.append({"ParameterKey": one["ParameterKey"], "ParameterValue": before[one["ParameterKey"]]})
        else:
            filled.append(one)
    return filled


def _same(stack: Stack, found: Template, given: Mapping[str, str], tags: list[dict[str, str]]) -> bool:
    before = parameters.raw(stack.template, stack.given)
    after = parameters.raw(found, given)
    told = json.dumps(stack.template, sort_keys=True) == json.dumps(found, sort_keys=True)
    return told and before == after and sorted(map(str, stack.tags)) == sorted(map(str, tags))


def _check_updatable(stack: Stack) -> None:
    if stack.status not in UPDATABLE:
        raise QueryError("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
