//! `cargo xtask`: everything a person or a machine does with this checkout, from an empty machine to a served answer.
//!
//! Each command brings about what it needs and does nothing that is done already: `serve` on a fresh checkout sets up the tool
//! chain, fetches and converts the models, builds, and serves. Once the models are there nothing here needs a network.
//!
//! Reading order: `command/` has one file for each command. They are made of `download` (packages by pinned hash), `archive`
//! (files out of packages), `manifest` (what models and recordings are made of), `python` and `node` (environments), `cargo` (builds)
//! and `paths` (where everything lies). Only `ui` and the commands print.

mod archive;
mod cargo;
mod command;
mod digest;
mod download;
mod http;
mod manifest;
mod node;
mod paths;
mod python;
mod run;
mod ui;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match command::Xtask::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
