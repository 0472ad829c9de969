import pytest


@pytest.fixture(scope="module")
def hello(serve):
    return serve("python/handler.hello", "--task-root", "..")


def test_it_greets(hello):
    response, error = hello({"name": "Ada"})
    assert response == {"message": "Hello, Ada!", "event": "free-form JSON"}
    assert error is None


def test_a_handler_that_fails_is_an_answer(serve):
    response, error = serve("python/handler.missing", "--task-root", "..")({})
    assert error == "Unhandled" and response["errorType"].startswith("Runtime.")
