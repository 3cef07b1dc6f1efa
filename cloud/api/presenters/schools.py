"""Schools as `/api/v1` shows them."""

from cloud.api.schemas.schools import School
from cloud.errors import NotFound
from cloud.messages import message
from cloud.registry.codes import statistics
from cloud.registry.codes.base import CodeList
from cloud.registry.rows import SchoolRow
from cloud.registry.store import Registry


def registered(registry: Registry, school: str) -> SchoolRow:
    """Return a school, or raise `NotFound`."""
    row = registry.school(school)
    if row is None:
        raise NotFound(message("api.unknown_school", school=school))
    return row


def name_of(code_list: CodeList, code: str) -> str:
    """Return the Chinese name of a code, the code itself where it is unknown."""
    item = code_list.find(code)
    return code if item is None else item.zh


def school_shape(row: SchoolRow) -> School:
    """Return a school as `/api/v1` shows it."""
    return School(
        id=row.id,
        name=row.name,
        division=row.division,
        division_name=name_of(statistics.DIVISIONS, row.division),
        school_type=row.school_type,
        school_type_name=name_of(statistics.SCHOOL_TYPES, row.school_type),
        urban_rural=row.urban_rural,
        classes=row.classes,
        pupils=row.pupils,
        teachers=row.teachers,
        stages=list(statistics.stages(row.school_type)),
    )
