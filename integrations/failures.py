"""What can go wrong with a system outside, in three sorts, each with a sentence for the person who must know.

Passing: try again. Permanent: a person must change something. Configuration: an operator must.
`calling(system)` turns every library's errors into one of the three.
"""

from __future__ import annotations

import email.utils
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import requests
from botocore import exceptions as boto
from redis import exceptions as valkey

from models.language import _


class Failure(Exception):
    """A call to another system failed. `reason` is one plain sentence in English, as logs and deliveries keep it.

    `facts` stand in the sentence in braces, so that `words` can say it in the reader's language.
    """

    def __init__(self, sentence: str, **facts: str) -> None:
        self.sentence, self.facts = sentence, facts
        self.reason = sentence.format(**facts) if facts else sentence
        super().__init__(self.reason)

    @property
    def words(self) -> str:
        """The sentence in the spoken language, with the system's name in it too."""
        said = _(self.sentence)
        return said.format(**{name: _(fact) if name == "system" else fact for name, fact in self.facts.items()}) if self.facts else said


class Passing(Failure):
    """It may work later; `retry_after` is in seconds, where the other side said so."""

    def __init__(self, sentence: str, retry_after: float | None = None, **facts: str) -> None:
        super().__init__(sentence, **facts)
        self.retry_after = retry_after


class NotAsked(Passing):
    """Our own pace held the call back: the other side was not asked, so it counts as no attempt (FACTS 6)."""


class Changed(Passing):
    """Somebody else changed it since it was looked at: look again."""


class Permanent(Failure):
    """It will fail again until a person changes what was asked for."""


class Missing(Permanent):
    """The other side does not have it: it never did, or somebody deleted it."""


class Unclear(Permanent):
    """Nobody can tell whether it was done, and doing it again could do it twice: a person must look (FACTS 13)."""


class Configuration(Failure):
    """It will fail again until an operator changes a setting or a right."""


@contextmanager
def calling(system: str) -> Iterator[None]:
    """Whatever a library raises inside leaves as a `Failure` that names `system`; bugs of our own pass through."""
    try:
        yield
    except Failure:
        raise
    except (requests.RequestException, boto.BotoCoreError, boto.ClientError, smtplib.SMTPException, valkey.RedisError, OSError) as error:
        raise from_error(system, error) from error


def from_error(system: str, error: Exception) -> Failure:
    """The failure that a library's exception stands for."""
    if isinstance(error, boto.ClientError):
        return _from_store(system, error)
    if isinstance(error, smtplib.SMTPException):
        return _from_mail(system, error)
    if isinstance(error, _UNTRUSTED):
        return Configuration("{system}'s certificate is not trusted: check its address and the CA file.", system=system)
    if isinstance(error, _MISSET):
        return Configuration("{system}'s address or credentials are missing or not well formed: check the settings.", system=system)
    if isinstance(error, _SLOW):
        return Passing("{system} did not answer in time.", system=system)
    return Passing("{system} could not be reached.", system=system)


def from_response(system: str, response: requests.Response) -> Failure:
    """The failure that an HTTP answer of 400 or above stands for."""
    return from_status(system, response.status_code, _said(response), seconds_of(response.headers.get("Retry-After")))


def from_status(system: str, status: int, said: str = "", retry_after: float | None = None) -> Failure:
    """The failure that an HTTP status stands for; `said` is the other side's own short words, if any."""
    answer = f"{status} ({said})" if said else str(status)
    if status == 412:
        return Changed("{system} has it in another version by now: it answered {answer}.", None, system=system, answer=answer)
    if status in _LATER:
        return Passing("{system} is busy or away for the moment: it answered {answer}.", retry_after, system=system, answer=answer)
    if status in (401, 403, 507):
        refusal = "{system} refuses us: it answered {answer}. Check the credentials and rights given to the portal."
        return Configuration(refusal, system=system, answer=answer)
    if status in (404, 410):
        return Missing("{system} does not know what was asked for: it answered {answer}.", system=system, answer=answer)
    return Permanent("{system} does not accept what was sent: it answered {answer}.", system=system, answer=answer)


def seconds_of(retry_after: str | None) -> float | None:
    """Seconds that a Retry-After header asks for (a number or a date, RFC 9110), or None."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


_LATER = frozenset({408, 423, 424, 425, 429, 500, 502, 503, 504, 509})
_UNTRUSTED = (requests.exceptions.SSLError, boto.SSLError, ssl.SSLError)
_MISSET = (
    requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema, boto.NoCredentialsError,
    boto.PartialCredentialsError, boto.ParamValidationError, boto.InvalidEndpointConfigurationError, valkey.AuthenticationError,
)
_SLOW = (requests.Timeout, boto.ConnectTimeoutError, boto.ReadTimeoutError, valkey.TimeoutError, TimeoutError)
_SIGNING = frozenset({"SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "NoSuchBucket", "ExpiredToken", "AllAccessDisabled"})
_SLOWDOWN = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "RequestTimeTooSkewed"})


def _from_store(system: str, error: boto.ClientError) -> Failure:
    told = error.response.get("Error", {})
    code, meta = told.get("Code", ""), error.response.get("ResponseMetadata", {})
    if code in _SIGNING:
        return Configuration("{system} refuses us ({code}): check the bucket's name and its keys.", system=system, code=code)
    if code in _SLOWDOWN:
        return Passing("{system} is busy or away for the moment ({code}).", system=system, code=code)
    headers = meta.get("HTTPHeaders", {})
    return from_status(system, meta.get("HTTPStatusCode", 500), code, seconds_of(headers.get("retry-after")))


def _from_mail(system: str, error: smtplib.SMTPException) -> Failure:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Configuration("{system} does not offer the encryption or sign-in that the settings ask for.", system=system)
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500:
        answer = _answer(error.smtp_code, error.smtp_error)
        return Configuration("{system} refuses the user or password ({answer}).", system=system, answer=answer)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _from_recipients(system, error)
    if isinstance(error, smtplib.SMTPResponseException):
        return _from_reply(system, error.smtp_code, error.smtp_error)
    return Passing("{system} broke the connection off.", system=system)


def _from_recipients(system: str, error: smtplib.SMTPRecipientsRefused) -> Failure:
    address, (code, words) = next(iter(error.recipients.items()))
    facts = {"system": system, "address": address, "answer": _answer(code, words)}
    if code < 500:
        return Passing("{system} does not take mail for {address} at the moment ({answer}).", None, **facts)
    return Permanent("{system} does not take mail for {address} ({answer}): check the address.", **facts)


def _from_reply(system: str, code: int, words: bytes | str) -> Failure:
    facts = {"system": system, "answer": _answer(code, words)}
    if code in (530, 534, 535, 538):
        return Configuration("{system} wants a sign-in that the settings do not give ({answer}).", **facts)
    if 500 <= code < 600:
        return Permanent("{system} does not accept the mail ({answer}).", **facts)
    return Passing("{system} is busy or away for the moment ({answer}).", None, **facts)


def _answer(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())[:200]}".strip()


def _said(response: requests.Response) -> str:
    """Graph's and OAuth's own words for an error, kept short; nothing of any other body."""
    try:
        body = response.json()
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    said = error.get("message") or error.get("code") if isinstance(error, dict) else error
    return " ".join(str(said).split())[:200].rstrip(".") if said else ""
