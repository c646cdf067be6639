//! `model.json`: sizes and tokens of a converted model.
//!
//! Everything is checked here, once, so that the rest of the crate can rely on it: dimensions are within reason and token ids lie in
//! the vocabulary.

use serde::Deserialize;

use crate::error::Error;

/// The layout of the model folder that this crate reads; the converter writes the same number.
const FORMAT: u32 = 1;
/// No Whisper model comes near it; it keeps a damaged file from asking for absurd amounts of memory.
const LARGEST: usize = 1 << 17;

/// Everything in `model.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    format: u32,
    /// Dimensions.
    pub sizes: Sizes,
    /// The embeddings in the file are those of the model times two to this power.
    pub embedding_exponent: i32,
    /// Tokens.
    pub tokens: Tokens,
}

/// Dimensions of the model. The names are those of the Whisper paper where it has one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Bands of the log-mel features.
    pub n_mels: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Attention heads, in the encoder and in the decoder.
    pub heads: usize,
    /// Encoder layers; only the graph knows what to do with them.
    pub encoder_layers: usize,
    /// Decoder layers, each with two cross-attention tensors and two caches.
    pub decoder_layers: usize,
    /// Rows of the embedding matrix: text, special and timestamp tokens.
    pub vocabulary: usize,
    /// Encoder positions of a full window, 20 ms each.
    pub audio_positions: usize,
    /// Most tokens in the decoder's context, prompt included.
    pub text_positions: usize,
}

impl Sizes {
    /// Width of one attention head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.d_model / self.heads.max(1)
    }
}

/// Ids of special tokens, and lists of tokens with special treatment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Ends a transcript; text tokens are below it.
    pub end_of_text: u32,
    /// Starts every transcript.
    pub start_of_transcript: u32,
    /// Starts text that came before.
    pub start_of_previous: u32,
    /// The task: write down what is said. Multilingual models only.
    pub transcribe: u32,
    /// Predicted right after the start of the transcript when nobody speaks.
    pub no_speech: u32,
    /// Asks for a transcript without timestamps.
    pub no_timestamps: u32,
    /// Timestamp 0; one token for every 20 ms after it.
    pub timestamp_begin: u32,
    /// Number of timestamps, those of 0 s and 30 s included.
    pub timestamp_count: u32,
    /// Never produced: symbols that are not spoken, and markers of tasks and contexts.
    pub suppress: Vec<u32>,
    /// Not produced as the first token: an empty transcript.
    pub suppress_first: Vec<u32>,
    /// Whisper's language codes with their tokens; empty for English-only models.
    pub languages: Vec<(String, u32)>,
}

impl Tokens {
    /// Whether the token is a timestamp.
    #[must_use]
    pub fn is_timestamp(&self, token: u32) -> bool {
        token >= self.timestamp_begin
    }

    /// Whether the token is text.
    #[must_use]
    pub fn is_text(&self, token: u32) -> bool {
        token < self.end_of_text
    }

    fn all(&self) -> impl Iterator<Item = u32> {
        let single = [
            self.end_of_text,
            self.start_of_transcript,
            self.start_of_previous,
            self.transcribe,
            self.no_speech,
            self.no_timestamps,
            self.timestamp_begin,
        ];
        let languages = self.languages.iter().map(|(_, token)| *token);
        single
            .into_iter()
            .chain(self.suppress.iter().copied())
            .chain(self.suppress_first.iter().copied())
            .chain(languages)
    }
}

impl Description {
    /// Parses and checks the text of `model.json`.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let unusable = |why: String| Error::Unavailable(format!("model.json: {why}"));
        let description: Self =
            serde_json::from_str(json).map_err(|error| unusable(error.to_string()))?;
        if description.format != FORMAT {
            let found = description.format;
            return Err(unusable(format!(
                "format {found}, this component reads {FORMAT}; run the model conversion again"
            )));
        }
        description.check().map_err(unusable)?;
        Ok(description)
    }

    fn check(&self) -> Result<(), String> {
        let sizes = &self.sizes;
        let named = [
            ("n_mels", sizes.n_mels),
            ("d_model", sizes.d_model),
            ("heads", sizes.heads),
            ("encoder_layers", sizes.encoder_layers),
            ("decoder_layers", sizes.decoder_layers),
            ("vocabulary", sizes.vocabulary),
            ("audio_positions", sizes.audio_positions),
            ("text_positions", sizes.text_positions),
        ];
        if let Some((name, size)) = named
            .into_iter()
            .find(|(_, size)| !(1..=LARGEST).contains(size))
        {
            return Err(format!("{name} is {size}"));
        }
        let lanes = super::embeddings::LANES;
        if !sizes.d_model.is_multiple_of(sizes.heads) || !sizes.head_size().is_multiple_of(lanes) {
            return Err(format!(
                "d_model {} with {} heads",
                sizes.d_model, sizes.heads
            ));
        }
        if let Some(token) = self
            .tokens
            .all()
            .find(|&token| token as usize >= sizes.vocabulary)
        {
            return Err(format!(
                "token {token} is outside the vocabulary of {}",
                sizes.vocabulary
            ));
        }
        let tokens = &self.tokens;
        if (tokens.timestamp_begin + tokens.timestamp_count) as usize != sizes.vocabulary
            || tokens.end_of_text >= tokens.timestamp_begin
        {
            return Err("text, special and timestamp tokens are not in this order".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The description of a model with eight text tokens, three languages and a timestamp every 20 ms up to 30 s.
    pub(crate) fn small() -> serde_json::Value {
        serde_json::json!({
            "format": 1,
            "sizes": {"n_mels": 80, "d_model": 32, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "vocabulary": 1518,
                      "audio_positions": 1500, "text_positions": 448},
            "embedding_exponent": 3,
            "tokens": {"end_of_text": 8, "start_of_transcript": 9, "start_of_previous": 13, "transcribe": 14, "no_speech": 15,
                       "no_timestamps": 16, "timestamp_begin": 17, "timestamp_count": 1501, "suppress": [2, 9, 13, 14, 15],
                       "suppress_first": [0, 8], "languages": [["en", 10], ["jw", 11], ["haw", 12]]}
        })
    }

    pub(crate) fn tokens() -> Tokens {
        Description::parse(&small().to_string()).unwrap().tokens
    }

    #[track_caller]
    fn refused(change: impl Fn(&mut serde_json::Value), expected: &str) {
        let mut json = small();
        change(&mut json);
        match Description::parse(&json.to_string()) {
            Err(Error::Unavailable(text)) => assert!(text.contains(expected), "{text}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_name() {
        refused(|json| json["format"] = 2.into(), "format 2");
        refused(|json| json["sizes"]["heads"] = 0.into(), "heads is 0");
        refused(
            |json| json["sizes"]["vocabulary"] = 1_000_000_000.into(),
            "vocabulary is 1000000000",
        );
        refused(|json| json["sizes"]["d_model"] = 30.into(), "d_model 30");
        refused(
            |json| json["tokens"]["suppress"] = serde_json::json!([5000]),
            "token 5000",
        );
        refused(
            |json| json["tokens"]["timestamp_count"] = 3.into(),
            "not in this order",
        );
        refused(|json| json["extra"] = 3.into(), "extra");
        assert!(matches!(
            Description::parse("{"),
            Err(Error::Unavailable(_))
        ));
    }
}
