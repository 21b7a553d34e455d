"""Settings come from the environment, and impossible ones are refused by name."""

from pathlib import Path

import pytest

from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment, without_password

RUNTIME = "postgresql://desk:secret@db.example:5432/runtime"
HISTORICAL = "postgresql://desk:secret@db.example:5432/historical"


def test_the_default_is_the_embedded_server_in_a_hidden_folder_here():
    settings = settings_from_environment({})
    assert settings.is_embedded
    assert settings.home == Path.cwd() / ".prometheus"
    assert settings.artifacts_url == f"file://{Path.cwd()}/.prometheus/artifacts"


def test_two_urls_replace_the_embedded_server_and_are_not_shown():
    settings = settings_from_environment(
        {"PROMETHEUS_RUNTIME_URL": RUNTIME, "PROMETHEUS_HISTORICAL_URL": HISTORICAL}
    )
    assert not settings.is_embedded
    assert settings.runtime_url == RUNTIME
    assert "secret" not in repr(settings)


def test_an_empty_value_counts_as_absent():
    assert settings_from_environment({"PROMETHEUS_HOME": "", "PROMETHEUS_RUNTIME_URL": ""}).is_embedded


@pytest.mark.parametrize(
    ("runtime", "historical", "words"),
    [
        (RUNTIME, None, "PROMETHEUS_HISTORICAL_URL is not"),
        (None, HISTORICAL, "PROMETHEUS_RUNTIME_URL is not"),
        (RUNTIME, RUNTIME, "same database"),
        ("mysql://db/runtime", HISTORICAL, "'mysql'"),
        ("db.example/runtime", HISTORICAL, "no scheme"),
        ("postgresql://db.example", HISTORICAL, "names no database"),
        ("postgresql://db.example:port/runtime", HISTORICAL, "is not a URL"),
        ("postgresql://[::1/runtime", HISTORICAL, "is not a URL"),
    ],
)
def test_an_impossible_url_is_refused_with_a_remedy(runtime, historical, words):
    given = {"PROMETHEUS_RUNTIME_URL": runtime, "PROMETHEUS_HISTORICAL_URL": historical}
    with pytest.raises(ConfigError, match=words) as caught:
        settings_from_environment({name: url for name, url in given.items() if url})
    assert caught.value.remedy
    assert "secret" not in str(caught.value)


def test_a_password_is_never_shown():
    assert without_password(RUNTIME) == "postgresql://desk:***@db.example:5432/runtime"
    socket = "postgresql://prometheus@/runtime?host=%2Ftmp"
    assert without_password(socket) == socket
