"""Pulling an image as Fargate does: manifest from the registry, configuration and layers from where it redirects to."""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import msgspec

from natless.lab.tasks import words
from natless.lab.tasks.reference import ImageReference
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.unpack import LayerError
from natless.lab.tasks.way import Answer, RequestError, Way

_T = TypeVar("_T")
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ACCEPT = ", ".join([*_MANIFESTS, *_INDEXES])
_CHUNK = 1 << 18
_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200
_LARGEST_DOCUMENT = 8 << 20
"""Bytes of a manifest or an image configuration; containerd's own limit is 8 MiB."""


class Image(msgspec.Struct, frozen=True):
    """A pulled image: its root folder, its configuration (`Entrypoint`, `Cmd`, `Env`, ...) and its digest."""

    root: Path
    configuration: Mapping[str, Any]
    digest: str


class _ProblemError(Exception):
    """One try at a piece of an image failed. `final` says that trying again is no use."""

    def __init__(self, text: str, *, final: bool) -> None:
        super().__init__(text)
        self.final = final


class Puller(msgspec.Struct, frozen=True):
    """Pulls images over one task's way. `authorization` is the registry's header, "" for none; `scratch` a folder."""

    way: Way
    authorization: str
    architecture: str
    trees: Trees
    scratch: str

    def pull(self, reference: ImageReference) -> Image:
        """Give an image; raises words.StartError."""
        manifest, digest = self._resolve(reference)
        try:
            layers = tuple((str(each["digest"]), int(each["size"])) for each in manifest["layers"])
            described = str(manifest["config"]["digest"])
        except (KeyError, TypeError, ValueError) as error:
            raise words.layer("failed to unpack image: the manifest names no layers", 1) from error
        configuration = json.loads(self._try(lambda: self._document(reference, described), words.layer))
        return Image(self._tree(reference, layers), configuration.get("config") or {}, digest)

    def _resolve(self, reference: ImageReference) -> tuple[dict[str, Any], str]:
        """Give the manifest for this platform, and its digest."""

        def worded(problem: str, tries: int) -> words.StartError:
            return words.manifest(reference.text, problem, tries)

        self._try(lambda: self._manifest("HEAD", reference, reference.version), worded)
        document, digest = self._try(lambda: self._manifest("GET", reference, reference.version), worded)
        if "manifests" not in document:
            return document, digest
        wanted = f"linux/{self.architecture}"
        for each in document["manifests"]:
            platform = each.get("platform", {})
            if f"{platform.get('os')}/{platform.get('architecture')}" == wanted:
                return self._try(functools.partial(self._manifest, "GET", reference, str(each["digest"])), worded)
        raise words.platform(wanted)

    def _manifest(self, method: str, reference: ImageReference, version: str) -> tuple[dict[str, Any], str]:
        url = f"https://{reference.host}/v2/{reference.name}/manifests/{version}"
        with self._send(method, url, {"Accept": _ACCEPT, **self._authorized()}) as answer:
            if answer.status == 404:  # noqa: PLR2004 - Not Found
                raise _ProblemError(f"{reference.text}: not found", final=True)
            if answer.status != _OK:
                status = f"{answer.status} {answer.reason}"
                problem = f"pulling from host {reference.host} failed with status code [manifests {version}]: {status}"
                raise _ProblemError(problem, final=answer.status < 500)  # noqa: PLR2004 - the server's own fault
            if method == "HEAD":
                return {}, ""
            text = answer.read(_LARGEST_DOCUMENT)
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        if version.startswith("sha256:") and digest != version:
            raise _ProblemError(
                f"unexpected commit digest {digest}, expected {version}: failed precondition", final=True
            )
        document = json.loads(text)
        return document, digest

    def _document(self, reference: ImageReference, digest: str) -> bytes:
        with self._blob(reference, digest) as answer:
            text = answer.read(_LARGEST_DOCUMENT)
        if f"sha256:{hashlib.sha256(text).hexdigest()}" != digest:
            raise _ProblemError(f"failed to copy: unexpected commit digest, expected {digest}", final=True)
        return text

    def _tree(self, reference: ImageReference, layers: tuple[tuple[str, int], ...]) -> Path:
        digests = tuple(digest for digest, _ in layers)
        keep = not self.trees.holds(digests)
        with tempfile.TemporaryDirectory(prefix="pull-", dir=self.scratch) as folder:
            files = tuple(Path(folder, str(number)) for number in range(len(layers)))
            for (digest, size), file in zip(layers, files, strict=True):
                fetch = functools.partial(self._fetch, reference, digest, size, file, keep=keep)
                self._try(fetch, words.layer)
            try:
                return self.trees.make(digests, files) if keep else self.trees.folder(digests)
            except LayerError as error:
                raise words.layer(f"failed to extract layer: {error}", 1) from error

    def _fetch(self, reference: ImageReference, digest: str, size: int, file: Path, *, keep: bool) -> None:
        """Fetch one layer and hold it against its digest and size; write it to `file` where it is wanted."""
        seen, length = hashlib.sha256(), 0
        with self._blob(reference, digest) as answer, file.open("wb") as out:
            try:
                while chunk := answer.read(_CHUNK):
                    seen.update(chunk)
                    length += len(chunk)
                    if length > size:
                        break
                    if keep:
                        out.write(chunk)
            except ConnectionError as error:
                raise _ProblemError(f"failed to copy: httpReadSeeker: {error}", final=False) from error
            except OSError as error:
                raise _ProblemError(
                    f"failed to copy: {error.strerror or 'i/o timeout'}".lower(), final=False
                ) from error
        if length != size or f"sha256:{seen.hexdigest()}" != digest:
            problem = f"unexpected commit digest sha256:{seen.hexdigest()}, expected {digest}: failed precondition"
            raise _ProblemError(f"failed to copy: {problem}", final=True)

    def _blob(self, reference: ImageReference, digest: str) -> Answer:
        """Ask the registry for a blob and go where it sends: for ECR that is the layer bucket in S3."""
        url = f"https://{reference.host}/v2/{reference.name}/blobs/{digest}"
        headers = self._authorized()
        for _ in range(5):
            try:
                answer = self._send("GET", url, headers)
            except _ProblemError as error:
                raise _ProblemError(f"failed to copy: httpReadSeeker: failed open: {error}", final=False) from error
            if answer.status == _OK:
                return answer
            with answer:
                if answer.status not in _REDIRECTS:
                    problem = f"unexpected status code {url}: {answer.status} {answer.reason}"
                    final = answer.status < 500  # noqa: PLR2004 - the server's own fault
                    raise _ProblemError(f"failed to copy: httpReadSeeker: failed open: {problem}", final=final)
                url, headers = urljoin(url, answer.headers.get("location", "")), {}
        raise _ProblemError("failed to copy: httpReadSeeker: failed open: too many redirects", final=True)

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        try:
            return self.way.request(method, url, headers)
        except RequestError as error:
            raise _ProblemError(f"failed to do request: {error}", final=False) from error

    def _authorized(self) -> dict[str, str]:
        return {"Authorization": self.authorization} if self.authorization else {}

    def _try(self, action: Callable[[], _T], worded: Callable[[str, int], words.StartError]) -> _T:
        """Do `action`, again after a passing problem as often as ECS does; the last problem is worded and raised."""
        for attempt in range(self.way.patience.retries + 1):
            try:
                return action()
            except _ProblemError as error:
                if error.final or attempt == self.way.patience.retries:
                    raise worded(str(error), max(attempt, 1)) from error
            except ValueError as error:
                raise worded(f"failed to decode: {error}", max(attempt, 1)) from error
            time.sleep(self.way.patience.pause)
        raise AssertionError
