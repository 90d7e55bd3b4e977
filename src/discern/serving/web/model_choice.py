"""Checks that a request names at most one model, where its endpoint reads it, so that no name is ignored."""

from collections.abc import Collection

from fastapi import Request

from discern.errors import BadRequest

PARAMETER, TARGET_HEADER = "model", "X-Amzn-SageMaker-Target-Model"
_ALIKE = frozenset(("model", "models", "modelname", "modelid", "modelversion", "targetmodel", "bundle", "bundles"))
_HINT = "Name the model with ?model=NAME."


def require_one_model(request: Request) -> None:
    """Refuse a request whose query names several models, or names one in another parameter or an unread header.

    Raises:
        BadRequest: it does.
    """
    _reject_alike(request, but={PARAMETER}, hint=_HINT)
    named = list(dict.fromkeys(request.query_params.getlist(PARAMETER)))
    if len(named) > 1:
        raise BadRequest(
            f"The query names several models: {named[0][:80]!r} and {named[1][:80]!r}.",
            hint="Name one model, and send a request for each.",
        )


def require_model_in_query(request: Request) -> None:
    """Refuse a request that names several models, or names one in the header that only SageMaker's endpoints read.

    Raises:
        BadRequest: it does.
    """
    require_one_model(request)
    if TARGET_HEADER in request.headers:
        raise BadRequest(f"{request.url.path} does not read the header {TARGET_HEADER}.", hint=_HINT)


def require_no_model(request: Request) -> None:
    """Refuse a request that names a model where all models have the same answer.

    Raises:
        BadRequest: it does.
    """
    _reject_alike(request, but=(), hint="Leave it out, or ask about one model at /ping?model=NAME.")


def require_model_of_path(request: Request) -> None:
    """Refuse a request that names another model than the one in its path, or names it in another parameter.

    Raises:
        BadRequest: it does.
    """
    hint = "Name it in the path: /v2/models/NAME/infer."
    _reject_alike(request, but={PARAMETER}, hint=hint)
    given = [*request.query_params.getlist(PARAMETER), *request.headers.getlist(TARGET_HEADER)]
    for model in given:
        if model != request.path_params.get("name"):
            raise BadRequest(f"The model {model[:80]!r} is named beside the path.", hint=hint)


def _reject_alike(request: Request, *, but: Collection[str], hint: str) -> None:
    for name in request.query_params:
        if name not in but and name.lower().replace("_", "").replace("-", "") in _ALIKE:
            raise BadRequest(f"{request.url.path} has no query parameter {name[:80]!r}.", hint=hint)
