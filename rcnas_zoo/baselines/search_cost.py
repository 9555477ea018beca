"""What a search costs beside the training of what it finds (RC-NAS Table 4)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SearchCost:
    """What the searches of a study took; all zero for what does not search.

    Attributes:
        visits: networks that they visited.
        visiting: seconds that the trainings and attacks of these took where they were done first.
        thinking: seconds of the searches themselves: to propose, and to learn from what came of it.
    """

    visits: int = 0
    visiting: float = 0.0
    thinking: float = 0.0

    @property
    def seconds(self) -> float:
        """Of both."""
        return self.visiting + self.thinking

    def __add__(self, other: "SearchCost") -> "SearchCost":
        return SearchCost(self.visits + other.visits, self.visiting + other.visiting, self.thinking + other.thinking)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SearchCost":
        """What `to_dict` gave."""
        return cls(int(data["visits"]), float(data["visiting"]), float(data["thinking"]))
