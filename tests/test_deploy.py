"""The files under deploy/ name what the product has: settings, ports, paths, stages."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import LOOPBACK, ROOT, Settings, SettingsError, load_settings

DEPLOY = ROOT / "deploy"
SERVERS = ("gateway", "console", "metrics")
PORTS = {Settings.model_fields[f"{name}_port"].default for name in SERVERS}
NOT_SETTINGS = {"commit"}
"""What the image's build is told: the studio reads it, and nobody sets it for a station."""
ACCOUNT = {
    "FUJIN_WECHAT_APP_ID": "wx0123456789abcdef",
    "FUJIN_WECHAT_APP_SECRET": "s" * 32,
    "FUJIN_WECHAT_TOKEN": "token",
    "FUJIN_WECHAT_AES_KEY": "k" * 43,
}


def documents(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")) if one]


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_that_every_setting_that_is_named_is_one(path: Path) -> None:
    named = set(re.findall(r"FUJIN_([A-Z_]+)", path.read_text(encoding="utf-8")))
    assert {name.lower() for name in named} <= set(Settings.model_fields) | NOT_SETTINGS


def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture
def in_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that every process of the image begins with."""
    for line in re.findall(r"^ENV (.+)", dockerfile(), flags=re.MULTILINE):
        for name, value in (pair.split("=", 1) for pair in line.split()):
            monkeypatch.setenv(name, value)


def test_that_the_image_copies_only_what_is_there() -> None:
    for line in dockerfile().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_that_the_ports_of_the_image_the_pods_and_the_proxy_are_the_products() -> None:
    image = re.search(r"EXPOSE (.+)", dockerfile())
    assert image
    assert {int(port) for port in image[1].split()} == PORTS
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {port["containerPort"] for port in container["ports"]} == PORTS
    proxied = re.findall(r"server fujin:(\d+)", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    assert {int(port) for port in proxied} < PORTS


@pytest.mark.usefixtures("in_the_image")
def test_that_whoever_asks_a_port_that_the_image_offers_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert {getattr(settings, f"{name}_host") for name in SERVERS}.isdisjoint(LOOPBACK)


@pytest.mark.usefixtures("in_the_image")
def test_that_the_image_is_no_model_station_when_its_account_is_forgotten() -> None:
    with pytest.raises(SettingsError, match=r"^FUJIN_WECHAT_APP_ID is not set, .* set it, or .* to 127\.0\.0\.1$"):
        load_settings()


def test_that_the_image_can_back_up_and_restore_the_database_that_comes_with_it() -> None:
    client = re.search(r"\bpostgresql-client-(\d+)\b", dockerfile())
    (compose,) = documents("compose.yml")
    server = re.fullmatch(r"postgres:(\d+)", compose["services"]["postgres"]["image"])
    assert client
    assert server
    assert int(client[1]) >= int(server[1]), "pg_dump refuses a server that is newer than itself"


def test_that_the_image_knows_the_commit_that_it_was_built_from() -> None:
    assert re.search(r"^ARG FUJIN_COMMIT\b.*\nENV FUJIN_COMMIT=\$FUJIN_COMMIT$", dockerfile(), flags=re.MULTILINE)
    (compose,) = documents("compose.yml")
    assert compose["services"]["fujin"]["build"]["args"] == {"FUJIN_COMMIT": "${FUJIN_COMMIT:-}"}


def test_that_no_replica_starts_with_a_secret_of_its_own() -> None:
    (compose,) = documents("compose.yml")
    assert compose["services"]["fujin"]["environment"]["FUJIN_SECRET"].startswith("${FUJIN_SECRET:?")
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (secret,) = (one["valueFrom"]["secretKeyRef"] for one in container["env"] if one["name"] == "FUJIN_SECRET")
    assert secret == {"name": container["envFrom"][0]["secretRef"]["name"], "key": "FUJIN_SECRET"}


def test_that_what_the_pods_refer_to_is_declared() -> None:
    kinds = documents("kubernetes.yml")
    (deployment,) = (one for one in kinds if one["kind"] == "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    claims = {one["metadata"]["name"] for one in kinds if one["kind"] == "PersistentVolumeClaim"}
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert {one["persistentVolumeClaim"]["claimName"] for one in spec["volumes"] if "persistentVolumeClaim" in one} == (
        claims
    )
    assert {mount["name"] for mount in spec["containers"][0]["volumeMounts"]} == volumes
    services = {one["metadata"]["name"] for one in kinds if one["kind"] == "Service"}
    (ingress,) = (one for one in kinds if one["kind"] == "Ingress")
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    public = {path["path"]: path["backend"]["service"]["name"] for path in paths}
    assert public == {"/wechat": "fujin-callback", "/voice/callback/": "fujin-callback", "/ack/": "fujin-console"}
    assert set(public.values()) <= services


def test_that_the_proxy_forwards_what_telephones_outside_the_station_need_and_logs_none_of_its_tokens() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    public = nginx[nginx.index("listen 443 ") : nginx.index("listen 8443 ")]
    places = dict(re.findall(r"location (?:= )?(/\S+) \{(.*?)\n        \}", public, flags=re.DOTALL))
    upstreams = {path: re.findall(r"proxy_pass http://(\w+);", place) for path, place in places.items()}
    assert upstreams == {"/wechat": ["gateways"], "/voice/callback/": ["gateways"], "/ack/": ["consoles"]}
    assert all("access_log off;" in places[path] for path in ("/voice/callback/", "/ack/"))


def test_that_the_console_believes_the_proxy_who_asks() -> None:
    (compose,) = documents("compose.yml")
    fujin = compose["services"]["fujin"]
    assert fujin["environment"]["FORWARDED_ALLOW_IPS"]
    assert "ports" not in fujin, "else anybody could say who they are"
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert "FORWARDED_ALLOW_IPS" in {variable["name"] for variable in container["env"]}


def test_that_an_edit_of_the_duty_file_reaches_every_replica() -> None:
    """An editor puts a new file in the old one's place, and a container that was given the file keeps the old one."""
    (compose,) = documents("compose.yml")
    fujin = compose["services"]["fujin"]
    mounted = {volume.split(":")[1] for volume in fujin["volumes"]}
    assert str(Path(fujin["environment"]["FUJIN_DUTY_FILE"]).parent) in mounted
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (file,) = (one["value"] for one in container["env"] if one["name"] == "FUJIN_DUTY_FILE")
    assert {"name": "duty", "mountPath": str(Path(file).parent), "readOnly": True} in container["volumeMounts"]


def test_that_evidence_is_shared_and_nothing_else_of_a_replicas_own_folder() -> None:
    (compose,) = documents("compose.yml")
    mounted = [volume for volume in compose["services"]["fujin"]["volumes"] if ":/fujin/var" in volume]
    assert mounted == ["evidence:/fujin/var/evidence"]
    assert compose["services"]["fujin"]["deploy"]["replicas"] >= 2


def test_that_replicas_share_the_data_and_the_models_that_trainers_change() -> None:
    shared = {"/fujin/nlu_data", "/fujin/models"}
    (compose,) = documents("compose.yml")
    mounted = [volume.split(":") for volume in compose["services"]["fujin"]["volumes"]]
    assert shared <= {parts[1] for parts in mounted if "ro" not in parts[2:]}
    assert {parts[0] for parts in mounted if not parts[0].startswith(".")} <= set(compose["volumes"])
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    (container,), (seed,) = spec["containers"], spec["initContainers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert {mounts[path]["name"] for path in shared} == {mount["name"] for mount in seed["volumeMounts"]}
    claims = {
        one["metadata"]["name"]: one["spec"] for one in documents("kubernetes.yml") if one["kind"].endswith("Claim")
    }
    assert all(claim["accessModes"] == ["ReadWriteMany"] for claim in claims.values())


def test_that_the_volume_is_filled_once_and_never_over_what_trainers_have_changed(tmp_path: Path) -> None:
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    (seed,) = deployment["spec"]["template"]["spec"]["initContainers"]
    image, volume = tmp_path / "image", tmp_path / "project"
    for folder, name in (("nlu_data", "rules.yml"), ("models", "fujin-1.tar.gz")):
        (image / folder).mkdir(parents=True)
        (image / folder / name).write_text("of the image")
    volume.mkdir()
    script = seed["args"][0].replace("/project/", f"{volume}/")
    for text in ("of the image", "a trainer's"):
        subprocess.run([*seed["command"], script], cwd=image, check=True, env={"HOSTNAME": "pod-1", "PATH": os.defpath})
        assert (volume / "nlu_data" / "rules.yml").read_text() == text
        (volume / "nlu_data" / "rules.yml").write_text("a trainer's")
    assert sorted(path.name for path in volume.iterdir()) == ["models", "nlu_data"]
