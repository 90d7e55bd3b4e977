"""Target that writes the files by which continuous integration checks, trains, evaluates and ships a model."""

import json
import math
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from discern.errors import UsageError
from discern.shipping.ci.ci_recipe import CiRecipe
from discern.shipping.ci.version_lock import version_lock
from discern.shipping.plan import Plan, Step
from discern.shipping.ship_target import ShippedBundle

DEPLOYED = ("container", "kubernetes", "lambda", "site")
"""Targets to which continuous integration can ship a model with its defaults."""
HELD_OUT = "held-out"
"""Word in place of a path: the model is judged by the held-out predictions of its training."""
_TEMPLATES = resources("discern.shipping.ci") / "templates"
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
_PLAIN = re.compile(r"[\w ./'+-]+")
_PLACES = {
    "workflow.yml": ".github/workflows/discern.yml",
    "run.sh": "ci/run.sh",
    "README.md": "ci/README.md",
}
_BY_HAND = "Copy the files in the folder of --out to the root of your repository, and commit them."


@dataclass(frozen=True, kw_only=True)
class CiOptions:
    """Options of continuous integration.

    Attributes:
        data: path of the pictures in the repository, or their address in a bucket; None for that of the run.
        test: path of labelled pictures for the evaluation; None for those of `data` that the model has not learned.
        at_least: minimum values of `discern evaluate`, such as `{"accuracy": 0.9}`; None for the lower end of the
            accuracy that the run has measured, rounded down to per cent.
        deploy: target to which the model is shipped, one of `DEPLOYED`.
        recipe: the run that is repeated.

    Raises:
        UsageError: the target is not one of them.
    """

    data: str | None = None
    test: str | None = None
    at_least: Mapping[str, float] | None = None
    deploy: str = "container"
    recipe: CiRecipe | None = field(default=None, metadata={"given": False})

    def __post_init__(self) -> None:
        if self.deploy not in DEPLOYED:
            raise UsageError(
                f"Continuous integration cannot ship to {self.deploy!r}.", hint=f"Use one of: {', '.join(DEPLOYED)}."
            )


@dataclass(frozen=True)
class CiTarget:
    """Target that writes a workflow of GitHub Actions, and the same steps as a script for any other service."""

    name = "ci"
    options_type = CiOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: CiOptions) -> Plan:  # noqa: ARG002 - as the others
        """Write the workflow, the script, the lock and the run's options, and return the plan."""
        recipe = options.recipe
        assert recipe is not None
        contents = _contents(recipe, _values(recipe, options))
        for name, data in contents.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)
        (out / "ci/run.sh").chmod(0o755)
        return Plan(
            target=self.name,
            steps=tuple(_steps(recipe, options)),
            files=tuple(sorted(contents)),
            by_hand=_BY_HAND,
        )

    def require_ready(self, options: CiOptions) -> None:
        """Do nothing: files are written in any case."""

    def create(self, bundle: ShippedBundle, out: Path, options: CiOptions) -> dict[str, Any]:  # noqa: ARG002
        """Raise UsageError: the user commits what was written."""
        raise UsageError("Discern changes no repository itself.", hint=_BY_HAND)


def _contents(recipe: CiRecipe, values: Mapping[str, str]) -> dict[str, bytes]:
    contents = {
        "ci/requirements.txt": version_lock(torch=recipe.torch).encode(),
        "ci/run/run.json": (json.dumps(recipe.facts, indent=1) + "\n").encode("ascii"),
    }
    for template, place in _PLACES.items():
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        contents[place] = _PLACEHOLDER.sub(lambda found: values[found[1]], text).encode()
    return contents | dict(recipe.files)


def _values(recipe: CiRecipe, options: CiOptions) -> dict[str, str]:
    """Return the text for each placeholder of the templates; those of the script are quoted for a shell."""
    texts = {
        "NAME": recipe.name,
        "DATA": options.data or recipe.data,
        "TEST": _test(recipe, options),
        "AT_LEAST": " ".join(f"{name}={floor:.10g}" for name, floor in _floors(recipe, options).items()),
        "CHECK": "report" if recipe.findings else "strict",
        "DEPLOY": options.deploy,
    }
    quoted = {name: shlex.quote(text) for name, text in texts.items()}
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    words = "".join(f" {shlex.quote(word)}" for word in recipe.words)
    own = {"WORDS": words, "DIGEST": recipe.sha256, "PYTHON": python, "FINDINGS": str(recipe.findings)}
    yaml = {f"YAML_{name}": _yaml(text) for name, text in texts.items()}
    glob = {"GLOB": _further_pattern(texts["DATA"])}
    shown = {f"SHOWN_{name}": text.replace("`", "'") for name, text in texts.items()}
    return quoted | own | yaml | glob | shown


def _test(recipe: CiRecipe, options: CiOptions) -> str:
    """Return the path of the pictures for the evaluation, or `HELD_OUT` for the predictions that the training made."""
    if options.test is not None or recipe.has_test_part:
        return options.test or options.data or recipe.data
    if others := sorted(_floors(recipe, options).keys() - {"accuracy"}):
        raise UsageError(
            f"The run keeps no test part, and its held-out predictions are judged by their accuracy, not {others[0]}.",
            hint="Pass labelled pictures for the evaluation with --test.",
        )
    return HELD_OUT


def _yaml(text: str) -> str:
    """Return a text as a value in a workflow, of which no part is an expression."""
    return json.dumps(text.replace("${{", "${{ '${{' }}"))


def _further_pattern(data: str) -> str:
    """Return the pattern of the pictures for `hashFiles`, after a comma; "" if they are not plain files there."""
    if "://" in data or not _PLAIN.fullmatch(data):
        return ""
    return ", '" + data.replace("'", "''") + "/**'"


def _floors(recipe: CiRecipe, options: CiOptions) -> Mapping[str, float]:
    if options.at_least is not None:
        return options.at_least
    if recipe.accuracy is None:
        raise UsageError(
            "The run has measured no accuracy, from which a minimum could be taken.",
            hint="Pass one, such as --at-least accuracy=.90.",
        )
    return {"accuracy": math.floor(recipe.accuracy * 100) / 100}


def _steps(recipe: CiRecipe, options: CiOptions) -> list[Step]:
    floors = ", ".join(f"{name} {floor:.10g}" for name, floor in _floors(recipe, options).items())
    strict = "and fail for any finding"
    if recipe.findings:
        strict = f"and report findings without failing, as there are {recipe.findings} now"
    return [
        Step(f"Install the versions of ci/requirements.txt, and check {options.data or recipe.data}, {strict}."),
        Step("Train with the options of the run, and compare the bundle and the figures with its own."),
        Step(f"Evaluate, and fail unless the interval's lower end reaches {floors}."),
        Step("Load the packed bundle, repeat its test vectors and classify a picture with it."),
        Step(f"Plan its deployment as {options.deploy}; create it only where a secret with credentials is set."),
    ]
