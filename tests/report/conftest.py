"""One small report that most tests of this folder look at."""

import pytest

from tests.report.cases import make_report, measured


@pytest.fixture(scope="session")
def report():
    return make_report(measured())


@pytest.fixture(scope="session")
def page(report):
    return report.html()
