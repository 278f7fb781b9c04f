"""Places calls as the dialer does, by AMI Originate, and keeps as many alive as are wanted."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.ivr.flows import Flow
from bench.ivr.ground import Ground
from dialer.ami import AmiError, AmiEvent, OriginateRequest, originate_channel_id
from followup.calls import ledger
from followup.calls.ledger import CHANNEL_PREFIX, attempt_id_of
from followup.calls.models import Attempt, AttemptState
from followup.calls.outcome import settle
from followup.campaigns.house import House
from followup.campaigns.models import TaskState
from followup.campaigns.retry import NextStep
from followup.database.base import now
from followup.patients.phones import DialNumber, to_dial

TICK_S = 0.05
LAST_WORD_S = 1.5            # from a channel's end to its attempt's: the script's last commit
SIGN_IN_S = 15.0


@dataclass
class Call:
    """One call of a run; moments in seconds of the monotonic clock."""

    placed: float
    channel_id: str
    answered: float = 0.0
    ended: float = 0.0
    failed: bool = False
    keys: str | None = None              # what the flow says that it heard


class Calls:
    """All calls of a run. ``wanted`` is how many shall be alive; ``per_second`` how fast."""

    def __init__(self, ground: Ground, flow: Flow, per_second: float) -> None:
        self.wanted = 0
        self.per_second = per_second
        self.all: dict[str, Call] = {}
        self.alive: set[str] = set()
        self.faults: Counter[str] = Counter()
        self._ground, self._flow = ground, flow
        self._client = ground.ami(self._hear)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Calls:
        await self._client.start()
        if not await self.until(lambda: self._client.connected, SIGN_IN_S):
            await self._client.stop()
            raise TimeoutError("the node's AMI does not let us in")
        self._spawn(self._pump())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.stop()

    @property
    def failed(self) -> int:
        """Calls that Asterisk could not place or lost before they were answered."""
        return sum(call.failed for call in self.all.values())

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Wait for something to be true; False when it is not in time."""
        deadline = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(TICK_S)
        return True

    # --- placing -------------------------------------------------------------------------------

    async def _pump(self) -> None:
        allowance, before = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            moment = time.monotonic()
            allowance = min(allowance + (moment - before) * self.per_second, self.per_second)
            before = moment
            while allowance >= 1 and len(self.alive) < self.wanted:
                allowance -= 1
                identity = str(uuid.uuid4())
                self.alive.add(identity)     # at once: those on their way count
                self._spawn(self._place(identity))

    async def _place(self, identity: str) -> None:
        number, channel_id = DialNumber("13800130000"), f"bench-{identity}"
        if self._flow is Flow.AFTERCALL:
            attempt = await self._claim()
            if attempt is None:
                self.faults["no task was due"] += 1
                self.alive.discard(identity)
                return
            number = to_dial(attempt.phone, "national", "CN", ("+86",))
            channel_id = attempt.channel_id
        self.alive.discard(identity)
        self.alive.add(channel_id)
        self.all[channel_id] = Call(time.monotonic(), channel_id)
        try:
            await self._client.originate(OriginateRequest(
                channel=f"PJSIP/{number}@trunk", context=self._flow.context, exten="s",
                channel_id=channel_id))
        except AmiError as error:
            self._lost(channel_id, f"AMI: {error}")
            return
        if self._flow is Flow.AFTERCALL:
            await self._advance(channel_id, AttemptState.SENT)

    async def _claim(self) -> Attempt | None:
        async with self._ground.database.session() as session:
            return await ledger.claim(session, node=self._ground.node.name, house=House())

    def _lost(self, channel_id: str, why: str) -> None:
        self.faults[why] += 1
        self.all[channel_id].failed = True
        self.alive.discard(channel_id)

    # --- following -----------------------------------------------------------------------------

    def _hear(self, event: AmiEvent) -> None:
        channel_id = event.get("Uniqueid", "")
        if event.name == "OriginateResponse":
            channel_id = originate_channel_id(event) or ""
        call = self.all.get(channel_id)
        if call is None:
            return
        match event.name:
            case "Newstate" if event.get("ChannelStateDesc") == "Up" and not call.answered:
                call.answered = time.monotonic()
            case "UserEvent" if event.get("UserEvent") == "BenchDone":
                call.keys = event.get("Keys", "")
            case "OriginateResponse" if event.get("Response") != "Success" and not call.failed:
                self._lost(channel_id, f"Originate failed: reason {event.get('Reason')}")
            case "Hangup" if not call.ended:
                call.ended = time.monotonic()
                self.alive.discard(channel_id)
                if not call.answered and not call.failed:
                    self._lost(channel_id, f"not answered: cause {event.get('Cause')}")
                if self._flow is Flow.AFTERCALL:
                    self._spawn(self._settle(channel_id))

    async def _settle(self, channel_id: str) -> None:
        """End the attempt, as the dialer would: its recording is sealed from then on."""
        await asyncio.sleep(LAST_WORD_S)
        attempt_id = attempt_id_of(channel_id)
        assert attempt_id is not None and channel_id.startswith(CHANNEL_PREFIX)
        async with self._ground.database.session() as session:
            attempt = await session.get_one(Attempt, attempt_id)
            disposition = settle(answered=attempt.answered_at is not None,
                                 outcome=attempt.outcome, cause=16)
            await ledger.end(session, attempt_id, disposition, cause=16,
                             step=lambda *_: NextStep(TaskState.DONE, now()))

    async def _advance(self, channel_id: str, state: AttemptState) -> None:
        attempt_id = attempt_id_of(channel_id)
        assert attempt_id is not None
        async with self._ground.database.session() as session:
            await ledger.advance(session, attempt_id, state)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.faults[f"driver: {task.exception()!r}"] += 1
