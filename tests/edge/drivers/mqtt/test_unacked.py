from edge.drivers.mqtt.unacked import Unacked, digest


def test_a_message_is_known_by_packet_id_and_digest() -> None:
    unacked = Unacked({}, limit=10)
    unacked.note(7, digest("t", b"a"))
    assert unacked.has(7, digest("t", b"a"))
    assert not unacked.has(8, digest("t", b"a"))
    assert not unacked.has(7, digest("t", b"b"))
    assert digest("t", b"a") != digest("ta", b"")


def test_what_is_written_is_known_after_a_restart() -> None:
    kept: dict[str, str] = {}
    unacked = Unacked(kept, limit=3)
    for packet_id in (1, 2, 3, 4, 2):
        for key, text in unacked.note(packet_id, f"{packet_id:x}").items():
            if text is None:
                kept.pop(key, None)
            else:
                kept[key] = text
    again = Unacked(kept, limit=3)
    assert [again.has(packet_id, f"{packet_id:x}") for packet_id in (1, 2, 3, 4)] == [
        False,
        True,
        True,
        True,
    ]
    assert again.note(9, "9") == {"mqtt/9": "5 9", "mqtt/3": None}


def test_a_packet_id_used_again_forgets_its_old_message() -> None:
    unacked = Unacked({}, limit=10)
    unacked.note(7, "a")
    unacked.note(7, "b")
    assert not unacked.has(7, "a")


def test_without_a_session_nothing_comes_again() -> None:
    unacked = Unacked({"mqtt/7": "0 a"}, limit=10)
    unacked.forget_all()
    assert not unacked.has(7, "a")
    assert unacked.forgotten() == {"mqtt/7": None}
    assert unacked.forgotten() == {}


def test_damaged_marks_are_forgotten() -> None:
    unacked = Unacked({"mqtt/x": "0 a", "mqtt/8": "what"}, limit=10)
    assert unacked.forgotten() == {"mqtt/x": None, "mqtt/8": None}
