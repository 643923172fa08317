"""`natless deploy`: build, push, change set, follow, and the page at the end."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial

from natless import design
from natless.catalog.partitions import partition_of
from natless.catalog.scans import SEVERITIES
from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.ending import FINDINGS, refuse
from natless.cli.saying import agreed, say
from natless.cli.source import spec_of
from natless.cli.standing import verdicts_of_what_stands as proved
from natless.cli.telling import Teller
from natless.cli.world import World, failures_in_words, must_be_agreed, new_ami_option, to_options, world_of
from natless.report.paint import Paint
from natless.spec import Service, Spec
from natless.spec.public_image import public_image

_PORTS = ((8080, 0), (8443, 0))
"""Ports of the host for the pages of the lab, HTTP and HTTPS: the one people expect, else any free one."""


def _takes(arguments: Arguments) -> None:
    arguments.path()
    to_options(arguments)
    new_ami_option(arguments)
    arguments.flag("--yes", "Do not ask; on AWS needed where there is no terminal.")
    arguments.add_argument(
        "--scan-threshold",
        choices=["critical", "high", "medium", "low"],
        help="Wait for ECR's scan of the image, and stop where it finds something so severe or worse (AWS only).",
    )


def deploy(
    path: str, to: str, profile: str | None, region: str | None, scan_threshold: str | None, *, new_ami: bool, yes: bool
) -> None:
    """Prove PATH, build and push its image (or find the given one), and deploy it by change set.

    Each change set is shown and asked for; on the lab nothing is asked. What happens goes to standard error; the URL
    alone to standard output.
    """
    from natless.deploy import Pace, ProofError  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.deploy import deploy as release  # noqa: PLC0415 - as above
    from natless.deploy.progress import Changes, Deployed  # noqa: PLC0415 - as above
    from natless.deploy.scan import ScanError  # noqa: PLC0415 - as above

    spec = spec_of(path)
    designed = design.write(spec)
    where = world_of(spec, to, profile, region)
    if not partition_of(where.region).endpoints_known:
        raise UsageError(f"region {where.region} is not supported yet: endpoint services have other names there")
    must_be_agreed(where, yes=yes)
    threshold = next((each for each in SEVERITIES if each.lower() == scan_threshold), None)
    if threshold is not None and where.lab:
        raise UsageError("the lab scans no images: --scan-threshold is for AWS")
    paint = Paint(on=sys.stderr.isatty())

    teller = Teller(paint)

    def approve(changes: Changes) -> bool:
        return yes or where.lab or agreed(f"execute these changes on {changes.stack}?")

    with failures_in_words(changing=True), tempfile.TemporaryDirectory(prefix="natless-") as scratch:
        push = _pusher(spec, where, scratch, paint)
        pace = Pace(every=0.1) if where.lab else Pace()
        try:
            for event in release(
                designed,
                spec,
                where.connect,
                push,
                approve=approve,
                pace=pace,
                examine=partial(proved, where, spec.name),
                ask_first=not where.lab,
                scan_threshold=threshold,
                new_ami=new_ami,
            ):
                teller.tell(event)
                if isinstance(event, Deployed):
                    _say_where(where, event.url)
                    return
        except ScanError as error:
            teller.clear()
            say(f"natless: {error}", aside=True)
        except ProofError as error:
            refuse(error.findings, FINDINGS)
        finally:
            teller.clear()
    sys.exit(FINDINGS)


command = Command(deploy, _takes)


def _pusher(spec: Spec, where: World, scratch: str, paint: Paint) -> Callable[[Service, str], str]:
    """Give what builds a service's image, pushes it, and gives its digest. What cannot be built is said at once."""
    from natless.deploy.images.build import build, require_dockerfile  # noqa: PLC0415 - read only where something is built
    from natless.deploy.images.image import ImageEvent  # noqa: PLC0415 - as above
    from natless.deploy.images.mirror import mirror  # noqa: PLC0415 - as above
    from natless.deploy.images.platform import platform_of  # noqa: PLC0415 - as above
    from natless.deploy.images.push import push  # noqa: PLC0415 - as above
    from natless.report.image_text import image_line  # noqa: PLC0415 - as above

    def told(event: ImageEvent) -> None:
        line = image_line(event)
        if line:
            say(paint.faint(line), aside=True)

    def folder_of(service: Service) -> str:
        return os.path.normpath(os.path.join(os.path.dirname(spec.source), service.build or "."))

    for service in spec.services:
        if service.build is not None:
            require_dockerfile(folder_of(service))

    def pushed(service: Service, repository: str) -> str:
        platform = platform_of(service)
        public = public_image(service.image) if service.image is not None else None
        if public is not None:
            return mirror(
                public, where.connect, repository, scratch, where.registry or None, progress=told, platform=platform
            )
        image = build(folder_of(service), scratch, platform, told)
        return push(image, where.connect, repository, where.registry or None, told)

    return pushed


def _say_where(where: World, url: str) -> None:
    """Say where it answers: not at all where only workers run, and within the VPC by an internal load balancer."""
    # ALBs' names of their own making ("DNSName", ELBv2 API reference); no host has a port that leads into a VPC.
    internal = url.partition("://")[2].startswith("internal-")
    if url:
        say(url if internal or not where.lab else _page(url))
    if internal:
        say("the load balancer is internal: it answers within the VPC and what is connected to it", aside=True)


def _page(url: str) -> str:
    """Give the URL for a browser of the lab: a port of this host that leads to the load balancer."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with contextlib.ExitStack() as opened:
        listeners = [opened.enter_context(_listening(ports)) for ports in _PORTS]
        name = url.partition("://")[2].rstrip("/")
        first = str(control.ask("publish", sockets=listeners, name=name))
    pages: dict[str, str] = control.ask("status")["pages"]
    return pages.get(f"{name}:443", first) if url.startswith("https://") else first


def _listening(ports: tuple[int, ...]) -> socket.socket:
    """Give a socket that listens on the first of `ports` that can be had."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for port in ports:
        with contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            break
    listener.listen(128)
    return listener
