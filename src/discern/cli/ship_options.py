"""Options of `discern ship` for containers and sites."""

from typing import Annotated

import typer

ImageName = Annotated[
    str | None, typer.Option(help="Name of the container image, such as registry.example.org/fruits:1.")
]
Cpus = Annotated[int | None, typer.Option(help="Cores of one container.")]
MinReplicas = Annotated[int | None, typer.Option(help="Containers on Kubernetes without traffic.")]
MaxReplicas = Annotated[int | None, typer.Option(help="Containers on Kubernetes at most.")]
Api = Annotated[
    str | None, typer.Option(help="Address of the API that the site calls; by default the browser runs the model.")
]
Place = Annotated[str | None, typer.Option(help="Place of the site: cloudfront or amplify.")]
Runtime = Annotated[str | None, typer.Option(help="Local copy of onnxruntime-web's npm archive.")]
