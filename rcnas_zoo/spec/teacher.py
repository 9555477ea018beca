"""Teacher names: ``wrn-D-K`` for a Wide ResNet of depth D = 6 n + 4 and widening factor K."""

import re
from dataclasses import dataclass

from rcnas_zoo.spec.errors import InvalidInput, shortened

_NAME = re.compile(r"wrn-([0-9]{1,4})-([0-9]{1,3})")


@dataclass(frozen=True)
class TeacherName:
    """A parsed teacher name: ``depth`` convolutional layers in all, ``widening`` times the base width."""

    depth: int
    widening: int

    @classmethod
    def parse(cls, text: str) -> "TeacherName":
        """The teacher in a text such as ``wrn-28-10``.

        Raises:
            InvalidInput: another form, a depth that is not 6 n + 4 with n >= 1, or a widening factor outside 1 to 256.
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise InvalidInput(f"a teacher must be wrn-D-K, such as wrn-28-10, got {shortened(text)}")
        depth, widening = int(match[1]), int(match[2])
        if not 1 <= widening <= 256:
            raise InvalidInput(f"the widening factor of a teacher must be 1 to 256, got {text!r}")
        if depth < 10 or (depth - 4) % 6:
            near = 6 * max(1, (depth - 4) // 6) + 4
            raise InvalidInput(
                f"the depth of a teacher must be 6 n + 4 with n at least 1, got {text!r}; wrn-{near}-{widening} is one"
            )
        return cls(depth, widening)

    @property
    def blocks(self) -> int:
        """Residual blocks of each of the three stages."""
        return (self.depth - 4) // 6

    def __str__(self) -> str:
        return f"wrn-{self.depth}-{self.widening}"
