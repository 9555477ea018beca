"""What may go wrong while a data file is read, told in this package's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from rcnas_zoo.spec.errors import InvalidInput, NotFound, RcnasError


@contextmanager
def reading(what: str, way_out: str) -> Iterator[None]:
    """Around the code that reads ``what``; ``way_out`` says what to do if it is not there.

    Raises:
        NotFound: a file or folder is absent.
        InvalidInput: anything else but a lack of memory: a damaged file makes its reader fail in any way it likes.
    """
    try:
        yield
    except (RcnasError, MemoryError):
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{what} must exist, but {error.filename} does not; {way_out}") from error
    except Exception as error:
        raise InvalidInput(f"{what} must be readable and whole, got {brief(error)}") from error


def brief(error: Exception) -> str:
    """An error on one line: its class and the start of its text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
