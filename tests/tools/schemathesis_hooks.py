"""What schemathesis needs to know to ask us: how to make a recording. Found through tests/schemathesis.toml.

A valid file is a recording of half a second, of silence or of a tone; a recording that is no audio is valid to a schema, and is refused.
"""

import io
import math
import struct
import wave

import schemathesis
from hypothesis import strategies as st


def recording(frequency: int, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        samples = (int(8_000 * math.sin(2 * math.pi * frequency * i / rate)) for i in range(rate // 2))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()


schemathesis.openapi.format(
    "binary",
    st.sampled_from([recording(frequency, rate) for frequency in (0, 440) for rate in (8_000, 16_000, 48_000)]),
)
