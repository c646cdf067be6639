//! Server-sent events of a server that may send anything: no panic, and the same events however the bytes are cut.
#![no_main]

use colloquy_upstream::sse::{Event, Events, LONGEST};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = read([bytes]);
    assert_eq!(read(bytes.chunks(1)), whole, "byte by byte");
    let cut = bytes.first().map_or(0, |&byte| usize::from(byte)) % (bytes.len() + 1);
    assert_eq!(read([&bytes[..cut], &bytes[cut..]]), whole, "cut at {cut}");
    for event in whole.into_iter().flatten() {
        assert!(event.name.len() <= LONGEST && event.data.len() <= LONGEST);
    }
});

/// The events, or none when one is too long: those before it may be lost, and how many depends on the cuts.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<Event>> {
    let mut events = Events::default();
    let mut all = Vec::new();
    for piece in pieces {
        all.extend(events.feed(piece).ok()?);
    }
    Some(all)
}
