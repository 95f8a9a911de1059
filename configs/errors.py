"""The tree of errors that Seedscope raises, each with the moment at which it is met.

SeedscopeError
  UserError                 what the user gave cannot be done (exit code 2)
    ConfigurationError      a config, a preset name or an override is wrong
    CorpusError             the text cannot be read, or is too little
    RunDirectoryError       a run directory is missing, damaged, in use, or holds another experiment
    ResourceError           the machine or cluster lacks what the experiment needs
    UnreachableError        processes of an experiment cannot reach each other any more
    StorageError            the place of the checkpoints or of the model cannot be reached
    TableError              a table given to the analysis is malformed
  CheckpointError           a checkpoint's files are incomplete or fail their checksums
  TrainingError             training cannot go on
    NonFiniteLossError      a loss or gradient stopped being a finite number
  LedgerError               the ledger refuses a record
    StaleAttemptError       the record comes from an attempt that was given up
    ConflictingRecordError  another record stands under the same key: training was not deterministic

Every error takes one string, so that it survives the way from one process to another.
"""

__all__ = [
    "CheckpointError",
    "ConfigurationError",
    "ConflictingRecordError",
    "CorpusError",
    "LedgerError",
    "NonFiniteLossError",
    "ResourceError",
    "RunDirectoryError",
    "SeedscopeError",
    "StaleAttemptError",
    "StorageError",
    "TableError",
    "TrainingError",
    "UnreachableError",
    "UserError",
]


class SeedscopeError(Exception):
    """Met whenever Seedscope itself says that something cannot be done."""


class UserError(SeedscopeError):
    """Met when what was asked for cannot be done; the message names the value and the remedy."""


class ConfigurationError(UserError):
    """Met while a config is read or an override is applied."""


class CorpusError(UserError):
    """Met while stories are read, tokenized or cut into windows."""


class RunDirectoryError(UserError):
    """Met when a run directory is opened for writing, resuming or reading."""


class ResourceError(UserError):
    """Met before anything runs, when memory, disk or cores do not suffice."""


class UnreachableError(UserError):
    """Met when the metrics, or the Ray that carries them, do not answer any more; the experiment can be resumed."""


class StorageError(UserError):
    """Met when `checkpoints.uri` or the weights in `model.directory` cannot be reached, before or while runs go on."""


class TableError(UserError):
    """Met when a table in long form lacks columns, has duplicate cells or holds no numbers."""


class CheckpointError(SeedscopeError):
    """Met when a checkpoint is read back and does not hold what its checksums promise."""


class TrainingError(SeedscopeError):
    """Met inside a worker when a run cannot take its next step."""


class NonFiniteLossError(TrainingError):
    """Met when a loss or a gradient norm is NaN or infinite; the message names the step."""


class LedgerError(SeedscopeError):
    """Met when a record is offered that the ledger must not take."""


class StaleAttemptError(LedgerError):
    """Met when an older attempt reports after a newer one has begun."""


class ConflictingRecordError(LedgerError):
    """Met when two different records claim the same run and interval."""
