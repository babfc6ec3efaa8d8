"""All that the doctor looks at, in the order in which it is worth mending."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from bot.db import DatabaseUnusable
from bot.settings import Settings
from channels.doctor.finding import Finding
from channels.doctor.installation import examine_database, examine_knowledge, examine_settings
from channels.doctor.mail import examine_mail
from channels.doctor.slack import examine_slack
from channels.doctor.telegram import examine_telegram

PARTS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "settings": examine_settings,
    "database": examine_database,
    "knowledge": examine_knowledge,
    "telegram": examine_telegram,
    "slack": examine_slack,
    "email": examine_mail,
}


class Line(NamedTuple):
    part: str
    finding: Finding


def examine(settings: Settings, parts: Iterable[str] = PARTS) -> Iterator[Line]:
    """Each finding as it is made; the parts are looked at whatever the others give."""
    for part in parts:
        try:
            for finding in PARTS[part](settings):
                yield Line(part, finding)
        except (DatabaseUnusable, SQLAlchemyError) as error:
            what = f"the database doesn't say ({type(error).__name__})"
            yield Line(part, Finding(False, what, "mend the database first"))


def print_findings(settings: Settings, console: Console, parts: Iterable[str] = PARTS) -> bool:
    """One line for each finding, and one for its mend; whether all is well."""
    well = True
    for part, finding in examine(settings, parts):
        mark = Text("ok   ", "green") if finding.ok else Text("WRONG", "red")
        console.print(Text.assemble(mark, f" {part:<11}{finding.what}"))
        if not finding.ok:
            console.print(Text(f"      {'':<11}-> {finding.mend}"))
        well = well and finding.ok
    return well


def print_json(settings: Settings) -> bool:
    """A list of {"part", "ok", "what", "mend"}; whether all is well."""
    lines = list(examine(settings))
    print(json.dumps([{"part": part, **finding._asdict()} for part, finding in lines], indent=2))
    return all(finding.ok for _, finding in lines)
