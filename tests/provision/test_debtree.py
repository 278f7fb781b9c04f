"""Debian packages unpacked into a folder, beside the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftercall.provision.debtree import READY_MARK, DebTree, mirror, triplet, unpack
from aftercall.provision.errors import ProvisionError
from tests.provision.conftest import Stub, printing

DEBIAN = "https://deb.example/debian/|main|bookworm|Debian"


def a_tree(root: Path) -> DebTree:
    for file in ("usr/lib64/ld-linux-x86-64.so.2", "usr/sbin/asterisk", "usr/bin/espeak-ng"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return DebTree(root)


def test_programs_run_by_the_trees_own_loader_and_libraries(tmp_path: Path) -> None:
    tree = a_tree(tmp_path)
    assert tree.command("asterisk", "-f", "-n") == [
        f"{tmp_path}/usr/lib64/ld-linux-x86-64.so.2", "--library-path",
        f"{tmp_path}/usr/lib/{triplet()}:{tmp_path}/lib/{triplet()}",
        f"{tmp_path}/usr/sbin/asterisk", "-f", "-n"]
    assert tree.command("espeak-ng")[-1] == f"{tmp_path}/usr/bin/espeak-ng"


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="nonesuch is not in the unpacked tree"):
        a_tree(tmp_path).command("nonesuch")


@pytest.mark.parametrize("targets", [
    DEBIAN,
    # another vendor's `main`, listed first
    f"https://vendor.example/apt/|main|tools-bookworm|Vendor Inc\n{DEBIAN}",
    # security updates are not the archive
    f"https://security.example/debian-security/|main|bookworm-security|Debian\n{DEBIAN}",
    f"https://deb.example/debian/|contrib|bookworm|Debian\n{DEBIAN}",
    # before the first update apt knows nobody's origin
    ("https://deb.example/debian/|main|bookworm|\n"
     "https://deb.example/debian/|main|bookworm-updates|"),
    # a vendor that names its suite as Debian does, but says who it is
    f"https://vendor.example/apt/|main|stable|Vendor Inc\n{DEBIAN}",
])
def test_the_mirror_is_the_one_apt_uses(stub: Stub, targets: str) -> None:
    stub("apt-get", printing(targets))
    assert mirror() == "https://deb.example/debian/"


def test_a_mirror_file_of_debians_is_understood(stub: Stub) -> None:
    stub("apt-get", printing("mirror+file:/etc/apt/mirrors/debian.list|main|bookworm|Debian"))
    assert mirror() == "mirror+file:/etc/apt/mirrors/debian.list"


@pytest.mark.parametrize("targets", [
    "", "cdrom://[Debian 12]/|main|bookworm|Debian", "https://v.example/apt/|main|nodistro|Vendor"])
def test_no_mirror_says_where_to_look(stub: Stub, targets: str) -> None:
    stub("apt-get", printing(targets))
    with pytest.raises(ProvisionError, match=r"/etc/apt/sources\.list"):
        mirror()


APT = """
case "$*" in
  *indextargets*) {targets} ;;
  *Check-Valid-Until=false*update*|*update*Check-Valid-Until=false*) exit 0 ;;
  *update*) {update} ;;
  *--download-only*)
    for word; do case "$word" in -oDir::Cache=*) cache=${{word#*=}} ;; esac; done
    echo "$*" >> {log}; touch "$cache/archives/asterisk.deb" ;;
esac
"""


def a_host(stub: Stub, log: Path, update: str = "exit 0") -> None:
    stub("apt-get", APT.format(targets=printing(DEBIAN), update=update, log=log))
    stub("dpkg", 'mkdir -p "$3/usr/sbin"; touch "$3/usr/sbin/asterisk"')


def test_a_tree_is_made_once_and_kept(tmp_path: Path, stub: Stub, said: list[str]) -> None:
    log, dest = tmp_path / "log", tmp_path / "tree"
    a_host(stub, log)
    for _ in range(2):
        tree = unpack(["asterisk", "espeak-ng"], "forky", dest, said.append)
    assert (tree.root / "usr/sbin/asterisk").exists()
    assert len(log.read_text().splitlines()) == 1
    assert not dest.with_name("tree.part").exists()


def test_a_tree_that_lacks_a_package_is_made_again(
        tmp_path: Path, stub: Stub, said: list[str]) -> None:
    log, dest = tmp_path / "log", tmp_path / "tree"
    a_host(stub, log)
    unpack(["asterisk"], "forky", dest, said.append)
    unpack(["asterisk", "espeak-ng"], "forky", dest, said.append)
    unpack(["espeak-ng"], "forky", dest, said.append)      # part of what is there
    assert len(log.read_text().splitlines()) == 2


def test_a_list_past_its_date_is_taken_with_a_warning(
        tmp_path: Path, stub: Stub, said: list[str]) -> None:
    a_host(stub, tmp_path / "log", update="echo 'Release file is expired' >&2; exit 100")
    unpack(["asterisk"], "forky", tmp_path / "tree", said.append)
    assert any("past its date" in line for line in said)


def test_a_mirror_that_fails_otherwise_is_not_taken(
        tmp_path: Path, stub: Stub, said: list[str]) -> None:
    a_host(stub, tmp_path / "log", update="echo 'The repository is not signed' >&2; exit 100")
    with pytest.raises(ProvisionError, match="is not signed"):
        unpack(["asterisk"], "forky", tmp_path / "tree", said.append)


def test_what_a_killed_run_left_is_no_hindrance(
        tmp_path: Path, stub: Stub, said: list[str]) -> None:
    a_host(stub, tmp_path / "log")
    dest = tmp_path / "tree"
    (tmp_path / "tree.part/tree/usr/sbin").mkdir(parents=True)
    dest.mkdir()                                       # without the mark: not complete
    (dest / "half").touch()
    tree = unpack(["asterisk"], "forky", dest, said.append)
    assert (tree.root / READY_MARK).exists()
    assert not (tree.root / "half").exists()


def test_apts_own_words_reach_the_user(tmp_path: Path, stub: Stub, said: list[str]) -> None:
    a_host(stub, tmp_path / "log")
    stub("dpkg", "echo 'no space left on device' >&2; exit 2")
    with pytest.raises(ProvisionError, match="no space left on device"):
        unpack(["asterisk"], "forky", tmp_path / "tree", said.append)
    assert not (tmp_path / "tree").exists()
