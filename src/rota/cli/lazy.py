"""A group of commands whose modules are imported only when one of them is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command lives, and its one line of help, so that `--help` need not import it."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """`sections` maps headings to commands; help lists them in that order."""

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Lazy]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.sections = sections
        self.known = {name: lazy for commands in sections.values() for name, lazy in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = self.known.get(cmd_name)
        if lazy is None:
            return None
        command: click.Command = getattr(import_module(lazy.module), lazy.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.known and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.known, n=1)
            ctx.fail(f"no command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name, lazy.help) for name, lazy in commands.items()])
