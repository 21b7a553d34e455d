"""The frozen base of every engine's settings, whose id is the hash of its content."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from prometheus.kernel.errors import ConfigError
from prometheus.kernel.ids import digest


class EngineConfig(BaseModel):
    """Settings of one step: frozen, extra keys refused, defaults here and nowhere else.

    Attributes
    ----------
    engine_name : str
        One of the engine names of ``engine_decisions``.
    version : str
        Raised by hand whenever the same inputs would give other outputs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    engine_name: ClassVar[str]
    version: ClassVar[str] = "1"

    def canonical_body(self) -> dict[str, Any]:
        """Return the settings as JSON data, the name of the settings' type included."""
        return {"type": type(self).__name__, **self.model_dump(mode="json")}

    @property
    def config_id(self) -> str:
        """Engine, version and a short hash of the canonical body.

        Examples
        --------
        >>> class Thing(EngineConfig):
        ...     engine_name = "RISK"
        ...     window: int = 21
        >>> Thing().config_id.split("-")[:2]
        ['RISK', '1']
        >>> Thing().config_id == Thing(window=21).config_id != Thing(window=5).config_id
        True
        """
        body = json.dumps(self.canonical_body(), sort_keys=True, separators=(",", ":"))
        return f"{self.engine_name}-{self.version}-{digest(self.engine_name, self.version, body).hex()[:12]}"

    @classmethod
    def parsed(cls, body: dict[str, Any], *, where: str) -> Self:
        """Return settings from a parsed file, or a `ConfigError` that names each wrong key."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise config_error(error, where=where) from error


def config_error(error: ValidationError, *, where: str) -> ConfigError:
    """Return the named error for settings that pydantic refused."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(the section)"
        if problem["type"] == "extra_forbidden":
            lines.append(f"{key}: unknown key")
        else:
            lines.append(f"{key}: {problem['msg']} (found {problem.get('input')!r})")
    return ConfigError(
        f"{where}: " + "; ".join(lines) + ".", remedy="`prometheus backtest --help` lists the keys."
    )
