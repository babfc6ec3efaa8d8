"""`firstline telegram`: the operator's side of the bot."""

from pathlib import Path

import typer
from rich.console import Console

from bot.settings import Settings
from channels.command import Data, err, prepared, stop

telegram = typer.Typer(help="The bot on Telegram.", no_args_is_help=True)

NO_TOKEN = "no bot is set up: ask @BotFather on Telegram for one, and set FIRSTLINE_TELEGRAM_TOKEN"
NO_HTTPS = (
    "Telegram calls only https:// addresses, and public_url is {url}: set FIRSTLINE_PUBLIC_URL to "
    "the one at which the internet reaches this server; or do without: `firstline telegram poll`"
)


@telegram.command("set-webhook")
def set_webhook(data: Data = Path("data")) -> None:
    """Tell Telegram where to bring customers' messages, and what commands there are."""
    settings = _configured(data)
    from channels.doctor.installation import is_internal
    from channels.telegram.operating import register_webhook, webhook_url

    is_safe = settings.public_url.startswith("https://")
    if not (is_safe or is_internal(settings.telegram_api_url)):
        stop(NO_HTTPS.format(url=settings.public_url), 2)
    register_webhook(settings)
    err.print(f"Telegram brings messages to {webhook_url(settings)}")


@telegram.command()
def poll(data: Data = Path("data")) -> None:
    """Get messages by asking for them, and answer: a bot that needs no public address.

    Agents need `firstline serve` too; with FIRSTLINE_TELEGRAM_MODE=poll it polls by itself.
    """
    settings = _configured(data)
    from channels.telegram.operating import run_polling

    run_polling(settings)


@telegram.command()
def status(data: Data = Path("data")) -> None:
    """What Telegram says about the bot and its webhook, and what to mend."""
    settings = _configured(data)
    from channels.doctor.examination import print_findings

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"mode  {settings.telegram_mode}", markup=False)
    if not print_findings(settings, console, ["telegram"]):
        raise typer.Exit(1)


def _configured(data: Path) -> Settings:
    settings = prepared(data)
    if not settings.telegram_token:
        stop(NO_TOKEN, 2)
    return settings
