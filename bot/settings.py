"""Settings: environment first (`FIRSTLINE_...`), then `firstline.toml` in the data directory."""

from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.client_settings import Callback, SocketIO
from bot.language import languages

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

PUBLIC = "public"


class SettingsError(Exception):
    """A setting is wrong; the message names it and the mend."""


class Desk(BaseModel, extra="forbid"):
    """A support desk: who it serves, what it may tell them, and when people are there.

    `audiences` are the articles it may use. `open` says whether strangers may write to it
    without an agent's token; unless it is set, a desk is open if all its articles are public.
    `languages` are those it speaks, as ISO 639-1 codes; who writes in another gets a person.
    `hours` maps a day to "HH:MM-HH:MM" in `timezone`; a day that is missing is closed.
    `private_answers` says that who asks in a Slack channel is answered so that nobody else sees it;
    unless it is set, so is a desk with articles that aren't public. `triage_channel` is the Slack
    channel where agents see what waits for a person.
    """

    name: str = "Support"
    greeting: str = "Ask me anything about our products. A person is here too, if you need one."
    audiences: frozenset[str] = frozenset({PUBLIC})
    open: bool = True
    hours: dict[Day, str] = {
        "mon": "09:00-17:00",
        "tue": "09:00-17:00",
        "wed": "09:00-17:00",
        "thu": "09:00-17:00",
        "fri": "09:00-17:00",
    }
    timezone: str = "Europe/London"
    languages: list[str] = Field(default=["en"], min_length=1)
    suggestions: list[str] = []
    accent: str | None = Field(default=None, pattern="^#[0-9a-fA-F]{6}$")
    private_answers: bool = False
    triage_channel: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_open_if_all_is_public(cls, fields: dict[str, Any]) -> dict[str, Any]:
        public = set(fields.get("audiences") or {PUBLIC}) == {PUBLIC}
        return {"open": public, "private_answers": not public} | fields

    @field_validator("hours")
    @classmethod
    def _hours_are_spans(cls, hours: dict[Day, str]) -> dict[Day, str]:
        for day, span in hours.items():
            opens, _, closes = span.partition("-")
            if not (_is_clock(opens) and _is_clock(closes) and opens < closes):
                raise ValueError(f'{day} = "{span}": write "HH:MM-HH:MM", the start first')
        return hours

    @field_validator("languages")
    @classmethod
    def _languages_are_known(cls, codes: list[str]) -> list[str]:
        for code in codes:
            if code not in languages():
                known = ", ".join(sorted(languages()))
                raise ValueError(f'no language has the code "{code}"; known are: {known}')
        return codes

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f'no time zone is called "{timezone}"') from error
        return timezone


def _is_clock(text: str) -> bool:
    hours, _, minutes = text.partition(":")
    return (
        len(text) == 5
        and (hours + minutes).isdigit()
        and int(hours) <= 24
        and int(minutes) < 60
        and text <= "24:00"
    )


class PolicySettings(BaseModel, extra="forbid"):
    """When the bot answers, asks, or hands over. All are probabilities or scores in 0..1.

    `answer` is the least confidence for an answer, `margin` the least lead of the best article's
    score over the next one's; nearer ones are offered. `choice` is the least for offering choices,
    `flow` the least probability of an intent for starting a flow. `frustration` is the score
    of the conversation from which a person takes over.
    """

    max_wrong_answers: float = Field(default=0.02, gt=0, le=1)
    answer: float | None = Field(default=None, ge=0, le=1)
    margin: float = Field(default=0.02, ge=0, le=1)
    choice: float = Field(default=0.25, ge=0, le=1)
    flow: float = Field(default=0.5, ge=0, le=1)
    frustration: float = Field(default=0.7, ge=0, le=1)


class Settings(BaseSettings):
    """What an installation can choose. `data` holds everything that a run writes.

    `public_url` is where customers reach this server. `identity_secret` signs the tokens by which
    a site says who its visitor is. A channel is on once its token or its server is set; its
    `_desk` is the one it writes to. The API URLs are what the official clients take as their base.
    `socketio` may be just true. `rasa_token` and `rasa_jwt_secret` open Rasa's HTTP API, as Rasa's
    --auth-token and --jwt-secret do.
    """

    model_config = SettingsConfigDict(
        env_prefix="FIRSTLINE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Path = Path("data")
    database_url: str | None = None
    model: str = "all-MiniLM-L6-v2"
    reranker: str | None = None
    company: str = "Firstline"
    demo: bool = False
    retailer: str | None = None
    policy: PolicySettings = PolicySettings()
    desks: dict[str, Desk] = {"customers": Desk()}
    public_url: str = "http://127.0.0.1:8000"
    identity_secret: SecretStr | None = Field(default=None, min_length=32)

    telegram_token: SecretStr | None = None
    telegram_webhook_secret: SecretStr | None = None
    telegram_mode: Literal["webhook", "poll", "off"] = "webhook"
    telegram_api_url: str = "https://api.telegram.org/bot"
    telegram_desk: str = "customers"

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_desk: str = "employees"
    slack_triage_channel: str | None = None

    imap_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    email_address: str | None = None
    email_desk: str = "customers"
    email_authserv: str | None = None

    socketio: SocketIO | None = None
    callback: Callback | None = None
    rasa_token: SecretStr | None = Field(default=None, min_length=1)
    rasa_jwt_secret: SecretStr | None = Field(default=None, min_length=1)
    rasa_jwt_method: str = "HS256"

    @field_validator("socketio", mode="before")
    @classmethod
    def _socketio_is_on(cls, value: Any) -> Any:
        return {"true": {}, "false": None}.get(str(value).lower(), value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _toml(settings_cls, init_settings)

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data directory unless another is named."""
        return self.database_url or f"sqlite:///{self.data / 'firstline.db'}"

    def desk_for(self, audience: str) -> Desk:
        """The desk that labelled questions of an audience are asked at: the first that serves it,
        with no articles but the public ones and theirs."""
        desk = next((each for each in self.desks.values() if audience in each.audiences), Desk())
        return desk.model_copy(update={"audiences": frozenset({PUBLIC, audience})})

    def desk(self, name: str) -> Desk:
        """The desk of that name, or a KeyError whose message names those that exist."""
        try:
            return self.desks[name]
        except KeyError:
            raise KeyError(
                f'no desk is called "{name}"; there are: {", ".join(self.desks)}'
            ) from None


def _toml(
    settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource
) -> TomlConfigSettingsSource:
    data = Path(init_settings().get("data", "data"))
    return TomlConfigSettingsSource(settings_cls, toml_file=data / "firstline.toml")


def load_settings(data: Path) -> Settings:
    """The settings of the installation in `data`; raises SettingsError."""
    try:
        return Settings(data=data.resolve())
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SettingsError(f"{data / 'firstline.toml'} or FIRSTLINE_*: {problems}") from error
    except ValueError as error:  # broken TOML
        raise SettingsError(f"{data / 'firstline.toml'}: {error}") from error
