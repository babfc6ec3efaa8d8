"""Answers to an act, by the address that Slack gives with it for half an hour."""

from slack_sdk.webhook.async_client import AsyncWebhookClient

from channels.slack.cards import Posting


async def say(response_url: str, text: str) -> None:
    """A word that only who acted sees."""
    await AsyncWebhookClient(response_url).send(
        text=text, response_type="ephemeral", replace_original=False
    )


async def replace(response_url: str, posting: Posting) -> None:
    """Another message in the place of the one that was acted on."""
    await AsyncWebhookClient(response_url).send(
        text=posting.text, blocks=posting.blocks, replace_original=True
    )
