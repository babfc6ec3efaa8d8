"""A question as it is searched for: in words that the articles may hold.

Order numbers, addresses and links are only the customer's, and every unknown word makes a match
look worse than it is; abbreviations are spelt out. What the articles do mention stays.
"""

import re
from collections.abc import Callable

_RUN = re.compile(r"[!-~]+")  # ASCII, since not every script parts its words by spaces
_AROUND = ".,;:!?()[]\"'#"
_LINK = re.compile(r"@|://|^www\.", re.IGNORECASE)
_DIGITS = 5  # that make a number somebody's own; error codes and years have fewer

_SPELT_OUT = {
    "2fa": "two-factor authentication",
    "a/c": "account",
    "abt": "about",
    "acct": "account",
    "addr": "address",
    "amt": "amount",
    "appt": "appointment",
    "b4": "before",
    "bc": "because",
    "cos": "because",
    "cuz": "because",
    "dept": "department",
    "docs": "documents",
    "hrs": "hours",
    "info": "information",
    "l8r": "later",
    "mfa": "multi-factor authentication",
    "mgr": "manager",
    "mins": "minutes",
    "msg": "message",
    "otp": "one-time code",
    "pics": "pictures",
    "pls": "please",
    "plz": "please",
    "pmt": "payment",
    "pswd": "password",
    "pto": "annual leave",
    "pw": "password",
    "pwd": "password",
    "qty": "quantity",
    "r": "are",
    "rcvd": "received",
    "recd": "received",
    "thx": "thanks",
    "tmrw": "tomorrow",
    "u": "you",
    "ur": "your",
    "w/": "with",
    "w/o": "without",
    "wfh": "work from home",
    "wk": "week",
    "wks": "weeks",
    "yr": "year",
    "yrs": "years",
}


def searchable(question: str, known: Callable[[str], bool]) -> str:
    """The question without what is only the customer's, its abbreviations spelt out.

    `known` says whether the articles hold all words of a text. A question of nothing but numbers
    stays as it is.
    """

    def rewrite(run: re.Match[str]) -> str:
        word = run[0].strip(_AROUND)
        spelt_out = _SPELT_OUT.get(word.lower())
        if not (spelt_out or _is_own(word)) or known(word):
            return run[0]
        return run[0].replace(word, spelt_out or "")

    rewritten = _RUN.sub(rewrite, question)
    return rewritten if any(map(str.isalnum, rewritten)) else question


def _is_own(word: str) -> bool:
    """Whether a word looks like a customer's number, address or link."""
    return sum(map(str.isdigit, word)) >= _DIGITS or bool(_LINK.search(word))
