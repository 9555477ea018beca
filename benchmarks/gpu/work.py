"""The training that a state folder holds: written once, by its first slice, and the same for all later ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.strips import check_arrived
from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.datasets.splits import Splits, split
from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.spec.canonical import canonical_json, check_fields, check_integer, check_text, parse_object
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.recipe import TrainingRecipe

FILE = "work.json"
LARGEST_EVALUATION = 1024
EVALUATION_SHARE = 5


@dataclass(frozen=True)
class Work:
    """All that decides what is learnt.

    Attributes:
        asked: what was typed, by option; another command with the same state folder is refused.
        spec, recipe, seed: the network, its training and the seed of all random choices.
        dataset: name of the data set.
    """

    asked: Mapping[str, Any]
    spec: NetworkSpec
    recipe: TrainingRecipe
    seed: int
    dataset: str

    def write(self, state: Path) -> None:
        """Keeps it in a state folder."""
        state.mkdir(parents=True, exist_ok=True)
        data = {**vars(self), "asked": dict(self.asked), "spec": self.spec.to_dict(), "recipe": self.recipe.to_dict()}
        write_whole(state / FILE, canonical_json(data).encode())

    @classmethod
    def read(cls, state: Path) -> "Work":
        """The work of a state folder.

        Raises:
            NotFound: the folder holds none.
            InvalidInput: it is damaged.
        """
        path = state / FILE
        if not path.is_file():
            raise NotFound(f"the state folder must hold a training, got none in {state}; begin one with: train")
        names = ("asked", "spec", "recipe", "seed", "dataset")
        found = check_fields(parse_object(path.read_text(), FILE), FILE, names)
        spec, recipe = NetworkSpec.from_dict(found["spec"]), TrainingRecipe.from_dict(found["recipe"])
        seed, dataset = check_integer("the seed", found["seed"], 0), check_text("the data set", found["dataset"])
        return cls(found["asked"], spec, recipe, seed, dataset)

    def check_asked(self, asked: Mapping[str, Any], state: Path) -> None:
        """The same is asked as when the work was begun."""
        other = [name for name in asked if asked[name] != self.asked.get(name)]
        if other:
            name = other[0]
            raise InvalidInput(
                f"{state} holds a training with --{name} {self.asked.get(name)}, got {asked[name]}; give the command "
                "that began it, or another --state"
            )


def open_dataset(name: str, data: Path | None) -> Dataset:
    """The data set, of which every strip has arrived if it comes in strips.

    Raises:
        NotFound: it is absent, or only a part of it has arrived.
    """
    if data is not None and not (data / f"{name}.npz").is_file():
        check_arrived(data, name)
    return load_dataset(name, data)


def whole_batches(images: Images, batch_size: int) -> Splits:
    """The training split and the evaluation split, of a fifth of the images or 1,024, and a few more.

    The few more are those that would make a last batch smaller: all batches have one shape, so a network is compiled
    once and not twice.
    """
    evaluation = min(LARGEST_EVALUATION, len(images) // EVALUATION_SHARE)
    rest = len(images) - evaluation
    return split(images, evaluation + (rest % batch_size if rest > batch_size else 0))
