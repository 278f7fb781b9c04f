"""The same questionnaire four times: by Aftercall, as pure dialplan, by pyst2 in two ways."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asterisk_conf.process import AsteriskProcess
from bench.ivr.script import Turn, Wait
from dialer.node import FOLLOW_UP_CONTEXT
from followup.settings import NodeSettings, Settings
from ivr.prompts.tones import BEEP

PYST2 = Path(__file__).with_name("pyst2_flow.py")


class Flow(StrEnum):
    """Who drives the call."""

    DIALPLAN = "dialplan"
    AFTERCALL = "aftercall"
    THREADS = "pyst2_threads"
    PROCESS = "pyst2_process"

    @property
    def context(self) -> str:
        """Where its calls enter the dialplan."""
        return FOLLOW_UP_CONTEXT if self is Flow.AFTERCALL else f"bench-{self.value}"


@dataclass(frozen=True)
class Prepared:
    """What the other flows need, written down; ``server`` starts the threaded one."""

    server: tuple[str, ...]


async def prepare(settings: Settings, node: NodeSettings, process: AsteriskProcess,
                  turns: Sequence[Turn], threads_port: int) -> Prepared:
    """Give the running node the contexts of the other flows."""
    root = settings.node_dir(node.name)
    told = root / "agi" / "turns.json"
    told.write_text(json.dumps([turn.as_json() for turn in turns]))
    script = root / "agi" / "pyst2_flow"
    script.write_text(f"#!{sys.executable}\n{PYST2.read_text('utf-8')}", "utf-8")
    script.chmod(0o755)
    arguments = (str(told), str(settings.spool_dir), str(settings.sounds_dir / BEEP))
    with (root / "etc" / "extensions.conf").open("a", encoding="utf-8") as file:
        file.write(dialplan(turns, settings.spool_dir, settings.sounds_dir / BEEP))
        file.write(_agi(Flow.THREADS, f"agi://127.0.0.1:{threads_port}/bench"))
        file.write(_agi(Flow.PROCESS, ",".join((str(script), *arguments))))
    await process.cli("dialplan reload")
    return Prepared((sys.executable, str(PYST2), "--serve", str(threads_port), *arguments))


def dialplan(turns: Sequence[Turn], spool: Path, beep: Path) -> str:
    """The whole call in Asterisk's own applications."""
    steps = [f"MixMonitor({spool}/${{UNIQUEID}}.raw,D)"]
    heard = []
    for number, turn in enumerate(turns):
        sounds = "&".join(turn.sounds)
        match turn.wait:
            case Wait.KEY | Wait.NUMBER:
                most, seconds = (1, 6) if turn.wait is Wait.KEY else (6, 8)
                steps.append(f"Read(A{number},{sounds},{most},,1,{seconds})")
                heard.append(f"${{A{number}}}")
            case Wait.MESSAGE:
                steps.append(f"Playback({sounds}&{beep})")
                steps.append(f"Record({spool}/${{UNIQUEID}}-message.wav,4,60,q)")
            case Wait.END:
                steps.append(f"Playback({sounds})")
    steps += [f"UserEvent(BenchDone,Keys: {'-'.join(heard)})", "Hangup()"]
    first, *rest = steps
    return "\n".join([f"\n[{Flow.DIALPLAN.context}]", f"exten => s,1,{first}",
                      *(f" same => n,{step}" for step in rest), ""])


def _agi(flow: Flow, address: str) -> str:
    return f"\n[{flow.context}]\nexten => s,1,AGI({address})\n same => n,Hangup()\n"
