//! Voice activity detection with Silero, run by tract.
