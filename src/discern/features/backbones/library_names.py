"""Names of the networks of timm and torchvision.

This module imports torch.
"""

from difflib import get_close_matches

import timm
import torchvision

from discern.errors import BackboneError

_SHOWN = 4


def require_network(library: str, name: str) -> None:
    """Check that a library has a network.

    Raises:
        BackboneError: it has none of that name; the hint lists similar names.
    """
    base, _, tag = name.partition(".")
    if library == "timm":
        names, is_known = timm.list_models(), timm.is_model(base)
    else:
        names, tag = torchvision.models.list_models(module=torchvision.models), ""
        is_known = name in names
    if not is_known:
        similar = get_close_matches(base, names, _SHOWN, cutoff=0.5)
        hint = (
            f"Similar names: {', '.join(similar)}." if similar else f"{library} lists its names with `list_models()`."
        )
        raise BackboneError(f"There is no network {base!r} in {library}.", hint=hint)
    tags = [each.partition(".")[2] for each in timm.list_pretrained(f"{base}.*")] if tag else []
    if tag and tag not in tags:
        raise BackboneError(
            f"timm knows no weights with the tag {tag!r} for {base}.",
            hint=f"Its tags: {', '.join(tags)}." if tags else "Omit the tag, and pass a file with --weights.",
        )


def published_name(name: str) -> str:
    """Return the name under which timm publishes the weights of a network on the hub, with a tag.

    Raises:
        BackboneError: it does not publish them there.
    """
    require_network("timm", name)
    published = timm.get_pretrained_cfg(name)
    owner, _, found = str(published.hf_hub_id or "").partition("/") if published else ("", "", "")
    if owner != "timm" or published.hf_hub_filename:
        raise BackboneError(
            f"timm does not publish the weights of {name} as a repository of its own on the hub.",
            hint=f"Tags that it does: {', '.join(timm.list_pretrained(f'{name}.*')[:_SHOWN]) or 'none'}.",
        )
    return found or f"{published.architecture}.{published.tag}"


def published_address(library: str, name: str) -> str:
    """Return the address of the weights that a library publishes for a network; empty if it publishes none.

    Raises:
        BackboneError: it has no network of that name.
    """
    require_network(library, name)
    if library == "torchvision":
        return str(torchvision.models.get_model_weights(name).DEFAULT.url)
    published = timm.get_pretrained_cfg(name)
    return str((published and published.url) or "")


def known_name(name: str, otherwise: str) -> str:
    """Return the name of a network with a tag if timm knows the tag, and another name if it does not."""
    return name if name in timm.list_pretrained(f"{name.partition('.')[0]}.*") else otherwise
