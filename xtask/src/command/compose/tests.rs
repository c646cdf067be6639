//! Compositions of small components, and what is said about those that do not fit.

use std::path::Path;

use super::fuse::{Fused, Shelf, satisfies};
use super::profile::{Limits, named};
use super::{DEFAULT_PROFILE, limits, recipe, table};

/// A component that imports a function from `test:a/i` and hands it on.
fn user(parameters: &str) -> String {
    format!(
        r#"(component
            (import "test:a/i@0.1.0" (instance $i (export "f" (func {parameters}))))
            (export "test:main/run@0.1.0" (instance $i)))"#
    )
}

/// A component that exports `name` with a function `f`.
fn provider(name: &str, parameters: &str, core: &str) -> String {
    format!(
        r#"(component
            (core module $m (func (export "f") {core}))
            (core instance $m (instantiate $m))
            (func $f {parameters} (canon lift (core func $m "f")))
            (instance $i (export "f" (func $f)))
            (export "{name}" (instance $i)))"#
    )
}

fn fuse(parts: &[(&str, &str)]) -> Result<Fused, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in parts {
        let bytes = wat::parse_str(text).unwrap();
        std::fs::write(folder.path().join(format!("{name}.wasm")), bytes).unwrap();
    }
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    Shelf::new(folder.path().to_owned())
        .fuse(&names)
        .map_err(|error| format!("{error:#}"))
}

#[test]
fn what_fits_is_plugged_and_listed() {
    let server = provider("test:a/i@0.1.0", r#"(param "x" u32)"#, "(param i32)");
    let fused = fuse(&[("front", &user(r#"(param "x" u32)"#)), ("back", &server)]).unwrap();
    assert_eq!(table(&fused), ["    front <- back  test:a/i@0.1.0"]);
    assert!(fused.open.is_empty());
    assert!(!fused.bytes.is_empty());
}

#[test]
fn what_nobody_exports_stays_open() {
    let fused = fuse(&[("front", &user(""))]).unwrap();
    let open = [("front".to_owned(), "test:a/i@0.1.0".to_owned())];
    assert_eq!(fused.open, open);
}

#[test]
fn a_newer_version_serves_an_older_import() {
    let server = provider("test:a/i@0.1.2", "", "");
    let fused = fuse(&[("front", &user("")), ("back", &server)]).unwrap();
    assert_eq!(table(&fused), ["    front <- back  test:a/i@0.1.2"]);
}

#[test]
fn what_does_not_fit_names_both_sides() {
    let server = provider("test:a/i@0.1.0", r#"(param "x" f32)"#, "(param f32)");
    let error = fuse(&[("front", &user(r#"(param "x" u32)"#)), ("back", &server)])
        .err()
        .unwrap();
    for part in ["front", "back", "test:a/i@0.1.0", "`f`", "u32", "f32"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

#[test]
fn a_missing_function_is_named() {
    let two = r#"(component (import "test:a/i@0.1.0" (instance $i (export "f" (func)) (export "g" (func)))))"#;
    let error = fuse(&[
        ("front", two),
        ("back", &provider("test:a/i@0.1.0", "", "")),
    ])
    .err()
    .unwrap();
    assert!(
        error.contains("front") && error.contains("back") && error.contains("`g`"),
        "{error}"
    );
}

#[test]
fn two_providers_are_one_too_many() {
    let server = provider("test:a/i@0.1.0", "", "");
    let error = fuse(&[("front", &user("")), ("one", &server), ("two", &server)])
        .err()
        .unwrap();
    assert!(error.contains("both one and two export it"), "{error}");
}

#[test]
fn a_part_for_nobody_is_a_mistake() {
    let other = provider("test:other/i@0.1.0", "", "");
    let error = fuse(&[("front", &user("")), ("idle", &other)])
        .err()
        .unwrap();
    assert_eq!(error, "nothing uses idle");
}

#[test]
fn a_missing_component_is_not_built_yet() {
    let error = Shelf::new(Path::new("/nowhere").to_owned())
        .fuse(&["front"])
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("front.wasm is not built yet"),
        "{error}"
    );
}

#[test]
fn versions_satisfy_upwards_within_a_line() {
    for (import, export) in [
        ("a:b/c@0.1.0", "a:b/c@0.1.0"),
        ("a:b/c@0.1.0", "a:b/c@0.1.9"),
        ("a:b/c@1.2.3", "a:b/c@1.10.0"),
        ("wasi:k/s@0.2.0-draft2", "wasi:k/s@0.2.0-draft2"),
        ("plain", "plain"),
    ] {
        assert!(satisfies(import, export), "{import} {export}");
    }
    for (import, export) in [
        ("a:b/c@0.1.1", "a:b/c@0.1.0"),
        ("a:b/c@0.1.0", "a:b/c@0.2.0"),
        ("a:b/c@1.0.0", "a:b/c@2.0.0"),
        ("a:b/c@0.1.0", "a:b/d@0.1.0"),
        ("wasi:k/s@0.2.0-draft", "wasi:k/s@0.2.0-draft2"),
        ("wasi:k/s@0.2.0-draft2", "wasi:k/s@0.2.0"),
        ("plain", "other"),
    ] {
        assert!(!satisfies(import, export), "{import} {export}");
    }
}

#[test]
fn profiles_have_every_stage_once() {
    for name in [DEFAULT_PROFILE, "edge"] {
        let profile = named(name).unwrap();
        for stage in ["ingest", "vad-", "asr-", "intent-", "llm-", "tts-"] {
            let parts = recipe::parts(profile);
            let found = parts.iter().filter(|part| part.starts_with(stage)).count();
            assert_eq!(found, 1, "{name} {stage}");
        }
    }
    let error = named("huge").err().unwrap().to_string();
    assert!(
        error.contains("`huge`") && error.contains("default and edge"),
        "{error}"
    );
}

#[test]
fn every_part_of_a_limited_profile_states_what_it_needs() {
    let profile = named("edge").unwrap();
    let limits = profile.limits.as_ref().unwrap();
    let mut stated: Vec<&str> = limits.needs.iter().map(|(name, _)| *name).collect();
    let mut parts = recipe::parts(profile);
    stated.sort_unstable();
    parts.sort_unstable();
    assert_eq!(stated, parts);
    limits::hold(limits, profile.name, 0).unwrap();
}

#[test]
fn limits_are_held() {
    let limits = |needs| Limits {
        application_mib: 50,
        memory_mib: 128,
        needs,
    };
    let hold = |needs, bytes| limits::hold(&limits(needs), "edge", bytes);
    assert!(hold(&[("a", 100), ("b", 28)], 50 << 20).is_ok());
    let error = hold(&[], (50 << 20) + 1).unwrap_err().to_string();
    assert!(error.contains("50.1 MiB, where 50"), "{error}");
    let error = hold(&[("a", 100), ("b", 29)], 1).unwrap_err().to_string();
    assert!(
        error.contains("needs 129 MiB") && error.contains("a 100, b 29"),
        "{error}"
    );
}

#[test]
fn a_component_may_not_start_with_more_than_is_stated() {
    let component = wat::parse_str(
        "(component (core module (memory 2)) (component (core module (memory 18 40))))",
    );
    let component = component.unwrap();
    assert_eq!(limits::initial_memory(&component).unwrap(), 20 << 16);
    assert!(limits::starts_within("big", &component, 2).is_ok());
    let error = limits::starts_within("big", &component, 1).unwrap_err();
    assert!(
        error.to_string().contains("big starts with 2 MiB"),
        "{error}"
    );
}
