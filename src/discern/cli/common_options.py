"""Command-line arguments and options that are shared by several commands."""

from typing import Annotated

import typer

Source = Annotated[
    str, typer.Argument(help="A folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive (zip, tar).")
]
Bundle = Annotated[str, typer.Argument(help="Path of a bundle, such as runs/NAME/model.discern.")]
Name = Annotated[str | None, typer.Option(help="Name of the run; by default the source's name and a number.")]
Runs = Annotated[str, typer.Option(help="Folder of all runs.")]
Fixes = Annotated[str | None, typer.Option(help="A fixes.csv to apply first.")]
Backbone = Annotated[str, typer.Option(help="Feature extractor: lite0, lite1, lite2, or the path of an ONNX file.")]
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
Resume = Annotated[bool, typer.Option("--resume", help="Resume the interrupted run of that --name.")]
Cache = Annotated[str | None, typer.Option(help="Cache directory; by default the user's cache directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, typer.Option(min=0, help="Random seed.")]
Examples = Annotated[
    str | None, typer.Option(help="Folder of example pictures for the web page; visitors get small copies.")
]
