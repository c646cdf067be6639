//! The public HTTP interface, served from inside a component.
