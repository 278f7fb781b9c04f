"""The audit trail: who saw or did what."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import Base, now
from followup.people.models import AuditEvent

SIGN_IN = "sign-in"
SIGN_IN_REFUSED = "sign-in-refused"
SIGN_OUT = "sign-out"
VIEW_PATIENT = "view-patient"
PLAY_RECORDING = "play-recording"
PLAY_REFUSED = "play-recording-refused"
PLAY_CLIP = "play-clip"
RECORDING_CHANGED = "recording-changed"
EXPIRE_RECORDING = "expire-recording"
HOLD_RECORDING = "hold-recording"
RELEASE_RECORDING = "release-recording"
COMMENT_RECORDING = "comment-recording"
SHARE_CLIP = "share-clip"
REVOKE_CLIP = "revoke-clip"
SET_RETENTION = "set-retention"
REMOVE_RETENTION = "remove-retention"
CLOSE_ALERT = "close-alert"
TAKE_PHONE = "take-phone"
STOP_CALLING = "stop-calling"
ALLOW_CALLING = "allow-calling"
REPORT_DEATH = "report-death"                # on a call, by whoever answered
CONFIRM_DEATH = "confirm-death"
REFUTE_DEATH = "refute-death"
REPORT_WRONG_NUMBER = "report-wrong-number"
NUMBER_IS_RIGHT = "number-is-right"
CHANGE_PATIENT = "change-patient"
STOP_MESSAGES = "stop-messages"
ALLOW_MESSAGES = "allow-messages"
SET_UP_MESSAGES = "set-up-messages"
ACCEPT_PREVIEW = "accept-preview"
SKIP_PREVIEW = "skip-preview"
CREATE_CAMPAIGN = "create-campaign"
MOVE_CAMPAIGN = "move-campaign"
SET_RULES = "set-campaign-rules"
MAKE_SPOT_CHECKS = "make-spot-checks"
SCORE_CHECK = "score-spot-check"
NOTE_CHECK = "note-spot-check"
SETTLE_CHECK = "settle-spot-check"
APPEAL_CHECK = "appeal-spot-check"
DECIDE_APPEAL = "decide-appeal"
MOVE_CORRECTION = "move-correction"
CLOSE_CHECK = "close-spot-check"
CALL_AGAIN = "call-again"
ANSWER_AGAIN = "answer-again"
CHANGE_CARD = "change-score-card"
SET_HOLIDAY = "set-holiday"
REMOVE_HOLIDAY = "remove-holiday"
EXPORT_RESPONSES = "export-responses"
ADD_PROMPT = "add-prompt-recording"
REMOVE_PROMPT = "remove-prompt-recording"
REGISTER_CASE = "register-case"
VIEW_CASE = "view-case"
CHANGE_CASE = "change-case"
OPEN_ATTACHMENT = "open-case-attachment"
SET_UP_CASES = "set-up-cases"
CREATE_USER = "create-user"
CHANGE_USER = "change-user"
SET_RIGHTS = "set-rights"
SEE_NUMBERS = "see-numbers"
DOWNLOAD_RECORDING = "download-recording"
EXPORT_LIST = "export-list"                  # before the first line leaves
EXPORT_ENDED = "export-ended"                # how many lines it came to
CHANGE_PASSWORD = "change-password"  # noqa: S105 - the name of an action
UNLOCK_USER = "unlock-user"
DISABLE_USER = "disable-user"
ENABLE_USER = "enable-user"
END_SESSION = "end-session"
SET_UP_SECOND_STEP = "set-up-second-step"
REMOVE_SECOND_STEP = "remove-second-step"
NEW_RECOVERY_CODES = "renew-recovery-codes"
USE_RECOVERY_CODE = "use-recovery-code"
FOLLOW_DIRECTORY = "follow-directory"        # it has changed somebody's name or role

ACTIONS = tuple(value for name, value in tuple(globals().items())
                if name.isupper() and isinstance(value, str))


def record(session: AsyncSession, action: str, *, actor: str, subject: str = "", address: str = "",
           **detail: Any) -> None:
    """Add a row; it is kept if and only if the transaction is. In ``detail`` a change is told as
    ``before`` and ``after``: one value, or values by field."""
    session.add(AuditEvent(actor=actor, action=action, subject=subject, address=address,
                           detail=detail))


def difference(row: Base, *, only: Collection[str] = ()) -> dict[str, Any]:
    """``before`` and ``after`` of the columns of a row that are about to be stored or deleted, for
    ``record``; of ``only`` these, where a row has some that are nobody's business."""
    state = inspect(row)
    gone = state.session is not None and row in state.session.deleted
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for column in state.mapper.column_attrs:
        if only and column.key not in only:
            continue
        history = state.attrs[column.key].history
        if state.persistent and not history.has_changes() and not gone:
            continue
        if state.persistent:
            before[column.key] = _plain((history.deleted or history.unchanged or [None])[0])
        if not gone:
            after[column.key] = _plain(getattr(row, column.key))
    return {"before": before, "after": after}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, (uuid.UUID, date)):
        return str(value)
    return value.value if isinstance(value, Enum) else value


async def count(session: AsyncSession, action: str, *, within: timedelta,
                actor: str | None = None, subject: str | None = None,
                address: str | None = None) -> int:
    """How many rows of ``action`` there are of the last ``within``, by the given columns."""
    query = select(func.count()).where(AuditEvent.action == action, AuditEvent.at > now() - within)
    for column, wanted in ((AuditEvent.actor, actor), (AuditEvent.subject, subject),
                           (AuditEvent.address, address)):
        if wanted is not None:
            query = query.where(column == wanted)
    return int(await session.scalar(query) or 0)


async def last(session: AsyncSession, action: str, subject: str) -> AuditEvent | None:
    """The newest row of ``action`` on ``subject``."""
    return (await session.scalars(
        select(AuditEvent).where(AuditEvent.action == action, AuditEvent.subject == subject)
        .order_by(AuditEvent.id.desc()).limit(1))).one_or_none()
