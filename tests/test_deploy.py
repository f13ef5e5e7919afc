"""The files under deploy/ name what the product has: settings, ports, paths, stages."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import ROOT, Settings

DEPLOY = ROOT / "deploy"
PORTS = {Settings.model_fields[name].default for name in ("gateway_port", "console_port", "metrics_port")}


def documents(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")) if one]


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_that_every_setting_that_is_named_is_one(path: Path) -> None:
    named = set(re.findall(r"FUJIN_([A-Z_]+)", path.read_text(encoding="utf-8")))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_that_the_image_copies_only_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_that_the_ports_of_the_image_the_pods_and_the_proxy_are_the_products() -> None:
    image = re.search(r"EXPOSE (.+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert image
    assert {int(port) for port in image[1].split()} == PORTS
    (deployment,) = (one for one in documents("kubernetes.yml") if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {port["containerPort"] for port in container["ports"]} == PORTS
    proxied = re.findall(r"server fujin:(\d+)", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    assert {int(port) for port in proxied} < PORTS


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
    assert {parts[0] for parts in mounted if not parts[0].startswith("..")} <= set(compose["volumes"])
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
