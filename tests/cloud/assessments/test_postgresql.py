import pytest

from tests._parts.postgresql import migrations_sql, postgresql

ROWS = """
insert into assessment values ('a', 'd', 'r', 'e', 'y', '2026-09-01', '2026-09-02', 1, 'i', 's',
    '\\x00', '\\x00', now());
insert into selection values ('s', 'd', 'a', null, 7, '{}', '\\x00', now());
insert into procedure_step
    values (1, 'r', 'a', 's', null, 'publicity', '某人', now(), '{}', '', null, 'd');
"""


@pytest.mark.real
def test_postgresql_refuses_to_change_and_to_delete() -> None:
    with postgresql() as server:
        made = server.run(migrations_sql())
        assert made.returncode == 0, made.stderr
        assert server.run(ROWS).returncode == 0
        for table in ("procedure_step", "selection", "assessment"):
            for statement in (
                f"update {table} set digest = 'x'",
                f"delete from {table}",
                f"truncate {table} cascade",
                f"insert into {table} table {table} on conflict (id) do update set digest = 'x'",
            ):
                refused = server.run(statement)
                assert refused.returncode != 0
                assert "rows are only ever added" in refused.stderr, statement
            assert server.run(f"select count(*), min(digest) from {table}").stdout == "1|d\n"
