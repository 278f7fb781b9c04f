"""A linkId is any text in FHIR ("/44250-9", "体温 1"); here is what it becomes where only plain
names do: file names of sounds, ids of prompts, fields of forms and ids of HTML.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

MOST = 255                                           # characters of a linkId
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PLAIN_SIGN = re.compile("[A-Za-z0-9._-]")
_LONGEST = 96                                        # a file's name has other parts, too
_NO_TEXT = ("Cc", "Cf", "Cs", "Zl", "Zp")            # controls, invisible signs, ends of lines


def is_sound(link_id: str) -> bool:
    """Whether all that we do with a linkId can be done with this one."""
    return 0 < len(link_id) <= MOST and link_id == link_id.strip() \
        and not any(unicodedata.category(sign) in _NO_TEXT for sign in link_id)


def as_name(link_id: str) -> str:
    """A linkId as a name of letters, digits, ``.``, ``_``, ``-`` and ``~``; no two have the same.

    A plain one is its own name. In others a sign that is not plain is ``~`` and two hexadecimal
    digits for each of its bytes in UTF-8 (``/44250-9`` is ``~2F44250-9``); of a name that would be
    very long the end is a digest, after ``~~``. So ``~keys`` may follow any name.
    """
    if PLAIN.fullmatch(link_id):
        return link_id
    name = "".join(
        sign if _PLAIN_SIGN.fullmatch(sign) and (place or sign.isalnum())
        else "".join(f"~{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))
        for place, sign in enumerate(link_id))
    if len(name) <= _LONGEST:
        return name
    digest = sha256(link_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[:_LONGEST // 2]}~~{digest[:32]}"
