"""Which tasks a meta-training learns from: those of a file, or a mix on the embedded digits."""

from pathlib import Path

from rcnas_zoo.spec.errors import InvalidInput, NotFound, Unavailable
from rcnas_zoo.spec.posed import PosedTask, parse_tasks

DEFAULT_TASKS = """
# Three teachers, three attacks, two radii, budgets from a quarter to three quarters of the teacher's cost. Nothing is
# downloaded; of teachers, six are trained: one for each architecture and radius.
digits/pgd-20/wrn-16-2/2m    linf@1/5
digits/cw-20/wrn-16-2/3m     linf@1/5
digits/fgsm/wrn-16-2/1500k   linf@1/10
digits/pgd-20/wrn-16-2/4m    linf@1/10
digits/pgd-20/wrn-16-1/800k  linf@1/5
digits/fgsm/wrn-16-1/1200k   linf@1/5
digits/cw-20/wrn-16-1/600k   linf@1/10
digits/pgd-20/wrn-16-1/400k  linf@1/10
digits/pgd-20/wrn-10-1/300k  linf@1/5
digits/cw-20/wrn-10-1/500k   linf@1/5
digits/fgsm/wrn-10-1/250k    linf@1/10
digits/pgd-20/wrn-10-1/400k  linf@1/10
"""


def read_tasks(path: Path | None = None) -> tuple[PosedTask, ...]:
    """The tasks of a file (see `rcnas_zoo.spec.posed.parse_tasks`); without one, `DEFAULT_TASKS`.

    Raises:
        NotFound: no such file.
        InvalidInput: a line of it is no task, or it is no text or no file.
        Unavailable: it cannot be read.
    """
    if path is None:
        return parse_tasks(DEFAULT_TASKS)
    try:
        return parse_tasks(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise NotFound(f"a tasks file must exist, got {str(path)!r}") from error
    except IsADirectoryError as error:
        raise InvalidInput(f"a tasks file must be a file with a task a line, got the folder {str(path)!r}") from error
    except OSError as error:
        raise Unavailable(f"the tasks file {path} must be readable: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the tasks file {path} must be UTF-8 text: {error}") from error
    except InvalidInput as error:
        raise InvalidInput(f"the tasks file {path}, {error}") from error
