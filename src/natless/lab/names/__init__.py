"""DNS as each VPC has it: private names of interface endpoints, load balancers, and AWS's public names."""

from natless.lab.names.public import public_address
from natless.lab.names.server import Names
from natless.lab.names.view import name_servers, resolv_conf, resolve

__all__ = ["Names", "name_servers", "public_address", "resolv_conf", "resolve"]
