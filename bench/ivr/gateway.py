"""The voice gateway of the benchmark: SIPp answers every call; the sound is the phones' affair."""

from __future__ import annotations

import asyncio
import contextlib
import csv
from collections.abc import Sequence
from pathlib import Path

SCENARIO = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="a patient picks up">
  <recv request="INVITE" crlf="true"/>
  <send><![CDATA[
    SIP/2.0 180 Ringing
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]-[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[local_ip]:[local_port]>
    Content-Length: 0

  ]]></send>
  <pause milliseconds="100"/>
  <send retrans="500"><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]-[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[local_ip]:[local_port]>
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=patient 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [local_ip]
    t=0 0
    m=audio [field0] RTP/AVP 8 101
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20
    a=sendrecv

  ]]></send>
  <recv request="ACK" crlf="true"/>
  <recv request="BYE"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
</scenario>
"""


class GatewayFault(Exception):
    """SIPp does not run."""


class Gateway:
    """SIPp as the trunk's far end. ``ports``: where the phones take their sound, in turn."""

    def __init__(self, command: Sequence[str], folder: Path, host: str, port: int,
                 ports: Sequence[int]) -> None:
        self._folder, self._host, self._port = folder, host, port
        self._command = command
        self._ports = ports
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def __aenter__(self) -> Gateway:
        self._folder.mkdir(parents=True, exist_ok=True)
        scenario, fields = self._folder / "picks-up.xml", self._folder / "ports.csv"
        scenario.write_text(SCENARIO)
        fields.write_text("SEQUENTIAL\n" + "".join(f"{port};\n" for port in self._ports))
        with (self._folder / "sipp.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, "-sf", str(scenario), "-inf", str(fields), "-i", self._host,
                "-p", str(self._port), "-nostdin", "-trace_err",
                "-error_file", str(self._folder / "errors.log"), "-trace_stat", "-fd", "1",
                "-stf", str(self._folder / "calls.csv"),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                start_new_session=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 0.5)
            raise GatewayFault(f"SIPp ended at once: {self._last_words()}")
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    def failed(self) -> int:
        """Calls whose SIP did not go as it should, so far (a second late)."""
        try:
            with (self._folder / "calls.csv").open(newline="") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
        except FileNotFoundError:
            return 0
        return int(rows[-1].get("FailedCall(C)") or 0) if rows else 0

    def _last_words(self) -> str:
        text = (self._folder / "sipp.log").read_text("utf-8", "replace").strip()
        return text.splitlines()[-1] if text else "without a word"
