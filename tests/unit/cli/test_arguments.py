"""What is typed: in any order, misspelt, or asking for help."""

from __future__ import annotations

import io
from unittest import mock

import pytest
from tests.typed import typed

from natless.cli.arguments import Arguments, Command, Group, run
from natless.cli.main import COMMANDS, natless
from natless.cli.saying import agreed


def every(prog: str, chosen: Command | Group) -> list[str]:
    if isinstance(chosen, Command):
        return [prog]
    return [prog, *(each for name in chosen.lines for each in every(f"{prog} {name}", chosen.opened(name)))]


@pytest.mark.parametrize("command", every("natless", natless))
def test_every_command_has_its_help(command: str) -> None:
    done = typed(*command.split()[1:], "--help")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"usage: {command} ")
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_help_without_a_command_lists_them_and_ends_as_usage() -> None:
    done = typed()
    assert done.exit_code == 2
    assert [name for name in COMMANDS if f"  {name} " not in done.output] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chekc",), "natless: there is no command chekc (is it check?): `natless -h` lists them"),
        (("lab", "braek"), "natless: there is no command braek (is it break?): `natless lab -h` lists them"),
        (("check", "--jsno"), "natless: there is no option --jsno (is it --json?)"),
        (
            ("cost", "--hurs=x", "a", "b"),
            "no option --hurs=x (is it --hours?)\n'b' is one argument too many",
        ),
        (("deploy",), "natless: the following arguments are required: --to"),
        (("run", "--to", "lab"), "natless: the following arguments are required: service"),
        (("deploy", "--to", "moon"), "natless: argument --to: invalid choice: 'moon' (choose from "),
        (("cost", "--hours", "0"), "natless: argument --hours: '0' is no whole number from 1 to 8784"),
        (("check", "--param", "X"), "natless: --param 'X' has no value: write --param NAME=VALUE"),
    ],
)
def test_what_is_misspelt_is_said_with_what_was_meant(words: tuple[str, ...], said: str) -> None:
    done = typed(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""


def test_options_stand_before_between_and_behind_arguments() -> None:
    seen: list[tuple[str, str, bool]] = []

    def command(service: str, path: str, *, loud: bool) -> None:
        seen.append((service, path, loud))

    def takes(arguments: Arguments) -> None:
        arguments.add_argument("service")
        arguments.path()
        arguments.flag("--loud", "...")

    for words in (["--loud", "web", "here"], ["web", "--loud", "here"], ["web", "here", "--loud"], ["web"]):
        run("x", Command(command, takes), words)
    assert seen == [("web", "here", True)] * 3 + [("web", ".", False)]


@pytest.mark.parametrize(
    ("answers", "yes"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False), ("x\ny\n", True)]
)
def test_a_question_is_asked_until_it_is_answered(answers: str, yes: bool) -> None:  # noqa: FBT001 - a column
    with mock.patch("sys.stdin", io.StringIO(answers)), mock.patch("sys.stderr", io.StringIO()) as asked:
        assert agreed("go?") is yes
    assert asked.getvalue().startswith("go? [y/N]: ")
