"""Model of the function on AWS Lambda, verified when the function starts."""

from pathlib import Path

from discern.bundle import Model, archive
from discern.inference.verified_model import require_verified
from discern.parallel import count_cores
from discern.picture import Limits

LIMITS = Limits(max_bytes=20_000_000, max_pixels=60_000_000)


def load_verified(path: Path, fingerprint: str = "") -> Model:
    """Load a model and verify it on this machine, as a function does when it starts.

    All bytes are verified, and one golden picture is replayed: all of them were when the function was deployed.

    Args:
        path: path of the bundle.
        fingerprint: fingerprint of the bundle that was checked at deployment; "": the bundle is checked here.

    Raises:
        BundleError: the bundle cannot be used, is another one, or does not predict here what it predicted where it was
            trained.
    """
    members = archive.unpack_checked(path, fingerprint) if fingerprint else archive.unpack(path)
    model = Model(members, threads=count_cores(), limits=LIMITS, path=path.absolute())
    require_verified(model, path, pictures=1 if fingerprint else None)
    return model
