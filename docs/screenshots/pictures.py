"""Small files: pictures with a palette, and a moving one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

_COLOURS = 256
_MOVING_WIDTH = 1080


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def save(png: bytes, path: Path) -> None:
    """A page has few colours, so that a palette of them loses nothing that is seen."""
    picture = opened(png).quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


def save_moving(frames: Sequence[tuple[bytes, int]], path: Path) -> None:
    """Frames and how many milliseconds each is seen, as an animated WebP that starts again at its end."""
    pictures = [opened(png) for png, _ in frames]
    height = round(pictures[0].height * _MOVING_WIDTH / pictures[0].width)
    small = [picture.resize((_MOVING_WIDTH, height), Image.Resampling.LANCZOS) for picture in pictures]
    lasting = [milliseconds for _, milliseconds in frames]
    small[0].save(path, save_all=True, append_images=small[1:], duration=lasting, loop=0, quality=80, method=6)
