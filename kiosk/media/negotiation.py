"""Judges and shapes SDP before aiortc sees it; opens no connection.

Offers: what cannot be used is refused with a reason; sections without ``a=mid`` get one (native SIP phones leave it
out, aiortc then cannot answer). Re-offers: a browser takes a fresh peer connection's offer only when m-line order,
mids, payload types and header-extension ids are those that were negotiated first, so exactly these are written into it.
"""

from __future__ import annotations

import copy
from typing import Literal

import msgspec
from aiortc import sdp
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters

from kiosk.ipc.media_messages import Negotiated, SdpTrouble

LONGEST_SDP = 100_000
"""Characters. A browser's offer has some 6 000."""

MOST_SECTIONS = 8

USABLE: dict[str, tuple[tuple[str, int], ...]] = {"audio": (("opus", 48_000),), "video": (("vp8", 90_000),)}
"""What is spoken, by kind: (encoding name in lower case, clock rate). H.264 is left out for its licence."""

_PARSE_ERRORS = (ValueError, AssertionError, LookupError, AttributeError, TypeError, StopIteration)


class SdpRefusedError(Exception):
    """The description cannot be used."""

    def __init__(self, trouble: SdpTrouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


Kind = Literal["audio", "video", "application"]


class Section(msgspec.Struct, frozen=True):
    """One m-line of a description that can be used."""

    kind: Kind
    mid: str
    direction: str
    ice_username: str


def parse(text: str) -> sdp.SessionDescription:
    """aiortc's reading of a description. Raises SdpRefusedError(MALFORMED), whatever is wrong with it."""
    if len(text) > LONGEST_SDP:
        raise SdpRefusedError(SdpTrouble.MALFORMED, f"{len(text)} characters exceed {LONGEST_SDP}")
    try:
        description = sdp.SessionDescription.parse(text)
    except _PARSE_ERRORS as error:
        raise SdpRefusedError(SdpTrouble.MALFORMED, f"{type(error).__name__} while reading it") from error
    if not description.media or len(description.media) > MOST_SECTIONS:
        raise SdpRefusedError(SdpTrouble.MALFORMED, f"{len(description.media)} media sections")
    return description


def with_mids(text: str) -> str:
    """The same description with an ``a=mid`` in every section (RFC 8843 wants one; RFC 3264 phones send none)."""
    sections: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    taken = {line[6:].strip() for section in sections for line in section if line.startswith("a=mid:")}
    fresh = (str(number) for number in range(len(sections) + len(taken) + 1) if str(number) not in taken)
    for section in sections[1:]:
        if not any(line.startswith("a=mid:") for line in section):
            section.append(f"a=mid:{next(fresh)}")
    return "\r\n".join(line for section in sections for line in section) + "\r\n"


def check(text: str) -> tuple[Section, ...]:
    """The m-lines of an offer or answer that can be used. Raises SdpRefusedError with the reason."""
    description = parse(text)
    sections = tuple(_section(media) for media in description.media)
    if len({section.mid for section in sections}) != len(sections):
        raise SdpRefusedError(SdpTrouble.MALFORMED, "a mid appears twice")
    if not any(section.kind == "audio" for section in sections):
        raise SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, "no audio offered")
    if sum(section.kind == "application" for section in sections) > 1:
        raise SdpRefusedError(SdpTrouble.MALFORMED, "more than one data channel section")
    return sections


def _section(media: sdp.MediaDescription) -> Section:
    if media.kind not in ("audio", "video", "application"):
        raise SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, "a media kind that is not spoken here")
    if not media.rtp.muxId:
        raise SdpRefusedError(SdpTrouble.MALFORMED, "a section without mid")
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise SdpRefusedError(SdpTrouble.MALFORMED, "no ICE credentials")
    if media.dtls is None or not media.dtls.fingerprints:
        raise SdpRefusedError(SdpTrouble.MALFORMED, "no DTLS fingerprint or role")
    if media.kind == "application":
        if not media.profile.endswith("DTLS/SCTP"):
            raise SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, "an application section that is no data channel")
        return Section(kind="application", mid=media.rtp.muxId, direction="sendrecv", ice_username=_ufrag(media))
    if not media.rtcp_mux:
        raise SdpRefusedError(SdpTrouble.MALFORMED, "RTCP is not multiplexed")
    if not any(_usable(codec, media.kind) for codec in media.rtp.codecs):
        raise SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, f"no {media.kind} codec in common")
    # RFC 8866 section 6.7: sendrecv where nothing is said; aiortc would stumble over None.
    kind: Kind = "audio" if media.kind == "audio" else "video"
    return Section(kind=kind, mid=media.rtp.muxId, direction=media.direction or "sendrecv", ice_username=_ufrag(media))


def _ufrag(media: sdp.MediaDescription) -> str:
    return str(media.ice.usernameFragment) if media.ice is not None else ""


def _usable(codec: RTCRtpCodecParameters, kind: str) -> bool:
    name = codec.mimeType.partition("/")[2].lower()
    return (name, codec.clockRate) in USABLE[kind]


def with_directions(text: str) -> str:
    """The same description with an explicit direction in every audio and video section."""
    description = parse(text)
    if all(media.direction for media in description.media if media.kind in USABLE):
        return text
    lines: list[str] = []
    session = next(
        (line[2:] for line in text.partition("\nm=")[0].splitlines() if line[2:] in sdp.DIRECTIONS), "sendrecv"
    )
    wants = iter(media.kind in USABLE and not media.direction for media in description.media)
    for line in text.splitlines():
        lines.append(line)
        if line.startswith("m=") and next(wants):
            lines.append(f"a={session}")
    return "\r\n".join(lines) + "\r\n"


def without_hidden_hosts(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The description without candidates that hide behind a multicast name, and those: (mid, candidate).

    A browser without camera permission names its hosts ``….local`` (draft-ietf-mmusic-mdns-ice-candidates). To find
    such a name takes up to a second where multicast is filtered, and aioice does it before anything else goes on;
    so they are given to it later. The other end reaches us meanwhile, and is known by its own checks.
    """
    lines: list[str] = []
    hidden: list[tuple[str, str]] = []
    for section in text.replace("\r\n", "\n").split("\nm="):
        mid = next((line[6:].strip() for line in section.split("\n") if line.startswith("a=mid:")), "")
        kept = []
        for line in section.split("\n"):
            words = line.split()
            if line.startswith("a=candidate:") and len(words) > 4 and words[4].lower().endswith(".local"):
                hidden.append((mid, line.removeprefix("a=")))
            else:
                kept.append(line)
        lines.append("\n".join(kept))
    return "\nm=".join(lines).replace("\n", "\r\n"), tuple(hidden)


def negotiated_sections(negotiated: Negotiated) -> list[sdp.MediaDescription]:
    """What both descriptions agree on, in m-line order: aiortc's media descriptions with the common payload types
    and header-extension ids. Raises SdpRefusedError(MALFORMED) when they are not an offer and its answer."""
    local = parse(with_mids(negotiated.local_sdp)).media
    remote = parse(with_mids(negotiated.remote_sdp)).media
    if [(m.kind, m.rtp.muxId) for m in local] != [(m.kind, m.rtp.muxId) for m in remote]:
        raise SdpRefusedError(SdpTrouble.MALFORMED, "the two descriptions have different sections")
    agreed: list[sdp.MediaDescription] = []
    for mine, theirs in zip(local, remote, strict=True):
        shape = copy.deepcopy(mine)
        if mine.kind in USABLE:
            theirs_codecs = {(c.payloadType, c.mimeType.lower()) for c in theirs.rtp.codecs}
            shape.rtp.codecs = [c for c in mine.rtp.codecs if (c.payloadType, c.mimeType.lower()) in theirs_codecs]
            if not any(_usable(codec, mine.kind) for codec in shape.rtp.codecs):
                raise SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, f"nothing was agreed on for {mine.kind}")
            theirs_extensions = {(e.id, e.uri) for e in theirs.rtp.headerExtensions}
            shape.rtp.headerExtensions = [
                RTCRtpHeaderExtensionParameters(id=e.id, uri=e.uri)
                for e in mine.rtp.headerExtensions
                if (e.id, e.uri) in theirs_extensions
            ]
        agreed.append(shape)
    return agreed


def shape_offer(fresh: str, agreed: list[sdp.MediaDescription]) -> str:
    """``fresh`` (an offer of a new peer connection) in the shape of ``agreed``: order, mids, payload types, extensions.

    ICE, DTLS and SSRC lines stay those of ``fresh``. Raises SdpRefusedError(FAILED) when sections do not correspond.
    """
    description = parse(fresh)
    unused = list(description.media)
    ordered: list[sdp.MediaDescription] = []
    for shape in agreed:
        media = next((m for m in unused if m.kind == shape.kind), None)
        if media is None:
            raise SdpRefusedError(SdpTrouble.FAILED, f"the fresh offer lacks a {shape.kind} section")
        unused.remove(media)
        media.rtp.muxId = shape.rtp.muxId
        if shape.kind in USABLE:
            media.rtp.codecs = shape.rtp.codecs
            media.rtp.headerExtensions = shape.rtp.headerExtensions
            media.fmt = [codec.payloadType for codec in shape.rtp.codecs]
        ordered.append(media)
    if unused:
        raise SdpRefusedError(SdpTrouble.FAILED, "the fresh offer has sections that were never agreed on")
    description.media = ordered
    for group in description.group:
        if group.semantic == "BUNDLE":
            group.items = [media.rtp.muxId for media in ordered]
    return str(description)
