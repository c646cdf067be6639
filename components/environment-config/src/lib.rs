//! `wasi:cli/environment` out of `wasi:config/store`: a variable `asr_api_key` of the host is `ASR_API_KEY` to the component.
//!
//! Spin keeps secrets in variables, which reach a component through `wasi:config`; its environment is written in the manifest for
//! everybody to read. Stages know only the environment, which every host has. So on Spin this component is composed in front of a stage
//! that needs a key (`cargo xtask compose --profile edge`), and the stage stays the same everywhere.
//!
//! A stage sees every variable of the Spin component that it belongs to: Spin grants them together.

#[cfg(target_family = "wasm")]
mod component;

/// The environment that these variables make.
#[must_use]
pub fn environment(variables: Vec<(String, String)>) -> Vec<(String, String)> {
    variables
        .into_iter()
        .map(|(name, value)| (name.to_ascii_uppercase(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::environment;

    #[test]
    fn names_are_those_of_an_environment() {
        let variables = vec![
            ("asr_api_key".to_owned(), "gsk_aB".to_owned()),
            ("tts_rate_hz".to_owned(), String::new()),
        ];
        let expected = vec![
            ("ASR_API_KEY".to_owned(), "gsk_aB".to_owned()),
            ("TTS_RATE_HZ".to_owned(), String::new()),
        ];
        assert_eq!(environment(variables), expected);
    }
}
