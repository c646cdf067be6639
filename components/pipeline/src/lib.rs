//! The turn: the only copy of the orchestration.
