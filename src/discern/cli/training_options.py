"""Options of `discern train` that choose the training method and control its fit."""

from typing import Annotated

import typer

_PANEL = "Training method"

Method = Annotated[
    str | None,
    typer.Option(
        metavar="probe|scratch|finetune|auto",
        help="probe: a head on frozen features (the default); scratch: a small network from these pictures alone; "
        "finetune: the backbone learns as well; auto: the probe, and fine-tuning where that is worth its time. "
        "All but probe need PyTorch. An option that the method does not use is an error.",
        rich_help_panel=_PANEL,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Method, backbone and settings of a known system, such as banana-cnn or bins-tuned; options that are "
        "given here take precedence. docs/methods.md lists the presets.",
        rich_help_panel=_PANEL,
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Network for scratch: small (the default), resnet9, banana-cnn, nursing-cnn, bins-simple.",
        rich_help_panel=_PANEL,
    ),
]
Epochs = Annotated[
    int | None, typer.Option(help="Maximum number of passes over the training pictures.", rich_help_panel=_PANEL)
]
Batch = Annotated[int | None, typer.Option(help="Number of pictures in a training step.", rich_help_panel=_PANEL)]
LearningRate = Annotated[float | None, typer.Option("--lr", help="Peak learning rate.", rich_help_panel=_PANEL)]
Hidden = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Width of a hidden layer: of the head (probe), or of the last dense layer of banana-cnn, nursing-cnn and "
        "bins-simple (scratch).",
        rich_help_panel=_PANEL,
    ),
]
Dropout = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Share of hidden values left out in each step.", rich_help_panel=_PANEL),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(metavar="X", help="Weight decay (AdamW), relative to the learning rate.", rich_help_panel=_PANEL),
]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Share of each label that is spread over all labels.", rich_help_panel=_PANEL),
]
Augment = Annotated[
    str | None,
    typer.Option(metavar="none|light|strong", help="Random changes of the training pictures.", rich_help_panel=_PANEL),
]
Mirror = Annotated[
    bool | None,
    typer.Option(
        "--mirror/--no-mirror",
        help="Mirror training pictures left to right; not for text, arrows or left and right hands.",
        rich_help_panel=_PANEL,
    ),
]
Balance = Annotated[
    str | None,
    typer.Option(
        metavar="weights|sampling|none",
        help="Let all classes count alike in training, by weights or by sampling; none (the default): all pictures.",
        rich_help_panel=_PANEL,
    ),
]
Device = Annotated[
    str | None, typer.Option(metavar="auto|cpu|cuda|mps", help="Device to train on.", rich_help_panel=_PANEL)
]
Budget = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Time limit of the fit (auto), such as 20m or 1h30m.", rich_help_panel=_PANEL),
]
Folds = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of folds of cross-validation, from which all figures come unless a test part is given.",
        rich_help_panel=_PANEL,
    ),
]
