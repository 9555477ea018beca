"""A model and its examples, before which attacks come batch by batch."""

from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.evaluation.engine import quick_copy
from rcnas_zoo.evaluation.inputs import Examples, checked_logits
from rcnas_zoo.evaluation.ledger import Attacked
from rcnas_zoo.networks.accelerated import Accelerated
from rcnas_zoo.spec.errors import IntegrityError, Unavailable

BALL_TOLERANCE = 1e-6


class Bench:
    """A model and its examples. It travels to worker processes, where each makes its own quicker copy of the model.

    Attributes:
        model: (N, C, H, W) -> logits (N, classes), in eval mode.
        examples: the checked images and labels.
        seeds: (N,) int64, one for each image.
    """

    def __init__(self, model: nn.Module, examples: Examples, seed: int) -> None:
        self.model = model
        self.examples = examples
        self.seeds = torch.randint(2**31, (len(examples),), generator=torch.Generator().manual_seed(seed))
        self._at_once = len(examples)
        self._engine: tuple[Accelerated | None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}

    @property
    def engine(self) -> Accelerated | None:
        """What computes gradients in place of the model, if anything does (see `quick_copy`)."""
        if self._engine is None:
            self._engine = (quick_copy(self.model, self.examples.device),)
        return self._engine[0]

    def fitted(self, attack: Attack, seed: int) -> Attack:
        """The attack, made fit for the model and all images if it is one that searches first."""
        if not attack.searches:
            return attack
        generator = torch.Generator().manual_seed(seed)
        images, labels = self.examples.at(slice(None))
        return attack.fitted(self.model, images, labels, generator, self.engine)

    def attack(self, attack: Attack, numbers: Tensor) -> Attacked:
        """The attack on the images of these places, all at once or, if memory does not suffice, in parts.

        Verdicts do not depend on the parts, but for rounding; an attack on a batch together is not done in parts.

        Raises:
            Unavailable: there is not enough memory.
        """
        parts: list[Attacked] = []
        waiting = list(torch.split(numbers, self._at_once))
        while waiting:
            found = self._attack_or_not(attack, waiting[0])
            if isinstance(found, Attacked):
                parts.append(found)
                waiting.pop(0)
                continue
            least = len(waiting[0]) if attack.together else 1
            self._at_once = self._fewer(len(waiting[0]), least, found)
            waiting = list(torch.split(torch.cat(waiting), self._at_once))
        return Attacked.together(parts)

    def _attack_or_not(self, attack: Attack, numbers: Tensor) -> Attacked | str:
        """What the attack makes of the images, or what torch says where memory does not suffice."""
        try:
            return self._attack(attack, numbers)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return str(error).splitlines()[0]

    def _fewer(self, count: int, least: int, told: str) -> int:
        if count <= least:
            what = "one image" if least == 1 else f"{least} images together"
            raise Unavailable(
                f"memory must suffice to attack {what}, but it does not: {told}; free some, or use fewer --workers"
            )
        # Here, where no traceback holds the tensors of the attempt any more.
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.empty_cache()
        return -(-count // 2)

    def _attack(self, attack: Attack, numbers: Tensor) -> Attacked:
        started = perf_counter()
        images, labels = self.examples.at(numbers)
        with untouched(self.model):
            victim = Victim(self.model, self.engine)
            adversarial = attack.perturb_seeded(victim, images, labels, self.seeds[numbers].tolist())
            _check_inside(attack, adversarial, images)
            predictions = checked_logits(self.model, adversarial).argmax(1)
        # What was wrong before the attack comes back unchanged.
        broken = (predictions != labels) & (adversarial != images).flatten(1).any(1)
        found = adversarial[broken].cpu()
        return Attacked(numbers, predictions.cpu(), numbers[broken.cpu()], found, perf_counter() - started)


def _check_inside(attack: Attack, adversarial: Tensor, images: Tensor) -> None:
    ball = attack.ball
    excess = ball.excess(adversarial, images)
    if excess > BALL_TOLERANCE * max(ball.high - ball.low, ball.radius):
        raise IntegrityError(
            f"the attack {attack.name} must stay within {ball.threat} and the value range, it left them by "
            f"{excess:.3g}; its result is refused"
        )


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory did not suffice: torch has a class for devices, and text for the CPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


_NO_MEMORY = ("can't allocate memory", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED")
