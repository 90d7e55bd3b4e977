"""Descriptions of the data quality checks for the report, in display order."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckDescription:
    """Explanation of a data quality check and its remedy for readers of the report."""

    title: str
    meaning: str
    remedy: str


CHECKS = {
    "unreadable": CheckDescription(
        title="Unreadable files",
        meaning="They are damaged or no pictures at all, and were left out of everything.",
        remedy="Replace or delete them.",
    ),
    "wrong_suffix": CheckDescription(
        title="File names with the wrong suffix",
        meaning="They were read by their content, whatever the name; other programs may refuse them.",
        remedy="Rename them if other programs use them too.",
    ),
    "incomplete": CheckDescription(
        title="Files that end early",
        meaning="The end marker or a few rows at the end are missing. They were read all the same, with those rows "
        "filled in.",
        remedy="Copy or download them again if other programs use them too.",
    ),
    "narrow_range": CheckDescription(
        title="Values that use a part of their range",
        meaning="These pictures have 16 bits per channel and use few of them, while others use all. A model sees them "
        "nearly black.",
        remedy="Save all pictures with the same range of values, or keep the two kinds apart.",
    ),
    "label_conflict": CheckDescription(
        title="Same picture, different labels",
        meaning="The same picture has two labels, so one of them is wrong. Both were left out of the evaluation.",
        remedy="Decide which label is correct; drop the other in fixes.csv.",
    ),
    "multi_label": CheckDescription(
        title="Pictures under several labels",
        meaning="So many pictures are under several labels that this looks like a multi-label data set, which is not "
        "supported: a picture has one label.",
        remedy="Keep each picture under one label, or train one model for each label.",
    ),
    "similar_labels": CheckDescription(
        title="Labels that are nearly the same",
        meaning="They differ only in case, blanks, hyphens or letters that look alike, and are classes of their own.",
        remedy="Give them one name if they mean the same: rename folders, or correct the list.",
    ),
    "likely_wrong_label": CheckDescription(
        title="Labels that are probably wrong",
        meaning="Models that were not trained on the picture agree on another label. They can be wrong, too: some of "
        "these labels will be correct.",
        remedy="Look at each: keep the line of fixes.csv where the proposal is correct, delete it where it is not.",
    ),
    "part_leak": CheckDescription(
        title="Leaks between training and test part",
        meaning="Testing on pictures that the model was trained on overstates its accuracy. The training side was left "
        "out of training.",
        remedy="Keep one side, or let Discern make the split.",
    ),
    "shortcut": CheckDescription(
        title="Shortcuts that reveal the class",
        meaning="Something other than the subject tells the classes apart in these pictures. A model may learn that "
        "instead, and fail where it is missing.",
        remedy="Take pictures of every class with the same camera, light and background.",
    ),
    "exact_copy": CheckDescription(
        title="Exact copies",
        meaning="The same pixels twice. Copies are never separated by a split, and count once.",
        remedy="Drop one of each pair, if you like.",
    ),
    "near_copy": CheckDescription(
        title="Near-copies",
        meaning="The same picture resized, cropped, rotated, mirrored or saved again. A split never separates them.",
        remedy="Look at the pairs: drop a copy, or write “keep” where they are truly different.",
    ),
    "overlap": CheckDescription(
        title="Overlapping parts of one source",
        meaning="These pictures look like tiles of one large picture, or frames of a panning camera. A split never "
        "separates pictures that overlap.",
        remedy="If you know which pictures have one source, name their groups with --group-by, in a “group” column or "
        "in fixes.csv.",
    ),
    "small_class": CheckDescription(
        title="Classes with too few pictures",
        meaning="So few independent pictures are hardly enough to train a class or to evaluate it.",
        remedy="Add pictures, taken independently of each other; film again elsewhere what is one film.",
    ),
    "large_group": CheckDescription(
        title="Very large groups",
        meaning="A large part of a class looks like one video or series.",
        remedy="Check that they really belong together; add other scenes, or film again elsewhere.",
    ),
    "undeclared_film": CheckDescription(
        title="Videos or bursts without a declared group",
        meaning="These pictures look like frames of one take. A split never separates them.",
        remedy="If you know which pictures belong together, name their groups with --group-by, in a “group” "
        "column or in fixes.csv.",
    ),
    "imbalance": CheckDescription(
        title="Classes of very different size",
        meaning="The small ones are predicted less well, and their metrics are less certain.",
        remedy="Add pictures to the small classes first.",
    ),
    "odd_one_out": CheckDescription(
        title="Outliers in their class",
        meaning="They may be in the wrong folder, show nothing, or be rare and valuable.",
        remedy="Look at each; drop those that do not belong.",
    ),
    "blank": CheckDescription(
        title="Blank pictures",
        meaning="They consist of nearly one colour, so there is nothing to learn from them.",
        remedy="Drop them.",
    ),
    "blurred": CheckDescription(
        title="Blurred pictures",
        meaning="They are far less sharp than the others.",
        remedy="Take them again, or keep them if the classifier will meet such pictures.",
    ),
    "dark": CheckDescription(
        title="Very dark pictures",
        meaning="Hardly anything can be made out in them.",
        remedy="Take them again in more light, or keep them if the classifier will meet such pictures.",
    ),
    "bright": CheckDescription(
        title="Very bright pictures",
        meaning="Much of them is overexposed.",
        remedy="Take them again with less light, or keep them if the classifier will meet such pictures.",
    ),
    "too_small": CheckDescription(
        title="Very small pictures",
        meaning="They have fewer pixels than the model's input.",
        remedy="Replace them by larger ones if you can.",
    ),
    "extreme_aspect": CheckDescription(
        title="Very long or narrow pictures",
        meaning="Little of the subject is left when they are fitted into a square.",
        remedy="Crop them to the subject.",
    ),
}
