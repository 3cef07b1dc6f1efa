"""Profile files -> profiles; every fault as `file:line: key: what, what instead`, all at once.

`defaults` of a file is merged into each of its points; a fault in it names its own line. A file
`quantities.yaml` in a folder of profiles adds quantities to the table.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from device_profiles import yaml_tree
from device_profiles.agreement import Disagreement, disagreements
from device_profiles.errors import ProfileError, ProfileErrors
from device_profiles.fault_text import (
    dotted,
    fault_at,
    is_echo,
    model_faults,
    pydantic_fault,
    shown_value,
)
from device_profiles.own_quantities import FILE, NAME, OwnQuantity
from device_profiles.protocol import protocols
from device_profiles.quantities import QUANTITIES, Quantity
from device_profiles.schema import DeviceProfile

CATALOG = Path(__file__).parent / "catalog"
"""The catalogue that comes with the package."""


class Catalogue(Mapping[str, DeviceProfile]):
    """Profiles by id, immutable; also found by vendor and model, aliases included."""

    def __init__(
        self,
        profiles: Iterable[tuple[Path, DeviceProfile]],
        quantities: Mapping[str, Quantity] = QUANTITIES,
    ) -> None:
        self.quantities = quantities
        pairs = sorted(profiles, key=lambda pair: pair[1].id)
        self._profiles = MappingProxyType({profile.id: profile for _, profile in pairs})
        self._files = {profile.id: path for path, profile in pairs}
        self._names = {
            _name(vendor, model): profile
            for _, profile in pairs
            for vendor, model in _names(profile)
        }

    def __getitem__(self, profile_id: str) -> DeviceProfile:
        return self._profiles[profile_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    def file(self, profile_id: str) -> Path:
        """Return the file that describes the profile."""
        return self._files[profile_id]

    def find(self, vendor: str, model: str) -> DeviceProfile | None:
        """Return the profile of a vendor's model or of a variant of it, whatever the case."""
        return self._names.get(_name(vendor, model))

    def nearest(self, profile_id: str) -> list[str]:
        """Return up to three ids that a mistyped one may have meant, the nearest first."""
        return get_close_matches(profile_id, self._profiles, 3, 0.5)


def load_profile(path: Path | str, *, base: Path | None = None) -> DeviceProfile:
    """Return the profile of a file; `base` shortens the file's name in messages.

    Raises ProfileErrors with every fault of the file.
    """
    path = Path(path)
    quantities, faults = _quantities(_quantity_files(path))
    profile, more = _load(path, base, quantities)
    faults += more
    if profile is None or faults:
        raise ProfileErrors(faults)
    return profile


def load_catalogue(*folders: Path | str) -> Catalogue:
    """Return the profiles of our own catalogue and of the folders given besides.

    Raises ProfileErrors with every fault of every file, and what files contradict one another in.
    """
    catalogue, faults = check_catalogue(CATALOG, *folders)
    if faults:
        raise ProfileErrors(faults)
    return catalogue


def check_catalogue(*folders: Path | str) -> tuple[Catalogue, list[ProfileError]]:
    """Return the profiles that could be loaded from just these folders or files, and the faults."""
    roots = [Path(folder) for folder in folders]
    quantities, faults = _quantities([path for root in roots for path in _quantity_files(root)])
    loaded: list[tuple[Path, DeviceProfile]] = []
    for root in roots:
        if not root.exists():
            faults.append(ProfileError("no such file or folder; check the name", path=str(root)))
            continue
        for path in _profile_files(root):
            profile, problems = _load(path, root if root == CATALOG else None, quantities)
            if profile is not None and root.is_dir() and path.parent != root:
                problems = [*problems, *_folder_faults(path, profile)]
            faults.extend(problems)
            if profile is not None and not problems:
                loaded.append((path, profile))
    faults.extend(_contradictions(loaded))
    return Catalogue(loaded, quantities), faults


def _profile_files(root: Path) -> list[Path]:
    if not root.is_dir():
        return [] if root.name == FILE else [root]
    return sorted(p for p in root.rglob("*.y*ml") if p.is_file() and p.name != FILE)


def _quantity_files(root: Path) -> list[Path]:
    """Return the quantity files of a folder, or those that a single profile file is subject to."""
    if root.is_dir():
        return sorted(root.rglob(FILE))
    folder = root.resolve().parent
    return [path for path in (folder.parent / FILE, folder / FILE) if path.is_file()]


def _quantities(files: Iterable[Path]) -> tuple[Mapping[str, Quantity], list[ProfileError]]:
    """Return the built-in table with what the files add, and the faults of the files."""
    table = dict(QUANTITIES)
    origins: dict[str, str] = {}
    faults: list[ProfileError] = []
    for path in dict.fromkeys(file.resolve() for file in files):
        tree, problems = _tree(path, str(path))
        faults.extend(problems)
        if tree is None or problems:
            continue
        for name, entry in tree.value.items():
            line = tree.line((name,))
            problem = ""
            if not isinstance(name, str) or re.fullmatch(NAME, name) is None:
                problem = "use lower_case_words as its name, such as ultraviolet_index"
            elif name in origins:
                problem = f"is already a quantity of {origins[name]}; keep one"
            elif name in QUANTITIES:
                problem = "is already a quantity of the built-in table; choose another name"
            if problem:
                faults.append(ProfileError(problem, path=str(path), line=line, key=str(name)))
                continue
            try:
                table[name] = OwnQuantity.model_validate(entry).quantity()
            except ValidationError as error:
                faults.extend(_below(tree, (name,), str(path), error))
            else:
                origins[name] = f"{path}:{line}"
    return MappingProxyType(table), faults


def _below(
    tree: yaml_tree.Tree, key: yaml_tree.Path, shown: str, error: ValidationError
) -> Iterator[ProfileError]:
    for fault in model_faults(tree.below(key), shown, OwnQuantity, error):
        dotted = ".".join([*map(str, key), *([fault.key] if fault.key else [])])
        yield ProfileError(fault.problem, path=shown, line=fault.line, key=dotted)


def faults_at(path: Path, problems: Iterable[tuple[yaml_tree.Path, str]]) -> list[ProfileError]:
    """Return problems of a profile that has loaded, each with the line of its key."""
    shown = str(path.relative_to(CATALOG)) if path.is_relative_to(CATALOG) else str(path)
    tree, _ = _tree(path, shown)
    if tree is None:  # it was there a moment ago
        return [ProfileError(problem, path=shown, key=dotted(key)) for key, problem in problems]
    _merge_defaults(tree)
    return [fault_at(tree, shown, key, problem) for key, problem in problems]


def _load(
    path: Path, base: Path | None, quantities: Mapping[str, Quantity]
) -> tuple[DeviceProfile | None, list[ProfileError]]:
    shown = str(path.relative_to(base)) if base and path.is_relative_to(base) else str(path)
    tree, faults = _tree(path, shown)
    if tree is None:
        return None, faults
    profile, more = _build(tree, path, shown, quantities)
    faults = [*_text_faults(tree, shown), *more]
    unique = {str(fault): fault for fault in faults}
    ordered = sorted(unique.values(), key=lambda fault: fault.line or 0)
    return (None if ordered else profile), ordered


def _tree(path: Path, shown: str) -> tuple[yaml_tree.Tree | None, list[ProfileError]]:
    """Return the keys and values of a file; None where it has none, with the reason."""
    try:
        if path.stat().st_size > yaml_tree.MAX_BYTES:
            limit = yaml_tree.MAX_BYTES // 1024
            return None, [
                ProfileError(f"larger than {limit} kB; a profile is one page", path=shown, line=1)
            ]
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return None, [ProfileError("not UTF-8 text; save it as UTF-8", path=shown, line=line)]
    except OSError as error:
        return None, [ProfileError(f"cannot be read: {error.strerror}", path=shown)]
    tree = yaml_tree.parse(text)
    faults = _text_faults(tree, shown)
    if tree.value is None and faults:
        return None, faults
    if not isinstance(tree.value, dict):
        got = "nothing" if tree.value is None else shown_value(tree.value)
        problem = f"expected keys and values, got {got}"
        return None, [*faults, ProfileError(problem, path=shown, line=tree.line(()))]
    return tree, faults


def _text_faults(tree: yaml_tree.Tree, shown: str) -> list[ProfileError]:
    return [
        ProfileError(fault.problem, path=shown, line=fault.line, key=dotted(fault.path))
        for fault in tree.faults
    ]


def _build(
    tree: yaml_tree.Tree, path: Path, shown: str, quantities: Mapping[str, Quantity]
) -> tuple[DeviceProfile | None, list[ProfileError]]:
    _merge_defaults(tree)
    protocol = tree.value.get("protocol")
    spec = protocols().get(protocol) if isinstance(protocol, str) else None
    if spec is None:
        given = (
            f"{shown_value(protocol)} is not a protocol" if "protocol" in tree.value else "missing"
        )
        *others, last = protocols()
        problem = f"{given}; use {', '.join(others)} or {last}"
        line = tree.line(("protocol",))
        return None, [ProfileError(problem, path=shown, line=line, key="protocol")]
    model: type[DeviceProfile] = spec.profile
    faults = [
        fault_at(tree, shown, key, what) for key, what in disagreements(tree.value, quantities)
    ]
    profile: DeviceProfile | None = None
    try:
        profile = model.model_validate(tree.value, context={"quantities": quantities})
    except ValidationError as error:
        faults.extend(
            pydantic_fault(tree, shown, model, item)
            for item in error.errors(include_url=False)
            if not isinstance(item.get("ctx", {}).get("error"), Disagreement) and not is_echo(item)
        )
    if tree.value.get("id") not in {None, path.stem}:
        faults.append(
            fault_at(
                tree,
                shown,
                ("id",),
                f"{shown_value(tree.value['id'])} differs from the file's name; rename the file to "
                f"{tree.value['id']}{path.suffix}, or write id: {path.stem}",
            )
        )
    return profile, faults


def _merge_defaults(tree: yaml_tree.Tree) -> None:
    """Put `defaults` into each point that has no value of its own, with the default's line."""
    defaults = tree.value.pop("defaults", None)
    if defaults is None:
        return
    points = tree.value.get("points")
    if not isinstance(defaults, dict):
        problem = f"got {shown_value(defaults)}, expected keys and values"
        tree.faults.append(yaml_tree.Fault(tree.line(("defaults",)), ("defaults",), problem))
        return
    for name, point in points.items() if isinstance(points, dict) else ():
        if not isinstance(point, dict):
            continue
        for key, value in defaults.items():
            if key in point:
                continue
            point[key] = value
            below = [path for path in tree.lines if path[:2] == ("defaults", key)]
            for path in below:
                tree.lines["points", name, *path[1:]] = tree.lines[path]
                tree.origins["points", name, *path[1:]] = path


def _folder_faults(path: Path, profile: DeviceProfile) -> list[ProfileError]:
    if path.parent.name == profile.category:
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((i for i, text in enumerate(lines, 1) if text.startswith("category:")), 1)
    return [
        ProfileError(
            f"{profile.category} differs from the folder {path.parent.name}; "
            f"move the file to {profile.category}/, or write category: {path.parent.name}",
            path=str(path),
            line=line,
            key="category",
        )
    ]


def _contradictions(loaded: list[tuple[Path, DeviceProfile]]) -> Iterator[ProfileError]:
    """Yield what no file can know alone: ids, names and value types shared with others."""
    ids: dict[str, Path] = {}
    names: dict[str, Path] = {}
    types: dict[str, tuple[str, Path]] = {}
    for path, profile in loaded:
        if profile.id in ids:
            problem = f"{profile.id} is already the id of {ids[profile.id]}; choose another"
            yield ProfileError(problem, path=str(path), key="id")
            continue
        ids[profile.id] = path
        for vendor, model in _names(profile):
            other = names.setdefault(_name(vendor, model), path)
            if other != path:
                problem = f"{vendor} {model} is already described by {other}; keep one"
                yield ProfileError(problem, path=str(path), key="aliases")
        for point, address in profile.points.items():
            wanted = address.value_type
            known, first = types.setdefault(point, (wanted, path))
            if known != wanted:
                yield ProfileError(
                    f"holds a {wanted} here and a {known} in {first.name}; "
                    "one name has one value type in the whole catalogue, choose another name",
                    path=str(path),
                    key=f"points.{point}",
                )


def _names(profile: DeviceProfile) -> list[tuple[str, str]]:
    return [
        (profile.vendor, profile.model),
        *((alias.vendor, alias.model) for alias in profile.aliases),
    ]


def _name(vendor: str, model: str) -> str:
    return f"{vendor} {model}".casefold()
