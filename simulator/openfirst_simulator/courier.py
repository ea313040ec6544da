"""What a world posts to its webhook: one attempt after another, and a failed one again, on the world's clock.

How often the platform tried again, and when, no source says: four times here, each later than the one before.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from msgspec import structs

from openfirst_reference.contract.findings import Mistake
from openfirst_simulator.bodies import kind_of
from openfirst_simulator.records import PENDING, Delivery
from openfirst_simulator.services import Scene
from openfirst_simulator.store import MemoryStore
from openfirst_simulator.timeline import BrokenOff, Timeline

AGAIN = (10.0, 60.0, 600.0, 3600.0)
"""How many seconds after an attempt that failed the next one is made; none after the last."""
ANSWER_SECONDS = 5.0
"""For how many real seconds an answer is waited for."""
LONGEST = 2_000
_HERE = re.compile(r"http://(localhost|127\.[0-9.]+|\[::1\])([:/?#][!-~]*)?")
"""As the control plane's description has it: without a user, and without what no URL may hold."""
_HEADERS = 50


class Came(NamedTuple):
    """What came of an attempt: the status, such as `200 OK`, None where no answer came; and the answer's headers."""

    status: str | None
    headers: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether the webhook has taken it."""
        return self.status is not None and self.status.startswith("2")


Post = Callable[[str, bytes], Awaitable[Came]]


def check_url(url: Any) -> str:
    """The URL of a webhook. Raises ValueError for one that is not of this machine."""
    wanted = "Give one of this machine, such as http://127.0.0.1:3000/webhook: nothing leaves it."
    if not isinstance(url, str):
        raise Mistake(f"`url` is {kind_of(url)}. {wanted}")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here or not _HERE.fullmatch(url) or len(url) > LONGEST:
        raise Mistake(f"`url` is `{url[:80]}`. {wanted}")
    return url


class Courier:
    """Makes the deliveries of a world that are due, one at a time. `decide` commits what came of them.

    It works as long as something is to be delivered, in whatever loop runs then; where time is moved, that waits for it.
    """

    def __init__(
        self,
        store: MemoryStore,
        clock: Timeline,
        decide: Callable[[Callable[[Scene], Any]], Any],
        post: Post | None = None,
    ) -> None:
        self._store, self._clock, self._decide, self._post = store, clock, decide, post or posted
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def stir(self) -> None:
        """There may be something to be delivered. Without a loop that runs, it waits for the next time."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if not self._store.find(PENDING, PENDING):
            return
        self._clock.rouse(self)
        if self._task is not None and not self._task.done() and self._loop is loop:
            self._clock.wake(self)
            return
        self._loop, self._task = loop, loop.create_task(self._work())
        self._task.add_done_callback(self._over)

    def stop(self) -> None:
        """Whatever is under way is left."""
        if self._task is not None and self._loop is not None and not self._loop.is_closed():
            self._task.cancel()
        self._task = None
        self._clock.done(self)

    async def _work(self) -> None:
        while (delivery := self._next()) is not None:
            if delivery.due > self._clock.now():
                with suppress(BrokenOff):  # What is due is seen anew in what the world is by then.
                    await self._clock.wait(0.0, "", since=delivery.due, of=(self,), who=self)
            else:
                await self._attempt(delivery)

    def _over(self, task: asyncio.Task[None]) -> None:
        """A task has ended, or was canceled with its loop, even before it began."""
        if self._task is task:
            self._task = None
            self._clock.done(self)

    def _next(self) -> Delivery | None:
        """What is due first."""
        waiting = [self._store.load(Delivery, name) for name in self._store.find(PENDING, PENDING)]
        return min((each for each in waiting if each is not None), key=lambda each: each.due, default=None)

    async def _attempt(self, delivery: Delivery) -> None:
        came = await self._post(delivery.url, delivery.body.encode())
        self._decide(lambda scene: _made(scene, delivery, came))
        self._clock.tell(
            {
                "what": "webhook",
                "event": delivery.event,
                "conference": delivery.conference,
                "attempt": delivery.number,
                "status": came.status,
            }
        )


def _made(scene: Scene, delivery: Delivery, came: Came) -> None:
    """An attempt was made; if it failed, there is another one to come."""
    if scene.draft.get(Delivery, delivery.id) is not delivery:
        return  # The world is another one by now, or the conference forgotten.
    scene.draft.put(structs.replace(delivery, sent=scene.now, status=came.status, headers=came.headers))
    if not came.is_good and delivery.number <= len(AGAIN):
        due = scene.now + AGAIN[delivery.number - 1]
        scene.draft.put(structs.replace(delivery, id=scene.ids.fresh(), number=delivery.number + 1, due=due))


async def posted(url: str, body: bytes) -> Came:
    """What comes of posting a body to a URL. No proxy is asked, and no redirect followed: it stays on this machine."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as http,
            http.post(url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False) as answer,
        ):
            headers = dict(list(answer.headers.items())[:_HEADERS])
            return Came(f"{answer.status} {answer.reason or ''}".strip(), headers)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return Came(None, {})
