"""Channels that are sent to: the outbox, files, and people across channels."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ON_ITS_WAY = sa.text("status in ('queued', 'sending')")


def upgrade() -> None:
    verified: sa.Column[bool] = sa.Column(
        "email_verified", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("people", verified)
    op.add_column("people", sa.Column("joined_to", sa.Integer(), nullable=True))
    op.add_column("people", sa.Column("split_from", sa.Integer(), nullable=True))
    op.create_index("ix_people_joined_to", "people", ["joined_to"])
    op.create_index("ix_people_email", "people", ["email"])

    with op.batch_alter_table("identities") as identities:
        identities.add_column(_place())
        identities.add_column(_trusted())
        identities.add_column(sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
        identities.alter_column("conversation_id", existing_type=sa.Integer(), nullable=True)
        identities.create_index("ix_identities_conversation_id", ["conversation_id"])

    address = sa.Column("address", sa.String(length=400), nullable=False, server_default="")
    op.add_column("conversations", address)
    op.add_column("conversations", _trusted())
    seen = sa.Column("seen_seq", sa.Integer(), nullable=False, server_default="0")
    op.add_column("conversations", seen)

    op.add_column("messages", sa.Column("reference", sa.String(length=400), nullable=True))
    op.add_column("messages", sa.Column("origin", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("address", sa.String(length=400), nullable=True))
    op.add_column("messages", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    attempts = sa.Column("attempts", sa.Integer(), nullable=False, server_default="0")
    op.add_column("messages", attempts)
    doubtful: sa.Column[bool] = sa.Column(
        "doubtful", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("messages", doubtful)
    op.create_index("ix_messages_reference", "messages", ["channel", "account", "reference"])
    op.create_index(
        "ix_messages_outbox",
        "messages",
        ["due_at", "conversation_id"],
        postgresql_where=ON_ITS_WAY,
        sqlite_where=ON_ITS_WAY,
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=1000), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=127), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("refusal", sa.String(length=200), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachments_conversation_id", "attachments", ["conversation_id"])
    op.create_index("ix_attachments_due_at", "attachments", ["due_at"])
    op.create_table(
        "link_codes",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "link_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_link_attempts_person_id", "link_attempts", ["person_id"])
    op.create_table(
        "slack_cards",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("ts", sa.String(length=40), nullable=True),
        sa.Column("shown", sa.String(length=64), nullable=True),
        sa.Column("seen_seq", sa.Integer(), nullable=False),
        sa.Column("thread_seq", sa.Integer(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("lease", sa.String(length=40), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id"),
    )
    op.create_index("ix_slack_cards_conversation_id", "slack_cards", ["conversation_id"])
    op.create_index("ix_slack_cards_closed", "slack_cards", ["closed"])
    op.create_index("ix_slack_cards_ts", "slack_cards", ["account", "channel", "ts"])
    _create_slack_installations()


def _trusted() -> sa.Column[bool]:
    """Whoever has written so far came in where the desk's own articles may be shown."""
    return sa.Column("trusted", sa.Boolean(), nullable=False, server_default=sa.true())


def _place() -> sa.Column[bool]:
    return sa.Column("is_place", sa.Boolean(), nullable=False, server_default=sa.false())


def _create_slack_installations() -> None:
    """As the stores of slack_sdk have them."""
    op.create_table(
        "slack_bots",
        *_slack_app(),
        *_slack_bot(),
        sa.Column("is_enterprise_install", sa.Boolean(), nullable=False),
        sa.Column("installed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    found_by = ["client_id", "enterprise_id", "team_id", "installed_at"]
    op.create_index("slack_bots_idx", "slack_bots", found_by)
    op.create_table(
        "slack_installations",
        *_slack_app(),
        _text("enterprise_url", 200),
        *_slack_bot(),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        _text("user_token", 200),
        _text("user_scopes", 1000),
        _text("user_refresh_token", 200),
        sa.Column("user_token_expires_at", sa.DateTime(), nullable=True),
        _text("incoming_webhook_url", 200),
        _text("incoming_webhook_channel", 200),
        _text("incoming_webhook_channel_id", 200),
        _text("incoming_webhook_configuration_url", 200),
        sa.Column("is_enterprise_install", sa.Boolean(), nullable=False),
        _text("token_type", 32),
        sa.Column("installed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    found_by = ["client_id", "enterprise_id", "team_id", "user_id", "installed_at"]
    op.create_index("slack_installations_idx", "slack_installations", found_by)
    op.create_table(
        "slack_oauth_states",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("expire_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _slack_app() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("app_id", sa.String(length=32), nullable=False),
        _text("enterprise_id", 32),
        _text("enterprise_name", 200),
        _text("team_id", 32),
        _text("team_name", 200),
    )


def _slack_bot() -> tuple[sa.Column[Any], ...]:
    return (
        _text("bot_token", 200),
        _text("bot_id", 32),
        _text("bot_user_id", 32),
        _text("bot_scopes", 1000),
        _text("bot_refresh_token", 200),
        sa.Column("bot_token_expires_at", sa.DateTime(), nullable=True),
    )


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=True)
