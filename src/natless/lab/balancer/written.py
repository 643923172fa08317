"""What the writers of configurations give: the text, and the files that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from natless.lab.balancer.facts import Group, Listener, Target, Tls

_PROXY_NAMES = {"TLSv1": "TLSv1.0"}
_OLD = frozenset({"TLSv1", "TLSv1.1"})


class Written(msgspec.Struct, frozen=True):
    """A configuration, and the content of the files it names, by their names in its folder.

    A file's name changes with its content, so that a text that stays the same means the same.
    """

    text: str
    files: Mapping[str, str]


class Folder:
    """Collects the files of a configuration that is being written."""

    def __init__(self, path: str) -> None:
        """Take the folder's path; nothing is written there."""
        self.path = path
        self.files: dict[str, str] = {}

    def keep(self, content: str, ending: str) -> str:
        """Keep a file of this content, and give its path."""
        name = f"{hashlib.sha256(content.encode()).hexdigest()[:20]}.{ending}"
        self.files[name] = content
        return f"{self.path}/{name}"


def first_lines(folder: str) -> Iterator[str]:
    """Give what every proxy begins with."""
    yield from (
        "global",
        "  maxconn 4000",
        "  nbthread 1",
        "  tune.bufsize 65536",  # a request's headers may be 64 K (user guide, "Quotas")
        f"  stats socket {folder}/admin.sock mode 600 level admin expose-fd listeners",
        "  hard-stop-after 30s",
    )


def bind(listener: Listener, address: str, folder: Folder, *, alpn: str = "") -> str:
    """Give the line that opens a listener's port at `address`."""
    line = f"  bind {address}:{listener.port}"
    return f"{line} {_secure(listener.tls, folder, alpn)}" if listener.tls is not None else line


def _secure(tls: Tls, folder: Folder, alpn: str) -> str:
    """Give what TLS takes: the first certificate answers for a name that none of them has."""
    files = [folder.keep(each.pem, "pem") for each in tls.certificates]
    listed = folder.keep("".join(f"{each}\n" for each in files), "list")
    versions = sorted(_PROXY_NAMES.get(each, each) for each in tls.protocols)
    new = [each for each in tls.ciphers if each.startswith("TLS_")]
    old = [each for each in tls.ciphers if not each.startswith("TLS_")]
    if _OLD & set(tls.protocols):
        old.append("@SECLEVEL=0")  # OpenSSL refuses TLS 1.0 and 1.1 above it
    words = [f"ssl crt-list {listed} ssl-min-ver {versions[0]} ssl-max-ver {versions[-1]}"]
    words += [f"ciphersuites {':'.join(new)}"] if new else []
    words += [f"ciphers {':'.join(old)}"] if old else []
    words += [f"alpn {alpn}"] if alpn else []
    return " ".join(words)


def server_name(target: Target) -> str:
    """Give the proxy's name for a target."""
    return f"t{target.address.replace('.', '-')}-{target.port}"


def server(group: Group, target: Target) -> str:
    """Give a target's definition, as a configuration and the admin socket take it."""
    words = [server_name(target), f"{target.address}:{target.port}"]
    words += ["ssl verify none"] if group.tls else []  # targets' certificates are not looked at (user guide)
    words += ["proto h2"] if group.http2 else []
    words += ["send-proxy-v2"] if group.announces else []
    return " ".join(words)
