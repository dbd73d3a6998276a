"""The data plane: the runner in a thread of its own, as a service of the Faust application.

Decides how its end becomes the application's end. Must never touch the store itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from mode import Service

from streams.owner import Owner
from streams.running import Runner


class LandingService(Service):
    """Lands from when the application starts until it stops. `failure` is what ended it before."""

    abstract = False

    def __init__(
        self, runner: Runner, ready: Callable[[Owner], None], failed: Callable[[LandingService], None]
    ) -> None:
        """`ready` hears of the owner, in the thread that lands; `failed` that something ended it."""
        super().__init__()
        self.failure: BaseException | None = None
        self.is_heard = False  # whether somebody else says what it was
        self._runner, self._ready, self._failed = runner, ready, failed
        self._thread = ThreadPoolExecutor(1, "landing")
        self._work: asyncio.Future[None] | None = None

    async def on_start(self) -> None:
        """Begins; Kafka's client lives on the application's loop."""
        loop = asyncio.get_running_loop()
        self._runner.loop = loop
        self._work = loop.run_in_executor(self._thread, self._runner.run, self._ready)

    @Service.task
    async def _follow(self) -> None:
        """Ends the application with the landing."""
        assert self._work
        try:
            await asyncio.shield(self._work)
        except asyncio.CancelledError:
            raise
        except BaseException as failure:
            self.failure = failure
            self._failed(self)
            await self.crash(failure)

    def end(self) -> None:
        """Ends the landing if the application could not; returns when its thread has let go of the store."""
        self._runner.state.stop.set()
        self._thread.shutdown(wait=True)

    async def on_stop(self) -> None:
        """Waits until what is being landed has landed."""
        self._runner.state.stop.set()
        if self._work:
            await asyncio.wait([self._work])
        self._thread.shutdown(wait=False)
