"""Estimates for what is paid by use: functions, the interfaces in front of them, and serverless endpoints."""

from collections.abc import Callable

from discern.shipping.cold_starts import cold_starts_per_day
from discern.shipping.cost_row import CORE_GB, DAYS, CostRow, Workload
from discern.shipping.price_table import PriceTable

FREE_REQUESTS, FREE_GB_SECONDS = 1e6, 4e5
"""Permanent monthly allowance of a Lambda account, by AWS's guide `How AWS Pricing Works` (undated)."""
_LOG_GB = 400e-9  # START, END and REPORT lines of one answer; not tuned
_TRANSITIONS = 4  # start, serialize, classify, filter
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


def api_estimate(interface: str) -> Estimate:
    """Return the estimate of a whole service: a function with an API in front, its logs and its stored package.

    Args:
        interface: "http" or "rest".
    """

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        parts = _function_parts(prices, work, "x86")
        parts["api"] = work.per_month / 1e6 * prices.amount("apigateway", interface, "million requests")
        parts["logs"] = work.per_month * _LOG_GB * prices.amount("cloudwatch", "logs", "GB")
        parts["storage"] = work.package_gb * prices.amount("s3", "storage", "GB-month")
        said = (
            *_function_assumptions(work, "x86"),
            f"{interface.upper()} API of API Gateway; {_LOG_GB * 1e9:.0f} bytes of logs an answer; the package of "
            f"{work.package_gb * 1000:.0f} MB in S3.",
            "Without data transfer to the internet.",
        )
        return CostRow(target=f"lambda-{interface}-api", parts=parts, answers=work.per_month, assumptions=said)

    return estimate


def workflow_estimate(prices: PriceTable, work: Workload) -> CostRow:
    """Estimate a workflow of Step Functions whose classifying step is a function."""
    parts = _function_parts(prices, work, "x86")
    transitions = work.per_month * _TRANSITIONS / 1000
    parts["transitions"] = transitions * prices.amount("stepfunctions", "transitions", "thousand transitions")
    said = (
        *_function_assumptions(work, "x86"),
        f"Standard workflow with {_TRANSITIONS} transitions an answer; its other two functions take a few milliseconds "
        "and are left out.",
    )
    return CostRow(target="step-functions", parts=parts, answers=work.per_month, assumptions=said)


def serverless_estimate(prices: PriceTable, work: Workload) -> CostRow:
    """Estimate a serverless endpoint of SageMaker."""
    need = max(work.resident_gb, work.memory_gb)
    memory = next((size for size in _SERVERLESS_GB if size >= need), None)
    target = "serverless-endpoint"
    if memory is None:
        limit = f"It has {_SERVERLESS_GB[-1]} GB at most, and {need:.2f} GB are needed."
        return CostRow(target=target, parts=None, answers=work.per_month, one_off=None, assumptions=(limit,))
    rate = prices.amount("sagemaker-serverless", "compute", "GB-second") * memory
    parts = {
        "compute": work.per_month * work.billed_seconds * rate,
        "cold starts": _cold_starts(work) * (work.cold_start or 0) * rate,
        "data": work.per_month * work.picture_gb * prices.amount("sagemaker-serverless", "data", "GB"),
    }
    size = f"{work.picture_gb * 1e6:.0f} KB a picture"
    said = (f"{memory} GB, {work.milliseconds:.4g} ms an answer, {size}; {_cold_start_text(work)}",)
    return CostRow(target=target, parts=parts, answers=work.per_month, assumptions=said)


def price_per_answer(prices: PriceTable, work: Workload, processor: str = "x86") -> tuple[float, float]:
    """Return the US dollars that a function takes for one answer: for its computation and for its request."""
    rate = prices.amount("lambda", f"compute-{processor}", "GB-second")
    return work.billed_seconds * work.memory_gb * rate, prices.amount("lambda", "requests", "million requests") / 1e6


def _function_parts(prices: PriceTable, work: Workload, processor: str) -> dict[str, float]:
    rate = prices.amount("lambda", f"compute-{processor}", "GB-second")
    starting = _cold_starts(work) * (work.cold_start or 0) * work.memory_gb
    computing = work.per_month * work.billed_seconds * work.memory_gb
    free_requests, free_seconds = (FREE_REQUESTS, FREE_GB_SECONDS) if work.free_tier else (0.0, 0.0)
    used = min(computing, free_seconds)
    requests = max(0.0, work.per_month - free_requests) / 1e6
    return {
        "compute": (computing - used) * rate,
        "requests": requests * prices.amount("lambda", "requests", "million requests"),
        "cold starts": max(0.0, starting - (free_seconds - used)) * rate,
    }


def _cold_starts(work: Workload) -> float:
    """Return the expected number of cold starts in a month."""
    each = cold_starts_per_day(work.per_day, seconds=work.seconds, idle_minutes=work.idle_minutes)
    return each * DAYS


def _cold_start_text(work: Workload) -> str:
    if work.cold_start is None:
        return "without cold starts, whose length is not known (--cold-start)."
    return (
        f"{_cold_starts(work):,.0f} cold starts a month of {work.cold_start:.2f} s, which are billed (requests arrive "
        f"independently and evenly, an idle environment is kept for {work.idle_minutes:g} minutes)."
    )


def _function_assumptions(work: Workload, processor: str) -> tuple[str, ...]:
    cores = work.memory_gb / CORE_GB
    size = f"{work.memory_gb:.2f} GB ({cores:.2g} cores)" if cores < 0.99 else f"{work.memory_gb:.2f} GB"
    free = f"{FREE_REQUESTS:,.0f} requests and {FREE_GB_SECONDS:,.0f} GB-seconds a month are free"
    same = " The time is taken to be that of x86." if processor == "arm" else ""
    return (
        f"{work.milliseconds:.4g} ms an answer in {size}; {_cold_start_text(work)}{same}",
        f"Free tier on: {free}." if work.free_tier else f"Free tier off (with --free-tier, {free}).",
    )
