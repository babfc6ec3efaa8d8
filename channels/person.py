"""`firstline person`: what an operator can do about a customer."""

from pathlib import Path
from typing import Annotated

import typer

from channels.command import Data, err, prepared, stop

person = typer.Typer(help="The people who write to us.", no_args_is_help=True)


@person.command("forget")
def forget(
    person_id: Annotated[int, typer.Argument(metavar="ID", help="The number that the API gives.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: Data = Path("data"),
) -> None:
    """Erase what a person, and everyone joined to them, has told us, for good."""
    from bot.conversation import Person
    from bot.db import open_database
    from handoff.forgetting import erase
    from handoff.people import members_of

    database = open_database(prepared(data).database)
    with database.read() as session:
        if session.get(Person, person_id) is None:
            stop(f"there is no person {person_id}", 2)
        members = members_of(session, person_id)
    who = " and ".join(f"person {member}" for member in members)
    if not yes:
        typer.confirm(f"Erase {who} for good?", abort=True, err=True)
    with database.write() as session:
        erase(session, person_id, "an operator")
    err.print(f"Erased: {who}.")
