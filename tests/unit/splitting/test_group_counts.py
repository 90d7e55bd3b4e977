import numpy as np

from discern.splitting.group_counts import GroupCounts


def test_entries_are_sorted_by_group_in_order_of_appearance():
    counts = GroupCounts.of(np.array([0, 1, 1, 0, 2]), np.array([70, 5, 5, 5, 70]))
    assert counts.groups == 2
    assert counts.group_of_row.tolist() == [0, 1, 1, 1, 0]
    assert counts.start.tolist() == [0, 2, 4]
    assert counts.klass.tolist() == [0, 2, 0, 1]
    assert counts.count.tolist() == [1, 1, 1, 2]


def test_classes_with_few_groups_come_first():
    counts = GroupCounts.of(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 2, 2]))
    first, second = counts.by_class()
    assert (first[0].tolist(), first[1].tolist()) == ([2], [2])
    assert (second[0].tolist(), second[1].tolist()) == ([0, 1], [1, 2])
