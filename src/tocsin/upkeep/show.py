"""What a person sees in the terminal: panels and tables. Lines to copy stand alone, unboxed and unbroken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from tocsin.upkeep.doctor import Finding
from tocsin.upkeep.resume import Stale
from tocsin.upkeep.starter import Starter

NO_MAIL = "No real channel: pages go to the mailbox only. Set TOCSIN_SMTP_URL=smtp://user:password@host:587"


def starter(console: Console, made: Starter, fresh: bool, real_mail: bool) -> None:
    """How to get in and get paged; the secrets only when they are fresh."""
    rows = [("Sign in", f"{made['url']}/app/sign-in"), ("E-mail", made["email"])]
    if fresh:
        rows += [("Password", made["password"]), ("REST key", made["api_key"])]
        rows += [("Your own key", made["user_api_key"])]
    rows.append(("Integration key", made["integration_key"]))
    if not real_mail:
        rows.append(("Mailbox", f"{made['url']}/app/mailbox"))
    title = "Tocsin is ready" if fresh else "Tocsin"
    console.print(Panel(_grid(rows), title=f"[bold]{title}", title_align="left", box=ROUNDED, expand=False))
    if not real_mail:
        console.print(Text(NO_MAIL, style="bold red"))
    if fresh:
        console.print("Page yourself:")
        console.print(curl(made), soft_wrap=True, markup=False, highlight=False)
    else:
        console.print("Password and keys: starter.json in the data directory", style="dim")


def curl(made: Starter) -> str:
    """The line that pages the owner."""
    body = (
        '{"routing_key":"%s","event_action":"trigger","payload":'
        '{"summary":"Disk full on db-1","source":"db-1","severity":"critical"}}'
    )
    return f"curl -d '{body % made['integration_key']}' {made['url']}/v2/enqueue"


def _grid(rows: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(style="bold", no_wrap=True)
    for name, value in rows:
        grid.add_row(name, Text(value))
    return grid


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[str, int], None]]:
    """A bar on a terminal, nothing elsewhere; call it with (table, bytes)."""
    console = Console(stderr=True)
    columns = (
        TextColumn(what),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[table]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total, table="")
        yield lambda table, size: bar.update(task, advance=size, table=table)


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[str, int], None]]:
    """A bar of things done on a terminal, nothing elsewhere; call it with (where, how many more)."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[where]}"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total, where="")
        yield lambda where, count: bar.update(task, advance=count, where=where)


def stale(console: Console, found: Stale) -> None:
    """What waits in a held install, oldest first."""
    table = Table("Waiting", "How many", "Oldest", title="This install is held", title_justify="left", box=ROUNDED)
    for name, count, oldest in found.lines:
        style = "yellow" if count else "dim"
        table.add_row(name, str(count), f"{oldest:%Y-%m-%d %H:%M} UTC" if oldest else "", style=style)
    console.print(table)


MARKS = {"green": "✓", "yellow": "!", "red": "✗"}


def findings(console: Console, found: Sequence[Finding]) -> None:
    """The doctor's table, then one line of sum."""
    table = Table("", "Looked at", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Found", overflow="fold")
    for finding in found:
        mark = Text(MARKS[finding.level], style=f"bold {finding.level}")
        style = "" if finding.level == "green" else finding.level
        said = Text(finding.found, style=style).append(f"\n→ {finding.advice}" if finding.advice else "", "default")
        table.add_row(mark, finding.what, said)
    console.print(table)
    red, yellow = (sum(finding.level == level for finding in found) for level in ("red", "yellow"))
    console.print(Text(f"{red} red, {yellow} yellow", style="bold red" if red else "yellow" if yellow else "green"))


def simulation(console: Console, result: Mapping[str, Any]) -> None:
    """What an event would do: the pages as a table, the reasons below."""
    console.print(Text.assemble("Outcome: ", (str(result["outcome"]), "bold")))
    if result["pages"]:
        table = Table("When", "Who", "Level", "Channel", "Why", box=SIMPLE_HEAD)
        for page in result["pages"]:
            who, way = page["user"]["email"] or page["user"]["id"], f"{page['channel']} {page['address']}"
            table.add_row(*(Text(str(cell)) for cell in (page["at"], who, page["level"] or "", way, page["why"])))
        console.print(table)
    else:
        console.print(Text("Nobody would be paged.", style="bold red"))
    for reason in result["reasons"]:
        console.print(Text(f"  {reason}", style="dim"))
