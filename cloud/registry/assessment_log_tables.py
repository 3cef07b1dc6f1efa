"""Tables into which rows are only ever inserted: what was assessed, selected and done about it.

Triggers of the database (migration 0003) refuse to change, delete or replace a row. An assessment
and a selection are filed under the beginning of the digest of their contents, so the same contents
are the same row. Steps are chained: the digest of each covers that of the step before.
"""

import datetime as dt

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.registry.tables import Table


class Assessment(Table):
    """The evidence of many schools over a span, and the standard it is held against.

    `inputs` is the digest of standard and evidence, `scores` that of what they were worth when it
    was made. `evidence` and `integrity` are compressed text. Moments are UTC.
    """

    __tablename__ = "assessment"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    round: Mapped[str] = mapped_column(index=True)
    edition: Mapped[str]
    standard_yaml: Mapped[str] = mapped_column(Text)
    starts: Mapped[dt.date]
    ends: Mapped[dt.date]
    schools: Mapped[int]
    inputs: Mapped[str] = mapped_column(String(64))
    scores: Mapped[str] = mapped_column(String(64))
    evidence: Mapped[bytes] = mapped_column(LargeBinary)
    integrity: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]


class Selection(Table):
    """Who is selected by which rules; `before` is the selection that this one takes the place of.

    `rules` is JSON, `contents` compressed JSON: the list with its reasons, and overrides.
    """

    __tablename__ = "selection"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessment.id"), index=True)
    before_id: Mapped[str | None] = mapped_column(ForeignKey("selection.id"), unique=True)
    seed: Mapped[int]
    rules: Mapped[str] = mapped_column(Text)
    contents: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]


class Step(Table):
    """One step of the procedure: who did what, when, what changed by it and why.

    Without a school it concerns a whole selection. `change` is JSON.
    """

    __tablename__ = "procedure_step"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[str] = mapped_column(index=True)
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessment.id"))
    selection_id: Mapped[str | None] = mapped_column(ForeignKey("selection.id"), index=True)
    school_id: Mapped[str | None] = mapped_column(ForeignKey("school.id"), index=True)
    step: Mapped[str]
    by: Mapped[str]
    at: Mapped[dt.datetime]
    change: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_step.id"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
