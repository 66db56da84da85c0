"""What was probably meant: an email address whose domain is a letter or two off from a common one, or from the company's own."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from models import identifiers

#: Where many people in the countries of our partners have their mail. What is listed is never asked about.
COMMON = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "outlook.fr", "hotmail.com", "hotmail.co.uk", "hotmail.de",
        "hotmail.fr", "live.com", "live.co.uk", "live.de", "msn.com", "yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr",
        "yahoo.ie", "ymail.com", "rocketmail.com", "icloud.com", "me.com", "mac.com", "aol.com", "aol.co.uk", "mail.com",
        "email.com", "gmx.com", "gmx.net", "gmx.de", "gmx.co.uk", "web.de", "t-online.de", "freenet.de", "posteo.de",
        "mailbox.org", "proton.me", "protonmail.com", "pm.me", "fastmail.com", "zoho.com", "btinternet.com", "btconnect.com",
        "sky.com", "virginmedia.com", "ntlworld.com", "talktalk.net", "blueyonder.co.uk", "tiscali.co.uk", "eircom.net",
        "orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "libero.it", "virgilio.it", "telefonica.net", "ziggo.nl",
        "kpnmail.nl", "xs4all.nl", "telenet.be", "skynet.be", "wp.pl", "o2.pl", "onet.pl", "interia.pl",
    }
)  # fmt: skip
SHORT = 9  # characters of a domain, as gmail.com has; a shorter one looks like too many others


def meant(address: str, own: Iterable[str] = ()) -> str:
    """The address with the domain that was probably meant; empty where nothing need be asked.

    `own` are domains that the company is known by: they are right as they stand, and meant before any other.
    """
    try:
        local, _at, domain = identifiers.email(address).rpartition("@")
    except ValueError:
        return ""
    ours = [one.casefold() for one in own if one]
    if domain in COMMON or any(domain == one or domain.endswith(f".{one}") for one in ours):
        return ""
    near = sorted((letters_off(domain, one), one not in ours, one) for one in {*ours, *COMMON} if _is_near(domain, one))
    return f"{local}@{near[0][2]}" if near else ""


def letters_off(first: str, second: str) -> int:
    """In how many letters two words differ, at most: two that changed places count as two."""
    steps = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    return sum(max(end - begin, to - since) for step, begin, end, since, to in steps if step != "equal")


def _is_near(typed: str, known: str) -> bool:
    """One letter off; in a longer domain two, if it begins alike: few people mistype the first letter and another.

    Short ones must begin alike, and the shortest are never meant: too many others look like them.
    """
    is_long, is_alike = len(known) >= SHORT, typed[0] == known[0]
    if abs(len(typed) - len(known)) > 2 or not (is_long or (is_alike and known.index(".") > 2)):
        return False
    off = letters_off(typed, known)
    return off == 1 or (off == 2 and is_long and is_alike)
