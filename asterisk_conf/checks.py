"""Checks of every value that reaches Asterisk's configuration.

Allow-lists only: what is not named cannot be written, so that neither a line break, a comment, a
section, a template, ``#include``, a dialplan variable nor a further argument can slip in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_type_hints

from asterisk_conf.errors import ConfError

# sockaddr_un holds 107 bytes, and Asterisk puts asterisk.ctl into its run folder
LONGEST_RUN_DIR = 107 - len("/asterisk.ctl")


@dataclass(frozen=True)
class Rule:
    """What a field may hold: ``fits`` decides, ``expected`` tells a person."""

    fits: Callable[[Any], bool]
    expected: str
    secret: bool = False

    def __call__(self, field: str, value: object) -> None:
        try:
            good = self.fits(value)
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ConfError(field, self.expected, value, secret=self.secret)


def text(pattern: str, expected: str, *, secret: bool = False) -> Rule:
    """A string that ``pattern`` matches from its first to its last character."""
    compiled = re.compile(pattern)
    return Rule(lambda value: isinstance(value, str) and bool(compiled.fullmatch(value)),
                expected, secret)


def number(lowest: int, highest: int) -> Rule:
    """A whole number within bounds, both included."""
    return Rule(lambda value: type(value) is int and lowest <= value <= highest,
                f"a whole number from {lowest} to {highest}")


def one_of(*words: str) -> Rule:
    """One of a few words."""
    return Rule(lambda value: value in words, " or ".join(words))


def optional(rule: Rule) -> Rule:
    """``rule``, or None."""
    return Rule(lambda value: value is None or rule.fits(value), rule.expected, rule.secret)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and "%" not in value and bool(ip_address(value))


def _is_loopback(value: object) -> bool:
    return _is_address(value) and ip_address(str(value)).is_loopback


def _is_network(value: object) -> bool:
    return isinstance(value, str) and "/" in value and bool(ip_network(value))


_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
                   r"(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*", re.ASCII)


def _is_host(value: object) -> bool:
    if not isinstance(value, str):
        return False
    return bool(_HOST.fullmatch(value)) or (":" in value and _is_address(value))


def _is_folder(value: object) -> bool:
    # letters of any script: people are called 张三 and so are their home folders
    return isinstance(value, Path) and value.is_absolute() and ".." not in value.parts \
        and bool(re.fullmatch(r"(/[\w.+@~=-][\w .+@~=-]*)+", str(value))) \
        and not str(value).endswith(" ")


WORD = text(r"[a-z0-9][a-z0-9-]{0,30}", "a-z, 0-9 and -, at most 31, e.g. node1")
ADDRESS = Rule(_is_address, "an IP address such as 127.0.0.1")
LOOPBACK = Rule(_is_loopback, "a loopback address such as 127.0.0.1")
HOST = Rule(_is_host, "a host name or IP address")
NETWORK = Rule(_is_network, "a network such as 10.0.0.0/8")
PORT = number(1, 65535)
FOLDER = Rule(_is_folder, "an absolute path of letters, digits, space and . + @ ~ = _ -")
RUN_DIR = Rule(lambda value: _is_folder(value) and len(bytes(value)) <= LONGEST_RUN_DIR,
               f"{FOLDER.expected}, at most {LONGEST_RUN_DIR} bytes (Asterisk's control socket)")
EXTENSION = text(r"[1-9][0-9]{2,5}", "three to six digits, e.g. 8001")
CALLER_ID = text(r"\+?[0-9]{3,15}", "3 to 15 digits, e.g. 03155550100")
PERSON = text(r"[^\W_][\w .·-]{0,39}(?<! )", "1 to 40 letters, digits, spaces, . · or -")
USERNAME = text(r"[A-Za-z0-9._+-]{0,64}", "letters, digits and . _ + -, at most 64")
OWN_SECRET = text(r"[A-Za-z0-9_-]{8,128}", "8 to 128 letters, digits, _ or -", secret=True)
# given by a carrier: more signs, yet none that means something to Asterisk's configuration reader
THEIR_SECRET = text(r"([A-Za-z0-9._~!@%^*/:-][A-Za-z0-9._~!@%^*/:=+-]{0,127})?",
                    "letters, digits and . _ ~ ! @ % ^ * / : = + -, at most 128", secret=True)
LANGUAGE = text(r"[a-z]{2,3}", "a language such as zh")

Word = Annotated[str, WORD]
Address = Annotated[str, ADDRESS]
Loopback = Annotated[str, LOOPBACK]
Host = Annotated[str, HOST]
Port = Annotated[int, PORT]
Folder = Annotated[Path, FOLDER]
Extension = Annotated[str, EXTENSION]
OwnSecret = Annotated[str, OWN_SECRET]


class Checked:
    """Base of the frozen dataclasses here: every annotated field is checked when one is made."""

    where: ClassVar[str] = ""       # put in front of field names in errors, e.g. ``trunk.``

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self), include_extras=True).items():
            for rule in getattr(hint, "__metadata__", ()):
                rule(self.where + name, getattr(self, name))
