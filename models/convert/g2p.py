"""Writes the letter-to-sound network of g2p_en (Apache-2.0) as the small binary that `tts-piper` reads.

The network is one GRU over letters and one over phonemes (0.83 million parameters). Layout of the result, little-endian:

    8 bytes   b"CLQYG2P1"
    u32 x 3   letters, phonemes, hidden size
    f16 ...   enc_emb [letters,H], enc_w_ih [3H,H], enc_w_hh [3H,H], enc_b_ih [3H], enc_b_hh [3H],
              dec_emb [phonemes,H], dec_w_ih, dec_w_hh, dec_b_ih, dec_b_hh, fc_w [phonemes,H], fc_b [phonemes]

Half precision is enough: the arg-max of the reference is kept on all words of the golden files.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

CHECKPOINT = "checkpoint20.npz"
MAGIC = b"CLQYG2P1"
ORDER = (
    *("enc_emb", "enc_w_ih", "enc_w_hh", "enc_b_ih", "enc_b_hh"),
    *("dec_emb", "dec_w_ih", "dec_w_hh", "dec_b_ih", "dec_b_hh"),
    *("fc_w", "fc_b"),
)


def convert(source: Path, target: Path) -> None:
    arrays = np.load(source)
    letters, hidden = arrays["enc_emb"].shape
    phonemes = arrays["dec_emb"].shape[0]
    with open(target, "wb") as out:
        out.write(MAGIC + struct.pack("<3I", letters, phonemes, hidden))
        for name in ORDER:
            out.write(np.ascontiguousarray(arrays[name]).astype("<f2").tobytes())
