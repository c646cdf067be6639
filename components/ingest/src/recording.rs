//! One recording: bytes in, then samples out.
//!
//! Calls come in this order: [`Recording::push`] any number of times, [`Recording::finish`] once, [`Recording::pull`] until none. A call
//! out of order fails with [`Fault::Contract`] and changes nothing. A refused recording stays refused: every later call repeats the fault.
//!
//! **Damaged recordings.** When the bytes end too early (a cut upload), what was whole before the end is returned, provided that it is
//! at least the least duration. Damage anywhere else, or a recording of which too little is left, is [`Rejection::Malformed`].

use std::collections::VecDeque;

use colloquy_resample::Resampler;

use crate::codec::{Decoder, Signal};
use crate::container::{self, Packets, Step};
use crate::fault::{Fault, Rejection};
use crate::limits::Limits;
use crate::magic::{self, Container, Verdict};

/// What recognisers take, in hertz.
const RATE_HZ: u32 = 16_000;

/// Most samples in a chunk of output.
pub const N_CHUNK: usize = 16_000;

/// Packets in a row that may decode to nothing. Real files have one or two; a hostile index can name billions.
const MAX_EMPTY: u32 = 1_000;

/// What was found in the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// `wav`, `mp3`, `flac`, `ogg`, `mp4` or `webm`.
    pub container: &'static str,
    /// `pcm`, `mp3`, `flac`, `vorbis`, `opus` or `aac`.
    pub codec: &'static str,
    /// Sample rate of the source in hertz.
    pub sample_rate_hz: u32,
    /// Channels of the source.
    pub n_channels: u16,
}

/// One recording.
pub struct Recording {
    limits: Limits,
    state: State,
}

enum State {
    Receiving {
        bytes: Vec<u8>,
        found: Option<(Container, usize)>,
    },
    Decoding(Box<Decoding>),
    Refused(Fault),
}

impl Recording {
    /// An empty recording. Fails when the limits contradict each other.
    pub fn new(limits: Limits) -> Result<Self, Fault> {
        limits.check()?;
        Ok(Self {
            limits,
            state: State::Receiving {
                bytes: Vec::new(),
                found: None,
            },
        })
    }

    /// Adds encoded bytes, in any chunking. Refuses an unknown format as soon as there are enough bytes to tell.
    pub fn push(&mut self, more: &[u8]) -> Result<(), Fault> {
        let result = match &mut self.state {
            State::Refused(fault) => return Err(fault.clone()),
            State::Decoding(_) => {
                return Err(Fault::Contract(
                    "bytes were pushed after the end of the recording".into(),
                ));
            }
            State::Receiving { bytes, found } => receive(bytes, found, more, &self.limits),
        };
        self.remember(result)
    }

    /// Ends the input, opens the container and decodes the first packet.
    pub fn finish(&mut self) -> Result<Format, Fault> {
        let (bytes, found) = match &mut self.state {
            State::Refused(fault) => return Err(fault.clone()),
            State::Decoding(_) => {
                return Err(Fault::Contract("the recording was ended twice".into()));
            }
            State::Receiving { bytes, found } => (std::mem::take(bytes), *found),
        };
        let result = Decoding::open(bytes, found, self.limits).map(|decoding| {
            let format = decoding.format.clone();
            self.state = State::Decoding(Box::new(decoding));
            format
        });
        self.remember(result)
    }

    /// The next samples, mono at 16 kHz, at most [`N_CHUNK`]; none after the last.
    pub fn pull(&mut self) -> Result<Option<Vec<i16>>, Fault> {
        let result = match &mut self.state {
            State::Refused(fault) => return Err(fault.clone()),
            State::Receiving { .. } => {
                return Err(Fault::Contract(
                    "samples were asked for before the end of the recording".into(),
                ));
            }
            State::Decoding(decoding) => decoding.pull(),
        };
        self.remember(result)
    }

    /// Why the recording was refused, once a call has failed for that reason.
    pub fn rejection(&self) -> Option<Rejection> {
        match &self.state {
            State::Refused(Fault::Rejected(rejection, _)) => Some(*rejection),
            _ => None,
        }
    }

    fn remember<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &result {
            self.state = State::Refused(fault.clone());
        }
        result
    }
}

fn receive(
    bytes: &mut Vec<u8>,
    found: &mut Option<(Container, usize)>,
    more: &[u8],
    limits: &Limits,
) -> Result<(), Fault> {
    limits.check_bytes(bytes.len() as u64 + more.len() as u64)?;
    bytes.extend_from_slice(more);
    if found.is_none() {
        *found = recognise(bytes, false)?;
    }
    Ok(())
}

fn recognise(bytes: &[u8], ended: bool) -> Result<Option<(Container, usize)>, Fault> {
    match magic::recognise(bytes, ended) {
        Verdict::Undecided => Ok(None),
        Verdict::Known(container, start) => Ok(Some((container, start))),
        Verdict::Foreign(what) => Err(Fault::unsupported(format!(
            "this is {what}; {}",
            magic::EXPECTED
        ))),
    }
}

/// A recording whose bytes are all there.
struct Decoding {
    format: Format,
    signal: Signal,
    packets: Box<dyn Packets>,
    decoder: Decoder,
    resampler: Resampler,
    /// Samples at the source's rate that are still to be dropped at the start.
    n_delay: u64,
    /// Samples at the source's rate so far, and how many there may and must be.
    n_in: u64,
    max_in: u64,
    min_in: u64,
    limits: Limits,
    n_empty: u32,
    /// A packet that could not be decoded: forgiven when it was the last one.
    damage: Option<Fault>,
    ended: bool,
    mono: Vec<f32>,
    resampled: Vec<f32>,
    ready: VecDeque<i16>,
}

impl Decoding {
    fn open(
        mut bytes: Vec<u8>,
        found: Option<(Container, usize)>,
        limits: Limits,
    ) -> Result<Self, Fault> {
        if bytes.is_empty() {
            return Err(Fault::Rejected(
                Rejection::TooShort,
                "the recording is empty".into(),
            ));
        }
        let found = found.map_or_else(|| recognise(&bytes, true), |found| Ok(Some(found)))?;
        let (container, start) = found
            .ok_or_else(|| Fault::Internal("a complete recording was left undecided".into()))?;
        bytes.drain(..start);
        let mut packets = container::open(container, bytes)?;
        let track = packets.track();
        let codec = track.codec.name()?;
        let n_delay = track.n_delay;
        // Before the decoder takes memory for every channel.
        if let Some((rate_hz, n_channels)) = track.codec.signal() {
            limits.check_signal(rate_hz, n_channels)?;
        }
        let mut decoder = Decoder::new(&track.codec)?;

        // Headers may be wrong about rate and channels, the first samples are not.
        let mut mono = Vec::new();
        let signal = first_signal(packets.as_mut(), &mut decoder, &mut mono)?;
        limits.check_signal(signal.rate_hz, signal.n_channels)?;
        let frames = |ms: u32| u64::from(ms) * u64::from(signal.rate_hz) / 1_000;
        Ok(Self {
            format: Format {
                container: container.name(),
                codec,
                sample_rate_hz: signal.rate_hz,
                n_channels: u16::try_from(signal.n_channels).unwrap_or(u16::MAX),
            },
            signal,
            packets,
            decoder,
            resampler: Resampler::new(signal.rate_hz, RATE_HZ)?,
            n_delay,
            n_in: 0,
            max_in: frames(limits.max_duration_ms),
            min_in: frames(limits.min_duration_ms),
            limits,
            n_empty: 0,
            damage: None,
            ended: false,
            mono,
            resampled: Vec::new(),
            ready: VecDeque::new(),
        })
    }

    fn pull(&mut self) -> Result<Option<Vec<i16>>, Fault> {
        // Nothing is handed out before it is sure that the recording is not too short.
        while !self.ended && (self.ready.len() < N_CHUNK || self.n_in < self.min_in) {
            colloquy_breathe::breathe();
            self.convert()?;
            self.step()?;
        }
        let n = self.ready.len().min(N_CHUNK);
        Ok((n > 0).then(|| self.ready.drain(..n).collect()))
    }

    /// Reads and decodes one packet.
    fn step(&mut self) -> Result<(), Fault> {
        let packet = match self.packets.next()? {
            Step::Packet(packet) => packet,
            Step::End => {
                let damage = self.damage.take();
                return self.end(damage);
            }
            Step::Cut(what) => return self.end(Some(Fault::malformed(what))),
        };
        if let Some(damage) = self.damage.take() {
            return Err(damage);
        }
        match self.decoder.decode(&packet, &mut self.mono) {
            Ok(Some(signal)) if signal == self.signal => self.n_empty = 0,
            Ok(Some(signal)) => {
                return Err(Fault::malformed(format!(
                    "the signal changes from {} Hz and {} channels to {} Hz and {} channels",
                    self.signal.rate_hz, self.signal.n_channels, signal.rate_hz, signal.n_channels
                )));
            }
            Ok(None) => self.n_empty = count_empty(self.n_empty)?,
            Err(fault @ Fault::Rejected(Rejection::Malformed, _)) => self.damage = Some(fault),
            Err(fault) => return Err(fault),
        }
        self.convert()
    }

    /// Moves decoded samples through the resampler to the output.
    fn convert(&mut self) -> Result<(), Fault> {
        let n_drop = self.n_delay.min(self.mono.len() as u64);
        self.n_delay -= n_drop;
        let kept = self.mono.get(n_drop as usize..).unwrap_or_default();
        self.n_in += kept.len() as u64;
        if self.n_in > self.max_in {
            return Err(Fault::Rejected(
                Rejection::TooLong,
                format!(
                    "the recording has more than {} ms of audio, the limit",
                    self.limits.max_duration_ms
                ),
            ));
        }
        self.resampler.push(kept, &mut self.resampled)?;
        self.mono.clear();
        self.emit();
        Ok(())
    }

    fn end(&mut self, damage: Option<Fault>) -> Result<(), Fault> {
        self.ended = true;
        if self.n_in < self.min_in.max(1) {
            let had = self.n_in * 1_000 / u64::from(self.signal.rate_hz);
            let text = format!(
                "{had} ms of audio, less than the limit of {} ms",
                self.limits.min_duration_ms
            );
            return Err(match damage {
                None => Fault::Rejected(Rejection::TooShort, format!("the recording has {text}")),
                Some(damage) => Fault::malformed(format!("{damage}; before that there are {text}")),
            });
        }
        self.resampler.finish(&mut self.resampled)?;
        self.emit();
        Ok(())
    }

    fn emit(&mut self) {
        // `as` saturates, so this clips.
        let full = f32::from(i16::MAX) + 1.0;
        self.ready.extend(
            self.resampled
                .drain(..)
                .map(|sample| (sample * full).round_ties_even() as i16),
        );
    }
}

/// Decodes packets until one has samples. A packet that cannot be decoded is not forgiven here.
fn first_signal(
    packets: &mut dyn Packets,
    decoder: &mut Decoder,
    mono: &mut Vec<f32>,
) -> Result<Signal, Fault> {
    let mut n_empty = 0;
    loop {
        match packets.next()? {
            Step::Packet(packet) => {
                if let Some(signal) = decoder.decode(&packet, mono)? {
                    return Ok(signal);
                }
                n_empty = count_empty(n_empty)?;
            }
            Step::End => {
                return Err(Fault::Rejected(
                    Rejection::TooShort,
                    "the recording has no audio".into(),
                ));
            }
            Step::Cut(what) => return Err(Fault::malformed(what)),
        }
    }
}

fn count_empty(n: u32) -> Result<u32, Fault> {
    if n >= MAX_EMPTY {
        return Err(Fault::malformed(format!(
            "{MAX_EMPTY} packets in a row have no audio"
        )));
    }
    Ok(n + 1)
}
