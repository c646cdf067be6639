//! Audio bytes of any supported format to mono 16 kHz PCM.
