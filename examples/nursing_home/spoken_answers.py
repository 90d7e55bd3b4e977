"""Spoken answers of a served model, with a picture for each decision: certain, to check, and unknown."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from examples.endpoint import ask
from examples.steps import StepFailed

DECISIONS = {"accept": "certain", "review": "ask", "unknown": "unknown"}


def ask_aloud(address: str, pictures: Iterable[Path]) -> dict[str, Any]:
    """Send pictures to a server, and return what would be spoken.

    Returns:
        `decisions`, the number of answers of each; and `sentences`, for each decision that occurred the first picture
        with it, the spoken sentence and its label.

    Raises:
        StepFailed: an answer cannot be spoken.
    """
    counts, sentences = Counter[str](), dict[str, dict[str, str]]()
    for picture in pictures:
        answer = ask(address, picture)
        decision, spoken = answer["decision"], answer.get("spoken")
        if not spoken:
            raise StepFailed(f"The answer to {picture.name} has no sentence to speak. Train with --names.")
        counts[decision] += 1
        found = {"picture": f"{picture.parent.name}/{picture.name}", "spoken": spoken, "label": answer["label"]}
        sentences.setdefault(decision, found)
    return {"decisions": {name: counts[name] for name in DECISIONS}, "sentences": sentences}
