//! The glue. The WIT of WASI is here in as far as it is used: `wasi:config` in the draft that Spin has, which no other package imports.

use bindings::exports::wasi::cli::environment::Guest;
use bindings::wasi::config::store::{self, Error};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        inline: r#"
            package colloquy:environment-config@0.1.0;

            world provider {
              import wasi:config/store@0.2.0-draft-2024-09-27;
              export wasi:cli/environment@0.2.12;
            }

            package wasi:config@0.2.0-draft-2024-09-27 {
              interface store {
                variant error {
                  upstream(string),
                  io(string),
                }
                get-all: func() -> result<list<tuple<string, string>>, error>;
              }
            }

            package wasi:cli@0.2.12 {
              interface environment {
                get-environment: func() -> list<tuple<string, string>>;
                get-arguments: func() -> list<string>;
                initial-cwd: func() -> option<string>;
              }
            }
        "#,
        world: "colloquy:environment-config/provider",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

struct Component;

impl Guest for Component {
    /// Variables that cannot be had are as good as not set, which the stage then says; why is in the log.
    fn get_environment() -> Vec<(String, String)> {
        match store::get_all() {
            Ok(variables) => crate::environment(variables),
            Err(Error::Upstream(why) | Error::Io(why)) => {
                #[expect(clippy::print_stderr, reason = "standard error is a component's log")]
                {
                    eprintln!("the variables cannot be had: {why}");
                }
                Vec::new()
            }
        }
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn initial_cwd() -> Option<String> {
        None
    }
}
