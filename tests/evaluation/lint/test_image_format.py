import pytest
import torch
from torch import nn

from rcnas_zoo.evaluation.inputs import Examples
from rcnas_zoo.evaluation.lint.image_format import STANDARDS, format_flags

CPU = torch.device("cpu")


class Nearest(nn.Module):
    """The class whose colour is nearest to that of the image, which it knows in another scaling."""

    def __init__(self, colours, known=lambda images: images):
        super().__init__()
        self.known, self.colours = known, known(colours[:, :, None, None]).flatten(1)

    def forward(self, images):
        return -torch.cdist(images.mean((2, 3)), self.colours)


@pytest.fixture
def colours():
    return torch.rand((5, 3), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def examples(colours):
    source = torch.Generator().manual_seed(1)
    labels = torch.randint(5, (200,), generator=source)
    images = (colours[labels][:, :, None, None] + 0.05 * torch.randn((200, 3, 4, 4), generator=source)).clamp(0, 1)
    return Examples(images, labels, 0.0, 1.0, 5, CPU)


def moments(name):
    return (torch.tensor(part).view(1, -1, 1, 1) for part in STANDARDS[name])


def normalised(images, name="CIFAR-10"):
    mean, deviation = moments(name)
    return (images - mean) / deviation


def test_a_model_that_knows_the_images_as_they_are_is_not_suspected(colours, examples):
    assert list(format_flags(Nearest(colours), examples)) == []


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (lambda x: 255 * x, "in [0, 255]"),
        (lambda x: 2 * x - 1, "in [-1, 1]"),
        # More than one scaling heals these.
        (lambda x: normalised(x, "CIFAR-10"), ""),
        (lambda x: normalised(x, "SVHN"), ""),
    ],
)
def test_the_scaling_that_a_model_knows_is_found(known, told, colours, examples):
    (flag,) = format_flags(Nearest(colours, known), examples)
    assert flag.startswith("image-format: ")
    assert f"of 200 images are right as they are, 200 when {told}" in flag


class Turned(nn.Module):
    """The class whose picture is nearest."""

    def __init__(self, pictures, known):
        super().__init__()
        self.pictures = known(pictures).flatten(1)

    def forward(self, images):
        return -torch.cdist(images.flatten(1), self.pictures)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (lambda x: x, None),
        (lambda x: 1 - x, "inverted"),
        (lambda x: x.flip(2), "upside down"),
        (lambda x: x.mT, "with height and width exchanged"),
        (lambda x: x.flip(1), "with the channels reversed"),
    ],
)
def test_the_order_that_a_model_knows_is_found(known, told):
    source = torch.Generator().manual_seed(0)
    # Like most pictures, alike in their channels and along their rows.
    pictures = 0.5 + 0.15 * torch.randn((5, 3, 6, 6), generator=source) * torch.tensor([1.0, 0.2, 0.9]).view(3, 1, 1)
    labels = torch.randint(5, (200,), generator=source)
    images = (pictures[labels] + 0.1 * torch.randn((200, 3, 6, 6), generator=source)).clamp(0, 1)
    found = list(format_flags(Turned(pictures, known), Examples(images, labels, 0.0, 1.0, 5, CPU)))
    assert len(found) == (told is not None)
    assert all(f"200 when {told}; the model may" in flag for flag in found)


def test_a_model_that_normalises_twice_is_found(colours, examples):
    class Twice(Nearest):
        def forward(self, images):
            return super().forward(normalised(normalised(images, "ImageNet"), "ImageNet"))

    (flag,) = format_flags(Twice(colours, lambda x: normalised(x, "ImageNet")), examples)
    assert "200 when denormalised by the" in flag


def test_a_value_range_of_the_model_counts(colours, examples):
    wide = Examples(examples.images * 255, examples.labels, 0.0, 255.0, 5, CPU)
    (flag,) = format_flags(Nearest(colours), wide)
    assert "200 when in [0, 1]" in flag
    assert list(format_flags(Nearest(255 * colours), wide)) == []


def test_errors_that_no_scaling_heals_are_the_models_own(colours, examples):
    labels = examples.labels.clone()
    labels[:80] = (labels[:80] + 1) % 5
    assert list(format_flags(Nearest(colours), Examples(examples.images, labels, 0.0, 1.0, 5, CPU))) == []


def test_a_model_that_refuses_other_values_is_believed(colours, examples):
    class Strict(Nearest):
        def forward(self, images):
            if images.min() < 0 or images.max() > 1:
                raise AssertionError("not in [0, 1]")
            return super().forward(images)

    wrong = (examples.labels + 1) % 5
    assert list(format_flags(Strict(colours), Examples(examples.images, wrong, 0.0, 1.0, 5, CPU))) == []


def test_a_channel_of_one_value_is_no_division_by_zero(colours, examples):
    images = examples.images.clone()
    images[:, 2] = 0.25
    wrong = (examples.labels + 1) % 5
    assert list(format_flags(Nearest(colours), Examples(images, wrong, 0.0, 1.0, 5, CPU))) == []
