"""The rows of the catalogue for wired devices. They are told by their bytes; a USB id is only that of some cable."""

from __future__ import annotations

from typing import Final

from drivers.decoders import bci, contec9, nonin_df8
from drivers.decoders.bci import BciFrames, decode_bci
from drivers.decoders.contec9 import ContecFrames, decode_contec9
from drivers.decoders.health_o_meter import HealthOMeterFrames, decode_health_o_meter
from drivers.decoders.nonin_df8 import NoninFrames, decode_nonin_df8
from drivers.decoders.rice_lake import RiceLakeFrames, decode_rice_lake
from drivers.dialogues import oximeters, wired_scale
from drivers.fakes.wired import (
    VirtualContecD,
    VirtualContecE,
    VirtualHealthOMeter,
    VirtualNoninWired,
    VirtualRiceLake,
)
from drivers.readings import Kind
from drivers.recognition import frames_probe
from drivers.supported_device import Bonding, ClockRule, SerialLine, SupportedDevice, Transport, Verified

_LINE_BYTES: Final = 64
_ESCAPED_BYTES: Final = 128

NONIN_DF8: Final = SupportedDevice(
    model="Nonin DF8",
    manufacturer="Nonin",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.SERIAL,
    dialogue=lambda _: oximeters.nonin_data_format_8(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.SPECIFICATION,
    line=SerialLine(9600),
    probe=frames_probe(NoninFrames, decode_nonin_df8, longest=nonin_df8.FRAME_BYTES),
    fake=VirtualNoninWired,
    hosts_note="9560, Onyx II and others with data format 8 on their cable",
)
CMS50D: Final = SupportedDevice(
    model="CMS50D",
    manufacturer="Contec",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.SERIAL,
    dialogue=lambda _: oximeters.contec_five_byte(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.SPECIFICATION,
    line=SerialLine(19200, "O"),
    probe=frames_probe(BciFrames, decode_bci, longest=bci.FRAME_BYTES),
    fake=VirtualContecD,
    hosts_note="with Contec's own cable: the converter is in it",
)
CMS50E: Final = SupportedDevice(
    model="CMS50E",
    manufacturer="Contec",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.SERIAL,
    dialogue=lambda _: oximeters.contec_nine_byte(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.SPECIFICATION,
    line=SerialLine(115200),
    probe=frames_probe(ContecFrames, decode_contec9, longest=contec9.FRAME_BYTES),
    fake=VirtualContecE,
    hosts_note="also CMS50F and CMS50D+ from firmware 4.6",
)
RICE_LAKE: Final = SupportedDevice(
    model="Rice Lake 140",
    manufacturer="Rice Lake",
    kinds=(Kind.WEIGHT,),
    transport=Transport.SERIAL,
    dialogue=lambda _: wired_scale.rice_lake(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.SPECIFICATION,
    line=SerialLine(9600),
    probe=frames_probe(RiceLakeFrames, decode_rice_lake, longest=_LINE_BYTES, alone=True),
    fake=VirtualRiceLake,
    hosts_note="also 150 and 350; its print button, or automatic printing",
)
HEALTH_O_METER: Final = SupportedDevice(
    model="Health o meter",
    manufacturer="Health o meter",
    kinds=(Kind.WEIGHT,),
    transport=Transport.SERIAL,
    dialogue=lambda _: wired_scale.health_o_meter(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.SPECIFICATION,
    line=SerialLine(9600),
    probe=frames_probe(HealthOMeterFrames, decode_health_o_meter, longest=_ESCAPED_BYTES, alone=True),
    fake=VirtualHealthOMeter,
    hosts_note="ProPlus, 1100KL and relatives",
)

SERIAL: Final = (NONIN_DF8, CMS50D, CMS50E, RICE_LAKE, HEALTH_O_METER)
