"""The assessments and selections used last, opened once and kept."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from cloud.assessments.assessment import Assessment, opened
from cloud.assessments.filed_selection import FiledSelection, opened_selection
from cloud.assessments.sensitivity_report import sensitivity_of
from cloud.errors import NotFound
from cloud.messages import message
from cloud.registry.assessment_log import AssessmentLog, AssessmentRow
from cloud.scoring.standard.standard import Standard, parse_standard

LATEST = "latest"
_MOST_ANALYSED = 64
_MOST_SELECTIONS = 32
_Value = TypeVar("_Value")


class AssessmentRepository:
    """Assessments by id, or "latest"; the `most` last used ones stay open."""

    def __init__(self, assessment_log: AssessmentLog, *, most: int = 4) -> None:
        self.assessment_log = assessment_log
        self._most = most
        self._open: OrderedDict[str, Assessment] = OrderedDict()
        self._opening = threading.Lock()
        self._selections: OrderedDict[str, FiledSelection] = OrderedDict()
        self._selecting = threading.Lock()
        self._analysed: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._analysing = threading.Lock()

    def row(self, name: str) -> AssessmentRow:
        """Return what is known of an assessment without opening it; raises NotFound."""
        if name != LATEST:
            row = self.assessment_log.assessment(name)
            if row is None:
                raise NotFound(message("workflow.no_assessment", assessment=name))
            return row
        rows = self.assessment_log.assessments()
        if not rows:
            raise NotFound(message("workflow.nothing_assessed"))
        return rows[0]

    def assessment(self, name: str) -> Assessment:
        """Return an assessment with its scores; raises NotFound."""
        row = self.row(name)
        with self._opening:
            if row.id not in self._open:
                evidence = self.assessment_log.evidence(row.id)
                integrity = self.assessment_log.integrity(row.id)
                if evidence is None or integrity is None:
                    raise NotFound(message("workflow.no_evidence", assessment=row.id))
                self._open[row.id] = opened(row, evidence, integrity)
            return _kept(self._open, row.id, self._most)

    def standard(self, row: AssessmentRow) -> Standard:
        """Return the standard of an assessment, from its own file."""
        return _standard(row.standard_yaml, row.edition)

    def selection(self, name: str) -> FiledSelection:
        """Return a selection with its list; raises NotFound."""
        with self._selecting:
            if name not in self._selections:
                row = self.assessment_log.selection(name)
                if row is None:
                    raise NotFound(message("workflow.no_such_selection", selection=name))
                self._selections[name] = opened_selection(row)
            return _kept(self._selections, name, _MOST_SELECTIONS)

    def sensitivity(self, name: str) -> Mapping[str, Any]:
        """Return which choice matters most for a selection, computed once; raises NotFound."""
        selection = self.selection(name)
        with self._analysing:
            if name not in self._analysed:
                assessment = self.assessment(selection.row.assessment_id)
                self._analysed[name] = sensitivity_of(assessment, selection)
            return _kept(self._analysed, name, _MOST_ANALYSED)

    def standing(self, assessment: str) -> str | None:
        """Return the newest selection of an assessment that no other took the place of."""
        rows = self.assessment_log.selections(assessment)
        replaced = {row.before_id for row in rows}
        return next((row.id for row in rows if row.id not in replaced), None)

    def last(self, selection: str) -> str:
        """Return the selection in force in the place of one: itself or the last replacement."""
        while (after := self.assessment_log.after(selection)) is not None:
            selection = after
        return selection


@lru_cache(maxsize=32)
def _standard(text: str, edition: str) -> Standard:
    return parse_standard(text, edition)


def _kept(values: OrderedDict[str, _Value], key: str, most: int) -> _Value:
    """Return a value and keep it as the last used one; the first ones beyond `most` go."""
    values.move_to_end(key)
    while len(values) > most:
        values.popitem(last=False)
    return values[key]
