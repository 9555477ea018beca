"""What every refusal must be: `InvalidInput`, exit code 2, one line of bearable length."""

from collections.abc import Callable
from typing import Any

import pytest

from rcnas_zoo.spec.errors import InvalidInput


def refusal(function: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The message with which a call is refused."""
    with pytest.raises(InvalidInput) as caught:
        function(*arguments, **named)
    return checked(caught.value)


def checked(error: InvalidInput) -> str:
    message = str(error)
    assert error.exit_code == 2
    assert message
    assert "\n" not in message
    assert len(message) < 600
    return message
