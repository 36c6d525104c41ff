from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from gateway.app import Gateway
from tests.unit.gateway.fakes import FakeClient, made


@pytest.fixture
def services() -> FakeClient:
    return FakeClient()


@pytest.fixture
def app(services: FakeClient) -> Gateway:
    return made(services)


@pytest.fixture
def http(app: Gateway) -> FlaskClient:
    return app.test_client()
