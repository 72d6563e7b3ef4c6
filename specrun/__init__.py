"""One YAML file, a distributed training job: checked, planned, applied and followed.

Programs and notebooks begin with `load`. What is imported of it is imported once it is used.
"""

TYPE_CHECKING = False  # which type checkers take for true, and costs no import of `typing`

try:
    from specrun._version import __version__ as __version__  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ModuleNotFoundError:  # a clone that nobody has installed
    __version__ = "0.dev0"

if TYPE_CHECKING:
    from specrun.api.difference import Difference as Difference
    from specrun.api.lines import Lines as Lines
    from specrun.api.models import Model as Model
    from specrun.api.models import Models as Models
    from specrun.api.outputs import Outputs as Outputs
    from specrun.api.plans import Change as Change
    from specrun.api.plans import Diagnostics as Diagnostics
    from specrun.api.plans import Plan as Plan
    from specrun.api.run import Metrics as Metrics
    from specrun.api.run import Run as Run
    from specrun.api.run import RunFailed as RunFailed
    from specrun.api.runs import Runs as Runs
    from specrun.api.specs import ApplyFailed as ApplyFailed
    from specrun.api.specs import ConfirmationNeeded as ConfirmationNeeded
    from specrun.api.specs import Specs as Specs
    from specrun.api.specs import load as load
    from specrun.api.trials import Trial as Trial
    from specrun.api.trials import Trials as Trials
    from specrun.apply.opening import PlanFailed as PlanFailed
    from specrun.engines.base import Conflict as Conflict
    from specrun.engines.base import Denied as Denied
    from specrun.engines.base import EngineError as EngineError
    from specrun.engines.base import LogLine as LogLine
    from specrun.engines.base import Missing as Missing
    from specrun.engines.base import OutputFile as OutputFile
    from specrun.engines.base import Quota as Quota
    from specrun.engines.base import Transient as Transient
    from specrun.spec.diagnostics import Diagnostic as Diagnostic
    from specrun.spec.diagnostics import Location as Location
    from specrun.spec.diagnostics import Severity as Severity
    from specrun.spec.errors import Error as Error
    from specrun.spec.errors import Refused as Refused
    from specrun.spec.errors import SecretUnset as SecretUnset
    from specrun.spec.errors import SpecInvalid as SpecInvalid
    from specrun.spec.errors import UsageError as UsageError

_HOMES = {
    "specrun.api.difference": ("Difference",),
    "specrun.api.lines": ("Lines",),
    "specrun.api.models": ("Model", "Models"),
    "specrun.api.outputs": ("Outputs",),
    "specrun.api.plans": ("Change", "Diagnostics", "Plan"),
    "specrun.api.run": ("Metrics", "Run", "RunFailed"),
    "specrun.api.runs": ("Runs",),
    "specrun.api.specs": ("ApplyFailed", "ConfirmationNeeded", "Specs", "load"),
    "specrun.api.trials": ("Trial", "Trials"),
    "specrun.apply.opening": ("PlanFailed",),
    "specrun.engines.base": (
        "Conflict",
        "Denied",
        "EngineError",
        "LogLine",
        "Missing",
        "OutputFile",
        "Quota",
        "Transient",
    ),
    "specrun.spec.diagnostics": ("Diagnostic", "Location", "Severity"),
    "specrun.spec.errors": ("Error", "Refused", "SecretUnset", "SpecInvalid", "UsageError"),
}

__all__ = [
    "__version__",
    *sorted(name for names in _HOMES.values() for name in names),
]


def __getattr__(name: str) -> object:
    from importlib import import_module  # late, as all the rest: every command line imports this module

    for home, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(home), name)
            return found
    raise AttributeError(f"module 'specrun' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
