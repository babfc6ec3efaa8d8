"""Errors as they may be logged: what kind and where, never their text: it may be a customer's."""

import traceback


def failure(error: BaseException) -> dict[str, str]:
    """The kind of the error, and the last three places it came through, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = (f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}" for frame in frames)
    return {"error": type(error).__name__, "at": " > ".join(places)}
