"""Slack as it documents itself, over loopback, with people in it.

    with FakeSlack() as slack:
        slack.deliver_to(client)                  # a TestClient or a URL; else Socket Mode
        alice = slack.person("Alice")
        alice.says(alice.dm, "hello")             # the app gets it, signed, at /slack/events
        alice.sees()                              # her direct messages, as text with buttons
        help = slack.channel("help", alice)
        question = alice.mentions(help, "VPN?")
        alice.presses("Solved", help)

`slack.api_url`, `.bot_token`, `.signing_secret` and `.app_token` are what the settings
FIRSTLINE_SLACK_... of the same names take.
"""

from tests.fakes.slack.people import Person
from tests.fakes.slack.sending import Delivery
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.world import Channel, Post, Team

__all__ = ["Channel", "Delivery", "FakeSlack", "Person", "Post", "Team"]
