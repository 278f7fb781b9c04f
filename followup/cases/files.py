"""Attachments: what they are is told by their content, whatever their names say. Pure."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

from followup.errors import InvalidInput

MAX_BYTES = 20 * 1024 * 1024
MAX_FILES = 10                    # in one request
NAME_LENGTH = 120
_SIGNS = (
    (b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"), (b"\xff\xfb", "audio/mpeg"), (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xfa", "audio/mpeg"), (b"\xff\xf2", "audio/mpeg"), (b"fLaC", "audio/flac"),
    (b"\xff\xf1", "audio/aac"), (b"\xff\xf9", "audio/aac"),
    # voice messages of WeChat, and of browsers
    (b"#!AMR\n", "audio/amr"), (b"#!AMR-WB\n", "audio/amr"), (b"\x1a\x45\xdf\xa3", "audio/webm"),
)
_IN_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}
_OFFICE = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
)
ENDINGS = {
    "application/pdf": (".pdf",), "image/png": (".png",), "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",), "image/webp": (".webp",), "audio/ogg": (".ogg", ".opus", ".oga"),
    "audio/mpeg": (".mp3",), "audio/flac": (".flac",), "audio/wav": (".wav",),
    "audio/mp4": (".m4a",), "audio/aac": (".aac",), "audio/amr": (".amr",),
    "audio/webm": (".webm", ".weba"), "video/mp4": (".mp4",), "text/plain": (".txt",),
    _OFFICE[0][1]: (".docx",), _OFFICE[1][1]: (".xlsx",),
}
# shown in the browser; everything else is downloaded
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf",
                   "audio/ogg", "audio/mpeg", "audio/flac", "audio/wav", "audio/mp4", "audio/aac",
                   "audio/webm"})
# heard on the page of a case; every browser has the means
HEARD = frozenset(kind for kind in SHOWN if kind.startswith("audio/"))


class BadFile(InvalidInput):
    """The file was not taken; ``reason`` is a word of ``REASONS``."""

    id = "case-file-refused"
    REASONS = ("empty", "large", "kind", "many")

    def __init__(self, reason: str, name: str = "") -> None:
        super().__init__(f"attachments: {reason}", field="attachments",
                         expected="pictures, PDF, sound, text, .docx or .xlsx, 20 MB at most")
        self.reason, self.name = reason, name


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept."""

    name: str
    media_type: str
    sha256: str
    content: bytes


def check_file(name: str, content: bytes) -> Checked:
    """The file, with a name that is safe and an ending that fits what is in it; BadFile if not."""
    name = safe_name(name)
    if not content:
        raise BadFile("empty", name)
    if len(content) > MAX_BYTES:
        raise BadFile("large", name)
    media_type = sniff(content)
    if media_type is None:
        raise BadFile("kind", name)
    endings = ENDINGS[media_type]
    if not name.lower().endswith(endings):
        name = f"{name[:NAME_LENGTH - len(endings[0])]}{endings[0]}"
    return Checked(name, media_type, hashlib.sha256(content).hexdigest(), content)


def sniff(content: bytes) -> str | None:
    """What ``content`` is, whatever its name says; None when it is nothing that we take."""
    for sign, media_type in _SIGNS:
        if content.startswith(sign):
            return media_type
    if content[:4] == b"RIFF":
        return _IN_RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return "audio/mp4" if content[8:11] == b"M4A" else "video/mp4"
    if content[:2] == b"PK":
        return _office(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in text) \
        else "text/plain"


def _office(content: bytes) -> str | None:
    """A workbook or document without macros, by the names within; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return None
    if "[Content_Types].xml" not in names or any("vbaProject" in name for name in names):
        return None
    return next((media_type for folder, media_type in _OFFICE
                 if any(name.startswith(folder) for name in names)), None)


def safe_name(name: str) -> str:
    """The last part of a name, of printable characters, not too long."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, ending = kept.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem[:NAME_LENGTH - 10]}.{ending}" if stem else f"file.{ending}"
    return kept[:NAME_LENGTH - 10] or "file"
