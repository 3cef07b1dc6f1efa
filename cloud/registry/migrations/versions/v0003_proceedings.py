"""Assessments, selections and the steps of the procedure; the database only ever adds to them.

A later migration that rebuilds one of these tables on SQLite has to make its triggers anew.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = {"assessment": "id", "selection": "id", "procedure_step": "id"}


def upgrade() -> None:
    """Make the tables and what guards them."""
    op.create_table(
        "assessment",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("standard_yaml", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("schools", sa.Integer(), nullable=False),
        sa.Column("inputs", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("integrity", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("digest", name=op.f("uq_assessment_digest")),
    )
    op.create_index(op.f("ix_assessment_round"), "assessment", ["round"], unique=False)
    op.create_table(
        "selection",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("assessment_id", sa.String(length=16), nullable=False),
        sa.Column("before_id", sa.String(length=16), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_selection_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["before_id"], ["selection.id"], name=op.f("fk_selection_before_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selection")),
        sa.UniqueConstraint("digest", name=op.f("uq_selection_digest")),
        sa.UniqueConstraint("before_id", name=op.f("uq_selection_before_id")),
    )
    op.create_index(
        op.f("ix_selection_assessment_id"), "selection", ["assessment_id"], unique=False
    )
    op.create_table(
        "procedure_step",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(length=16), nullable=False),
        sa.Column("selection_id", sa.String(length=16), nullable=True),
        sa.Column("school_id", sa.String(length=10), nullable=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answers_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["answers_id"], ["procedure_step.id"], name=op.f("fk_procedure_step_answers_id")
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_procedure_step_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_procedure_step_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selection.id"], name=op.f("fk_procedure_step_selection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_step")),
        sa.UniqueConstraint("digest", name=op.f("uq_procedure_step_digest")),
    )
    for column in ("round", "school_id", "selection_id"):
        op.create_index(
            op.f(f"ix_procedure_step_{column}"), "procedure_step", [column], unique=False
        )
    guard = {"sqlite": _guard_sqlite, "postgresql": _guard_postgresql}
    guard.get(op.get_context().dialect.name, lambda: None)()


def _guard_sqlite() -> None:
    """Refuse to update and delete, and to replace (which deletes without a trigger)."""
    for table in _TABLES:
        refusal = f"SELECT RAISE(ABORT, '{table}: rows are only ever added'); END"
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN {refusal}"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608  our own names
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id OR digest = NEW.digest) "
            f"BEGIN {refusal}"
        )


def _guard_postgresql() -> None:
    """Refuse to update, delete and truncate."""
    op.execute(
        "CREATE FUNCTION rows_are_only_ever_added() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING "
        "MESSAGE = TG_TABLE_NAME || ': rows are only ever added'; END $$"
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION rows_are_only_ever_added()"
        )
