//! Answers composed from the selected content in the voice of a persona.
