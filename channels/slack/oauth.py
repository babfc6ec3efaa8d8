"""Installing the app in workspaces: Slack's OAuth, with its states and tokens in our database."""

from urllib.parse import urljoin

from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore

from bot.db import Database
from bot.settings import Settings
from channels.slack.installations import ByOAuth
from channels.slack.manifest import SCOPES, address_of

TIME_TO_ALLOW = 600  # seconds


def oauth_flow(settings: Settings, database: Database, installations: ByOAuth) -> OAuthFlow:
    """What `/slack/install` and `/slack/oauth_redirect` do."""
    assert settings.slack_client_secret
    return OAuthFlow(
        client=WebClient(base_url=settings.slack_api_url),
        settings=OAuthSettings(
            client_id=settings.slack_client_id,
            client_secret=settings.slack_client_secret.get_secret_value(),
            scopes=SCOPES,
            user_scopes=(),
            redirect_uri=address_of(settings, "oauth_redirect"),
            install_page_rendering_enabled=False,  # its button is a picture from elsewhere
            authorization_url=urljoin(settings.slack_api_url, "../oauth/v2/authorize"),
            installation_store=installations.store,
            state_store=SQLAlchemyOAuthStateStore(TIME_TO_ALLOW, database.writer),
            state_expiration_seconds=TIME_TO_ALLOW,
        ),
    )
