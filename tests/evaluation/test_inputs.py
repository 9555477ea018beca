import pytest
import torch
from torch import nn

from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec


def spoiled(images, value, count=1):
    images = images.clone()
    images[:count, 0, 0, 0] = value
    return images


BAD_IMAGES = {
    r"floats in \[0.0, 1.0\], got torch.uint8 of shape .*; of 8-bit pixels, give images / 255": (
        lambda x: (x * 255).to(torch.uint8)
    ),
    r"floats in \[0.0, 1.0\], got torch.int64 of shape": lambda x: x.long(),
    r"float tensor \(N, C, H, W\) in \[0.0, 1.0\], got torch.bool of shape": lambda x: x > 0.5,
    r"float tensor \(N, C, H, W\) .*, got torch.float32 of shape \(1, 4, 4\)": lambda x: x[0],
    r"float tensor \(N, C, H, W\) .*, got a list": lambda x: x.tolist(),
    r"at least one image, got the shape \(0, 1, 4, 4\)": lambda x: x[:0],
    "must be finite, got NaN or infinity in 2 of 30 images": lambda x: spoiled(x, torch.nan, 2),
    "must be finite, got NaN or infinity in 1 of 30 images": lambda x: spoiled(x, torch.inf),
    r"must lie in \[0.0, 1.0\], got values from .* to 1.00001; rescale": lambda x: spoiled(x, 1.00001),
    r"must lie in \[0.0, 1.0\], got values from -0.2 ": lambda x: spoiled(x, -0.2),
    r"must take float32 images of shape \(1, 1, 4, 2\), it raised RuntimeError: size mismatch": lambda x: x[..., :2],
}
BAD_LABELS = {
    r"labels must be a tensor \(N,\) of whole numbers, got torch.float32 of shape \(30,\)": lambda y: y.float(),
    r"of whole numbers, got torch.bool of shape": lambda y: y.bool(),
    r"of whole numbers, got torch.int64 of shape \(30, 1\)": lambda y: y[:, None],
    "of whole numbers, got a list": lambda y: y.tolist(),
    "a label for each image, got 30 images and 29 labels": lambda y: y[1:],
    "labels must be 0 to 1, for the model has 2 classes, got 2": lambda y: y + (y == 1),
    "labels must be 0 to 1, for the model has 2 classes, got -1": lambda y: y - 1,
}
BAD_OUTPUTS = {
    r"must return logits \(1, classes\) .* for 1 images, got a tuple; wrap it": lambda z: (z, z),
    r"must return logits \(1, classes\) .* for 1 images, got a dict; wrap it": lambda z: {"logits": z},
    "for 1 images, got a NoneType; wrap it": lambda z: None,
    r"must be float32, got torch.float16; return logits.float\(\)": lambda z: z.half(),
    "must be float32, got torch.bfloat16; return": lambda z: z.bfloat16(),
    "must be float32, got torch.float64; return": lambda z: z.double(),
    "must be float32, got torch.int64; return": lambda z: z.long(),
    r"got torch.float32 of shape \(1,\)": lambda z: z[:, 0],
    r"got torch.float32 of shape \(1, 1\)": lambda z: z[:, :1],
    r"got torch.float32 of shape \(2, 2\)": lambda z: torch.cat([z, z]),
    "logits of the model must be finite, got NaN or infinity; check its weights": lambda z: z * torch.nan,
}


@pytest.mark.parametrize("message", BAD_IMAGES)
def test_bad_images_are_refused(message, linear, images, labels):
    with pytest.raises(InvalidInput, match=message):
        check_inputs(linear, BAD_IMAGES[message](images), labels)


@pytest.mark.parametrize("message", BAD_LABELS)
def test_bad_labels_are_refused(message, linear, images, labels):
    with pytest.raises(InvalidInput, match=message):
        check_inputs(linear, images, BAD_LABELS[message](labels))


@pytest.mark.parametrize("message", BAD_OUTPUTS)
def test_bad_models_are_refused(message, linear, images, labels):
    class Bad(nn.Module):
        def forward(self, images):
            return BAD_OUTPUTS[message](linear(images))

    with pytest.raises(InvalidInput, match=message):
        check_inputs(Bad(), images, labels)


class Unforeseen(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("two\nlines"), "ValueError: two$"),
        (Unforeseen("odd"), "Unforeseen: odd$"),
        (KeyError("x"), "KeyError: 'x'$"),
        (NotImplementedError(), "NotImplementedError$"),
        (OSError("  \n "), "OSError$"),
    ],
)
def test_whatever_a_model_raises_is_told_in_one_line(error, told, images, labels):
    class Raising(nn.Module):
        def forward(self, images):
            raise error

    with pytest.raises(InvalidInput, match=rf"float32 images of shape \(1, 1, 4, 4\), it raised {told}") as caught:
        check_inputs(Raising(), images, labels)
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)


def test_a_model_that_works_in_place_is_told_and_spoils_no_image(linear, images, labels):
    class Greedy(nn.Module):
        def forward(self, images):
            return linear(images.sub_(0.1))

    before = images.clone()
    with pytest.raises(InvalidInput, match="must leave the images as they are, it changed them in place; clone"):
        check_inputs(Greedy(), images, labels)
    assert torch.equal(images, before)


def test_an_interrupt_is_not_the_fault_of_the_model(images, labels):
    class Interrupted(nn.Module):
        def forward(self, images):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_inputs(Interrupted(), images, labels)


def test_a_model_of_another_precision_is_refused(conv, images, labels):
    with pytest.raises(InvalidInput, match="the model must take float32 images of shape"):
        check_inputs(conv.double(), images, labels)


def test_a_spec_tells_shape_and_range(conv, images, labels):
    conv.spec = ResidualSpec(InputSpec((1, 4, 4), -1.0, 2.0), 4, (StageSpec(1, 16),))
    examples = check_inputs(conv, images * 3 - 1, labels)
    assert (examples.low, examples.high, examples.classes) == (-1.0, 2.0, 4)
    with pytest.raises(InvalidInput, match=r"must have the shape \(1, 4, 4\) that the model takes, got \(1, 4, 3\)"):
        check_inputs(conv, images[..., :3], labels)
    with pytest.raises(InvalidInput, match=r"must lie in \[-1.0, 2.0\]"):
        check_inputs(conv, images * 3, labels)


def test_rounding_errors_at_the_range_are_clipped(linear, images, labels):
    examples = check_inputs(linear, spoiled(images, 1 + 5e-7).double(), labels.to(torch.uint8))
    assert examples.images.max() == 1.0
    assert (examples.images.dtype, examples.labels.dtype) == (torch.float32, torch.int64)


def test_examples_are_found_by_their_places(linear, images, labels):
    examples = check_inputs(linear, images, labels)
    part, wanted = examples.at(torch.tensor([4, 2]))
    assert torch.equal(part, images[[4, 2]])
    assert torch.equal(wanted, labels[[4, 2]])
