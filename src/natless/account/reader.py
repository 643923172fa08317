"""One reader of describe calls: all pages, many calls at once, refusals written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from natless.account.session import Connect, advice

_T = TypeVar("_T")
_R = TypeVar("_R")


class Reader:
    """Reads an account. `found` is the snapshot's lists by key, `denied` the refusals by key.

    A key that was refused in part stands in both: what was read, and that it is not all.
    """

    def __init__(self, connect: Connect, services: Iterable[str], pool: ThreadPoolExecutor) -> None:
        """Make the clients of `services` now, in one thread, as sessions need; `pool` runs single calls only."""
        self._clients = {service: connect(service) for service in services}
        self._pool = pool
        self.found: dict[str, Any] = {}
        self.denied: dict[str, str] = {}

    def region(self) -> str:
        """Give the region the clients speak to."""
        return str(next(iter(self._clients.values())).meta.region_name)

    def one(
        self, key: str, service: str, operation: str, *, absent: str = "", **arguments: Any
    ) -> Mapping[str, Any] | None:
        """Make one call. None where AWS refuses it; the refusal is written down under `key`.

        `absent` is the error code by which AWS says that the thing does not stand: an answer, not a refusal.
        """
        try:
            answer: Mapping[str, Any] = getattr(self._clients[service], operation)(**arguments)
        except ClientError as error:
            if not absent or error.response.get("Error", {}).get("Code") != absent:
                self._refuse(key, operation, error)
            return None
        return answer

    def pages(self, key: str, service: str, operation: str, result: str, **arguments: Any) -> list[Any]:
        """Make a call and read the list `result` of all its pages: up to a refusal, written down under `key`."""
        items: list[Any] = []
        self._extend(items, key, service, operation, result=result, arguments=arguments)
        return items

    def whole(self, key: str, service: str, operation: str, result: str, **arguments: Any) -> list[Any] | None:
        """Do as `pages`, but give None where AWS refused any page."""
        items: list[Any] = []
        return items if self._extend(items, key, service, operation, result=result, arguments=arguments) else None

    def _extend(
        self, items: list[Any], key: str, service: str, operation: str, *, result: str, arguments: Mapping[str, Any]
    ) -> bool:
        client = self._clients[service]
        try:
            if client.can_paginate(operation):
                for page in client.get_paginator(operation).paginate(**arguments):
                    items.extend(page.get(result, ()))
            else:
                items.extend(getattr(client, operation)(**arguments).get(result, ()))
        except ClientError as error:
            self._refuse(key, operation, error)
            return False
        return True

    def each(self, function: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
        """Apply `function`, which makes single calls, to each item: at once, answers in the items' order."""
        todo = list(items)
        if len(todo) == 1:
            return [function(todo[0])]
        return list(self._pool.map(function, todo))

    def keep(self, key: str, items: list[Any]) -> list[Any]:
        """Put a list into the snapshot, unless it was refused whole, and give it back."""
        if items or key not in self.denied:
            self.found[key] = items
        return items

    def _refuse(self, key: str, operation: str, error: ClientError) -> None:
        if advice(error) is not None:  # nothing at all can be read with these credentials
            raise error
        detail = error.response.get("Error", {})
        self.denied[key] = f"{operation}: {detail.get('Code', 'Unknown')}: {detail.get('Message', '')}"
