"""The follow-up call: the patient has answered; ask, listen, and bring a nurse when it matters."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from structlog.contextvars import bound_contextvars

from agi_scripts.answered import Call
from agi_scripts.escalation import hand_over
from agi_scripts.house import House
from agi_scripts.recording import CallRecording, recorded
from agi_scripts.straight_to_agent import straight_to_agent
from followup.calls.ledger import attempt_id_of
from followup.calls.models import Disposition
from followup.campaigns.models import CampaignMode
from followup.database.base import now
from followup.log import get_logger
from followup.responses.models import Severity
from followup.responses.store import Found, Given, known
from ivr.agi import AgiChannel, AgiHangup
from ivr.answering import Watch, overhear
from ivr.conversation import Context, resume
from ivr.conversation.actions import Escalate, Mark, StoreAnswer
from ivr.driver import converse
from ivr.eagi.line import EagiLine
from ivr.key_line import KeyLine
from ivr.line import Line
from ivr.prompts.book import PromptBook
from ivr.prompts.prompt import Prompt
from ivr.voice_line import Voice, VoiceLine
from recordings.naming import inside, message_name

log = get_logger(__name__)

DONE = "AFTERCALL_DONE"          # tells the dialplan that its fallback is not needed


async def follow_up(channel: AgiChannel, house: House, book: PromptBook,
                    voice: Voice | None = None) -> None:
    """One call from its first word to its last; with ``voice``, by words as well as by keys.

    Whatever fails raises: the connection closes and the dialplan's fallback speaks.
    """
    attempt_id = attempt_id_of(channel.unique_id)
    if attempt_id is None:
        log.error("a call that the dialer did not place", call_id=channel.unique_id)
        return
    with bound_contextvars(attempt_id=str(attempt_id), call_id=channel.unique_id):
        call = await house.open_call(attempt_id)
        log.info("answered", language=call.language, known=len(call.answers))
        desk = FollowUpDesk(channel, call, house, book.reading(call.questionnaire))
        line = line_of(channel, desk, call.language, voice)
        async with recorded(channel, call, house) as desk.recording:
            if call.mode is CampaignMode.IVR:
                await ask(line, desk, call, house)
            else:
                await straight_to_agent(channel, call, house, desk.recording, line)
            await goodbye(channel)


async def ask(line: Line, desk: FollowUpDesk, call: Call, house: House) -> None:
    """Hold the conversation, and keep what it came to."""
    state = resume(call.questionnaire, context_of(call, house), *known(call.answers))
    line.watch = Watch()
    try:
        async with overhear(line.watch, desk.recording.capture):
            ended = await converse(line, desk, state)
    except BaseException:
        await house.conclude(call, Disposition.FAILED, None)
        raise
    await house.conclude(call, ended.outcome, None if ended.complete else ended.link_id,
                         complete=ended.complete, call_back=ended.call_back,
                         answered_by=ended.answered_by)
    log.info("conversation ended", outcome=ended.outcome.value, complete=ended.complete)


def line_of(channel: AgiChannel, desk: FollowUpDesk, language: str, voice: Voice | None) -> Line:
    """The patient's line, heard as the hospital can."""
    if voice is None:
        return KeyLine(channel, desk, language)
    return (EagiLine if voice.by_eagi else VoiceLine)(channel, desk, language, voice)


def context_of(call: Call, house: House) -> Context:
    """What the conversation may know of the patient."""
    settings, moment = house.settings, now()
    local = moment.astimezone(call.zone).replace(tzinfo=None)
    return Context(hospital=settings.hospital_names,
                   name=call.name, department=call.department,
                   language=call.language, hold_s=call.hold_s,
                   birth_year=call.birth_date.year if call.birth_date else None,
                   voicemail_message=settings.dialer.voicemail_message,
                   today=moment.astimezone(ZoneInfo(settings.dialer.timezone)).date().isoformat(),
                   now=local.isoformat(timespec="seconds"),
                   hours=call.hours_from(local.date()))


async def goodbye(channel: AgiChannel) -> None:
    """Hang up, unless the patient has."""
    try:
        await channel.set_variable(DONE, "1")
        await channel.hangup()
    except AgiHangup:
        pass


class FollowUpDesk:
    """The hospital's side of one conversation (ivr.driver.Desk)."""

    def __init__(self, channel: AgiChannel, call: Call, house: House, book: PromptBook) -> None:
        self._channel = channel
        self._call = call
        self._house = house
        self._book = book
        self._messages = 0
        self.recording: CallRecording        # there before the first word

    async def keep_recording(self, line: Line) -> None:
        """By Asterisk, when the recorder has let the call down."""
        if self.recording.lost:
            await line.release()
            await self.recording.go_on()

    async def store(self, answer: StoreAnswer) -> None:
        """Keep an answer with what the rules found in it."""
        hit = answer.hit
        found = Found(hit.rule, hit.severity, hit.text) if hit else None
        await self._house.answer(self._call, Given(
            link_id=answer.link_id, value=answer.value, heard=answer.heard,
            given_by=answer.given_by, confidence=answer.confidence, found=found,
            position=answer.position, open=answer.open, doubted=answer.doubted))
        log.info("answer stored", link_id=answer.link_id, finding=hit.severity if hit else None)

    async def close_answers(self, link_id: str) -> None:
        """In a later call they are not asked for again."""
        await self._house.close_answers(self._call, link_id)

    async def mark(self, mark: Mark) -> None:
        """Note a moment of the recording; the agent's own script notes when they join."""
        if mark.kind != "agent":
            self._call.mark(mark.kind, mark.link_id, mark.label)

    async def keep_marks(self) -> None:
        """The console shows what is being asked."""
        await self._house.keep_marks(self._call)

    async def agent_free(self) -> bool:
        """Whether somebody could take the call now."""
        return await self._house.agent_free(self._call)

    async def hand_over(self, escalate: Escalate, line: Line) -> bool:
        """Ring agents until one has spoken with the patient."""
        async def please_hold() -> None:
            await line.say((Prompt("please-hold"),), interruptible=False)
            await line.listen(1000)
            await line.release()

        return await hand_over(self._channel, self._call, self._house, self.recording,
                               escalate.hold_s, please_hold,
                               critical=escalate.severity is Severity.CRITICAL)

    async def use_language(self, language: str) -> None:
        """Speak it from now on, in later calls too; Asterisk's own sounds follow."""
        await self._channel.set_variable("CHANNEL(language)", language)
        if language != self._call.language:
            await self._house.set_language(self._call, language)

    async def stop_recording(self) -> None:
        """What there is of it is thrown away too."""
        await self._house.refuse_recording(self._call)
        await self.recording.refuse()
        log.info("recording refused")

    async def stop_calling(self) -> None:
        """Their open tasks are cancelled with it."""
        await self._house.stop_calling(self._call)
        log.info("the patient wants no more calls")

    async def report(self, what: Disposition) -> None:
        """Nobody is called about it again before staff have looked."""
        await self._house.report(self._call, what)
        log.info("said of the patient", what=what.value)

    async def sound(self, prompt: Prompt, language: str) -> str:
        """The prompt's file, rendered before the campaign started."""
        return await self._book.file_for(prompt, language)

    async def unplayable(self, prompt: Prompt, language: str, why: str) -> None:
        """An alarm; a file that is broken is made anew for the next call."""
        await self._book.left_out(prompt, language, why)

    def tone(self, name: str) -> str:
        """A beep, or a quiet line."""
        return f"{self._house.settings.sounds_dir}/{name}"

    def message(self, link_id: str) -> tuple[Path, str]:
        """A new file in the spool for each message."""
        self._messages += 1
        name = message_name(self._call.id, self._messages)
        return inside(self._house.settings.spool_dir, name), f"{name}.wav"
