"""The agents' console and API without a bot behind them: nobody answers but the agents."""

from typing import cast

from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.db import Database
from bot.engine import Engine
from bot.hints import Hints
from bot.settings import Desk, Settings
from channels.problems import add_problem_handlers
from handoff import api, people_api
from handoff.agents import Role, add_agent
from handoff.console import routes
from handoff.desk import FrontDesk

PASSWORD = "correct horse battery"


def console_app(database: Database) -> FastAPI:
    """A server for agents at two desks. Alice and Bob work there, and Ada is their admin."""
    app = empty_console_app(database)
    with database.write() as session:
        add_agent(session, "Alice Adams", "alice@firm.example", Role.AGENT, PASSWORD)
        add_agent(session, "Bob Brown", "bob@firm.example", Role.AGENT, PASSWORD)
        add_agent(session, "Ada Adeyemi", "ada@firm.example", Role.ADMIN, PASSWORD)
    return app


def empty_console_app(database: Database) -> FastAPI:
    """The same before anybody has an account."""
    settings = Settings(desks={"customers": Desk(), "employees": Desk(open=False)})
    hints = Hints(database)
    app = FastAPI()
    app.state.database, app.state.hints, app.state.settings = database, hints, settings
    app.state.front_desk = FrontDesk(database, hints, settings, cast(Engine, None))
    add_problem_handlers(app)
    for router in (routes.router, api.router, people_api.router):
        app.include_router(router)
    return app


def sign_in(app: FastAPI, email: str) -> TestClient:
    client = TestClient(app)
    client.post("/console/sign-in", data={"email": email, "password": PASSWORD})
    return client
