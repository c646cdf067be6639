//! The gateway behind `wasi:http/incoming-handler@0.2`, the entry that every host of components has. A fresh instance serves each request.
//!
//! The entry is not wstd's macro, which panics when a client goes away before the response has left. It uses the two hidden paths that
//! the macro uses, hence the exact versions of wstd and wstd-axum in the workspace.
#![cfg(target_family = "wasm")]

use bindings::wasip2::{
    exports::http::incoming_handler::Guest,
    http::types::{IncomingRequest, ResponseOutparam},
};
use wstd::http::{request::try_from_incoming, server::Responder};

mod bindings;

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let responder = Responder::new(out);
        wstd::runtime::block_on(async move {
            let answer = match try_from_incoming(request) {
                Ok(request) => wstd_axum::serve(request, colloquy_gateway::imported()).await,
                Err(error) => Err(error),
            };
            match answer {
                // A client that has gone is nobody's failure.
                Ok(response) => {
                    let _gone = responder.respond(response).await;
                }
                Err(error) => responder.fail(error),
            }
        });
    }
}
