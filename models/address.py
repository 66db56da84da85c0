"""A whole address that was put into one box: "12 High Street, Leeds, LS1 4AB" in its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from models import identifiers, loose

_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$", re.IGNORECASE)
#: What people write at the end for the country.
NATIONS = frozenset({"uk", "u.k.", "gb", "united kingdom", "great britain", "england", "scotland", "wales", "northern ireland"})
COUNTIES = frozenset(
    {
        "aberdeenshire", "angus", "antrim", "argyll", "armagh", "ayrshire", "banffshire", "bedfordshire", "berkshire", "berwickshire",
        "buckinghamshire", "caithness", "cambridgeshire", "cheshire", "clackmannanshire", "clwyd", "cornwall", "county antrim",
        "county armagh", "county down", "county durham", "county fermanagh", "county londonderry", "county tyrone", "cumbria",
        "derbyshire", "devon", "dorset", "down", "dumfriesshire", "dyfed", "east lothian", "east riding of yorkshire", "east sussex",
        "east yorkshire", "essex", "fermanagh", "fife", "gloucestershire", "greater london", "greater manchester", "gwent", "gwynedd",
        "hampshire", "herefordshire", "hertfordshire", "inverness-shire", "isle of wight", "kent", "lanarkshire", "lancashire",
        "leicestershire", "lincolnshire", "londonderry", "merseyside", "mid glamorgan", "middlesex", "midlothian", "moray", "norfolk",
        "north yorkshire", "northamptonshire", "northumberland", "nottinghamshire", "oxfordshire", "perthshire", "powys",
        "renfrewshire", "rutland", "shropshire", "somerset", "south glamorgan", "south yorkshire", "staffordshire", "stirlingshire",
        "suffolk", "surrey", "tyne and wear", "tyrone", "warwickshire", "west glamorgan", "west lothian", "west midlands",
        "west sussex", "west yorkshire", "wiltshire", "worcestershire", "yorkshire",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Address:
    """The parts of an address; `county` is empty where none was named."""

    street: str
    town: str
    county: str
    postcode: str


def split(raw: object) -> Address | None:
    """The parts of a UK address that was typed or pasted as one; None if it is none, or has nothing but its street."""
    parts = [part for line in (loose.paragraphs(raw) or "").split("\n") for one in line.split(",") if (part := one.strip(" ."))]
    while parts and parts[-1].casefold() in NATIONS:
        parts.pop()
    found = _POSTCODE.search(parts[-1]) if parts else None
    if found is None:
        return None
    before = [*parts[:-1], *([rest] if (rest := parts[-1][: found.start()].strip()) else [])]
    county = before.pop() if len(before) > 2 and before[-1].casefold() in COUNTIES else ""
    if len(before) < 2:
        return None
    return Address("\n".join(before[:-1]), before[-1], county, identifiers.postcode(found[0], "GB"))
