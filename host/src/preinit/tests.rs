//! On components in text form, small enough to see through. What real ones do with their files is tested on the whole system.

use super::*;

/// A component that exports `load` with this body, and has a clock and random numbers to call.
fn component(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
  (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock (export "now" (func (result u64)))))
  (import "wasi:random/random@0.2.6" (instance $random (export "get-random-u64" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core func $number (canon lower (func $random "get-random-u64")))
  (core module $code
    (import "wasi" "now" (func $now (result i64)))
    (import "wasi" "number" (func $number (result i64)))
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 4096))
    (data (i32.const 64) "no such model")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.const -8) (i32.add (i32.const 7) (i32.add (global.get $next) (local.get 3))))))
    (func (export "load") (param i32 i32 i32 i32) (result i32)
      {body}
      (i32.const 16)))
  (core instance $made (instantiate $code (with "wasi" (instance
    (export "now" (func $now)) (export "number" (func $number))))))
  (type $error (variant (case "invalid-input" string) (case "unsupported" string) (case "busy" (option u32)) (case "deadline")
    (case "unavailable" string) (case "internal" string)))
  (type $file (record (field "name" string) (field "bytes" (list u8))))
  (func $load (param "name" string) (param "files" (list $file)) (result (result (error $error)))
    (canon lift (core func $made "load") (memory (core memory $made "memory")) (realloc (core func $made "realloc"))))
  (component $named
    (type $an-error (variant (case "invalid-input" string) (case "unsupported" string) (case "busy" (option u32)) (case "deadline")
      (case "unavailable" string) (case "internal" string)))
    (import "type-error" (type $error (eq $an-error)))
    (type $a-file (record (field "name" string) (field "bytes" (list u8))))
    (import "type-file" (type $file (eq $a-file)))
    (import "load" (func $load (param "name" string) (param "files" (list $file)) (result (result (error $error)))))
    (export $error-out "error" (type $error))
    (export $file-out "file" (type $file))
    (export "load" (func $load)
      (func (param "name" string) (param "files" (list $file-out)) (result (result (error $error-out))))))
  (instance $preload (instantiate $named (with "type-error" (type $error)) (with "type-file" (type $file)) (with "load" (func $load))))
  (export "colloquy:preload/preload@0.1.0" (instance $preload)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Runs on a folder with one file.
fn preinit(component: &[u8]) -> Result<Vec<u8>, PreinitError> {
    let folder = tempfile::tempdir().unwrap();
    let (file, model, out) = (
        folder.path().join("component.wasm"),
        folder.path().join("model"),
        folder.path().join("made/out.wasm"),
    );
    std::fs::write(&file, component).unwrap();
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("weights"), "0.25 0.5 0.25").unwrap();
    std::fs::write(model.join(".stamp"), "hidden").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let made = runtime.block_on(run(&file, &model, &out));
    assert_eq!(made.is_ok(), out.exists());
    made.map(|made| {
        assert_eq!(made.files, 13);
        std::fs::read(&out).unwrap()
    })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_is_in_memory_is_in_the_result() {
    // A random number beside the file, which this allocator leaves where it came.
    let original = component("(i64.store (i32.const 128) (call $number))");
    let made = preinit(&original).unwrap();
    assert!(contains(&made, b"0.25 0.5 0.25") && !contains(&original, b"0.25"));
    assert!(contains(&made, &RANDOM) && !contains(&made, b"hidden"));
    Component::new(&Engine::default(), &made).unwrap();
    assert_eq!(preinit(&original).unwrap(), made);
}

#[test]
fn an_import_is_an_error_that_names_it() {
    let error = preinit(&component("(drop (call $now))")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("wasi:clocks/monotonic-clock@0.2.6#now"),
        "{text}"
    );
}

#[test]
fn a_refusal_is_told_in_the_components_words() {
    let refuse =
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const 4))
        (i32.store (i32.const 24) (i32.const 64)) (i32.store (i32.const 28) (i32.const 13))";
    let error = preinit(&component(refuse)).unwrap_err();
    assert!(matches!(error, PreinitError::Refused(why) if why == "no such model"));
}

#[test]
fn other_components_are_refused() {
    let bare = wat::parse_str("(component (core module))").unwrap();
    assert!(matches!(preinit(&bare), Err(PreinitError::NoPreload(_))));
    let module = wat::parse_str("(module)").unwrap();
    assert!(matches!(preinit(&module), Err(PreinitError::Component(_))));
}
