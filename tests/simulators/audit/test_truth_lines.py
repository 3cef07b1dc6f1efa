import json
from pathlib import Path

import pytest

from simulators.audit.truth_lines import Closing, moment, read_truth
from simulators.errors import SimulatorError

AT = "2026-11-24T02:00:00Z"
REPORTED = {"kind": "reported", "asset": "D", "at": AT, "values": {"volume": 1.0}}


def test_a_truth_log_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(json.dumps(REPORTED) + '\n{"kind": "sa')
    assert len(read_truth([path]).reports) == 1
    path.write_text('{"kind"\n' + json.dumps(REPORTED) + "\n")
    with pytest.raises(SimulatorError, match=r"truth.jsonl:1: not a line of a truth log"):
        read_truth([path])


def test_a_truth_log_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"none\.jsonl: cannot be read"):
        read_truth([tmp_path / "none.jsonl"])


def test_ends_of_connections_and_faults_are_read(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    lines = [
        {"kind": "connection", "bus": "b", "at": AT, "open": True},
        {"kind": "connection", "bus": "b", "at": AT, "open": False, "by": "school"},
        {"kind": "connection", "bus": "b", "at": AT, "open": False, "by": "peer"},
        {"kind": "fault", "asset": "D", "at": AT, "fault": "silence"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    truth = read_truth([path])
    assert truth.closings == {"b": (Closing(moment(AT), True), Closing(moment(AT), False))}
    assert truth.faults == {"D": 1}
