"""The assessments last looked at, opened once and kept with their scores."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cloud.assessments.assessment import Assessment, opened
from cloud.assessments.filed_selection import Chosen, chosen_of
from cloud.assessments.sensitivity_report import influences
from cloud.errors import NotFound
from cloud.registry.assessment_log import AssessmentLog, AssessmentRow
from cloud.scoring.standard.standard import Standard, parse_standard

LATEST = "latest"
_MOST_ANALYSED = 64


class AssessmentRepository:
    """Assessments by id, or "latest"; the `most` last used ones stay open."""

    def __init__(self, assessment_log: AssessmentLog, *, most: int = 4) -> None:
        self.assessment_log = assessment_log
        self._most = most
        self._open: OrderedDict[str, Assessment] = OrderedDict()
        self._opening = threading.Lock()
        self._analysed: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._analysing = threading.Lock()

    def row(self, name: str) -> AssessmentRow:
        """Return what is known of an assessment without opening it; raises NotFound."""
        if name != LATEST:
            found = self.assessment_log.assessment(name)
            if found is None:
                raise NotFound(f"no assessment has the id {name!r}")
            return found
        rows = self.assessment_log.assessments()
        if not rows:
            raise NotFound("nothing has been assessed yet; make an assessment first")
        return rows[0]

    def assessment(self, name: str) -> Assessment:
        """Return an assessment with its scores; raises NotFound."""
        row = self.row(name)
        with self._opening:
            if row.id not in self._open:
                evidence = self.assessment_log.evidence(row.id)
                integrity = self.assessment_log.integrity(row.id)
                if evidence is None or integrity is None:
                    raise NotFound(f"assessment {row.id} has no evidence")
                self._open[row.id] = opened(row, evidence, integrity)
            self._open.move_to_end(row.id)
            while len(self._open) > self._most:
                self._open.popitem(last=False)
            return self._open[row.id]

    def standard(self, row: AssessmentRow) -> Standard:
        """Return the standard of an assessment, from its own file."""
        return _standard(row.standard_yaml, row.edition)

    def selection(self, name: str) -> Chosen:
        """Return a selection with its list; raises NotFound."""
        row = self.assessment_log.selection(name)
        if row is None:
            raise NotFound(f"no selection has the id {name!r}")
        return chosen_of(row)

    def influences(self, name: str) -> Mapping[str, Any]:
        """Return which choice matters most for a selection, computed once; raises NotFound."""
        chosen = self.selection(name)
        with self._analysing:
            if name not in self._analysed:
                found = self.assessment(chosen.row.assessment_id)
                self._analysed[name] = influences(found, chosen)
            while len(self._analysed) > _MOST_ANALYSED:
                self._analysed.popitem(last=False)
            return self._analysed[name]

    def standing(self, assessment: str) -> str | None:
        """Return the newest selection of an assessment that no other took the place of."""
        rows = self.assessment_log.selections(assessment)
        replaced = {row.before_id for row in rows}
        return next((row.id for row in rows if row.id not in replaced), None)

    def last(self, selection: str) -> str:
        """Return the selection that stands in the place of one: itself, or who took it."""
        while (after := self.assessment_log.after(selection)) is not None:
            selection = after
        return selection


@lru_cache(maxsize=32)
def _standard(text: str, edition: str) -> Standard:
    return parse_standard(text, edition)
