"""VP8 pictures from bytes, by FFmpeg's own decoder; a placeholder until measured against libvpx's."""

from __future__ import annotations

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from kiosk.media.codec.libvpx import Vp8Error


class Vp8Decoder:
    """Frames in decode order. Raises Vp8Error for what cannot be decoded."""

    def __init__(self) -> None:
        context = av.CodecContext.create("vp8", "r")
        assert isinstance(context, VideoCodecContext)
        self._context = context

    def decode(self, data: bytes) -> VideoFrame | None:
        """The picture, or None when the frame is not to be shown."""
        try:
            frames = self._context.decode(av.Packet(data))
        except (av.FFmpegError, ValueError) as error:
            raise Vp8Error(type(error).__name__) from error
        return frames[-1] if frames else None
