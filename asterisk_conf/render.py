"""From checked values to Asterisk's configuration files."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined

from asterisk_conf import modules
from asterisk_conf.errors import ConfError
from asterisk_conf.model import EAGI_LISTENER, Folders, NodeConfig

_NODE_FILES = (
    "asterisk.conf", "modules.conf", "logger.conf", "pjsip.conf", "rtp.conf", "http.conf",
    "manager.conf", "cdr.conf", "cdr_custom.conf", "cel.conf", "cel_custom.conf",
    "indications.conf", "features.conf", "musiconhold.conf", "extensions.conf", "stasis.conf",
)
# Read by Asterisk's core whether used or not; empty ones keep its log free of complaints.
EMPTY_FILES = ("acl.conf", "ccss.conf", "cli.conf", "cli_permissions.conf", "codecs.conf",
               "dnsmgr.conf", "dsp.conf", "extconfig.conf", "pjproject.conf", "sorcery.conf",
               "stasis.conf", "udptl.conf")


_MEANS_SOMETHING = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029;]|\$[{\[]")


def bracketed(host: str) -> str:
    """``host`` as it stands before a port: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host and ip_address(host).version == 6 else host


def _printable(value: object) -> object:
    """Last guard: whatever value a template writes out stays within its line and says no more."""
    if not isinstance(value, (str, int, Path)) or _MEANS_SOMETHING.search(str(value)):
        raise ConfError("template", "a value without control characters, ; ${ or $[", value,
                        secret=True)
    return value


def environment(*more: BaseLoader) -> Environment:
    """The templates here, after those of ``more``; nothing undefined, nothing unprintable."""
    made = Environment(loader=ChoiceLoader([*more, PackageLoader("asterisk_conf")]),
                       undefined=StrictUndefined, finalize=_printable, trim_blocks=True,
                       lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    made.filters["bracketed"] = bracketed
    return made


def render(templates: Environment, names: tuple[str, ...], **values: object) -> dict[str, str]:
    """Each named file's text; the core's other files empty."""
    files = dict.fromkeys(EMPTY_FILES, "")
    return files | {name: templates.get_template(f"{name}.j2").render(values) for name in names}


def render_node(config: NodeConfig) -> dict[str, str]:
    """File name to text of every configuration file of a node."""
    return render(environment(), _NODE_FILES, config=config, folders=config.folders,
                  name=config.name, max_calls=config.max_calls, modules=modules.NODE,
                  rtp_start=config.rtp_start, rtp_end=config.rtp_end)


def write_node(config: NodeConfig) -> None:
    """Make the node's folders (0700) and write its files (0600), each whole or not at all.

    And, beside what it configures, the script by which it starts our EAGI listener (0700).
    """
    write_files(config.folders, render_node(config))
    launcher = environment().get_template(f"{EAGI_LISTENER}.j2").render(config=config)
    _replace(config.folders.agi_dir / EAGI_LISTENER, launcher, 0o700)


def write_files(folders: Folders, files: Mapping[str, str]) -> None:
    """Write ``files`` into ``etc_dir``; make every folder of the instance."""
    for folder in (*folders.own, folders.spool_dir / "monitor", folders.db_dir / "keys"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    for name, content in files.items():
        _replace(folders.etc_dir / name, content)


def _replace(path: Path, content: str, mode: int = 0o600) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
