"""Deployment targets that run a model as a container, alone or on Kubernetes."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.errors import UsageError
from discern.shipping.container.server_files import write_context, write_templates
from discern.shipping.container.server_memory import ServerMemory, server_memory, stated_memory
from discern.shipping.plan import Plan, Step
from discern.shipping.ship_target import ShippedBundle

_IMAGE = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)*"
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_MAX_CPUS, _MAX_REPLICAS, _MAX_MEMORY = 64, 1000, 1 << 20
_LONGEST_IMAGE = 400
_START = "Run `docker compose up --build` in the folder of --out."
_APPLY = "Do as kustomization.yaml in the folder of --out says."


@dataclass(frozen=True, kw_only=True)
class ContainerOptions:
    """Options of a container.

    Attributes:
        image_name: name of the image, with its registry and tag; None for the bundle's name and fingerprint.
        cpus: cores of one server.
        memory: memory in MiB that one server needs for usual pictures; None to measure it.

    Raises:
        UsageError: an option is invalid.
    """

    image_name: str | None = None
    cpus: int = 1
    memory: int | None = None

    def __post_init__(self) -> None:
        if self.image_name is not None and (
            len(self.image_name) > _LONGEST_IMAGE or not _IMAGE.fullmatch(self.image_name)
        ):
            raise UsageError(
                f"Invalid name of an image: {self.image_name!r}.",
                hint="Write it like registry.example.org/team/vehicles:1.",
            )
        _require_range("--cpus", self.cpus, _MAX_CPUS)
        if self.memory is not None:
            _require_range("--memory", self.memory, _MAX_MEMORY)


@dataclass(frozen=True, kw_only=True)
class KubernetesOptions(ContainerOptions):
    """Options of a deployment on Kubernetes.

    Attributes:
        min_replicas: number of servers without traffic.
        max_replicas: number of servers at most.

    Raises:
        UsageError: an option is invalid.
    """

    min_replicas: int = 2
    max_replicas: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_range("--min-replicas", self.min_replicas, _MAX_REPLICAS)
        _require_range("--max-replicas", self.max_replicas, _MAX_REPLICAS)
        if self.min_replicas > self.max_replicas:
            raise UsageError(
                f"--min-replicas {self.min_replicas} is more than --max-replicas {self.max_replicas}.",
                hint="Swap them, or pass one of them alone.",
            )


@dataclass(frozen=True)
class ContainerTarget:
    """Deployment target that runs a model as a container, by Docker or Podman."""

    name = "container"
    options_type = ContainerOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: ContainerOptions) -> Plan:
        """Write the build context and the compose file, and return the plan."""
        values = _values(bundle, options, _memory(bundle, options))
        write_context(out, bundle.path, values)
        steps = (
            Step(f"Build the image {values['IMAGE']} from the Dockerfile.", creates="image"),
            Step("Create keys with `discern key NAME --key-file keys.txt`, and make the file readable."),
            Step("Start the server with `docker compose up` on port 8080 of this machine.", creates="container"),
        )
        return _finish(self.name, out, steps, by_hand=_START)

    def require_ready(self, options: ContainerOptions) -> None:
        """Do nothing: files are written in any case."""

    def create(self, bundle: ShippedBundle, out: Path, options: ContainerOptions) -> dict[str, Any]:  # noqa: ARG002
        """Raise UsageError: Docker builds and starts what was written."""
        raise UsageError("Discern starts no container itself.", hint=_START)


@dataclass(frozen=True)
class KubernetesTarget:
    """Deployment target that runs a model on a Kubernetes cluster."""

    name = "kubernetes"
    options_type = KubernetesOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: KubernetesOptions) -> Plan:
        """Write the manifests and the image's build context, and return the plan."""
        values = _values(bundle, options, _memory(bundle, options)) | {
            "MIN_REPLICAS": str(options.min_replicas),
            "MAX_REPLICAS": str(options.max_replicas),
        }
        (out / "image").mkdir()
        write_context(out / "image", bundle.path, values)
        write_templates(out, "manifests", values)
        name = values["NAME"]
        steps = (
            Step(f"Build the image {values['IMAGE']} in image/, and push it to a registry of the cluster.", "image"),
            Step(f"Create the secret {name}-keys from the key file of `discern key`.", "Secret"),
            Step("Create an account without rights.", "ServiceAccount"),
            Step("Start the servers with their probes and limits.", "Deployment"),
            Step(f"Give them one address in the cluster, http://{name}/.", "Service"),
            Step(f"Run {options.min_replicas} to {options.max_replicas} of them.", "HorizontalPodAutoscaler"),
            Step("Keep servers while nodes are drained.", "PodDisruptionBudget"),
            Step("Allow no connection but requests.", "NetworkPolicy"),
        )
        return _finish(self.name, out, steps, by_hand=_APPLY)

    def require_ready(self, options: KubernetesOptions) -> None:
        """Do nothing: files are written in any case."""

    def create(self, bundle: ShippedBundle, out: Path, options: KubernetesOptions) -> dict[str, Any]:  # noqa: ARG002
        """Raise UsageError: `kubectl` creates what was written."""
        raise UsageError("Discern changes no cluster itself.", hint=_APPLY)


def _memory(bundle: ShippedBundle, options: ContainerOptions) -> ServerMemory:
    if options.memory is not None:
        return stated_memory(options.memory)
    return server_memory(bundle.measured.server_gb)


def _values(bundle: ShippedBundle, options: ContainerOptions, memory: ServerMemory) -> dict[str, str]:
    """Return the text for each placeholder of the templates."""
    fingerprint, name = bundle.tags["discern:fingerprint"], bundle.resource_name
    return {
        "MODEL": bundle.tags["discern:bundle"],
        "TAG": bundle.tags["discern:bundle"],
        "FINGERPRINT": fingerprint,
        "NAME": name,
        "IMAGE": options.image_name or f"{name}:{fingerprint}",
        "CPUS": str(options.cpus),
        "THREADS": str(options.cpus),
        "REQUEST": str(memory.request),
        "LIMIT": str(memory.limit),
    }


def _finish(target: str, out: Path, steps: tuple[Step, ...], *, by_hand: str) -> Plan:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return Plan(
        target=target,
        steps=steps,
        files=tuple(path.relative_to(out).as_posix() for path in files),
        unpacked_bytes=sum(path.stat().st_size for path in files if "app" in path.relative_to(out).parts),
        by_hand=by_hand,
    )


def _require_range(option: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise UsageError(f"Invalid value of {option}: {value}.", hint=f"Pass 1 to {most:,}.")
