import numpy as np
import pytest

from discern.errors import DataError
from discern.splitting import SplitConfig, make_split, random_split

TEN_A_CLASS = ["cat"] * 10 + ["dog"] * 10


def across(split, groups, fold):
    """What the two sides of a round share: groups, and confirmed pairs."""
    judged, learned = split.judged_rows(fold), split.training_rows(fold)
    pairs = {tuple(pair) for pair in groups.straddling.select("first", "second").iter_rows()}
    joined = {(int(a), int(b)) for a in judged for b in learned} | {(int(b), int(a)) for a in judged for b in learned}
    return set(groups.group[judged]) & set(groups.group[learned]), pairs & joined


def assert_clean(split, groups):
    assert split.proof["holds"]
    for fold in split.rounds:
        assert across(split, groups, fold) == (set(), set())


def test_a_small_set_is_judged_group_by_group(make_catalog, make_groups):
    groups = make_groups(np.arange(20) // 2)
    split = make_split(make_catalog(TEN_A_CLASS), groups)
    assert split.method == "grouped-cv"
    assert split.held == (0, 1, 2, 3, 4)
    assert not split.test.any()
    assert sorted(np.concatenate([split.judged_rows(fold) for fold in split.held])) == list(range(20))
    assert_clean(split, groups)
    for fold in split.held:
        assert np.bincount(np.arange(20)[split.fold == fold] // 10).tolist() == [2, 2]


def test_a_class_with_fewer_groups_stands_in_as_many_folds(make_catalog, make_groups):
    labels = ["rare"] * 6 + ["common"] * 30
    split = make_split(make_catalog(labels), make_groups([0, 0, 0, 1, 1, 2, *range(3, 33)]))
    assert len(set(split.fold[:6])) == 3
    assert split.unjudged == ()


def test_a_class_with_one_group_is_learned_and_not_judged(make_catalog, make_groups):
    labels = ["film"] * 4 + ["common"] * 10
    split = make_split(make_catalog(labels), make_groups([0] * 4 + list(range(1, 11))))
    assert split.unjudged == ("film",)
    assert split.always[:4].all()
    assert (split.fold[:4] == -1).all()
    assert split.learned.all()
    for fold in split.held:
        assert set(range(4)) <= set(split.training_rows(fold))
        assert not set(range(4)) & set(split.judged_rows(fold))


def test_a_class_that_is_never_judged_still_leaves_training_where_it_shares_a_group(make_catalog, make_groups):
    labels = ["film", "film"] + ["common"] * 10
    groups = make_groups([0, 0, 0, *range(1, 10)])
    split = make_split(make_catalog(labels), groups)
    assert split.unjudged == ("film",)
    assert_clean(split, groups)
    assert split.left_out[split.fold[2]].tolist() == [0, 1]


def test_where_nothing_can_be_judged_all_is_learned(make_catalog, make_groups):
    split = make_split(make_catalog(["a", "a", "b"]), make_groups([0, 0, 1]))
    assert split.rounds == ()
    assert split.unjudged == ("a", "b")
    assert split.always.all()
    assert split.proof["holds"]
    assert "nothing can be judged" in split.reason


def test_a_copy_in_another_group_is_left_out_of_training(make_catalog, make_groups):
    groups = make_groups(range(20), straddling=[(0, 1), (2, 15)])
    split = make_split(make_catalog(TEN_A_CLASS), groups)
    assert_clean(split, groups)
    for row, other in ((0, 1), (1, 0), (2, 15), (15, 2)):
        if split.fold[row] != split.fold[other]:
            assert other in split.left_out[split.fold[row]]


def test_a_class_of_two_groups_that_are_copies_is_not_judged(make_catalog, make_groups):
    groups = make_groups(range(12), straddling=[(0, 1)])
    split = make_split(make_catalog(["pair"] * 2 + ["common"] * 10), groups)
    assert split.unjudged == ("pair",)
    assert split.always[:2].all()


def test_pictures_without_label_or_content_are_not_used(make_catalog, make_groups):
    catalog = make_catalog([None, "cat", *TEN_A_CLASS], error=[None, "empty"] + [None] * 20)
    split = make_split(catalog, make_groups(range(22)))
    assert (split.fold[:2] == -1).all()
    assert not split.learned[:2].any()
    assert (split.part[:2] == "").all()


def test_nothing_to_split_is_said(make_catalog, make_groups):
    with pytest.raises(DataError, match="label") as caught:
        make_split(make_catalog([None, None]), make_groups([0, 1]))
    assert caught.value.hint


def test_excluded_pictures_are_neither_learned_nor_judged(make_catalog, make_groups):
    exclude = np.zeros(20, bool)
    exclude[3] = True
    split = make_split(make_catalog(TEN_A_CLASS), make_groups(range(20)), exclude=exclude)
    assert split.fold[3] == -1
    assert not split.learned[3]


def test_a_class_of_excluded_pictures_alone_is_learned_and_not_judged(make_catalog, make_groups):
    exclude = np.arange(23) >= 20
    split = make_split(make_catalog([*TEN_A_CLASS, "odd", "odd", "odd"]), make_groups(range(23)), exclude=exclude)
    assert split.always[20:].all()
    assert split.unjudged == ("odd",)


def test_everything_excluded_is_learned_and_not_judged(make_catalog, make_groups):
    split = make_split(make_catalog(TEN_A_CLASS), make_groups(range(20)), exclude=np.ones(20, bool))
    assert split.always.all()
    assert split.rounds == ()


class TestLargeSets:
    config = SplitConfig(small=200)
    labels = ["a"] * 400 + ["b"] * 200

    def split(self, make_catalog, groups):
        return make_split(make_catalog(self.labels), groups, self.config)

    def test_have_a_test_part_and_a_validation_fold(self, make_catalog, make_groups):
        groups = make_groups(np.arange(600) // 2)
        split = self.split(make_catalog, groups)
        assert split.method == "test-part"
        assert split.held == (0,)
        assert split.rounds == (0, -1)
        for first, last in ((0, 400), (400, 600)):
            share = np.array([(split.part[first:last] == part).mean() for part in ("train", "validation", "test")])
            assert np.abs(share - (0.7, 0.2, 0.1)).max() <= 0.02
        assert np.array_equal(split.fold == 0, split.part == "validation")
        assert np.array_equal(split.fold == 1, split.part == "train")
        assert np.array_equal(split.test, split.part == "test")
        assert_clean(split, groups)

    def test_leave_a_copy_of_a_test_picture_out_of_training(self, make_catalog, make_groups):
        groups = make_groups(range(600), straddling=[(row, row + 1) for row in range(0, 100, 2)])
        split = self.split(make_catalog, groups)
        assert_clean(split, groups)
        assert split.leaks == len(split.left_out[-1]) > 0
        assert (split.fold[split.left_out[-1]] == -1).all()
        assert (split.part[split.left_out[-1]] == "").all()

    def test_of_few_groups_are_cross_validated(self, make_catalog, make_groups):
        groups = make_groups(np.arange(600) // 10)
        split = self.split(make_catalog, groups)
        assert split.method == "grouped-cv"
        assert "too few" in split.reason
        assert_clean(split, groups)

    def test_whose_classes_have_two_groups_have_both_sides(self, make_catalog, make_groups):
        labels = [f"c{row // 10:02d}" for row in range(400)]
        groups = make_groups(np.arange(400) // 5)
        split = make_split(make_catalog(labels), groups, self.config)
        assert split.method == "test-part"
        assert split.unjudged == ()
        for first in range(0, 400, 10):
            assert sorted(set(split.part[first : first + 10])) == ["test", "train"]
        assert_clean(split, groups)

    def test_without_a_test_share_are_cross_validated(self, make_catalog, make_groups):
        config = SplitConfig(small=200, parts=(0.8, 0.2, 0.0))
        split = make_split(make_catalog(self.labels), make_groups(range(600)), config)
        assert split.method == "grouped-cv"
        assert "test" not in split.part


class TestGivenParts:
    labels = ["a"] * 20 + ["b"] * 20
    part = (["train"] * 15 + ["test"] * 5) * 2

    def test_a_given_test_part_judges(self, make_catalog, make_groups):
        groups = make_groups(range(40))
        split = make_split(make_catalog(self.labels, part=self.part), groups)
        assert split.method == "test-part"
        assert split.leaks == 0
        assert split.test.tolist() == [part == "test" for part in self.part]
        assert split.held == (0, 1, 2, 3, 4)
        assert_clean(split, groups)

    def test_a_lone_validation_part_judges(self, make_catalog, make_groups):
        part = ["validation" if part == "test" else part for part in self.part]
        split = make_split(make_catalog(self.labels, part=part), make_groups(range(40)))
        assert split.method == "test-part"
        assert split.test.sum() == 10
        assert "validation" in split.reason

    def test_a_validation_part_beside_a_test_part_is_learned_from(self, make_catalog, make_groups):
        part = ["validation", *self.part[1:]]
        split = make_split(make_catalog(self.labels, part=part), make_groups(range(40)))
        assert split.fold[0] >= 0
        assert not split.test[0]

    def test_a_large_set_chooses_on_one_validation_fold(self, make_catalog, make_groups):
        split = make_split(make_catalog(self.labels, part=self.part), make_groups(range(40)), SplitConfig(small=30))
        assert split.held == (0,)
        assert split.test.sum() == 10

    def test_leaks_leave_training_and_not_the_test_part(self, make_catalog, make_groups):
        groups = make_groups([19, *range(1, 40)], straddling=[(1, 18), (2, 3)])
        split = make_split(make_catalog(self.labels, part=self.part), groups)
        assert split.left_out[-1].tolist() == [0, 1]
        assert split.leaks == 2
        assert split.test.sum() == 10
        assert not split.learned[:2].any()
        assert_clean(split, groups)

    def test_are_set_aside_where_a_class_would_lose_most_groups(self, make_catalog, make_groups):
        group = np.arange(40)
        group[:8] = 15
        groups = make_groups(group, straddling=[(row, 16) for row in range(8, 12)])
        split = make_split(make_catalog(self.labels, part=self.part), groups)
        assert split.method == "grouped-cv"
        assert "'a'" in split.reason
        assert split.learned.all()
        assert split.leaks == 0
        assert_clean(split, groups)

    def test_half_of_the_groups_may_leave(self, make_catalog, make_groups):
        groups = make_groups([15, 15, 16, 17, 18, *range(5, 40)])
        split = make_split(
            make_catalog(self.labels[:10] + self.labels[15:], part=self.part[:10] + self.part[15:]),
            make_groups(np.concatenate([groups.group[:10], groups.group[15:]])),
        )
        assert split.method == "test-part"
        assert split.leaks == 5

    def test_are_set_aside_where_a_class_is_in_the_test_part_alone(self, make_catalog, make_groups):
        labels = [*self.labels, "new", "new", "new"]
        split = make_split(make_catalog(labels, part=[*self.part, "test", "test", "test"]), make_groups(range(43)))
        assert split.method == "grouped-cv"
        assert "'new'" in split.reason
        assert split.learned.all()

    def test_a_class_that_is_in_training_alone_is_not_judged(self, make_catalog, make_groups):
        labels = [*self.labels, "new", "new", "new"]
        split = make_split(make_catalog(labels, part=[*self.part, "train", "train", "train"]), make_groups(range(43)))
        assert split.method == "test-part"
        assert split.unjudged == ("new",)

    @pytest.mark.parametrize("only", ["train", "test", "validation"])
    def test_one_part_is_as_good_as_none(self, make_catalog, make_groups, only):
        split = make_split(make_catalog(self.labels, part=[only] * 40), make_groups(range(40)))
        assert split.method == "grouped-cv"
        assert split.learned.all()

    def test_an_unlabelled_test_part_does_not_judge(self, make_catalog, make_groups):
        labels = [None if part == "test" else label for label, part in zip(self.labels, self.part, strict=True)]
        split = make_split(make_catalog(labels, part=self.part), make_groups(range(40)))
        assert split.method == "grouped-cv"
        assert split.learned.sum() == 30


class TestNaive:
    labels = ("a",) * 120 + ("b",) * 60 + ("film",) * 5
    group = (*np.arange(180) // 2, *[900] * 5)

    def test_has_the_same_pictures_and_sizes(self, make_catalog, make_groups):
        catalog = make_catalog(self.labels)
        split = make_split(catalog, make_groups(self.group))
        naive = random_split(catalog, split, seed=3)
        assert naive.held == split.held
        assert np.array_equal(naive.learned, split.learned)
        for klass in range(3):
            rows = catalog.label_index == klass
            assert np.bincount(naive.fold[rows] + 1).tolist() == np.bincount(split.fold[rows] + 1).tolist()
        assert not np.array_equal(naive.fold, split.fold)
        assert naive.left_out == {}

    def test_turns_a_test_part_into_folds_of_its_size(self, make_catalog, make_groups):
        catalog = make_catalog(self.labels)
        split = make_split(catalog, make_groups(self.group), SplitConfig(small=10, parts=(0.5, 0.25, 0.25)))
        assert split.method == "test-part"
        naive = random_split(catalog, split, seed=3)
        assert (naive.method, naive.held) == ("grouped-cv", (0, 1, 2, 3))
        assert np.array_equal(naive.learned, split.learned | split.test)
        for klass in range(2):
            assert np.ptp(np.bincount(naive.fold[catalog.label_index == klass])) <= 1

    def test_ignores_groups(self, make_catalog, make_groups):
        catalog = make_catalog(["a"] * 40 + ["b"] * 40)
        groups = make_groups(np.arange(80) // 4)
        naive = random_split(catalog, make_split(catalog, groups), seed=0)
        assert len({(group, fold) for group, fold in zip(groups.group, naive.fold, strict=True)}) > 40
