"""What stands between the dialer and the gateway: refusals, silence, lost nodes; told as alarms."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable

from dialer.breaker import Breaker, State
from dialer.node import Node
from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.database.engine import Database
from followup.log import get_logger

log = get_logger(__name__)

LOST_AFTER_S = 30            # a node that is restarted is back by then
SAY_AGAIN_S = 30             # an alarm that holds


class Troubles:
    """A circuit breaker for each node, and its alarms. ``clock``: seconds."""

    def __init__(self, database: Database, nodes: Iterable[Node],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._nodes = list(nodes)
        self._breakers = {node.name: Breaker() for node in self._nodes}
        self._away_since: dict[str, float] = {}
        self._told: dict[tuple[AlarmKind, str], tuple[bool, float]] = {}

    def spares(self, node: str) -> bool:
        """Whether no call may go out by this node now, because its gateway refuses them."""
        return not self._breakers[node].allows(self._clock())

    def placed(self, node: str, attempt: uuid.UUID) -> None:
        """A call goes out."""
        self._breakers[node].placed(attempt, self._clock())

    def heard(self, node: str, attempt: uuid.UUID, *, refused: bool) -> None:
        """What the gateway did with a call; only the first word of each counts."""
        breaker = self._breakers.get(node)
        if breaker is None:                       # a node that is not in the settings any more
            return
        before = breaker.state(self._clock())
        breaker.heard(attempt, refused, self._clock())
        after = breaker.state(self._clock())
        if after is State.OPEN and before is not after:
            log.error("the gateway refuses the calls: none is placed for a while", node=node,
                      seconds=round(breaker.until - self._clock()))
        elif after is State.CLOSED and before is not after:
            log.info("the gateway takes calls again", node=node)

    async def tell(self) -> None:
        """Bring the alarms up to date."""
        holds: dict[tuple[AlarmKind, str], bool] = {}
        for node in self._nodes:
            closed = self._breakers[node.name].state(self._clock()) is State.CLOSED
            holds[AlarmKind.GATEWAY_REFUSES, node.name] = not closed
            holds[AlarmKind.GATEWAY_SILENT, node.name] = node.trunk_up is False
            holds[AlarmKind.NODE_LOST, node.name] = self._lost(node)
        now = self._clock()
        to_tell = {key: on for key, on in holds.items() if self._is_news(key, on, now)}
        if not to_tell:
            return
        async with self._database.session() as session:
            for (kind, node_name), on in to_tell.items():
                await (raise_alarm(session, kind, node_name) if on
                       else clear_alarm(session, kind, node_name))
        self._told |= {key: (on, now) for key, on in to_tell.items()}

    def _is_news(self, key: tuple[AlarmKind, str], on: bool, now: float) -> bool:
        told, at = self._told.get(key, (None, now))
        return told is not on or (on and now - at >= SAY_AGAIN_S)

    def forget(self) -> None:
        """Another worker led meanwhile: what the alarms say is to be looked at anew."""
        self._told.clear()

    def _lost(self, node: Node) -> bool:
        if node.ready:
            self._away_since.pop(node.name, None)
            return False
        since = self._away_since.setdefault(node.name, self._clock())
        return self._clock() - since >= LOST_AFTER_S
