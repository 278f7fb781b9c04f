"""``./prepare`` and the machine's pip settings that it hands to uv."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aftercall.provision.uv_settings import pip_options, uv_environment
from tests.provision.conftest import Stub

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What of the project ``prepare`` touches, in a folder of its own."""
    clone = tmp_path / "a clone"
    (clone / "aftercall/provision").mkdir(parents=True)
    shutil.copytree(ROOT / "requirements", clone / "requirements")
    shutil.copy(ROOT / "prepare", clone)
    shutil.copy(ROOT / "aftercall/provision/uv_settings.py", clone / "aftercall/provision")
    (clone / "aftercall/__main__.py").write_text(
        "import sys; print('hello', *sys.argv[1:], sys.flags.safe_path)")
    return clone


# What a Python and its pip do to `prepare`, without a network: pip "installs" a uv that keeps a
# record, fails when told to, and makes an environment out of links to the real Python.
PYTHON = """
case "$*" in
  "-m pip --version") exit 0 ;;
  "-m pip config list") echo "global.index-url='https://mirror.example/simple'" ;;
  *"-m pip install"*)
    for word; do [ "$last" != --target ] || target=$word; last=$word; done
    mkdir -p "$target/bin"; cp {uv} "$target/bin/uv" ;;
  "-m venv "*) exit 1 ;;
  *) exec {real} "$@" ;;
esac
"""
UV = """#!/bin/sh
echo "$1 $2 ${{UV_INDEX_URL-}} $*" >> {log}
case "$*" in
  venv*) for word; do venv=$word; done; mkdir -p "$venv"; {real} -m venv --without-pip "$venv" ;;
  *--offline*) [ -e {cached} ] ;;
  *sync*) touch {cached} ;;
esac
"""


@pytest.fixture
def uv_log(tmp_path: Path, stub: Stub) -> Path:
    """What uv was asked, a line a call; python3 and uv are stubs."""
    real = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else shutil.which("python3")
    log, uv = tmp_path / "uv.log", tmp_path / "uv"
    log.touch()
    uv.write_text(UV.format(log=log, real=real, cached=tmp_path / "cached"))
    uv.chmod(0o755)
    stub("python3", PYTHON.format(uv=uv, real=real))
    return log


def prepare(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([clone / "prepare", *arguments], capture_output=True, text=True,
                          check=False, cwd="/")


def syncs(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith("pip sync")]


def test_a_second_run_does_nothing(clone: Path, uv_log: Path) -> None:
    first = prepare(clone, "dev")
    assert first.returncode == 0, first.stderr
    assert first.stdout == ""
    assert "requirements/dev.txt" in syncs(uv_log)[-1]
    assert "--require-hashes" in syncs(uv_log)[-1]
    before = uv_log.read_text()
    assert prepare(clone, "dev").returncode == 0
    assert prepare(clone).returncode == 0        # the tests' packages hold all of the app's
    assert uv_log.read_text() == before


def test_a_changed_lock_is_installed(clone: Path, uv_log: Path) -> None:
    prepare(clone)
    before = len(syncs(uv_log))
    with (clone / "requirements/app.txt").open("a") as lock:
        lock.write("# changed\n")
    assert prepare(clone).returncode == 0
    assert len(syncs(uv_log)) > before


def test_the_app_alone_does_not_pass_for_the_tests(clone: Path, uv_log: Path) -> None:
    prepare(clone)
    prepare(clone, "dev")
    assert "requirements/dev.txt" in syncs(uv_log)[-1]


def test_a_clone_that_was_moved_is_made_anew(clone: Path, uv_log: Path) -> None:
    prepare(clone)
    before = len(syncs(uv_log))
    moved = clone.rename(clone.with_name("moved"))
    assert prepare(moved).returncode == 0
    assert len(syncs(uv_log)) > before


def test_a_failed_install_is_not_taken_for_done(clone: Path, uv_log: Path, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    working = uv.read_text()
    uv.write_text("#!/bin/sh\ncase $1 in --version) ;; *) exit 1 ;; esac\n")
    failed = prepare(clone)
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr
    assert not (clone / ".venv/.aftercall-stamp").exists()
    shutil.rmtree(tmp_path / "cache")
    uv.write_text(working)
    assert prepare(clone).returncode == 0


def test_a_second_clone_asks_no_index(clone: Path, uv_log: Path, tmp_path: Path) -> None:
    prepare(clone)
    second = tmp_path / "second"
    shutil.copytree(clone, second, ignore=shutil.ignore_patterns(".venv"))
    uv_log.write_text("")
    assert prepare(second).returncode == 0
    assert all("--offline" in line for line in syncs(uv_log))


def test_the_machines_index_reaches_uv(clone: Path, uv_log: Path) -> None:
    prepare(clone)
    assert syncs(uv_log)[-1].split()[2] == "https://mirror.example/simple"


def test_the_command_runs_from_anywhere_and_trusts_no_folder(
        clone: Path, uv_log: Path, tmp_path: Path) -> None:
    prepare(clone)
    (tmp_path / "aftercall.py").write_text("raise SystemExit('not this one')")
    ran = subprocess.run([clone / ".venv/bin/aftercall", "demo", "--exit"], capture_output=True,
                         text=True, check=False, cwd=tmp_path)
    assert ran.stdout == "hello demo --exit True\n", ran.stderr


def test_an_old_python_is_told_what_to_install(clone: Path, stub: Stub) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        stub(name, "exit 1")
    told = prepare(clone)
    assert told.returncode == 1
    assert "no Python >= 3.11" in told.stderr


def test_an_unknown_argument_is_named(clone: Path) -> None:
    told = prepare(clone, "prod")
    assert told.returncode == 1
    assert "unknown argument 'prod': expected nothing, dev or lock" in told.stderr


def test_stronger_pip_settings_win() -> None:
    listing = ("global.index-url='https://a.example/simple'\n"
               "install.index-url='https://b.example/simple'\n"
               "global.trusted-host='a.example\\nb.example'\n"
               ":env:.timeout='5'\n"
               "freeze.timeout='9'\n"
               "not a line of pip's\n")
    assert pip_options(listing) == {"index-url": "https://b.example/simple", "timeout": "5",
                                    "trusted-host": "a.example\nb.example"}


def test_pip_settings_become_uvs(tmp_path: Path) -> None:
    options = {"index-url": "https://a.example/simple", "cert": "/ca.pem", "no-index": "true",
               "extra-index-url": f"https://b.example/simple file://{tmp_path} file:///nonesuch",
               "find-links": f"{tmp_path} /nonesuch", "trusted-host": "a.example\nb.example",
               "proxy": "http://proxy.example:3128", "default-timeout": "60"}
    environment = uv_environment(options, {"UV_HTTP_TIMEOUT": "7"})
    assert environment.items() >= {
        "UV_INDEX_URL": "https://a.example/simple", "SSL_CERT_FILE": "/ca.pem",
        "UV_EXTRA_INDEX_URL": f"https://b.example/simple file://{tmp_path}",
        "UV_FIND_LINKS": str(tmp_path), "UV_NO_INDEX": "1",
        "UV_INSECURE_HOST": "a.example b.example",
        "HTTPS_PROXY": "http://proxy.example:3128"}.items()
    assert "UV_HTTP_TIMEOUT" not in environment      # the caller's own word stands


def test_without_pip_settings_uv_keeps_its_own() -> None:
    assert not {"UV_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"} & uv_environment({}, {}).keys()
