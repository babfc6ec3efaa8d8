"""The bot in a terminal."""

import secrets

from rich.console import Console
from rich.markdown import Markdown

from bot.actions.services import Services, use
from bot.db import open_database
from bot.hints import Hints
from bot.settings import Settings
from bot.shop import open_retailer
from bot.trained import load_engine, open_knowledge
from channels.inbox import Inbound, Unacceptable, accept
from handoff.desk import FrontDesk
from handoff.ticket import status_of
from handoff.transcript import Line, lines

console = Console(highlight=False)


def talk(settings: Settings, desk: str) -> None:
    """Chat until the end of the input. The conversation is stored like any other."""
    database = open_database(settings.database)
    knowledge = open_knowledge(settings)
    use(Services(open_retailer(settings), status_of(database)))
    engine = load_engine(settings, knowledge)
    front_desk = FrontDesk(database, Hints(database), settings, engine)
    sender = secrets.token_hex(8)
    console.print(settings.desk(desk).greeting, markup=False)
    console.print("(a number presses a button; Ctrl+D ends)", style="dim")
    buttons: list[dict[str, str]] = []
    while True:
        try:
            text = console.input("[bold]> [/]").strip()
        except EOFError:
            return
        pressed = _pressed(text, buttons)
        try:
            accepted = accept(
                database,
                Inbound(
                    "terminal",
                    desk,
                    sender,
                    pressed["title"] if pressed else text,
                    payload=pressed["payload"] if pressed else None,
                    trusted=True,
                ),
            )
        except Unacceptable as error:
            console.print(str(error), style="red", markup=False)
            continue
        front_desk.answer(accepted.conversation_id)
        with database.read() as session:
            said = lines(session, accepted.conversation_id, after=accepted.seq, public_only=True)
        buttons = [button for line in said for button in _print_line(line)]


def _pressed(text: str, buttons: list[dict[str, str]]) -> dict[str, str] | None:
    choices = {str(number): button for number, button in enumerate(buttons, 1)}
    return choices.get(text)


def _print_line(line: Line) -> list[dict[str, str]]:
    content = line["content"]
    console.print(Markdown(line["text"]) if content.get("markdown") else line["text"])
    for source in content.get("sources", []):
        console.print(f"Source: {source['title']} ({source['url']})", style="dim", markup=False)
    buttons: list[dict[str, str]] = content.get("buttons", [])
    for number, button in enumerate(buttons, 1):
        console.print(f"  {number}  {button['title']}", style="cyan", markup=False)
    return buttons
