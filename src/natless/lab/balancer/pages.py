"""What an application load balancer answers by itself: its error pages and the page that comes with a redirect.

Words and sizes: ELB user guide, "Troubleshoot your Application Load Balancers"; captures in public repositories
(`Server: awselb/2.0`, `Content-Type: text/html`; 162 octets for a 503, 122 for a 502, 134 for a 301). Read 2026-11.
"""

from __future__ import annotations

SERVER = "awselb/2.0"

REASONS = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    408: "Request Time-out",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}

ERRORS = (400, 408, 502, 503, 504)
"""What it answers where a request or a target goes wrong. A 460, for a client that left, is only ever logged."""


def body(title: str) -> str:
    """Give the page under a title such as `503 Service Temporarily Unavailable`."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )


def titled(status: int) -> str:
    """Give the page of a status."""
    return body(f"{status} {REASONS[status]}")


def answer(status: int) -> str:
    """Give the whole answer for a status, as haproxy's `errorfile` takes it."""
    text = titled(status)
    return (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nServer: {SERVER}\r\nContent-Type: text/html\r\n"
        f"Content-Length: {len(text)}\r\nConnection: keep-alive\r\n\r\n{text}"
    )
