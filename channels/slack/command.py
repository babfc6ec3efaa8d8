"""`firstline slack`: what an administrator needs to set the app up."""

import json
from pathlib import Path

import typer

from channels.command import Data, prepared

slack = typer.Typer(help="The Slack app.", no_args_is_help=True)


@slack.command("manifest")
def print_manifest(data: Data = Path("data")) -> None:
    """Print the app's manifest, to be pasted at api.slack.com/apps."""
    from channels.slack.manifest import manifest

    print(json.dumps(manifest(prepared(data)), indent=2, ensure_ascii=False))
