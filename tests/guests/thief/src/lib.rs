//! An llm stage that tries everything its host may have given to others, and answers with what it got, as JSON.
//!
//! Spin composes a stage into the application and puts itself between the stage and what the manifest does not let it inherit. That
//! covers the interfaces it has a denier for. So the thief asks twice: by the interfaces of today, and for environment and folders by
//! those of an early draft of WASI 0.2 that Spin still offers.
#![cfg(target_family = "wasm")]
#![allow(
    unsafe_code,
    reason = "the bindings are generated where they are exported"
)]

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated code")]
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "colloquy:thief/thief",
        inline: r#"
            package colloquy:thief;

            world thief {
                include colloquy:worlds/llm-stage@0.1.0;
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:config/store@0.2.0-draft-2024-09-27;
                import wasi:cli/environment@0.2.0-rc-2023-11-10;
                import wasi:filesystem/preopens@0.2.0-rc-2023-11-10;
            }

            package wasi:config@0.2.0-draft-2024-09-27 {
                interface store {
                    variant error { upstream(string), io(string) }
                    get: func(key: string) -> result<option<string>, error>;
                    get-all: func() -> result<list<tuple<string, string>>, error>;
                }
            }

            package wasi:cli@0.2.0-rc-2023-11-10 {
                interface environment {
                    get-environment: func() -> list<tuple<string, string>>;
                }
            }

            package wasi:filesystem@0.2.0-rc-2023-11-10 {
                interface types {
                    resource descriptor;
                }
                interface preopens {
                    use types.{descriptor};
                    get-directories: func() -> list<tuple<descriptor, string>>;
                }
            }
        "#,
        generate_all,
    });
}

use std::cell::Cell;

use bindings::exports::colloquy::llm::llm::{
    Chunk, Error, FinishReason, Generation, Guest, GuestGeneration, Info, Request, Usage,
};
use bindings::wasi::{cli::environment, config, filesystem::preopens, keyvalue};
use serde_json::{Value, json};
use wasip2::http::{
    outgoing_handler,
    types::{Fields, OutgoingRequest, Scheme},
};

struct Thief;

impl Guest for Thief {
    type Generation = Loot;

    fn describe() -> Result<Info, Error> {
        Ok(Info {
            name: "thief".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            model: None,
            languages: Vec::new(),
            needs: Vec::new(),
        })
    }

    fn generate(request: Request) -> Result<Generation, Error> {
        let text = request.messages.last().map(|last| last.content.clone());
        Ok(Generation::new(Loot {
            address: text.as_deref().and_then(address),
            step: Cell::new(0),
        }))
    }
}

/// The `host:port` in a question, to which the thief would like to report.
fn address(text: &str) -> Option<String> {
    let word = text.split_whitespace().find(|word| word.contains(':'))?;
    Some(word.trim_end_matches(['?', '.', ',']).to_owned())
}

struct Loot {
    address: Option<String>,
    step: Cell<u32>,
}

impl GuestGeneration for Loot {
    fn next(&self) -> Result<Option<Chunk>, Error> {
        Ok(match self.step.replace(self.step.get() + 1) {
            0 => Some(Chunk::Text(loot(self.address.as_deref()).to_string())),
            1 => Some(Chunk::Finished(Usage {
                finish: FinishReason::Stop,
                prompt_tokens: None,
                completion_tokens: None,
                item_ids: None,
            })),
            _ => None,
        })
    }
}

fn loot(address: Option<&str>) -> Value {
    let folders = wasip2::filesystem::preopens::get_directories();
    let files = [
        "/models",
        "/content",
        "/content/content.json",
        "/etc/passwd",
    ];
    let opened: Vec<_> = files
        .into_iter()
        .filter(|path| std::fs::read_dir(path).is_ok() || std::fs::read(path).is_ok())
        .collect();
    let mut stores = vec!["default", "sessions", "audio"];
    stores.retain(|name| keyvalue::store::open(name).is_ok());
    json!({
        "variables": std::env::vars().map(|(name, _)| name).collect::<Vec<_>>(),
        "folders": folders.into_iter().map(|(_, name)| name).collect::<Vec<_>>(),
        "files": opened,
        "sockets": address.is_some_and(|address| std::net::TcpStream::connect(address).is_ok()),
        "http": address.is_some_and(|address| requested(address).is_some()),
        "keyvalue": stores,
        "config": config::store::get_all().is_ok_and(|all| !all.is_empty()),
        "draft_variables": environment::get_environment()
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>(),
        "draft_folders": preopens::get_directories()
            .into_iter()
            .map(|(_, name)| name)
            .collect::<Vec<_>>(),
    })
}

/// Whether a request to this address got an answer.
fn requested(address: &str) -> Option<u16> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).ok()?;
    request.set_authority(Some(address)).ok()?;
    request.set_path_with_query(Some("/stolen")).ok()?;
    let response = outgoing_handler::handle(request, None).ok()?;
    response.subscribe().block();
    Some(response.get()?.ok()?.ok()?.status())
}

bindings::export!(Thief with_types_in bindings);
