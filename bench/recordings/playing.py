"""From a click to the first sound, in a real Chromium on the console's own page of a recording."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from bench.recordings.keeping import calls_of, end_call, write_sound
from bench.recordings.stage import Console, Stage
from bench.sample import spread
from followup.calls.models import Recording, RecordingMark
from followup.database.base import now
from followup.people.models import Role, User
from followup.people.sessions import open_session
from recordings.chain import link_seals
from recordings.copies import find_copiers
from recordings.keeper import seal_next
from recordings.preparing import prepare_next
from webconsole.middleware import SESSION_COOKIE

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run",
             # the ear below may listen before anybody has clicked
             "--autoplay-policy=no-user-gesture-required")
LONGEST_MS = 15_000
SETTLE_S = 0.5
# From the finger's leaving the button (a mark's click tells its own moment; of the browser's own
# play button no event is seen, so there it is the moment just before) until the place that is heard
# moves on, and until what comes out of the element is no longer silent. A message to oneself is
# the quickest clock.
LISTEN = """(sound) => {
  const context = new AudioContext();
  const ear = context.createAnalyser();
  ear.fftSize = 256;
  context.createMediaElementSource(sound).connect(ear);
  ear.connect(context.destination);
  const samples = new Float32Array(256);
  const hear = (began, done, failed) => {
    const ticks = new MessageChannel();
    const told = {};
    let place = null;
    ticks.port1.onmessage = () => {
      const took = performance.now() - began;
      ear.getFloatTimeDomainData(samples);
      if (sound.seeking || sound.paused) place = null;
      else if (place === null) place = sound.currentTime;
      else if (!told.moves && sound.currentTime > place) told.moves = took;
      if (told.moves && samples.some((each) => Math.abs(each) > 0.001)) {
        done({ ...told, heard: took, type: sound.currentSrc });
      } else if (took > LONGEST) failed(new Error("no sound came"));
      else ticks.port2.postMessage(null);
    };
    ticks.port2.postMessage(null);      // once those who act on a click have acted
  };
  window.benchListen = (seen) => {
    window.benchHeard = new Promise((done, failed) => {
      if (!seen) hear(performance.now(), done, failed);
      else document.addEventListener("click", (event) => hear(event.timeStamp, done, failed),
        { capture: true, once: true });
    });
  };
}""".replace("LONGEST", str(LONGEST_MS))


async def measure_playing(stage: Stage, clicks: int, long_s: int) -> dict[str, Any]:
    """So many clicks of each kind, each at a random place of an encrypted recording: the play
    button on a page that was opened anew, a mark on such a page, a mark while it plays. Before each
    of the first two the server knows nothing of the file, and the disk's cache has forgotten it."""
    rng = random.Random(1)  # noqa: S311 - places to click at
    async with stage.console() as console, _chromium(console) as page:
        result: dict[str, Any] = {"clicks": clicks, "long_s": long_s}
        for name, copies in (("original", "none"), ("copy", "opus")):
            if copies != "none" and not find_copiers(copies):
                result[name] = None              # no ffmpeg here
                continue
            recording = await _recording(console, long_s, copies, rng)
            took: dict[str, list[dict[str, Any]]] = {"play": [], "mark": [], "mark_playing": []}
            for _ in range(clicks):
                await _clicks(console, page, recording, rng, took)
            result[name] = {"type": took["play"][0]["type"].rpartition("/")[2], **{
                kind: {sound: spread([each[sound] / 1000 for each in found])
                       for sound in ("moves", "heard")} for kind, found in took.items()}}
    return result


async def _clicks(console: Console, page: Any, recording: Recording, rng: random.Random,
                  took: dict[str, list[dict[str, Any]]]) -> None:
    sound, marks = page.locator("audio"), page.locator(".marks [data-seek]")
    wave = page.locator("canvas[data-peaks]")

    async def mark(kind: str) -> None:
        one = marks.nth(rng.randrange(await marks.count()))
        await one.scroll_into_view_if_needed()
        box = await one.bounding_box()
        took[kind].append(await _heard(page, box["x"] + box["width"] / 2,
                                       box["y"] + box["height"] / 2, seen=True))

    for kind in ("play", "mark"):
        _forget(console, recording)
        await page.goto(f"{console.url}/recordings/{recording.id}")
        await asyncio.sleep(SETTLE_S)            # the waveform is drawn, the page is live
        await sound.evaluate(LISTEN)
        if kind == "mark":
            await mark(kind)
            continue
        box = await wave.bounding_box()
        await wave.click(position={"x": rng.uniform(0.05, 0.9) * box["width"], "y": 20})
        box = await sound.bounding_box()
        took[kind].append(await _heard(page, box["x"] + 20, box["y"] + box["height"] / 2,
                                       seen=False))
    await asyncio.sleep(SETTLE_S)
    await mark("mark_playing")


async def _heard(page: Any, x: float, y: float, *, seen: bool) -> dict[str, Any]:
    """Press the mouse there, and listen from when it is let go of."""
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.evaluate("(seen) => window.benchListen(seen)", seen)
    await page.mouse.up()
    found: dict[str, Any] = await asyncio.wait_for(page.evaluate("window.benchHeard"),
                                                   2 * LONGEST_MS / 1000)
    return found


def _forget(console: Console, recording: Recording) -> None:
    """Another state of the file, for the server; and for the disk, one not read for long."""
    for path in console.settings.recordings_dir.rglob(f"{recording.attempt_id}*"):
        os.utime(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def _recording(console: Console, long_s: int, copies: str,
                     rng: random.Random) -> Recording:
    """A sealed, prepared recording with marks at random places."""
    spool, database = console.settings.spool_dir, console.database
    spool.mkdir(parents=True, exist_ok=True)
    [attempt] = await calls_of(database, 1, long_s)
    sound = write_sound(spool / "sound", long_s)
    await end_call(database, spool, attempt, sound, now() - timedelta(minutes=1))
    sound.unlink()
    async with database.session() as session:
        await seal_next(session, spool, console.vault)
    async with database.session() as session:
        await link_seals(session)
    async with database.session() as session:
        await prepare_next(session, console.vault, find_copiers(copies))
    async with database.session() as session:
        row = (await session.scalars(
            select(Recording).where(Recording.attempt_id == attempt))).one()
        await session.execute(insert(RecordingMark), [
            {"id": uuid.uuid4(), "recording_id": row.id, "kind": "question", "link_id": None,
             "label": f"{each}", "at_ms": rng.randrange(1000, (long_s - 5) * 1000)}
            for each in range(40)])
    return row


@asynccontextmanager
async def _chromium(console: Console) -> AsyncIterator[Any]:
    """A page of a browser in which an auditor is signed in."""
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise RuntimeError("playwright is not installed: ./prepare dev") from error

    async with console.database.session() as session:
        user = User(username="bench", name="bench", role=Role.ADMINISTRATOR,
                    password_hash="!")  # noqa: S106 - nobody signs in by it
        session.add(user)
        await session.flush()
        token = await open_session(session, user, timedelta(hours=2))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=console.chromium,
                                                   args=list(ARGUMENTS))
        context = await browser.new_context(viewport={"width": 1440, "height": 2000})
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": console.url}])
        yield await context.new_page()
        await browser.close()
