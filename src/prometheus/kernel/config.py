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
            raise config_error(error, where=where, model=cls) from error


def config_error(error: ValidationError, *, where: str, model: type[BaseModel]) -> ConfigError:
    """Return the named error for settings that pydantic refused; it lists the keys that there are."""
    lines = []
    allowed: dict[str, None] = {}
    for problem in error.errors():
        path = [str(part) for part in problem["loc"]]
        key = ".".join(path) or "(the section)"
        if problem["type"] == "extra_forbidden":
            lines.append(f"{key}: unknown key")
            allowed[_keys(model, path[:-1])] = None
        else:
            lines.append(_said(key, problem["msg"], problem.get("input")))
    return ConfigError(
        f"{where}: " + "; ".join(lines) + ".",
        remedy=" ".join(allowed) or "docs/how-to/run-a-backtest.md says what each key takes.",
    )


def _said(key: str, message: str, found: Any) -> str:
    """Return a problem as a sentence; a value is shown where it is short, not a whole section."""
    shown = "" if isinstance(found, dict) else f" (found {found!r})"
    return f"{key}: {message.removeprefix('Value error, ')}{shown}"


def _keys(model: type[BaseModel], section: list[str]) -> str:
    """Return the keys of a section as a sentence."""
    for name in section:
        inner = model.model_fields[name].annotation if name in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    place = f"[{'.'.join(section)}]" if section else "The top level"
    return f"{place} has the keys {', '.join(model.model_fields)}."
