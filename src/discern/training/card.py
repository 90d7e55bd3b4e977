"""The model card: one page of plain words that travels in the bundle."""

from typing import Any

from discern.bundle import Manifest

_CARD = """# {name}

An image classifier made by Discern. It answers with one of {count} labels, says when a picture is none of these
things, and asks for a person where it is not sure.

- **Labels**: {labels}
- **Accuracy on independent pictures**: {leak_free} ({method})
- **The same by a random split, which leaks**: {naive}
- **Trained on**: {pictures} pictures (data fingerprint `{fingerprint}`)
- **Backbone**: {backbone}, pretrained on {pretraining}; licence {licence}
- **Input**: {size} x {size} px RGB, {fit}

## Limits

Probabilities are calibrated on held-out pictures of the same kind, and promise nothing for other kinds. Pictures whose
unknown score is above {t_unknown:.3g} are answered `unknown`; that turns away about {rejection:.0%} of known pictures.
{policy}

## Notices

This file contains the backbone's weights ({backbone}), under the licence {licence}.
"""
_NO_POLICY = "No promise about errors was fitted, so no answer is accepted without a person."


def write_card(manifest: Manifest) -> str:
    """Write the card from the manifest alone, Markdown."""
    accuracy, backbone = manifest.metrics["accuracy"], manifest.backbone
    return _CARD.format(
        name=manifest.name,
        count=len(manifest.labels),
        labels=", ".join(manifest.labels),
        leak_free=_interval(accuracy["leak_free"]),
        method=accuracy["leak_free"]["method"],
        naive=_interval(accuracy["naive"]),
        pictures=manifest.data["pictures"],
        fingerprint=manifest.data["fingerprint"][:16],
        backbone=backbone["name"],
        pretraining=backbone["pretraining"],
        licence=backbone["licence"],
        size=manifest.recipe.size,
        fit=manifest.recipe.fit,
        t_unknown=manifest.thresholds.unknown or 0.0,
        rejection=manifest.thresholds.false_rejection or 0.0,
        policy=_NO_POLICY if manifest.policy is None else manifest.policy["sentence"],
    )


def _interval(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "not measured"
    if figure["low"] is None:
        return f"{figure['value']:.1%}, too few groups for an interval"
    return f"{figure['value']:.1%} (95 % interval {figure['low']:.1%} to {figure['high']:.1%})"
