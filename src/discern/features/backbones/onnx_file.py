"""Source of backbones that the user provides as ONNX files."""

from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.normalisation import Normalisation

MAX_BYTES = 1 << 30


class OnnxFile:
    """Source of backbones that the user provides as `.onnx` files."""

    choices = "the path of an .onnx file"

    def accepts(self, name: str | Path) -> bool:
        """Check whether a backbone name is the path of an `.onnx` file."""
        return Path(name).suffix.lower() == ".onnx"

    def load(
        self, name: str | Path, *, size: int | None, mirror: bool, normalisation: Normalisation | None = None
    ) -> OnnxBackbone:
        """Load and validate a backbone from an ONNX file (see `import_graph`).

        Args:
            name: path of the file; its weights must be inside it.
            size: height and width that its input must have, in pixels; None accepts what it declares.
            mirror: average the outputs for each picture and its mirror image.
            normalisation: normalisation of the pixels for a network that takes float pictures; None for that in its
                metadata.

        Raises:
            BackboneError: the file cannot be read, is not such a backbone, or has an input of another size.
        """
        from discern.features.backbones.imported_graph import import_graph  # noqa: PLC0415 - onnx takes 0.2 s

        path = Path(name)
        return import_graph(_read(path), path, size=size, mirror=mirror, normalisation=normalisation)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BackboneError(f"There is no backbone file {path}.", hint="Pass the path of an .onnx file.")
        if path.stat().st_size > MAX_BYTES:
            raise BackboneError(
                f"The backbone {path} is larger than {MAX_BYTES >> 20} MiB.", hint="Export a smaller network."
            )
        return path.read_bytes()
    except OSError as error:
        raise BackboneError(f"The backbone {path} cannot be read: {error.strerror}.") from error
