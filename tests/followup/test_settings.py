"""Settings: environment over file over defaults; a wrong value stops the start and is named."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from followup.errors import SettingsError
from followup.settings import Settings, load_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file that is read, still to be written."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(folder))
    return folder / "aftercall.toml"


def refused(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.message


def test_without_file_or_environment_the_defaults_do(file: Path) -> None:
    settings = load_settings()
    assert settings.data_dir == file.parent
    assert settings.trunk.channels == 30
    assert (settings.dialer.window_start, settings.dialer.window_end) == (time(8), time(21))


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file(
        file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('hospital = "仁济医院"\n[trunk]\nhost = "10.0.0.9"\nchannels = 8\n',
                    encoding="utf-8")
    monkeypatch.setenv("AFTERCALL_TRUNK__CHANNELS", "12")
    settings = load_settings()
    assert (settings.hospital, settings.trunk.host, settings.trunk.channels) == (
        "仁济医院", "10.0.0.9", 12)


def test_agents_and_nodes_are_tables_of_the_file(file: Path) -> None:
    file.write_text('[[agents]]\nextension = "1001"\nname = "护士小李"\n'
                    '[[nodes]]\nname = "a"\n[[nodes]]\nname = "b"\nsip_port = 5061\n',
                    encoding="utf-8")
    settings = load_settings()
    assert [agent.extension for agent in settings.agents] == ["1001"]
    assert [node.sip_port for node in settings.nodes] == [5060, 5061]


@pytest.mark.parametrize(("text", "field", "value", "expected"), [
    ("[trunk]\nchannels = 0", "trunk.channels", "0", "greater than or equal to 1"),
    ('[trunk]\nhost = "a b"', "trunk.host", "'a b'", "pattern"),
    ('[trunk]\nhost = "x\\r\\n[evil]"', "trunk.host", "evil", "pattern"),
    ('[trunk]\ndial_format = "weird"', "trunk.dial_format", "'weird'", "'national'"),
    ('[trunk]\nallowed_prefixes = ["86"]', "trunk.allowed_prefixes.0", "'86'", "pattern"),
    ('[dialer]\ntimezone = "Mars/Base"', "dialer.timezone", "'Mars/Base'", "Asia/Shanghai"),
    ('[dialer]\nwindow_start = "22:00"', "dialer", "", "window_end: expected a time after"),
    ('[dialer]\nring_timeout_s = "soon"', "dialer.ring_timeout_s", "'soon'", "valid integer"),
    ('[agi]\nbind = "localhost"', "agi.bind", "'localhost'", "127.0.0.1"),
    ('[console]\nport = 70000', "console.port", "70000", "65535"),
    ('[[agents]]\nextension = "12"\nname = "x"', "agents.0.extension", "'12'", "pattern"),
    ('[[nodes]]\nrtp_start = 9000\nrtp_end = 8000', "nodes.0", "", "rtp_end: expected a port"),
    ('nodes = []', "settings", "", "at least one Asterisk node"),
    ('[[nodes]]\n[[nodes]]', "settings", "", "each name once"),
    ('phone_region = "China"', "phone_region", "'China'", "pattern"),
    ('[log]\nlevel = "loud"', "log.level", "'loud'", "'debug'"),
    ('[trunk]\nmode = "registration"', "trunk", "", "username, password: expected both"),
    ('[trunk]\nchanels = 5', "trunk.chanels", "", "Extra inputs are not permitted"),
    ('trunc = 1', "trunc", "", "Extra inputs are not permitted"),
])
def test_a_wrong_value_is_named_with_its_field_and_what_was_expected(
        file: Path, text: str, field: str, value: str, expected: str) -> None:
    message = refused(file, text)
    line = next(line for line in message.splitlines() if line.strip().startswith(field))
    assert value in line
    assert expected in line


def test_every_wrong_value_is_told_at_once(file: Path) -> None:
    message = refused(file, "[trunk]\nchannels = 0\n[console]\nport = 0\n")
    assert "trunk.channels" in message
    assert "console.port" in message


def test_a_wrong_value_in_the_environment_is_named_too(file: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCALL_TRUNK__CHANNELS", "many")
    with pytest.raises(SettingsError, match=r"trunk\.channels = 'many': .*integer"):
        load_settings()


@pytest.mark.parametrize("value", ["{", "[hidden-value", "plain"])
def test_a_table_in_the_environment_that_is_no_json_is_told(
        file: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AFTERCALL_TRUNK", value)
    with pytest.raises(SettingsError, match=r"trunk.*JSON") as caught:
        load_settings()
    assert "hidden-value" not in caught.value.message


@pytest.mark.parametrize("text", ["[trunk", "a = ", 'a = 1\na = 2', "\x00"])
def test_a_file_that_is_not_toml_is_told_with_its_name_and_line(file: Path, text: str) -> None:
    message = refused(file, text)
    assert str(file) in message
    assert "line 1" in message or "line 2" in message or "at end" in message


def test_a_file_in_another_encoding_is_told(file: Path) -> None:
    file.write_bytes('hospital = "仁济医院"'.encode("gb18030"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings()


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    file.mkdir()
    with pytest.raises(SettingsError, match=r"aftercall\.toml"):
        load_settings(file)


def test_a_file_that_was_named_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCALL_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match="nowhere"):
        load_settings()


@pytest.mark.parametrize("text", [
    '[trunk]\nusername = "u"\npassword = "hidden-value"\nmode = "x"',
    '[trunk]\npassword = ["hidden-value"]',
    '[database]\nurl = "mysql://root:hidden-value@db/x"',
    '[trunk]\npasswort = "hidden-value"',
    '[[nodes]]\nami_secret = 5\nami_secred = "hidden-value"',
    'secret = "hidden-value"',
    '[voice]\nkey = ["hidden-value"]',
    '[voice]\nheaders = {X = "hidden-value\\n"}',
    '[voice]\nheaders = "hidden-value"',
    '[voice]\nbody = "hidden-value"',
])
def test_no_message_repeats_a_secret(file: Path, text: str) -> None:
    assert "hidden-value" not in refused(file, text)


def test_settings_do_not_show_their_secrets(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://aftercall:hidden-value@db/aftercall")
    file.write_text('[trunk]\nmode = "registration"\nusername = "u"\npassword = "hidden-value"\n'
                    '[[nodes]]\nami_secret = "hidden-value"\n')
    settings = load_settings()
    assert settings.database.url
    assert settings.trunk.password.get_secret_value() == "hidden-value"
    assert "hidden-value" not in f"{settings!r} {settings}"


def test_a_database_url_of_any_common_kind_is_taken(file: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("postgres://u:p@db/x", "postgresql://u:p@db/x", "postgresql+asyncpg://u:p@db/x"):
        monkeypatch.setenv("DATABASE_URL", given)
        assert load_settings().database.url == "postgresql+asyncpg://u:p@db/x"


def test_settings_cannot_be_changed_afterwards(file: Path) -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.trunk = Settings().trunk  # type: ignore[misc]
