"""NOUN. What a person writes in natless.toml; every value knows its line.

In: the text of the file. Out: a Spec, or SpecError with every problem, its line and what to write instead.
"""

from natless.spec.model import Count, Instances, Launch, Network, Secret, Service, Spec, Use

__all__ = ["Count", "Instances", "Launch", "Network", "Secret", "Service", "Spec", "Use"]
