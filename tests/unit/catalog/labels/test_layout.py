"""Layouts of folders that are refused with a remedy, and others that are accepted."""

from collections import Counter

import pytest

from discern.catalog.labels.folders import read_folders, split_folders
from discern.catalog.labels.layout import LayoutProblem, find_layout_problem

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def expand(*patterns: str) -> list[str]:
    """Expand "{a,b}/{c,d}" to all folders."""
    found = []
    for pattern in patterns:
        start, brace, rest = pattern.partition("{")
        if not brace:
            found.append(pattern)
            continue
        options, _, end = rest.partition("}")
        found += [each for option in options.split(",") for each in expand(f"{start}{option}{end}")]
    return found


def problem(*patterns: str, pictures: int = 10, root: str = "photos") -> LayoutProblem | None:
    """Find the problem of folders that have ten pictures each, or as many as "=" says."""
    counts: Counter[tuple[str, ...]] = Counter()
    for folder in expand(*patterns):
        names, _, count = folder.partition("=")
        counts[tuple(filter(None, names.split("/")))] += int(count or pictures)
    paths = [split_folders("/".join((*names, "1.jpg")), "") for names in counts]
    found = read_folders(paths, [True] * len(paths), single_archive=False)
    parts = {names[0]: part for names, part in found.parts.items()}
    return find_layout_problem(counts, parts, root_name=root)


REFUSED = {
    # Doubled and outer folders
    "photos/{bar,disc,ring}": ("photos", {}),
    "dataset/dataset/{bar,disc}": ("dataset/dataset", {}),
    "dataset/images/{bar,disc}": ("dataset/images", {}),
    "data/{train,test}/{bar,disc}": ("data", {}),
    "archive/{seg_train,seg_test}/{bar,disc}": ("archive", {}),
    "imgs/{c0,c1,c2,c3}": ("imgs", {}),
    "mnist/{0,1,2,3,4,5,6,7,8,9}": ("mnist", {}),
    "imagenette2/{n01440764,n02102040}": ("imagenette2", {}),
    "set/{bar,disc}/{left,right}": ("set", {}),
    # Parts with other names
    "{seg_train,seg_test}/{bar,disc}": ("seg_train", {"train": "seg_train", "test": "seg_test"}),
    "{train_images,test_images}/{bar,disc}": ("train_images", {"train": "train_images", "test": "test_images"}),
    "{images_train,images_val}/{bar,disc}": ("images_train", {"train": "images_train", "validation": "images_val"}),
    "{Training Data,Testing Data}/{bar,disc}": ("Training Data", {"train": "Training Data", "test": "Testing Data"}),
    "{1-train,2-val,3-test}/{bar,disc}": ("", {"train": "1-train", "test": "3-test", "validation": "2-val"}),
    "{trainset,testset}/{0,1,2,3}": ("", {"train": "trainset", "test": "testset"}),
    "{train2017,val2017}/{left,right}": ("", {"train": "train2017", "validation": "val2017"}),
    "{train,extra}/{bar,disc}": ("train", {"train": "train"}),
    # Parts or sources without a name
    "{A,B}/{bar,disc}": ("A", {"train": "A", "test": "B"}),
    "{A,B,C}/{bar,disc}": ("A", {"train": "A", "test": "B", "validation": "C"}),
    "{A,B}/{0,1,2,3,4,5,6,7,8,9}": ("A", {"train": "A", "test": "B"}),
    "{real,synthetic}/{bar,disc}": ("real", {"train": "real", "test": "synthetic"}),
    "{camera 1,camera 2,camera 3,camera 4}/{ok,defect}": ("camera 1", {}),
    "{Apples,Pears}/{healthy,rotten}": ("Apples", {"train": "Apples", "test": "Pears"}),
    "{amazon,dslr,webcam}/images/{bike,mug,pen,desk}": ("amazon/images", {}),
    "{photo,sketch,cartoon,art}/{dog,cat,horse,house,guitar,giraffe,person}": ("art", {}),
    "{color,grayscale,segmented}/{apple scab,apple rot,corn rust,grape rot}": ("color", {}),
    "{bottle,cable,screw}/{train,test}/{good,broken}": ("bottle", {}),
}


@pytest.mark.parametrize("pattern", REFUSED)
def test_layouts_whose_outermost_folders_are_not_classes_are_refused(pattern):
    found = problem(pattern)
    folder, parts = REFUSED[pattern]
    assert found is not None
    assert found.message
    if folder:
        assert found.folder in (folder, "")
        assert found.folder or parts
    if parts:
        assert found.parts_of == parts


@pytest.mark.parametrize(
    ("patterns", "folder", "parts"),
    [
        (["x_{train/x_train,test/x_test}/{bar,disc}", "x_pred/x_pred"], "", ["x_train/x_train", "x_test/x_test"]),
        (["{train/train,test/test}/{bar,disc}"], "", ["train/train", "test/test"]),
        (["{train,test}/images/{bar,disc}"], "", ["train/images", "test/images"]),
        (["train/{A,B}/{bar,disc}", "test/{A,B}/{bar,disc}"], "train/A", ["train/A", "train/B"]),
        (["train_images/{bar,disc}", "test_images"], "", ["train_images", "test_images"]),
        (["train/{bar,disc}", "unlabeled"], "", ["train"]),
        (["A/{bar,disc,ring,cone}=50", "B/{bar,ring}"], "A", ["A", "B"]),
        (["A/{bar,disc,ring}", "B/{Bar,disc ,ring}"], "A", ["A", "B"]),
        (["dataset/images/{bar,disc}", "=1"], "dataset/images", []),
        (["dataset/{bar,disc}", "dataset=1"], "dataset", []),
        (["images/{bar,disc}=100", "docs=3"], "images", []),
        (["images/{bar,disc}", "masks/{bar,disc}"], "images", []),
        (["images", "masks"], "", []),
        (["JPEGImages", "SegmentationClass"], "", []),
        (["batch 1/{cat,dog}", "batch 2/{bird,fish}"], "batch 1", ["batch 1", "batch 2"]),
        (["photos/{bar,disc}", "_other=0"], "photos", []),
    ],
)  # fmt: skip
def test_mixed_layouts_are_refused(patterns, folder, parts):
    found = problem(*patterns)
    assert found is not None
    assert found.folder == folder
    assert list(found.parts_of.values()) == parts


ACCEPTED = [
    ["{bar,disc,ring}"],
    ["{train,val,test}/{bar,disc}"],
    ["train/{bar,disc}"],
    ["{train,test}"],
    [""],
    ["cat"],
    ["{train,bus,car}"],
    ["{train,bus,car}/{session 1,session 2}"],
    ["{0,1,2,3,4,5,6,7,8,9}"],
    ["{0,1,2,3}/{0,1}"],
    # Sessions, views, dates and people in class folders
    ["{bar,disc}/{session1,session2,session3}"],
    ["{bar,disc}/{left,right}"],
    ["{bar,disc}/session1/{left,right}"],
    ["{bar,disc,ring}/{1,2,3,4,5}"],
    ["{bar,disc,ring}/{a,b}"],
    ["{bar,disc}/{s1,s2,s3,s4}"],
    ["{bar,disc}/{2024-01-03,2024-01-04}"],
    ["{bar,disc}/{20240103,20240104,20240105}"],
    ["{bar,disc}/{day,night}"],
    ["{bar,disc}/{indoor,outdoor}"],
    ["{bar,disc}/{camera_a,camera_b}"],
    ["{bar,disc}/{original,augmented}"],
    ["{bar,disc}/{Garden 1,Garden 2,Garden 3}"],
    ["{bar,disc}/{train,test}"],
    ["{bar,disc}/images"],
    ["{apple,pear,plum,fig,lime}/{healthy,rotten}"],
    ["{apple,pear,plum,fig}/{alice,bob,carol}"],
    ["{1,2,3,4}/{a,b}"],
    ["bar/{alice,bob}", "disc/{carol,dave}"],
    ["bar/{2024-01-03,2024-01-04}", "disc/{2024-02-01,2024-02-02}"],
    ["train/{bar,disc}/{session1,session2}", "test/{bar,disc}/{session3,session4}"],
    ["{train,test}/{bar,disc}/{left,right}"],
    ["train/{bar,disc}", "test/bar/{x,y}"],
    # Class folders with pictures and folders
    ["{bar,disc}", "{bar,disc}/{more,extra}"],
    ["bar", "disc/{more,extra}"],
    ["cat/{session1,session2}"],
    # Kinds within classes
    ["animal/{cat,dog}", "vehicle/{car,bus}"],
    ["animal/{cat,dog,other,misc}", "vehicle/{car,bus,other,misc}"],
    ["images", "objects"],
    ["{mask,no mask}"],
    ["{real,fake}"],
    ["{left,right,up,down}/{alice,bob}"],
    ["{bar,disc}", "_other/{bar,disc}=0"],
]


@pytest.mark.parametrize("patterns", ACCEPTED, ids=" ".join)
def test_class_folders_of_any_layout_are_accepted(patterns):
    assert problem(*patterns) is None


def test_a_thousand_classes_are_fast_enough_to_read():
    names = [f"{first}{second}{third}" for first in _LETTERS for second in _LETTERS[:20] for third in "abc"]
    assert problem(*(f"{name}/{{session1,session2}}" for name in names)) is None


def test_the_message_names_the_folders_and_what_they_hold():
    found = problem("{A,B}/{bar,disc,ring}")
    assert found is not None
    assert "A and B hold the same folders (bar, disc and ring)" in found.message
    found = problem("photos/{" + ",".join(_LETTERS[:12]) + "}")
    assert found is not None
    assert "A, B, C, D, E and 7 more" in found.message
