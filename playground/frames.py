"""Frames between the page and a model's process: a four-byte length and a msgpack map."""

from __future__ import annotations

import os
import struct
import sys
from typing import Any, BinaryIO

import msgpack

Message = dict[str, Any]

LENGTH = struct.Struct(">I")
MODEL_ID = 0  # of frames that answer no request: ``loading``, ``ready``, ``beat``, and ``error`` instead of ``ready``
LONE = "surrogatepass"  # half characters travel as they are; whoever reads them refuses them with a sentence


def send(pipe: BinaryIO, message: Message) -> None:
    """Write one frame."""
    body = msgpack.packb(message, unicode_errors=LONE)
    pipe.write(LENGTH.pack(len(body)) + body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read one frame; None where the other side is gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    body = pipe.read(size)
    return msgpack.unpackb(body, strict_map_key=False, unicode_errors=LONE) if len(body) == size else None


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Claim standard input and output for frames; what libraries print goes to standard error instead."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a file descriptor is what is needed)
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (exists on Windows only)

        for pipe in (requests, answers):
            msvcrt.setmode(pipe.fileno(), os.O_BINARY)
    return requests, answers
