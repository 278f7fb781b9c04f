"""`aftercall up` may be given the right to see packets: of its parts only the recorder gets it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GIVEN = ("setpriv", "--inh-caps=+net_raw", "--ambient-caps=+net_raw")
NET_RAW = 1 << 13
# in the place of the parts, and of Asterisk, a look at which rights they were started with
STARTED = """
import asyncio, os, sys
from pathlib import Path
from aftercall import packet_right
from aftercall.supervisor import Part

LOOK = ("grep", "CapAmb", "/proc/self/status")

async def start():
    packet_right.keep_back()
    folder = Path(sys.argv[1])
    for name in ("keeper", "recorder", "console"):
        part = Part(name, os.environ, folder / name)
        part._argv = LOOK
        await part._spawn()
        await part._process.wait()
    with (folder / "asterisk").open("wb") as out:
        await (await asyncio.create_subprocess_exec(*LOOK, stdout=out)).wait()

asyncio.run(start())
"""


def may_give() -> bool:
    if shutil.which(GIVEN[0]) is None:
        return False
    return not subprocess.run([*GIVEN, "true"], capture_output=True, check=False).returncode


@pytest.mark.skipif(not may_give(), reason="needs root and setpriv, to give the right")
def test_the_right_to_see_packets_is_the_recorders_alone(tmp_path: Path) -> None:
    subprocess.run([*GIVEN, sys.executable, "-c", STARTED, str(tmp_path)], check=True)
    rights = {file.name: int(file.read_text().split()[1], 16) for file in tmp_path.iterdir()}
    assert {name for name, those in rights.items() if those & NET_RAW} == {"recorder"}
    assert set(rights) == {"keeper", "recorder", "console", "asterisk"}
