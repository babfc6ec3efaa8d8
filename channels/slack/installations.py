"""Where the app is installed: in the one workspace whose token is set, or in those that came by
OAuth, whose tokens are in the database."""

from typing import Protocol

from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import or_, select

from bot.db import Base, Database
from bot.settings import Settings

# The store makes its tables' descriptions itself; these say the same to the schema's tests.
BOTS = SQLAlchemyInstallationStore.build_bots_table(Base.metadata, "slack_bots")
INSTALLATIONS = SQLAlchemyInstallationStore.build_installations_table(
    Base.metadata, "slack_installations"
)
STATES = SQLAlchemyOAuthStateStore.build_oauth_states_table(Base.metadata, "slack_oauth_states")


class Installations(Protocol):
    """The app's tokens by account: a workspace's id, or an organisation's."""

    def token(self, account: str) -> str | None:
        """The bot's token; None where the app isn't installed."""

    def remove(self, account: str) -> None:
        """The app was removed there."""


class OneWorkspace:
    """The workspace of the token in the settings."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, account: str) -> str | None:
        return self._token

    def remove(self, account: str) -> None:
        """The setting stays; sending fails with a message that says the mend."""


class ByOAuth:
    """The workspaces whose people have installed the app."""

    def __init__(self, client_id: str, database: Database) -> None:
        self._client_id = client_id
        self._database = database
        self.store = SQLAlchemyInstallationStore(client_id, database.writer)

    def token(self, account: str) -> str | None:
        with self._database.read() as session:
            return session.scalar(
                select(BOTS.c.bot_token)
                .where(
                    BOTS.c.client_id == self._client_id,
                    BOTS.c.bot_token.is_not(None),
                    or_(
                        BOTS.c.team_id == account,
                        BOTS.c.team_id.is_(None) & (BOTS.c.enterprise_id == account),
                    ),
                )
                .order_by(BOTS.c.installed_at.desc())
                .limit(1)
            )

    def remove(self, account: str) -> None:
        with self._database.write() as session:
            for table in (BOTS, INSTALLATIONS):
                is_theirs = or_(
                    table.c.team_id == account,
                    table.c.team_id.is_(None) & (table.c.enterprise_id == account),
                )
                session.execute(
                    table.delete().where(table.c.client_id == self._client_id, is_theirs)
                )


def open_installations(settings: Settings, database: Database) -> Installations:
    if settings.slack_client_id and settings.slack_client_secret:
        return ByOAuth(settings.slack_client_id, database)
    token = settings.slack_bot_token
    return OneWorkspace(token.get_secret_value() if token else "")
