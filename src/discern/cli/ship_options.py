"""Options of `discern ship` that belong to some of its targets."""

from typing import Annotated

import typer

# Panels of --help.
_LAMBDA, _WORKFLOW, _TRAFFIC = "Options of lambda", "Options of workflow", "Options of workflow, for test pictures"
_CONTAINER, _SITE = "Options of container and kubernetes", "Options of site"
_CI = "Options of ci"

Memory = Annotated[int | None, typer.Option(help="Memory of the function or container in MB; by default as measured.")]
Threshold = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE",
        help="Confidence from which an answer passes the filter of a workflow, such as .93; by default the decisions.",
    ),
]
Bucket = Annotated[
    str | None,
    typer.Option(help="Bucket of the pictures, which the function may read; alone, it answers each as it arrives."),
]

Arch = Annotated[str | None, typer.Option(help="Processor of the function: x86_64 or arm64.", rich_help_panel=_LAMBDA)]
Image = Annotated[
    bool | None,
    typer.Option(
        "--image", help="Deploy the function as a container image instead of a zip archive.", rich_help_panel=_LAMBDA
    ),
]
Snapstart = Annotated[
    bool | None,
    typer.Option(
        "--snapstart",
        help="Start the function from a snapshot: about $6.80 a month for one core, even without a request.",
        rich_help_panel=_LAMBDA,
    ),
]
Speech = Annotated[str | None, typer.Option(help="Speak answers on request: polly.", rich_help_panel=_LAMBDA)]
AllowUrls = Annotated[
    bool | None,
    typer.Option("--allow-urls", help="Let the function fetch pictures given as image_url.", rich_help_panel=_LAMBDA),
]
Queue = Annotated[
    str | None,
    typer.Option(
        help="ARN of the SQS queue for answers about the bucket's pictures; by default beside the pictures.",
        rich_help_panel=_LAMBDA,
    ),
]
Cors = Annotated[
    str | None,
    typer.Option(help="Origin whose pages may call the function; by default all.", rich_help_panel=_LAMBDA),
]
Capture = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="Keep every answer with its picture below s3://BUCKET/PREFIX, in a bucket that exists.",
        rich_help_panel=_LAMBDA,
    ),
]
AllFormats = Annotated[
    bool | None,
    typer.Option(
        "--all-formats", help="Let the function read AVIF and HEIC as well (9 MB more).", rich_help_panel=_LAMBDA
    ),
]
Wheels = Annotated[
    str | None, typer.Option(help="Folder of wheels to use without any download.", rich_help_panel=_LAMBDA)
]
Python = Annotated[str | None, typer.Option(help="Python 3.12 that compiles the package.", rich_help_panel=_LAMBDA)]

RouteBy = Annotated[
    str | None,
    typer.Option(help="Branches by answer: label, route (of names.csv) or none.", rich_help_panel=_WORKFLOW),
]
Map = Annotated[
    bool | None,
    typer.Option("--map", help="Classify a list of pictures with each execution.", rich_help_panel=_WORKFLOW),
]
Concurrency = Annotated[
    int | None, typer.Option(help="Pictures of a list that are classified at once.", rich_help_panel=_WORKFLOW)
]
Tolerate = Annotated[int | None, typer.Option(help="Pictures of a list that may fail.", rich_help_panel=_WORKFLOW)]
ReviewPrefix = Annotated[
    str | None,
    typer.Option(help="Folder in the bucket for copies of pictures that do not pass.", rich_help_panel=_WORKFLOW),
]
Notify = Annotated[bool | None, typer.Option("--notify", help="Announce failures by SNS.", rich_help_panel=_WORKFLOW)]
Function = Annotated[
    str | None, typer.Option(help="ARN of the Lambda function that runs the tasks.", rich_help_panel=_WORKFLOW)
]
Traffic = Annotated[
    str | None,
    typer.Option(help="Send the pictures of this folder through the workflow instead.", rich_help_panel=_TRAFFIC),
]
StateMachine = Annotated[str | None, typer.Option(help="ARN of the workflow, for --traffic.", rich_help_panel=_TRAFFIC)]
Record = Annotated[
    str | None,
    typer.Option(
        help="File of the outcomes, from which an interrupted --traffic continues; by default traffic.jsonl.",
        rich_help_panel=_TRAFFIC,
    ),
]

ImageName = Annotated[
    str | None,
    typer.Option(
        help="Name of the container image, such as registry.example.org/fruits:1.", rich_help_panel=_CONTAINER
    ),
]
Cpus = Annotated[int | None, typer.Option(help="Cores of one container.", rich_help_panel=_CONTAINER)]
MinReplicas = Annotated[
    int | None, typer.Option(help="Containers on Kubernetes without traffic.", rich_help_panel=_CONTAINER)
]
MaxReplicas = Annotated[int | None, typer.Option(help="Containers on Kubernetes at most.", rich_help_panel=_CONTAINER)]

Api = Annotated[
    str | None,
    typer.Option(
        help="Address of the API that the site calls; by default the browser runs the model.", rich_help_panel=_SITE
    ),
]
Place = Annotated[str | None, typer.Option(help="Place of the site: cloudfront or amplify.", rich_help_panel=_SITE)]
Runtime = Annotated[
    str | None, typer.Option(help="Local copy of onnxruntime-web's npm archive.", rich_help_panel=_SITE)
]

Data = Annotated[
    str | None,
    typer.Option(
        help="Path of the pictures in the repository, or their address; by default the run's.", rich_help_panel=_CI
    ),
]
Test = Annotated[
    str | None,
    typer.Option(
        help="Labelled pictures for the evaluation; by default those that the model has not learned.",
        rich_help_panel=_CI,
    ),
]
AtLeast = Annotated[
    list[str] | None,
    typer.Option(
        help="Minimum such as accuracy=.90; by default the lower end of the run's accuracy.", rich_help_panel=_CI
    ),
]
Deploy = Annotated[
    str | None,
    typer.Option(help="Target that it ships to: container, kubernetes, lambda or site.", rich_help_panel=_CI),
]
