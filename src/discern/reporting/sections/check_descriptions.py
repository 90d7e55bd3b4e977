"""How each check is spoken of, the ones to act on first before the others."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckDescription:
    """How a check is spoken of: its name in words, what it means and what to do."""

    title: str
    meaning: str
    remedy: str


CHECKS = {
    "unreadable": CheckDescription(
        title="Files that cannot be read",
        meaning="They are no pictures, or damaged. They were left out of everything.",
        remedy="Replace or delete them.",
    ),
    "wrong_suffix": CheckDescription(
        title="Files that are not what their name says",
        meaning="The content was used, whatever the name; other programs may refuse them.",
        remedy="Rename them if other programs use them too.",
    ),
    "label_conflict": CheckDescription(
        title="One picture under two labels",
        meaning="The same picture is called two things, so one of them is wrong. Both were left out of the figures.",
        remedy="Decide which label is right; drop the other in fixes.csv.",
    ),
    "likely_wrong_label": CheckDescription(
        title="Labels that are probably wrong",
        meaning="Models that had not seen the picture agree that it is something else. Some will be right as they are: "
        "the model errs too.",
        remedy="Look at each: keep the line of fixes.csv where the proposal is right, delete it where it is not.",
    ),
    "part_leak": CheckDescription(
        title="The same thing in the training and the test part",
        meaning="A model is tested on what it has seen, which flatters it. The training side was left out of learning.",
        remedy="Keep one side, or let Discern make the parts.",
    ),
    "shortcut": CheckDescription(
        title="Shortcuts that give the class away",
        meaning="Something beside the subject tells the classes apart in these pictures. A model may learn that "
        "instead, and fail where it is missing.",
        remedy="Take pictures of every class with the same camera, light and background.",
    ),
    "exact_copy": CheckDescription(
        title="Exact copies",
        meaning="The same pixels twice. Copies never stand on both sides of a split here and count once.",
        remedy="Drop one of each pair, if you like.",
    ),
    "near_copy": CheckDescription(
        title="Near copies",
        meaning="The same picture resized, cropped, turned, mirrored or saved again. They are kept on one side.",
        remedy="Look at the pairs: drop a copy, or write “keep” where they are truly different.",
    ),
    "small_class": CheckDescription(
        title="Classes with too few pictures",
        meaning="With so few independent pictures a class can hardly be learned, and hardly be judged.",
        remedy="Add pictures, taken independently of each other.",
    ),
    "large_group": CheckDescription(
        title="Very large groups",
        meaning="A large part of a class looks like one film or series.",
        remedy="Check that they really belong together; add other scenes.",
    ),
    "undeclared_film": CheckDescription(
        title="Films or bursts that nobody declared",
        meaning="These pictures look like frames of one take. They are kept on one side of every split.",
        remedy="If you know which pictures belong together, say so in a “group” column or in fixes.csv.",
    ),
    "imbalance": CheckDescription(
        title="Classes of very different size",
        meaning="The small ones are learned less well and judged less surely.",
        remedy="Add pictures to the small classes first.",
    ),
    "odd_one_out": CheckDescription(
        title="Pictures unlike all others of their class",
        meaning="They may be in the wrong folder, show nothing, or be rare and valuable.",
        remedy="Look at each; drop those that do not belong.",
    ),
    "blank": CheckDescription(
        title="Blank pictures",
        meaning="They are of nearly one colour, so there is nothing to learn from them.",
        remedy="Drop them.",
    ),
    "blurred": CheckDescription(
        title="Blurred pictures",
        meaning="They are far less sharp than the others.",
        remedy="Take them again, or keep them if such pictures will be asked about.",
    ),
    "dark": CheckDescription(
        title="Very dark pictures",
        meaning="Hardly anything can be made out in them.",
        remedy="Take them again in more light, or keep them if such pictures will be asked about.",
    ),
    "bright": CheckDescription(
        title="Very bright pictures",
        meaning="Much of them is washed out.",
        remedy="Take them again with less light, or keep them if such pictures will be asked about.",
    ),
    "too_small": CheckDescription(
        title="Very small pictures",
        meaning="They have fewer pixels than the model looks at.",
        remedy="Replace them by larger ones where there are any.",
    ),
    "extreme_aspect": CheckDescription(
        title="Very long or narrow pictures",
        meaning="Little of the subject is left when they are fitted into a square.",
        remedy="Cut them to the subject.",
    ),
}
