"""Every text of the product, gathered into the catalogues: `python3 dev.py texts`.

Python, templates and scripts name their texts in `_("…")` and `ngettext`. What is declared when a module is imported stands there in
plain English and is handed to `_` where it is shown: that is read from the declarations themselves.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from models.agreement import TEXTS
from models.application import ApplicationStatus
from models.editions import wording
from models.flags import SIGNS
from models.invitation import InvitationStatus
from models.kinds import Choice, Kind, MultiChoice
from models.kinds.chosen import COUNTRIES
from models.language import CATALOGUES, ENGLISH, LANGUAGES
from models.person import Role
from models.question import Question
from models.rules import RULES
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS

ROOT = Path(__file__).parent.parent
FLOORS = ("models", "integrations", "portal", "worker")
#: A failure keeps its sentence in English for logs and deliveries, and says it in the reader's language where it is shown.
FAILURES = ("Passing", "Changed", "Permanent", "Missing", "Configuration", "Unclear", "SignInRefused")
SHOWN_FAILURES = ("integrations/failures.py", "integrations/identity.py", "integrations/storage.py", "portal/looking.py")  # the others happen in the worker
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "ngettext": (1, 2)}
#: How each kind of file is read; `trimmed` as in ext.i18n, so that {% trans %} may be broken into lines.
METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract", ".txt": "jinja2.ext:babel_extract", ".js": "javascript"}
OPTIONS = {"silent": "false", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true", "parse_template_string": "true"}
#: Tables of English words that are translated where they are shown. Of a table, what looks like words for people counts: see `_said`.
TABLES: dict[str, tuple[str, ...]] = {
    "portal/staff.py": ("SIGNED_OUT",),
    "portal/pages/review/verdict.py": ("LABELS",),
    "portal/pages/review/story.py": ("SENTENCES", "HAPPENED"),
    "portal/pages/review/__init__.py": ("PANEL",),
    "portal/pages/review/chronicle.py": ("WHO",),
    "portal/pages/review/deciding.py": ("APPROVING", "REJECTING"),
    "portal/pages/letters.py": ("KINDS",),
    "models/letter_template.py": ("BUILT_IN", "PLACEHOLDERS"),
    "portal/pages/errors.py": ("WORDS",),
    "portal/pages/ended.py": ("WORDS",),
    "portal/pages/contacts.py": ("COLUMNS",),
    "models/contacts.py": ("Part",),
    "models/columns.py": ("COLUMNS", "COMPANY"),
    "portal/pages/deliveries.py": ("SORTS",),
    "models/invited.py": ("TABS",),
    "portal/pages/importing.py": ("FATES",),
    "integrations/storage.py": ("NAME",),
    "integrations/identity.py": ("NAME",),
    "models/outbox.py": ("TABS", "NOTHING_TO_DO"),
    "models/person.py": ("Right",),
    "models/looked.py": ("VIEWS",),
    "models/token.py": ("SCOPES",),
    "models/webhook.py": ("KINDS",),
    "models/webhook_address.py": ("NOT_WHOLE", "TOO_LONG", "TOO_MUCH", "IN_CLEAR", "WITHIN"),
    "models/review.py": ("SECTIONS",),
    "portal/frame.py": ("DESK",),
    "portal/pages/sifting.py": ("RULINGS",),
    "portal/sentences.py": ("SENTENCES", "DATE"),
    "models/targets.py": ("TARGETS",),
    "worker/desk_mails.py": ("DECIDED",),
    "portal/words.py": ("DELIVERY_WORDS", "INVITATION_WORDS", "AGAIN"),
}

Text = str | tuple[str, ...]


def main() -> int:
    """Bring all catalogues up to date: new texts come empty, old ones go, nothing is guessed."""
    template = gathered()
    for code in LANGUAGES:
        if code != ENGLISH.code:
            left = update(code, template)
            print(f"{code}: {len(template)} texts, {left} to translate")
    return 0


def update(code: str, template: Catalog) -> int:
    """Write one catalogue anew and answer how many of its texts wait for their translation."""
    path = CATALOGUES / f"{code}.po"
    catalogue = Catalog(locale=code)
    if path.exists():
        with path.open("rb") as before:
            catalogue = read_po(before, locale=code)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path.write_bytes(written(catalogue))
    return sum(1 for text in catalogue if text.id and not translated(text.string))


def gathered() -> Catalog:
    """All texts with the files that they stand in, in an order that does not change by itself."""
    catalogue = Catalog(charset="utf-8")
    for text, place in sorted({*_in_files(), *_named(), *_failures(), *_declared()}, key=lambda pair: (str(pair[0]), pair[1])):
        catalogue.add(text, locations=[(place, 0)])
    return catalogue


def translated(string: str | Iterable[str] | None) -> bool:
    """Whether a text has all its forms."""
    return all(bool(form) for form in ([string] if isinstance(string, str) else string or [""]))


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its file: sorted, without line numbers, dates and versions, so that a change shows only what changed."""
    out = io.BytesIO()
    write_po(out, catalogue, width=0, include_lineno=False, sort_output=True, ignore_obsolete=True, omit_header=True)
    head = f'msgid ""\nmsgstr ""\n"Language: {catalogue.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    return (head + f'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {catalogue.plural_forms}\\n"\n\n').encode() + out.getvalue()


def files() -> Iterator[Path]:
    """Every file of the product that may hold a text."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*")):
            if path.suffix in METHODS and not {"migrations", "local", "__pycache__", "fonts"} & set(path.parts):
                yield path


def _in_files() -> Iterator[tuple[Text, str]]:
    for path in files():
        yield from ((text, path.relative_to(ROOT).as_posix()) for text in said_in(path))


def said_in(path: Path) -> Iterator[Text]:
    """What a file says by `_` and `ngettext`."""
    with path.open("rb") as source:
        yield from (text for _line, text, _comments, _context in extract(METHODS[path.suffix], source, KEYWORDS, (), OPTIONS))


def _named() -> Iterator[tuple[Text, str]]:
    """The words in a module's constant or table that is handed to `_` by its name: `_(REFUSED)`, `_(WORDS[status])`."""
    modules = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in files() if path.suffix == ".py"}
    wanted = {found for tree in modules.values() for found in _handed_over(tree)}
    for path, tree in modules.items():
        for node in tree.body:
            if names_of(node) & wanted - {"STEPS", "QUESTIONS", "SLOTS"}:  # read from the declarations below
                yield from ((text, path) for text in _strings(node) if is_for_people(text))


def _handed_over(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_" and call.args:
            yield from (part.id for part in ast.walk(call.args[0]) if isinstance(part, ast.Name) and part.id.isupper())
            yield from (part.attr for part in ast.walk(call.args[0]) if isinstance(part, ast.Attribute) and part.attr.isupper())


def _failures() -> Iterator[tuple[Text, str]]:
    for path in SHOWN_FAILURES:
        for call in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in FAILURES and call.args:
                yield from ((text, path) for text in _strings(call.args[0]))
            elif isinstance(call, ast.Assign) and names_of(call) == {"refusal"}:
                yield from ((text, path) for text in _strings(call.value))


def _declared() -> Iterator[tuple[Text, str]]:
    for question in QUESTIONS.values():
        yield from ((text, f"models/steps/{STEPS[question.step - 1].name}.py") for text in _of_question(question) if text)
        yield from ((text, "models/kinds/") for text in _of_kind(question.kind))
    for step in STEPS:
        yield from ((text, "models/steps/__init__.py") for text in (step.title, step.lead))
    for slot in SLOTS.values():
        yield from ((text, "models/slots.py") for text in (slot.label, slot.called, slot.help, slot.section) if text)
    yield from ((rule.message, "models/rules.py") for rules in RULES.values() for rule in rules)
    yield from ((sign.message, "models/flags.py") for sign in SIGNS)
    yield from ((text, "models/application.py") for state in ApplicationStatus for text in dict.fromkeys((state.label, state.desk_label)))
    yield from ((text.value, "models/person.py") for text in Role)
    yield from ((text.value, "models/invitation.py") for text in InvitationStatus)
    for agreed in TEXTS.values():
        yield from ((text, "models/agreement.py") for text in (agreed.title, *agreed.paragraphs))
    yield from ((text, "models/editions.py") for text in wording())
    for path, names in TABLES.items():
        yield from ((text, path) for text in _said(path, names))


def _of_question(question: Question) -> tuple[str, ...]:
    return question.label, question.help, question.called, question.missing, question.section


def _of_kind(kind: Kind) -> Iterator[str]:
    yield kind.missing
    if isinstance(kind, Choice | MultiChoice) and kind is not COUNTRIES:
        labels = (kind.labels or {}) if isinstance(kind, Choice) else {}
        yield from (labels.get(value, value) for value in kind.values)


def _said(path: str, names: tuple[str, ...]) -> Iterator[str]:
    """The words for people in some tables or enumerations of a module, not the keys and short signs in it."""
    for node in ast.parse((ROOT / path).read_text()).body:
        if names_of(node) & set(names):
            yield from (text for text in _strings(node) if is_for_people(text))


def names_of(node: ast.stmt) -> set[str]:
    """What a statement defines."""
    if isinstance(node, ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def is_for_people(text: str) -> bool:
    """Whether a string reads like words: it has a letter and either a capital first or a space."""
    return bool(re.search(r"[^\W\d_]", text)) and (text[0].isupper() or " " in text.strip())


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.ClassDef):
        for statement in node.body:
            yield from _strings(statement) if isinstance(statement, ast.Assign) else ()
    elif isinstance(node, ast.JoinedStr):
        raise SystemExit(f"A sentence that is shown is an f-string, which no catalogue can hold: {ast.unparse(node)}")
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


if __name__ == "__main__":
    sys.exit(main())
