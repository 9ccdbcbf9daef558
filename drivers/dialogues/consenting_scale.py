"""Scales with users that give out a weigh-in only after consent (User Data Service): Beurer, Sanitas.

    kiosk                                scale
      │  indications of 2A9D, 2A9C, 2A9F   │
      │ ─────────────────────────────────▶ │
      │  read 2A2B                         │
      │ ─────────────────────────────────▶ │
      │  write 2A9F: 02 index code         │   the code was agreed when the scale was enrolled; it is never guessed
      │ ─────────────────────────────────▶ │
      │                 2A9F: 20 02 01     │   05: not authorised; its batteries were out, and the user is gone
      │ ◀───────────────────────────────── │
      │         weight and composition, two indications of one weigh-in
      │ ◀───────────────────────────────── │

Source: User Data Service 1.1; Beurer's frames as published with openScale and ble-scale-sync (behaviour only).
"""

from __future__ import annotations

from typing import Final

import msgspec

from drivers.decoders.user_control_point import UserOperation, UserResponse, decode_user_control, encode_consent
from drivers.dialogues.conversation import Steps
from drivers.dialogues.dialogue import End, Received, Wait
from drivers.dialogues.profiles import SCALE
from drivers.dialogues.standard import SetClock, StandardConversation
from drivers.errors import DecodeError
from drivers.gatt import CURRENT_TIME, USER_CONTROL_POINT

_ANSWER_S: Final = 5.0
_WEIGH_IN_S: Final = 40.0
"""The scale wakes when it is touched: the person has yet to step on it and to stand still."""


class ConsentingScale(StandardConversation):
    """``user_index``, ``consent``: as agreed at enrolment; without them there is nothing to talk about."""

    def __init__(self, user_index: int | None, consent: int | None) -> None:
        self._user_index = user_index
        self._consent = consent
        self._response: UserResponse | None = None
        super().__init__(
            msgspec.structs.replace(SCALE, clocks=(CURRENT_TIME,), set_clock=SetClock.WHEN_WRONG, first_s=_WEIGH_IN_S)
        )

    def _converse(self) -> Steps[End]:
        if self._user_index is None or self._consent is None:
            return End.REFUSED
        return (yield from super()._converse())

    def _prepare(self) -> Steps[bool]:
        if self._user_index is None or self._consent is None:
            return False
        if not (yield from self._subscribe(USER_CONTROL_POINT)):
            return False
        if not (yield from self._write(USER_CONTROL_POINT, encode_consent(self._user_index, self._consent))):
            return False
        while self._response is None:
            if (yield Wait(_ANSWER_S)) is None:
                return self._heard  # its answer was lost, but it talks
        return self._response is UserResponse.SUCCESS

    def _packet(self, packet: Received) -> bool:
        if packet.characteristic != USER_CONTROL_POINT:
            return super()._packet(packet)
        try:
            answer = decode_user_control(packet.data)
        except DecodeError as error:
            self._refuse(packet.characteristic, str(error))
            return False
        if answer.operation is UserOperation.CONSENT and answer.response is not None:
            self._response = answer.response
        return True
