"""JSON Web Tokens that an operator's key has signed, as Rasa's clients show them."""

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from pydantic import SecretStr

from bot.settings import SettingsError
from bot.turn import JSON

Kind = type[OctKey] | type[RSAKey] | type[ECKey] | type[OKPKey]
KEYS: dict[str, Kind] = {"HS": OctKey, "RS": RSAKey, "PS": RSAKey, "ES": ECKey, "EdDSA": OKPKey}
BEARER = "bearer "


class Signed:
    """Reads tokens that were signed with `key` (the public key in PEM, unless `method` is HS…).

    Raises SettingsError, with the `name` of the setting, for a key or a method that is none.
    """

    def __init__(self, key: SecretStr, method: str, name: str) -> None:
        kind = KEYS.get(method) or KEYS.get(method[:2])
        if kind is None or not _is_known(method):
            raise SettingsError(f'{name}: no such way to sign: "{method}"; common is "HS256"')
        self._method = method
        try:
            self._key: Key = kind.import_key(key.get_secret_value())
        except (JoseError, ValueError, TypeError) as error:
            raise SettingsError(f"{name}: the key can't be read as one for {method}") from error

    def read(self, token: object) -> JSON | None:
        """What the token says; None for one that doesn't hold, or doesn't any more."""
        if not isinstance(token, str):
            return None
        if token.lower().startswith(BEARER):
            token = token[len(BEARER) :]
        try:
            claims = jwt.decode(token.strip(), self._key, algorithms=[self._method]).claims
            jwt.JWTClaimsRegistry().validate(claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            return None
        return claims


def _is_known(method: str) -> bool:
    return method == "EdDSA" or method[2:] in ("256", "384", "512")
