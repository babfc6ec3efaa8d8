"""Signed web identity: a site's short-lived token says who its visitor is (a JWT, HS256)."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidClaimError, JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation import Identity, Person
from bot.db import Database
from bot.settings import Settings
from channels.web.routes import CHANNEL, Visitor, open_desk
from handoff import people
from handoff.sharing import changed
from handoff.transcript import printable

router = APIRouter(prefix="/web")

LONGEST_LIFE = 60 * 60  # seconds
LONGEST_SUBJECT = 190
SOMEBODY_ELSE = "This visitor token is somebody else's already: make a new one, then ask again."


class Token(BaseModel):
    """What the site signed."""

    token: str = Field(max_length=4096)
    desk: str = "customers"


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the visitor is, as the site vouches; `email` only if the site has verified it."""

    subject: str
    name: str | None
    email: str | None


class ShortLived(jwt.JWTClaimsRegistry):
    """A token that is for us, names somebody, and expires soon."""

    def __init__(self) -> None:
        super().__init__(
            leeway=60,
            aud={"essential": True, "value": "firstline"},
            exp={"essential": True},
            sub={"essential": True},
        )

    def validate_exp(self, value: object) -> None:
        super().validate_exp(value)
        if isinstance(value, (int, float)) and value > self.now + LONGEST_LIFE + self.leeway:
            raise InvalidClaimError("exp", "'exp' must be at most an hour away")

    def validate_sub(self, value: object) -> None:
        super().validate_sub(value)
        if isinstance(value, str) and (len(value) > LONGEST_SUBJECT or printable(value) != value):
            raise InvalidClaimError(
                "sub", f"'sub' must be at most {LONGEST_SUBJECT} printable characters"
            )


@router.post("/identify", status_code=204)
def identify(request: Request, body: Token, visitor: Visitor) -> None:
    """Join the visitor to whom the site says that they are.

    401 for a token that doesn't hold, with what is wrong; 409 when the visitor's own token stands
    for somebody else.
    """
    desk = open_desk(request, body.desk)
    settings: Settings = request.app.state.settings
    if settings.identity_secret is None:
        raise HTTPException(404, "Signed identities are off: set FIRSTLINE_IDENTITY_SECRET.")
    claims = read(body.token, settings.identity_secret.get_secret_value())
    for conversation_id in _introduce(request.app.state.database, desk, visitor, claims):
        request.app.state.hints.changed(conversation_id)


def read(token: str, secret: str) -> Claims:
    """What a token says that the secret has signed; raises the 401."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
        ShortLived().validate(claims)
    except BadSignatureError as error:
        raise _refused("it is signed with another secret") from error
    except JoseError as error:
        raise _refused(error.description.rstrip(".")) from error
    except (ValueError, RecursionError) as error:
        raise _refused("it is no JWT") from error
    return Claims(
        claims["sub"],
        _text(claims.get("name"), 200),
        _text(claims.get("email"), 320) if claims.get("email_verified") is True else None,
    )


def _refused(reason: str) -> HTTPException:
    return HTTPException(401, f"The identity token doesn't hold: {reason}.")


def _text(value: Any, longest: int) -> str | None:
    return printable(value).strip()[:longest] or None if isinstance(value, str) else None


def _introduce(database: Database, desk: str, visitor: str, claims: Claims) -> set[int]:
    """Returns the conversations that this has changed."""
    for _ in range(2):
        try:
            with database.write() as session:
                _join(session, desk, visitor, claims)
                return changed(session)
        except IntegrityError:  # another tab was a moment earlier
            continue
    raise RuntimeError("the visitor collided twice with another tab")


def _join(session: Session, desk: str, visitor: str, claims: Claims) -> None:
    signed = _signed(session, desk, claims)
    here = session.get(Identity, (CHANNEL, desk, visitor)) or _add(session, desk, visitor)
    if not _is_same(session, here, signed):
        if _is_taken(session, here, signed):
            raise HTTPException(409, SOMEBODY_ELSE)
        people.join(session, signed.person_id, here.person_id, "the site's signed token says so")
    if here.conversation_id is None:
        here.conversation_id = people.living_conversation(session, here.person_id, desk)
    session.flush()


def _signed(session: Session, desk: str, claims: Claims) -> Identity:
    """The one whom the site calls so; the same person at every desk."""
    name = people.SIGNED + claims.subject
    known = session.get(Identity, (CHANNEL, desk, name))
    if known is None:
        elsewhere = select(Identity.person_id).where(
            Identity.channel == CHANNEL, Identity.external_id == name
        )
        known = _add(session, desk, name, session.scalar(elsewhere.limit(1)))
    people.record_profile(session, known, name=claims.name, email=claims.email)
    return known


def _add(session: Session, desk: str, name: str, person_id: int | None = None) -> Identity:
    if person_id is None:
        person = Person()
        session.add(person)
        session.flush()
        person_id = person.id
    identity = Identity(channel=CHANNEL, account=desk, external_id=name, person_id=person_id)
    session.add(identity)
    session.flush()
    return identity


def _is_same(session: Session, here: Identity, signed: Identity) -> bool:
    return people.root_of(session, here.person_id) == people.root_of(session, signed.person_id)


def _is_taken(session: Session, here: Identity, signed: Identity) -> bool:
    """Whether the visitor is somebody else: by another signed token, or by an admin's word."""
    others = people.identities_of(session, here.person_id)
    return any(
        each.channel == CHANNEL and each.external_id.startswith(people.SIGNED) for each in others
    ) or people.were_split(session, here.person_id, signed.person_id)
