"""The scheduler: ECS services at their desired count, tasks of RunTask, and StopTask."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from natless.lab.instances.fleet import Fleet
from natless.lab.instances.placing import place, put
from natless.lab.services.discovery import Discovery
from natless.lab.services.ecs_tasks import Tasks
from natless.lab.tasks.book import Book, Deployment, ServiceView, TaskView
from natless.lab.tasks.crew import Ending
from natless.lab.tasks.keeper import ServiceKeeper
from natless.lab.tasks.life import LAB_DOWN, TaskLife
from natless.lab.tasks.meter import Meter
from natless.lab.tasks.plan import TaskPlan
from natless.lab.tasks.ports import House
from natless.lab.tasks.trees import Trees

_SERVICE_GONE = Ending("ServiceSchedulerInitiated", "Service has been deleted", own_fault=False)


class Scheduler:
    """Runs the tasks of one lab. Call `step` a few times a second; it starts threads and does not wait for them."""

    def __init__(self, house: House) -> None:
        """Take what the tasks of the lab share; nothing is started yet."""
        patience = house.patience
        clients: dict[str, object] = {}

        def connect(service: str) -> object:
            """Keep one client a service: making one takes a quarter of a second."""
            if service not in clients:
                clients[service] = house.connect(service)
            return clients[service]

        self._house = msgspec.structs.replace(house, connect=connect)
        self._book = Book(house.account, house.region)
        self._door = Tasks(house.region, house.account)
        self._trees = Trees(Path(house.scratch, "images"))
        self._meter = Meter()
        self._patience = patience
        self._keepers: dict[str, ServiceKeeper] = {}
        self._single: dict[str, TaskLife] = {}
        self._fleet = Fleet(self._house)
        self._discovery = Discovery(house.account, house.region)

    def step(self) -> None:
        """Look at the account once and act on what is wanted."""
        tasks = self._book.tasks()
        self._heed_stops(tasks)
        self._follow_instances()
        services = {view.key: view for view in self._book.services()}
        for key, view in services.items():
            if key not in self._keepers:
                self._keepers[key] = ServiceKeeper(self._door, self._book, self._start, self._patience)
            target = self._keepers[key].step(view)
            if target is not None:
                self._roll_back(view, target)
        for key in [key for key in self._keepers if key not in services]:
            self._keepers[key].stop_all(_SERVICE_GONE)
            if all(life.ended for life in self._keepers[key].lives):
                del self._keepers[key]
        self._run_single(tasks)
        self._discovery.register()

    def stop(self, seconds: float = 10.0) -> None:
        """Stop every task and wait for their ends, `seconds` at most."""
        self._fleet.stop()
        lives = self._lives()
        for life in lives:
            life.ask_to_stop(LAB_DOWN)
        until = time.monotonic() + seconds
        for life in lives:
            life.wait(max(0.0, until - time.monotonic()))

    def life(self, task: str) -> TaskLife | None:
        """Give the life of a task that has not ended, by its id."""
        return next((life for life in self._lives() if life.plan.id == task and not life.ended), None)

    def _lives(self) -> list[TaskLife]:
        return [life for keeper in list(self._keepers.values()) for life in keeper.lives] + list(self._single.values())

    def _heed_stops(self, tasks: tuple[TaskView, ...]) -> None:
        """Stop the tasks that StopTask named."""
        wanted = {task.arn: task for task in tasks if task.desired == "STOPPED"}
        for life in self._lives():
            task = wanted.get(life.plan.arn)
            if task is not None and not life.stopping:
                life.ask_to_stop(Ending(task.code, task.reason or "Task stopped by user", own_fault=False))

    def _follow_instances(self) -> None:
        """Stop the tasks of instances that have gone."""
        lives = self._lives()
        gone = self._fleet.step(life.plan.id for life in lives if not life.ended)
        for life in lives:
            host = life.plan.host
            if host is not None and host.machine.id in gone and not life.stopping:
                reason = f"Host EC2 (instance {host.machine.id}) terminated."
                life.ask_to_stop(Ending("TerminationNotice", reason, own_fault=False))

    def _start(self, view: ServiceView, deployment: Deployment, subnet: str) -> TaskLife | str:
        definition = self._book.definition(deployment.definition)
        placed = place(self._fleet, self._house.connect, definition, view) if view.on_instances else None
        if isinstance(placed, str):
            return placed
        arn = self._door.start(
            view.cluster,
            view.name,
            deployment.id,
            capacity_provider=view.capacity_provider,
            container_instance=placed.host.arn if placed else None,
        )
        plan = TaskPlan(
            arn=arn,
            cluster=view.cluster,
            definition=definition,
            overrides={},
            subnet=placed.subnet if placed else subnet,
            groups=view.groups,
            public=view.public,
            registrations=view.registrations,
        )
        return self._begin(put(self._fleet, plan, placed) if placed else plan)

    def _run_single(self, tasks: tuple[TaskView, ...]) -> None:
        """Start the tasks that RunTask asked for."""
        for arn in [arn for arn, life in self._single.items() if life.ended]:
            del self._single[arn]
        for task in tasks:
            network = task.network.get("awsvpcConfiguration") or {}
            subnets = network.get("subnets") or []
            mine = task.group.startswith("service:") or task.arn in self._single
            unplaced = not subnets and not task.on_instances
            if mine or task.status != "PROVISIONING" or task.desired == "STOPPED" or unplaced:
                continue
            definition = self._book.definition(task.definition)
            placed = place(self._fleet, self._house.connect, definition, task) if task.on_instances else None
            if isinstance(placed, str):
                continue  # it waits for an instance
            busy = [life.plan.subnet for life in self._lives()]
            plan = TaskPlan(
                arn=task.arn,
                cluster=task.cluster,
                definition=definition,
                overrides=task.overrides,
                subnet=placed.subnet if placed else min(subnets, key=busy.count),
                groups=tuple(network.get("securityGroups") or ()),
                public=network.get("assignPublicIp") == "ENABLED",
            )
            if placed:
                self._door.put_on(task.arn, placed.host.arn)
                plan = put(self._fleet, plan, placed)
            self._single[task.arn] = self._begin(plan)

    def _begin(self, plan: TaskPlan) -> TaskLife:
        life = TaskLife(self._house, self._door, self._trees, self._meter, plan, fleet=self._fleet)
        life.start()
        return life

    def _roll_back(self, view: ServiceView, target: Deployment) -> None:
        """Start a deployment of the revision that last worked."""
        failed = next(each.id for each in view.deployments if each.primary)
        self._door.roll_back(view.cluster, view.name, failed, to=target.id, revision=target.definition)
