//! The host's configuration file: no panic, and every mistake is told with the file's name.
#![no_main]

use std::path::Path;

use colloquy_host::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(mistake) = Config::parse(Path::new("/etc/colloquy.toml"), text) {
        assert!(mistake.to_string().contains("colloquy.toml"), "{mistake}");
    }
});
