"""AWS's own servers in the lab: TLS on every interface endpoint and on the public addresses, to WSGI applications."""

from natless.lab.endpoints.authority import Authority
from natless.lab.endpoints.endpoints import Endpoints
from natless.lab.endpoints.exchange import WsgiApplication
from natless.lab.endpoints.serving import Route, Server

__all__ = ["Authority", "Endpoints", "Route", "Server", "WsgiApplication"]
