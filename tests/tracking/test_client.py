import pytest

from rcnas_zoo.spec.errors import InvalidInput, NotFound, Unavailable
from rcnas_zoo.tracking.client import answering, is_absent, is_taken, pages

URI = "http://ann:secret@host:5000"


def of_mlflow():
    from mlflow.exceptions import MlflowException

    return MlflowException("the disk is full.\nand more")


def of_sqlalchemy():
    from sqlalchemy.exc import OperationalError

    return OperationalError("INSERT", None, Exception("the disk is full"))


def of_the_system():
    return OSError(28, "the disk is full")


@pytest.mark.parametrize("make", [of_mlflow, of_sqlalchemy, of_the_system])
def test_what_goes_wrong_in_a_store_becomes_one_line_without_a_password(make):
    error = make()
    with (
        pytest.raises(Unavailable, match=r"the disk is full; mend it, or set MLFLOW_TRACKING_URI") as told,
        answering(URI),
    ):
        raise error
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is error


@pytest.mark.parametrize("error", [NotFound("ours"), InvalidInput("ours"), KeyError("a mistake")])
def test_other_errors_pass_as_they_are(error):
    with pytest.raises(type(error)) as told, answering(URI):
        raise error
    assert told.value is error


def test_all_pages_are_read():
    class Page(list):
        token = None

    def search(page_token):
        asked.append(page_token)
        page = Page([len(asked)])
        page.token = {1: "second", 2: "third"}.get(len(asked))
        return page

    asked = []
    assert list(pages(search)) == [1, 2, 3]
    assert asked == [None, "second", "third"]


def test_absent_and_taken_are_told_apart():
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST

    absent = MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)
    taken = MlflowException("there is one", RESOURCE_ALREADY_EXISTS)
    assert [is_absent(error) for error in (absent, taken, ValueError())] == [True, False, False]
    assert [is_taken(error) for error in (absent, taken, ValueError())] == [False, True, False]
