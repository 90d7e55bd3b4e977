"""Estimate for a page on a static host."""

from dataclasses import dataclass

from discern.shipping.cost_row import CostRow, Workload
from discern.shipping.function_costs import Estimate
from discern.shipping.price_table import PriceTable


@dataclass(frozen=True, kw_only=True)
class SiteFiles:
    """Files of a page.

    Attributes:
        number: number of files.
        gb: their size in GB.
    """

    number: int
    gb: float


def site_estimate(files: SiteFiles) -> Estimate:
    """Return the estimate of a page in S3 behind CloudFront.

    It is an upper limit: the number of visitors is not known, so every answer is taken to be a new visitor's.

    Args:
        files: files of the page.
    """

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        requests = work.per_month * files.number / 1000
        parts = {
            "storage": files.gb * prices.amount("s3", "storage", "GB-month"),
            "transfer": work.per_month * files.gb * prices.amount("cloudfront", "transfer", "GB"),
            "requests": requests * prices.amount("cloudfront", "requests", "thousand requests"),
        }
        said = (
            f"At most: each answer is taken to be a new visitor's, who downloads all {files.number:,} files of "
            f"{files.gb * 1000:.1f} MB. Browsers keep them, so that further answers cost nothing.",
            "Without the 1,000 GB and 10,000,000 requests a month that CloudFront gives for nothing.",
        )
        upload = files.number / 1000 * prices.amount("s3", "put", "thousand requests")
        return CostRow(target="site", parts=parts, answers=work.per_month, one_off=upload, assumptions=said)

    return estimate
