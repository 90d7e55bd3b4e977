"""The table of prices: complete rows, dates, and a user's own file."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.shipping.price_table import COLUMNS, PriceUnknown, load_prices

TODAY = date(2026, 11, 29)
HEADER = ",".join(COLUMNS)


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "prices.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def test_every_row_has_a_source_and_a_date_or_says_that_it_has_none() -> None:
    prices = list(load_prices(today=TODAY))
    assert len(prices) > 20
    for each in prices:
        assert each.source
        assert each.day is None or date(2026, 1, 1) < each.day <= TODAY
        assert each.region == "us-east-1"


@pytest.mark.parametrize(
    ("service", "item", "unit", "amount"),
    [
        ("lambda", "compute-x86", "GB-second", 0.0000166667),
        ("lambda", "compute-arm", "GB-second", 0.0000133334),
        ("lambda", "requests", "million requests", 0.20),
        ("lambda", "provisioned-idle", "GB-second", 0.0000041667),
        ("lambda", "provisioned-compute", "GB-second", 0.0000097222),
        ("sagemaker", "ml.m5.xlarge", "hour", 0.23),
        ("sagemaker", "ml.m5.2xlarge", "hour", 0.461),
        ("s3", "storage", "GB-month", 0.023),
        ("apigateway", "rest", "million requests", 3.5),
        ("apigateway", "http", "million requests", 1.0),
        ("stepfunctions", "transitions", "thousand transitions", 0.025),
        ("fargate", "vcpu", "hour", 0.04048),
        ("ecr", "storage", "GB-month", 0.1),
        ("cloudwatch", "logs", "GB", 0.5),
    ],
)
def test_the_prices_are_those_that_were_found(service: str, item: str, unit: str, amount: float) -> None:
    assert load_prices(today=TODAY).amount(service, item, unit) == amount


def test_a_price_that_is_not_known_names_the_option() -> None:
    with pytest.raises(PriceUnknown, match="price not known: give it by --prices FILE"):
        load_prices(today=TODAY).amount("fargate", "memory", "GB-hour")


def test_only_old_prices_that_were_used_are_warned_of() -> None:
    table = load_prices(today=TODAY)
    table.amount("lambda", "requests", "million requests")
    read = date(2026, 9, 27)
    assert table.warnings(read + timedelta(days=180)) == []
    (warning,) = table.warnings(read + timedelta(days=181))
    assert "older than 180 days: lambda requests" in warning
    assert "rekognition" not in warning


def test_the_date_of_the_table_is_the_oldest_one_used() -> None:
    table = load_prices(today=TODAY)
    assert table.as_of == "undated"
    table.amount("sagemaker", "ml.m5.xlarge", "hour")
    table.amount("s3", "storage", "GB-month")
    assert table.as_of == "2026-09-28"
    table.amount("lambda", "requests", "million requests")
    assert table.as_of == "2026-09-27"


def test_undated_prices_that_were_used_are_named() -> None:
    table = load_prices(today=TODAY)
    table.amount("s3", "storage", "GB-month")
    assert table.warnings(TODAY) == ["Prices whose source has no date: s3 storage."]


def test_a_file_replaces_and_adds_prices(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "lambda,requests,million requests,0.10,,,eu-central-1,contract,2026-11-01",
        "fargate,memory,GB-hour,0.004,,,us-east-1,contract,undated",
        "SageMaker,ML.T2.Large,hour,0.1,8,0.6,,contract,2026-11-01",
    )
    table = load_prices(path, today=TODAY)
    assert table.amount("lambda", "requests", "million requests") == 0.10
    assert table.amount("fargate", "memory", "GB-hour") == 0.004
    assert table.amount("lambda", "compute-x86", "GB-second") == 0.0000166667
    assert "ml.t2.large" in [each.item for each in table.of("sagemaker")]
    assert "Prices of several regions are mixed: eu-central-1, us-east-1." in table.warnings(TODAY)


def test_a_price_of_another_unit_is_refused_where_it_is_used(tmp_path: Path) -> None:
    table = load_prices(written(tmp_path, "lambda,requests,thousand requests,0.1,,,,x,undated"), today=TODAY)
    with pytest.raises(UsageError, match="has the unit 'thousand requests' instead of 'million requests'"):
        table.amount("lambda", "requests", "million requests")


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("lambda,requests,million requests,-1,,,,x,undated", "price is '-1'"),
        ("lambda,requests,million requests,nan,,,,x,undated", "price is 'nan'"),
        ("lambda,requests,million requests,inf,,,,x,undated", "price is 'inf'"),
        ("lambda,requests,million requests,$1,,,,x,undated", r"price is '\$1'"),
        ("lambda,requests,million requests,,,,,x,undated", "price is ''"),
        ("lambda,requests,parsecs,1,,,,x,undated", "unit is 'parsecs'"),
        (",requests,hour,1,,,,x,undated", "service is empty"),
        ("lambda,requests,hour,1,,,,,undated", "source is empty"),
        ("lambda,requests,hour,1,,,,x,", "date is ''"),
        ("lambda,requests,hour,1,,,,x,27.9.2026", "date is '27.9.2026'"),
        ("lambda,requests,hour,1,,,,x,2027-01-01", "later than today"),
        ("lambda,requests,million requests,1_000,,,,x,undated", "price is '1_000'"),
        ("lambda,requests,million requests,\uff11,,,,x,undated", "price is '\uff11'"),
        ("lambda,requests,million requests,1e300,,,,x,undated", "price is '1e300', not a number from 0 to 1,000,000"),
        ('lambda,requests,million requests,"1,5",,,,x,undated', "price is '1,5'"),
        ("lambda,requests,hour,1,,,,x,20260927", "date is '20260927'"),
        ("lambda,requests,hour,1,,,,x,2026-W39-7", "date is '2026-W39-7'"),
        ("sagemaker,ml.x,hour,1,0,1,,x,undated", "must be above 0"),
        ("sagemaker,ml.x,hour,1,1,1e-9,,x,undated", "must be 0.01 or more"),
        ("sagemaker,ml.x,GB,1,4,2,,x,undated", "unit is 'GB', not hour or month, as for a machine"),
        ("lambda,requests,hour,1", "number of values"),
        ("lambda,requests,hour,1,,,,x,undated,more", "number of values"),
    ],
)
def test_an_invalid_row_is_refused_with_its_line(tmp_path: Path, row: str, cause: str) -> None:
    with pytest.raises(UsageError, match=rf"prices.csv, line 2: .*{cause}"):
        load_prices(written(tmp_path, row), today=TODAY)


def test_a_repeated_row_is_refused(tmp_path: Path) -> None:
    row = "lambda,requests,million requests,1,,,,x,undated"
    with pytest.raises(UsageError, match="line 3: lambda,requests is already in line 2"):
        load_prices(written(tmp_path, row, row), today=TODAY)


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ("service,item", "has no column unit, price, source, date"),
        (HEADER + ",colour", "unknown column: 'colour'"),
        (HEADER + ",price", "repeated column: 'price'"),
        (HEADER.replace(",", ";"), "has semicolons between its columns"),
        (HEADER.replace(",", "\t"), "has tabs between its columns"),
        (HEADER, "has no prices"),
    ],
)
def test_other_columns_are_refused(tmp_path: Path, header: str, cause: str) -> None:
    with pytest.raises(UsageError, match=cause):
        load_prices(written(tmp_path, header=header), today=TODAY)


def test_a_table_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    row = "lambda,requests,million requests,0.1,,,,x,undated"
    path.write_text(f"\ufeff{HEADER}\r\n\r\n{row}\r\n,,,,,,,,\r\n \r\n", "utf-8")
    assert load_prices(path, today=TODAY).amount("lambda", "requests", "million requests") == 0.1


def test_prices_without_effect_are_named(tmp_path: Path) -> None:
    rows = (
        "lamda,requests,million requests,0.1,,,,x,undated",
        "sagemaker,ml.huge,hour,1,,,,x,undated",
        "fargate,memory,GB-hour,0.004,,,,x,undated",
    )
    assert load_prices(written(tmp_path, *rows), today=TODAY).warnings(TODAY) == [
        "Prices of the file that no estimate uses: lamda requests. Check their names.",
        "Machines of the file without memory_gb or cores, which are not compared: sagemaker ml.huge.",
    ]


def test_second_hand_prices_say_so() -> None:
    sources = {(each.service, each.item): each.source for each in load_prices(today=TODAY)}
    for service, item in (
        *(("lambda", "snapstart-cache"), ("apigateway", "http"), ("cloudfront", "requests")),
        *(("sagemaker-notebook", "ml.t3.medium"), ("rekognition", "detect-labels")),
    ):
        assert sources[service, item].startswith("second-hand: ")


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_prices(tmp_path / "missing.csv", today=TODAY)
    with pytest.raises(UsageError, match="cannot be read"):
        load_prices(tmp_path, today=TODAY)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not a CSV file in UTF-8"):
        load_prices(tmp_path / "binary.csv", today=TODAY)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(UsageError, match="has no column"):
        load_prices(tmp_path / "empty.csv", today=TODAY)
