"""Names of networks are checked against the libraries, with similar names in the message."""

import pytest

from discern.errors import BackboneError
from discern.features.backbones.library_weights import missing_libraries

pytestmark = pytest.mark.skipif(bool(missing_libraries()), reason="the extra torch is not installed")


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("timm", "resnet50"),
        ("timm", "resnet50.a1_in1k"),
        ("timm", "mobilenet_edgetpu_100"),
        ("torchvision", "resnet50"),
        ("torchvision", "vit_b_16"),
    ],
)
def test_known_names_pass(library: str, name: str) -> None:
    from discern.features.backbones.library_names import require_network  # noqa: PLC0415 - imports torch

    require_network(library, name)


@pytest.mark.parametrize(
    ("library", "name", "similar"),
    [
        ("timm", "resnet5O", "resnet50"),
        ("timm", "RESNET50", "list_models"),
        ("timm", "vit_smal_patch14_dinov2", "vit_small_patch14_dinov2"),
        ("timm", "resnet50.a1", "a1_in1k"),
        ("timm", "mobilenet_edgetpu_100.in1k", "Omit the tag"),
        ("torchvision", "resnet50.a1_in1k", "resnet50"),
        ("torchvision", "mobilenetv3_small", "mobilenet_v3_small"),
        ("torchvision", "qqq", "list_models"),
    ],
)
def test_unknown_names_are_refused_with_similar_ones(library: str, name: str, similar: str) -> None:
    from discern.features.backbones.library_names import require_network  # noqa: PLC0415 - imports torch

    with pytest.raises(BackboneError, match=r"There is no network|timm knows no weights with the tag") as caught:
        require_network(library, name)
    assert similar in caught.value.hint


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("resnet50", "resnet50.a1_in1k"),
        ("resnet50.tv_in1k", "resnet50.tv_in1k"),
        ("vit_small_patch14_dinov2", "vit_small_patch14_dinov2.lvd142m"),
        ("vgg16", "vgg16.tv_in1k"),
    ],
)
def test_the_repository_has_the_name_and_the_tag(name: str, published: str) -> None:
    from discern.features.backbones.library_names import published_name  # noqa: PLC0415 - imports torch

    assert published_name(name) == published


def test_networks_without_published_weights_are_refused() -> None:
    from discern.features.backbones.library_names import published_name  # noqa: PLC0415 - imports torch

    with pytest.raises(BackboneError, match="does not publish the weights of mobilenet_edgetpu_100"):
        published_name("mobilenet_edgetpu_100")


def test_the_address_has_the_digest_of_torchvision() -> None:
    from discern.features.backbones.library_names import published_address  # noqa: PLC0415 - imports torch

    assert published_address("torchvision", "resnet50").endswith("/resnet50-11ad3fa6.pth")
    assert published_address("timm", "mobilenet_edgetpu_100") == ""
    with pytest.raises(BackboneError, match="no network 'resnet5O'"):
        published_address("torchvision", "resnet5O")


def test_an_unknown_tag_of_a_file_gives_way_to_the_plain_name() -> None:
    from discern.features.backbones.library_names import known_name  # noqa: PLC0415 - imports torch

    assert known_name("resnet50.a1_in1k", "resnet50") == "resnet50.a1_in1k"
    assert known_name("resnet50.mine", "resnet50") == "resnet50"
