"""Who may pair: only the chosen device, only in time, only as its kind needs."""

from __future__ import annotations

import pytest

from drivers.ble.bluez import address_of
from drivers.ble.pairing_window import Answer, Request, Window, capability, decide

_CHOSEN = "00:11:22:AA:BB:CC"
_OTHER = "00:11:22:AA:BB:CD"
_SIMPLE = Window(_CHOSEN, until=100.0)
_TYPING = Window(_CHOSEN, until=100.0, can_type=True)
_COMPARING = Window(_CHOSEN, until=100.0, can_compare=True)


@pytest.mark.parametrize("request_", list(Request))
@pytest.mark.parametrize(
    ("window", "address", "now"),
    [(None, _CHOSEN, 0.0), (_TYPING, _OTHER, 0.0), (_TYPING, None, 0.0), (_TYPING, _CHOSEN, 100.0)],
    ids=["no window", "another device", "no device", "too late"],
)
def test_everything_else_is_rejected(request_: Request, window: Window | None, address: str, now: float) -> None:
    assert decide(window, request_, address, now) is Answer.REJECT


@pytest.mark.parametrize(
    ("window", "request_", "answer"),
    [
        (_SIMPLE, Request.AUTHORIZATION, Answer.ACCEPT),
        (_SIMPLE, Request.PASSKEY, Answer.REJECT),
        (_SIMPLE, Request.CONFIRMATION, Answer.REJECT),
        (_SIMPLE, Request.SHOW_PASSKEY, Answer.REJECT),
        (_TYPING, Request.PASSKEY, Answer.ASK),
        (_TYPING, Request.SHOW_PASSKEY, Answer.ACCEPT),
        (_TYPING, Request.CONFIRMATION, Answer.REJECT),
        (_COMPARING, Request.CONFIRMATION, Answer.ASK),
        (_TYPING, Request.PIN_CODE, Answer.REJECT),
        (_TYPING, Request.SERVICE, Answer.REJECT),
    ],
)
def test_the_chosen_device_in_time(window: Window, request_: Request, answer: Answer) -> None:
    assert decide(window, request_, _CHOSEN, 99.0) is answer
    assert decide(window, request_, _CHOSEN.lower(), 99.0) is answer


def test_what_the_agent_says_it_can() -> None:
    assert capability(None) == "NoInputNoOutput"
    assert capability(_SIMPLE) == "NoInputNoOutput"
    assert capability(_TYPING) == "KeyboardDisplay"


def test_addresses_in_object_paths() -> None:
    assert address_of("/org/bluez/hci0/dev_00_11_22_aa_BB_CC") == _CHOSEN
    assert address_of("/org/bluez/hci0") is None
    assert address_of("") is None
