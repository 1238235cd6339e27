"""What `autograder --help` lists, known without importing what the commands need."""

from __future__ import annotations

import importlib

import click

__all__ = ["COMMANDS", "LazyGroup"]

COMMANDS = {  # in the order of a term
    "build": ("authoring", "Check units and write their notebooks."),
    "verify": ("proving", "Prove the answer keys by right, wrong and mutated answers."),
    "solutions": ("authoring", "Execute the solved notebooks."),
    "release": ("authoring", "Write what students get."),
    "grade": ("grading", "Grade submissions that are new or changed."),
    "regrade": ("regrading", "Grade again; see whose marks move before anything is written."),
    "status": ("watching", "Say what is being graded, how far it is, what waits."),
    "worker": ("working", "Grade on this machine for a scheduler."),
    "feedback": ("grading", "Write the students' feedback pages."),
    "report": ("grading", "Write the class page and the table of marks."),
    "hub": ("hub", "Start the course's JupyterHub; check, back up and restore it."),
    "roster": ("roster", "Enter a class list; list who takes the course."),
    "show": ("proving", "Mark one file against one exercise."),
    "demo": ("trying", "Grade a simulated class from start to end."),
    "gpus": ("gpus", "Show who holds the GPUs and who waits."),
    "sandbox": ("trying", "Say which isolation this machine offers."),
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"autograder.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        command.short_help = COMMANDS[cmd_name][1]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
