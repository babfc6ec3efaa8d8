"""Whose e-mail it is, if our own mail server has looked: anybody can write any From."""

import authres

from channels.mail.reading import Mail


def verified_address(mail: Mail, authserv: str | None) -> str | None:
    """The sender's address if the server that calls itself `authserv` found that DMARC passes.

    Servers put their finding above what came in, so only the uppermost one counts: those below
    may be the sender's own invention.
    """
    findings = mail.headers.get_all("Authentication-Results") or []
    if not authserv or not findings or len(mail.headers.get_all("From") or []) != 1:
        return None
    try:
        parsed = authres.AuthenticationResultsHeader.parse_value(" ".join(str(findings[0]).split()))
    except authres.AuthResError:
        return None
    if str(parsed.authserv_id).lower() != authserv.lower():
        return None
    domain = mail.sender.rpartition("@")[2]
    passes = any(
        each.method == "dmarc"
        and each.result == "pass"
        and any(
            (found.type, found.name, str(found.value).lower()) == ("header", "from", domain)
            for found in each.properties
        )
        for each in parsed.results
    )
    return mail.sender if passes else None
