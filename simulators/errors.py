"""What can go wrong while a school is simulated.

SimulatorError
├── ScenarioError    a plan or scenario file is wrong: file:line: key: what, what instead
│   └── ScenarioErrors    all that is wrong with one file
└── EncodeError      a value that a device of this profile cannot send
"""

from collections.abc import Sequence


class SimulatorError(Exception):
    """Anything a simulator refuses to do; the text is one sentence."""


class EncodeError(SimulatorError):
    """A value that the point's type, scale or list of values cannot carry."""


class ScenarioError(SimulatorError):
    """One fault of a plan or scenario file."""

    def __init__(self, problem: str, *, path: str, line: int | None = None, key: str = "") -> None:
        place = f"{path}:{line}" if line else path
        super().__init__(f"{place}: {key}: {problem}" if key else f"{place}: {problem}")
        self.problem = problem
        self.path = path
        self.line = line
        self.key = key


class ScenarioErrors(ScenarioError):
    """All that is wrong with a plan or scenario file, one line for each fault."""

    def __init__(self, faults: Sequence[ScenarioError]) -> None:
        SimulatorError.__init__(self, "\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
