//! Reads a form with a recording, which goes to the pipeline when the form has ended. What its other fields mean is a matter of their route.
//!
//! Fields come in any order, and `curl -F audio_file=@x -F session_id=y` sends the recording first: how it is to be heard is known at the
//! end. A form that is refused is still read to its end, because most clients do not listen before that.

use axum::extract::{
    Multipart,
    multipart::{Field, MultipartError},
};
use bytes::Bytes;
use http::StatusCode;

use super::{
    App,
    recording::{Recording, too_large},
};
use crate::{contract::listen, ports::Utterance, problem::Problem};

/// What a form says, besides its recording.
pub(super) trait Fields {
    /// Why a form is refused.
    type Refusal: From<Problem>;

    /// Name of the field with the recording.
    const RECORDING: &'static str;

    /// Most bytes of a text field.
    const MAX_BYTES: usize;

    /// The name of a text field that means something; the others are ignored.
    fn known(name: &str) -> Option<&'static str>;

    /// A refusal because of a field.
    fn refusal(field: &'static str, text: String) -> Self::Refusal;

    /// Takes a text field that is known, without the space around it.
    fn set(&mut self, name: &'static str, value: &str) -> Result<(), Self::Refusal>;

    /// Whether all of it fits together, at the end of the form.
    fn check(&self) -> Result<(), Self::Refusal>;

    /// How the recording is to be heard, at the end of the form.
    fn options(&self) -> listen::Options;
}

/// Reads the whole form; what it was given is ready to be heard.
pub(super) async fn read<F: Fields>(
    app: &App,
    mut form: Multipart,
    fields: &mut F,
) -> Result<Box<dyn Utterance>, F::Refusal> {
    let mut reader = Reader {
        app,
        fields,
        recording: None,
    };
    let mut failure: Option<F::Refusal> = None;
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => return Err(failure.unwrap_or_else(|| broken(app, &error).into())),
        };
        if let Err(refusal) = reader.take(field, failure.is_some()).await {
            failure.get_or_insert(refusal);
        }
    }
    match failure {
        Some(refusal) => Err(refusal),
        None => reader.finish(),
    }
}

struct Reader<'a, F> {
    app: &'a App,
    fields: &'a mut F,
    recording: Option<Recording>,
}

impl<F: Fields> Reader<'_, F> {
    /// Takes one field, or only reads it to its end when the form has failed already.
    async fn take(&mut self, mut field: Field<'_>, has_failed: bool) -> Result<(), F::Refusal> {
        let name = field.name().unwrap_or_default().to_owned();
        let is_recording = name == F::RECORDING;
        let mut result = if is_recording && !has_failed {
            self.begin()
        } else {
            Ok(())
        };
        let mut text = Vec::new();
        loop {
            let chunk = match field.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return result.and_then(|()| Err(broken(self.app, &error).into())),
            };
            if has_failed || result.is_err() {
                continue;
            }
            if is_recording {
                result = self.push(chunk);
            } else if text.len() <= F::MAX_BYTES {
                text.extend_from_slice(&chunk);
            }
        }
        if has_failed || is_recording {
            return result;
        }
        self.set(&name, text)
    }

    fn begin(&mut self) -> Result<(), F::Refusal> {
        if self.recording.is_some() {
            let text = format!("`{}` is there twice", F::RECORDING);
            return Err(F::refusal(F::RECORDING, text));
        }
        self.recording = Some(Recording::default());
        Ok(())
    }

    fn push(&mut self, chunk: Bytes) -> Result<(), F::Refusal> {
        match &mut self.recording {
            Some(recording) => Ok(recording.push(self.app, chunk)?),
            None => Ok(()),
        }
    }

    fn set(&mut self, name: &str, value: Vec<u8>) -> Result<(), F::Refusal> {
        let Some(name) = F::known(name) else {
            return Ok(());
        };
        if value.len() > F::MAX_BYTES {
            let text = format!("`{name}` may have {} bytes", F::MAX_BYTES);
            return Err(F::refusal(name, text));
        }
        let Ok(value) = String::from_utf8(value) else {
            return Err(F::refusal(name, format!("`{name}` is not UTF-8")));
        };
        self.fields.set(name, value.trim())
    }

    /// The end of the form.
    fn finish(self) -> Result<Box<dyn Utterance>, F::Refusal> {
        self.fields.check()?;
        let Some(recording) = self.recording else {
            let text = format!("the form has no field `{}`", F::RECORDING);
            return Err(F::refusal(F::RECORDING, text));
        };
        Ok(recording.finish(self.app, self.fields.options())?)
    }
}

fn broken(app: &App, error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(app),
        _ => Problem::invalid(format!("the form cannot be read: {}", error.body_text())),
    }
}
