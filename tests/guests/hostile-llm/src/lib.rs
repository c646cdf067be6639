//! An llm stage that does what the last message asks for: trap, hang, eat memory, break the contract, look around.
//!
//! It is the attacker in the system tests: whatever it does, only this one instance may be lost.
#![cfg(target_family = "wasm")]
#![allow(
    unsafe_code,
    reason = "the bindings are generated where they are exported"
)]
#![allow(
    clippy::print_stderr,
    reason = "what a guest prints is one of the ways to misbehave"
)]

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated code")]
    wit_bindgen::generate!({ path: "../../../wit", world: "colloquy:worlds/llm-stage", generate_all });
}

use std::cell::Cell;

use http::Scheme;

use bindings::exports::colloquy::llm::llm::{
    Chunk, Error, FinishReason, Generation, Guest, GuestGeneration, Info, Request, Usage,
};

struct Hostile;

impl Guest for Hostile {
    type Generation = Script;

    fn describe() -> Result<Info, Error> {
        Ok(Info {
            name: "hostile-llm".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            model: None,
            languages: Vec::new(),
            needs: Vec::new(),
        })
    }

    fn generate(request: Request) -> Result<Generation, Error> {
        let text = request
            .messages
            .last()
            .map(|message| message.content.clone())
            .unwrap_or_default();
        Ok(Generation::new(Script {
            text,
            step: Cell::new(0),
        }))
    }
}

/// Misbehaves in the middle: the first piece of text is always delivered.
struct Script {
    text: String,
    step: Cell<u32>,
}

impl GuestGeneration for Script {
    fn next(&self) -> Result<Option<Chunk>, Error> {
        let step = self.step.replace(self.step.get() + 1);
        let wants = |word: &str| self.text.contains(word);
        match step {
            0 if wants("at once") => misbehave(&self.text),
            0 => Ok(Some(Chunk::Text("So far so good. ".into()))),
            1 => misbehave(&self.text),
            2 => Ok(Some(Chunk::Finished(Usage {
                finish: FinishReason::Stop,
                prompt_tokens: None,
                completion_tokens: None,
                item_ids: None,
            }))),
            _ => Ok(None),
        }
    }
}

/// The part of the request after "please" that this stage understands; anything else is answered well.
fn misbehave(text: &str) -> Result<Option<Chunk>, Error> {
    if text.contains("trap") {
        std::process::abort();
    }
    if text.contains("hang") {
        loop {
            std::hint::black_box(());
        }
    }
    if text.contains("eat memory") {
        let mut eaten = Vec::new();
        loop {
            eaten.push(std::hint::black_box(vec![1_u8; 16 << 20]));
        }
    }
    if text.contains("end early") {
        return Ok(None);
    }
    if text.contains("flood") {
        return Ok(Some(Chunk::Text("word ".repeat(4 << 20))));
    }
    if text.contains("forge") {
        let forged = "2026-01-01T00:00:00Z ERROR forged";
        eprintln!("so far\u{2028}{forged}\u{85}\u{1b}[2J\r{forged}");
    }
    if text.contains("look around") {
        return Ok(Some(Chunk::Text(look_around())));
    }
    Ok(Some(Chunk::Text("All is well.".into())))
}

/// Tries what a stage without grants must not be able to do and reports what it got.
fn look_around() -> String {
    let files = [
        "/",
        ".",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/1/environ",
        "/dev/stdin",
        "/models",
        "/content",
        "../../etc/passwd",
    ];
    let opened: Vec<_> = files
        .iter()
        .filter(|path| std::fs::read_dir(path).is_ok() || std::fs::read(path).is_ok())
        .chain(
            ["/tmp/taken", "taken"]
                .iter()
                .filter(|path| std::fs::write(path, "x").is_ok()),
        )
        .collect();
    let variables = std::env::vars().count();
    let network = sockets(&target());
    format!(
        "I opened {} files, saw {variables} variables and the network was {}. {}",
        opened.len(),
        if network { "open" } else { "closed" },
        call_home()
    )
}

/// Whom `TARGET` names if anything does.
fn target() -> String {
    std::env::var("TARGET").unwrap_or_else(|_| "127.0.0.1:80".into())
}

/// Whether there is any socket to be had, also to where requests may go, or any name to be looked up.
fn sockets(target: &str) -> bool {
    use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
    TcpStream::connect(target).is_ok()
        || TcpListener::bind("127.0.0.1:0").is_ok()
        || UdpSocket::bind("0.0.0.0:0").is_ok()
        || ("localhost", 80).to_socket_addrs().is_ok()
}

/// Tries to send requests: to the target, and to others.
fn call_home() -> String {
    let target = target();
    let told_by = |scheme: Scheme, authority: &str| match http::get(&scheme, authority) {
        Ok(status) => format!("answered with {status}"),
        Err(http::ErrorCode::HttpRequestDenied) => "was denied".into(),
        Err(code) => format!("failed with {code:?}"),
    };
    let told = |authority: &str| told_by(Scheme::Http, authority);
    let neighbour = target
        .rsplit_once(':')
        .and_then(|(host, port)| Some(format!("{host}:{}", port.parse::<u16>().ok()? ^ 1)));
    format!(
        "My request to the target {}, the one to its port by another name {}, and the one to an address of the machine's own network {}. \
         Over https the target {}, over another scheme it {}, and the port beside it {}.",
        told(&target),
        told(&target.replace("127.0.0.1", "localhost")),
        told("169.254.169.254"),
        told_by(Scheme::Https, &target),
        told_by(Scheme::Other("ftp".into()), &target),
        told(&neighbour.unwrap_or_default()),
    )
}

mod http {
    //! As little of `wasi:http` as a request takes.

    use wasip2::http::outgoing_handler::handle;
    pub(super) use wasip2::http::types::{ErrorCode, Scheme};
    use wasip2::http::types::{Fields, OutgoingRequest};

    /// The status that `GET /` brings; a key of the guest's own goes with it.
    pub(super) fn get(scheme: &Scheme, authority: &str) -> Result<u16, ErrorCode> {
        let fields = Fields::new();
        let _sent = fields.append("authorization", b"Bearer my-own");
        let request = OutgoingRequest::new(fields);
        let _set = request.set_scheme(Some(scheme));
        let _set = request.set_authority(Some(authority));
        let _set = request.set_path_with_query(Some("/"));
        let answer = handle(request, None)?;
        loop {
            match answer.get() {
                Some(Ok(response)) => return response.map(|response| response.status()),
                Some(Err(())) => return Err(ErrorCode::InternalError(None)),
                None => answer.subscribe().block(),
            }
        }
    }
}

bindings::export!(Hostile with_types_in bindings);
