"""Secrets are made once, kept from others, and never shown."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from followup.errors import SettingsError
from followup.secrets import FILE, Secrets, load_secrets, read_secrets


def values(found: Secrets) -> list[str]:
    return [secret.get_secret_value()
            for secret in (found.ami, found.signing_key, *found.agents.values())]


def test_first_start_makes_long_secrets_that_only_we_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    found = load_secrets(folder, ["1001", "1002"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert len(set(values(found))) == 4
    assert all(len(value) >= 43 and value.replace("-", "").replace("_", "").isalnum()
               for value in values(found))


def test_every_later_start_finds_the_same_and_adds_new_agents(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, ["1001"])
    second = load_secrets(tmp_path, ["1002"])
    assert (second.ami, second.signing_key) == (first.ami, first.signing_key)
    assert second.agents["1001"] == first.agents["1001"]
    assert set(second.agents) == {"1001", "1002"}
    assert load_secrets(tmp_path, ["1001", "1002"]) == second == load_secrets(tmp_path)


def test_a_voices_key_that_was_typed_is_kept_when_agents_are_added(tmp_path: Path) -> None:
    load_secrets(tmp_path, ["1001"])
    file = tmp_path / FILE
    file.write_text(file.read_text().replace("[agents]", 'voice = "k\\"ey/\\u00e9+="\n[agents]'))
    assert load_secrets(tmp_path, ["1002"]).voice.get_secret_value() == 'k"ey/é+='
    assert load_secrets(tmp_path, ["1003"]).voice.get_secret_value() == 'k"ey/é+='
    assert set(load_secrets(tmp_path).agents) == {"1001", "1002", "1003"}


def test_a_deleted_line_is_made_anew_and_then_kept(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, ["1001"])
    path = tmp_path / FILE
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True)
                            if not line.startswith("ami")))
    second = load_secrets(tmp_path)
    assert second.ami != first.ami
    assert second.signing_key == first.signing_key
    assert load_secrets(tmp_path) == second


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_open_to_others_stops_the_start_and_says_what_to_do(tmp_path: Path,
                                                                   mode: int) -> None:
    found = load_secrets(tmp_path)
    (tmp_path / FILE).chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        load_secrets(tmp_path)
    assert found.ami.get_secret_value() not in caught.value.message


def test_a_folder_that_others_can_write_stops_the_start(tmp_path: Path) -> None:
    load_secrets(tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(SettingsError, match="chmod 700"):
        load_secrets(tmp_path)


def test_a_folder_made_with_a_wide_umask_is_closed_on_first_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o775)
    load_secrets(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_link_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    load_secrets(tmp_path / "a")
    (tmp_path / "b").mkdir(mode=0o700)
    (tmp_path / "b" / FILE).symlink_to(tmp_path / "a" / FILE)
    with pytest.raises(SettingsError, match="plain file"):
        load_secrets(tmp_path / "b")


@pytest.mark.parametrize("text", ['ami = "short"', 'ami = "unclosed-secret-value', "ami = 7",
                                  'unknown = "unclosed-secret-value"', "\x00", "agents = 3",
                                  "ami = \ud800"])
def test_a_broken_file_is_never_overwritten_nor_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / FILE
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=r"secrets\.toml") as caught:
        load_secrets(tmp_path, ["1001"])
    assert "unclosed-secret-value" not in caught.value.message
    assert path.read_bytes() == text.encode("utf-8", "surrogatepass")


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert read_secrets(tmp_path) is None
    assert not list(tmp_path.iterdir())
    assert load_secrets(tmp_path, ["1001"]) == read_secrets(tmp_path)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    found = load_secrets(tmp_path, ["1001"])
    shown = f"{found!r} {found} {found.agents} {found.model_dump()} {found.model_dump_json()}"
    assert not any(value in shown for value in values(found))


def _load(folder: str) -> list[str]:
    return values(load_secrets(Path(folder), ["1001"]))


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(_load, [str(tmp_path / "data")] * 6)
    assert len({tuple(each) for each in found}) == 1


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_secrets(tmp_path, ["1001"])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        load_secrets(tmp_path, ["1002"])
    monkeypatch.undo()
    assert load_secrets(tmp_path) == first
    assert not list(tmp_path.glob(f".{FILE}.[!l]*"))
