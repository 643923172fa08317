"""Pulling an image as Fargate does: manifest from the registry, configuration and layers from where it redirects to."""

from __future__ import annotations

import errno
import functools
import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import msgspec

from natless.lab.tasks import documents, words
from natless.lab.tasks.documents import Descriptor, Document, DocumentError
from natless.lab.tasks.reference import ImageReference
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.unpack import LayerError
from natless.lab.tasks.way import Answer, RequestError, Way

_T = TypeVar("_T")
_ACCEPT = ", ".join([*documents.MANIFESTS, *documents.INDEXES])
_CHUNK = 1 << 18
_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200


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
        if manifest.config is None or not manifest.layers:
            raise words.layer("failed to unpack image: the manifest names no layers", 1)
        described, count = manifest.config.digest, len(manifest.layers)
        text = self._try(lambda: self._document(reference, described), words.layer)
        try:
            configuration = documents.read_configuration(text, count)
        except DocumentError as error:
            raise words.layer(f"failed to unpack image: {error}", 1) from error
        unpacked = configuration.rootfs.diff_ids if configuration.rootfs else ()
        return Image(self._tree(reference, manifest.layers, unpacked), configuration.settings, digest)

    def _resolve(self, reference: ImageReference) -> tuple[Document, str]:
        """Give the manifest for this platform, and its digest."""

        def worded(problem: str, tries: int) -> words.StartError:
            return words.manifest(reference.text, problem, tries)

        self._try(lambda: self._manifest("HEAD", reference, reference.version), worded)
        document, digest = self._try(lambda: self._manifest("GET", reference, reference.version), worded)
        if document.manifests is None:
            return document, digest
        wanted = f"linux/{self.architecture}"
        for each in document.manifests:
            if f"{each.platform.os}/{each.platform.architecture}" == wanted:
                return self._try(functools.partial(self._manifest, "GET", reference, each.digest), worded)
        raise words.platform(wanted)

    def _manifest(self, method: str, reference: ImageReference, version: str) -> tuple[Document, str]:
        url = f"https://{reference.host}/v2/{reference.name}/manifests/{version}"
        with self._send(method, url, {"Accept": _ACCEPT, **self._authorized()}) as answer:
            if answer.status == 404:  # noqa: PLR2004 - Not Found
                raise _ProblemError(f"{reference.text}: not found", final=True)
            if answer.status != _OK:
                status = f"{answer.status} {answer.reason}"
                problem = f"pulling from host {reference.host} failed with status code [manifests {version}]: {status}"
                raise _ProblemError(problem, final=answer.status < 500)  # noqa: PLR2004 - the server's own fault
            if method == "HEAD":
                return Document(), ""
            text = _whole(answer, "manifest")
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        if version.startswith("sha256:") and digest != version:
            raise _ProblemError(
                f"unexpected commit digest {digest}, expected {version}: failed precondition", final=True
            )
        return documents.read_document(text), digest

    def _document(self, reference: ImageReference, digest: str) -> bytes:
        with self._blob(reference, digest) as answer:
            text = _whole(answer, "configuration")
        if f"sha256:{hashlib.sha256(text).hexdigest()}" != digest:
            raise _ProblemError(f"failed to copy: unexpected commit digest, expected {digest}", final=True)
        return text

    def _tree(self, reference: ImageReference, layers: tuple[Descriptor, ...], unpacked: tuple[str, ...]) -> Path:
        digests = tuple(layer.digest for layer in layers)
        keep = not self.trees.holds(digests)
        with tempfile.TemporaryDirectory(prefix="pull-", dir=self.scratch) as folder:
            files = tuple(Path(folder, str(number)) for number in range(len(layers)))
            for layer, file in zip(layers, files, strict=True):
                fetch = functools.partial(self._fetch, reference, layer, file, keep=keep)
                self._try(fetch, words.layer)
            try:
                return self.trees.make(digests, files, unpacked) if keep else self.trees.folder(digests)
            except LayerError as error:
                raise words.layer(f"failed to extract layer {error.layer}: {error}", 1) from error

    def _fetch(self, reference: ImageReference, layer: Descriptor, file: Path, *, keep: bool) -> None:
        """Fetch one layer and hold it against its digest and size; write it to `file` where it is wanted."""
        seen, length = hashlib.sha256(), 0
        with self._blob(reference, layer.digest) as answer, file.open("wb") as out:
            try:
                while chunk := answer.read(_CHUNK):
                    seen.update(chunk)
                    length += len(chunk)
                    if length > layer.size:
                        break
                    if keep:
                        out.write(chunk)
            except ConnectionError as error:
                raise _ProblemError(f"failed to copy: httpReadSeeker: {error}", final=False) from error
            except OSError as error:
                full = error.errno == errno.ENOSPC  # trying again would only fill it again
                problem = f"failed to copy: {error.strerror or 'i/o timeout'}".lower()
                raise _ProblemError(problem, final=full) from error
        if length != layer.size:
            said = "more" if length > layer.size else length
            problem = f"unexpected commit size {said}, expected {layer.size}: failed precondition"
            raise _ProblemError(f"failed to copy: {problem}", final=True)
        if f"sha256:{seen.hexdigest()}" != layer.digest:
            problem = (
                f"unexpected commit digest sha256:{seen.hexdigest()}, expected {layer.digest}: failed precondition"
            )
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
            except DocumentError as error:
                raise worded(str(error), max(attempt, 1)) from error
            time.sleep(self.way.patience.pause)
        raise AssertionError


def _whole(answer: Answer, name: str) -> bytes:
    """Read a document whole, or refuse it for its size."""
    try:
        text = answer.read(documents.LARGEST + 1)
    except OSError as error:
        raise _ProblemError(f"failed to copy: httpReadSeeker: {str(error) or 'i/o timeout'}", final=False) from error
    if len(text) > documents.LARGEST:
        raise _ProblemError(f"rejecting {name}: more than {documents.LARGEST} bytes: invalid argument", final=True)
    return text
