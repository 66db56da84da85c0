"""The HTML of a page of the desk, sent as HTML.

NiceGUI sends all that a page shows as JSON in a script, where HTML is half as long again and each letter of it is looked at twice:
a fifth of a list's time. Laid aside it stands in templates of the same document, and is taken out of them where it belongs.
"""

from __future__ import annotations

from nicegui import Client, ui

from portal.policy import nonce

#: Below so many characters it costs less where it is.
SHORT = 200
#: The element that stands for it, and gives way to it as soon as it is in the page. A copy, as a dialog is drawn each time it opens.
SCRIPT = """customElements.define("laid-aside", class extends HTMLElement {
  connectedCallback() { this.replaceWith(document.getElementById(this.getAttribute("of")).content.cloneNode(true)); }
});"""


def lay_aside(client: Client) -> None:
    """Lay aside what this page's `ui.html` elements show; called when all of it is there, and before it is sent.

    Their `content` remains what it is: one that is set anew later goes over the socket as ever.
    """
    ui.add_head_html(f'<script nonce="{nonce()}">{SCRIPT}</script>')
    for element in client.elements.values():
        if isinstance(element, ui.html) and not element.props["sanitize"] and len(element.content) > SHORT:
            ui.add_body_html(f'<template id="aside-{element.id}">{element.content}</template>')
            element.props["innerHTML"] = f'<laid-aside of="aside-{element.id}"></laid-aside>'
