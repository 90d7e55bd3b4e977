"""Files of every deployment target in many combinations of options, from a small bundle."""

from itertools import product
from pathlib import Path
from typing import Any

from discern.bundle import load
from discern.flow.shipped_site import add_site
from discern.shipping.container.container_target import ContainerOptions, KubernetesOptions
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.ship_registry import find_ship_target
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.site.site_target import SiteOptions
from discern.shipping.workflow.workflow_options import ROUTES, WorkflowOptions
from tests.unit.bundle.factories import write_small
from tests.unit.shipping.factories import write_wheels

QUEUE = "arn:aws:sqs:us-east-1:123456789012:answers"
API = "https://api.example.org"
WHEELS = {"x86_64": "x86_64", "arm64": "aarch64"}
NAMES = {"red": {"route": "bay 2"}, "dark": {"route": "bay: 3"}}
FUNCTIONS: tuple[dict[str, Any], ...] = (
    {"threshold": 0.9},
    {"arch": "arm64", "bucket": "my-pictures", "speech": "polly", "cors": "https://pictures.example.org"},
    {"image": True, "bucket": "my-pictures", "queue": QUEUE, "speech": "polly", "allow_urls": True},
    {"image": True, "arch": "arm64"},
)
WORKFLOWS = [
    WorkflowOptions(threshold=0.93, route_by=route_by, map=each, review_prefix=prefix, notify=notify)
    for route_by, each, prefix, notify in product(ROUTES, (False, True), (None, "review"), (False, True))  # type: ignore[arg-type]
]
CONTAINERS = (
    ContainerOptions(memory=300),
    ContainerOptions(memory=9000, cpus=8, image_name="registry.example.org:5000/team/colours:1@sha256:" + "a" * 64),
)
CLUSTERS = (
    KubernetesOptions(memory=300),
    KubernetesOptions(memory=300, cpus=2, image_name="r.example.org/a:1", min_replicas=1, max_replicas=1000),
)
SITES = (SiteOptions(api=API), SiteOptions(api=API, place="amplify"))


def write_deployments(folder: Path, **changes: object) -> Path:
    """Write the files of every target to subfolders; `changes` apply to the manifest.

    The packages of functions have empty modules in place of those that would be downloaded.
    """
    path = write_small(folder / "small.discern", **({"names": NAMES} | changes))
    bundle = ShippedBundle(path=path, model=load(path))
    wheels = {arch: write_wheels(folder / f"wheels-{arch}", WHEELS[arch]) for arch in WHEELS}
    planned: dict[str, Any] = {
        "lambda": [
            LambdaOptions(**each, wheels=wheels[each.get("arch", "x86_64")], cache=folder / "cache")
            for each in FUNCTIONS
        ],
        "workflow": WORKFLOWS,
        "container": CONTAINERS,
        "kubernetes": CLUSTERS,
        "site": [add_site(options, path) for options in SITES],
    }
    for target, many in planned.items():
        for number, options in enumerate(many):
            (folder / f"{target}-{number}").mkdir()
            find_ship_target(target).plan(bundle, folder / f"{target}-{number}", options)
    return folder
