//! The voice of the pipeline, behind its port.

use super::{Imports, bindings::colloquy::pipeline::speak};
use crate::{
    contract as c,
    ports::{self, Result},
};

impl ports::Speak for Imports {
    fn voices(&self) -> Result<Vec<c::speak::Voice>> {
        speak::voices()
    }
    fn speak(&self, request: c::speak::Request) -> Result<Box<dyn ports::Speech>> {
        Ok(Box::new(speak::start(&request)?))
    }
}

impl ports::Speech for speak::Speech {
    fn next(&mut self) -> Result<Option<c::speak::Audio>> {
        speak::Speech::next(self)
    }
    fn engine(&self) -> String {
        speak::Speech::engine(self)
    }
    fn degraded(&self) -> Option<String> {
        speak::Speech::degraded(self)
    }
}
