"""build: with the builder that works here (buildah in CI), and with stand-ins for those that need a daemon."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.unit.deploy.images.images_by_hand import as_docker, layer, write

from natless.deploy.images import BuildDone, BuildOutput, BuildStarted, ImageError, ImageEvent, build, builders
from natless.deploy.images.layers import pack

DOCKERFILE = 'FROM scratch\nCOPY page /www/index.html\nEXPOSE 8080\nUSER 1000\nCMD ["/server"]\n'
SHELL, COPY, SLEEP = (shutil.which(name) for name in ("sh", "cp", "sleep"))
NOBODY = 65534


def folder(top: Path, dockerfile: str = DOCKERFILE) -> str:
    made = top / "app"
    made.mkdir()
    (made / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (made / "page").write_text("hello\n", encoding="utf-8")
    (made / "ignored").write_text("no\n", encoding="utf-8")
    return str(made)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that alone is searched for programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    return programs


def stand_in(programs: Path, name: str, script: str) -> None:
    path = programs / name
    path.write_text(f"#!{SHELL}\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.usefixtures("cache")
def test_a_dockerfile_becomes_an_image(tmp_path: Path) -> None:
    events: list[ImageEvent] = []
    image = build(folder(tmp_path), str(tmp_path), progress=events.append)
    settings = json.loads(image.config)
    assert (settings["os"], settings["architecture"]) == ("linux", "amd64")
    assert settings["config"]["User"] == "1000"
    assert settings["config"]["Cmd"] == ["/server"]
    [top] = image.layers
    pack(image.archive, top, tmp_path / "layer.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress((tmp_path / "layer.tar.gz").read_bytes()))) as found:
        page = found.extractfile("www/index.html")
        assert page
        assert page.read() == b"hello\n"
    assert isinstance(events[0], BuildStarted)
    assert events[-1] == BuildDone(image.config_digest, 1, top.size)


@pytest.mark.usefixtures("cache")
def test_the_same_folder_is_the_same_image(tmp_path: Path) -> None:
    app = folder(tmp_path)
    first, second = build(app, str(tmp_path)), build(app, str(tmp_path))
    assert first == second
    Path(app, "page").write_text("changed\n", encoding="utf-8")
    assert build(app, str(tmp_path)).config_digest != first.config_digest


@pytest.mark.usefixtures("cache")
def test_a_build_that_fails_says_what_the_builder_said(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        build(folder(tmp_path, "FROM scratch\nCOPY nothing /\n"), str(tmp_path))
    assert "nothing" in "\n".join(caught.value.evidence)


def test_a_user_without_subordinate_ids_and_home() -> None:
    # A new place: pytest's own is closed to other users. Who is not root can only be who they are.
    top = Path(subprocess.run(["mktemp", "-d"], capture_output=True, check=True, text=True).stdout.strip())
    nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if os.geteuid() == 0 else ()
    try:
        archive = top / "image.tar"
        found = builders._buildah(folder(top), str(archive), "linux/amd64", f"{top}/store")
        for step in (*found.steps, found.cleaning):
            if nobody:
                os.chown(top, NOBODY, NOBODY)
            clean = (*nobody, "env", "-i", f"PATH={os.environ['PATH']}", "HOME=/nonexistent")
            done = subprocess.run([*clean, *step], capture_output=True, text=True, check=False, cwd=top)
            assert done.returncode == 0, done.stderr
        assert tarfile.is_tarfile(archive)
    finally:
        # buildah leaves folders that not even their owner may write to.
        subprocess.run(["chmod", "--recursive", "u+rwX", top], check=True)
        shutil.rmtree(top)


def test_no_dockerfile(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has no Dockerfile"):
        build(str(tmp_path), str(tmp_path))


def test_no_builder_at_all(tmp_path: Path, program: Path) -> None:
    stand_in(program, "docker", "echo 'Cannot connect to the Docker daemon at unix:///x.' >&2; exit 1")
    with pytest.raises(ImageError) as caught:
        build(folder(tmp_path), str(tmp_path))
    assert caught.value.evidence == (
        "  docker: Cannot connect to the Docker daemon at unix:///x.",
        "  podman: not installed",
        "  buildah: not installed",
    )
    assert "apt-get install --yes --no-install-recommends buildah" in caught.value.advice


def test_docker_where_its_daemon_answers(tmp_path: Path, program: Path) -> None:
    ready = write(tmp_path, as_docker(layer(a=b"1")))
    Path(ready).rename(tmp_path / "ready.tar")
    script = f"""echo "$*" >>{tmp_path}/calls
case "$1" in
version) echo 27.0.1 ;;
buildx) echo "step 1"; echo "step 2" >&2 ;;
save) {COPY} {tmp_path}/ready.tar "$3" ;;
esac"""
    stand_in(program, "docker", script)
    events: list[ImageEvent] = []
    app = folder(tmp_path)
    image = build(app, str(tmp_path), progress=events.append)
    assert len(image.layers) == 1
    assert events[:3] == [BuildStarted("docker", app), BuildOutput("step 1"), BuildOutput("step 2")]
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    name = calls[2].split()[-2]
    options = "--load --provenance=false --sbom=false --platform linux/amd64 --tag"
    assert calls[2] == f"buildx build {options} {name} {app}"
    assert calls[3] == f"save --output {tmp_path}/image.tar {name}"


def test_docker_without_buildx(tmp_path: Path, program: Path) -> None:
    stand_in(program, "docker", f'echo "$*" >>{tmp_path}/calls; [ "$1" = version ]')
    with pytest.raises(ImageError, match="docker ended with 1: docker build --platform linux/amd64"):
        build(folder(tmp_path), str(tmp_path))


def test_cleaning_up_may_fail_beside_another_build(tmp_path: Path, program: Path) -> None:
    ready = write(tmp_path, as_docker(layer(a=b"1")))
    Path(ready).rename(tmp_path / "ready.tar")
    script = f"""case "$*" in
*prune*) echo "image not known" >&2; exit 125 ;;
*push*) {COPY} {tmp_path}/ready.tar {tmp_path}/image.tar ;;
esac"""
    stand_in(program, "buildah", script)
    assert len(build(folder(tmp_path), str(tmp_path)).layers) == 1


def test_podman_comes_before_buildah(tmp_path: Path, program: Path) -> None:
    stand_in(program, "podman", 'echo "$*"; [ "$1" = info ]')
    stand_in(program, "buildah", "exit 0")
    with pytest.raises(ImageError, match="podman ended with 1: podman build --format docker --platform linux/amd64"):
        build(folder(tmp_path), str(tmp_path))


def test_run_without_subordinate_ids_says_the_line(tmp_path: Path, program: Path) -> None:
    # What buildah 1.28 prints for a user who is not in /etc/subuid.
    text = "error setting supplemental groups list: operation not permitted"
    stand_in(program, "buildah", f'[ "$1" = version ] || {{ echo "{text}" >&2; exit 1; }}')
    with pytest.raises(ImageError, match="sudo usermod --add-subuids"):
        build(folder(tmp_path), str(tmp_path))


def test_the_builder_is_ended_where_the_watcher_stops(tmp_path: Path, program: Path) -> None:
    stand_in(program, "podman", f'[ "$1" = info ] || {{ echo $$; exec {SLEEP} 600; }}')
    seen: list[int] = []

    def stop(event: ImageEvent) -> None:
        if isinstance(event, BuildOutput):
            seen.append(int(event.line))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(folder(tmp_path), str(tmp_path), progress=stop)
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)
