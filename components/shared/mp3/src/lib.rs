//! Decodes an mp3 while it arrives: bytes in any pieces go in, samples of one channel come out, frame by frame.
//!
//! Frames are found here, and decoded by symphonia, the decoder of `ingest`. Its reader of mp3 files is not used: it pulls, and steps
//! over junk in silence. ID3 tags, in front or between frames, are passed over. The frame with which encoders describe the others is not
//! played; what it says of silence that the encoder added is honoured. Servers that speak sentence by sentence and put the files one
//! after the other are understood: each may have tags and a description of its own.
//!
//! Invariants: what is not a frame where one must be is an error, and so is an end within a frame, or before the number of frames that
//! was announced (one less is forgiven: some encoders count the description). At most one piece and one frame are kept, at most
//! [`N_FRAMES`] frames are decoded at once.

pub mod frame;
pub mod tag;

use std::ops::Range;

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder as _, AudioDecoderOptions,
};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::MpaDecoder;

use frame::{Header, N_HEADER};
use tag::{Info, Tag};

/// Most frames for one call: about half a second of speech.
pub const N_FRAMES: usize = 20;
/// Most bytes of all tags together; a picture of a cover would fit.
const MAX_TAGS: u64 = 4 << 20;

/// Why there is no audio in it for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMp3 {
    /// Something else than a frame where one must be, or a frame that cannot be decoded.
    #[error("is not an mp3, or a damaged one")]
    Damaged,
    /// It ends too early.
    #[error("is an mp3 that was cut short")]
    Cut,
    /// It goes on with another sample rate or number of channels.
    #[error("is an mp3 that changes its sample rate or its channels")]
    Changed,
    /// Tags without end.
    #[error("is an mp3 with megabytes of tags")]
    Tags,
}

/// What there is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Samples, at least one.
    Samples(Vec<i16>),
    /// None before more bytes have come.
    More,
    /// None any more.
    End,
}

/// Whether `bytes` are frames of an mp3: two headers, the second where the first frame ends. None while more bytes are needed.
#[must_use]
pub fn is_mp3(bytes: &[u8]) -> Option<bool> {
    let Some(first) = Header::parse(bytes) else {
        return Some(false);
    };
    let next = bytes.get(first.n_bytes..first.n_bytes + N_HEADER)?;
    Some(Header::parse(next).is_some_and(|next| next.goes_with(&first)))
}

/// A decoder for one stream.
pub struct Mp3 {
    decoder: MpaDecoder,
    bytes: Vec<u8>,
    /// Where the bytes begin that are still to be read.
    at: usize,
    /// Bytes of a tag that are to be passed over, and of all tags so far.
    n_skip: u64,
    n_tags: u64,
    ended: bool,
    /// Of the first frame; all others must go with it.
    header: Option<Header>,
    section: Section,
    interleaved: Vec<f32>,
}

/// What is left of the frames that a description announced.
#[derive(Debug, Clone, Copy, Default)]
struct Section {
    n_frames: Option<u32>,
    /// Samples at the beginning to leave out, and samples to hand out.
    n_delay: u64,
    n_samples: Option<u64>,
}

/// What comes next in the bytes.
enum Next {
    Frame(Header),
    More,
    End,
}

impl Mp3 {
    /// A decoder without bytes.
    ///
    /// # Errors
    /// None that is known: the library's constructor can fail for other codecs.
    pub fn new() -> Result<Self, BadMp3> {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_MP3);
        let decoder = MpaDecoder::try_new(&parameters, &AudioDecoderOptions::default());
        Ok(Self {
            decoder: decoder.map_err(|_| BadMp3::Damaged)?,
            bytes: Vec::new(),
            at: 0,
            n_skip: 0,
            n_tags: 0,
            ended: false,
            header: None,
            section: Section::default(),
            interleaved: Vec::new(),
        })
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// No more bytes will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The sample rate in hertz, as soon as the first frame is whole and what follows it is another. None while more bytes are needed.
    ///
    /// # Errors
    /// As soon as it is clear that it is no mp3.
    pub fn rate_hz(&mut self) -> Result<Option<u32>, BadMp3> {
        match self.next()? {
            Next::Frame(header) => {
                let end = self.at + header.n_bytes;
                let after = self.bytes.get(end..end + N_HEADER);
                let goes_on = after.map(|after| {
                    tag::id3(after) != Tag::None
                        || Header::parse(after).is_some_and(|next| next.goes_with(&header))
                });
                match goes_on {
                    Some(true) => Ok(Some(header.rate_hz)),
                    None if self.ended => Ok(Some(header.rate_hz)),
                    None => Ok(None),
                    Some(false) => Err(BadMp3::Damaged),
                }
            }
            Next::More => Ok(None),
            // Nothing but tags.
            Next::End => Err(BadMp3::Cut),
        }
    }

    /// Decodes what has come, [`N_FRAMES`] frames at most.
    ///
    /// # Errors
    /// When it is damaged or cut. There is nothing after an error.
    pub fn pull(&mut self) -> Result<Step, BadMp3> {
        let mut samples = Vec::new();
        // Descriptions and frames that are all delay make no samples.
        for n_frames in 1.. {
            match self.next()? {
                Next::Frame(header) => self.decode(&header, &mut samples)?,
                Next::More if samples.is_empty() => return Ok(Step::More),
                Next::End if samples.is_empty() => return Ok(Step::End),
                Next::More | Next::End => break,
            }
            if n_frames >= N_FRAMES && !samples.is_empty() {
                break;
            }
        }
        Ok(Step::Samples(samples))
    }

    /// Passes over tags; then there is a whole frame, or too little.
    fn next(&mut self) -> Result<Next, BadMp3> {
        loop {
            let rest = self.bytes.len() - self.at;
            let n_passed = self.n_skip.min(rest as u64);
            self.n_skip -= n_passed;
            self.at += n_passed as usize;
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if rest.is_empty() && self.ended {
                // Within a tag at the end it may stop: nothing is lost.
                let missing = self.section.n_frames.is_some_and(|n| n > 1);
                return if missing {
                    Err(BadMp3::Cut)
                } else {
                    Ok(Next::End)
                };
            }
            let too_little = if self.ended {
                Err(BadMp3::Cut)
            } else {
                Ok(Next::More)
            };
            if rest.len() < N_HEADER {
                return too_little;
            }
            match tag::id3(rest) {
                Tag::Id3(n) => {
                    self.n_skip = n;
                    self.n_tags += n;
                    if self.n_tags > MAX_TAGS {
                        return Err(BadMp3::Tags);
                    }
                    continue;
                }
                Tag::Unfinished => return too_little,
                Tag::None => {}
            }
            let header = Header::parse(rest).ok_or(BadMp3::Damaged)?;
            let first = *self.header.get_or_insert(header);
            if !header.goes_with(&first) {
                return Err(BadMp3::Changed);
            }
            if rest.len() < header.n_bytes {
                return too_little;
            }
            return Ok(Next::Frame(header));
        }
    }

    /// Decodes the frame at the beginning and appends its samples.
    fn decode(&mut self, header: &Header, samples: &mut Vec<i16>) -> Result<(), BadMp3> {
        let end = self.at + header.n_bytes;
        let frame = self.bytes.get(self.at..end).unwrap_or_default();
        self.at = end;
        if let Some(info) = tag::info(frame, header) {
            if self.section.n_frames.is_some_and(|n| n > 1) {
                return Err(BadMp3::Cut);
            }
            self.section = Section::new(info, header);
            return Ok(());
        }
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, frame);
        let decoded = self.decoder.decode_ref(&packet);
        let decoded = decoded.map_err(|_| BadMp3::Damaged)?;
        decoded.copy_to_vec_interleaved(&mut self.interleaved);
        let n_channels = header.n_channels;
        let n_drop = self.section.pass(self.interleaved.len() / n_channels);
        let kept = self.interleaved.chunks_exact(n_channels);
        let kept = kept.skip(n_drop.start).take(n_drop.len());
        // As wide as a 16-bit sample; `as` saturates, so this clips.
        let scale = 32_768.0 / n_channels as f32;
        samples
            .extend(kept.map(|frame| (frame.iter().sum::<f32>() * scale).round_ties_even() as i16));
        Ok(())
    }
}

impl Section {
    fn new(info: Info, header: &Header) -> Self {
        let n_gap = u64::from(info.n_delay) + u64::from(info.n_padding);
        let n_samples =
            |n: u32| (u64::from(n) * u64::from(header.n_samples())).saturating_sub(n_gap);
        Self {
            n_frames: info.n_frames,
            n_delay: info.n_delay.into(),
            n_samples: info.n_frames.map(n_samples),
        }
    }

    /// Which of the `n` samples of the next frame are sound.
    fn pass(&mut self, n: usize) -> Range<usize> {
        let start = usize::try_from(self.n_delay).map_or(n, |delay| delay.min(n));
        self.n_delay -= start as u64;
        let mut end = n;
        if let Some(left) = &mut self.n_samples {
            end = usize::try_from(*left).map_or(n, |left| n.min(start + left));
            *left -= (end - start) as u64;
        }
        self.n_frames = self.n_frames.map(|n| n - 1).filter(|n| *n > 0);
        if self.n_frames.is_none() {
            // Whatever follows was not announced and is heard whole.
            self.n_samples = None;
        }
        start..end
    }
}

#[cfg(test)]
mod tests;
