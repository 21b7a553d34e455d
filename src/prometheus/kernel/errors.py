"""Every error the product raises on purpose, in one tree.

PrometheusError                      exit code
├── UsageError                            2    the call itself is wrong
│   ├── ConfigError                       2    a setting is unknown or impossible
│   └── DateOutsideDataError              2    a date lies where there is no data
├── InputError                            3    what was delivered can't be taken
│   ├── InputFileError                    3    a file is missing, unreadable or of no known shape
│   ├── UnknownInstrumentError            3    a symbol that the reference tables don't have
│   ├── MissingPriceError                 3    a held name has had no price for too long
│   └── RejectedBatchError                3    every row of a delivery was rejected
├── StoreError                            4    the databases
│   ├── ServerStartError                  4    the embedded server did not start
│   ├── ServerUnreachableError            4    a URL that answers nothing, or with a refusal
│   ├── DatabaseVersionError              4    a database newer or older than this program
│   ├── DiskFullError                     4    no room left on the device
│   ├── RuleBrokenError                   4    the database refused a row: key, check, foreign key, trigger
│   └── ArtifactError                     4    an artifact is missing or is not what its name says
├── FlowError                             5    a step broke the contract
│   ├── GraphError                        5    reads and writes that can't be put in order
│   ├── UndeclaredTableError              5    a step touched a table that it did not declare
│   ├── InvalidRowsError                  5    rows of the wrong shape, type or key
│   ├── LookAheadError                    5    a read of what was not known yet
│   └── NotEnoughHistoryError             5    a window that is longer than the data
└── InvariantError                        6    `db check` or `verify` found something

A message says what was expected, what was found; `remedy` says what to do.
"""

from __future__ import annotations


class PrometheusError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What was expected and what was found.
    remedy : str, optional
        What the user can do about it.
    """

    exit_code: int = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip() if self.remedy else self.message


class UsageError(PrometheusError):
    """The call itself is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown, missing or impossible."""


class DateOutsideDataError(UsageError):
    """A date lies where there is no data."""


class InputError(PrometheusError):
    """What was delivered can't be taken."""

    exit_code = 3


class InputFileError(InputError):
    """A file is missing, unreadable or of no known shape."""


class UnknownInstrumentError(InputError):
    """A symbol that the reference tables don't have."""


class MissingPriceError(InputError):
    """A held name has had no price for longer than the config allows."""


class RejectedBatchError(InputError):
    """Every row of a delivery was rejected."""


class StoreError(PrometheusError):
    """The databases can't be reached, started or written."""

    exit_code = 4


class ServerStartError(StoreError):
    """The embedded server did not start."""


class ServerUnreachableError(StoreError):
    """A URL that answers nothing, or with a refusal."""


class DatabaseVersionError(StoreError):
    """A database that is newer than this program, or not upgraded yet."""


class DiskFullError(StoreError):
    """No room left on the device."""


class RuleBrokenError(StoreError):
    """The database refused a row: key, check, foreign key or trigger."""


class ArtifactError(StoreError):
    """An artifact is missing, or its content is not what its name says."""


class FlowError(PrometheusError):
    """A step broke the contract that all steps keep."""

    exit_code = 5


class GraphError(FlowError):
    """Reads and writes that can't be put in order."""


class UndeclaredTableError(FlowError):
    """A step touched a table that it did not declare."""


class InvalidRowsError(FlowError):
    """Rows of the wrong shape, type or key."""


class LookAheadError(FlowError):
    """A read of what was not known yet."""


class NotEnoughHistoryError(FlowError):
    """A window that is longer than the data."""


class InvariantError(PrometheusError):
    """A check of what is stored found something wrong."""

    exit_code = 6
