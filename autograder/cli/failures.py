"""What a failure looks like: the message, the next command, the exit code."""

from __future__ import annotations

import re
import shlex
import sys
import traceback

import click

from autograder.cli.documents import ErrorDocument
from autograder.cli.output import show_document
from autograder.cli.state import State
from autograder.errors import (
    AutograderError,
    BuildError,
    ConfigurationError,
    CourseError,
    KeyFault,
    SandboxError,
    UsageError,
    system_refusal,
)

__all__ = ["INTERRUPTED", "OUR_FAULT", "report_failure", "report_interrupt"]

OUR_FAULT = 3
INTERRUPTED = 130
# In URLs of databases, before the host or as an option. Greedy: a password that holds `@` goes whole. Not SQLAlchemy's
# parser, because a URL may be wrong: then above all is it printed.
PASSWORD = re.compile(r"(?<=://)([^:/@\s]*:).*(?=@)|([?&]password=)[^&]*")


def next_step(error: Exception, command: str, words: str) -> str:
    """The command to try next."""
    if isinstance(error, BuildError):
        return f"mend the lines above, then run again: {words}"
    if isinstance(error, KeyFault):
        return "mend the answer key, then run: autograder verify"
    if isinstance(error, UsageError | ConfigurationError):
        return f"autograder {command} --help".replace("  ", " ")
    if isinstance(error, CourseError):
        return "autograder --course DIR build"
    if isinstance(error, SandboxError):
        return "autograder sandbox"
    if isinstance(error, AutograderError):
        return f"run again: {words}"
    return "report this text with the output of: autograder --version"


def typed(arguments: list[str]) -> str:
    """The command as it was typed, but for passwords in URLs: it is printed, and lands in logs."""
    return shlex.join(["autograder", *(PASSWORD.sub(r"\1\2***", word) for word in arguments)])


def report_failure(error: Exception, state: State, arguments: list[str]) -> int:
    """Tell the failure on stderr (and as a document with `--json`); the exit code."""
    command, refusal = state.command, system_refusal(error)
    ours = not refusal and not isinstance(error, AutograderError | click.ClickException)
    if ours:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, click.ClickException):
        message, code, step = error.format_message(), 2, f"autograder {command} --help".replace("  ", " ")
    elif refusal:
        message, code, step = refusal, OUR_FAULT, f"run again: {typed(arguments)}"
    else:
        message = f"{type(error).__name__}: {error}" if ours else str(error)
        code = error.exit_code if isinstance(error, AutograderError) else OUR_FAULT
        step = next_step(error, command, typed(arguments))
    click.echo(f"{message}\nNext: {step}", err=True)
    if state.json:
        kind = "UsageError" if isinstance(error, click.ClickException) else type(error).__name__
        document = ErrorDocument(command=command, error=kind, message=message, next=step, exit_code=code)
        show_document(state, document, "")
    return code


def report_interrupt(arguments: list[str]) -> int:
    """Control-C: what was finished stays."""
    click.echo(f"\nInterrupted; what was finished is kept.\nNext: run again to go on: {typed(arguments)}", err=True)
    return INTERRUPTED
