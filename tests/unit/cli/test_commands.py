"""The command line as a person (or a pipeline) meets it: whole processes, their outputs and exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.load.cloudformation.test_several_stacks import IMPORTS, network, service

NATLESS = Path(sys.executable).parent / "natless"
ROOT = Path(__file__).parents[3]
HELLO = ROOT / "examples" / "hello"

# docs/check-json.md, by hand: what others read.
VERDICT_KEYS = {"task", "need", "verdict", "gate", "rule", "reason"}
FINDING_KEYS = {"rule", "name", "severity", "subject", "file", "line", "message", "symptom", "fix"}


def natless(*arguments: str | Path, expect: int = 0, cwd: Path = ROOT, stdin: str = "") -> tuple[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [NATLESS, *arguments], cwd=cwd, capture_output=True, text=True, input=stdin, env=clean, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == expect, (done.stdout, done.stderr)
    return done.stdout, done.stderr


def template(tmp_path: Path, change: Any) -> Path:
    """Write hello's template with something changed."""
    document = json.loads(natless("template", HELLO)[0])
    change(document)
    path = tmp_path / "template.json"
    path.write_text(json.dumps(document, indent=2))
    return path


def test_hello_is_proved_with_every_need_and_its_way() -> None:
    said, _ = natless("check", "examples/hello")
    for need in ("image-source", "ecr.api", "ecr.dkr", "s3-layers", "logs", "internet->alb", "alb->task"):
        assert re.search(rf"reachable  {re.escape(need)} +\S+", said), need
    assert re.search(r"blocked +task->internet", said)
    assert said.endswith("examples/hello/natless.toml: reachable: 8 of 8 promises hold\n")


def test_json_keeps_its_contract() -> None:
    found = json.loads(natless("check", "examples/hello", "--json")[0])
    assert set(found) == {"source", "verdict", "verdicts", "findings", "gaps"}
    assert found["source"] == "examples/hello/natless.toml"
    assert found["verdict"] == "reachable"
    assert all(set(each) == VERDICT_KEYS for each in found["verdicts"])
    assert {each["task"] for each in found["verdicts"]} == {"WebTaskDefinition"}


def test_a_template_without_an_endpoint_is_blocked_with_place_and_fix(tmp_path: Path) -> None:
    def without(document: dict[str, Any]) -> None:
        del document["Resources"]["LogsEndpoint"]
        service = document["Resources"]["WebService"]
        service["DependsOn"] = [each for each in service["DependsOn"] if each != "LogsEndpoint"]

    path = template(tmp_path, without)
    arguments = ("--param", "S3PrefixListId=pl-78a54011", "--region", "ap-northeast-2")
    found = json.loads(natless("check", path, *arguments, "--json", expect=1)[0])
    assert found["verdict"] == "blocked"
    [blocked] = [each for each in found["verdicts"] if each["need"] == "logs"]
    assert (blocked["verdict"], blocked["rule"]) == ("blocked", "NL401")
    assert blocked["gate"] in {"PrivateRouteTable1", "PrivateRouteTable2"}
    [finding] = [each for each in found["findings"] if each["rule"] == "NL401"]
    assert set(finding) == FINDING_KEYS
    assert finding["file"] == str(path)
    line = path.read_text().splitlines()[finding["line"] - 1]
    assert finding["subject"] in line
    assert "AWS::EC2::VPCEndpoint" in finding["fix"]


def test_six_mistakes_give_six_places(tmp_path: Path) -> None:
    spec = tmp_path / "natless.toml"
    spec.write_text(
        'name = "Hello World"\n'
        'region = "mars"\n'
        "[network]\n"
        'cidr = "10.0.0.0/33"\n'
        "zoness = 2\n"
        "[services.web]\n"
        'build = "."\n'
        'port = "8080"\n'
        "cpu = 300\n"
    )
    out, said = natless("check", spec, expect=2)
    assert out == ""
    places = re.findall(rf"^{re.escape(str(spec))}:(\d+): error NL0\d\d", said, re.MULTILINE)
    assert places == ["1", "2", "4", "5", "8", "9"]
    found = json.loads(natless("check", spec, "--json", expect=2)[0])
    assert [each["line"] for each in found["findings"]] == [1, 2, 4, 5, 8, 9]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "nowhere"), "does not exist"),
        (("check", "lab:"), "names no cluster"),
        (("check", "tests"), "holds neither natless.toml nor describe JSON"),
        (("check", "LICENSE"), ""),
        (("check", "examples/hello", "--param", "Broken"), "write --param NAME=VALUE"),
        (("deploy", "examples/hello"), "--to"),
        (("logs", "examples/hello", "--to", "lab", "--since", "soon"), "is no duration"),
        (("deploy", "examples/hello", "--to", "lab", "--region", "eu-west-1"), "is not examples/hello/natless.toml's"),
        (("init", "examples/hello"), "stands already"),
        (("exec", "web", "examples/hello"), "--to"),
        (("exec", "web", "examples/hello", "--to", "lab", "--command", " "), "--command is empty"),
        (("run", "web", "examples/hello", "--to", "lab", "--command", "echo 'half"), "No closing quotation"),
    ],
)
def test_bad_usage_ends_with_2_and_words(arguments: tuple[str, ...], words: str) -> None:
    _, said = natless(*arguments, expect=2)
    assert words in said
    assert said.strip()


def test_several_templates_are_stacks_deployed_together(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(network())
    (tmp_path / "svc.yaml").write_text(service(IMPORTS))
    given = ("net.yaml", "svc.yaml", "--region", "ap-northeast-2", "--account", "123456789012")
    said, _ = natless("check", *given, cwd=tmp_path)
    assert said.endswith("net.yaml, svc.yaml: reachable: 6 of 6 promises hold\n")
    found = json.loads(natless("check", *given, "--json", cwd=tmp_path)[0])
    assert found["source"] == "net.yaml, svc.yaml"
    (tmp_path / "net.yaml").write_text("Resources: 1")
    found = json.loads(natless("check", *given, "--json", cwd=tmp_path, expect=2)[0])
    assert {each["file"] for each in found["findings"]} == {"net.yaml"}


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (("examples/hello/natless.toml", "examples/hello"), "examples/hello/natless.toml is no template"),
        (("LICENSE", "LICENSE"), "LICENSE is given twice"),
        (("LICENSE", "lab:hello"), "lab:hello is no template"),
    ],
)
def test_several_paths_are_templates(paths: tuple[str, ...], words: str) -> None:
    assert words in natless("check", *paths, expect=2)[1]


def test_init_writes_what_check_reads(tmp_path: Path) -> None:
    folder = tmp_path / "My App_2"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nEXPOSE 9000\n")
    natless("init", folder, "--region", "eu-west-1")
    assert "port = 9000" in (folder / "natless.toml").read_text()
    assert "reachable" in natless("check", folder)[0]


def test_explain_takes_a_code_a_name_a_text_and_standard_input() -> None:
    by_code, _ = natless("explain", "NL401")
    by_name, _ = natless("explain", "endpoint-missing")
    assert by_code == by_name
    assert "## How to mend it" in by_code
    assert "yaml bad" not in by_code  # the tests' fragments
    text = (
        "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: "
        'failed to do request: Get "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/x": '
        "dial tcp 52.217.1.1:443: i/o timeout"
    )
    pasted, _ = natless("explain", text)
    assert "S3" in pasted
    assert natless("explain", stdin=text)[0] == pasted
    _, said = natless("explain", "the weather is fine", expect=1)
    assert "nothing is known" in said


def test_no_lab_is_said_with_the_line_to_run() -> None:
    lonely = {**os.environ, "NATLESS_LAB": f"none-{os.getpid()}"}
    done = subprocess.run([NATLESS, "lab", "status"], env=lonely, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "natless lab up" in done.stderr


def test_check_imports_nothing_heavy() -> None:
    """The budget of `check`: what may be imported is listed, so that a slow import is seen when it comes in."""
    heavy = {
        "asyncio",
        "boto3",
        "botocore",
        "dataclasses",
        "importlib.metadata",
        "inspect",
        "json",
        "logging",
        "rich",
        "shutil",
        "subprocess",
        "typing_extensions",
        "yaml",
    }
    program = (
        "import sys, contextlib\n"
        "sys.argv = ['natless', 'check', 'examples/hello']\n"
        "from natless.cli.main import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert heavy & set(done.stderr.split()) == set()


def test_readme_and_help_name_the_same_commands() -> None:
    said, _ = natless("--help")
    listed = set(re.findall(r"^  ([a-z]+) {2,}", said, re.MULTILINE))
    typed = "".join(re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))
    written = set(re.findall(r"^natless ([a-z]+)", typed, re.MULTILINE))
    assert written
    assert written <= listed


def test_a_folder_of_describe_json_is_read_as_the_aws_cli_prints_it(tmp_path: Path) -> None:
    (tmp_path / "Vpcs.json").write_text('{"Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16"}]}')
    (tmp_path / "Services.json").write_text('{"services": []}')
    (tmp_path / "Subnets.json").write_text("[]")
    found = json.loads(natless("check", tmp_path, "--json", expect=3)[0])
    assert found["verdict"] == "unknown"
    (tmp_path / "Vpcs.json").write_text("{")
    _, said = natless("check", tmp_path, expect=2)
    assert "Vpcs.json is not JSON" in said


@pytest.mark.parametrize(
    ("option", "value"), [("--region", "us-east1"), ("--region", "Ireland"), ("--account", "12"), ("--account", "me")]
)
def test_a_misspelt_region_or_account_is_refused_and_never_proved_against(option: str, value: str) -> None:
    # In `us-east1` no endpoint is of this region: each need would seem blocked.
    _, said = natless("check", ROOT / "tests/others/network.yaml", option, value, expect=2)
    assert f"{option} {value}: " in said


@pytest.mark.parametrize(
    "arguments", [("check", "examples/hello"), ("explain", "NL201"), ("template", "examples/hello")]
)
def test_a_full_disk_is_said_in_words(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [NATLESS, *arguments], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 4
    assert done.stderr == "natless: the answer cannot be written: No space left on device\n"


def test_closed_streams_are_no_traceback() -> None:
    for closed in (">&-", "2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$0" check examples/hello {closed}', NATLESS],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_is_no_text_and_a_terminal_of_another_encoding_are_no_traceback(tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/net\xff.yaml")
    Path(odd).write_bytes((ROOT / "tests/others/network.yaml").read_bytes())
    for arguments in (("check", odd), ("check", odd, "--json"), ("explain",)):
        done = subprocess.run(
            [NATLESS, *arguments],
            env=os.environ | {"PYTHONIOENCODING": "latin-1"},
            input=b"\xff exec format error",
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.returncode == 0
        assert done.stdout


def test_explain_without_a_standard_input_says_what_it_takes() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" explain <&-', NATLESS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "nothing is known of this text" in done.stderr
