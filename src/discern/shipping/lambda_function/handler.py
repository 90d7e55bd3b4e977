"""Entry point of the function on AWS Lambda: `discern.shipping.lambda_function.handler.handler`."""

import os
from functools import cache
from typing import Any

from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from discern.shipping.lambda_function.picture_classifier import load_verified


def handler(event: Any, context: Any) -> Any:
    """Return the answer to an event, as AWS Lambda calls it."""
    return _function()(event, request_id=str(getattr(context, "aws_request_id", "")))


@cache
def _function() -> LambdaFunction:
    settings = FunctionSettings.from_environment(os.environ)
    return LambdaFunction(load_verified(settings.bundle), settings)


# Loaded and verified before the first event, while Lambda starts the function or takes its snapshot.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _function()
