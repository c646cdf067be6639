//! What was said, of all segments together.

use crate::{
    contract::{asr, listen::Segment},
    words::joined,
};

/// The whole text.
pub(super) fn text(segments: &[asr::Segment]) -> String {
    joined(segments.iter().map(|segment| segment.text.as_str()))
}

/// The language of most of the text.
pub(super) fn language(segments: &[asr::Segment]) -> String {
    segments
        .iter()
        .max_by_key(|candidate| {
            segments
                .iter()
                .filter(|segment| segment.language == candidate.language)
                .map(|segment| segment.text.len())
                .sum::<usize>()
        })
        .map_or_else(|| "und".to_owned(), |segment| segment.language.clone())
}

/// The mean confidence, each segment counted by the length of its text.
pub(super) fn confidence(segments: &[asr::Segment]) -> f32 {
    let weight = |segment: &asr::Segment| segment.text.chars().count() as f32;
    let total: f32 = segments.iter().map(weight).sum();
    if total <= 0.0 {
        return 0.0;
    }
    let sum: f32 = segments
        .iter()
        .map(|segment| segment.confidence * weight(segment))
        .sum();
    (sum / total).clamp(0.0, 1.0)
}

/// The segments that have a text, as others get them.
pub(super) fn segments(segments: &[asr::Segment]) -> Vec<Segment> {
    segments
        .iter()
        .filter(|segment| !segment.text.trim().is_empty())
        .map(|segment| Segment {
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            text: segment.text.trim().to_owned(),
            tokens: segment.tokens.clone(),
            avg_logprob: segment.avg_logprob,
            no_speech_prob: segment.no_speech_prob,
            temperature: segment.temperature,
        })
        .collect()
}
