"""The first tables.

Revision ID: 0001
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "school",
        sa.Column("id", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("school_type", sa.String(length=3), nullable=False),
        sa.Column("urban_rural", sa.String(length=3), nullable=True),
        sa.Column("classes", sa.Integer(), nullable=True),
        sa.Column("pupils", sa.Integer(), nullable=True),
        sa.Column("teachers", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(), server_default="Asia/Shanghai", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
    )
    op.create_table(
        "building",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_building_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("school_id", "name", name=op.f("uq_building_school_id_name")),
    )
    op.create_table(
        "holiday",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("follows", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "follows is null or follows between 1 and 7", name=op.f("ck_holiday_follows")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_holiday_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
        sa.UniqueConstraint("school_id", "day", name=op.f("uq_holiday_school_id_day")),
    )
    op.create_index(
        "uq_holiday_day_all",
        "holiday",
        ["day"],
        unique=True,
        sqlite_where=sa.text("school_id IS NULL"),
        postgresql_where=sa.text("school_id IS NULL"),
    )
    op.create_table(
        "term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_term_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("school_id", "name", name=op.f("uq_term_school_id_name")),
    )
    op.create_table(
        "period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("term_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["term_id"], ["term.id"], name=op.f("fk_period_term_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period")),
        sa.UniqueConstraint("term_id", "number", name=op.f("uq_period_term_id_number")),
    )
    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=False),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("use", sa.String(length=3), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("home_class", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["building_id"], ["building.id"], name=op.f("fk_room_building_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_room_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("school_id", "number", name=op.f("uq_room_school_id_number")),
    )
    op.create_table(
        "asset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=False),
        sa.Column("asset_no", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("classification_code", sa.String(), nullable=True),
        sa.Column("classification_list", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("brand", sa.String(), nullable=True),
        sa.Column("serial_no", sa.String(), nullable=True),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("device_no", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("quantity", sa.Double(), server_default="1", nullable=False),
        sa.Column("original_value_fen", sa.Integer(), nullable=True),
        sa.Column("acquisition", sa.String(), nullable=True),
        sa.Column("acquired", sa.Date(), nullable=True),
        sa.Column("booked", sa.Date(), nullable=True),
        sa.Column("condition", sa.String(length=1), server_default="1", nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("custodian", sa.String(), nullable=True),
        sa.Column("supplier", sa.String(), nullable=True),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("life_years", sa.Integer(), nullable=True),
        sa.Column("funding", sa.String(length=1), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_asset_room_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_asset_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
        sa.UniqueConstraint("school_id", "asset_no", name=op.f("uq_asset_school_id_asset_no")),
    )
    op.create_index(op.f("ix_asset_room_id"), "asset", ["room_id"], unique=False)
    op.create_table(
        "lesson",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("term_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.CheckConstraint("weekday between 1 and 7", name=op.f("ck_lesson_weekday")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_lesson_room_id")),
        sa.ForeignKeyConstraint(
            ["term_id"], ["term.id"], name=op.f("fk_lesson_term_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
        sa.UniqueConstraint(
            "term_id",
            "weekday",
            "period",
            "room_id",
            name=op.f("uq_lesson_term_id_weekday_period_room_id"),
        ),
    )
    op.create_index(op.f("ix_lesson_room_id"), "lesson", ["room_id"], unique=False)
    op.create_table(
        "binding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.String(length=10), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("origin", sa.String(), server_default="ledger", nullable=False),
        sa.CheckConstraint("origin in ('ledger', 'bindings')", name=op.f("ck_binding_origin")),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["asset.id"], name=op.f("fk_binding_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_binding_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding")),
    )
    op.create_index(op.f("ix_binding_asset_id"), "binding", ["asset_id"], unique=False)
    op.create_index("ix_binding_school_id_device", "binding", ["school_id", "device"], unique=False)
