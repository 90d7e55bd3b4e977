import numpy as np
import pytest

from discern.errors import DataError
from discern.splitting import SplitConfig, make_split, random_split

TEN_PER_CLASS = ["cat"] * 10 + ["dog"] * 10


def shared(split, groups, fold):
    """Return the groups and confirmed pairs that training and held-out rows of a round share."""
    test, train = split.held_out_rows(fold), split.training_rows(fold)
    pairs = {tuple(pair) for pair in groups.cross_pairs.select("first", "second").iter_rows()}
    joined = {(int(a), int(b)) for a in test for b in train} | {(int(b), int(a)) for a in test for b in train}
    return set(groups.group[test]) & set(groups.group[train]), pairs & joined


def assert_leak_free(split, groups):
    assert split.proof["holds"]
    for fold in split.rounds:
        assert shared(split, groups, fold) == (set(), set())


def test_a_small_data_set_is_cross_validated_by_group(make_catalog, make_groups):
    groups = make_groups(np.arange(20) // 2)
    split = make_split(make_catalog(TEN_PER_CLASS), groups)
    assert split.method == "grouped-cv"
    assert split.held_out == (0, 1, 2, 3, 4)
    assert not split.test.any()
    assert sorted(np.concatenate([split.held_out_rows(fold) for fold in split.held_out])) == list(range(20))
    assert_leak_free(split, groups)
    for fold in split.held_out:
        assert np.bincount(np.arange(20)[split.fold == fold] // 10).tolist() == [2, 2]


def test_a_class_with_fewer_groups_is_in_as_many_folds(make_catalog, make_groups):
    labels = ["rare"] * 6 + ["common"] * 30
    split = make_split(make_catalog(labels), make_groups([0, 0, 0, 1, 1, 2, *range(3, 33)]))
    assert len(set(split.fold[:6])) == 3
    assert split.unevaluated == ()


def test_a_class_with_one_group_is_always_in_training(make_catalog, make_groups):
    labels = ["film"] * 4 + ["common"] * 10
    split = make_split(make_catalog(labels), make_groups([0] * 4 + list(range(1, 11))))
    assert split.unevaluated == ("film",)
    assert split.always[:4].all()
    assert (split.fold[:4] == -1).all()
    assert split.train.all()
    for fold in split.held_out:
        assert set(range(4)) <= set(split.training_rows(fold))
        assert not set(range(4)) & set(split.held_out_rows(fold))


def test_an_unevaluated_class_is_left_out_if_it_shares_a_group(make_catalog, make_groups):
    labels = ["film", "film"] + ["common"] * 10
    groups = make_groups([0, 0, 0, *range(1, 10)])
    split = make_split(make_catalog(labels), groups)
    assert split.unevaluated == ("film",)
    assert_leak_free(split, groups)
    assert split.left_out[split.fold[2]].tolist() == [0, 1]


def test_everything_is_in_training_if_nothing_can_be_evaluated(make_catalog, make_groups):
    split = make_split(make_catalog(["a", "a", "b"]), make_groups([0, 0, 1]))
    assert split.rounds == ()
    assert split.unevaluated == ("a", "b")
    assert split.always.all()
    assert split.proof["holds"]
    assert "nothing can be evaluated" in split.reason


def test_a_copy_in_another_group_is_left_out_of_training(make_catalog, make_groups):
    groups = make_groups(range(20), cross_pairs=[(0, 1), (2, 15)])
    split = make_split(make_catalog(TEN_PER_CLASS), groups)
    assert_leak_free(split, groups)
    for row, other in ((0, 1), (1, 0), (2, 15), (15, 2)):
        if split.fold[row] != split.fold[other]:
            assert other in split.left_out[split.fold[row]]


def test_a_class_of_two_groups_that_are_near_copies_is_not_evaluated(make_catalog, make_groups):
    groups = make_groups(range(12), cross_pairs=[(0, 1)])
    split = make_split(make_catalog(["pair"] * 2 + ["common"] * 10), groups)
    assert split.unevaluated == ("pair",)
    assert split.always[:2].all()


def test_pictures_without_label_or_content_are_not_used(make_catalog, make_groups):
    catalog = make_catalog([None, "cat", *TEN_PER_CLASS], error=[None, "empty"] + [None] * 20)
    split = make_split(catalog, make_groups(range(22)))
    assert (split.fold[:2] == -1).all()
    assert not split.train[:2].any()
    assert (split.part[:2] == "").all()


def test_no_labelled_picture_is_an_error(make_catalog, make_groups):
    with pytest.raises(DataError, match="label") as caught:
        make_split(make_catalog([None, None]), make_groups([0, 1]))
    assert caught.value.hint


def test_excluded_pictures_are_not_used(make_catalog, make_groups):
    exclude = np.zeros(20, bool)
    exclude[3] = True
    split = make_split(make_catalog(TEN_PER_CLASS), make_groups(range(20)), exclude=exclude)
    assert split.fold[3] == -1
    assert not split.train[3]


def test_a_class_with_only_excluded_pictures_is_always_in_training(make_catalog, make_groups):
    exclude = np.arange(23) >= 20
    split = make_split(make_catalog([*TEN_PER_CLASS, "odd", "odd", "odd"]), make_groups(range(23)), exclude=exclude)
    assert split.always[20:].all()
    assert split.unevaluated == ("odd",)


def test_if_everything_is_excluded_everything_is_in_training(make_catalog, make_groups):
    split = make_split(make_catalog(TEN_PER_CLASS), make_groups(range(20)), exclude=np.ones(20, bool))
    assert split.always.all()
    assert split.rounds == ()


class TestLargeDataSets:
    config = SplitConfig(small=200)
    labels = ["a"] * 400 + ["b"] * 200

    def split(self, make_catalog, groups):
        return make_split(make_catalog(self.labels), groups, self.config)

    def test_have_a_test_part_and_a_validation_fold(self, make_catalog, make_groups):
        groups = make_groups(np.arange(600) // 2)
        split = self.split(make_catalog, groups)
        assert split.method == "test-part"
        assert split.held_out == (0,)
        assert split.rounds == (0, -1)
        for first, last in ((0, 400), (400, 600)):
            share = np.array([(split.part[first:last] == part).mean() for part in ("train", "validation", "test")])
            assert np.abs(share - (0.7, 0.2, 0.1)).max() <= 0.02
        assert np.array_equal(split.fold == 0, split.part == "validation")
        assert np.array_equal(split.fold == 1, split.part == "train")
        assert np.array_equal(split.test, split.part == "test")
        assert_leak_free(split, groups)

    def test_leave_a_copy_of_a_test_picture_out_of_training(self, make_catalog, make_groups):
        groups = make_groups(range(600), cross_pairs=[(row, row + 1) for row in range(0, 100, 2)])
        split = self.split(make_catalog, groups)
        assert_leak_free(split, groups)
        assert split.leaks == len(split.left_out[-1]) > 0
        assert (split.fold[split.left_out[-1]] == -1).all()
        assert (split.part[split.left_out[-1]] == "").all()

    def test_of_few_groups_are_cross_validated(self, make_catalog, make_groups):
        groups = make_groups(np.arange(600) // 10)
        split = self.split(make_catalog, groups)
        assert split.method == "grouped-cv"
        assert "too few" in split.reason
        assert_leak_free(split, groups)

    def test_with_two_groups_per_class_have_each_class_in_both_parts(self, make_catalog, make_groups):
        labels = [f"c{row // 10:02d}" for row in range(400)]
        groups = make_groups(np.arange(400) // 5)
        split = make_split(make_catalog(labels), groups, self.config)
        assert split.method == "test-part"
        assert split.unevaluated == ()
        for first in range(0, 400, 10):
            assert sorted(set(split.part[first : first + 10])) == ["test", "train"]
        assert_leak_free(split, groups)

    def test_large_groups_are_in_the_test_and_validation_parts_too(self, make_catalog, make_groups):
        sizes = np.tile([1, 1, 2, 16], 60)
        group, large = np.repeat(np.arange(240), sizes), np.repeat(sizes == 16, sizes)
        labels = ["a"] * 600 + ["b"] * 600
        splits = [
            make_split(make_catalog(labels), make_groups(group), SplitConfig(small=200, seed=seed))
            for seed in range(20)
        ]
        for part, share in (("test", 0.1), ("validation", 0.2)):
            found = np.concatenate([split.part[large] == part for split in splits]).mean()
            assert abs(found - share) < 0.5 * share
        for split in splits:
            shares = [np.mean(split.part == part) for part in ("train", "validation", "test")]
            assert np.abs(np.array(shares) - (0.7, 0.2, 0.1)).max() < 2 * 16 / 1200

    def test_are_cross_validated_if_a_test_part_would_exhaust_a_class(self, make_catalog, make_groups):
        labels, group = [*self.labels, *["film"] * 51], [*range(600), *[600] * 50, 601]
        methods = {}
        for seed in range(12):
            split = make_split(make_catalog(labels), make_groups(group), SplitConfig(small=200, seed=seed))
            methods[split.method] = split
        assert "nearly all pictures of 'film'" in methods["grouped-cv"].reason
        assert methods["test-part"].test[650]
        assert methods["test-part"].train[600:650].all()

    def test_have_each_class_in_as_many_parts_as_it_has_groups(self, make_catalog, make_groups):
        sizes = {"two": [9, 30], "three": [1, 1, 40], "four": [2, 1, 1, 30], "five": [1, 1, 1, 1, 60]}
        labels = [*self.labels, *[label for label, groups in sizes.items() for _ in range(sum(groups))]]
        own = np.repeat(np.arange(14), [size for groups in sizes.values() for size in groups])
        catalog, groups = make_catalog(labels), make_groups([*range(600), *(600 + own)])
        for seed in range(20):
            part = make_split(catalog, groups, SplitConfig(small=5000, seed=seed)).part
            for label, expected in (("two", 2), ("three", 3), ("four", 3), ("five", 3)):
                found = {each for each, its in zip(part, labels, strict=True) if its == label}
                assert len(found) == expected, (seed, label, found)
                assert {"train", "test"} <= found

    def test_without_a_test_share_are_cross_validated(self, make_catalog, make_groups):
        config = SplitConfig(small=200, parts=(0.8, 0.2, 0.0))
        split = make_split(make_catalog(self.labels), make_groups(range(600)), config)
        assert split.method == "grouped-cv"
        assert "test" not in split.part


class TestGivenParts:
    labels = ["a"] * 20 + ["b"] * 20
    part = (["train"] * 15 + ["test"] * 5) * 2

    def test_a_given_test_part_is_used(self, make_catalog, make_groups):
        groups = make_groups(range(40))
        split = make_split(make_catalog(self.labels, part=self.part), groups)
        assert split.method == "test-part"
        assert split.leaks == 0
        assert split.test.tolist() == [part == "test" for part in self.part]
        assert split.held_out == (0, 1, 2, 3, 4)
        assert_leak_free(split, groups)

    def test_a_lone_validation_part_is_the_test_part(self, make_catalog, make_groups):
        part = ["validation" if part == "test" else part for part in self.part]
        split = make_split(make_catalog(self.labels, part=part), make_groups(range(40)))
        assert split.method == "test-part"
        assert split.test.sum() == 10
        assert "validation" in split.reason

    def test_a_validation_part_next_to_a_test_part_is_in_training(self, make_catalog, make_groups):
        part = ["validation", *self.part[1:]]
        split = make_split(make_catalog(self.labels, part=part), make_groups(range(40)))
        assert split.fold[0] >= 0
        assert not split.test[0]

    def test_a_large_data_set_has_one_validation_fold(self, make_catalog, make_groups):
        split = make_split(make_catalog(self.labels, part=self.part), make_groups(range(40)), SplitConfig(small=30))
        assert split.held_out == (0,)
        assert split.test.sum() == 10

    def test_leaks_are_removed_from_training(self, make_catalog, make_groups):
        groups = make_groups([19, *range(1, 40)], cross_pairs=[(1, 18), (2, 3)])
        split = make_split(make_catalog(self.labels, part=self.part), groups)
        assert split.left_out[-1].tolist() == [0, 1]
        assert split.leaks == 2
        assert split.test.sum() == 10
        assert not split.train[:2].any()
        assert_leak_free(split, groups)

    def test_are_not_used_if_a_class_would_lose_most_groups(self, make_catalog, make_groups):
        group = np.arange(40)
        group[:8] = 15
        groups = make_groups(group, cross_pairs=[(row, 16) for row in range(8, 12)])
        split = make_split(make_catalog(self.labels, part=self.part), groups)
        assert split.method == "grouped-cv"
        assert "'a'" in split.reason
        assert split.train.all()
        assert split.leaks == 0
        assert_leak_free(split, groups)

    def test_are_used_if_a_class_loses_half_of_its_groups(self, make_catalog, make_groups):
        groups = make_groups([15, 15, 16, 17, 18, *range(5, 40)])
        split = make_split(
            make_catalog(self.labels[:10] + self.labels[15:], part=self.part[:10] + self.part[15:]),
            make_groups(np.concatenate([groups.group[:10], groups.group[15:]])),
        )
        assert split.method == "test-part"
        assert split.leaks == 5

    def test_are_not_used_if_a_class_is_only_in_the_test_part(self, make_catalog, make_groups):
        labels = [*self.labels, "new", "new", "new"]
        split = make_split(make_catalog(labels, part=[*self.part, "test", "test", "test"]), make_groups(range(43)))
        assert split.method == "grouped-cv"
        assert "'new'" in split.reason
        assert split.train.all()

    def test_a_class_only_in_training_is_not_evaluated(self, make_catalog, make_groups):
        labels = [*self.labels, "new", "new", "new"]
        split = make_split(make_catalog(labels, part=[*self.part, "train", "train", "train"]), make_groups(range(43)))
        assert split.method == "test-part"
        assert split.unevaluated == ("new",)

    @pytest.mark.parametrize("only", ["train", "test", "validation"])
    def test_a_single_part_is_ignored(self, make_catalog, make_groups, only):
        split = make_split(make_catalog(self.labels, part=[only] * 40), make_groups(range(40)))
        assert split.method == "grouped-cv"
        assert split.train.all()

    def test_an_unlabelled_test_part_is_ignored(self, make_catalog, make_groups):
        labels = [None if part == "test" else label for label, part in zip(self.labels, self.part, strict=True)]
        split = make_split(make_catalog(labels, part=self.part), make_groups(range(40)))
        assert split.method == "grouped-cv"
        assert split.train.sum() == 30


class TestDrawnFromASmallSet:
    labels = ("a",) * 60 + ("b",) * 60
    config = SplitConfig(draw_test=True, parts=(0.6, 0.2, 0.2))

    def test_a_test_part_is_drawn_on_request(self, make_catalog, make_groups):
        catalog, groups = make_catalog(self.labels), make_groups(range(120))
        assert make_split(catalog, groups).method == "grouped-cv"
        split = make_split(catalog, groups, self.config)
        assert (split.method, split.held_out) == ("test-part", (0, 1, 2, 3, 4))
        assert split.test.sum() == pytest.approx(24, abs=4)
        assert_leak_free(split, groups)

    def test_too_few_groups_are_cross_validated_nevertheless(self, make_catalog, make_groups):
        split = make_split(make_catalog(self.labels), make_groups(np.arange(120) // 12), self.config)
        assert split.method == "grouped-cv"
        assert "too few" in split.reason


class TestRandomSplit:
    labels = ("a",) * 120 + ("b",) * 60 + ("film",) * 5
    group = (*np.arange(180) // 2, *[900] * 5)

    def test_has_the_same_pictures_and_sizes(self, make_catalog, make_groups):
        catalog = make_catalog(self.labels)
        split = make_split(catalog, make_groups(self.group))
        random = random_split(catalog, split, seed=3)
        assert random.held_out == split.held_out
        assert np.array_equal(random.train, split.train)
        for klass in range(3):
            rows = catalog.label_index == klass
            assert np.bincount(random.fold[rows] + 1).tolist() == np.bincount(split.fold[rows] + 1).tolist()
        assert not np.array_equal(random.fold, split.fold)
        assert random.left_out == {}

    def test_replaces_a_test_part_by_folds_of_its_size(self, make_catalog, make_groups):
        catalog = make_catalog(self.labels)
        split = make_split(catalog, make_groups(self.group), SplitConfig(small=10, parts=(0.5, 0.25, 0.25)))
        assert split.method == "test-part"
        random = random_split(catalog, split, seed=3)
        assert (random.method, random.held_out) == ("grouped-cv", (0, 1, 2, 3))
        assert np.array_equal(random.train, split.train | split.test)
        for klass in range(2):
            assert np.ptp(np.bincount(random.fold[catalog.label_index == klass])) <= 1

    def test_ignores_groups(self, make_catalog, make_groups):
        catalog = make_catalog(["a"] * 40 + ["b"] * 40)
        groups = make_groups(np.arange(80) // 4)
        random = random_split(catalog, make_split(catalog, groups), seed=0)
        assert len({(group, fold) for group, fold in zip(groups.group, random.fold, strict=True)}) > 40


@pytest.mark.parametrize("folds", [2, 3, 7])
class TestFoldsThatWereAskedFor:
    labels = ["a"] * 400 + ["b"] * 200

    def test_large_data_sets_have_no_test_part(self, make_catalog, make_groups, folds):
        config, groups = SplitConfig(small=200, folds=folds), make_groups(np.arange(600) // 2)
        assert make_split(make_catalog(self.labels), groups, config).method == "test-part"
        split = make_split(make_catalog(self.labels), groups, config, cross_validate=True)
        assert split.method == "grouped-cv"
        assert f"{folds} folds was asked for" in split.reason
        assert split.rounds == tuple(range(folds))
        assert (split.fold >= 0).all()
        assert_leak_free(split, groups)

    def test_a_given_test_part_is_kept_and_all_folds_choose(self, make_catalog, make_groups, folds):
        part = (["train"] * 9 + ["test"]) * 60
        config, groups = SplitConfig(small=200, folds=folds), make_groups(range(600))
        split = make_split(make_catalog(self.labels, part=part), groups, config, cross_validate=True)
        assert split.method == "test-part"
        assert split.test.sum() == 60
        assert split.held_out == tuple(range(folds))
        assert_leak_free(split, groups)
