"""The database: SQLite by default, PostgreSQL when it grows; the same code for both."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import DateTime, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseUnusable(Exception):
    """The database can't be opened; the message names it and the mend."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, on SQLite too, which stores no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=value.tzinfo or UTC)


class Base(DeclarativeBase):
    """Tables of all packages; each package defines its own."""

    type_annotation_map = {datetime: Moment()}  # noqa: RUF012


class Database:
    """Sessions on one database. Writers on SQLite take turns here rather than time out there."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.writer = self.engine.execution_options(writes=True)
        # Rows stay readable after the commit. Nothing is flushed behind one's back: that would
        # cost a tenth of a turn, and most statements here go to the tables themselves.
        self._session = sessionmaker(expire_on_commit=False, autoflush=False)
        self._turns = threading.Lock() if self.is_sqlite else None
        self._queue = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def migrate(self) -> None:
        """Bring the schema to the newest version."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.writer.begin() as connection:
            if not self.is_sqlite:  # nodes that start together take turns
                connection.execute(text("select pg_advisory_xact_lock(7170)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def check(self) -> None:
        """Raise DatabaseUnusable unless a query succeeds."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("select 1"))
        except SQLAlchemyError as error:
            raise DatabaseUnusable(_cannot_open(self.engine.url.render_as_string())) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and writes nothing."""
        with self._session(bind=self.engine) as session:
            yield session

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Session]:
        """A session in a write transaction: committed at the end, rolled back on an error.

        An `urgent` one waits for no more than one that isn't.
        """
        with self._turn(urgent), self._session(bind=self.writer) as session, session.begin():
            yield session

    @contextmanager
    def _turn(self, urgent: bool) -> Iterator[None]:
        if not self._turns:
            yield
        elif urgent:
            with self._turns:
                yield
        else:
            with self._queue, self._turns:
                yield

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database, reachable and with the newest schema. Raises DatabaseUnusable."""
    database = Database(url)
    database.check()
    database.migrate()
    return database


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        # A failed statement's parameters may be a customer's words: they stay out of messages.
        engine = create_engine(parsed, hide_parameters=True, **_pool(parsed.get_backend_name()))
    except (ArgumentError, ImportError, SQLAlchemyError) as error:
        raise DatabaseUnusable(_cannot_open(url)) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _pool(backend: str) -> dict[str, Any]:
    return (
        {} if backend == "sqlite" else {"pool_size": 20, "max_overflow": 20, "pool_pre_ping": True}
    )


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the "begin" below is ours, not the driver's
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged message survives a power cut
        "foreign_keys=ON",
        "busy_timeout=15000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _cannot_open(url: str) -> str:
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        shown = "the database URL"
    return (
        f"cannot open the database {shown}: check FIRSTLINE_DATABASE_URL "
        "(postgresql://user:password@host/name) and that the server runs"
    )


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
