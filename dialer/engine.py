"""The campaign engine: claims due tasks, places calls, follows them, and settles them.

Exactly one call per attempt: the attempt is committed with its own ChannelId, then Originate is
sent once. Whatever happens in between, the attempt is judged by what the node knows (verdict.py);
it is never sent again.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from dialer.ami import AmiDisconnected, AmiError, AmiEvent, AmiRefused, originate_channel_id
from dialer.claiming import calls_of, claim_call
from dialer.floor import Running
from dialer.leader import Deposed, Leadership
from dialer.node import Node
from dialer.placing import Limits, Placing
from dialer.troubles import Troubles
from dialer.verdict import OUTCOME_GRACE, Adopt, Facts, Settle, judge
from followup.agents import roster
from followup.calls import ledger
from followup.calls.ledger import NUMBER_CHECK, attempt_id_of
from followup.calls.lines import Lines, line_is_free
from followup.calls.models import Attempt, AttemptState, Disposition
from followup.calls.outcome import settle
from followup.campaigns.following import step_of
from followup.campaigns.house import House
from followup.campaigns.preview import Preview
from followup.campaigns.progress import finish_campaigns
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import InvalidInput
from followup.log import get_logger
from followup.patients.phones import to_dial
from followup.settings import DialerSettings, TrunkSettings

log = get_logger(__name__)

Observer = Callable[[str, uuid.UUID], None]
TICK_S = 0.2
BURST = 5                # most calls started in one decision: spares the gateway

# calls that came as far as the gateway
GATEWAYS_WORD = frozenset(Disposition) - {Disposition.NOT_PLACED, Disposition.UNKNOWN}


async def _always() -> bool:
    return True


@dataclass
class Gone:
    """A call whose channel has ended; it may have to wait for its conversation's last word."""

    since: float
    cause: int | None = None             # Q.850
    sip_code: int | None = None


class Engine:
    """Run it with ``run``.

    ``observer(step, attempt id)`` hears of each step of a dial. ``scripts_answer`` tells, before
    calls are placed, whether there is a script to speak with whoever picks up.
    """

    def __init__(self, database: Database, nodes: Sequence[Node], dialer: DialerSettings,
                 trunk: TrunkSettings, region: str = "CN",
                 observer: Observer = lambda step, attempt: None,
                 scripts_answer: Callable[[], Awaitable[bool]] = _always) -> None:
        self._database = database
        self._nodes = {node.name: node for node in nodes}
        self._dialer = dialer
        self._trunk = trunk
        self._region = region
        self._observer = observer
        self._scripts_answer = scripts_answer
        self._house = House.of(dialer)
        self._placing = Placing(dialer, self._house)
        self._settle_after = timedelta(seconds=dialer.settle_s)
        self._leadership = Leadership(database.engine)
        self._troubles = Troubles(database, nodes)
        self._events: asyncio.Queue[tuple[Node, AmiEvent]] = asyncio.Queue()
        self._gone: dict[uuid.UUID, Gone] = {}
        self._due: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled. Troubles of database and nodes are logged and outlived."""
        for node in self._nodes.values():
            await node.client.start()
        follower = asyncio.create_task(self._follow_events(), name="follow events")
        try:
            while True:
                try:
                    if await self._leadership.held():
                        await self._lead()
                    else:
                        self._troubles.forget()
                except Deposed:
                    log.warning("another worker leads the dialer: this one steps back")
                    await self._leadership.resign()
                except (SQLAlchemyError, OSError, AmiError, TimeoutError):
                    log.exception("the dialer pauses: a part it needs does not answer")
                    await asyncio.sleep(1)
                await asyncio.sleep(TICK_S)
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
            await self._leadership.resign()
            for node in self._nodes.values():
                await node.client.stop()

    def hear(self, node: Node, event: AmiEvent) -> None:
        """Take an event of a node; cheap, called from the connection's reader."""
        if event.name in ("Newstate", "Hangup", "OriginateResponse"):
            self._events.put_nowait((node, event))

    async def _lead(self) -> None:
        await self._settle_gone()
        if self._every("phones", 2.0):
            await self._see_phones()
            await self._troubles.tell()
        if self._every("doubts", max(1.0, min(5.0, self._dialer.settle_s / 3))):
            await self._reconcile()
        if self._every("place", self._dialer.poll_s):
            await self._place_calls()
            async with self._database.session() as session:
                await finish_campaigns(session)

    def _every(self, what: str, seconds: float) -> bool:
        if time.monotonic() < self._due.get(what, 0.0):
            return False
        self._due[what] = time.monotonic() + seconds
        return True

    # --- placing -------------------------------------------------------------------------------

    async def _place_calls(self) -> None:
        async with self._database.session() as session:
            floor = await self._placing.look(session, now())
            allowance = self._trunk.calls_per_hour - await ledger.dialled_in(
                session, timedelta(hours=1))
        burst = BURST
        if not floor.campaigns or not await self._scripts_answer():
            return
        for campaign in floor.campaigns:
            decision = self._placing.decide(floor, campaign, Limits(
                self._trunk.channels - len(floor.calls), allowance, burst))
            placed = 0
            for asked in calls_of(campaign, decision.wanted):
                ready = [node for node in self._nodes.values() if node.ready and node.trunk_up
                         and not self._troubles.spares(node.name)
                         and floor.calls_on(node.name) < node.channels]
                if not ready:
                    break
                node = min(ready, key=lambda node: floor.calls_on(node.name))
                if not await self._place_one(node, campaign, asked):
                    if asked is None:
                        break
                    continue
                floor.dial(campaign, node.name)
                placed += 1
            allowance, burst = allowance - placed, burst - placed
            await self._placing.keep(self._database.session, floor, campaign, decision, placed)

    async def _place_one(self, node: Node, campaign: Running, asked: Preview | None) -> bool:
        """Claim a task and call its patient; False when nothing is due, or no line is free, or no
        agent where one is reserved before. ``asked``: the call that an agent waits for."""
        async with self._database.session() as session:
            await self._leadership.fence(session)
            if not await line_is_free(session, node.name,
                                      Lines(self._trunk.channels, node.channels)):
                return False
            attempt = await claim_call(session, node.name, self._house, campaign, asked)
            if attempt is None:
                return False
            self._observer("claimed", attempt.id)
        committed = time.monotonic()
        self._troubles.placed(node.name, attempt.id)
        self._observer("committed", attempt.id)
        call = log.bind(attempt_id=str(attempt.id), call_id=attempt.channel_id, node=node.name)
        try:
            number = to_dial(attempt.phone, self._trunk.dial_format, self._region,
                             self._trunk.allowed_prefixes)
            # A worker that slept since its commit may have been judged meanwhile: too late to dial.
            if time.monotonic() - committed > self._dialer.settle_s / 3:
                call.warning("too late to dial, left to be judged")
                return True
            await node.place(number, attempt.channel_id, ring_s=self._dialer.ring_timeout_s,
                             caller_id=self._trunk.caller_id,
                             variables={"AFTERCALL_ATTEMPT": str(attempt.id)})
        except InvalidInput as error:
            call.warning("the number may not be dialled", reason=error.message)
            await self._end(attempt, Disposition.INVALID_NUMBER, settled_by=NUMBER_CHECK)
            return True
        except AmiRefused as error:
            call.error("Asterisk refused the call", reason=error.message)
            await self._end(attempt, Disposition.CONGESTION, settled_by="refused")
            return True
        except AmiDisconnected as error:
            call.warning("the node was lost while dialling", sent=error.sent)
            if not error.sent:
                await self._end(attempt, Disposition.NOT_PLACED, settled_by="never sent")
            return True
        except AmiError as error:
            call.warning("in doubt whether the call was placed", reason=error.message)
            return True
        self._observer("sent", attempt.id)
        async with self._database.session() as session:
            await ledger.advance(session, attempt.id, AttemptState.SENT)
        call.info("call placed", seq=attempt.seq)
        return True

    # --- following -----------------------------------------------------------------------------

    async def _follow_events(self) -> None:
        while True:
            node, event = await self._events.get()
            try:
                await self._follow(node, event)
            except (SQLAlchemyError, OSError, TimeoutError):
                # What an event would have told is found again by _reconcile.
                log.exception("an event could not be stored", event_name=event.name)

    async def _follow(self, node: Node, event: AmiEvent) -> None:
        channel_id = originate_channel_id(event) if event.name == "OriginateResponse" \
            else event.get("Uniqueid", "")
        attempt_id = attempt_id_of(channel_id or "")
        if attempt_id is None:
            return
        match event.name:
            case "Newstate":
                state = {"Ringing": AttemptState.RINGING, "Ring": AttemptState.RINGING,
                         "Up": AttemptState.ANSWERED}.get(event.get("ChannelStateDesc", ""))
                if state is not None:
                    self._troubles.heard(node.name, attempt_id, refused=False)
                    async with self._database.session() as session:
                        await ledger.advance(session, attempt_id, state)
            case "Hangup":
                self._gone[attempt_id] = Gone(time.monotonic(), _number(event.get("Cause", "")),
                                              _number(event.get("TechCause", "")))
            case "OriginateResponse" if event.get("Response") == "Failure":
                # A call that never got a channel has no Hangup: this is all we hear of it.
                self._gone.setdefault(attempt_id, Gone(time.monotonic()))

    async def _settle_gone(self) -> None:
        for attempt_id, gone in list(self._gone.items()):
            async with self._database.session() as session:
                attempt = await session.get(Attempt, attempt_id)
            if attempt is None or attempt.state is AttemptState.ENDED:
                del self._gone[attempt_id]
                continue
            answered = attempt.answered_at is not None
            waited = time.monotonic() - gone.since
            if answered and attempt.outcome is None and waited < OUTCOME_GRACE.total_seconds():
                continue
            if not answered and gone.cause is None:
                if waited > 1.0:                          # else its Hangup may be on the way
                    await self._settle_failed(attempt)
                    self._gone.pop(attempt_id, None)
                continue
            await self._end(attempt, settle(answered=answered, outcome=attempt.outcome,
                                            cause=gone.cause, sip_code=gone.sip_code,
                                            rang=attempt.ringing_at is not None),
                            cause=gone.cause, sip_code=gone.sip_code)
            self._gone.pop(attempt_id, None)

    async def _settle_failed(self, attempt: Attempt) -> None:
        """Asterisk told that its Originate failed, and no hang-up followed.

        That word alone settles nothing: the channel, then the record, are looked at first.
        """
        node = self._nodes.get(attempt.node)
        if node is None or not node.ready \
                or attempt.channel_id in await node.our_channels():
            return
        story = await node.story(attempt.channel_id)
        if story is None or story.started_at is None:
            await self._end(attempt, Disposition.CONGESTION, settled_by="originate failed")
        elif story.ended_at is not None:
            await self._end(attempt, settle(answered=story.answered_at is not None,
                                            outcome=attempt.outcome, cause=story.cause),
                            cause=story.cause, settled_by="cel")

    async def _see_phones(self) -> None:
        async with self._database.session() as session:
            extensions = await roster.extensions(session)
        reachable: set[str] = set()
        for node in self._nodes.values():
            with self._alone(node):
                reachable |= await node.look_around(
                    extensions, trunk_is_asked=self._trunk.qualify_s > 0)
        async with self._database.session() as session:
            await roster.see_phones(session, reachable)

    # --- doubts --------------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """Hold every live attempt against the node's channels and its record."""
        async with self._database.session() as session:
            attempts = await ledger.live(session)
        for name in {attempt.node for attempt in attempts}:
            node = self._nodes.get(name)
            if node is None or not node.ready:
                continue
            with self._alone(node):
                asked = now()
                channels = await node.our_channels()
                for attempt in attempts:
                    # What was committed after we asked cannot be in the list.
                    if attempt.node == name and attempt.committed_at < asked \
                            and attempt.id not in self._gone:
                        await self._judge(node, attempt, channels.get(attempt.channel_id))

    @staticmethod
    @contextmanager
    def _alone(node: Node) -> Iterator[None]:
        """A node that does not answer is left for later; the others go on."""
        try:
            yield
        except AmiError as error:
            node.trunk_up = None                  # not known: nothing is placed on it
            log.warning("the node does not answer", node=node.name, reason=error.message)

    async def _judge(self, node: Node, attempt: Attempt, channel_state: str | None) -> None:
        story = None
        if channel_state is None:
            story = await node.story(attempt.channel_id)
        async with self._database.session() as session:
            attempt = await session.get_one(Attempt, attempt.id)      # it may have moved on
        if attempt.state is AttemptState.ENDED:
            return
        verdict = judge(Facts(
            moment=now(), state=attempt.state, committed_at=attempt.committed_at,
            outcome=attempt.outcome, channel_state=channel_state, story=story,
            node_up_since=node.up_since), self._settle_after)
        match verdict:
            case Adopt(state) if state is not attempt.state:
                async with self._database.session() as session:
                    if await ledger.advance(session, attempt.id, state):
                        log.info("call adopted", attempt_id=str(attempt.id), state=state.value)
            case Settle(disposition, cause, settled_by):
                await self._end(attempt, disposition, cause=cause, settled_by=settled_by)

    async def _end(self, attempt: Attempt, disposition: Disposition, *, cause: int | None = None,
                   sip_code: int | None = None, settled_by: str = "event") -> None:
        async with self._database.session() as session:
            step = await step_of(session, attempt.id, disposition, self._house)
            ended = await ledger.end(session, attempt.id, disposition, step=step, cause=cause,
                                     sip_code=sip_code, settled_by=settled_by)
        if ended:
            if disposition in GATEWAYS_WORD and settled_by != NUMBER_CHECK:
                self._troubles.heard(attempt.node, attempt.id,
                                     refused=disposition is Disposition.CONGESTION)
            log.info("call ended", attempt_id=str(attempt.id), disposition=disposition.value,
                     cause=cause, settled_by=settled_by)
            self._observer("ended", attempt.id)


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and int(text) else None
