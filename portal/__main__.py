"""`python -m portal`: the web process."""

from __future__ import annotations

import uvicorn

from integrations.logs import set_up
from models.settings import ready_settings
from portal.main import calm_garbage, create_app


def main() -> None:
    """Refuse to start with a list of what is missing, else serve until SIGTERM."""
    found = ready_settings()
    set_up(found.log_level)
    app = create_app()
    calm_garbage()
    # Forwarded headers are read by portal.limits, which counts the trusted hops; uvicorn would trust them all (FACTS 42).
    # uvloop takes in one new connection each round: when all browsers come back at once, they wait for seconds behind those that are in.
    uvicorn.run(app, host=found.host, port=found.port, log_config=None, access_log=False, proxy_headers=False, server_header=False,
                loop="asyncio", ws="websockets-sansio", timeout_keep_alive=65, timeout_graceful_shutdown=8)  # fmt: skip


if __name__ == "__main__":
    main()
