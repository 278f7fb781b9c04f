"""Fetching a model: whole and proven, or not at all; taken up where it broke off."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any

import pytest

from aftercall.models import fetch as fetching
from aftercall.models import unpack as unpacking
from aftercall.models.catalogue import Entry, catalogue
from aftercall.models.fetch import add, fetch
from aftercall.models.store import Installed, ModelStore, check_model
from followup.errors import AftercallError, Conflict, InvalidInput, NotFound, Unavailable
from ivr.recognition.models import Engine, find_models
from tests.models.shelf import Shelf, sphinx_files, tarred, vosk_files, write, zipped


def get(store: ModelStore, entry: Entry, **more: Any) -> Installed:
    return fetch(store, entry, **{"say": lambda _: None, "progress": lambda *_: None} | more)


def bring(store: ModelStore, source: Path, **more: Any) -> Installed:
    return add(store, source, **{"language": "zh", "name": None, "say": lambda _: None} | more)


def leftovers(store: ModelStore) -> list[str]:
    """All that lies in the models folder, but for the lock."""
    return sorted(path.name for path in store.folder.iterdir() if path.is_dir()) \
        if store.folder.is_dir() else []


def test_a_fetched_model_is_in_its_languages_folder_and_found(shelf: Shelf,
                                                              store: ModelStore) -> None:
    entry = shelf.offer("vosk-model-tiny", zipped(vosk_files()))
    told: list[tuple[str, int, int]] = []
    model = get(store, entry, progress=lambda *what: told.append(what))
    assert {name: (model.folder / name).read_bytes() for name in vosk_files()} == vosk_files()
    assert find_models({}, store.folder)["zh"].engine is Engine.VOSK
    assert told[-1] == ("vosk-model-tiny.zip", entry.bytes, entry.bytes)
    assert len(told) > 2
    assert check_model(model) == []
    assert not list((store.folder / ".downloads").iterdir())


def test_a_model_of_single_files_is_fetched_by_each_ones_hash(shelf: Shelf,
                                                              store: ModelStore) -> None:
    files = sphinx_files()
    shelf.files |= {f"/base/hmm/{name}": content for name, content in files.items()}
    entry = Entry.model_validate({
        "name": "sphinx-tiny", "language": "zh", "engine": "pocketsphinx", "licence": "none",
        "about": "", "url": f"{shelf.url}/base",
        "files": [{"path": f"hmm/{name}", "size": len(content),
                   "sha256": hashlib.sha256(content).hexdigest()}
                  for name, content in files.items()]})
    model = get(store, entry)
    found = find_models({}, store.folder)["zh"]
    assert (found.engine, found.rate) == (Engine.POCKETSPHINX, 8000)
    assert found.dictionary == model.folder / "zh.dic"

    store.remove(model)
    shelf.files["/base/hmm/means"] = b"S3\n"
    with pytest.raises(InvalidInput, match="not the model"):
        get(store, entry)
    assert store.installed() == []


def test_a_transfer_that_breaks_off_goes_on_where_it_was(shelf: Shelf, store: ModelStore) -> None:
    content = zipped(vosk_files())
    entry = shelf.offer("vosk-model-tiny", content)
    shelf.breaks = [300_000, 200_000, 100_000]
    get(store, entry)
    starts = [int(headers.get("Range", "bytes=0-")[6:-1]) for headers in shelf.seen]
    assert len(starts) == 4
    assert starts[0] == 0 < starts[1] < starts[2] < starts[3]
    assert all(headers["If-Range"] == '"one"' for headers in shelf.seen[1:])


def test_the_next_command_goes_on_where_the_last_gave_up(shelf: Shelf, store: ModelStore) -> None:
    content = zipped(vosk_files())
    entry = shelf.offer("vosk-model-tiny", content)
    shelf.breaks = [400_000, 0, 0, 0]
    with pytest.raises(Unavailable, match="the same command goes on"):
        get(store, entry)
    assert store.installed() == []
    there = (store.folder / ".downloads/vosk-model-tiny/vosk-model-tiny.zip").stat().st_size
    assert there > 0
    get(store, entry)
    assert shelf.seen[-1]["Range"] == f"bytes={there}-"
    assert store.find("vosk-model-tiny").language == "zh"


def test_a_server_that_knows_no_ranges_sends_the_whole_again(shelf: Shelf,
                                                             store: ModelStore) -> None:
    entry = shelf.offer("vosk-model-tiny", zipped(vosk_files()))
    shelf.ranges = False
    shelf.breaks = [400_000]
    assert check_model(get(store, entry)) == []


def test_a_file_that_changed_on_the_server_is_not_joined_to_the_old_half(
        shelf: Shelf, store: ModelStore) -> None:
    old, new = zipped(vosk_files(1)), zipped(vosk_files(7))
    shelf.offer("vosk-model-tiny", old)
    shelf.breaks = [400_000, 0, 0, 0]
    entry = shelf.offer("vosk-model-tiny", new)
    shelf.files["/vosk-model-tiny.zip"] = old
    with pytest.raises(Unavailable):
        get(store, entry)
    shelf.files["/vosk-model-tiny.zip"], shelf.tag = new, '"two"'
    assert (get(store, entry).folder / "am/final.mdl").read_bytes() == vosk_files(7)["am/final.mdl"]


def test_a_wrong_hash_installs_nothing_and_keeps_nothing(shelf: Shelf, store: ModelStore) -> None:
    get(store, shelf.offer("vosk-model-old", zipped(vosk_files(3))))
    content = zipped(vosk_files())
    entry = shelf.offer("vosk-model-tiny", content)
    shelf.files["/vosk-model-tiny.zip"] = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(InvalidInput, match=r"SHA-256 is .* expected"):
        get(store, entry, replace=True)
    assert [one.name for one in store.installed()] == ["vosk-model-old"]
    assert not list((store.folder / ".downloads" / "vosk-model-tiny").iterdir())


@pytest.mark.parametrize(("fault", "error", "told"), [
    ({"status": 404}, NotFound, "no such file"),
    ({"status": 403}, Unavailable, "answered 403"),
    ({"status": 503}, Unavailable, "answered 503"),
    ({"extra": b"x" * 50}, InvalidInput, "not the model"),
    ({"extra": b"x" * 50, "tells_length": False}, InvalidInput, "not the model"),
    ({"short": 50}, InvalidInput, "not the model"),
    ({"short": 50, "tells_length": False}, Unavailable, "broke off"),
])
def test_each_fault_of_a_server_is_told_and_leaves_nothing(
        shelf: Shelf, store: ModelStore, fault: dict[str, Any], error: type[AftercallError],
        told: str) -> None:
    content = zipped(vosk_files())
    entry = shelf.offer("vosk-model-tiny", content)
    shelf.files["/vosk-model-tiny.zip"] = \
        content[:len(content) - fault.get("short", 0)] + fault.get("extra", b"")
    shelf.status, shelf.tells_length = fault.get("status"), fault.get("tells_length", True)
    with pytest.raises(error, match=told):
        get(store, entry)
    assert leftovers(store) == [".downloads"]


def test_nobody_at_the_address_is_told_without_its_password(store: ModelStore,
                                                            shelf: Shelf) -> None:
    entry = shelf.offer("vosk-model-tiny", zipped(vosk_files()))
    with pytest.raises(Unavailable) as told:
        get(store, entry, mirror="http://me:hidden@127.0.0.1:9/models")
    assert "127.0.0.1:9/models/vosk-model-tiny.zip" in told.value.message
    assert "hidden" not in told.value.message


def test_a_full_disk_is_told_before_anything_is_fetched(shelf: Shelf, store: ModelStore,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking.shutil, "disk_usage",
                        lambda _: type("Usage", (), {"free": 1_000_000})())
    with pytest.raises(Unavailable, match="1 MB are free"):
        get(store, shelf.offer("vosk-model-tiny", zipped(vosk_files())))
    assert shelf.seen == []


def test_a_disk_that_fills_up_while_unpacking_leaves_the_old_model(
        shelf: Shelf, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    get(store, shelf.offer("vosk-model-old", zipped(vosk_files(3))))

    def full(archive: Path, folder: Path) -> None:
        write(folder, {"am/final.mdl": b"half of it"})
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "unpack", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        get(store, shelf.offer("vosk-model-tiny", zipped(vosk_files())), replace=True)
    assert leftovers(store) == [".downloads", "zh"]
    assert check_model(store.find("vosk-model-old")) == []


def test_a_model_that_is_there_and_well_is_not_fetched_again(shelf: Shelf,
                                                             store: ModelStore) -> None:
    entry = shelf.offer("vosk-model-tiny", zipped(vosk_files()))
    model = get(store, entry)
    get(store, entry)
    assert len(shelf.seen) == 1
    (model.folder / "conf/model.conf").write_text("--min-active=9\n")
    assert check_model(get(store, entry)) == []      # one that is ill is made good
    assert len(shelf.seen) == 2


def test_another_model_goes_in_its_place_only_when_asked(shelf: Shelf, store: ModelStore) -> None:
    get(store, shelf.offer("vosk-model-old", zipped(vosk_files(3))))
    new = shelf.offer("vosk-model-tiny", zipped(vosk_files()))
    with pytest.raises(Conflict, match="--replace"):
        get(store, new)
    assert get(store, new, replace=True).name == "vosk-model-tiny"
    assert [one.name for one in store.installed()] == ["vosk-model-tiny"]


def test_a_model_without_a_published_hash_needs_one(shelf: Shelf, store: ModelStore) -> None:
    content = zipped(vosk_files())
    entry = shelf.offer("vosk-model-tiny", content, sha256=None, size=len(content) - 20)
    with pytest.raises(InvalidInput, match="--sha256"):
        get(store, entry)
    with pytest.raises(InvalidInput, match="64 hexadecimal digits"):
        get(store, entry, sha256="d41d8cd98f00b204e9800998ecf8427e")
    assert shelf.seen == []
    with pytest.raises(InvalidInput, match="not the model"):
        get(store, entry, sha256="0" * 64)
    model = get(store, entry, sha256=hashlib.sha256(content).hexdigest().upper())
    assert model.manifest is not None
    assert model.manifest.compared


def test_a_mirror_is_asked_in_the_sites_place(shelf: Shelf, store: ModelStore) -> None:
    entry = shelf.offer("vosk-model-tiny", zipped(vosk_files()),
                        url="http://models.invalid/there/vosk-model-tiny.zip")
    get(store, entry, mirror=f"{shelf.url}/")
    assert store.find("zh").name == "vosk-model-tiny"


def test_the_proxy_of_the_environment_is_used(shelf: Shelf, store: ModelStore,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", shelf.url)
    get(store, shelf.offer("vosk-model-tiny", zipped(vosk_files()),
                           url="http://models.invalid/vosk-model-tiny.zip"))
    assert shelf.seen[0]["Host"] == "models.invalid"


@pytest.mark.parametrize("packed", [tarred(vosk_files(), "a/model/"), zipped(vosk_files(), ""),
                                    tarred(vosk_files(), "./")])
def test_a_model_brought_on_a_stick_is_installed(store: ModelStore, tmp_path: Path,
                                                 packed: bytes) -> None:
    (tmp_path / "my model.tar.gz").write_bytes(packed)
    said: list[str] = []
    model = bring(store, tmp_path / "my model.tar.gz", say=said.append)
    assert model.name == "my-model"
    assert {name: (model.folder / name).read_bytes() for name in vosk_files()} == vosk_files()
    assert model.manifest is not None
    assert not model.manifest.compared
    assert hashlib.sha256(packed).hexdigest() in said[0]


def test_a_folder_brought_on_a_stick_is_copied(store: ModelStore, tmp_path: Path) -> None:
    source = write(tmp_path / "stick", sphinx_files())
    model = bring(store, source, name="ours")
    assert (model.name, model.folder.name) == ("ours", "zh")
    assert {path.name for path in source.iterdir()} == set(sphinx_files())    # still there


def test_an_archive_of_the_catalogue_is_compared_with_it(store: ModelStore, tmp_path: Path) -> None:
    known = next(entry for entry in catalogue() if entry.sha256)
    forged = tmp_path / known.url.rpartition("/")[2]
    forged.write_bytes(zipped(vosk_files()))
    with pytest.raises(InvalidInput, match="not the"):
        bring(store, forged)
    assert store.installed() == []


@pytest.mark.parametrize(("files", "language", "told"), [
    ({"readme.txt": b""}, "zh", "no speech model"),
    ({f"{top}/{name}": content for top in "ab" for name, content in vosk_files().items()},
     "zh", "more than one"),
    ({name: content for name, content in sphinx_files().items() if name != "zh.dic"},
     "zh", "without its dictionary"),
])
def test_what_is_not_one_model_is_refused(store: ModelStore, tmp_path: Path, language: str,
                                          files: dict[str, bytes], told: str) -> None:
    (tmp_path / "x.zip").write_bytes(zipped(files, ""))
    with pytest.raises(InvalidInput, match=told):
        bring(store, tmp_path / "x.zip", language=language)
    assert leftovers(store) == []


def test_a_model_for_another_recogniser_than_told_is_refused(shelf: Shelf,
                                                             store: ModelStore) -> None:
    with pytest.raises(InvalidInput, match="pocketsphinx, expected one for vosk"):
        get(store, shelf.offer("vosk-model-tiny", zipped(sphinx_files())))
    assert store.installed() == []
