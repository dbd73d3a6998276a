"""When the control plane does what: timers that run whether or not the cluster's groups are in order.

Decides intervals alone. Must never work on the application's loop.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from mode import Service

from streams.worker.control import Control, Work

TELL_SECONDS = 0.25
SHOW_SECONDS = 5.0
RETRY_SECONDS = 15.0
WATCH_SECONDS = 600.0


class TimersService(Service):
    """The timers of a worker. Faust starts an application's own ones only once its group is in order."""

    abstract = False

    def __init__(self, control: Control, aside: Executor) -> None:
        """`aside` is where the work is done."""
        super().__init__()
        self._control, self._aside = control, aside

    async def do(self, work: Work) -> None:
        """Does one thing beside the loop."""
        await asyncio.get_running_loop().run_in_executor(self._aside, self._control.run, work)

    @Service.timer(TELL_SECONDS)
    async def _tell_customers(self) -> None:
        await self.do(self._control.tell_customers)

    @Service.timer(TELL_SECONDS)
    async def _tell_segments(self) -> None:
        await self.do(self._control.tell_segments)

    @Service.timer(SHOW_SECONDS)
    async def _show_positions(self) -> None:
        await self.do(self._control.show_positions)

    @Service.timer(RETRY_SECONDS)
    async def _retry_unknown(self) -> None:
        await self.do(self._control.retry_unknown)

    @Service.timer(WATCH_SECONDS)
    async def _watch_books(self) -> None:
        await self.do(self._control.watch_books)
