"""Programs that build and push container images: Docker, Podman or Buildah."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from discern.errors import UsageError

# AWS Lambda accepts neither lists of images nor attestations beside one.
_BUILD_OPTIONS = {"docker": "--provenance=false", "podman": "--format=docker", "buildah": "--format=docker"}
_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
_SECONDS = 60  # not tuned: `docker info` takes a fraction of that


@dataclass(frozen=True)
class ImageBuilder:
    """Program that builds and pushes images.

    Attributes:
        program: "docker", "podman" or "buildah".
    """

    program: str

    def login_command(self, registry: str) -> list[str]:
        """Return the command that logs in to a registry of ECR with the password that it reads."""
        return [self.program, "login", "--username", "AWS", "--password-stdin", registry]

    def build_command(self, image: str, architecture: str, folder: str) -> list[str]:
        """Return the command that builds the image of a folder with a Dockerfile.

        Args:
            image: address of the image with its tag.
            architecture: "x86_64" or "arm64".
            folder: path of the folder.
        """
        platform = _PLATFORMS[architecture]
        return [self.program, "build", _BUILD_OPTIONS[self.program], "--platform", platform, "--tag", image, folder]

    def push_command(self, image: str) -> list[str]:
        """Return the command that pushes an image."""
        return [self.program, "push", image]

    def build(self, image: str, architecture: str, folder: Path) -> None:
        """Build the image of a folder with a Dockerfile.

        Raises:
            UsageError: it cannot be built.
        """
        _run(self.build_command(image, architecture, str(folder)))

    def push(self, image: str) -> None:
        """Push an image.

        Raises:
            UsageError: it cannot be pushed.
        """
        _run(self.push_command(image))

    @contextmanager
    def logged_in(self, registry: str, password: str) -> Iterator[None]:
        """Context manager in which the program is logged in to a registry of ECR.

        Raises:
            UsageError: the registry refuses the password.
        """
        _run(self.login_command(registry), text=password)
        try:
            yield
        finally:
            _run([self.program, "logout", registry])


def installed_builder() -> ImageBuilder:
    """Return the first program that is installed here, or Docker if there is none."""
    return ImageBuilder(next(filter(shutil.which, _BUILD_OPTIONS), "docker"))


def require_builder() -> ImageBuilder:
    """Return the first program that is installed here and works.

    Raises:
        UsageError: there is none.
    """
    reasons = []
    for program in filter(shutil.which, _BUILD_OPTIONS):
        try:
            _run([program, "info"], seconds=_SECONDS)
        except UsageError as error:
            reasons.append(error.message)
        else:
            return ImageBuilder(program)
    raise UsageError(
        " ".join(reasons) or "Images are built by Docker, Podman or Buildah, and none of them is installed.",
        hint="Start Docker, or install one of them; or deploy a zip archive, without --image.",
    )


def _run(command: Sequence[str], *, text: str = "", seconds: float | None = None) -> None:
    what = " ".join(command[:2])
    try:
        done = subprocess.run(  # noqa: S603 - programs of our own list
            command, input=text, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"`{what}` cannot be run: {type(error).__name__}.", hint="Run it by hand.") from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        reason = lines[-1].rstrip(".?! ") if lines else f"it ends with code {done.returncode}"
        raise UsageError(f"`{what}` fails: {reason}.", hint="Run the commands of the plan by hand.")
