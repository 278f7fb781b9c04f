"""What the dialer asks of a node, as Asterisk 22 answers it."""

from __future__ import annotations

from datetime import datetime

import pytest

from dialer.ami import AmiError, AmiInjection, ChannelInfo, ContactInfo, OriginateRequest
from dialer.ami.messages import MAX_LINE, AmiMessage, variable
from tests.dialer.ami.test_connection import CALL, Heard, connected, then
from tests.fakes.ami import FakeAmi, FakeAmiSession, Script, answer

CHANNEL = {
    "Event": "CoreShowChannel", "Channel": "PJSIP/trunk-00000001", "ChannelState": "6",
    "ChannelStateDesc": "Up", "CallerIDNum": "100", "ConnectedLineNum": "200",
    "AccountCode": "", "Context": "followup", "Exten": "s", "Uniqueid": "attempt-1",
    "Linkedid": "attempt-1", "Application": "AGI", "Duration": "25:01:02", "BridgeId": ""}


def reply(*events: dict[str, str], **headers: str) -> Script:
    async def script(session: FakeAmiSession) -> None:
        action = await session.read()
        tag = {"ActionID": action["ActionID"][0]}
        await session.send({"Event": "Newchannel"}, answer(action, **headers),
                           *(event | tag for event in events), {"Event": "Hangup"})
        await session.obey()
    return then(script)


async def test_channels_are_read_from_the_list_and_other_events_still_heard() -> None:
    complete = {"Event": "CoreShowChannelsComplete", "EventList": "Complete", "ListItems": "1"}
    heard = Heard()
    async with FakeAmi(reply(CHANNEL, complete)) as fake, connected(fake, heard) as client:
        assert await client.channels() == [ChannelInfo(
            unique_id="attempt-1", linked_id="attempt-1", channel="PJSIP/trunk-00000001", state=6,
            state_desc="Up", caller_number="100", connected_number="200", duration_s=90062,
            context="followup", exten="s", application="AGI", account_code="", bridge_id="")]
        await client.action("Ping")
    assert heard.names() == ["FullyBooted", "Newchannel", "Hangup"]


async def test_core_status_tells_the_start() -> None:
    script = reply(CoreStartupDate="2026-11-24", CoreStartupTime="03:25:02",
                   CoreReloadDate="2026-11-24", CoreReloadTime="04:00:00",
                   CoreCurrentCalls="2", CoreProcessedCalls="9")
    async with FakeAmi(script) as fake, connected(fake, Heard()) as client:
        status = await client.core_status()
    assert status.startup == datetime.fromisoformat("2026-11-24T03:25:02")
    assert (status.current_calls, status.processed_calls) == (2, 9)


async def test_a_status_that_makes_no_sense_is_an_error_by_name() -> None:
    async with FakeAmi(reply(CoreStartupDate="?")) as fake, connected(fake, Heard()) as client:
        with pytest.raises(AmiError, match="CoreStartupDate"):
            await client.core_status()


KNOWN = {"PJSIP_AOR(trunk,contact)": "trunk@@1,trunk@@2",
         "PJSIP_CONTACT(trunk@@1,status)": "Reachable", "PJSIP_CONTACT(trunk@@1,rtt)": "812",
         "PJSIP_CONTACT(trunk@@2,status)": "Unreachable", "PJSIP_CONTACT(trunk@@2,rtt)": "N/A"}


async def test_contacts_are_asked_with_rights_that_our_user_has() -> None:
    async def script(session: FakeAmiSession) -> None:
        while True:
            action = await session.read()
            await session.answer(action, Value=KNOWN.get(action["Variable"][0], ""))

    async with FakeAmi(then(script)) as fake, connected(fake, Heard()) as client:
        assert await client.contacts("trunk") == [
            ContactInfo("trunk", "Reachable", 812), ContactInfo("trunk", "Unreachable", None)]
        assert await client.contacts("agent-8001") == []
        assert set(fake.sessions[0].names()) == {"Login", "Getvar"}


async def test_hangup_of_a_channel_that_is_gone_is_no_error() -> None:
    gone = reply(Response="Error", Message="No such channel")
    async with FakeAmi(gone) as fake, connected(fake, Heard()) as client:
        assert await client.hangup("PJSIP/x") is False
        assert await client.hangup("PJSIP/y", cause=17) is True
        assert fake.sessions[0].received[-1]["Cause"] == ["17"]


async def test_hangup_takes_no_pattern() -> None:
    async with FakeAmi(then(FakeAmiSession.obey)) as fake, connected(fake, Heard()) as client:
        with pytest.raises(AmiInjection, match="Hangup"):
            await client.hangup("/.*/")
        assert fake.sessions[0].names() == ["Login"]


async def test_originate_sends_what_asterisk_needs() -> None:
    async with FakeAmi(then(FakeAmiSession.obey)) as fake, connected(fake, Heard()) as client:
        await client.originate(OriginateRequest(
            channel="PJSIP/100@trunk", context="followup", exten="s", channel_id="attempt-1",
            caller_id="随访 <100>", timeout_ms=25_000, variables={"A": "1,2", "B": ""},
            early_media=True))
        sent = fake.sessions[0].received[-1]
    assert sent == {
        "Action": ["Originate"], "ActionID": ["originate:attempt-1"], "Async": ["true"],
        "CallerID": ["随访 <100>"], "Channel": ["PJSIP/100@trunk"], "ChannelId": ["attempt-1"],
        "Context": ["followup"], "EarlyMedia": ["true"], "Exten": ["s"], "Priority": ["1"],
        "Timeout": ["25000"], "Variable": ["A=1\\,2", "B="]}


def test_a_variables_marks_are_escaped_as_asterisk_22_reads_them() -> None:
    assert variable("A", 'a,b (c] "q" \\ ${X}') == 'A=a\\,b \\(c\\] \\"q\\" \\\\ ${X}'


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A=B", "A,B", "__A(b)", "Ä", "A\n"])
def test_a_variable_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(AmiInjection):
        variable(name, "x")


@pytest.mark.parametrize(("headers", "field"), [
    ({"CallerID": "x" * MAX_LINE}, "CallerID"), ({"CallerID": "\ud800"}, "CallerID"),
    ({"Variable": ["A=1"] * 200}, "Variable")])
async def test_what_asterisk_would_cut_is_refused_by_name(
        headers: dict[str, str], field: str) -> None:
    async with FakeAmi(then(FakeAmiSession.obey)) as fake, connected(fake, Heard()) as client:
        with pytest.raises(AmiInjection) as caught:
            await client.action("Originate", headers)
        assert caught.value.field == field
        assert fake.sessions[0].names() == ["Login"]


@pytest.mark.parametrize("field", ["channel", "context", "exten", "channel_id"])
def test_a_call_without_a_needed_field_is_refused_by_name(field: str) -> None:
    request = OriginateRequest(**{**{name: getattr(CALL, name) for name in (
        "channel", "context", "exten", "channel_id")}, field: ""})
    with pytest.raises(AmiInjection) as caught:
        request.headers()
    assert caught.value.field == field


def test_repeated_headers_are_all_kept_and_names_know_no_case() -> None:
    event = AmiMessage.parse(b"Event: Newchannel\r\nChanVariable: A=1\r\nChanVariable: B=2")
    assert event.all("chanvariable") == ["A=1", "B=2"]
    assert event["CHANVARIABLE"] == "A=1"
    assert dict(event) == {"Event": "Newchannel", "ChanVariable": "A=1"}
    assert event.get("missing", "-") == "-"


def test_an_events_values_do_not_show_in_its_repr() -> None:
    assert "13800001234" not in repr(AmiMessage.parse(b"CallerIDNum: 13800001234"))
