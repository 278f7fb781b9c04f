"""The recorder at work, until SIGTERM."""

from __future__ import annotations

import signal

from asterisk_conf import real_time
from followup.log import get_logger
from followup.settings import Settings
from recordings.recorder.packets import PacketRing
from recordings.recorder.server import Server, merged

log = get_logger(__name__)
NICE = 5                     # the kernel keeps its packets for seconds; others have milliseconds


def record(settings: Settings) -> None:
    """Record live calls from their packets, on the machine of the nodes."""
    real_time.give_way(NICE)
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    ports = merged([(node.rtp_start, node.rtp_end) for node in settings.nodes])

    def ring() -> PacketRing:
        if settings.recordings.capture != "packets":         # a service that runs all the same
            raise OSError("by the settings Asterisk records")
        return PacketRing(ports)

    server = Server(settings.recorder_socket, settings.spool_dir, ring)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()
    log.info("stopped")
