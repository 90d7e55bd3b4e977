"""Entry point of the function on AWS Lambda: `discern.shipping.lambda_function.handler.handler`."""

import gc
import os
from functools import cache
from typing import Any

# Imports create nothing that is collected, and the collector would look through it again and again.
gc.disable()
from discern.shipping.lambda_function.joined_modules import use_joined_modules  # noqa: E402

use_joined_modules()
from discern.shipping.lambda_function.deployed_model import load_verified  # noqa: E402
from discern.shipping.lambda_function.function import LambdaFunction  # noqa: E402
from discern.shipping.lambda_function.function_settings import FunctionSettings  # noqa: E402


def handler(event: Any, context: Any) -> Any:
    """Return the answer to an event, as AWS Lambda calls it."""
    return _function()(event, request_id=str(getattr(context, "aws_request_id", "")))


@cache
def _function() -> LambdaFunction:
    settings = FunctionSettings.from_environment(os.environ)
    return LambdaFunction(load_verified(settings.bundle, settings.fingerprint), settings)


# Loaded and verified before the first event, while Lambda starts the function or takes its snapshot.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _function()
gc.freeze()
gc.enable()
