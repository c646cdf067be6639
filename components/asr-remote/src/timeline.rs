//! What is sent, and where it lies in the recording.
//!
//! Spans of speech are put one after the other with their pauses shortened, so that the server hears no more than it should and is
//! paid for no silence. As many whole spans as fit go into one [`Piece`]; times that the server gives are mapped back.
//!
//! All positions are samples at 16 kHz.

use std::ops::Range;

use colloquy_upstream::Failure;

use crate::SAMPLE_RATE;

/// The longest piece: 5 minutes are 9.6 MB, under the 25 MB that servers take.
const LONGEST: usize = 300 * SAMPLE_RATE;
/// The shortest: servers refuse files under 0.1 s, and Whisper hears little in less than this. Filled with zeros.
const SHORTEST: usize = SAMPLE_RATE / 2;
/// What is left of a pause between two spans: enough to be heard as one.
const PAUSE: usize = SAMPLE_RATE * 3 / 10;

/// Audio for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    spans: Vec<Placed>,
}

/// A stretch of the recording and where it begins in the piece.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    source: Range<usize>,
    at: usize,
}

/// Lays out the spans of a recording of `samples`. No spans at all mean the whole recording.
///
/// # Errors
/// `InvalidInput` when spans are out of order, overlap, or do not lie in the recording.
pub fn pieces(samples: usize, spans: &[Range<u64>]) -> Result<Vec<Piece>, Failure> {
    let whole = 0..samples as u64;
    let spans = if spans.is_empty() {
        std::slice::from_ref(&whole)
    } else {
        spans
    };
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end_before = 0;
    for (index, span) in spans.iter().enumerate() {
        if span.start < end_before || span.end < span.start || span.end > samples as u64 {
            return Err(Failure::InvalidInput(format!(
                "speech span {index} ({span:?}) is out of order, overlaps, or ends after the {samples} samples"
            )));
        }
        end_before = span.end;
        // Both fit usize: they are not larger than `samples`.
        let mut rest = span.start as usize..span.end as usize;
        while !rest.is_empty() {
            let part = rest.start..rest.end.min(rest.start + LONGEST);
            rest.start = part.end;
            match pieces.last_mut() {
                Some(piece) if piece.has_room_for(&part) => piece.add(part),
                _ => pieces.push(Piece {
                    spans: vec![Placed {
                        source: part,
                        at: 0,
                    }],
                }),
            }
        }
    }
    Ok(pieces)
}

impl Piece {
    /// The audio of the piece.
    #[must_use]
    pub fn audio(&self, recording: &[i16]) -> Vec<i16> {
        let mut audio = Vec::with_capacity(self.length().max(SHORTEST));
        for span in &self.spans {
            audio.resize(span.at, 0);
            audio.extend(recording.get(span.source.clone()).unwrap_or_default());
        }
        audio.resize(audio.len().max(SHORTEST), 0);
        audio
    }

    /// The recording between two times in the piece, given in seconds: never outside its spans, the end not before the start.
    #[must_use]
    pub fn recorded_ms(&self, seconds: Range<f64>) -> Range<u32> {
        // Casts saturate: nonsense becomes the start or the end of the piece.
        let sample = |seconds: f64| (seconds * SAMPLE_RATE as f64).round() as usize;
        let start = self.recorded(sample(seconds.start), false);
        let end = self.recorded(sample(seconds.end), true).max(start);
        milliseconds(start)..milliseconds(end)
    }

    /// All of the recording that the piece is about.
    #[must_use]
    pub fn whole_ms(&self) -> Range<u32> {
        self.recorded_ms(0.0..f64::INFINITY)
    }

    fn length(&self) -> usize {
        self.spans.last().map_or(0, Placed::end)
    }

    fn has_room_for(&self, part: &Range<usize>) -> bool {
        self.length() + PAUSE + part.len() <= LONGEST
    }

    fn add(&mut self, source: Range<usize>) {
        let at = self.spans.last().map_or(0, |last| {
            last.end() + (source.start - last.source.end).min(PAUSE)
        });
        self.spans.push(Placed { source, at });
    }

    /// A position in the recording. In a pause, an end belongs to the span before and a start to the one after.
    fn recorded(&self, position: usize, is_end: bool) -> usize {
        let mut before = self.spans.first().map_or(0, |span| span.source.start);
        for span in &self.spans {
            if position < span.at || (is_end && position == span.at && span.at > 0) {
                return if is_end { before } else { span.source.start };
            }
            if position < span.end() || (is_end && position == span.end()) {
                return span.source.start + position - span.at;
            }
            before = span.source.end;
        }
        before
    }
}

impl Placed {
    fn end(&self) -> usize {
        self.at + self.source.len()
    }
}

fn milliseconds(sample: usize) -> u32 {
    u32::try_from(sample as u64 * 1000 / SAMPLE_RATE as u64).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    clippy::reversed_empty_ranges,
    reason = "lists of one span are meant, and one that ends before it begins"
)]
mod tests {
    use super::*;

    const SECOND: usize = SAMPLE_RATE;

    fn laid(spans: &[Range<f64>], seconds: usize) -> Vec<Piece> {
        let at = |t: f64| (t * SECOND as f64) as u64;
        let spans: Vec<_> = spans.iter().map(|s| at(s.start)..at(s.end)).collect();
        pieces(seconds * SECOND, &spans).unwrap()
    }

    #[test]
    fn times_come_back_to_where_they_were_spoken() {
        let pieces = laid(&[1.0..2.0, 5.0..7.0, 7.1..8.0], 10);
        let [piece] = pieces.as_slice() else {
            panic!("{pieces:?}")
        };
        // 1 s, a pause of 0.3 s, 2 s, one of 0.1 s, 0.9 s.
        assert_eq!(piece.length(), SECOND * 43 / 10);
        for (heard, recorded) in [
            (0.0..1.0, 1000..2000),
            (0.25..0.75, 1250..1750),
            (1.3..3.3, 5000..7000),
            // Times in a pause belong to the speech on their side.
            (1.15..3.35, 5000..7000),
            (0.5..1.2, 1500..2000),
            (0.5..1.3, 1500..2000),
            (3.4..4.3, 7100..8000),
            // Nonsense stays inside.
            (-3.0..99.0, 1000..8000),
            (f64::NAN..f64::INFINITY, 1000..8000),
            (4.0..1.0, 7700..7700),
        ] {
            assert_eq!(piece.recorded_ms(heard.clone()), recorded, "{heard:?}");
        }
        assert_eq!(piece.whole_ms(), 1000..8000);
    }

    #[test]
    fn nothing_outside_the_spans_is_sent() {
        let recording: Vec<i16> = (0..10 * SECOND).map(|n| (n / SECOND) as i16 + 1).collect();
        let pieces = laid(&[2.0..3.0, 6.0..6.5], 10);
        let mut heard = pieces[0].audio(&recording);
        assert_eq!(heard.len(), SECOND * 18 / 10);
        heard.dedup();
        assert_eq!(heard, [3, 0, 7]);
    }

    #[test]
    fn a_short_piece_is_filled_and_silence_is_not_sent() {
        let pieces = laid(&[0.5..0.6], 1);
        assert_eq!(pieces[0].audio(&[5; SECOND]).len(), SHORTEST);
        assert!(laid(&[], 0).is_empty());
        assert!(laid(&[1.0..1.0], 2).is_empty());
    }

    #[test]
    fn long_recordings_go_in_several_pieces() {
        let pieces = laid(
            &[0.0..200.0, 201.0..290.0, 300.0..400.0, 500.0..1150.0],
            1200,
        );
        let sources: Vec<Vec<Range<usize>>> = pieces
            .iter()
            .map(|piece| {
                piece
                    .spans
                    .iter()
                    .map(|span| span.source.start / SECOND..span.source.end / SECOND)
                    .collect()
            })
            .collect();
        assert_eq!(
            sources,
            [
                vec![0..200, 201..290],
                vec![300..400],
                vec![500..800],
                vec![800..1100],
                vec![1100..1150]
            ]
        );
        assert!(pieces.iter().all(|piece| piece.length() <= LONGEST));
        assert_eq!(pieces[2].recorded_ms(10.0..20.0), 510_000..520_000);
    }

    #[test]
    fn spans_must_be_in_order_and_inside() {
        for spans in [
            vec![5..3],
            vec![0..10, 9..12],
            vec![10..20, 0..5],
            vec![0..101],
        ] {
            assert!(
                matches!(pieces(100, &spans), Err(Failure::InvalidInput(_))),
                "{spans:?}"
            );
        }
    }
}
