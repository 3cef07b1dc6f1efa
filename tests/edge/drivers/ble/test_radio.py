import sys

import pytest

import edge.drivers.ble
from edge.drivers.ble.device import BleAdapter
from edge.drivers.ble.radio import open_radio
from edge.errors import DriverUnavailable


async def test_without_bumble_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(edge.drivers.ble, "hci_backend", raising=False)
    monkeypatch.delitem(sys.modules, "edge.drivers.ble.hci_backend", raising=False)
    monkeypatch.setitem(sys.modules, "bumble", None)
    with pytest.raises(DriverUnavailable) as caught:
        async with open_radio("ble", BleAdapter(hci="usb:0"), has_gatt=False):
            pass
    assert str(caught.value) == (
        "ble: ble.hci needs the package bumble, which is not installed; "
        "install smart-campus[edge-hci]"
    )


@pytest.mark.parametrize(
    "hci", ["nonsense", "nonsense:1", "tcp-client:", "tcp-client:x:y", "serial:/no/such"]
)
async def test_a_transport_that_cannot_be_opened_is_one_sentence(hci: str) -> None:
    with pytest.raises(DriverUnavailable, match=rf"^ble: opening {hci}: .") as caught:
        async with open_radio("ble", BleAdapter(hci=hci), has_gatt=False):
            pass
    assert "\n" not in str(caught.value)


async def test_without_bluez_scanning_says_so() -> None:
    async with open_radio("ble", BleAdapter(), has_gatt=True) as radio:
        with pytest.raises(DriverUnavailable, match=r"^ble: starting to scan: ."):
            async with radio.scanning(lambda _device, _data: None):
                pass
