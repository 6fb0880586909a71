"""A fitted classifier to draw; no test may change it."""

import pytest

from tests.plotting.cases import X, Y, siamese


@pytest.fixture(scope="module")
def fitted():
    return siamese().fit(X, Y)
