"""What the rows of a benchmark do, as plain data: trainings and attacks, each so many times."""

from dataclasses import dataclass, replace

from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.spec.recipe import TrainingRecipe


@dataclass(frozen=True)
class Training:
    """One training; equal ones are done once.

    Attributes:
        spec: the network, of a pruning the one that is pruned.
        recipe: how it is trained.
        images: of an epoch.
        evaluation: images that choose among the epochs.
        stage: ``prune`` or ``finetune`` of a pruning; empty for an ordinary training, which its first stage is.
        pruning: of those stages, whose they are.
    """

    spec: NetworkSpec
    recipe: TrainingRecipe
    images: int
    evaluation: int
    stage: str = ""
    pruning: PruningRecipe | None = None


@dataclass(frozen=True)
class Look:
    """One attack on images, after a network was asked about them as they are.

    Attributes:
        spec: the network, or one that costs a machine as much.
        attack: its name.
        images: how many are attacked.
    """

    spec: NetworkSpec
    attack: str
    images: int


@dataclass(frozen=True)
class Work:
    """Trainings and looks, each with how often it is done; a share stands for one of several networks.

    Attributes:
        trainings, looks: pairs of that number and what is done.
        thinking: seconds on a core of what is neither, such as an agent's own training.
    """

    trainings: tuple[tuple[float, Training], ...] = ()
    looks: tuple[tuple[float, Look], ...] = ()
    thinking: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.trainings + other.trainings, self.looks + other.looks, self.thinking + other.thinking)

    def times(self, number: float) -> "Work":
        """The same, so many times."""
        return Work(
            tuple((number * times, each) for times, each in self.trainings),
            tuple((number * times, each) for times, each in self.looks),
            number * self.thinking,
        )

    @property
    def whole(self) -> tuple[Training, ...]:
        """The trainings that are surely done, as they stand here."""
        return tuple(each for times, each in self.trainings if times == 1.0)


@dataclass(frozen=True)
class RowWork:
    """What one method does for one seed.

    Attributes:
        method: its name.
        infeasible: why it cannot be tried; empty if it can.
        trial: what each trial does.
        test: what is done once with the best trial.
        networks: that a trial trains and attacks, those that a search visits among them.
    """

    method: str
    infeasible: str = ""
    trial: Work = Work()
    test: Work = Work()
    networks: int = 0

    @property
    def same(self) -> "RowWork":
        """What tells whether two rows do the same."""
        return replace(self, method="")
