"""Where AWS's services answer: on the ENIs of interface endpoints, and on public addresses of the internet."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Any

import msgspec

from natless.catalog.services import SERVICES
from natless.cloud import Cloud
from natless.lab.endpoints.authority import Authority
from natless.lab.endpoints.exchange import WsgiApplication
from natless.lab.endpoints.serving import Route, Server
from natless.lab.fabric import INTERNET, Fabric
from natless.lab.names.public import service_address
from natless.lab.names.view import endpoint_serves

_HTTPS = 443


class _Place(msgspec.Struct, frozen=True):
    """A socket that shall listen: in the namespace of `where`, for an interface endpoint or, with "", for everybody.

    `identity` is the namespace's, so that a socket is made anew where its namespace was.
    """

    where: str
    address: str
    endpoint: str = ""
    identity: int = 0


class Endpoints:
    """Keeps a TLS server wherever the Cloud says that AWS answers.

    The WSGI environment of a request holds `natless.vpc` and `natless.endpoint`: the VPC and the VPC endpoint it came
    by, each "" for a request from the internet. Endpoint policies are the applications' to enforce, by these.
    """

    def __init__(self, fabric: Fabric, route: Route, authority: Authority) -> None:
        """Serve what `route` gives for a host, with certificates of `authority`."""
        self._fabric = fabric
        self._route = route
        self._context = authority.server_context()
        self._server = Server("endpoints")
        self._cloud = Cloud(source="")
        self._listening: dict[_Place, socket.socket] = {}

    def apply(self, cloud: Cloud) -> None:
        """Listen where `cloud` says, and no longer where it does not. Give it to the fabric first."""
        self._cloud = cloud
        wanted = {
            msgspec.structs.replace(place, identity=self._fabric.identity(place.where)) for place in _places(cloud)
        }
        for gone in set(self._listening) - wanted:
            self._server.close(self._listening.pop(gone))
        for place in wanted - set(self._listening):
            listener = self._fabric.socket(place.where)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((place.address, _HTTPS))
            listener.listen(128)
            self._listening[place] = listener
            self._server.listen(listener, self._route_at(place), self._context, self._facts_at(place))

    def _route_at(self, place: _Place) -> Route:
        """Give what answers at a place: behind an interface endpoint is one service, behind the internet are all."""
        if not place.endpoint:
            return self._route

        def route(host: str) -> WsgiApplication | None:
            endpoint = self._cloud.interface_endpoints.get(place.endpoint)
            if endpoint is None or not endpoint_serves(self._cloud, endpoint, host):
                return None
            return self._route(host)

        return route

    def _facts_at(self, place: _Place) -> Callable[[str], Mapping[str, Any]]:
        def facts(client: str) -> Mapping[str, Any]:
            if place.endpoint:
                endpoint = self._cloud.interface_endpoints.get(place.endpoint)
                entered = endpoint.vpc if endpoint is not None else ""
                return {"natless.vpc": entered, "natless.endpoint": place.endpoint}
            vpc = self._fabric.vpc_behind(IPv4Address(client))
            return {"natless.vpc": vpc or "", "natless.endpoint": self._gateway_endpoint(vpc, place.address)}

        return facts

    def _gateway_endpoint(self, vpc: str | None, address: str) -> str:
        """Give the gateway endpoint of `vpc` by which a request reached a service's public address, or ""."""
        served = {each.short for each in SERVICES if str(service_address(each, self._cloud)) == address}
        found = [each for each in self._cloud.gateway_endpoints.values() if each.vpc == vpc and each.service in served]
        return found[0].id if found else ""


def _places(cloud: Cloud) -> set[_Place]:
    places = {_Place(INTERNET, str(service_address(service, cloud))) for service in SERVICES}
    for eni in cloud.network_interfaces.values():
        endpoint = cloud.interface_endpoints.get(eni.owner)
        # Before an endpoint is available its interfaces stand, and nothing answers there.
        if endpoint is not None and endpoint.available:
            places |= {_Place(eni.id, str(address), endpoint.id) for address in eni.addresses}
    return places
