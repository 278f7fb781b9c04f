"""What a node's own log of channel events (CEL) tells of a call.

The file is the node's durable memory: a channel that was ever created has a CHAN_START line, so
its absence, from a node that has been up all along, proves that no call was placed.
"""

from __future__ import annotations

import csv
import json
import mmap
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# Columns of the CEL file, as asterisk_conf/templates/cel_custom.conf.j2 writes them.
COLUMNS = ("event", "time", "uniqueid", "linkedid", "channel", "exten", "context", "num",
           "account", "peer", "extra")


@dataclass(frozen=True)
class CallStory:
    """The life of one channel."""

    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None         # Q.850


class EvidenceMissing(Exception):
    """The node's CEL file cannot be read: its silence proves nothing."""


def read_story(file: Path, channel_id: str) -> CallStory:
    """Everything the CEL file says of ``channel_id``; an empty story when it says nothing."""
    try:
        with file.open("rb") as handle:
            if handle.seek(0, 2) == 0:
                return CallStory()
            with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
                lines = list(_lines_with(content, channel_id.encode()))
    except OSError as error:
        raise EvidenceMissing(f"{file.name}: {error.strerror}") from error
    return tell(lines, channel_id)


def tell(lines: list[str], channel_id: str) -> CallStory:
    """The story of ``channel_id`` from lines of the file; other channels' lines are passed over."""
    started = answered = ended = None
    cause = None
    for row in csv.reader(lines):
        if len(row) < len(COLUMNS):
            continue
        fields = dict(zip(COLUMNS, row, strict=False))
        if fields["uniqueid"] != channel_id:
            continue
        moment = _moment(fields["time"])
        match fields["event"]:
            case "CHAN_START":
                started = moment
            case "ANSWER":
                answered = answered or moment
            case "HANGUP":
                ended, cause = moment, _cause(fields["extra"])
            case "CHAN_END":
                ended = ended or moment
    return CallStory(started, answered, ended, cause)


def _lines_with(content: mmap.mmap, needle: bytes) -> list[str]:
    found = []
    position = content.find(needle)
    while position != -1:
        begin = content.rfind(b"\n", 0, position) + 1
        end = content.find(b"\n", position)
        end = len(content) if end == -1 else end
        found.append(content[begin:end].decode("utf-8", "replace"))
        position = content.find(needle, end)
    return found


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        return None


def _cause(extra: str) -> int | None:
    try:
        return int(json.loads(extra)["hangupcause"])
    except (ValueError, KeyError, TypeError):
        return None
