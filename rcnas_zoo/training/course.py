"""A training under way: all that changes in it, and its way into a checkpoint and back."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from rcnas_zoo.execution.signals import undivided
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.training.averaging import snapshot
from rcnas_zoo.training.checkpoints import Saved
from rcnas_zoo.training.history import History, TrainingResult
from rcnas_zoo.training.updates import Updates

# Updates between two looks at whether the loss is still finite; each makes an accelerator wait.
LOOK_EVERY = 50


@dataclass
class Course:
    """Where a training stands. Random states are not among it, for every choice is a function of the update's number.

    Attributes:
        updates: network, descent and average.
        history: the epochs so far.
        identity: what decides the result, as text; a checkpoint of another training is refused.
        done: updates so far.
        loss: sum of the losses of the epoch under way.
        broken: first update (from 1) whose loss was not finite, 0 if none; kept on the device, for reading it makes an
            accelerator wait.
        seconds: that earlier processes have spent.
    """

    updates: Updates
    history: History
    identity: str
    done: int = 0
    loss: Tensor = field(default_factory=lambda: torch.zeros(()))
    broken: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.int64))
    seconds: float = 0.0
    _whole: bool = True
    _started: float = field(default_factory=time.perf_counter)

    @classmethod
    def start(cls, updates: Updates, identity: str) -> "Course":
        """A training before its first update, or where its checkpoint stands."""
        course = cls(updates, History(snapshot(updates.network.model.state_dict())), identity)
        course._to_device()
        course._resume()
        return course

    @property
    def epochs_done(self) -> int:
        """Epochs that are in the history."""
        return len(self.history.curve)

    def run_epoch(self, tell: Callable[[], None]) -> float:
        """The rest of the epoch under way; returns the mean loss of its updates. ``tell`` is called after each.

        It ends early, with a loss that is not finite, soon after an update whose loss is not. Whoever interrupts it
        waits for the update under way, and finds a checkpoint of it.
        """
        end = (self.epochs_done + 1) * len(self.updates.batches)
        self.updates.network.train()
        try:
            self._run_until(end, tell)
        except (KeyboardInterrupt, SystemExit):
            if self._whole:
                self.keep(now=True)
            raise
        mean = self.loss.item() / len(self.updates.batches)
        self.loss.zero_()
        return mean

    def _run_until(self, end: int, tell: Callable[[], None]) -> None:
        while self.done < end:
            with undivided():
                self._update()
            tell()
            if self.done % LOOK_EVERY == 0 and self._is_broken():
                return
            if self.done < end:
                self.keep()

    def _update(self) -> None:
        self._whole = False
        loss = self.updates.run(self.done)
        self.done += 1
        self.loss += loss
        self.broken = torch.where((self.broken == 0) & ~loss.isfinite(), self.done, self.broken)
        self._whole = True

    def spent(self) -> float:
        """Seconds of this training in all processes."""
        return self.seconds + time.perf_counter() - self._started

    def result(self) -> TrainingResult:
        """What the training leaves if it ends now."""
        network, host = self.updates.network, self.updates.host
        engine = {
            "precision": network.precision,
            "compiled": network.compiled,
            "parts": self.updates.parts,
            "processes": host.team.size,
        }
        return self.history.result(self.spent(), engine)

    def keep(self, now: bool = False) -> None:
        """Writes a checkpoint, if one is due or at once. A disk that refuses it stops nothing: the user hears of it."""
        checkpoints, host = self.updates.host.checkpoints, self.updates.host
        if checkpoints is None or not (now or checkpoints.due()):
            return
        # Of a training that is broken, only its end is kept: the weights from before are in the history then.
        if self._is_broken() and not self.history.diverged_at:
            return
        try:
            checkpoints.save(self._save())
        except Unavailable as error:
            host.observer.warning(f"{host.label} goes on without a new checkpoint: {error}")

    def _is_broken(self) -> bool:
        return int(self.broken) > 0

    def _save(self) -> Saved:
        updates, history = self.updates, self.history
        velocities = {str(index): velocity for index, velocity in enumerate(updates.descent.velocities)}
        tensors = {
            **_below("model", snapshot(updates.network.model.state_dict())),
            **_below("average", snapshot(updates.average.state)),
            **_below("velocity", snapshot(velocities)),
            **_below("last", history.last),
            **_below("best", {} if history.best is None or history.best is history.last else history.best),
            "loss": self.loss.cpu(),
            "broken": self.broken.cpu(),
        }
        facts = {
            "identity": self.identity,
            "done": self.done,
            "curve": history.curve,
            "best_epoch": history.best_epoch,
            "best_is_last": history.best is history.last,
            "diverged_at": history.diverged_at,
            "parts": updates.parts,
            "seconds": self.spent(),
        }
        return Saved(tensors, facts)

    def _resume(self) -> None:
        host = self.updates.host
        saved = host.checkpoints.latest(host.observer.warning) if host.checkpoints else None
        saved = _shared(saved, self.updates)
        if saved is None:
            return
        if saved.facts["identity"] != self.identity:
            folder = host.checkpoints.folder if host.checkpoints else ""
            raise InvalidInput(f"the checkpoints in {folder} must be of this training, got another's; clear the folder")
        self._restore(saved.tensors, saved.facts)

    def _restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        updates, history = self.updates, self.history
        updates.network.model.load_state_dict(_above("model", tensors))
        for name, value in _above("average", tensors).items():
            updates.average.state[name].copy_(value)
        for index, velocity in _above("velocity", tensors).items():
            updates.descent.velocities[int(index)].copy_(velocity)
        history.last = _above("last", tensors)
        history.best = history.last if facts["best_is_last"] else _above("best", tensors) or None
        history.curve, history.best_epoch = list(facts["curve"]), facts["best_epoch"]
        history.diverged_at = facts["diverged_at"]
        self.loss, self.broken = tensors["loss"], tensors["broken"]
        self._to_device()
        self.done, self.seconds, updates.parts = facts["done"], facts["seconds"], facts["parts"]

    def _to_device(self) -> None:
        device = self.updates.batches.labels.device
        self.loss, self.broken = self.loss.to(device), self.broken.to(device)


def _shared(saved: Saved | None, updates: Updates) -> Saved | None:
    """The leader's checkpoint in every process: only the leader has seen the folder."""
    team = updates.host.team
    if team.size == 1:
        return saved
    facts: Any = team.tell(saved and saved.facts)
    content: Any = team.tell(save(saved.tensors) if saved else None)
    return None if facts is None else Saved(load(content), facts)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def _above(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
