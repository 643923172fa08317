"""Load balancers: haproxy at the ENIs of each, health checks from there, AWS's answers where targets give none.

In: the account's ELBv2 and the Cloud that the fabric stands on. Out: processes, and what DescribeTargetHealth says.
"""

from natless.lab.balancer.balancer import Balancer

__all__ = ["Balancer"]
