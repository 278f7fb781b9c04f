"""docker-compose.yml and the Dockerfiles against the code: names, ports, commands, settings."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from aftercall.house import ROLES
from followup.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
LAYOUTS = sorted((ROOT / "docker/settings").glob("*.toml"))
IMAGES = sorted((ROOT / "docker").glob("*/Dockerfile"))
OURS = ("asterisk", "asterisk2", "recorder", "agi", "dialer", "keeper", "console")
SPEAK_WITH_ASTERISK = ("asterisk", "asterisk2", "recorder", "agi", "dialer")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The parsed file."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    """Service by name."""
    found: dict[str, Any] = compose["services"]
    return found


@pytest.fixture(autouse=True)
def containers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are read as a container would: nothing of this machine's."""
    monkeypatch.setenv("AFTERCALL_DATA_DIR", "/var/lib/aftercall")
    monkeypatch.setenv("AFTERCALL_DATABASE__URL", "postgresql://aftercall:x@127.0.0.1/aftercall")


def script(name: str) -> ModuleType:
    """A script of docker/ as a module."""
    spec = importlib.util.spec_from_file_location(f"docker_{name}", ROOT / f"docker/{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_services_and_the_clusters_second_node(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", *OURS}
    assert {name: service["profiles"] for name, service in services.items()
            if "profiles" in service} == {"asterisk2": ["cluster"]}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_given_is_one_of_ours(services: dict[str, Any], name: str) -> None:
    for variable in services[name]["environment"]:
        prefix, _, path = variable.partition("_")
        assert prefix == "AFTERCALL"
        if variable == "AFTERCALL_CONFIG":
            continue
        model: type[BaseModel] = Settings
        for level in path.lower().split("__"):
            assert level in model.model_fields, variable
            kind = model.model_fields[level].annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.stem)
def test_each_layout_is_valid_settings(layout: Path) -> None:
    settings = load_settings(layout)
    taken = [(port, kind) for node in settings.nodes for port, kind in (
        (node.ami_port, "tcp"), (node.http_port, "tcp"), (node.sip_port, "udp"))]
    assert len(set(taken)) == len(taken)
    ranges = sorted((node.rtp_start, node.rtp_end) for node in settings.nodes)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))
    for node in settings.nodes:       # the gateway and the phones are outside the host
        assert node.sip_bind == node.http_bind == "0.0.0.0"
        assert node.ami_host == "127.0.0.1"


def test_each_asterisk_runs_a_node_of_its_layout(services: dict[str, Any]) -> None:
    assert {path.stem for path in LAYOUTS} == {"single", "cluster"}
    only = script("run_node").only
    for layout, runs in (("single", ["asterisk"]), ("cluster", ["asterisk", "asterisk2"])):
        settings = load_settings(ROOT / f"docker/settings/{layout}.toml")
        names = [services[service]["command"][0] for service in runs]
        assert [node.name for node in settings.nodes] == names
        for name in names:
            assert [node.name for node in only(settings, name).nodes] == [name]


def test_the_layout_file_is_where_the_containers_look(services: dict[str, Any]) -> None:
    for name in OURS:
        config = services[name]["environment"]["AFTERCALL_CONFIG"]
        folder, _, file = config.rpartition("/")
        assert file == "${AFTERCALL_LAYOUT:-single}.toml"
        assert f"./docker/settings:{folder}:ro" in services[name]["volumes"]


def test_the_parts_run_the_roles_there_are(services: dict[str, Any]) -> None:
    roles = {name: service["command"][1] for name, service in services.items()
             if service.get("command", [""])[0] == "role"}
    assert roles == {role: role for role in ROLES}


def test_only_what_people_need_is_published_and_only_on_loopback(
        services: dict[str, Any]) -> None:
    defaults = Settings()
    assert services["console"]["environment"]["AFTERCALL_CONSOLE__BIND"] == "0.0.0.0"
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "postgres": ["127.0.0.1:5432:5432"],
        "console": [f"127.0.0.1:{defaults.console.port}:{defaults.console.port}"]}


def test_the_manager_interface_never_leaves_loopback(services: dict[str, Any]) -> None:
    # bound to loopback by asterisk_conf, so all that speak with it share one network
    for name in SPEAK_WITH_ASTERISK:
        assert services[name]["network_mode"] == "host"
    assert "network_mode" not in services["console"]


def test_the_database_is_where_each_service_looks(services: dict[str, Any]) -> None:
    for name in OURS:
        url = services[name]["environment"]["AFTERCALL_DATABASE__URL"]
        host = "127.0.0.1" if services[name].get("network_mode") == "host" else "postgres"
        assert url.endswith(f"@{host}:5432/{services['postgres']['environment']['POSTGRES_DB']}")
        assert url.startswith(f"postgresql://{services['postgres']['environment']['POSTGRES_USER']}:")


def test_one_data_folder_is_shared(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for name in OURS:
        folder = services[name]["environment"]["AFTERCALL_DATA_DIR"]
        assert f"data:{folder}" in services[name]["volumes"]
    mounted = {volume.partition(":")[0] for service in services.values()
               for volume in service["volumes"] if not volume.startswith(".")}
    assert mounted == set(compose["volumes"])


def test_no_secret_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.findall(r"postgresql://[^:]+:([^@]+)@", text) == \
        ["${AFTERCALL_DB_PASSWORD:?see the top of docker-compose.yml}"] * 2
    assert re.findall(r"POSTGRES_PASSWORD: (.*)", text) == \
        ["${AFTERCALL_DB_PASSWORD:?see the top of docker-compose.yml}"]
    for layout in LAYOUTS:
        assert not re.search(r"secret|password", layout.read_text()), layout.name


def test_every_service_is_watched(services: dict[str, Any]) -> None:
    checks = script("healthy").CHECKS
    for name in OURS:
        kind, program, part, *arguments = services[name]["healthcheck"]["test"][1:]
        assert (kind, program) == ("python", "docker/healthy.py")
        assert part in checks
        assert arguments == (services[name]["command"] if part == "asterisk" else [])
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"


def test_the_recorder_alone_may_see_packets_and_shares_its_files_with_the_others(
        services: dict[str, Any]) -> None:
    assert {name: service["cap_add"] for name, service in services.items()
            if "cap_add" in service} == {"recorder": ["NET_RAW"]}
    assert {name for name, service in services.items() if "user" in service} == {"recorder"}
    dockerfile = (ROOT / "docker/app/Dockerfile").read_text()
    [user], [program] = (re.findall(rf"^{word} (.*)", dockerfile, re.M)[:1]
                         for word in ("USER", "ENTRYPOINT"))
    assert services["recorder"]["entrypoint"] == [
        "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups",
        "--inh-caps=+net_raw", "--ambient-caps=+net_raw", *yaml.safe_load(program)]


def test_nothing_starts_before_what_it_needs(services: dict[str, Any]) -> None:
    # the asterisk service migrates the database and renders the fixed sounds
    assert services["asterisk"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("asterisk2", "recorder", "agi", "dialer", "keeper", "console"):
        assert services[name]["depends_on"] == {"asterisk": {"condition": "service_healthy"}}


def test_every_image_has_its_dockerfile_and_stage(services: dict[str, Any]) -> None:
    assert {path.parent.name for path in IMAGES} == {"app", "postgres"}
    for service in services.values():
        build = service["build"]
        dockerfile = ROOT / build["context"] / build.get("dockerfile", "Dockerfile")
        if target := build.get("target"):
            assert re.search(rf"^FROM \S+ AS {target}$", dockerfile.read_text(), re.M)
        assert dockerfile.is_file()


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.parent.name)
def test_images_are_debians_and_name_no_registry(path: Path) -> None:
    text = path.read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.M))
    for base in re.findall(r"^FROM (\S+)", text, re.M):
        assert base in stages or re.fullmatch(r"(debian|postgres):[a-z0-9.-]*bookworm[a-z0-9.-]*",
                                              base)
    assert "://" not in text


def test_what_the_image_runs_is_there() -> None:
    text = (ROOT / "docker/app/Dockerfile").read_text()
    assert re.findall(r"^ENTRYPOINT (.*)", text, re.M) == \
        ['["aftercall"]', '["python", "docker/run_node.py"]']
    assert (ROOT / "docker/run_node.py").is_file()
    [folder] = re.findall(r"AFTERCALL_DATA_DIR=(\S+)", text)
    assert f"VOLUME {folder}" in text
    assert f"install -d -o aftercall -g aftercall /srv/aftercall {folder}" in text
