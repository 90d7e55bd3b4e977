"""Simpler models have fewer weights, then a smaller input."""

from discern.evaluating import AnswerCost
from discern.flow.compare.model_size import ModelSize, order_by_simplicity


def size(parameters: int, side: int, milliseconds: float = 20.0) -> ModelSize:
    return ModelSize(
        parameters=parameters,
        multiply_adds=564_000_000,
        megabytes=15.0,
        milliseconds=milliseconds,
        backbone="lite0",
        side=side,
        cost=AnswerCost(target="lambda-x86", per_day=1000, per_month=0.1, prices_as_of="2026-09-27"),
    )


def test_weights_count_before_the_input() -> None:
    sizes = [size(25_000_000, 96), size(3_900_000, 224), size(3_900_000, 128)]
    assert order_by_simplicity(sizes, [(0.9,)] * 3) == [2, 1, 0]


def test_heads_of_one_backbone_are_of_one_size() -> None:
    assert size(3_888_841, 224).order == size(3_911_002, 224).order
    assert size(3_888_841, 224).order != size(4_100_000, 224).order
    assert size(7, 4).order < size(8, 4).order


def test_of_one_size_the_more_accurate_is_first_whatever_the_order_and_the_noise_of_a_clock() -> None:
    sizes = [size(3_900_000, 224, 19.0), size(3_900_000, 224, 21.0)]
    assert order_by_simplicity(sizes, [(0.8, 1.0), (0.9, 0.0)]) == [1, 0]
    assert order_by_simplicity(sizes, [(0.9, 0.7), (0.9, 0.6)]) == [0, 1]
