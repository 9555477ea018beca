"""Random crops, flips and cutouts of a whole batch at once. What is drawn is apart from what is done with it.

The choices are drawn for a whole batch; a process that trains on some of its rows takes theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from rcnas_zoo.spec.recipe import TrainingRecipe


@dataclass(frozen=True, eq=False)
class Augmentation:
    """What happens to each of n images; None where the recipe switches it off.

    Attributes:
        padding: pixels of zero padding around a crop.
        side: of a cutout, in pixels.
        tops, lefts: (n,) int64 in [0, 2 padding], where the crops start in the padded images.
        flipped: (n,) bool.
        rows, columns: (n,) int64 inside the images, the centres of the cutouts.
    """

    padding: int
    side: int
    tops: Tensor | None = None
    lefts: Tensor | None = None
    flipped: Tensor | None = None
    rows: Tensor | None = None
    columns: Tensor | None = None

    @classmethod
    def draw(
        cls, recipe: TrainingRecipe, count: int, shape: Sequence[int], generator: torch.Generator
    ) -> "Augmentation":
        """The choices of a recipe for ``count`` images of shape (C, H, W), on the device of the generator."""

        def below(bound: int) -> Tensor:
            return torch.randint(bound, (count,), generator=generator, device=generator.device)

        drawn: dict[str, Tensor] = {}
        if recipe.crop_padding:
            drawn |= {name: below(2 * recipe.crop_padding + 1) for name in ("tops", "lefts")}
        if recipe.flip:
            drawn["flipped"] = below(2).bool()
        if recipe.cutout:
            drawn |= {"rows": below(shape[1]), "columns": below(shape[2])}
        return cls(recipe.crop_padding, recipe.cutout, **drawn)

    def rows_of(self, part: slice) -> "Augmentation":
        """The choices for some of the images."""
        names = ("tops", "lefts", "flipped", "rows", "columns")
        cut = {name: drawn[part] for name in names if (drawn := getattr(self, name)) is not None}
        return replace(self, **cut)

    def apply(self, images: Tensor) -> Tensor:
        """The images (n, C, H, W), of any type, cropped, then flipped, then cut out; the input stays as it is.

        Images and choices must be on one device.
        """
        if self.tops is not None and self.lefts is not None:
            images = crop(images, self.padding, self.tops, self.lefts)
        if self.flipped is not None:
            images = flip(images, self.flipped)
        if self.rows is not None and self.columns is not None:
            images = cutout(images, self.side, self.rows, self.columns)
        return images


def crop(images: Tensor, padding: int, tops: Tensor, lefts: Tensor) -> Tensor:
    """The windows of size (H, W) that start at row ``tops[i]`` and column ``lefts[i]`` of zero-padded image i.

    Args:
        images: (N, C, H, W), any type.
        padding: pixels of zero padding on every side.
        tops: (N,) int64 in [0, 2 padding].
        lefts: (N,) int64 in [0, 2 padding].
    """
    count, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4).contiguous()
    # A row of a window is a run of `width` pixels in memory, and copying runs is several times quicker than pixels.
    planes = torch.arange(count * channels, device=images.device).view(count, channels, 1)
    rows = planes * padded.shape[2] + tops.view(-1, 1, 1) + torch.arange(height, device=images.device)
    starts = rows * padded.shape[3] + lefts.view(-1, 1, 1)
    return padded.flatten().unfold(0, width, 1).index_select(0, starts.flatten()).view(images.shape)


def flip(images: Tensor, flipped: Tensor) -> Tensor:
    """The images (N, C, H, W), mirrored left to right where ``flipped`` (N,) is True."""
    return torch.where(flipped.view(-1, 1, 1, 1), images.flip(3), images)


def cutout(images: Tensor, side: int, rows: Tensor, columns: Tensor) -> Tensor:
    """The images with a square set to zero, cut off at the border (DeVries and Taylor 2017).

    It spans the pixels from ``side // 2`` before its centre to ``(side - 1) // 2`` behind it. Departures from the
    authors' code: an odd side is kept (they round it down to an even one), and zero is black, not the mean pixel.

    Args:
        images: (N, C, H, W), any type.
        side: of the square, in pixels.
        rows: (N,) int64 in [0, H), of its centre.
        columns: (N,) int64 in [0, W), of its centre.
    """
    inside = _near(rows, side, images.shape[2])[:, None, :, None] & _near(columns, side, images.shape[3])[:, None, None]
    return images.masked_fill(inside, 0)


def _near(centres: Tensor, side: int, length: int) -> Tensor:
    """Which of the places 0 to length - 1 are in a run of ``side`` around each centre: bool (N, length)."""
    first = centres[:, None] - side // 2
    places = torch.arange(length, device=centres.device)
    return (places >= first) & (places < first + side)
