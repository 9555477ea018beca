"""How many images are attacked at a time: a fixed rule, so that a machine always attacks the same way."""

from dataclasses import dataclass

from rcnas_zoo.attacks.base import Attack

LARGEST = {"cpu": 250, "cuda": 1024}
SMALLEST = 32
BATCH_MACS = {"cpu": 2e13, "cuda": 4e15}
"""Work of one batch, in MACs: minutes. What a crash can lose, and how often progress is told."""


@dataclass(frozen=True)
class Batching:
    """The rule for one network.

    Attributes:
        macs: MACs of one image, or 0 where nobody knows.
        device: type of the device.
        workers: processes that share the images.
        asked: a size that was asked for, or None.
    """

    macs: int
    device: str
    workers: int = 1
    asked: int | None = None

    def size(self, attack: Attack, count: int) -> int:
        """Images of a batch, for an attack on so many images.

        As many as the device takes well, fewer where the work of a batch would be long, and so many that every worker
        has some. Where the batch changes the result, neither the network nor the workers may change the batch.
        """
        kind = self.device if self.device in LARGEST else "cuda"
        size = self.asked or LARGEST[kind]
        if attack.whole:
            return max(1, count)
        if attack.together or self.asked:
            return size
        if self.macs:
            size = min(size, max(SMALLEST, int(BATCH_MACS[kind] / (self.macs * attack.effort))))
        return max(1, min(size, -(-count // self.workers)))

    def settings(self, attack: Attack) -> dict[str, int]:
        """What belongs into the settings of an attack: the size, where it changes the result."""
        return {"batch_size": self.size(attack, 0)} if attack.together and not attack.whole else {}
