"""Entry point of the function on AWS Lambda: `discern.shipping.lambda_function.handler.handler`."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

# Imports create nothing that is collected, and the collector would look through it again and again.
gc.disable()
from discern.shipping.lambda_function.joined_modules import use_joined_modules  # noqa: E402

use_joined_modules()
from discern.parallel import count_cores  # noqa: E402
from discern.shipping.lambda_function.deployed_model import load_verified  # noqa: E402
from discern.shipping.lambda_function.function_settings import FunctionSettings  # noqa: E402

if TYPE_CHECKING:
    from discern.shipping.lambda_function.function import LambdaFunction


def handler(event: Any, context: Any) -> Any:
    """Return the answer to an event, as AWS Lambda calls it."""
    return _function()(event, request_id=str(getattr(context, "aws_request_id", "")))


@cache
def _function() -> "LambdaFunction":
    settings = FunctionSettings.from_environment(os.environ)
    with ThreadPoolExecutor(1) as executor:
        model = executor.submit(load_verified, settings.bundle, settings.fingerprint)
        if count_cores() == 1:  # two threads would only take turns
            model.result()
        # Imported while ONNX Runtime builds the graph.
        from discern.shipping.lambda_function.function import LambdaFunction  # noqa: PLC0415

        return LambdaFunction(model.result(), settings)


# Loaded and verified before the first event, while Lambda starts the function or takes its snapshot.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _function()
gc.freeze()
gc.enable()
