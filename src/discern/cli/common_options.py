"""The words that several commands share."""

from typing import Annotated

import typer

Source = Annotated[
    str, typer.Argument(help="A folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive (zip, tar).")
]
Bundle = Annotated[str, typer.Argument(help="A bundle, such as runs/NAME/model.discern.")]
Name = Annotated[str | None, typer.Option(help="The run's name; without it, the source's name and a number.")]
Runs = Annotated[str, typer.Option(help="The folder of all runs.")]
Fixes = Annotated[str | None, typer.Option(help="A fixes.csv to apply first.")]
Backbone = Annotated[str, typer.Option(help="What looks at the pictures: lite0, lite1, lite2, or an ONNX file.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run of that --name.")]
Cache = Annotated[str | None, typer.Option(help="Where computed things are kept; by default the user's cache folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, typer.Option(min=0, help="Of every random choice.")]
