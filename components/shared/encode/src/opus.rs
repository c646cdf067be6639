//! Opus in Ogg (RFC 7845), in packets of 20 ms.

use ropus::{Application, Bitrate, Channels, Signal};

use crate::{Codec, Error, ogg::Pages};

/// The rates of Opus that speech has.
pub(crate) const RATES_HZ: [u32; 3] = [16_000, 24_000, 48_000];

/// Plenty for speech: transparent for one voice.
const BITS_PER_SECOND: u32 = 32_000;

/// Half of the top effort: what more would give is not heard at this bitrate, and this runs in the gateway.
const COMPLEXITY: u8 = 5;

/// Longest packet.
const MAX_PACKET: usize = 1_275;

/// Positions in Ogg count at this rate, whatever the codec's is.
const POSITION_HZ: u64 = 48_000;

pub(crate) struct Opus {
    sample_rate_hz: u32,
    encoder: ropus::Encoder,
    pages: Pages,
    has_begun: bool,
    pending: Vec<i16>,
    n_samples: u64,
    n_packets: u64,
}

impl Opus {
    pub(crate) fn new(sample_rate_hz: u32) -> Result<Self, Error> {
        let encoder = ropus::Encoder::builder(sample_rate_hz, Channels::Mono, Application::Audio)
            .bitrate(Bitrate::Bits(BITS_PER_SECOND))
            .complexity(COMPLEXITY)
            .signal(Signal::Voice)
            .build()
            .map_err(|error| defect(format!("{error:?}")))?;
        Ok(Self {
            sample_rate_hz,
            encoder,
            pages: Pages::default(),
            has_begun: false,
            pending: Vec::new(),
            n_samples: 0,
            n_packets: 0,
        })
    }

    /// Samples of a packet.
    fn n_packet(&self) -> usize {
        self.sample_rate_hz as usize / 50
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        // Version 1, one channel, samples to skip at the start, original rate, no gain, plain mapping.
        let mut head = b"OpusHead\x01\x01".to_vec();
        let skip = u16::try_from(self.skip()).unwrap_or(u16::MAX);
        head.extend(skip.to_le_bytes());
        head.extend(self.sample_rate_hz.to_le_bytes());
        head.extend([0; 3]);
        self.pages.header(head, out);
        let vendor = b"colloquy";
        let mut tags = b"OpusTags".to_vec();
        tags.extend((vendor.len() as u32).to_le_bytes());
        tags.extend(vendor);
        tags.extend([0; 4]);
        self.pages.header(tags, out);
    }

    /// What the codec adds before the first sample, at the rate of positions.
    fn skip(&self) -> u64 {
        u64::from(self.encoder.lookahead()) * POSITION_HZ / u64::from(self.sample_rate_hz)
    }

    fn packets(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let n_packet = self.n_packet();
        let pending = std::mem::take(&mut self.pending);
        let mut packets = pending.chunks_exact(n_packet);
        for samples in &mut packets {
            let mut packet = vec![0; MAX_PACKET];
            let n_bytes = self
                .encoder
                .encode(samples, &mut packet)
                .map_err(|error| defect(format!("{error:?}")))?;
            packet.truncate(n_bytes);
            self.n_packets += 1;
            let position = self.n_packets * (POSITION_HZ / 50);
            self.pages.packet(packet, position, out);
        }
        self.pending = packets.remainder().to_vec();
        Ok(())
    }
}

impl Codec for Opus {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(out);
        self.n_samples += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        self.packets(out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        self.begin(out);
        let rate = u64::from(self.sample_rate_hz);
        let end = self.skip() + self.n_samples * POSITION_HZ / rate;
        // Enough silence that the last sample comes out again.
        let n_missing = end
            .div_ceil(POSITION_HZ / 50)
            .saturating_sub(self.n_packets);
        let n_packet = self.n_packet();
        self.pending.resize(n_missing as usize * n_packet, 0);
        self.packets(out)?;
        self.pages.finish(end, out);
        Ok(None)
    }
}

fn defect(error: String) -> Error {
    Error::Defect(format!("opus: {error}"))
}
