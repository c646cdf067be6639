//! Speech over real sockets.
