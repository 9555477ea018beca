"""Channels that can only be removed together, because additions tie them; data alone, no torch.

The residual stream of a network is one group up to a projection shortcut: the stem and every block of a stage add to
the same channels. Inside a block, the channels between its two convolutions are a group of their own. Removing a
channel that no reader uses changes nothing of what the network computes: its writers and its normalisations lose a row,
its readers a column.
"""

from dataclasses import dataclass

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that go together.

    Attributes:
        name: the layer that first puts them out.
        size: their number.
        writers: layers whose outputs they are.
        norms: batch normalisations on them.
        readers: layers whose inputs they are.
    """

    name: str
    size: int
    writers: tuple[str, ...]
    norms: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass
class _Growing:
    size: int
    writers: list[str]
    norms: list[str]
    readers: list[str]

    def done(self) -> ChannelGroup:
        return ChannelGroup(self.writers[0], self.size, tuple(self.writers), tuple(self.norms), tuple(self.readers))


def channel_groups(spec: NetworkSpec) -> tuple[ChannelGroup, ...]:
    """The groups of a residual network of basic blocks; those of images and classes are not among them.

    Raises:
        InvalidInput: a network of another kind or with other blocks.
    """
    if not isinstance(spec, ResidualSpec) or any(stage.block != "basic" for stage in spec.stages):
        raise InvalidInput(
            f"a network to prune by channels must be residual with basic blocks, got kind {spec.kind!r} with others; "
            "prune its weights"
        )
    stream, groups = _Growing(spec.stem_width, ["stem"], [], []), []
    for number, stage in enumerate(spec.stages):
        for place in range(stage.depth):
            block = f"stages.{number}.{place}"
            stream.norms.append(f"{block}.norm1")
            stream.readers.append(f"{block}.conv1")
            groups.append(
                ChannelGroup(
                    f"{block}.conv1", stage.width, (f"{block}.conv1",), (f"{block}.norm2",), (f"{block}.conv2",)
                )
            )
            if (place == 0 and stage.stride != 1) or stream.size != stage.width:
                stream.readers.append(f"{block}.shortcut")
                groups.append(stream.done())
                stream = _Growing(stage.width, [f"{block}.conv2", f"{block}.shortcut"], [], [])
            else:
                stream.writers.append(f"{block}.conv2")
    stream.norms.append("norm")
    stream.readers.append("classifier")
    return (*groups, stream.done())
