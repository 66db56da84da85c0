"""What the portal tells a partner's open page, over its socket.

NiceGUI's outbox is a task for each page that wakes once a second: with 500 pages a tenth of the process. This one sleeps until there is
something to send. What it promises is the same: in order, kept while the socket is away, and sent again to a page that comes back.
"""

from __future__ import annotations

from nicegui import Client, background_tasks, core
from nicegui.outbox import Outbox


class Postbox(Outbox):
    """Messages alone: a partner's page has no elements of NiceGUI's (portal/frame.py)."""

    def __init__(self, client: Client) -> None:
        self._sending = False
        super().__init__(client)
        client.on_connect(self._set_enqueue_event)

    async def loop(self) -> None:
        """Nothing: `_send` runs when there is something to send."""

    def _set_enqueue_event(self) -> None:
        """Something waits, or the socket is there again; NiceGUI calls it for each message."""
        if self.messages and not (self._sending or self._should_stop) and self.client.has_socket_connection:
            self._sending = True
            background_tasks.create(self._send(), name=f"postbox of {self.client.id}")

    async def _send(self) -> None:
        try:
            while self.messages and not self._should_stop and self.client.has_socket_connection:
                await self._send_one()
        finally:
            self._sending = False

    async def _send_one(self) -> None:
        try:
            await self._emit(self.messages.popleft())
        except Exception as fault:  # as NiceGUI's own does: one message that cannot be sent keeps no other back
            core.app.handle_exception(fault)
