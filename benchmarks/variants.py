"""The loops that are compared, and the measurement of one of them in the process that it is called from."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from machine import synchronise
from plain_loop import Plain, train_plain

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

CLASSES = 10
# Our loop by precision and compilation; `plain` and `script` are the two ways of writing the plain loop.
OURS = {
    "float32": ("float32", "off"),
    "float32-compiled": ("float32", "on"),
    "bfloat16": ("bfloat16", "off"),
    "bfloat16-compiled": ("bfloat16", "on"),
}
PLAIN = {"plain": "robustresnet", "script": "script"}
VARIANTS = (*PLAIN, *OURS)


@dataclass(frozen=True)
class Setting:
    """What is trained.

    Attributes:
        model: name of an architecture.
        size: side of the images in pixels.
        batch: images of an update.
        objective: of the recipe.
        steps: of the inner attack.
    """

    model: str = "wrn-16-2"
    size: int = 32
    batch: int = 128
    objective: str = "trades"
    steps: int = 10

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return asdict(self)

    @property
    def title(self) -> str:
        """Such as ``TRADES-10``."""
        return f"{self.objective.upper()}-{self.steps}"

    def spec(self) -> ResidualSpec:
        """The network, for colour images."""
        return named_spec(self.model, InputSpec((3, self.size, self.size)), CLASSES)

    def recipe(self, precision: str = "float32") -> TrainingRecipe:
        """One epoch of the RobustResNet setting, nothing measured at its end."""
        return TrainingRecipe(
            objective=self.objective,
            attack_steps=self.steps,
            batch_size=self.batch,
            epochs=1,
            precision=precision,
            selection_attack="none",
        )

    def operations(self) -> float:
        """Floating-point operations that an image needs: 2 a MAC forward, to the input, and to the weights.

        TRADES also needs one natural forward pass before its attack, and with MART a second pass in the update. What a
        loop computes again does not count, normalisation and activations do not either.
        """
        attack = 4 * self.steps + (2 if self.objective == "trades" else 0)
        return float(cost(self.spec()).macs * (attack + (6 if self.objective == "sat" else 12)))


@dataclass
class Stopwatch(Silent):
    """An observer that times the updates after the warm-up.

    Attributes:
        warmup: updates that are not timed.
        last: number of the last update.
        device: is waited for when the watch starts and stops.
        seconds: the time of the updates after the warm-up, once the last one is done.
        warmup_seconds: the time before.
        processor_share: processor time of this process in that of its threads; well below 1, others were in the way.
    """

    warmup: int
    last: int
    device: torch.device
    seconds: float = 0.0
    warmup_seconds: float = 0.0
    processor_share: float = 0.0
    _started: float = field(default_factory=time.perf_counter)
    _spent: float = 0.0

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        self.on_update(done)

    def on_update(self, done: int) -> None:
        """So many updates are done."""
        if done not in (self.warmup, self.last):
            return
        synchronise(self.device)
        now = time.perf_counter()
        if done == self.warmup:
            self.warmup_seconds, self._started, self._spent = now - self._started, now, time.process_time()
        else:
            self.seconds = now - self._started
            self.processor_share = (time.process_time() - self._spent) / self.seconds / torch.get_num_threads()


def sample(setting: Setting, variant: str, device: torch.device, updates: int) -> dict[str, Any]:
    """Images a second of a variant over so many updates after the warm-up, on random images."""
    warmup = 2 if device.type == "cpu" and not variant.endswith("compiled") else 4
    images = random_images(setting, warmup + updates)
    watch = Stopwatch(warmup, warmup + updates, device)
    run = _plain if variant in PLAIN else _ours
    engine = run(setting, variant, images, watch)
    return {
        "images_per_second": round(setting.batch * updates / watch.seconds, 3),
        "warmup_seconds": round(watch.warmup_seconds, 2),
        "processor_share": round(watch.processor_share, 3),
        "updates": updates,
        "engine": engine,
    }


def random_images(setting: Setting, batches: int) -> Images:
    """So many full batches of noise."""
    generator = torch.Generator().manual_seed(0)
    count = batches * setting.batch
    pixels = torch.randint(256, (count, 3, setting.size, setting.size), generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.randint(CLASSES, (count,), generator=generator))


def _plain(setting: Setting, variant: str, images: Images, watch: Stopwatch) -> dict[str, Any]:
    loaders = 4 if watch.device.type == "cuda" else 0
    plain = Plain(PLAIN[variant], device=watch.device, loader_workers=loaders)
    train_plain(build(setting.spec()), images, setting.recipe(), seed=0, plain=plain, on_update=watch.on_update)
    return {"style": plain.style, "loader_workers": loaders}


def _ours(setting: Setting, variant: str, images: Images, watch: Stopwatch) -> dict[str, Any]:
    precision, compiled = OURS[variant]
    host = Host(device=watch.device, observer=watch, compile=compiled)
    few = images.select(range(setting.batch))
    return train(build(setting.spec()), images, few, setting.recipe(precision), seed=0, host=host).engine
