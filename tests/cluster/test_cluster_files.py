"""The files in configs/cluster are what Ray and KubeRay take."""

import copy
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from configs.preset_files import preset_names
from orchestrator.versions import version_of

SCHEMA = json.loads(Path(__file__).with_name("rayjob_schema.json").read_text())


@pytest.fixture
def ray_up(root: Path) -> Any:
    return yaml.safe_load((root / "configs" / "cluster" / "ray-up.yaml").read_text())


@pytest.fixture
def ray_job(root: Path) -> Any:
    return yaml.safe_load((root / "configs" / "cluster" / "rayjob.yaml").read_text())


# Ray is imported in a process of its own: imported here it would fix the authentication of every later test.
RAYS_OWN_CHECK = """
import json, sys
from ray.autoscaler._private.util import prepare_config, validate_config
validate_config(prepare_config(json.load(sys.stdin)))
"""


def check_with_ray(config: Any, *, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RAYS_OWN_CHECK],
        input=json.dumps(config),
        env={"HOME": str(home), "PATH": os.environ["PATH"]},  # a file of the last cluster is kept in the home
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_ray_up_accepts_its_file(ray_up, home) -> None:
    answer = check_with_ray(ray_up, home=home)

    assert answer.returncode == 0, answer.stderr


def test_ray_up_refuses_the_file_with_a_field_too_many(ray_up, home) -> None:
    answer = check_with_ray(ray_up | {"providers": {}}, home=home)

    assert answer.returncode != 0
    assert "Additional properties" in answer.stderr


def test_ray_up_starts_every_node_with_the_token(ray_up) -> None:
    starts = [
        command
        for command in (*ray_up["head_start_ray_commands"], *ray_up["worker_start_ray_commands"])
        if "ray start" in command
    ]

    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token" in command for command in starts)
    assert "~/.ray/auth_token" in ray_up["file_mounts"]
    assert ray_up["min_workers"] == ray_up["max_workers"] == len(ray_up["provider"]["worker_ips"])


def test_kuberay_accepts_the_rayjob(ray_job) -> None:
    jsonschema.validate(ray_job, SCHEMA)

    for path, value in (
        (("spec", "backoffLimit"), "3"),
        (("spec", "rayClusterSpec", "headGroupSpec", "rayStartParams", "num-cpus"), 0),
        (("spec", "rayClusterSpec", "workerGroupSpec"), []),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(_changed(ray_job, path, value), SCHEMA)


def test_rayjob_asks_for_a_command_that_there_is_and_shares_the_run_directory(ray_job) -> None:
    cluster = ray_job["spec"]["rayClusterSpec"]
    pods = [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    words = shlex.split(ray_job["spec"]["entrypoint"])

    assert words[:2] == ["seedscope", "run"]
    assert words[2] in preset_names()
    assert words[words.index("--address") + 1] == "auto"
    for pod in pods:
        container = pod["containers"][0]
        mount = container["volumeMounts"][0]
        assert Path(words[words.index("--out") + 1]).is_relative_to(mount["mountPath"])
        assert mount["name"] == pod["volumes"][0]["name"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
    assert len({pod["containers"][0]["image"] for pod in pods}) == 1
    assert len({pod["volumes"][0]["persistentVolumeClaim"]["claimName"] for pod in pods}) == 1
    assert cluster["authOptions"]["mode"] == "token"
    assert cluster["rayVersion"] == version_of("ray")


def _changed(tree: Any, path: tuple[str, ...], value: object) -> Any:
    changed = copy.deepcopy(tree)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed
