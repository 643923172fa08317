"""One deployment under way: change sets executed and followed, services watched, and stopped where all is lost."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import TypeAlias

from natless.catalog.stack_failures import meaning_of
from natless.deploy import changes, services, stacks, undoing
from natless.deploy.calls import Connect, Pace
from natless.deploy.error import DeployError
from natless.deploy.fatal import in_its_own_words, proof_lines
from natless.deploy.leftovers import kept
from natless.deploy.logs import last_words
from natless.deploy.preflight import linked_roles
from natless.deploy.progress import Changes, Deployed, FatalStart, Progress, Said, StackEvent, Unchanged
from natless.deploy.schedule import Schedule
from natless.deploy.stacks import Stack
from natless.deploy.undoing import Before
from natless.deploy.watch import Watch
from natless.design import Template, compact, stack_tags
from natless.finding import Verdict
from natless.spec.model import Spec

Approve: TypeAlias = Callable[[Changes], bool]
"""Asks whether a change set may be executed."""

Examine: TypeAlias = Callable[[], Iterable[Verdict]]
"""Proves the deployment as it stands."""

_SERVICE = "AWS::ECS::Service"


class Rollout:
    """One deployment under way: its stacks, and the services that these hold, watched."""

    def __init__(
        self,
        spec: Spec,
        connect: Connect,
        approve: Approve,
        pace: Pace,
        examine: Examine = tuple,
        *,
        make_roles: bool = False,
    ) -> None:
        """Take whom to ask, and how often; `make_roles`: service-linked roles are made before a stack needs them."""
        self._make_roles = make_roles
        self._spec = spec
        self._connect = connect
        self._approve = approve
        self._pace = pace
        self._examine = examine
        self._watches: dict[str, Watch] = {}
        self._was: Before | None = None

    def stack(self, name: str, template: Template, parameters: Mapping[str, str]) -> Generator[Progress, None, bool]:
        """Bring one stack to its template. Returns False where a person said no."""
        yield from changes.prepare(self._connect, name, self._spec.name, self._pace)
        tags = stack_tags(self._spec)
        proposed = changes.propose(self._connect, name, compact(template), parameters, tags=tags, pace=self._pace)
        return (yield from self.carry_out(name, proposed, template))

    def carry_out(
        self, name: str, proposed: Changes | Unchanged, template: Template
    ) -> Generator[Progress, None, bool]:
        """Have a change set approved, execute it and follow it to its end. Returns False where a person said no."""
        yield proposed
        if isinstance(proposed, Unchanged):
            self._watch_standing(name)
            return True
        if not self._approve(proposed):
            changes.discard(self._connect, proposed, self._pace)
            yield Said(f"stack {name} stays as it was")
            return False
        if self._make_roles and any(change.action == "Add" for change in proposed.changes):
            types = {str(body["Type"]) for body in template["Resources"].values()}
            yield from linked_roles.make(self._connect, types, self._pace)
        if proposed.kind == "UPDATE":
            self._watch_standing(name)
        if undoing.asks_otherwise(proposed) and (standing := stacks.find(self._connect, name)) is not None:
            self._was = undoing.before(self._connect, standing)
            for watch in self._watches.values():
                watch.asked_otherwise()
        yield from self._execute(proposed, template)
        return True

    def _watch_standing(self, name: str) -> None:
        for each in stacks.resources(self._connect, name):
            if each.type == _SERVICE and each.id:
                self._watches[each.id] = Watch(self._connect, services.named(each.id, self._spec.name), standing=True)

    def _execute(self, proposed: Changes, template: Template) -> Iterator[Progress]:
        stack, events = changes.execute(self._connect, proposed)
        said: list[StackEvent] = []
        schedule = Schedule(template, proposed)
        for event in stacks.follow(self._connect, stack.id, events, self._pace):
            if event is None:
                yield from self._look()
                self._stop_if_fatal(proposed, stack)
                yield schedule.underway(self._pace.now())
                continue
            said.append(event)
            schedule.take(event, self._pace.now())
            yield event
            if (left := kept(event)) is not None:
                yield left
            if event.type == _SERVICE and event.id and event.id not in self._watches:
                service = services.named(event.id, self._spec.name)
                self._watches[event.id] = Watch(self._connect, service, standing=False)
        done = stacks.find(self._connect, stack.id)
        if done is None or done.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise self._failure(stack.name, done, said)

    def _look(self) -> Iterator[Progress]:
        for watch in self._watches.values():
            yield from watch.look()

    def _stop_if_fatal(self, proposed: Changes, stack: Stack) -> None:
        """Stop a stack whose tasks cannot come up, instead of waiting for CloudFormation to give up.

        What shows the cause is read before: undoing the stack takes services, tasks and events away.
        """
        fatal, shown = self._fatal()
        if fatal is None:
            return
        undone = undoing.stop(self._connect, proposed, stack, self._was, self._pace)
        raise DeployError(
            fatal.sentence, shown, f"{undone}; the next deploy waits for that. `natless explain` takes the text above"
        )

    def _fatal(self) -> tuple[FatalStart | None, tuple[str, ...]]:
        """Give why the release cannot come up, in its containers' own last words too, and the lines that show it."""
        watch = next((each for each in self._watches.values() if each.fatal is not None), None)
        if watch is None or watch.fatal is None:
            return None, ()
        words = last_words(self._connect, self._spec.name, watch.fatal.task)
        fatal = in_its_own_words(watch.fatal, words)
        said = tuple(f"{fatal.task} wrote: {word}" for word in words)
        meaning = (fatal.meaning,) if fatal.meaning else ()
        return fatal, (*meaning, *proof_lines(self._examine()), *said, *watch.evidence())

    def _failure(self, name: str, done: Stack | None, said: list[StackEvent]) -> DeployError:
        """Word the failure of a stack: the first failed resource's reason, and of a service its tasks' own."""
        failed = stacks.first_failure(said)
        reason = f"{failed.resource} ({failed.type}): {failed.reason}" if failed else done.reason if done else ""
        # What failed beside a service takes its tasks with it: their end is no cause then.
        of_tasks = failed is None or failed.type == _SERVICE
        causes = [cause for watch in self._watches.values() if (cause := watch.cause())] if of_tasks else []
        first = causes[0] if causes else reason or "CloudFormation gives no reason"
        state = done.status if done is not None else "deleted"
        others = tuple(f"{event.resource} ({event.type}): {event.reason}" for event in said if event.failed)
        evidence = tuple(line for watch in self._watches.values() for line in watch.evidence())
        meaning = "" if causes else meaning_of(reason)
        return DeployError(
            f"stack {name} was not deployed ({state}): {first}",
            tuple(line for line in dict.fromkeys((meaning, *others, *evidence)) if line and line != first),
            f"`natless status {name}` shows what stands; the next deploy cleans up what was rolled back",
        )

    def until_healthy(self) -> Iterator[Progress]:
        """Follow the services until all their tasks run and are healthy."""
        for elapsed in self._pace.ticks():
            yield from self._look()
            watches = self._watches.values()
            if all(watch.last is not None and watch.last.settled for watch in watches):
                return
            fatal, shown = self._fatal()
            if fatal is not None:
                undone = undoing.put_back(self._connect, self._was, self._pace) if self._was is not None else ""
                said = f"{undone}; the next deploy waits for that. " if undone else ""
                raise DeployError(fatal.sentence, shown, f"{said}`natless explain` takes the text above")
            if elapsed > self._pace.settling:
                cause = f"{self._spec.name}: the stack stands, but not all tasks are healthy after {elapsed:.0f} s"
                evidence = tuple(line for watch in watches for line in watch.evidence())
                shown = (*proof_lines(self._examine()), *evidence)
                raise DeployError(cause, shown, f"`natless status {self._spec.name}` and `natless logs` say more")

    def deployed(self) -> Deployed:
        """Give the end: the main stack's outputs."""
        main = stacks.find(self._connect, self._spec.name)
        outputs = dict(main.outputs) if main is not None else {}
        return Deployed(self._spec.name, outputs.get("Url", ""), outputs)
