"""Estimates for what is paid by use: functions, the interfaces in front of them, and serverless endpoints."""

from collections.abc import Callable
from dataclasses import replace

from discern.shipping.cold_starts import cold_starts_per_day
from discern.shipping.cost_row import CORE_GB, DAYS, HOURS, CostRow, Workload
from discern.shipping.price_table import CostUnknown, PriceTable

FREE_REQUESTS, FREE_GB_SECONDS = 1e6, 4e5
"""Permanent monthly allowance of a Lambda account, by AWS's guide `How AWS Pricing Works` (undated)."""
_LOG_GB = 400e-9  # START, END and REPORT lines of one answer; not tuned
PICTURE_TRANSITIONS = 5.0
"""States that an accepted picture enters in the workflow of `discern ship workflow` without options."""
_STEPS = 3  # invocations of the function for a picture: serialize, classify, filter
_MOST_GB, _API_SECONDS = 10.0, 30  # of AWS Lambda, and of an HTTP or REST API in front of it
_SERVERLESS_GB = (1, 2, 3, 4, 5, 6)
Estimate = Callable[[PriceTable, Workload], CostRow]


def lambda_estimate(processor: str) -> Estimate:
    """Return the estimate of a function that is called directly or by its own URL.

    Args:
        processor: "x86" or "arm".
    """

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        parts = _function_parts(prices, work, processor)
        said = (*_function_assumptions(work, processor), "Without logs, an API in front, storage and data transfer.")
        return CostRow(target=f"lambda-{processor}", parts=parts, answers=work.per_month, assumptions=said)

    return estimate


def api_estimate(interface: str, processor: str = "x86", *, snapshot: bool = False) -> Estimate:
    """Return the estimate of a whole service: a function with an API in front, its logs and its stored package.

    Args:
        interface: "http" or "rest".
        processor: "x86" or "arm".
        snapshot: whether the function starts from a snapshot (SnapStart).
    """

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        if work.function_seconds > _API_SECONDS:
            raise CostUnknown(
                f"An API waits {_API_SECONDS} s for an answer, which takes {work.function_seconds:.0f} s."
            )
        parts = _function_parts(prices, work, processor)
        if snapshot:
            parts |= _snapshot_parts(prices, work)
        parts["api"] = work.per_month / 1e6 * prices.amount("apigateway", interface, "million requests")
        parts["logs"] = work.per_month * _LOG_GB * prices.amount("cloudwatch", "logs", "GB")
        stored = ""
        if work.package_gb:
            parts["storage"] = work.package_gb * prices.amount("s3", "storage", "GB-month")
            stored = f"; the package of {work.package_gb * 1000:.0f} MB in S3"
        said = (
            *_function_assumptions(work, processor, snapshot=snapshot),
            f"{interface.upper()} API of API Gateway; {_LOG_GB * 1e9:.0f} bytes of logs an answer{stored}.",
            "Without data transfer to the internet.",
        )
        target = api_target(interface, processor, snapshot=snapshot)
        return CostRow(target=target, parts=parts, answers=work.per_month, assumptions=said)

    return estimate


def api_target(interface: str, processor: str = "x86", *, snapshot: bool = False) -> str:
    """Return the name of the row of `api_estimate`.

    >>> api_target("http"), api_target("http", "arm", snapshot=True)
    ('lambda-http-api', 'lambda-snapstart-arm')
    """
    name = "lambda-snapstart" if snapshot else f"lambda-{interface}-api"
    return f"{name}-arm" if processor == "arm" else name


def workflow_estimate(transitions: float = PICTURE_TRANSITIONS) -> Estimate:
    """Return the estimate of a workflow of Step Functions whose tasks are run by a function.

    Args:
        transitions: states that an accepted picture enters.
    """

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        parts = _function_parts(prices, work, "x86", invocations=_STEPS)
        number = work.per_month * transitions / 1000
        parts["transitions"] = number * prices.amount("stepfunctions", "transitions", "thousand transitions")
        parts["logs"] = work.per_month * _STEPS * _LOG_GB * prices.amount("cloudwatch", "logs", "GB")
        parts["pictures"] = work.per_month * 2 / 1000 * prices.amount("s3", "get", "thousand requests")
        said = (
            *_function_assumptions(work, "x86"),
            f"Standard workflow: an accepted picture enters {transitions:g} states, and each is a transition. Retries, "
            "notices and copies of pictures that do not pass are left out.",
            f"The function runs {_STEPS} tasks for a picture and reads it twice from S3; the time of serialize and "
            "filter, some milliseconds, is left out. So is the storage of the pictures.",
        )
        return CostRow(target="step-functions", parts=parts, answers=work.per_month, assumptions=said)

    return estimate


def serverless_estimate(prices: PriceTable, work: Workload) -> CostRow:
    """Estimate a serverless endpoint of SageMaker."""
    need = max(work.resident_gb, work.memory_gb)
    memory = next((size for size in _SERVERLESS_GB if size >= need), None)
    target = "serverless-endpoint"
    if memory is None:
        limit = f"It has {_SERVERLESS_GB[-1]} GB at most, and {need:.2f} GB are needed."
        return CostRow(target=target, parts=None, answers=work.per_month, one_off=None, assumptions=(limit,))
    work = replace(work, memory_gb=memory)
    rate = prices.amount("sagemaker-serverless", "compute", "GB-second") * memory
    parts = {
        "compute": work.per_month * work.billed_seconds * rate,
        "cold starts": _cold_starts(work) * _start_seconds(work) * rate,
        "data": work.per_month * work.picture_gb * prices.amount("sagemaker-serverless", "data", "GB"),
    }
    size = f"{work.picture_gb * 1e6:.0f} KB a picture"
    said = (f"{memory} GB, {work.function_seconds * 1000:.4g} ms an answer, {size}; {_cold_start_text(work)}",)
    return CostRow(target=target, parts=parts, answers=work.per_month, assumptions=said)


def price_per_answer(prices: PriceTable, work: Workload, processor: str = "x86") -> tuple[float, float]:
    """Return the US dollars that a function takes for one answer: for its computation and for its request."""
    _require_function(work)
    rate = prices.amount("lambda", f"compute-{processor}", "GB-second")
    return work.billed_seconds * work.memory_gb * rate, prices.amount("lambda", "requests", "million requests") / 1e6


def _function_parts(prices: PriceTable, work: Workload, processor: str, *, invocations: int = 1) -> dict[str, float]:
    _require_function(work)
    rate = prices.amount("lambda", f"compute-{processor}", "GB-second")
    starting = _cold_starts(work) * _start_seconds(work) * work.memory_gb
    computing = work.per_month * work.billed_seconds * work.memory_gb
    free_requests, free_seconds = (FREE_REQUESTS, FREE_GB_SECONDS) if work.free_tier else (0.0, 0.0)
    used = min(computing, free_seconds)
    requests = max(0.0, work.per_month * invocations - free_requests) / 1e6
    return {
        "compute": (computing - used) * rate,
        "requests": requests * prices.amount("lambda", "requests", "million requests"),
        "cold starts": max(0.0, starting - (free_seconds - used)) * rate,
    }


def _snapshot_parts(prices: PriceTable, work: Workload) -> dict[str, float]:
    """Return the parts of a function that is started from a snapshot, instead of its initialisation."""
    kept = work.memory_gb * HOURS * 3600 * prices.amount("lambda", "snapstart-cache", "GB-second")
    restored = _cold_starts(work) * work.memory_gb * prices.amount("lambda", "snapstart-restore", "GB")
    return {"cold starts": 0.0, "snapshot": kept, "restores": restored}


def _require_function(work: Workload) -> None:
    if work.memory_gb > _MOST_GB:
        raise CostUnknown(f"A function has {_MOST_GB:g} GB at most, and {work.memory_gb:.2f} GB are needed.")


def _cold_starts(work: Workload) -> float:
    """Return the expected number of cold starts in a month."""
    each = cold_starts_per_day(work.per_day, seconds=work.function_seconds, idle_minutes=work.idle_minutes)
    return each * DAYS


def _start_seconds(work: Workload) -> float:
    """Return the seconds of one cold start, which are 0 if they are not known."""
    return (work.cold_start or 0) * work.slowdown


def _cold_start_text(work: Workload) -> str:
    if work.cold_start is None:
        return "without cold starts, whose length is not known (--cold-start)."
    return (
        f"{_cold_starts(work):,.0f} cold starts a month of {_start_seconds(work):.2f} s, which are billed "
        f"({_arrivals(work)})."
    )


def _arrivals(work: Workload) -> str:
    return f"requests arrive independently and evenly, an idle environment is kept for {work.idle_minutes:g} minutes"


def _start_text(work: Workload, *, snapshot: bool) -> str:
    if not snapshot:
        return _cold_start_text(work)
    return (
        f"its snapshot is kept all the time, and restored {_cold_starts(work):,.0f} times a month ({_arrivals(work)})."
    )


def _function_assumptions(work: Workload, processor: str, *, snapshot: bool = False) -> tuple[str, ...]:
    cores = work.memory_gb / CORE_GB
    size = f"{work.memory_gb:.2f} GB ({cores:.2g} cores)" if cores < 0.99 else f"{work.memory_gb:.2f} GB"
    free = f"{FREE_REQUESTS:,.0f} requests and {FREE_GB_SECONDS:,.0f} GB-seconds a month are free"
    same = " The time is taken to be that of x86." if processor == "arm" else ""
    return (
        f"{work.function_seconds * 1000:.4g} ms an answer in {size}; {_start_text(work, snapshot=snapshot)}{same}",
        f"Free tier on: {free}." if work.free_tier else f"Free tier off; with it, {free}.",
    )
