"""An agent takes an escalated call in the browser: signs in, goes on duty, answers, hangs up."""

from __future__ import annotations

import re
import wave
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Page, async_playwright, expect

from aftercall.provision.chromium import find_chromium
from followup.agents.models import AgentState
from followup.calls.models import Attempt, Disposition, EscalationState
from followup.people.accounts import create_user
from followup.people.models import Role
from tests.journeys.hospital import Hospital, hospital, person, until
from tests.journeys.sound import Sound, listen, of

CHROMIUM = find_chromium()
SOON_MS = 15_000
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    # Playwright gives a list of its own: the last one named counts
    "--disable-features=WebRtcHideLocalIpsWithMdns"]

pytestmark = [
    pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: as root, apt-get install chromium")]

PATIENT_HZ = 440
BEEP_HZ = 700                    # what the agent's microphone hears, on and off
RATE = 48_000
BREATHLESS = person("41", "wait 0.5", "press 137*0#1 at once", "wait 2", "say tone 12 at once",
                    pitch=PATIENT_HZ)
LEAVES = person("42", "wait 0.5", "press 137*0#1 at once", "wait 6", "hang up")
REFUSED = person("43", "wait 0.5", "press 137*0#1 at once")
MORE = 'hold_max_s = 3\n[[agents]]\nextension = "8005"\nname = "护士王洁"\nkind = "webrtc"\n'
PASSWORD = "correct-horse-9"

# keeps the page's connections at hand, to read their statistics
REMEMBER = """
  window.connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = function (...given) {
    const made = new Real(...given);
    window.connections.push(made);
    return made;
  };
  window.RTCPeerConnection.prototype = Real.prototype;
  document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
RECEIVED = """async () => {
  const report = await window.connections.at(-1).getStats();
  const told = [...report.values()].find((one) => one.type === "inbound-rtp");
  return told ? { packets: told.packetsReceived, energy: told.totalAudioEnergy } : null;
}"""
# the strongest pitch of what the loudspeaker gets, in Hz
HEARD = """async () => {
  const context = new AudioContext();
  const ear = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  context.createMediaStreamSource(document.getElementById("voice").srcObject).connect(ear);
  const bins = new Float32Array(ear.frequencyBinCount);
  for (let n = 0; n < 40; n++) {
    await new Promise((done) => setTimeout(done, 100));
    ear.getFloatFrequencyData(bins);
    const best = bins.indexOf(Math.max(...bins));
    if (n > 3 && bins[best] > -60) return Math.round(best * context.sampleRate / ear.fftSize);
  }
  return 0;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """A hospital whose only agent sits at a browser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERCALL_DIALER__WRAP_UP_S", "4")
        async with hospital(shared_database_url, [BREATHLESS, LEAVES, REFUSED], agents=(),
                            more_settings=MORE, roles=("agi", "dialer", "console")) as place:
            async with place.house.database.session() as session:
                await create_user(session, "wang", PASSWORD, name="王洁", role=Role.AGENT)
            await until(lambda: _console_is_up(place), 40)
            yield place


async def _console_is_up(place: Hospital) -> bool:
    try:
        async with ClientSession() as client, \
                client.get(place.settings.console_url + "/healthz") as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest_asyncio.fixture(loop_scope="module")
async def page(place: Hospital, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """The agent's browser, signed in and on duty; nothing may be objected to."""
    microphone = _microphone(tmp_path_factory.mktemp("microphone") / "beeps.wav")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[
            *ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone}"])
        context = await browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="zh-CN",
            base_url=place.settings.console_url, permissions=["microphone"])
        context.set_default_timeout(SOON_MS)
        await context.add_init_script(REMEMBER)
        page = await context.new_page()
        objections: list[str] = []
        page.on("console", lambda said: objections.append(said.text)
                if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: objections.append(str(error)))
        await page.goto("/sign-in?next=/phone")
        await page.get_by_label("用户名").fill("wang")
        await page.get_by_label("密码").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await _shows(page, "未上线")
        await page.get_by_role("button", name="上线").click()
        await _shows(page, "空闲，可以接听")
        await _is(place, AgentState.AVAILABLE)
        yield page
        await browser.close()
        assert objections == []


def _microphone(path: Path) -> Path:
    """Beeps of 0.4 s with pauses as long, over and over: short ones get lost, steady ones cut.

    A starved machine loses pieces of the sound, and a browser takes what never changes for noise.
    """
    moment = np.arange(int(RATE * 0.8)) / RATE
    beep = np.where(moment < 0.4, np.sin(2 * np.pi * BEEP_HZ * moment), 0) * 12_000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.tile(beep.astype("<i2"), 10).tobytes())
    return path


async def _shows(page: Page, state: str) -> None:
    await expect(page.locator("#phone .phone-state:visible")).to_contain_text(
        state, timeout=SOON_MS)


async def _is(place: Hospital, state: AgentState) -> None:
    """The house knows of the agent what the page shows, at once or a moment later."""
    async def holds() -> bool:
        return (await place.agents())["8005"].state is state
    await until(holds, 40)


async def _hear(place: Hospital, attempt: Attempt) -> tuple[Sound, float]:
    """The sealed sound of a call, and when the agent joined, in seconds."""
    recording = await place.recording(attempt)
    [joined] = [mark.at_ms / 1000 for mark in recording.marks if mark.kind == "agent"]
    return listen(await place.sealed_sound(attempt)), joined


async def test_a_breathless_patient_is_taken_over_in_the_browser(place: Hospital,
                                                                 page: Page) -> None:
    await place.admit([(BREATHLESS, 0)])
    await place.call_everybody()
    await _shows(page, "有患者来电")
    await expect(page.locator("[data-caller-name]")).to_have_text("测试")
    await expect(page.locator("[data-caller-number]")).to_have_text("P4100")
    desk = page.locator("#desk")
    await expect(desk.locator(".reasons")).to_contain_text("危急", timeout=SOON_MS)
    await expect(desk.locator(".answers")).to_contain_text("37")
    await page.get_by_role("button", name="接听").click()
    await _shows(page, "通话中")

    assert abs(await page.evaluate(HEARD) - PATIENT_HZ) <= 10
    await until(lambda: _receives(page), 40)
    await expect(page.locator("[data-call-timer]")).to_have_text(re.compile(r"0:0[2-9]"))
    await page.get_by_role("button", name="挂断").click()
    await _shows(page, "整理中")
    await expect(desk).to_contain_text("P4100", timeout=SOON_MS)       # for the notes
    await _is(place, AgentState.WRAP_UP)
    await _shows(page, "空闲，可以接听")
    await _is(place, AgentState.AVAILABLE)
    await expect(desk).to_contain_text("没有通话")

    await place.until_settled(30)
    [attempt] = await place.attempts_of(BREATHLESS)
    assert attempt.disposition is Disposition.ESCALATED
    [escalation] = await place.escalations(attempt)
    assert escalation.state is EscalationState.BRIDGED
    assert escalation.bridged_at
    assert escalation.ended_at
    assert escalation.ended_at - escalation.bridged_at > timedelta(seconds=2)
    sound, joined = await _hear(place, attempt)
    assert of(sound.left, PATIENT_HZ)
    beeps = [tone.start for tone in sound.right if tone.hertz == BEEP_HZ]
    assert beeps
    assert min(beeps) > joined - 0.3
    assert BEEP_HZ not in {tone.hertz for tone in sound.left}


async def test_the_keyboard_does_it_too(place: Hospital, page: Page) -> None:
    """Answered and muted by keys: the patient, who hangs up first, hears nothing of the room."""
    await place.admit([(LEAVES, 0)])
    await place.call_everybody()
    await _shows(page, "有患者来电")
    await page.keyboard.press("F2")                     # nothing to mute yet
    await page.keyboard.press("F8")
    await _shows(page, "通话中")
    await page.keyboard.press("F2")
    await expect(page.get_by_role("button", name="静音")).to_have_attribute("aria-pressed", "true")
    await _shows(page, "整理中")
    await place.until_settled(30)
    [attempt] = await place.attempts_of(LEAVES)
    assert attempt.disposition is Disposition.ESCALATED
    sound, joined = await _hear(place, attempt)
    beeps = [tone.start for tone in sound.right if tone.hertz == BEEP_HZ]
    assert all(start < joined + 1.2 for start in beeps), beeps
    assert sound.seconds > joined + 2


async def test_a_declined_call_leaves_the_alert_open(place: Hospital, page: Page) -> None:
    await place.admit([(REFUSED, 0)])
    await place.call_everybody()
    await _shows(page, "有患者来电")
    await page.keyboard.press("F9")
    await _shows(page, "刚才未接听")
    await place.until_settled(30)
    [attempt] = await place.attempts_of(REFUSED)
    assert attempt.disposition is Disposition.CALLBACK_ALERT
    await page.get_by_role("button", name="离线").click()
    await _shows(page, "未上线")
    await _is(place, AgentState.OFFLINE)


async def _receives(page: Page) -> bool:
    """Do packets of sound arrive, with more than silence in them?"""
    received: dict[str, float] | None = await page.evaluate(RECEIVED)
    return received is not None and received["packets"] > 50 and received["energy"] > 0.001
