"""Architectures by name: Wide ResNets, WRN-34-R, the RobustResNets and networks of cells."""

import re

from rcnas_zoo.networks.cell_names import cell_network_names, cell_network_spec, names_cell_network
from rcnas_zoo.networks.wide import BASE_WIDTHS, CIFAR, PerStage, wide_spec
from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.teacher import TeacherName

_WIDE_RESNETS = ("wrn-28-10", "wrn-34-12", "wrn-46-14", "wrn-70-16")
_WIDE_RESNET = re.compile(r"wrn-\d+-\d+")

# Blocks of each stage, base channels of each stage, block. The channels of RobustResNet A1 to A4 are the widening
# factors 5-7-3, 7-9-4, 8-11-5 and 10-14-6 (Huang et al., "Revisiting Residual Networks for Adversarial Robustness",
# CVPR 2023), those of WRN-34-R are 20-20-8 (Huang et al., "Exploring Architectural Ingredients of Adversarially
# Robust Deep Neural Networks", NeurIPS 2021).
_SHAPES: dict[str, tuple[PerStage, PerStage, str]] = {
    "robustresnet-a1": ((14, 14, 7), (80, 224, 192), "robust"),
    "robustresnet-a2": ((17, 17, 8), (112, 288, 256), "robust"),
    "robustresnet-a3": ((22, 22, 11), (128, 352, 320), "robust"),
    "robustresnet-a4": ((27, 28, 13), (160, 448, 384), "robust"),
    "wrn-34-r": ((5, 5, 5), (320, 640, 512), "basic"),
}


def architecture_names() -> list[str]:
    """The architectures of the catalogue; `named_spec` knows more."""
    return [*_WIDE_RESNETS, *_SHAPES]


def is_named(text: str) -> bool:
    """Whether a text has the form of an architecture's name; of a Wide ResNet, whether it begins like one."""
    return text in architecture_names() or text.startswith("wrn-") or names_cell_network(text)


def named_spec(name: str, input: InputSpec = CIFAR, classes: int = 10) -> NetworkSpec:
    """The spec of a named architecture.

    Known are `architecture_names`, every other ``wrn-D-K`` with D = 6 n + 4, and the cell networks of
    `cell_network_spec`.

    Args:
        name: such as ``wrn-28-10``, ``robustresnet-a1`` or ``advrush-7@96``.
        input: what the network takes, of any number of channels; from 64 pixels on the stem has stride 2.
        classes: number of classes.

    Raises:
        InvalidInput: an unknown name; the message offers the nearest known one.
    """
    if name in _SHAPES:
        return wide_spec(*_SHAPES[name], input, classes)
    if _WIDE_RESNET.fullmatch(name):
        return teacher_spec(TeacherName.parse(name), input, classes)
    if names_cell_network(name):
        return cell_network_spec(name, input, classes)
    known = [*architecture_names(), "wrn-D-K", *cell_network_names(), "GENOTYPE-N@C"]
    raise unknown_choice("an architecture", name, known)


def teacher_spec(teacher: TeacherName, input: InputSpec, classes: int) -> ResidualSpec:
    """The Wide ResNet of a teacher name (Zagoruyko and Komodakis, "Wide Residual Networks", BMVC 2016).

    Raises:
        InvalidInput: more blocks than a stage can have.
    """
    first, second, third = (teacher.widening * width for width in BASE_WIDTHS)
    return wide_spec((teacher.blocks,) * 3, (first, second, third), "basic", input, classes)
