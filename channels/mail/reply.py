"""What is new in a reply: without what it quotes, and without the signature."""

import re

import quotequail

SEARCHED_LINES = 500  # a reply's own words end long before
LONGEST_LINE = 10_000  # the library's patterns take the square of it
LONGEST_SIGNATURE = 20  # lines

_ODD_SPACES = str.maketrans({"\xa0": " ", "\u202f": " ", "\u200b": "", "\ufeff": ""})
# "Il giorno lun 3 mag 2026 alle 10:12 Lark Home <help@...> ha scritto:", in any language.
_INTRODUCTION = re.compile(r"\n(?=[^\n]*(\d{1,2}[:.]\d{2}|\d{4}|@))[^\n]{6,300}:\s*\Z")
_QUOTED = re.compile(r"^>.*\n?", re.MULTILINE)
_DEVICES = (
    r"(sent from my|get outlook for|sent from|sent with|gesendet von|diese nachricht wurde von|"
    r"envoyé de|envoyé depuis|enviado desde mi|inviato da) .{2,60}|von meinem .{2,40} gesendet"
)
_CLOSINGS = (
    r"((kind|kindest|best|warm|warmest|with kind|with best) )?regards|best wishes|all the best|"
    r"cheers|sincerely|yours (sincerely|faithfully|truly)|(many )?thanks( again| in advance)?|"
    r"thank you|mit (freundlichen|besten|herzlichen) gr(ü|ue)(ß|ss)en|"
    r"(viele|liebe|beste|schöne|herzliche) gr(ü|ue)(ß|ss)e|gru(ß|ss)|mfg|lg|vg|danke|"
    r"(bien |très )?cordialement|bien à vous|salutations( distinguées)?|merci( d'avance)?|"
    r"saludos( cordiales)?|cordiali saluti|met vriendelijke groet(en)?"
)
_SIGNATURE = re.compile(rf"(-- ?|_{{5,}}|{_DEVICES}|({_CLOSINGS})[,.!]?)\s*", re.IGNORECASE)


def new_words(text: str) -> str:
    """What the sender has written now. A forwarded e-mail without a word is news in itself."""
    text = text.translate(_ODD_SPACES)
    return _unsigned(_unquoted(text)) or text.strip()


def _unquoted(text: str) -> str:
    lines = text.split("\n")[:SEARCHED_LINES]
    if max(map(len, lines)) > LONGEST_LINE:
        return text
    found = quotequail.unwrap("\n".join(lines))
    if found is None:
        return _QUOTED.sub("", text)
    above = _INTRODUCTION.sub("", "\n" + found.get("text_top", ""))
    below = found.get("text_bottom", "")  # written below or between what is quoted
    return _QUOTED.sub("", f"{above}\n{below}")


def _unsigned(text: str) -> str:
    """The text up to a line that only signatures have, if nothing is said or asked after it."""
    lines = text.strip().split("\n")
    for index in range(max(1, len(lines) - LONGEST_SIGNATURE), len(lines)):
        if _SIGNATURE.fullmatch(lines[index]) and all(map(_may_sign, lines[index + 1 :])):
            return "\n".join(lines[:index]).strip()
    return "\n".join(lines)


def _may_sign(line: str) -> bool:
    return len(line) <= 100 and "?" not in line
