"""What must stand before what: the order of a template's resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from natless.lab.engine.template import Template, TemplateError, depends_on, references


def edges(resources: Mapping[str, Template]) -> dict[str, frozenset[str]]:
    """Give for each resource the resources that must be complete before it starts: references and DependsOn."""
    return {
        name: frozenset(
            other
            for other in {*references(resource.get("Properties") or {}), *depends_on(resource)}
            if other in resources and other != name
        )
        for name, resource in resources.items()
    }


def in_order(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """Give the resources so that each comes after those it waits for; the graph has no circle."""
    order: dict[str, None] = {}
    while len(order) < len(graph):
        order |= dict.fromkeys(name for name, needed in graph.items() if needed <= order.keys())
    return list(order)


def check_no_circle(graph: Mapping[str, frozenset[str]]) -> None:
    """Refuse a graph in which a resource waits for itself."""
    left = dict(graph)
    while left:
        free = [name for name, needed in left.items() if not any(one in left for one in needed)]
        if not free:
            raise TemplateError(f"Circular dependency between resources: [{', '.join(sorted(left))}]")
        for name in free:
            del left[name]


def dependents(graph: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Give for each resource those that wait for it, directly or through others."""
    direct: dict[str, set[str]] = {name: set() for name in graph}
    for name, needed in graph.items():
        for one in needed:
            direct[one].add(name)
    return {name: frozenset(_reach(direct, direct[name])) for name in graph}


def _reach(direct: Mapping[str, set[str]], start: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    queue = list(start)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue.extend(direct[name])
    return seen
