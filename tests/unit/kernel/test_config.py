"""Settings are frozen, refuse what they don't know, and are called by their content."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import Field, ValidationError

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import ConfigError
from prometheus.pipeline import default_configs, derivation_steps, engine_steps


class Thing(EngineConfig):
    engine_name: ClassVar[str] = "RISK"

    window: int = Field(default=21, ge=2)
    share: float = 0.5


class Same(EngineConfig):
    engine_name: ClassVar[str] = "RISK"

    window: int = 21
    share: float = 0.5


class Newer(Thing):
    version: ClassVar[str] = "2"


def test_defaults_and_the_same_values_said_aloud_are_one_config() -> None:
    assert Thing().config_id == Thing(window=21, share=0.5).config_id


def test_another_value_type_or_version_is_another_config() -> None:
    assert len({Thing().config_id, Thing(window=22).config_id, Same().config_id, Newer().config_id}) == 4


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValidationError, match=r"frozen"):
        Thing().window = 5  # type: ignore[misc]


def test_each_wrong_key_is_named_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Thing.parsed({"window": 1, "colour": "red", "share": "much"}, where="a.toml")
    said = str(caught.value)
    assert "a.toml" in said
    assert "colour: unknown key" in said
    assert "window:" in said
    assert "share:" in said
    assert "'much'" in said
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    with pytest.raises(ConfigError, match=r"share"):
        Thing.parsed({"share": number}, where="a.toml")


def test_every_step_has_an_id_of_its_own_for_its_settings() -> None:
    steps = derivation_steps() + engine_steps(SimulatedBroker())
    ids = [config.config_id for config in default_configs(steps).values()]
    assert len(set(ids)) == len(steps)
