"""What pages for reading have more than others: their stylesheets, and on paper a header with reference and date."""

from __future__ import annotations

from markupsafe import Markup

from models.application import Application
from models.database import now
from models.language import shown_date
from portal.frame import static_url
from portal.render import render
from portal.words import OFFICE

STYLE = f'<link rel="stylesheet" href="{static_url("reading.css")}">'
PRINTED = f'{STYLE}<link rel="stylesheet" href="{static_url("print.css")}" media="print">'


def printed_head(application: Application, standing: str) -> Markup:
    """The header on paper: company, reference, the state of things, the day."""
    today = shown_date(now().astimezone(OFFICE).date())
    return Markup(render("print_head.html", application=application, standing=standing, today=today))  # noqa: S704 (it is our template)
