"""The log of both processes: one JSON line an event on stdout, with an id and without anything that opens a door or names a person."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from ipaddress import AddressValueError, IPv6Address
from typing import Any, TextIO

import structlog

_NAMES = r"code|token|state|nonce|key|secret|password|signature|authorization|cookie"
#: What is taken out of every text that is logged: codes and tokens, queries, parameters of a statement, addresses of people.
#: The scheme of a credential comes before its header's name, or only the scheme's name would be taken out.
REDACTIONS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\[parameters: .*"), "[parameters: …]"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"\bspt_[\w-]+"), "spt_…"),
    (re.compile(rf"(?i)\b({_NAMES})(['\"]?(?:=|: ?|%3D)['\"]?)(?!(?:bearer|basic) …)[^\s&\"',;)]+"), r"\1\2…"),
    (re.compile(r"(?<=[\w/])\?[\w%.~+-]+=[^\s\"']*"), "?…"),
    (re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+"), "<email>"),
    (re.compile(r"(?i)(?<![\w:.])(?=[0-9a-f]*:)[0-9a-f:]{1,38}(?:[0-9a-f]|::)(?:(?:\.\d{1,3}){3})?(?!\w)"), lambda found: _sixth(found[0])),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<address>"),
    (re.compile(r"/(apply|documents|uploads|sign-in)/[A-Za-z0-9_-]{16,}"), r"/\1/…"),
    (re.compile(r"\buploads/[0-9A-Z]{8}/"), "uploads/…/"),
)
_TRACE, _PLACE = re.compile(r"(?s)Traceback \(most recent call last\):.*"), re.compile(r'File "[^"\n]+", line \d+, in \S+')
#: Fields that we make ourselves, in which nothing can stand that would have to be taken out.
_OURS = frozenset({"timestamp", "request_id", "level", "logger"})
#: The product's own loggers. What libraries say below a warning tells of cookies and bodies: they know nothing of our secrets.
_HOUSE = ("portal", "worker", "models", "integrations")


def set_up(level: str | int, to: TextIO | None = None, tell: Callable[[BaseException], Any] | None = None) -> None:
    """Send every logger of this process, the libraries' too, as JSON to stdout, or `to` another place.

    `level` is the least severe that is kept of our own; of the libraries it is never less than a warning. With `tell`, an error stands
    there as that says, whoever logs it, and never with its own words, which may quote anything.
    """
    least = level if isinstance(level, int) else logging.getLevelNamesMapping()[level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(), structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(lambda info: tell(info[1])) if tell else structlog.processors.format_exc_info,
    ]  # fmt: skip
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger, cache_logger_on_first_use=False,
    )  # fmt: skip
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    finish: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, as_json]
    if tell:
        finish.insert(1, _without_words)
    handler = logging.StreamHandler(to) if to else _Output()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish))
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    for name in _HOUSE:
        logging.getLogger(name).setLevel(least)
    _take_over()


def redact(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out of a log line's texts what REDACTIONS names; structlog calls it last before the JSON."""
    return {name: value if name in _OURS else _cleaned(value) for name, value in line.items()}


def clean(text: str) -> str:
    """`text` without codes, tokens, queries and addresses."""
    for pattern, instead in REDACTIONS:
        text = pattern.sub(instead, text)
    return text


def _cleaned(value: Any, name: str = "") -> Any:
    """A value of a line with all that is in it; what is named as a secret inside of it goes whole."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {clean(str(key)): _cleaned(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(one, name) for one in value]
    return "…" if re.fullmatch(_NAMES, name, re.IGNORECASE) else clean(value if isinstance(value, str) else repr(value))


def _without_words(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library may write a trace into its sentence: its places stay."""
    line["event"] = _TRACE.sub(lambda found: "; ".join(_PLACE.findall(found[0])), str(line.get("event", "")))
    return line


def _sixth(told: str) -> str:
    """Times and hashes have colons too."""
    try:
        return "<address>" if IPv6Address(told) else told
    except AddressValueError:
        return told


class _Output(logging.StreamHandler[Any]):
    """Standard output as it is when a line is written."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


def _take_over() -> None:
    """Libraries that bring handlers of their own write through the root's."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "nicegui"):
        found = logging.getLogger(name)
        found.handlers.clear()
        found.propagate = True
        found.setLevel(logging.NOTSET)
