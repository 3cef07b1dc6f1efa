"""Everything that can go wrong with device profiles.

ProfileError(path, line, key, problem)   one fault of one file: `file:line: key: what, what instead`
└─ ProfileErrors(faults)                 all faults of a file, or of a catalogue, one per line
"""

from collections.abc import Sequence


class ProfileError(Exception):
    """A profile file is wrong; the text names the place, the fault and what to write instead."""

    def __init__(
        self, problem: str, *, path: str = "", line: int | None = None, key: str = ""
    ) -> None:
        where = f"{path}:{line}: " if line is not None else f"{path}: " if path else ""
        super().__init__(where + (f"{key}: " if key else "") + problem)
        self.path = path
        self.line = line
        self.key = key
        self.problem = problem


class ProfileErrors(ProfileError):
    """Several faults, in the order of files and lines; the text has one line for each."""

    def __init__(self, faults: Sequence[ProfileError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
        self.path = faults[0].path
        self.line = faults[0].line
        self.key = faults[0].key
