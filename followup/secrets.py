"""Secrets, kept in ``<data folder>/secrets.toml``: made on first start, so that nobody types them.

The file has mode 0600 in a folder closed to others. Existing secrets never change; what is
missing is added. To renew one, delete its line and start again; the value of ``recordings`` goes
into ``recordings_former``, or what it has encrypted is never heard again. The keys of a voice
and of a provider of messages are typed.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from followup.errors import SettingsError

FILE = "secrets.toml"
_BYTES = 32          # 256 bits, as 43 characters of [A-Za-z0-9_-]: safe in a configuration file
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _new() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(_BYTES))


class Secrets(BaseModel):
    """Everything generated; ``repr`` and logs show stars only."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    ami: SecretStr = Field(default_factory=_new, min_length=20)    # AMI user of the nodes we manage
    signing_key: SecretStr = Field(default_factory=_new, min_length=20)    # cookies and links
    second_step: SecretStr = Field(default_factory=_new, min_length=20)    # seals users' secrets
    recordings: SecretStr = Field(default_factory=_new, min_length=20)     # encrypts the sound
    recordings_former: tuple[SecretStr, ...] = ()     # typed when the one above was renewed
    voice: SecretStr = SecretStr("")       # key of a voice asked by HTTP; it is typed as well
    messages: SecretStr = SecretStr("")    # key of the provider of text messages; typed as well
    message_hook: SecretStr = Field(default_factory=_new, min_length=20)   # its pushes' address
    agents: dict[str, SecretStr] = Field(default_factory=dict)     # SIP password by extension


def load_secrets(data_dir: Path, agents: Iterable[str] = ()) -> Secrets:
    """The secrets, with one for each of ``agents`` (extensions); made when missing.

    Any number of processes may call this at once. SettingsError when the file is open to other
    users or does not read.
    """
    _private_folder(data_dir)
    path = data_dir / FILE
    with _exclusive(data_dir / f".{FILE}.lock"):
        known = _read(path)
        missing = [extension for extension in dict.fromkeys(agents)
                   if known is None or extension not in known.agents]
        if known is not None and not missing and not _incomplete(path):
            return known
        whole = known or Secrets()
        whole = whole.model_copy(update={
            "agents": {**whole.agents, **{extension: _new() for extension in missing}}})
        _write(path, whole)
        return whole


def read_secrets(data_dir: Path) -> Secrets | None:
    """The secrets as they are, None before the first start; nothing is made or changed."""
    return _read(data_dir / FILE)


def check_mode(path: Path) -> None:
    """SettingsError when other users may read ``path``, or it belongs to somebody else."""
    seen = path.stat(follow_symlinks=False)
    if not stat.S_ISREG(seen.st_mode):
        raise SettingsError(f"{path}: expected a plain file")
    if seen.st_uid not in (os.geteuid(), 0):
        raise SettingsError(f"{path} belongs to another user: chown it to the user who runs this")
    if seen.st_mode & _OTHERS:
        raise SettingsError(
            f"{path} can be read by other users (mode {stat.S_IMODE(seen.st_mode):04o}): its "
            f"secrets may be known. Delete it to have new ones made, or, if nobody has seen it, "
            f"run: chmod 600 {path}")


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / FILE).exists() and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)         # a wide umask made it; nothing of worth is in it yet
    if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(f"{folder} can be written by other users: run: chmod 700 {folder}")


def _read(path: Path) -> Secrets | None:
    try:
        check_mode(path)
        return Secrets.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors())
        raise SettingsError(f"{path}: does not fit: {fields}; expected secrets as they were "
                            "made; delete the wrong line to have it made anew") from None
    except (ValueError, OSError) as error:      # the text may hold a secret: tell the kind only
        raise SettingsError(f"{path}: cannot be read ({type(error).__name__}); restore it from a "
                            "backup, or delete it to have new secrets made") from None


def _incomplete(path: Path) -> bool:
    """Whether a line was deleted to have it made anew."""
    there = tomllib.loads(path.read_text(encoding="utf-8")).keys()
    return not {"ami", "signing_key", "second_step", "recordings", "message_hook"} <= there


def _write(path: Path, whole: Secrets) -> None:
    """All or nothing: a crash leaves the old file or the new one."""
    lines = ["# Made by Aftercall on its first start. Keep it secret; back it up.",
             f'ami = "{whole.ami.get_secret_value()}"',
             f'signing_key = "{whole.signing_key.get_secret_value()}"',
             f'second_step = "{whole.second_step.get_secret_value()}"',
             "# Without this one no recording can be heard. To renew it, put its value into "
             "recordings_former.",
             f'recordings = "{whole.recordings.get_secret_value()}"',
             *([f"recordings_former = {json.dumps([key.get_secret_value() for key in former])}"]
               if (former := whole.recordings_former) else []),
             *([f"voice = {json.dumps(key, ensure_ascii=False)}"]     # TOML reads it the same
               if (key := whole.voice.get_secret_value()) else []),
             *([f"messages = {json.dumps(key, ensure_ascii=False)}"]
               if (key := whole.messages.get_secret_value()) else []),
             f'message_hook = "{whole.message_hook.get_secret_value()}"', "", "[agents]",
             *(f'"{extension}" = "{secret.get_secret_value()}"'
               for extension, secret in whole.agents.items())]
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE}.")     # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Two first starts at once must not make two sets; the kernel drops the lock with us."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
