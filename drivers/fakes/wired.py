"""Virtual devices at the end of a cable: bytes in arbitrary chunks, and what they must be told before they speak.

Nonin (data format 8)   silent until ``02 70 02 02 08 03``, answers 06, then four bytes a second
Contec CMS50D           five bytes of the BCI layout, 60 a second, unasked
Contec CMS50E           silent until ``7D 81 A1 …``; nine bytes, 60 a second; stops 5 s after the last ``7D 81 AF …``
Rice Lake 140           one line when the load is stable
Health o meter          one reading between ESC R and ESC E when the load is stable; again for ``ESC R ESC E``

A cable never hangs up. drivers.fakes.serial_device plays any of these over a pseudo-terminal.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from drivers.device import Clock
from drivers.errors import LinkError, LinkReason
from drivers.fakes.bci import bci_frame
from drivers.fakes.line import Line, Readable
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.script import DeviceScript, RecordFault, ScriptError
from drivers.fakes.streaming import Quality, Shown, StreamingPeripheral
from drivers.gatt import SERIAL_RECEIVE, SERIAL_SEND

SELECT_DATA_FORMAT_8 = bytes.fromhex("027002020803")
_ACKNOWLEDGE, _REFUSE = b"\x06", b"\x15"
_CONTEC_START, _CONTEC_STOP, _CONTEC_KEEP_ALIVE = 0xA1, 0xA2, 0xAF
_CONTEC_ERASE = 0xAE
_CONTEC_PATIENCE_S = 5.0
_ESCAPE = b"\x1b"
_FRAMES_PER_CHUNK = 12  # at 60 a second: a chunk every 0.2 s


class WiredStream(StreamingPeripheral):
    """A wired oximeter."""

    stream = SERIAL_RECEIVE
    notifying = frozenset({SERIAL_RECEIVE})

    def readable(self) -> Readable:
        return {}

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic != SERIAL_SEND:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")

    async def behave(self, line: Line, script: DeviceScript) -> None:
        await line.subscribed(self.stream)
        await self.stream_to(line)
        await asyncio.Event().wait()


class VirtualNoninWired(WiredStream):
    """SmartPoint comes when the value has settled."""

    model = "Nonin DF8"
    manufacturer = "Nonin"
    address = "usb-Virtual_Nonin-if00-port0"

    async def behave(self, line: Line, script: DeviceScript) -> None:
        await line.subscribed(self.stream)
        while (asked := await line.next_write(SERIAL_SEND)) != SELECT_DATA_FORMAT_8:
            if asked.startswith(b"\x02"):
                line.notify(self.stream, _REFUSE)
        line.notify(self.stream, _ACKNOWLEDGE)
        await super().behave(line, script)

    def packet(self, shown: Shown) -> bytes:
        if shown.spo2 is None or shown.pulse_rate is None:
            return bytes.fromhex("837f7f08")
        settled = 0x20 if shown.quality is Quality.SETTLED else 0
        return bytes((0x80 | shown.pulse_rate >> 7, shown.pulse_rate & 0x7F, shown.spo2, settled))


class VirtualContecD(WiredStream):
    """CMS50D: it does not care whether anybody listens."""

    model = "CMS50D"
    manufacturer = "Contec"
    address = "usb-Virtual_Contec_CMS50D-if00-port0"
    period_s = 0.2

    def packet(self, shown: Shown) -> bytes:
        return b"".join(bci_frame(shown, number) for number in range(_FRAMES_PER_CHUNK))


class VirtualContecE(WiredStream):
    """CMS50E: must be started, and reminded."""

    model = "CMS50E"
    manufacturer = "Contec"
    address = "usb-Virtual_Contec_CMS50E-if00-port0"
    period_s = 0.2

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._reminded = -1.0

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        await super().written(line, characteristic, data)
        if len(data) != 9 or data[:2] != b"\x7d\x81":
            return  # it does not understand, and says nothing
        now = asyncio.get_running_loop().time()
        match data[2]:
            case 0xA1 | 0xAF:
                self._reminded = now
            case 0xA2:
                self._reminded = -1.0
            case 0xAE:
                self.forbidden.append(data)

    async def behave(self, line: Line, script: DeviceScript) -> None:
        self._reminded = -1.0
        await line.subscribed(self.stream)
        while (await line.next_write(SERIAL_SEND))[2:3] != bytes((_CONTEC_START,)):
            pass
        await super().behave(line, script)

    def packet(self, shown: Shown) -> bytes:
        if self._reminded < 0 or asyncio.get_running_loop().time() - self._reminded > _CONTEC_PATIENCE_S:
            return b""
        return b"".join(_contec_frame(shown, number) for number in range(_FRAMES_PER_CHUNK))


def _contec_frame(shown: Shown, number: int) -> bytes:
    """Type and high bits, then seven values with their bit 7 set; the true one stands in the high bits."""
    spo2 = 127 if shown.spo2 is None else shown.spo2
    pulse_rate = 255 if shown.pulse_rate is None else shown.pulse_rate
    found = shown.spo2 is not None
    values = (
        5 if found else 0x80,  # strength; no finger
        (20 + number * 4) if found else 0x80,  # curve; searching
        6 if found else 0,
        pulse_rate,
        spo2,
        0xFF,
        0xFF,
    )
    high = sum((value >> 7) << place for place, value in enumerate(values))
    return bytes((0x01, 0x80 | high, *(0x80 | value for value in values)))


class WiredScale(VirtualPeripheral[DeviceScript]):
    """Says the weight when the load is stable. packets: "normal" (72.4 kg), "nan", or hexadecimal."""

    notifying = frozenset({SERIAL_RECEIVE})
    record_faults = frozenset({RecordFault.NAN})
    script_type = DeviceScript
    normal: bytes
    failed: bytes | None

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._to_say: list[bytes] = []
        self.last = b""

    def readable(self) -> Readable:
        return {}

    def measure(self, script: DeviceScript) -> None:
        self._to_say = []
        for place, name in enumerate(script.packets):
            failed = name == "nan" or (script.record_fault is RecordFault.NAN and place == script.fault_at)
            if failed and self.failed is not None:
                self._to_say.append(self.failed)
            elif name == "normal":
                self._to_say.append(self.normal)
            else:
                try:
                    self._to_say.append(bytes.fromhex(name))
                except ValueError as error:
                    raise ScriptError(f"packets: {name!r} is neither a name nor hexadecimal") from error

    def has_more(self) -> bool:
        return self._lost and bool(self._to_say)

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic != SERIAL_SEND:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")

    async def behave(self, line: Line, script: DeviceScript) -> None:
        await line.subscribed(SERIAL_RECEIVE)
        while self._to_say:
            await asyncio.sleep(0.2)
            self.last = self._to_say.pop(0)
            half = len(self.last) // 2  # a chunk ends anywhere
            line.notify(SERIAL_RECEIVE, self.last[:half])
            await asyncio.sleep(0.01)
            line.notify(SERIAL_RECEIVE, self.last[half:])
        while True:
            self.asked(line, await line.next_write(SERIAL_SEND))

    def asked(self, line: Line, data: bytes) -> None:
        """The kiosk has sent something."""


class VirtualRiceLake(WiredScale):
    """It prints nothing while the load moves: there is no failed line."""

    model = "Rice Lake 140"
    manufacturer = "Rice Lake"
    address = "usb-Virtual_Rice_Lake-if00-port0"
    record_faults = frozenset()
    normal = b"     72.4 kg Gross\r\n"
    failed = None


class VirtualHealthOMeter(WiredScale):
    """With height and index, as entered at the scale."""

    model = "Health o meter"
    manufacturer = "Health o meter"
    address = "usb-Virtual_Health_o_meter-if00-port0"
    normal = b"\x1bR\x1bI0000000000\x1bW072.40\x1bH175.00\x1bT000.00\x1bB023.6\x1bNm\x1bE"
    failed = b"\x1bR\x1bI0000000000\x1bW999.99\x1bH000.00\x1bT000.00\x1bB000.0\x1bNm\x1bE"

    def asked(self, line: Line, data: bytes) -> None:
        if _ESCAPE + b"X" in data:
            self.forbidden.append(data)
        elif data == _ESCAPE + b"R" + _ESCAPE + b"E" and self.last:
            line.notify(SERIAL_RECEIVE, self.last)
