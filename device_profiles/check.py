"""Everything that `campus-profiles check` demands of profile files.

The form of the files and what they must agree on (`loader`), the rules for those who write profiles
(`rules`), and, where the ends of the wire are given, that both understand the profile (`play`).
"""

from pathlib import Path

from device_profiles.errors import ProfileError
from device_profiles.loader import CATALOG, Catalogue, check_catalogue, faults_at
from device_profiles.play import Ends, play
from device_profiles.rules import broken_rules


def check(
    *paths: Path, ends: Ends | None = None
) -> tuple[Catalogue, list[str], list[ProfileError]]:
    """Return the catalogue, the ids that were checked, and every fault with its file and line.

    Checks files and folders, or the whole built-in catalogue where none is named. A school's own
    files are loaded together with the catalogue, which they must not contradict; only they are
    checked. With `ends`, every profile without another fault is played.
    """
    roots = [path.resolve() for path in paths] or [CATALOG]
    is_ours = any(path.is_relative_to(CATALOG) for path in roots)
    catalogue, faults = check_catalogue(*([] if is_ours else [CATALOG]), *(paths or roots))
    checked = [id_ for id_ in catalogue if is_ours or CATALOG not in catalogue.file(id_).parents]
    for profile_id in checked:
        profile = catalogue[profile_id]
        problems = broken_rules(profile)
        if not problems and ends is not None:
            problems = play(profile, ends)
        faults += faults_at(catalogue.file(profile_id), problems)
    return catalogue, checked, faults
