//! Speech recognition with Whisper, run by tract.
