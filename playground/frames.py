"""Frames between the page and a model's process: a four-byte length and a msgpack map."""

from __future__ import annotations

import struct
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
