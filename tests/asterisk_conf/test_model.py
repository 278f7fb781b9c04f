"""What reaches Asterisk's configuration is checked; nothing can be smuggled into it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asterisk_conf.errors import ConfError
from asterisk_conf.model import EAGI_LISTENER, AgentEndpoint, Folders, NodeConfig, TrunkConfig
from asterisk_conf.render import EMPTY_FILES, environment, render_node, write_node

FOLDERS = Folders.under(Path("/srv/node1"), Path("/usr/lib/asterisk/modules"),
                        Path("/usr/share/asterisk"))
TRUNK = TrunkConfig(host="192.0.2.1", mode="registration", username="u", password="p-w0rd")
AGENT = AgentEndpoint("8001", "张护士", "sip", "a-long-secret")
NODE = NodeConfig(folders=FOLDERS, trunk=TRUNK, ami_secret="another-secret", agents=(AGENT,),
                  external_address="203.0.113.9", local_net="10.0.0.0/8",
                  fallback_sounds={"zh": Path("/srv/sorry")})


def shape(config: NodeConfig) -> list[tuple[str, str]]:
    """Sections and keys of all files, and the dialplan's applications, without their values."""
    found = []
    for name, text in sorted(render_node(config).items()):
        for line in text.splitlines():
            line = line.partition(";")[0].strip()
            if line.startswith("["):
                line = line.replace(f"[{config.ami_username}]", "[user]")
                found.append((name, re.sub(r"agent-\d+", "agent", line)))
            elif line:
                found.append((name, re.split(r"\s*=>?\s*", line)[0]))
                found += [(name, app) for app in re.findall(r"\b([A-Z]\w+)\(", line)]
    return found


# Every field that takes text, and a configuration made with another value in it.
TEXT_FIELDS: dict[str, Any] = {
    "name": lambda value: replace(NODE, name=value),
    "sip_bind": lambda value: replace(NODE, sip_bind=value),
    "http_bind": lambda value: replace(NODE, http_bind=value),
    "external_address": lambda value: replace(NODE, external_address=value),
    "local_net": lambda value: replace(NODE, local_net=value),
    "ami_bind": lambda value: replace(NODE, ami_bind=value),
    "ami_username": lambda value: replace(NODE, ami_username=value),
    "ami_secret": lambda value: replace(NODE, ami_secret=value),
    "agi_host": lambda value: replace(NODE, agi_host=value),
    "fallback_sounds": lambda value: replace(NODE, fallback_sounds={"zh": Path(value)}),
    "inbound_sounds": lambda value: replace(NODE, fallback_sounds={},
                                            inbound_sounds={value: Path("/srv/x")}),
    "hold_sounds": lambda value: replace(NODE, hold_sounds={"zh": Path(value)}),
    "log_dir": lambda value: replace(NODE, folders=replace(FOLDERS, log_dir=Path(value))),
    "run_dir": lambda value: replace(NODE, folders=replace(FOLDERS, run_dir=Path(value))),
    "python": lambda value: replace(NODE, python=Path(value)),
    "code_dir": lambda value: replace(NODE, code_dir=Path(value)),
    "trunk.host": lambda value: replace(NODE, trunk=replace(TRUNK, host=value)),
    "trunk.mode": lambda value: replace(NODE, trunk=replace(TRUNK, mode=value)),
    "trunk.username": lambda value: replace(NODE, trunk=replace(TRUNK, username=value)),
    "trunk.password": lambda value: replace(NODE, trunk=replace(TRUNK, password=value)),
    "trunk.caller_id": lambda value: replace(NODE, trunk=replace(TRUNK, caller_id=value)),
    "agent.extension": lambda value: replace(NODE, agents=(replace(AGENT, extension=value),)),
    "agent.name": lambda value: replace(NODE, agents=(replace(AGENT, name=value),)),
    "agent.kind": lambda value: replace(NODE, agents=(replace(AGENT, kind=value),)),
    "agent.password": lambda value: replace(NODE, agents=(replace(AGENT, password=value),)),
}
GOOD = {
    "name": "node1", "sip_bind": "127.0.0.1", "http_bind": "127.0.0.1",
    "external_address": "pbx.example.org", "local_net": "10.0.0.0/8", "ami_bind": "127.0.0.1",
    "ami_username": "aftercall", "ami_secret": "another-secret", "agi_host": "::1",
    "fallback_sounds": "/srv/对不起", "inbound_sounds": "zh",
    "hold_sounds": "/srv/请稍候", "log_dir": "/home/张三/a b/log",
    "run_dir": "/run/x", "python": "/opt/a b/bin/python3", "code_dir": "/opt/随访",
    "trunk.host": "gw.example.org", "trunk.mode": "registration",
    "trunk.username": "user.1", "trunk.password": "p@ss:w0rd!", "trunk.caller_id": "+8631555501",
    "agent.extension": "8009", "agent.name": "Nurse Li", "agent.kind": "webrtc",
    "agent.password": "a-long-secret",
}
NASTY = ["\r\n[evil]", "\n#include /etc/passwd", "\n#exec /bin/sh", "\0", ";", "${SHELL(id)}",
         "$[1+1]", ",System(id)", "&PJSIP/1@trunk", "|", '"', "'", "]", "[", "(+)", "=>", "<x>",
         "\\", "\u2028", "\x85", "\x1b[31m", "\t", "`id`", "(!)"]


def test_every_text_field_is_named_here() -> None:
    """A field added without a test of what it refuses fails here."""
    described = {field.rpartition(".")[2] for field in TEXT_FIELDS}
    numbers = {"port", "channels", "qualify_s", "sip_port", "http_port", "rtp_start", "rtp_end",
               "ami_port", "agi_port", "max_call_s", "agent_expiry_s"}
    folders = {field.name for field in fields(Folders)}
    for kind in (NodeConfig, TrunkConfig, AgentEndpoint):
        assert {field.name for field in fields(kind)} <= described | numbers | folders | {
            "folders", "trunk", "agents"}


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_ordinary_values_are_taken(field: str) -> None:
    assert render_node(TEXT_FIELDS[field](GOOD[field]))


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_injection_is_refused_and_the_field_named(field: str, nasty: str) -> None:
    good = GOOD[field]
    for value in (good + nasty, good[:2] + nasty + good[2:], nasty + good):
        with pytest.raises(ConfError) as caught:
            TEXT_FIELDS[field](value)
        assert caught.value.field == field
        assert "expected" in str(caught.value)


@given(field=st.sampled_from(sorted(TEXT_FIELDS)), value=st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from([*NASTY, *GOOD.values()]), max_size=4)
    .map("".join)))
def test_whatever_is_taken_changes_no_structure(field: str, value: str) -> None:
    """Any text either is refused or leaves sections, keys and applications as they were."""
    ordinary = shape(TEXT_FIELDS[field](GOOD[field]))
    try:
        config = TEXT_FIELDS[field](value)
    except ConfError:
        return
    others = {"trunk.mode": ("ip", "registration"), "agent.kind": ("sip", "webrtc")}
    if field not in others:
        assert shape(config) == ordinary or value in (None, "")


@pytest.mark.parametrize(("field", "value"), [
    ("ami_secret", "geheim;geheim"), ("agent.password", "geheim geheim"),
    ("trunk.password", "geheim;geheim")])
def test_a_secret_never_shows(field: str, value: str) -> None:
    with pytest.raises(ConfError) as caught:
        TEXT_FIELDS[field](value)
    assert "geheim" not in str(caught.value)
    for secret in (NODE.ami_secret, AGENT.password, TRUNK.password):
        assert secret not in repr(NODE)


@pytest.mark.parametrize(("make", "field"), [
    (lambda: replace(NODE, ami_bind="0.0.0.0"), "ami_bind"),
    (lambda: replace(NODE, sip_port=0), "sip_port"),
    (lambda: replace(NODE, sip_port="5060"), "sip_port"),
    (lambda: replace(NODE, rtp_start=20000, rtp_end=20000), "rtp_end"),
    (lambda: replace(NODE, agents=(AGENT, AGENT)), "agents"),
    (lambda: replace(NODE, external_address=None), "local_net"),
    (lambda: replace(TRUNK, username=""), "trunk.username"),
    (lambda: replace(TRUNK, password=""), "trunk.password"),
    (lambda: replace(TRUNK, channels=0), "trunk.channels"),
    (lambda: replace(FOLDERS, run_dir=Path("/" + "x" * 120)), "run_dir"),
    (lambda: replace(FOLDERS, etc_dir=Path("etc")), "etc_dir"),
    (lambda: replace(FOLDERS, etc_dir=Path("/srv/../etc")), "etc_dir"),
])
def test_what_cannot_work_is_refused(make: Any, field: str) -> None:
    with pytest.raises(ConfError) as caught:
        make()
    assert caught.value.field == field


def test_templates_refuse_what_slipped_through() -> None:
    """The last guard holds even for a value that no check has seen."""
    for value in ("a\nb", "a;b", "${X}", "$[1]", "a\x00", None, ["x"]):
        with pytest.raises(ConfError):
            environment().from_string("{{ value }}").render(value=value)


def test_nobody_can_dial_out_by_the_dialplan() -> None:
    dialplan = render_node(NODE)["extensions.conf"]
    assert not re.search(r"Dial\(|@trunk|Originate\(|System\(|DISA\(", dialplan)
    assert "anonymous" not in "".join(render_node(NODE).values())


def test_ipv6_stands_in_brackets() -> None:
    config = replace(NODE, agi_host="::1", sip_bind="::1", trunk=replace(TRUNK, host="2001:db8::1"))
    files = render_node(config)
    assert "agi://[::1]:4573/" in files["extensions.conf"]
    assert "sip:[2001:db8::1]:5060" in files["pjsip.conf"]
    assert "match = 2001:db8::1" in files["pjsip.conf"]


def test_files_are_private_and_whole(tmp_path: Path) -> None:
    config = replace(NODE, folders=Folders.under(tmp_path / "n", Path("/usr/lib"), Path("/usr")))
    write_node(config)
    write_node(config)
    etc = config.folders.etc_dir
    assert {path.name for path in etc.iterdir()} == set(render_node(config))
    assert set(EMPTY_FILES) < set(render_node(config))
    assert {path.stat().st_mode & 0o777 for path in etc.iterdir()} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in config.folders.own} == {0o700}


def test_the_script_that_hears_by_eagi_is_started_by_our_own_interpreter(tmp_path: Path) -> None:
    (tmp_path / "it's mine").mkdir()
    folders = Folders.under(tmp_path / "n", Path("/usr/lib"), Path("/usr"))
    config = replace(NODE, folders=folders, python=Path("/bin/echo"), code_dir=tmp_path)
    write_node(config)
    launcher = folders.agi_dir / EAGI_LISTENER
    assert launcher.stat().st_mode & 0o777 == 0o700
    told = subprocess.run([launcher, "an id", "$(date)"], capture_output=True, text=True,
                          check=True)
    assert told.stdout == "-m agi_scripts.eagi_listener an id $(date)\n"
    with pytest.raises(ConfError, match="code_dir"):
        replace(config, code_dir=tmp_path / "it's mine")
