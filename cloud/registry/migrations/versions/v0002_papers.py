"""Sizes of stages, declarations, repairs, counts, disposals, chemicals; when an asset was assessed.

Revision ID: 0002
Revises: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.add_column("asset", sa.Column("assessed", sa.Date(), nullable=True))
    _table(
        "stage_size",
        sa.Column("stage", sa.String(length=3), nullable=False),
        sa.Column("classes", sa.Integer(), nullable=True),
        sa.Column("pupils", sa.Integer(), nullable=True),
        key=("stage",),
    )
    _table(
        "declaration",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("declared_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        key=("item", "declared_on"),
    )
    _table(
        "ticket",
        sa.Column("ticket_no", sa.String(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("reported_at", sa.DateTime(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("verified_at", sa.DateTime(), nullable=True),
        sa.Column("is_fault", sa.Boolean(), nullable=True),
        sa.CheckConstraint("origin in ('report', 'alert')", name=op.f("ck_ticket_origin")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_ticket_asset_id")),
        key=("ticket_no",),
    )
    op.create_index(op.f("ix_ticket_asset_id"), "ticket", ["asset_id"], unique=False)
    _table(
        "stocktake",
        sa.Column("asset_no", sa.String(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("counted_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "result in ('matched', 'missing', 'surplus')", name=op.f("ck_stocktake_result")
        ),
        key=("asset_no", "counted_on"),
    )
    _table(
        "disposal",
        sa.Column("asset_no", sa.String(), nullable=False),
        sa.Column("disposed_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("approval_no", sa.String(), nullable=True),
        sa.Column("record_no", sa.String(), nullable=True),
        key=("asset_no", "disposed_on"),
    )
    _table(
        "chemical",
        sa.Column("batch_no", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("book_quantity", sa.Double(), nullable=False),
        sa.Column("counted_quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("counted_on", sa.Date(), nullable=True),
        key=("batch_no",),
    )


def _table(name: str, *parts: Any, key: tuple[str, ...]) -> None:
    """Make a table of rows of schools, each named once by `key`."""
    unique = "_".join(("school_id", *key))
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=False),
        *parts,
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{name}_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("school_id", *key, name=op.f(f"uq_{name}_{unique}")),
    )
