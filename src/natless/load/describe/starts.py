"""Tasks that ECS gave up before they ran, where nothing has shown since that their start works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from natless.cloud import FailedStart
from natless.load.describe.item import Item
from natless.load.describe.sections import Sections


def failed_starts(sections: Sections) -> dict[str, FailedStart]:
    """Give the last task of each family that never ran, unless a task of the family has started after it.

    A snapshot that was put together by hand may have tasks of both kinds under one key.
    """
    tasks = {item.id: item for key in ("Tasks", "StoppedTasks") for item in sections.items(key)}
    started: dict[str, float] = {}
    failed: dict[str, tuple[float, Item]] = {}
    for item in tasks.values():
        family = _family(item)
        began, ended = _moment(item, "startedAt"), _moment(item, "stoppedAt")
        if began is not None:
            started[family] = max(began, started.get(family, began))
        elif ended is not None and ended >= failed.get(family, (ended, item))[0]:
            failed[family] = ended, item
    last = ((family, ended, item) for family, (ended, item) in failed.items())
    return {
        item.id: FailedStart(
            item.id, item.origin, family, _reason(item), f"{datetime.fromtimestamp(ended, UTC):%Y-%m-%d %H:%M:%S} UTC"
        )
        for family, ended, item in last
        if ended >= started.get(family, ended)
    }


def _family(item: Item) -> str:
    definition = item.maybe_text("taskDefinitionArn") or ""
    return definition.rpartition("/")[2].rpartition(":")[0]


def _reason(item: Item) -> str:
    """Give ECS's text: the task's own, and its containers' where the task says only that it failed to start."""
    texts = [item.maybe_text("stoppedReason"), *_of_containers(item)]
    return " ".join(text for text in texts if text)


def _of_containers(item: Item) -> Iterator[str | None]:
    for container in item.parts("containers"):
        yield container.maybe_text("reason")


def _moment(item: Item, key: str) -> float | None:
    """Give a moment in seconds: boto3 gives datetimes, the AWS CLI texts or numbers; None where there is none."""
    found: object = item.raw(key)
    match found:
        case datetime():
            return found.timestamp()
        case bool() | None:
            return None
        case int() | float():
            return float(found)
        case str():
            try:
                return datetime.fromisoformat(found).timestamp()
            except ValueError:
                item.malformed(key, f"expected a moment, found {found!r}")
        case _:
            item.malformed(key, f"expected a moment, found {found!r}")
    return None
