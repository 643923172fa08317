"""The network as it stands in the kernel, and the changes that bring it to what a Cloud says."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import threading
from ipaddress import IPv4Address

from natless.cloud import Cloud
from natless.lab.fabric import filtering, loading, routing
from natless.lab.fabric.drops import Drop, Drops, Listener
from natless.lab.fabric.plan import INTERNET, Attachment, Links, Numbers, Plan, VpcPlan, plan
from natless.lab.fabric.probe import Probe, probe
from natless.lab.kernel import namespaces, rtnetlink
from natless.lab.kernel.namespaces import KernelError
from natless.lab.kernel.network import Change, Setting, additions


class Router:
    """One VPC's router as it stands: what was last given to the kernel."""

    def __init__(self, identifier: str, drops: Drops) -> None:
        """Make the namespace, forwarding, and read its drops."""
        self.id = identifier
        namespaces.make(identifier)
        with namespaces.inside(identifier):
            namespaces.write_setting("ipv4/ip_forward", "1")
            self.listener = Listener(drops)
        self.plan: VpcPlan | None = None
        self.links: Links | None = None
        self.settings: list[Setting] = []
        self.rules: filtering.Rules | None = None
        self._table = 0

    def load(self, rules: filtering.Rules) -> None:
        """Replace the rules in one step, where they changed."""
        if rules == self.rules:
            return
        # A drop that was logged a moment ago may still be read by the old label.
        self.listener.labels = {**self.listener.labels, **rules.labels}
        replaced, retired = (f"natless-{n}" if n > 0 else None for n in (self._table, self._table - 1))
        for text in loading.transactions(rules, f"natless-{self._table + 1}", replaced, retired):
            namespaces.run(self.id, ("nft", "-f", "-"), text)
        self._table += 1
        self.rules = rules


class Fabric:
    """The lab's network. Make one in the lab's own namespaces; give it the Cloud whenever that changes."""

    def __init__(self) -> None:
        """Make the internet namespace; VPCs come with the first `apply`."""
        self._numbers = Numbers()
        self._drops = Drops()
        self._routers: dict[str, Router] = {}
        self._internet: list[Setting] = []
        self._lock = threading.RLock()
        self.unmodelled: tuple[str, ...] = ()
        """What of the last Cloud is not modelled, one line each."""
        namespaces.make(INTERNET)
        with namespaces.inside(INTERNET):
            namespaces.write_setting("ipv4/ip_forward", "1")
        rtnetlink.change(INTERNET, routing.internet_first_changes())

    def apply(self, cloud: Cloud) -> None:
        """Bring the kernel to what `cloud` says, by difference: flows that stay allowed are not interrupted.

        Raises KernelError. What failed is taken down, so that the next `apply` builds it afresh.
        """
        with self._lock:
            new = plan(cloud, self._numbers)
            for gone in set(self._routers) - set(new.vpcs):
                self._demolish(gone)
            notes = list(new.unmodelled)
            for vpc in new.vpcs.values():
                rules = filtering.rules(cloud, vpc)
                notes += rules.notes
                self._build(vpc, rules)
            self._follow_internet(new)
            self.unmodelled = tuple(dict.fromkeys(notes))

    def socket(self, where: str, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        """Make an IPv4 socket in the namespace of an ENI, of a VPC's router, or of the internet, by id.

        It stays there, whoever uses it. Raises KeyError where there is no such place.
        """
        with self._lock:
            self._require(where)
            with namespaces.inside(filtering.name(where)):
                return socket.socket(socket.AF_INET, kind, protocol)

    def namespace(self, where: str) -> str:
        """Give the path of the namespace of an ENI, a VPC or the internet, as `nsenter --net=` takes it."""
        with self._lock:
            self._require(where)
            return namespaces.path(filtering.name(where))

    def identity(self, where: str) -> int:
        """Give what tells a namespace from a later one of the same name: its inode."""
        return pathlib.Path(self.namespace(where)).stat().st_ino

    def vpc_behind(self, address: IPv4Address) -> str | None:
        """Give the VPC whose gateway endpoints translate to `address`: whence a request to S3 came."""
        with self._lock:
            found = [each.id for each in self._routers.values() if each.links and each.links.endpoints == address]
            return found[0] if found else None

    def drops(self, since: float = 0.0) -> list[Drop]:
        """Give what was dropped since `since` (Unix time, seconds), oldest first; the last 10,000 are kept."""
        return self._drops.since(since)

    def probe(self, where: str, address: IPv4Address, port: int) -> Probe:
        """Ask whether TCP from `where` (an ENI's id, or INTERNET) gets to `address`:`port`."""
        return probe(lambda: self.socket(where), self._drops, address, port)

    def rules_text(self) -> str:
        """Give the whole network as the `ip` and `nft` texts that made it, to be read by a person."""
        with self._lock:
            parts = [_shown(INTERNET, [*routing.internet_first_changes(), *additions(self._internet)])]
            for router in self._routers.values():
                parts.append(_shown(router.id, additions(router.settings)))
                if router.rules is not None:
                    parts.append(router.rules.text())
            return "\n".join(parts)

    def _require(self, where: str) -> None:
        if where == INTERNET or where in self._routers:
            return
        plans = [router.plan for router in self._routers.values() if router.plan is not None]
        if not any(each.eni == where for vpc in plans for each in vpc.attachments):
            raise KeyError(f"{where} is no ENI or VPC that stands in the lab")

    def _build(self, vpc: VpcPlan, rules: filtering.Rules) -> None:
        try:
            router = self._routers.get(vpc.id)
            if router is None:
                router = self._routers[vpc.id] = Router(vpc.id, self._drops)
                router.links = vpc.links
                rtnetlink.change(vpc.id, additions(routing.first_settings(vpc)))
                rtnetlink.change(INTERNET, additions(routing.outer_link_settings(vpc)))
                rtnetlink.await_links(vpc.id, ("igw", "gwe"))
            self._change(router, vpc, rules)
        except (KernelError, OSError):
            self._demolish(vpc.id)
            raise

    def _change(self, router: Router, vpc: VpcPlan, rules: filtering.Rules) -> None:
        """Take away, then load the rules, then add: no ENI is ever joined to a router that does not filter it."""
        standing = {_identity(each): each for each in router.plan.attachments} if router.plan is not None else {}
        wanted = {_identity(each): each for each in vpc.attachments}
        gone = [each for key, each in standing.items() if key not in wanted]
        come = [each for key, each in wanted.items() if key not in standing]
        settings = routing.router_settings(vpc)
        taken, added = routing.change(router.settings, settings)
        rtnetlink.change(vpc.id, taken)
        rtnetlink.remove_links(vpc.id, [each.link for each in gone])
        for each in gone:
            namespaces.remove(filtering.name(each.eni))
        router.load(rules)
        for each in come:
            namespaces.make(filtering.name(each.eni))
        joined = [setting for each in come for setting in routing.link_settings(each)]
        rtnetlink.change(vpc.id, [*additions(joined), *added])
        for each in come:
            _configure(each)
        if come:
            rtnetlink.await_links(vpc.id, [each.link for each in come])
        router.plan, router.settings = vpc, settings

    def _follow_internet(self, new: Plan) -> None:
        settings = routing.internet_settings(new)
        taken, added = routing.change(self._internet, settings)
        rtnetlink.change(INTERNET, [*taken, *added])
        self._internet = settings

    def _demolish(self, identifier: str) -> None:
        """Take a VPC down; with its links go the internet namespace's routes to it."""
        router = self._routers.pop(identifier)
        router.listener.close()
        if router.links is not None:
            # The namespace itself ends when its last socket is closed; its links must go now, for the next of its name.
            for link in routing.outer_links(router.links.number):
                with contextlib.suppress(KernelError):
                    rtnetlink.remove_links(INTERNET, [link.name])
        if router.plan is not None:
            lost = routing.internet_side(router.plan)
            self._internet = [setting for setting in self._internet if setting not in lost]
            for each in router.plan.attachments:
                namespaces.remove(filtering.name(each.eni))
        namespaces.remove(identifier)


def _identity(each: Attachment) -> tuple[object, ...]:
    """Give what of an ENI cannot change without making it anew."""
    return each.eni, each.link, each.addresses, each.segment.cidr


def _configure(each: Attachment) -> None:
    place = filtering.name(each.eni)
    rtnetlink.change(place, additions(routing.interface_settings(each)))
    if each.translates:
        with namespaces.inside(place):
            namespaces.write_setting("ipv4/ip_forward", "1")
        namespaces.run(place, ("nft", "-f", "-"), filtering.TRANSLATION)


def _shown(place: str, changes: list[Change]) -> str:
    return "".join(f"ip -n {place} {each.text()}\n" for each in changes)
