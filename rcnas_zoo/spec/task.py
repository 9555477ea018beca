"""Tasks: ``dataset/attack/teacher/budget``, what a search is asked for."""

from dataclasses import dataclass

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.dataset import check_dataset_name
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.teacher import TeacherName


@dataclass(frozen=True)
class Task:
    """A data set, the attack to withstand, the network to compress and the compute budget of the result.

    Written ``cifar10/autoattack/wrn-28-10/5g``. Settings of the attack and the threat model are separate options.
    """

    dataset: str
    attack: AttackName
    teacher: TeacherName
    budget: Budget

    @classmethod
    def parse(cls, text: str) -> "Task":
        """The task in a text, split from the right at three slashes, so that the data set may hold any.

        Raises:
            InvalidInput: not four parts, or an unknown data set, attack, teacher or budget.
        """
        parts = text.strip().rsplit("/", 3)
        if len(parts) != 4 or not all(parts):
            raise InvalidInput(
                "a task must be dataset/attack/teacher/budget, such as digits/pgd-20/wrn-16-2/2m, "
                f"got {shortened(text)}"
            )
        dataset, attack, teacher, budget = parts
        return cls(
            check_dataset_name(dataset),
            AttackName.parse(attack),
            TeacherName.parse(teacher),
            Budget.parse(budget),
        )

    def __str__(self) -> str:
        return f"{self.dataset}/{self.attack}/{self.teacher}/{self.budget}"
