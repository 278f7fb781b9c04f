"""The demo's stage: a hospital of its own in a folder of its own, on ports that are free."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from aftercall.loopback_ports import MEDIA_PORTS, free_port, media_ports
from followup.settings import Settings, load_settings

# the last one's phone is a browser: whoever signs in at the console can go on duty there
AGENTS = (("8001", "护士林静", "sip", ("zh",)), ("8002", "护士陈思", "sip", ("zh",)),
          ("8003", "护士何佳", "sip", ("zh", "en")), ("8004", "Nurse Amy", "sip", ("en", "zh")),
          ("8005", "护士王洁", "webrtc", ("zh", "en")))
GATEWAY_ADDRESS = "127.0.0.2"

TEMPLATE = """\
# Settings of the demo, written anew at each start.
hospital = "和安医院"
hospital_en = "Hean Hospital"

[prompts]
words_per_minute = 220           # brisk: the demo ends within three minutes

[console]
port = {console}

[agi]
port = {agi}

[[nodes]]
name = "node1"
ami_port = {ami}
sip_port = {sip}
http_port = {http}
rtp_start = {rtp}
rtp_end = {rtp_end}

[trunk]
host = "{gateway}"
port = {gateway_sip}
qualify_s = 2

[dialer]
# the demo calls whenever it is run; a hospital keeps 08:00-21:00
window_start = "00:00:00"
window_end = "23:59:59"
poll_s = 0.5
settle_s = 3
wrap_up_s = 3
ring_timeout_s = 15
# everybody is called at once, to be seen in three minutes; a hospital keeps 0.03
lost_budget = 0.5

[speech]
enabled = true
"""

AGENT = """
[[agents]]
extension = "{}"
name = "{}"
kind = "{}"
languages = {}
"""


def set_stage(folder: Path) -> Settings:
    """Make ``folder`` an empty hospital; prompts of an earlier run are kept, they cost time."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("spool", "recordings", "asterisk", "gateway", "log"):
        shutil.rmtree(folder / name, ignore_errors=True)
    ports = {name: free_port() for name in ("agi", "ami", "sip", "http", "gateway_sip")}
    rtp = media_ports()
    text = TEMPLATE.format(**ports, console=_console_port(), gateway=GATEWAY_ADDRESS,
                           rtp=rtp, rtp_end=rtp + MEDIA_PORTS // 2 - 1)
    text += "".join(AGENT.format(extension, name, kind, list(languages))
                    for extension, name, kind, languages in AGENTS)
    config = folder / "aftercall.toml"
    config.write_text(text.replace("'", '"'), encoding="utf-8")
    return load_settings(config, data_dir=folder)


def _console_port() -> int:
    """8080, as the guide says, where nobody has it."""
    with socket.socket() as tcp:
        try:
            tcp.bind(("127.0.0.1", 8080))
        except OSError:
            return free_port()
        return 8080
