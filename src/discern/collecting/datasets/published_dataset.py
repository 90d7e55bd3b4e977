"""Published data sets that can be collected by their names."""

import difflib
from dataclasses import dataclass

from discern.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class PublishedDataset:
    """Published data set in one archive.

    Attributes:
        name: its name in commands.
        title: its name in messages.
        page: page that describes it.
        address: address of the archive; "" if its place asks for a login or a browser.
        login: place that asks for a login or a browser, in words; "" for none.
        kaggle: owner and name at Kaggle, which asks for a token; "" for none.
        file: name of the archive.
        md5: digest of the archive, as its authors publish it; "" if it is not known.
        max_bytes: largest archive.
        inside: regular expression of the paths in it that are pictures of classes; "" for all.
    """

    name: str
    title: str
    page: str
    file: str
    address: str = ""
    login: str = ""
    kaggle: str = ""
    md5: str = ""
    max_bytes: int
    inside: str = ""

    @property
    def remedy(self) -> str:
        """Return how to provide the archive by hand."""
        place = self.address or self.page
        digest = f" Its MD5 is {self.md5}." if self.md5 else ""
        return (
            f"Download {self.file} from {place} on any machine, and pass it, or its folder, with --from PATH.{digest}"
        )


BINS = "bins"
"""Name of the Amazon Bin Image Dataset, whose pictures are single files."""

DATASETS = (
    PublishedDataset(
        name="cifar10",
        title="CIFAR-10",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        address="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        file="cifar-10-python.tar.gz",
        md5="c58f30108f718f92721af3b95e74349a",
        max_bytes=200 << 20,
    ),
    PublishedDataset(
        name="cifar100",
        title="CIFAR-100",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        address="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        file="cifar-100-python.tar.gz",
        md5="eb9058c3a382ffc7106e4002c42a8d85",
        max_bytes=200 << 20,
    ),
    PublishedDataset(
        name="fruits360",
        title="Fruits-360",
        page="https://github.com/Horea94/Fruit-Images-Dataset",
        address="https://github.com/Horea94/Fruit-Images-Dataset/archive/refs/heads/master.zip",
        kaggle="moltean/fruits",
        file="fruits-360.zip",
        max_bytes=4 << 30,
        inside=r"(?:.*/)?(?:Training|Test)/[^/]+/[^/]+\.jpe?g",
    ),
    PublishedDataset(
        name="mynursinghome",
        title="MYNursingHome",
        page="https://data.mendeley.com/datasets/fpctx3svzd/1",
        login="Mendeley Data, which asks for a browser and may ask for a login",
        file="MYNursingHome.zip",
        max_bytes=8 << 30,
    ),
)
"""The data sets, apart from the bins."""


def find_dataset(name: str) -> PublishedDataset | None:
    """Return the data set of a name, or None."""
    return next((each for each in DATASETS if each.name == name.lower()), None)


def dataset_names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return (*(each.name for each in DATASETS), BINS)


def require_known(name: str) -> None:
    """Raise UsageError if a name is nearly that of a data set."""
    close = difflib.get_close_matches(name.lower().replace("-", ""), dataset_names(), n=1, cutoff=0.8)
    if close:
        raise UsageError(f"There is no data set {name!r}.", hint=f"Perhaps {close[0]} is meant.")
