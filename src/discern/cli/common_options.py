"""Command-line arguments and options that are shared by several commands."""

from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        help="A folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive (zip, tar); or "
        "its address in a bucket (s3://BUCKET/PREFIX)."
    ),
]
Bundle = Annotated[
    str, typer.Argument(help="Path of a bundle, such as runs/NAME/model.discern, or its address in a bucket.")
]
Name = Annotated[str | None, typer.Option(help="Name of the run; by default the source's name and a number.")]
Runs = Annotated[str, typer.Option(help="Folder of all runs, or its address in a bucket.")]
Fixes = Annotated[str | None, typer.Option(help="A fixes.csv to apply first.")]
_BACKBONES = (
    "lite0, lite1, lite2, dinov2-small, dinov2-small-int8, siglip2-base, timm/NAME, torchvision/NAME, or the path of "
    "an ONNX file"
)
Backbone = Annotated[str, typer.Option(help=f"Feature extractor: {_BACKBONES}.")]
OptionalBackbone = Annotated[
    str | None,
    typer.Option(help=f"Feature extractor: {_BACKBONES}; by default that of the preset, or lite0."),
]
Size = Annotated[
    int | None,
    typer.Option(min=1, help="Side of the network's input in pixels, if the backbone allows it; by default its own."),
]
Fit = Annotated[
    str | None,
    typer.Option(
        metavar="crop|pad|squash",
        help="Use the centre of each picture (crop), all of it with borders (pad), or all of it made square (squash); "
        "by default crop, and squash if many pictures are elongated.",
    ),
]
Mean = Annotated[
    str | None,
    typer.Option(
        metavar="R,G,B",
        help="Mean to subtract for an ONNX file that takes float pictures, such as .485,.456,.406; by default from its "
        "metadata.",
    ),
]
Deviation = Annotated[
    str | None,
    typer.Option(metavar="R,G,B", help="Standard deviation to divide by after that, such as .229,.224,.225."),
]
Scale = Annotated[
    float | None, typer.Option(help="Value of white before --mean is subtracted: 1 or 255; by default as they suggest.")
]
Views = Annotated[
    int | None,
    typer.Option(
        min=1, max=2, help="2: average the features of a picture and its mirror image; 1: the picture alone; default 2."
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|DIR",
        help="Weights of a network of timm or torchvision, or a folder with them; by default the folder in the "
        "environment variable DISCERN_WEIGHTS.",
    ),
]
PartsOf = Annotated[
    str | None,
    typer.Option(help="Folders that are parts, such as train=seg_train,test=seg_test; none: all folders are classes."),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Regular expression searched in each path; the match, or its first group, names the picture's group.",
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="LABELS|FILE",
        help="Classes to use, separated by commas; or a file with one label per line, or a CSV with a column label.",
    ),
]
LabelFrom = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Key of the label in JSON files beside pictures, with dots for nested keys; or column of a list.",
    ),
]
Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="CHECK=VALUE", help="Threshold of a check, such as blurred=.2; docs/cleaning.md lists them."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the interrupted run of that --name.")]
Cache = Annotated[str | None, typer.Option(help="Cache directory; by default the user's cache directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, typer.Option(min=0, help="Random seed.")]
Examples = Annotated[
    str | None, typer.Option(help="Folder of example pictures for the web page; visitors get small copies.")
]
ErrorLimit = Annotated[
    str,
    typer.Option(
        help="Error limit: maximum share of independent groups with an error among accepted predictions, such as "
        "2%; auto: the strictest of 5%, 10% and 20% that holds; none: accept nothing."
    ),
]
Coverage = Annotated[str, typer.Option(help="Coverage of the prediction sets; none: no sets.")]
Ordered = Annotated[
    str | None, typer.Option(help="Labels of an ordinal scale, lowest first, separated by commas; or numeric.")
]
Negatives = Annotated[
    str | None, typer.Option(help="Pictures of none of the classes, to tune the detection of unknown pictures.")
]
Names = Annotated[
    str | None,
    typer.Option(help="CSV of label,name,spoken,route,alias: display names, spoken names, destinations, other names."),
]
