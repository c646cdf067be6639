//! FLAC, block by block. A stream does not tell its length or its checksum, which the format allows.

use flacenc::{
    bitsink::ByteSink,
    component::{BitRepr as _, Stream, StreamInfo},
    config, encode_fixed_size_frame,
    error::{Verified, Verify as _},
    source::{Context, Fill as _, FrameBuf},
};

use crate::{Codec, Error, Shape};

/// Samples of a block, the usual number: 0.2 s at most rates of speech.
const N_BLOCK: usize = 4_096;

pub(crate) struct Flac {
    shape: Shape,
    config: Verified<config::Encoder>,
    info: StreamInfo,
    /// Counts, and makes the checksum.
    context: Context,
    block: FrameBuf,
    pending: Vec<i32>,
    n_blocks: usize,
}

impl Flac {
    pub(crate) fn new(shape: Shape, sample_rate_hz: u32) -> Result<Self, Error> {
        let mut info = StreamInfo::new(sample_rate_hz as usize, 1, 16).map_err(defect)?;
        info.set_block_sizes(N_BLOCK, N_BLOCK).map_err(defect)?;
        // 0: not known.
        info.set_frame_sizes(0, 0).map_err(defect)?;
        let config = config::Encoder::default()
            .into_verified()
            .map_err(|(_, error)| defect(error))?;
        Ok(Self {
            shape,
            config,
            info,
            context: Context::new(16, 1),
            block: FrameBuf::with_size(1, N_BLOCK).map_err(defect)?,
            pending: Vec::new(),
            n_blocks: 0,
        })
    }

    fn begin(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.n_blocks == 0 {
            out.extend(head(&self.info)?);
        }
        Ok(())
    }

    /// Encodes a block, or the rest.
    fn encode(&mut self, samples: &[i32], out: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(out)?;
        self.block.fill_interleaved(samples).map_err(defect)?;
        self.context.fill_interleaved(samples).map_err(defect)?;
        let frame = encode_fixed_size_frame(&self.config, &self.block, self.n_blocks, &self.info)
            .map_err(defect)?;
        self.n_blocks += 1;
        let mut sink = ByteSink::new();
        frame.write(&mut sink).map_err(defect)?;
        out.extend_from_slice(sink.as_slice());
        Ok(())
    }
}

impl Codec for Flac {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error> {
        self.pending
            .extend(samples.iter().map(|&sample| i32::from(sample)));
        let mut pending = std::mem::take(&mut self.pending);
        let mut blocks = pending.chunks_exact(N_BLOCK);
        for block in &mut blocks {
            self.encode(block, out)?;
        }
        let n_rest = blocks.remainder().len();
        pending.drain(..pending.len() - n_rest);
        self.pending = pending;
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        let rest = std::mem::take(&mut self.pending);
        if rest.is_empty() {
            self.begin(out)?;
        } else {
            self.encode(&rest, out)?;
        }
        if self.shape == Shape::Stream {
            return Ok(None);
        }
        self.info.set_total_samples(self.context.total_samples());
        self.info.set_md5_digest(&self.context.md5_digest());
        head(&self.info).map(Some)
    }
}

/// The marker and the description of the stream.
fn head(info: &StreamInfo) -> Result<Vec<u8>, Error> {
    let mut sink = ByteSink::new();
    Stream::with_stream_info(info.clone())
        .write(&mut sink)
        .map_err(defect)?;
    Ok(sink.into_inner())
}

fn defect(error: impl std::fmt::Display) -> Error {
    Error::Defect(format!("flac: {error}"))
}
