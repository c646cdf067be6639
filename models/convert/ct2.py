"""Reads the `model.bin` of a CTranslate2 model, the format that faster-whisper loads.

The layout, little-endian throughout (binary version 6, as CTranslate2 4 writes it):

    u32 binary version
    str name of the model specification ("WhisperSpec")
    u32 revision of that specification
    u32 number of variables, then for each:
        str name, u8 rank, u32 dimensions[rank], u8 type, u32 number of bytes, the bytes
    u32 number of aliases, then for each: str alias, str name of the variable it stands for

where `str` is a u16 length that counts a closing NUL, followed by the bytes. The whole file is accounted for: bytes left
over, or missing, are an error, so a truncated download never becomes a model.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SUPPORTED_VERSION = 6

# CTranslate2's type numbers. bfloat16 (5) has no numpy counterpart and no published Whisper uses it.
DATA_TYPES: dict[int, np.dtype] = {
    0: np.dtype("<f4"),
    1: np.dtype("<i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
}


class FormatError(ValueError):
    """The file is not what this reader understands; the text says where and why."""


@dataclass(frozen=True)
class Ct2Model:
    """The contents of a `model.bin`: variables by name, aliases already resolved."""

    spec: str
    revision: int
    variables: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self.variables[name]
        except KeyError:
            raise FormatError(f"the model has no variable {name!r}") from None

    def f32(self, name: str) -> np.ndarray:
        """A floating-point variable as f32. Quantised models are refused: their scales would be lost."""
        value = self[name]
        if value.dtype.kind != "f":
            raise FormatError(f"{name} is {value.dtype}; convert the model with float16 or float32 weights")
        return value.astype(np.float32)


class _Cursor:
    """Takes fields off the front of a buffer and knows where it is when something is missing."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def take(self, size: int) -> memoryview:
        end = self.offset + size
        if end > len(self.data):
            raise FormatError(f"the file ends at byte {len(self.data)}, but a field reaches to byte {end}")
        view = memoryview(self.data)[self.offset : end]
        self.offset = end
        return view

    def number(self, code: str) -> int:
        return int(struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0])

    def string(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode("utf-8")


def read(path: Path) -> Ct2Model:
    """Reads a `model.bin`. The arrays are views of the file's bytes: nothing is copied."""
    cursor = _Cursor(path.read_bytes())
    version = cursor.number("I")
    if version != SUPPORTED_VERSION:
        raise FormatError(f"{path}: binary version {version}, this reader knows {SUPPORTED_VERSION}")
    spec = cursor.string()
    revision = cursor.number("I")

    variables: dict[str, np.ndarray] = {}
    for _ in range(cursor.number("I")):
        name = cursor.string()
        shape = [cursor.number("I") for _ in range(cursor.number("B"))]
        code = cursor.number("B")
        if code not in DATA_TYPES:
            raise FormatError(f"{path}: {name} has the unknown type {code}")
        values = np.frombuffer(cursor.take(cursor.number("I")), dtype=DATA_TYPES[code])
        if values.size != int(np.prod(shape, dtype=np.int64)):
            raise FormatError(f"{path}: {name} has {values.size} values for the shape {shape}")
        variables[name] = values.reshape(shape)
    for _ in range(cursor.number("I")):
        alias, name = cursor.string(), cursor.string()
        if name not in variables:
            raise FormatError(f"{path}: the alias {alias} points at {name}, which is not there")
        variables[alias] = variables[name]

    if cursor.offset != len(cursor.data):
        raise FormatError(f"{path}: {len(cursor.data) - cursor.offset} bytes are left after the last field")
    return Ct2Model(spec, revision, variables)
