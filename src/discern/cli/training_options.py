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
        help="Method, backbone and settings of a known system, such as banana-cnn or bins-tuned; options given here "
        "win. docs/methods.md lists them.",
        rich_help_panel=_PANEL,
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Network of scratch: small (the default), resnet9, banana-cnn, nursing-cnn, bins-simple.",
        rich_help_panel=_PANEL,
    ),
]
Epochs = Annotated[int | None, typer.Option(help="Most passes over the training pictures.", rich_help_panel=_PANEL)]
Batch = Annotated[int | None, typer.Option(help="Pictures in a training step.", rich_help_panel=_PANEL)]
LearningRate = Annotated[float | None, typer.Option("--lr", help="Highest learning rate.", rich_help_panel=_PANEL)]
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
WeightDecay = Annotated[float | None, typer.Option(metavar="X", help="Decay of the weights.", rich_help_panel=_PANEL)]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Share of each label that is spread over all.", rich_help_panel=_PANEL),
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
        help="Let all classes count alike in training, by weights or by sampling.",
        rich_help_panel=_PANEL,
    ),
]
Device = Annotated[
    str | None, typer.Option(metavar="auto|cpu|cuda|mps", help="Device to train on.", rich_help_panel=_PANEL)
]
Budget = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Most time of the fit, such as 20m or 1h30m (auto).", rich_help_panel=_PANEL),
]
Folds = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of folds of cross-validation; without a given test part, all figures come from it.",
        rich_help_panel=_PANEL,
    ),
]
