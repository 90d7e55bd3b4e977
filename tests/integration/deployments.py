"""Files of every deployment target in many combinations of options, from a small bundle."""

from itertools import product
from pathlib import Path
from typing import Any

from discern.bundle import load
from discern.flow.shipped_site import add_site
from discern.shipping.container.container_target import ContainerOptions, KubernetesOptions
from discern.shipping.lambda_image import dockerfile
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.lambda_template import lambda_template
from discern.shipping.ship_registry import find_ship_target
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.site.site_target import SiteOptions
from discern.shipping.workflow.workflow_options import ROUTES, WorkflowOptions
from tests.unit.bundle.factories import write_small

QUEUE = "arn:aws:sqs:us-east-1:123456789012:answers"
API = "https://api.example.org"
NAMES = {"red": {"route": "bay 2"}, "dark": {"route": "bay: 3"}}
FUNCTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"arch": "arm64", "speech": "polly", "cors": "https://pictures.example.org"},
    {"image": True, "threshold": 0.9},
    {"image": True, "arch": "arm64", "bucket": "my-pictures", "speech": "polly"},
    {"bucket": "my-pictures"},
    {"bucket": "my-pictures", "queue": QUEUE, "speech": "polly", "threshold": 0.9, "allow_urls": True},
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
    """Write the files of every target but the function's package to subfolders; `changes` apply to the manifest."""
    path = write_small(folder / "small.discern", **({"names": NAMES} | changes))
    bundle = ShippedBundle(path=path, model=load(path))
    for number, options in enumerate(FUNCTIONS):
        _write_function(bundle, folder / f"lambda-{number}", LambdaOptions(**options))
    planned: dict[str, Any] = {"workflow": WORKFLOWS, "container": CONTAINERS, "kubernetes": CLUSTERS}
    planned["site"] = [add_site(options, path) for options in SITES]
    for target, many in planned.items():
        for number, options in enumerate(many):
            (folder / f"{target}-{number}").mkdir()
            find_ship_target(target).plan(bundle, folder / f"{target}-{number}", options)
    return folder


def _write_function(bundle: ShippedBundle, folder: Path, options: LambdaOptions) -> None:
    folder.mkdir()
    template = lambda_template(bundle, options, memory=1769, needed_bytes=160_000_000)
    (folder / "template.yaml").write_text(template, encoding="utf-8")
    if options.image:
        (folder / "Dockerfile").write_text(dockerfile(bundle, options.arch), encoding="utf-8")
