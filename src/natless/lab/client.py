"""AWS clients of the lab's account: boto3's own, pointed at the lab."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from natless.lab.control import Contact

Connect: TypeAlias = Callable[[str], Any]


def connect(contact: Contact, region: str) -> Connect:
    """Give the way to boto3 clients of a running lab; each is made once.

    Nothing of the person's own AWS configuration is read: no profile, no endpoint, no credential of theirs can reach
    the lab, nor the lab's calls an account.
    """
    import boto3  # noqa: PLC0415 - a fifth of a second, paid only where the lab is talked to
    from botocore.config import Config  # noqa: PLC0415 - as above
    from botocore.session import Session  # noqa: PLC0415 - as above

    from natless.lab import models  # noqa: PLC0415 - as above

    bare = Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    bare.register_component("data_loader", models.loader())
    session = boto3.Session(
        aws_access_key_id=contact.access_key_id,
        aws_secret_access_key=contact.secret_access_key,
        region_name=region,
        botocore_session=bare,
    )
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32, proxies={})
    lock = threading.Lock()  # a Session may not make two clients at once
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        with lock:
            if service not in clients:
                # The service is a name at run time, which boto3's typed overloads cannot know.
                make: Callable[..., Any] = session.client
                clients[service] = make(service, endpoint_url=contact.api, config=config, verify=False)
            return clients[service]

    return client
