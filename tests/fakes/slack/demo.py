"""The demo company in Slack, without Slack: python -m tests.fakes.slack.demo --data DATA

Serves DATA (firstline init --demo) connected to the fake, whose page is the company's workspace.
"""

import sys

from bot.settings import Settings, load_settings
from channels.setup import DEMO_AGENT
from channels.slack.manifest import manifest
from tests.fakes.demo import arguments, serve_beside
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.workspace import Workspace


def main() -> int:
    parser = arguments("The demo company in Slack, without Slack.", 8082)
    parser.add_argument("--mode", choices=["http", "socket"], default="http")
    chosen = parser.parse_args()
    server = f"http://127.0.0.1:{chosen.port}"
    with FakeSlack(port=chosen.page_port) as slack:
        settings = {
            "slack_bot_token": slack.bot_token,
            "slack_signing_secret": slack.signing_secret,
            "slack_api_url": slack.api_url,
            "public_url": server,
        }
        if chosen.mode == "socket":
            settings["slack_app_token"] = slack.app_token
        else:
            slack.deliver_to(server)
        settings["slack_triage_channel"] = furnish(slack, load_settings(chosen.data))
        print(f"Slack, as an employee       {slack.url}/?as=alice", file=sys.stderr)
        print(f"  and as the agent Maya     {slack.url}/?as=maya", file=sys.stderr)
        return serve_beside(chosen.data, chosen.port, **settings)


def furnish(slack: FakeSlack, settings: Settings) -> str:
    """People, channels, the app and the page; returns the id of the triage channel."""
    app = manifest(settings)
    slack.team.scopes = frozenset(app["oauth_config"]["scopes"]["bot"])
    alice = slack.person("Alice")
    bob = slack.person("Bob")
    maya = slack.person("Maya", DEMO_AGENT)
    gus = slack.person("Gus Guest", guest="multi-channel")
    slack.channel("help-it", alice, bob, maya, gus)
    triage = slack.channel("triage", maya, is_private=True)
    shortcuts = {each["name"]: each["callback_id"] for each in app["features"]["shortcuts"]}
    page = Workspace(slack, [alice, bob, maya, gus], shortcuts)
    slack.app.router.routes += page.routes
    return triage.id


if __name__ == "__main__":
    sys.exit(main())
