"""How a video gets in: mp4, webm, GIF, or a folder of pictures, within limits, frame by frame."""

from visprog.videos.limits import VideoLimits
from visprog.videos.loading import load
from visprog.videos.sniffing import is_video

__all__ = ["VideoLimits", "is_video", "load"]
