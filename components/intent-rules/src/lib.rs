//! Intent rules and the content base: classification, search and ranked selection.
