"""Whole operations on a stack: creation and update with their rollbacks, and deletion."""

from __future__ import annotations

from collections.abc import Collection

from natless.lab.engine.ending_stacks import Ending
from natless.lab.engine.making_stacks import Making, Workshop
from natless.lab.engine.stacks import Before, Stack, now
from natless.lab.engine.template import TemplateError
from natless.lab.engine.updating_stacks import RollingBack, Updating, clean_up


def create(shop: Workshop, stack: Stack) -> None:
    """Make a stack that stands in CREATE_IN_PROGRESS: CREATE_COMPLETE, or what `on_failure` asks for."""
    try:
        making = Making(shop, stack)
        making.run()
        if stack.leaving.is_set():
            delete(shop, stack)
            return
        if not making.failed:
            outputs = making.outputs()
            with shop.stacks.lock:
                stack.outputs = outputs
                stack.say("CREATE_COMPLETE")
            return
        reason = f"The following resource(s) failed to create: [{', '.join(sorted(making.failed))}]. "
    except TemplateError as error:
        reason = str(error)
    _failed(shop, stack, reason)


def _failed(shop: Workshop, stack: Stack, reason: str) -> None:
    match stack.on_failure:
        case "DO_NOTHING":
            with shop.stacks.lock:
                stack.say("CREATE_FAILED", reason)
        case "DELETE":
            delete(shop, stack, reason=f"{reason}Delete requested by user.")
        case _:
            with shop.stacks.lock:
                stack.say("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
            ending = Ending(shop, stack)
            ending.run()
            with shop.stacks.lock:
                if ending.failed:
                    stack.say("ROLLBACK_FAILED", _left_over(ending.failed))
                else:
                    stack.imports = set()
                    stack.say("ROLLBACK_COMPLETE")


def update(shop: Workshop, stack: Stack) -> None:
    """Change a stack in UPDATE_IN_PROGRESS to its new template: UPDATE_COMPLETE, or back to what it was before."""
    before = _before(stack)
    updating = Updating(shop, stack, before)
    try:
        updating.run()
        reason = f"The following resource(s) failed to update: [{', '.join(sorted(updating.failed))}]. "
        if stack.leaving.is_set():
            reason = "User Initiated"
        elif not updating.failed:
            outputs = updating.outputs()
            with shop.stacks.lock:
                stack.outputs = outputs
                stack.say("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            clean_up(shop, stack, updating.retired)
            with shop.stacks.lock:
                stack.before = None
                # What the template no longer has is told of no more, gone or kept: its events remain.
                stack.resources = {name: one for name, one in stack.resources.items() if name not in updating.dropped}
                stack.say("UPDATE_COMPLETE")
            return
    except TemplateError as error:
        reason = str(error)
    with shop.stacks.lock:
        stack.say("UPDATE_ROLLBACK_IN_PROGRESS", reason)
    roll_back(shop, stack)


def roll_back(shop: Workshop, stack: Stack) -> None:
    """Bring a stack in UPDATE_ROLLBACK_IN_PROGRESS back to what it was."""
    before = _before(stack)
    with shop.stacks.lock:
        stack.leaving.clear()
        stack.text, stack.template, stack.given = before.text, before.template, before.given
        stack.parameters, stack.tags = before.parameters, before.tags
        stack.imports = set(before.imports)
    going = RollingBack(shop, stack, before)
    going.run()
    if going.failed:
        with shop.stacks.lock:
            said = f"The following resource(s) failed to update: [{', '.join(going.failed)}]. "
            stack.say("UPDATE_ROLLBACK_FAILED", said)
        return
    with shop.stacks.lock:
        stack.say("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    clean_up(shop, stack, going.retired)
    with shop.stacks.lock:
        stack.before = None
        stack.say("UPDATE_ROLLBACK_COMPLETE")


def _before(stack: Stack) -> Before:
    if stack.before is None:
        raise TemplateError(f"Nothing is known of stack {stack.name} before its update")
    return stack.before


def delete(shop: Workshop, stack: Stack, reason: str = "User Initiated") -> None:
    """Delete a stack that another operation leaves behind."""
    with shop.stacks.lock:
        stack.say("DELETE_IN_PROGRESS", reason)
    finish_deletion(shop, stack)


def finish_deletion(shop: Workshop, stack: Stack, retained: Collection[str] = ()) -> None:
    """Delete a stack in DELETE_IN_PROGRESS: DELETE_COMPLETE, or DELETE_FAILED with the names of what is left."""
    ending = Ending(shop, stack, retained)
    ending.run()
    with shop.stacks.lock:
        if ending.failed:
            stack.say("DELETE_FAILED", _left_over(ending.failed))
        else:
            stack.outputs = []
            stack.imports = set()
            stack.deleted = now()
            stack.say("DELETE_COMPLETE")


def _left_over(names: list[str]) -> str:
    return f"The following resource(s) failed to delete: [{', '.join(sorted(names))}]. "
