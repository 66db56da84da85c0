"""One HTTP session for every system that is reached by requests: with a time limit, and with the operator's CA where there is one."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from models.settings import settings

USER_AGENT = "NONISV|Saber|PartnerPortal/1.0"  # the form that SharePoint asks for before it throttles (FACTS 6)

CONNECTIONS = 32  # kept to one host: more than any process has calls in the air, or those beyond would be opened anew each time


class WebSession(requests.Session):
    """A session whose every request has a time limit, redirects included."""

    def __init__(self, ca_file: str = "") -> None:
        super().__init__()
        self.headers["User-Agent"] = USER_AGENT
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))
        if ca_file:
            self.verify = ca_file
            self.trust_env = False  # else REQUESTS_CA_BUNDLE would win over `verify` (FACTS 69)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """As in requests, with `timeout` from the settings unless the caller gives one."""
        options["timeout"] = options.get("timeout") or settings().call_timeout_seconds
        return super().request(method, url, *args, **options)
