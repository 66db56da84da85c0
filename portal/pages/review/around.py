"""The list from which an application was opened: what stands before and after it there, and the way back.

The address carries the list's own words, so that it can be sent on. Where an application stood is known as long as its page is open, so
one goes on from there also when what was done to it has taken it out of the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from sqlmodel import Session

from models.language import _, ngettext
from models.looked import VIEWS, Looked, looked
from models.neighbours import Neighbours, Standing, found_in, neighbours, standing
from models.person import Actor
from portal import words


@dataclass(frozen=True)
class Around:
    """What is around an application in the list of `asked`, the words of an address."""

    asked: str
    looked: Looked
    at: Standing
    found: Neighbours
    now_in: str = ""  # the view where it is found since it has left this list

    @classmethod
    def of(cls, session: Session, actor: Actor, application_id: int | None, asked: Mapping[str, str]) -> Self | None:
        """None where the address tells of no list: the application was opened by a link."""
        wanted = looked(asked, actor.user_id)
        at = standing(session, wanted, application_id or 0) if asked.get("view") else None
        return cls(urlencode(asked), wanted, at, Neighbours(0, 0, None, None)).again(session) if at else None

    def again(self, session: Session) -> Self:
        """The same place, as the list is now."""
        found = neighbours(session, self.looked, self.at)
        return replace(self, found=found, now_in="" if found.number else found_in(session, self.looked, self.at.id))

    @property
    def back(self) -> str:
        """The address of the list."""
        return f"/review?{self.asked}"

    def address(self, reference: str) -> str:
        """The address of another application of this list."""
        return f"/review/{reference}?{self.asked}"

    @property
    def commands(self) -> list[dict[str, str]]:
        """What the palette offers (static/palette.js)."""
        after, before = _("Next application of the list"), _("Previous application of the list")
        ways = (("neighbour-after", after, self.found.after), ("neighbour-before", before, self.found.before))
        return [{"id": name, "words": said} for name, said, there in ways if there]

    @property
    def words(self) -> str:
        """Where the application stands: "3 of 128 in “Needs work”"."""
        view, total = _(VIEWS[self.looked.view][0]), words.number(self.found.total)
        if self.now_in == self.looked.view:
            return _("Your search or filters do not find it any more. It is still in “{view}”.").format(view=view)
        if self.now_in:
            left = ngettext("It has left “{view}” and is in “{now}” now.", "They have left “{view}” and are in “{now}” now.", 1)
            return left.format(view=view, now=_(VIEWS[self.now_in][0]))
        said = _("{number} of {total} found in “{view}”") if self.looked.q or self.looked.filtered else _("{number} of {total} in “{view}”")
        return said.format(number=words.number(self.found.number), total=total, view=view)
