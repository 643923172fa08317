"""What commands take: argparse in this command line's words, and how a command is found by its name."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

_WIDEST = 100
"""Columns of a help page: longer lines are hard to read, however wide the terminal is."""


class UsageError(Exception):
    """What was typed cannot be used; the words say what is wrong and what to write instead. A command ends with 2."""


class Arguments(argparse.ArgumentParser):
    """What one command takes."""

    def __init__(self, prog: str, says: str) -> None:
        """`prog` is the command as it is typed; `says` its help in paragraphs."""
        super().__init__(prog=prog, description=says, formatter_class=_Paragraphs, allow_abbrev=False)

    def flag(self, name: str, says: str, dest: str | None = None) -> None:
        """Take an option that is there or not."""
        self.add_argument(name, action="store_true", help=says, dest=dest or name.lstrip("-").replace("-", "_"))

    def path(self, name: str = "path") -> None:
        """Take the folder that nearly every command works on: by default this one."""
        self.add_argument(name, nargs="?", default=".", metavar=name.upper())

    def read(self, words: Sequence[str]) -> dict[str, Any]:
        """Give every value by its name, options and arguments in any order. Raises UsageError."""
        given, unknown = self.parse_known_intermixed_args(words)
        if unknown:
            self.error("\n".join(self._unknown(word) for word in unknown))
        return vars(given)

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong, with the line of usage below it."""
        raise UsageError(f"{message}\n{self.format_usage().strip()}")

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word!r} is one argument too many"
        return f"there is no option {word}" + _nearest(word.partition("=")[0], self._option_string_actions)


class _Paragraphs(argparse.HelpFormatter):
    """Fills each paragraph of a docstring by itself."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(_columns(), _WIDEST) - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        import textwrap  # noqa: PLC0415 - read only where help is asked for

        del indent
        # A paragraph that is set in is a list, and keeps its lines.
        return "\n\n".join(each if each.startswith(" ") else textwrap.fill(each, width) for each in text.split("\n\n"))


def _columns() -> int:
    """Give the terminal's columns; argparse asks for them with every option, and by itself imports shutil for it."""
    try:
        return os.get_terminal_size(1).columns or _WIDEST
    except OSError:
        return _WIDEST


class Command(NamedTuple):
    """What a command does, by keyword, and what it takes. The docstring of what it does is its help."""

    run: Callable[..., None]
    takes: Callable[[Arguments], None] | None = None

    @property
    def says(self) -> str:
        """Give its help, in paragraphs."""
        return "\n".join(line.removeprefix("    ") for line in (self.run.__doc__ or "").splitlines()).strip()

    @property
    def line(self) -> str:
        """Give the first sentence of it."""
        return self.says.partition("\n")[0].partition(". ")[0].rstrip(".")


class Group(NamedTuple):
    """Commands by name: each with its line, in the order of the work. Each is opened only when it is asked for."""

    says: str
    lines: Mapping[str, str]
    opened: Callable[[str], Command | Group]
    version: str = ""


def run(prog: str, chosen: Command | Group, words: Sequence[str]) -> None:
    """Run the command that `words` name, with what they give it. Raises UsageError."""
    if isinstance(chosen, Command):
        arguments = Arguments(prog, chosen.says)
        if chosen.takes is not None:
            chosen.takes(arguments)
        chosen.run(**arguments.read(words))
        return
    if words and words[0] in chosen.lines:
        run(f"{prog} {words[0]}", chosen.opened(words[0]), words[1:])
        return
    arguments = Arguments(prog, f"{chosen.says}\n\n{_listed(chosen.lines)}")
    if chosen.version:
        arguments.add_argument("--version", action="version", version=chosen.version)
    arguments.usage = f"{prog} COMMAND ..."
    if not words:
        arguments.print_help()
        arguments.exit(2)
    if words[0].startswith("-"):
        arguments.read(words)
    raise UsageError(f"there is no command {words[0]}{_nearest(words[0], chosen.lines)}: `{prog} -h` lists them")


def whole(least: int, most: int) -> Callable[[str], int]:
    """Give what reads a whole number from `least` to `most`."""

    def read(word: str) -> int:
        if not (word.isascii() and word.isdigit() and least <= int(word[:12]) <= most):
            raise argparse.ArgumentTypeError(f"{word!r} is no whole number from {least} to {most}")
        return int(word)

    return read


def _listed(lines: Mapping[str, str]) -> str:
    import textwrap  # noqa: PLC0415 - read only where help is asked for

    broad = max(map(len, lines)) + 4
    return "\n".join(
        textwrap.fill(f"  {name.ljust(broad - 2)}{says}", _WIDEST - 2, subsequent_indent=" " * broad)
        for name, says in lines.items()
    )


def _nearest(word: str, among: Mapping[str, Any]) -> str:
    """Give the question whether another word was meant, if one is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - read only where something was misspelt

    near = get_close_matches(word, among, n=1)
    return f" (is it {near[0]}?)" if near else ""
