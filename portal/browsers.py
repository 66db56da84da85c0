"""A browser's name in words, as people know their own: what a User-Agent header says, without its versions."""

from __future__ import annotations

from collections.abc import Sequence

from models.language import _

#: What the header contains → the name. The first that fits: Edge and Opera say that they are Chrome too, and Chrome that it is Safari.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"),
            ("HeadlessChrome", "Chrome"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
           ("Macintosh", "Mac"), ("Linux", "Linux"))  # fmt: skip


def browser_of(agent: str) -> str:
    """ "Firefox on Windows", or as much of it as can be told; empty if nothing can."""
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    return f"{browser} on {system}" if browser and system else browser or system


def shown_browser(words: str) -> str:
    """What `browser_of` says, in the reader's words; it is stored in English."""
    name, on, system = words.partition(" on ")
    if not words:
        return _("A browser that does not say which")
    return _("{browser} on {system}").format(browser=name, system=system) if on else words


def _first(known: Sequence[tuple[str, str]], agent: str) -> str:
    return next((name for sign, name in known if sign in agent), "")
