"""The whole way without Asterisk: a line, its server, and the listener as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from asterisk_conf.model import EAGI_LISTENER
from ivr.agi import AgiAppFailed, AgiHangup
from ivr.agi.channel import Playback
from ivr.audiosocket import FRAME_BYTES, AudioSocketServer
from ivr.conversation.events import Key, Spoken
from ivr.eagi import session as session_module
from ivr.eagi.line import EagiLine
from ivr.eagi.session import EagiSession
from ivr.prompts.prompt import Prompt
from ivr.voice_line import Voice
from tests.fakes.eagi import NUMBER, FakeEagi
from tests.house.tree import ROOT
from tests.ivr.test_voice_line import GRAMMAR, LOUD, Hearing, Sounds

# the listener looks for the sound on fd 3, as Asterisk gives it
START = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.executable, [sys.executable, "
         "'-m', 'agi_scripts.eagi_listener', *sys.argv[2:]])")
QUIET_FRAME = bytes(FRAME_BYTES)


class Node:
    """Asterisk: EXEC EAGI starts the listener as Asterisk does, with the call's sound on fd 3."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.hung_up = False
        self.commands: list[str] = []
        self.early: list[str] = []                   # keys that wait on the channel
        self.asterisk: FakeEagi | None = None
        self.process: asyncio.subprocess.Process | None = None
        self.said = b""                              # on stderr
        self.code: int | None = None
        self._sound = -1
        self._started = asyncio.Event()

    async def exec(self, app: str, *args: str) -> str:
        assert (app, args[0]) == ("EAGI", EAGI_LISTENER)
        self.commands.append(app)
        if not self.works:
            raise AgiAppFailed("EAGI failed")
        from_script, script_out = os.pipe()
        script_in, to_script = os.pipe()
        script_sound, self._sound = os.pipe()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", START, str(script_sound), *args[1:], stdin=script_in,
            stdout=script_out, stderr=asyncio.subprocess.PIPE, pass_fds=[script_sound], cwd=ROOT)
        for descriptor in (script_in, script_out, script_sound):
            os.close(descriptor)
        self.asterisk = FakeEagi(from_script, to_script)
        self.asterisk.start()
        self._started.set()
        _, self.said = await self.process.communicate()
        self.code = self.process.returncode
        self._started.clear()
        os.close(self._sound)
        if self.hung_up:
            raise AgiHangup("gone")
        return "0"

    async def wait_for_digit(self, timeout_ms: int) -> str | None:
        assert 0 < timeout_ms <= 50                  # the patient waits meanwhile
        return self.early.pop(0) if self.early else None

    async def stream_file(self, name: str, escape_digits: str = "", offset: int = 0) -> Playback:
        self.commands.append(Path(name).name)
        return Playback("7", 0)

    async def plays(self, name: str) -> FakeEagi:
        """Wait until Asterisk plays this file."""
        await self._started.wait()
        assert self.asterisk is not None
        await asyncio.to_thread(self.asterisk.plays, name)
        return self.asterisk

    def speak(self, *frames: bytes) -> None:
        """The patient's sound."""
        for frame in frames:
            os.write(self._sound, frame)


@asynccontextmanager
async def line(folder: Path, works: bool = True) -> AsyncIterator[tuple[EagiLine, Node]]:
    for name in ("hello", "again", "quiet"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(1600))
    server = AudioSocketServer(session=EagiSession)
    await server.start()
    node = Node(works)
    made = EagiLine(node, Sounds(folder), "zh", Voice(server, Hearing(), True))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(30):
            yield made, node
            if not node.hung_up:
                await made.release()
    finally:
        await server.stop()
    assert NUMBER.encode() not in node.said


async def test_prompts_are_played_one_after_the_other(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        said = asyncio.create_task(made.say((Prompt("hello"), Prompt("missing"), Prompt("again"))))
        (await node.plays("hello")).finish()
        (await node.plays("again")).finish()
        assert await said is None
        await node.plays("quiet")                    # the line is kept alive
    assert (node.code, node.said) == (0, b"")
    assert node.asterisk is not None
    assert f'STREAM FILE "{tmp_path}/hello" "0123456789*#" 0' in node.asterisk.commands


async def test_a_key_stops_a_prompt_and_one_that_came_early_ends_the_next_wait(
        tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        said = asyncio.create_task(made.say((Prompt("hello"),)))
        (await node.plays("hello")).press("5")
        assert await said == Key("5")
        (await node.plays("quiet")).press("9")
        assert await made.listen(10_000) == Key("9")


async def test_keys_pressed_before_the_script_starts_are_not_lost(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        node.early = ["1", "2"]
        assert await made.say((Prompt("hello"),)) == Key("1")
        assert await made.listen(10_000) == Key("2")


async def test_words_stop_a_prompt_and_are_heard(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        said = asyncio.create_task(made.say((Prompt("hello"),), grammar=GRAMMAR))
        await node.plays("hello")
        node.speak(*[LOUD] * 5)
        await node.plays("quiet")                    # while they speak, nothing is played over it
        node.speak(*[QUIET_FRAME] * 2)
        assert await said == Spoken("是的", 0.8)


async def test_nobody_says_anything(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        assert await made.listen(300, GRAMMAR) is None
        await node.plays("quiet")


async def test_the_channel_is_given_back_and_taken_again(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        await made.listen(10)
        await made.release()
        assert (node.code, node.said) == (0, b"")
        said = asyncio.create_task(made.say((Prompt("hello"),)))
        (await node.plays("hello")).finish()
        assert await said is None
    assert node.commands == ["EAGI", "EAGI"]


async def test_a_hang_up_is_told_at_once(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        said = asyncio.create_task(made.say((Prompt("hello"),)))
        asterisk = await node.plays("hello")
        node.hung_up = True
        asterisk.hang_up()
        assert isinstance((await asyncio.gather(said, return_exceptions=True))[0], AgiHangup)
    assert (node.code, node.said) == (0, b"")


async def test_a_listener_that_is_killed_leaves_the_call_to_keys(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        said = asyncio.create_task(made.say((Prompt("hello"),)))
        await node.plays("hello")
        assert node.process is not None
        node.process.send_signal(signal.SIGKILL)
        assert await said is None
        assert await made.listen(1000) == Key("7")
    assert node.commands == ["EAGI", "quiet"]


async def test_a_prompt_without_end_leaves_the_call_to_keys(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "PATIENCE_S", 0.1)
    async with line(tmp_path) as (made, node):
        assert await made.say((Prompt("hello"),)) is None        # Asterisk never ends it
        assert await made.listen(1000) == Key("7")
    assert node.code == 0


async def test_a_listener_whom_asterisk_does_not_answer_lets_go(tmp_path: Path) -> None:
    async with line(tmp_path) as (made, node):
        await made.listen(10)
        (await node.plays("quiet")).swallow(10_000)
        await made.release()
        assert (node.code, node.said) == (
            1, b"aftercall-eagi: Asterisk does not answer; the call goes on by keys\n")


async def test_a_node_without_the_script_leaves_the_call_to_keys(tmp_path: Path) -> None:
    async with line(tmp_path, works=False) as (made, node):
        assert await made.say((Prompt("hello"),)) == Key("7")
    assert node.commands == ["EAGI", "hello"]


async def test_keys_that_came_before_a_listener_that_fails_count(tmp_path: Path) -> None:
    async with line(tmp_path, works=False) as (made, node):
        node.early = ["3", "4"]
        assert await made.say((Prompt("hello"),)) == Key("3")
        assert await made.listen(1000) == Key("4")
    assert node.commands == ["EAGI"], "nothing was said over them"


async def test_a_listener_whose_house_is_gone_lets_the_dialplan_go_on(tmp_path: Path) -> None:
    node = Node()
    async with asyncio.timeout(40):
        server = AudioSocketServer(session=EagiSession)
        await server.start()
        name, coming = server.expect()
        running = asyncio.create_task(node.exec("EAGI", EAGI_LISTENER, str(name), server.address,
                                                str(tmp_path / "quiet")))
        session = await coming
        await node.plays("quiet")
        session.close()                              # as when its process dies
        await running
        await server.stop()
    assert node.code == 0


async def test_a_listener_that_reaches_nobody_says_so_without_numbers(tmp_path: Path) -> None:
    node = Node()
    async with asyncio.timeout(40):
        await node.exec("EAGI", EAGI_LISTENER, "b1946ac9-2492-4d23-8a5e-1d2c3b4a5968",
                        "127.0.0.1:9", str(tmp_path / "quiet"))
    assert node.code == 1
    assert node.said == b"aftercall-eagi: ConnectionRefusedError; the call goes on by keys\n"
