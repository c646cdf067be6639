//! What is written is read by decoders of others (symphonia, opus-decoder) and compared with what was meant.

use std::io::Cursor;

use crate::{Encoder, File, Format, Shape};
use symphonia::{
    core::{
        codecs::{
            CodecParameters,
            audio::{AudioDecoder, AudioDecoderOptions},
            registry::RegisterableAudioDecoder as _,
        },
        formats::{FormatOptions, FormatReader},
        io::{MediaSourceStream, MediaSourceStreamOptions},
        packet::PacketRef,
        units::{Duration, Timestamp},
    },
    default::{
        codecs::{FlacDecoder, MpaDecoder, PcmDecoder},
        formats::{FlacReader, MpaReader, WavReader},
    },
};

/// Like a voice: a gliding tone with overtones that comes and goes.
fn voice(rate_hz: u32, seconds: f64) -> Vec<i16> {
    let n = (f64::from(rate_hz) * seconds) as usize;
    let mut phase = 0.0_f64;
    (0..n)
        .map(|k| {
            let t = k as f64 / f64::from(rate_hz);
            phase += std::f64::consts::TAU * (140.0 + 50.0 * (t * 3.0).sin()) / f64::from(rate_hz);
            let tone: f64 = (1..=18)
                .map(|m| (phase * f64::from(m)).sin() / f64::from(m))
                .sum();
            let syllable = 0.55 - 0.45 * (std::f64::consts::TAU * 4.0 * t).cos();
            (9_000.0 * syllable * tone) as i16
        })
        .collect()
}

fn streamed(format: Format, rate_hz: u32, samples: &[i16], chunk: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(format, Shape::Stream, rate_hz, 1.0).unwrap();
    let mut bytes = vec![];
    for piece in samples.chunks(chunk) {
        encoder.push(piece, &mut bytes).unwrap();
    }
    assert_eq!(encoder.finish(&mut bytes).unwrap(), None);
    bytes
}

fn filed(format: Format, rate_hz: u32, samples: &[i16]) -> Vec<u8> {
    let mut file = File::new(format, rate_hz, 1.0).unwrap();
    for piece in samples.chunks(1_000) {
        file.push(piece).unwrap();
    }
    file.finish().unwrap()
}

/// Sample rate and samples, -1 to 1.
fn decoded(format: Format, bytes: &[u8]) -> (u32, Vec<f32>) {
    let source = MediaSourceStream::new(
        Box::new(Cursor::new(bytes.to_vec())),
        MediaSourceStreamOptions::default(),
    );
    let options = FormatOptions::default();
    let mut reader: Box<dyn FormatReader> = match format {
        Format::Wav => Box::new(WavReader::try_new(source, options).unwrap()),
        Format::Flac => Box::new(FlacReader::try_new(source, options).unwrap()),
        Format::Mp3 => Box::new(MpaReader::try_new(source, options).unwrap()),
        Format::Pcm => {
            let samples = bytes.chunks_exact(2);
            let samples = samples.map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0);
            return (24_000, samples.collect());
        }
        Format::Opus => return ogg::decoded(bytes),
    };
    let Some(CodecParameters::Audio(parameters)) = reader.tracks()[0].codec_params.clone() else {
        panic!("no audio");
    };
    assert_eq!(parameters.channels.as_ref().unwrap().count(), 1);
    let options = AudioDecoderOptions::default();
    let mut decoder: Box<dyn AudioDecoder> = match format {
        Format::Wav => PcmDecoder::try_registry_new(&parameters, &options).unwrap(),
        Format::Flac => FlacDecoder::try_registry_new(&parameters, &options).unwrap(),
        _ => MpaDecoder::try_registry_new(&parameters, &options).unwrap(),
    };
    let (mut samples, mut piece) = (vec![], vec![]);
    while let Ok(Some(packet)) = reader.next_packet() {
        let mut reference = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &packet.data);
        reference.trim_start = packet.trim_start;
        reference.trim_end = packet.trim_end;
        let audio = decoder.decode_ref(&reference).unwrap();
        audio.copy_to_vec_interleaved::<f32>(&mut piece);
        samples.extend_from_slice(&piece);
    }
    (parameters.sample_rate.unwrap(), samples)
}

/// Ogg Opus, with another decoder than the one that belongs to the encoder.
mod ogg {
    pub(super) fn decoded(bytes: &[u8]) -> (u32, Vec<f32>) {
        let (mut packets, mut position, mut at, mut flags) = (vec![], 0, 0, vec![]);
        while at < bytes.len() {
            let page = &bytes[at..];
            assert_eq!(&page[..5], b"OggS\0");
            flags.push(page[5]);
            position = u64::from_le_bytes(page[6..14].try_into().unwrap());
            let n = page[26] as usize;
            let mut body = 27 + n;
            let mut packet = vec![];
            for &length in &page[27..27 + n] {
                packet.extend_from_slice(&page[body..body + length as usize]);
                body += length as usize;
                if length < 255 {
                    packets.push(std::mem::take(&mut packet));
                }
            }
            assert!(packet.is_empty());
            at += body;
        }
        assert_eq!(flags[0], 2);
        assert_eq!(*flags.last().unwrap(), 4);
        assert!(packets[0].starts_with(b"OpusHead"));
        assert!(packets[1].starts_with(b"OpusTags"));
        let skip = u16::from_le_bytes([packets[0][10], packets[0][11]]) as usize;
        let mut decoder = opus_decoder::OpusDecoder::new(48_000, 1).unwrap();
        let mut samples = vec![];
        for packet in &packets[2..] {
            let mut piece = vec![0.0; 5_760];
            let n = decoder.decode_float(packet, &mut piece, false).unwrap();
            samples.extend_from_slice(&piece[..n]);
        }
        samples.truncate(position as usize);
        (48_000, samples[skip..].to_vec())
    }
}

/// How far the meant is above the error, in dB, at the shift (up to `most`) where it is best; and that shift.
fn snr(meant: &[i16], got: &[f32], most: usize) -> (f64, usize) {
    // A second tells enough, and this is not optimised.
    let meant: Vec<_> = meant
        .iter()
        .take(16_000)
        .map(|&s| f64::from(s) / 32_768.0)
        .collect();
    (0..=most)
        .map(|shift| {
            let pairs = || meant.iter().zip(got.iter().skip(shift));
            let error: f64 = pairs().map(|(a, b)| (a - f64::from(*b)).powi(2)).sum();
            let power: f64 = pairs().map(|(a, _)| a * a).sum();
            (10.0 * (power / error.max(1e-12)).log10(), shift)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap()
}

#[test]
fn lossless_formats_give_every_sample_back() {
    for rate in [16_000, 22_050, 24_000, 48_000, 11_025] {
        for n in [0, 1, 17, 4_096, 4_097, 30_000] {
            let samples = &voice(rate, 4.0)[..n];
            for format in [Format::Wav, Format::Flac] {
                let exact: Vec<_> = samples.iter().map(|&s| f32::from(s) / 32_768.0).collect();
                let stream = streamed(format, rate, samples, 700);
                let file = filed(format, rate, samples);
                if n == 0 {
                    continue;
                }
                for bytes in [stream, file] {
                    let (rate_hz, got) = decoded(format, &bytes);
                    assert_eq!(rate_hz, rate);
                    assert!(got == exact, "{format:?} of {n} samples at {rate} Hz");
                }
            }
        }
    }
}

#[test]
fn mp3_keeps_the_voice() {
    for rate in [16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
        let samples = voice(rate, 2.0);
        let (rate_hz, got) = decoded(Format::Mp3, &filed(Format::Mp3, rate, &samples));
        // A file tells where its first and its last sample are.
        assert_eq!((rate_hz, got.len()), (rate, samples.len()));
        let (db, _) = snr(&samples, &got, 0);
        assert!(db > 45.0, "a file at {rate} Hz: {db:.1} dB");
        let (rate_hz, got) = decoded(Format::Mp3, &streamed(Format::Mp3, rate, &samples, 441));
        assert_eq!(rate_hz, rate);
        assert!(got.len() >= samples.len());
        let (db, _) = snr(&samples, &got, 1_200);
        assert!(db > 45.0, "a stream at {rate} Hz: {db:.1} dB");
    }
}

#[test]
fn opus_keeps_the_voice() {
    for rate in [16_000, 22_050, 24_000, 48_000] {
        let stream = streamed(Format::Opus, rate, &voice(rate, 2.0), 441);
        let (_, got) = decoded(Format::Opus, &stream);
        assert_eq!(got.len(), 2 * 48_000);
        // A parametric codec keeps the sound rather than the shape: 11 to 15 dB at 32 kbit/s.
        let (db, shift) = snr(&voice(48_000, 2.0), &got, 200);
        assert!(db > 9.0 && shift < 3, "{rate} Hz: {db:.1} dB at {shift}");
    }
}

#[test]
fn pcm_is_at_24_khz() {
    let (rate, samples) = decoded(
        Format::Pcm,
        &streamed(Format::Pcm, 22_050, &voice(22_050, 2.0), 441),
    );
    assert_eq!((rate, samples.len()), (24_000, 48_000));
    let (db, _) = snr(&voice(24_000, 2.0), &samples, 0);
    // The two voices glide in other steps.
    assert!(db > 30.0, "{db:.1} dB");
}

#[test]
fn another_pitch_is_another_tone() {
    let tone = |hz: f64, n: usize| -> Vec<i16> {
        let step = std::f64::consts::TAU * hz / 22_050.0;
        (0..n)
            .map(|k| (9_000.0 * (k as f64 * step).sin()) as i16)
            .collect()
    };
    for pitch in [0.5, 0.8, 1.25, 2.0] {
        let mut file = File::new(Format::Wav, 22_050, pitch).unwrap();
        file.push(&tone(400.0, 22_050)).unwrap();
        let (rate, got) = decoded(Format::Wav, &file.finish().unwrap());
        assert_eq!(rate, 22_050);
        let n = (22_050.0 / pitch).round() as usize;
        assert_eq!(got.len(), n);
        let (db, _) = snr(&tone(400.0 * f64::from(pitch), n), &got, 0);
        assert!(db > 25.0, "{pitch}: {db:.1} dB");
    }
    for pitch in [0.4, 2.1, f32::NAN] {
        assert!(File::new(Format::Wav, 22_050, pitch).is_err());
    }
}

#[test]
fn memory_is_bounded_by_a_block_and_bytes_come_at_once() {
    for format in Format::ALL {
        for rate in [22_050, 48_000] {
            let mut encoder = Encoder::new(format, Shape::Stream, rate, 1.0).unwrap();
            let samples = voice(rate, 8.0);
            let mut longest_wait = 0;
            let mut waited = 0;
            for piece in samples.chunks(rate as usize / 20) {
                let mut bytes = vec![];
                encoder.push(piece, &mut bytes).unwrap();
                waited = if bytes.is_empty() { waited + 1 } else { 0 };
                longest_wait = longest_wait.max(waited);
            }
            // Twentieths of a second.
            assert!(longest_wait < 10, "{format:?} at {rate} Hz: {longest_wait}");
        }
    }
}

#[test]
fn chunking_changes_nothing() {
    for format in Format::ALL {
        for rate in [16_000, 22_050, 48_000] {
            let samples = voice(rate, 1.3);
            let whole = streamed(format, rate, &samples, usize::MAX);
            for chunk in [1, 160, 5_000] {
                assert!(
                    whole == streamed(format, rate, &samples, chunk),
                    "{format:?} at {rate} Hz in chunks of {chunk}"
                );
            }
        }
    }
}
