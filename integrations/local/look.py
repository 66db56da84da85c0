"""How the stand-ins' pages look: plain HTML in the brand's colours, light and dark, without script."""

from __future__ import annotations

from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #091922; --quiet: #4a5b66; --line: #e1e8ed; --paper: #fff; --page: #f8fafb;
  --blue: #044d73; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e8eef2; --quiet: #a9bac5; --line: #24404f; --paper: #10242f; --page: #091922; --blue: #8fd0f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 64rem;
  font: 16px/1.5 Inter, system-ui, sans-serif; color: var(--ink); background: var(--page); }
h1, h2 { font-family: Montserrat, system-ui, sans-serif; line-height: 1.2; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; font-size: 1.2rem; }
small, .quiet { color: var(--quiet); font-weight: 400; } a { color: var(--blue); }
table { width: 100%; margin: 0 0 1.25rem; border-collapse: collapse; background: var(--paper); border: 1px solid var(--line);
  table-layout: fixed; }
caption { padding: .5rem 0; text-align: left; font-weight: 600; }
th, td { padding: .45rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { width: 14rem; font-weight: 600; color: var(--quiet); } tr:has(> th + th) th { width: auto; }
td { white-space: pre-wrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; background: var(--paper); border: 1px solid var(--line); }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); background: #fff; }
.cards { display: grid; gap: .75rem; padding: 0; list-style: none; }
.cards a { display: block; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--paper); text-decoration: none; }
.cards a:hover, .cards a:focus-visible { border-color: var(--blue); outline: 2px solid var(--blue); outline-offset: -1px; }
.cards strong { display: block; color: var(--ink); } .cards span { color: var(--quiet); }
.narrow { max-width: 28rem; margin: 8vh auto 0; }
@media (max-width: 40rem) { th { width: 9.5rem; } }
.wide { overflow-x: auto; } .wide table { min-width: 44rem; }
"""


def page(title: str, body: str, narrow: bool = False) -> str:
    """A whole page; `title` is escaped, `body` is HTML."""
    inner = f"<h1>{escape(title)}</h1>{body}"
    inner = f'<div class="narrow">{inner}</div>' if narrow else inner
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{inner}</main></body></html>'
