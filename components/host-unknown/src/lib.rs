//! What is known of a host that tells nothing of itself: nothing. The gateway then says what it can find out alone.
#![cfg(target_family = "wasm")]

use bindings::exports::colloquy::host::status::{Guest, Stage, Store, Upstream};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/host-unknown",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

struct Component;

impl Guest for Component {
    fn stages() -> Vec<Stage> {
        Vec::new()
    }

    fn stores() -> Vec<Store> {
        Vec::new()
    }

    fn upstreams() -> Vec<Upstream> {
        Vec::new()
    }
}
