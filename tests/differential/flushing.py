"""Forget the flows of a namespace: what one network let through must not be answered as established in the next.

One netlink message, see linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import socket
import struct

_NETLINK_NETFILTER = 12
_DELETE = 1 << 8 | 2  # of the connection tracking subsystem; with no flow named, of all
_REQUEST_ACK = 1 | 4


def forget_flows() -> None:
    """Forget all flows of the namespace that this thread is in."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as link:
        body = struct.pack(">BBH", socket.AF_INET, 0, 0)
        link.send(struct.pack("=IHHII", 16 + len(body), _DELETE, _REQUEST_ACK, 0, 0) + body)
        (error,) = struct.unpack_from("=16xi", link.recv(4096))
        if error:
            raise OSError(-error, "the kernel's flows could not be forgotten")
