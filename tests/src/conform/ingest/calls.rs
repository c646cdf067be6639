//! The calls of one recording, and what every good or bad one has in common.

use wasmtime::component::ResourceAny;

use super::{Limits, RATE};
use crate::conform::bindings::colloquy::ingest::ingest::{Error, Format, Rejection};
use crate::conform::common::{Contract, Ingest};
use crate::conform::rig::Rig;
use crate::conform::signals::{sine, wav};
use crate::conform::verdict::{Asked, Case, Unmet, ensure};

/// Chunks that a recording of the suite may have at most, so that a stage which never ends is found out.
const MOST_CHUNKS: usize = 100_000;

pub(super) struct Stage<'r>(pub(super) &'r mut Rig);

impl Stage<'_> {
    pub(super) fn open(&mut self, limits: Limits) -> Result<ResourceAny, Unmet> {
        self.try_open(limits)?.given("sensible limits")
    }

    pub(super) fn try_open(&mut self, limits: Limits) -> Asked<ResourceAny> {
        self.0
            .ask::<Error, _, _>(Ingest::INTERFACE, "open", (limits,))
    }

    pub(super) fn push(&mut self, decoder: ResourceAny, bytes: Vec<u8>) -> Asked<()> {
        self.0
            .ask::<Error, _, _>(Ingest::INTERFACE, "[method]decoder.push", (decoder, bytes))
    }

    pub(super) fn finish(&mut self, decoder: ResourceAny) -> Asked<Format> {
        self.0
            .ask::<Error, _, _>(Ingest::INTERFACE, "[method]decoder.finish", (decoder,))
    }

    pub(super) fn next(&mut self, decoder: ResourceAny) -> Asked<Option<Vec<i16>>> {
        self.0
            .ask::<Error, _, _>(Ingest::INTERFACE, "[method]decoder.next", (decoder,))
    }

    pub(super) fn rejection(&mut self, decoder: ResourceAny) -> Result<Option<Rejection>, Unmet> {
        self.0
            .call(Ingest::INTERFACE, "[method]decoder.rejection", (decoder,))
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self, decoder: ResourceAny) -> Result<Vec<i16>, Unmet> {
        let mut all = Vec::new();
        for _ in 0..MOST_CHUNKS {
            let Some(chunk) = self.next(decoder)?.given("a good recording")? else {
                return Ok(all);
            };
            ensure(
                chunk.len() <= 16_000,
                "a chunk has at most 16,000 samples",
                || chunk.len().to_string(),
            )?;
            all.extend(chunk);
        }
        Err(Unmet::failed(
            "the samples end",
            format!("{MOST_CHUNKS} chunks and no end"),
        ))
    }

    /// A whole recording, in these parts.
    pub(super) fn decode(
        &mut self,
        parts: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<(Format, Vec<i16>), Unmet> {
        let decoder = self.open(usual())?;
        for part in parts {
            self.push(decoder, part)?.given("a good recording")?;
        }
        let format = self.finish(decoder)?.given("a good recording")?;
        let samples = self.rest(decoder)?;
        let rejection = self.rejection(decoder)?;
        ensure(
            rejection.is_none(),
            "no rejection of a good recording",
            || format!("{rejection:?}"),
        )?;
        self.0.close(decoder)?;
        Ok((format, samples))
    }

    /// A recording that must fail on the way, with this case and rejection. The decoder is still open.
    pub(super) fn rejected(
        &mut self,
        limits: Limits,
        bytes: Vec<u8>,
        why: (Case, Rejection),
        what: &str,
    ) -> Result<ResourceAny, Unmet> {
        let decoder = self.open(limits)?;
        // It may be noticed while bytes arrive, at their end, or while they are decoded.
        let pushed = self.push(decoder, bytes)?;
        if pushed.result.is_ok() {
            let finished = self.finish(decoder)?;
            if finished.result.is_ok() {
                loop {
                    let next = self.next(decoder)?;
                    if !matches!(next.result, Ok(Some(_))) {
                        next.refused(why.0, what)?;
                        break;
                    }
                }
            } else {
                finished.refused(why.0, what)?;
            }
        } else {
            pushed.refused(why.0, what)?;
        }
        let rejection = self.rejection(decoder)?;
        ensure(
            rejection == Some(why.1),
            &format!("the rejection of {what} is {:?}", why.1),
            || format!("{rejection:?}"),
        )?;
        Ok(decoder)
    }
}

pub(super) fn usual() -> Limits {
    Limits {
        max_bytes: 26_214_400,
        min_duration_ms: 100,
        max_duration_ms: 60_000,
        min_sample_rate_hz: 8_000,
        max_sample_rate_hz: 48_000,
        max_channels: 2,
    }
}

pub(super) fn second() -> Vec<u8> {
    wav(RATE, 1, &sine(RATE, 1, 440.0, 1000))
}
