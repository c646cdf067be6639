//! Speech synthesis with Piper voices, run by tract.
