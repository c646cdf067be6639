//! mp3, FLAC, mp4 and Ogg with Vorbis or FLAC, through symphonia's demuxers.

use std::io::{Cursor, ErrorKind};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_OPUS};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::formats::{FlacReader, IsoMp4Reader, MpaReader, OggReader};

use super::{Packet, Packets, Step, Track, mp4};
use crate::codec::{Codec, opus};
use crate::fault::Fault;
use crate::magic::Container;

struct Symphonia {
    container: Container,
    reader: Box<dyn FormatReader>,
    track: Track,
    id: u32,
    /// Where the next packet must begin, for FLAC, whose reader steps over damaged frames in silence.
    expected: Option<i64>,
}

/// Opens one of the containers above.
pub(super) fn open(container: Container, bytes: Vec<u8>) -> Result<Box<dyn Packets>, Fault> {
    let start = if container == Container::Mp4 {
        mp4::start(&bytes)
    } else {
        None
    };
    let stream = MediaSourceStream::new(
        Box::new(Cursor::new(bytes)),
        MediaSourceStreamOptions::default(),
    );
    let options = FormatOptions::default();
    let reader: Result<Box<dyn FormatReader>, Error> = match container {
        Container::Mp3 => MpaReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Flac => FlacReader::try_new(stream, options).map(|reader| Box::new(reader) as _),
        Container::Mp4 => {
            IsoMp4Reader::try_new(stream, options).map(|reader| Box::new(reader) as _)
        }
        Container::Ogg | Container::Wav | Container::WebM => {
            OggReader::try_new(stream, options).map(|reader| Box::new(reader) as _)
        }
    };
    let name = container.name();
    let reader = reader.map_err(|error| match error {
        Error::Unsupported(what) => Fault::unsupported(format!(
            "a {name} file with something that is not supported: {what}"
        )),
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Fault::malformed(format!("the {name} file ends in its headers"))
        }
        error => Fault::malformed(format!("the {name} file cannot be opened: {error}")),
    })?;
    let track = reader
        .default_track(TrackType::Audio)
        .or_else(|| reader.first_track(TrackType::Audio))
        .ok_or_else(|| {
            Fault::unsupported(format!(
                "a {name} file without an audio track that is known"
            ))
        })?;
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err(Fault::unsupported(format!(
            "a {name} file without an audio track"
        )));
    };
    let id = track.id;
    let expected = (parameters.codec == CODEC_ID_FLAC && container == Container::Flac).then_some(0);
    let track = if parameters.codec == CODEC_ID_OPUS {
        let head = opus::Head::parse(parameters.extra_data.as_deref().unwrap_or_default())?;
        Track {
            n_delay: head.n_pre_skip.into(),
            codec: Codec::Opus(head),
        }
    } else {
        let n_delay = start
            .zip(parameters.sample_rate)
            .map_or(0, |(start, rate_hz)| start.n_samples(rate_hz));
        Track {
            codec: Codec::Symphonia(Box::new(parameters.clone())),
            n_delay,
        }
    };
    Ok(Box::new(Symphonia {
        container,
        reader,
        track,
        id,
        expected,
    }))
}

impl Packets for Symphonia {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next(&mut self) -> Result<Step, Fault> {
        let name = self.container.name();
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(Step::End),
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(Step::Cut(format!(
                        "the {name} file ends before its last packet"
                    )));
                }
                Err(Error::ResetRequired) => {
                    return Err(Fault::unsupported(format!(
                        "a {name} file with several streams one after the other; expected one"
                    )));
                }
                Err(error) => {
                    return Err(Fault::malformed(format!(
                        "the {name} file is damaged: {error}"
                    )));
                }
            };
            if packet.track_id != self.id {
                continue;
            }
            if let Some(expected) = &mut self.expected {
                if packet.pts.get() != *expected {
                    return Err(Fault::malformed(format!(
                        "the {name} file is damaged: samples are missing after {expected}"
                    )));
                }
                *expected = expected.saturating_add_unsigned(packet.block_dur().get());
            }
            let (trim_start, trim_end) = (packet.trim_start.get(), packet.trim_end.get());
            return Ok(Step::Packet(Packet {
                data: packet.data,
                trim_start,
                trim_end,
            }));
        }
    }
}
