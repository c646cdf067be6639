//! Speech over real sockets, from a server that decides what it sends.

use std::net::TcpListener;
use std::time::Duration;

use colloquy_upstream::Alone;

use self::server::{Script, Seen, Step, System, audio, frame, serve, silence};
use super::*;
use crate::config::Config;

mod server;

const START: Step = Step::Text("Path:turn.start\r\n\r\n{}");
const END: Step = Step::Text("X-RequestId:1\r\nPath:turn.end\r\n\r\n{}");
const METADATA: Step = Step::Text("Path:audio.metadata\r\n\r\n{\"Metadata\":[]}");

fn service(url: &str, more: &[(&str, &str)]) -> Rc<Service> {
    let config = Config::read(&|name| match name {
        "EDGE_URL" => Some(url.to_owned()),
        "EDGE_TIMEOUT_MS" if more.iter().all(|(other, _)| *other != name) => {
            Some("30000".to_owned())
        }
        // What one case finds is not to close the server to the next.
        "EDGE_BREAKER_FAILURES" if more.iter().all(|(other, _)| *other != name) => {
            Some("1000".to_owned())
        }
        _ => {
            let mut more = more.iter();
            more.find(|(other, _)| *other == name)
                .map(|(_, value)| (*value).to_owned())
        }
    });
    Rc::new(Service::new(
        config.unwrap(),
        Box::new(System),
        Rc::default(),
        Rc::new(Alone),
    ))
}

fn say(service: &Rc<Service>, text: &str) -> Result<usize, Failure> {
    let mut speech = Speech::begin(Rc::clone(service), text, None, 1.1)?;
    let mut n = 0;
    loop {
        match speech.next_samples() {
            Ok(Some(samples)) => n += samples.len(),
            Ok(None) => {
                assert_eq!(speech.next_samples(), Ok(None));
                return Ok(n);
            }
            Err(failure) => {
                assert_eq!(speech.next_samples(), Ok(None));
                return Err(failure);
            }
        }
    }
}

fn fails(script: Script) -> String {
    let (url, _seen) = serve(0, 0, None, script);
    say(&service(&url, &[]), "Hello").unwrap_err().to_string()
}

#[test]
fn a_text_is_spoken() {
    let sound = silence(10);
    let script = vec![
        START,
        Step::Text("Path:response\r\n\r\n{}"),
        audio(&sound[..500]),
        Step::Ping,
        METADATA,
        audio(&sound[500..]),
        frame("X-RequestId:1\r\nPath:audio\r\n", &[]),
        END,
    ];
    let (url, seen) = serve(0, 0, None, script);
    assert_eq!(say(&service(&url, &[]), "Fish & chips"), Ok(5760));
    let Seen::Asked(uri, headers) = seen.recv().unwrap() else {
        panic!("no request")
    };
    let query = uri.query().unwrap();
    assert!(
        query.starts_with("TrustedClientToken=6A5AA1D4EAFF4E9FB37E23D68491D6F4&ConnectionId="),
        "{query}"
    );
    assert!(
        query.ends_with("&Sec-MS-GEC-Version=1-143.0.3650.75"),
        "{query}"
    );
    let token = query
        .split("Sec-MS-GEC=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert!(
        token.len() == 64
            && token
                .chars()
                .all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()),
        "{token}"
    );
    let cookie = headers["cookie"].to_str().unwrap();
    assert!(
        cookie.len() == 38 && cookie.starts_with("muid="),
        "{cookie}"
    );
    assert_eq!(
        headers["origin"],
        "chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold"
    );
    let Seen::Said(config) = seen.recv().unwrap() else {
        panic!("no configuration")
    };
    assert!(config.contains("Path:speech.config\r\n"), "{config}");
    let Seen::Said(request) = seen.recv().unwrap() else {
        panic!("no request")
    };
    assert!(
        request.contains("rate='+10%'") && request.contains(">Fish &amp; chips<"),
        "{request}"
    );
    // The connection is closed when the audio is there.
    assert!(matches!(seen.recv().unwrap(), Seen::Gone));
}

#[test]
fn a_long_text_takes_a_connection_for_each_piece() {
    let (url, seen) = serve(0, 0, None, vec![START, audio(&silence(2)), END]);
    // 2,000 characters, 6,000 bytes.
    let text = "鱼".repeat(2_000);
    assert_eq!(say(&service(&url, &[]), &text), Ok(2 * 2 * 576));
    let said = seen
        .try_iter()
        .filter(|seen| matches!(seen, Seen::Said(text) if text.contains("Path:ssml")));
    assert_eq!(said.count(), 2);
    let long = format!("{text}!");
    assert!(matches!(
        say(&service(&url, &[]), &long),
        Err(Failure::InvalidInput(_))
    ));
    // Nothing to say, nothing asked.
    assert_eq!(say(&service("ws://127.0.0.1:1/", &[]), "... !"), Ok(0));
}

#[test]
fn a_clock_that_is_wrong_is_corrected_once() {
    let later = std::time::SystemTime::now() + Duration::from_secs(7_200);
    let date = httpdate::fmt_http_date(later);
    let script = || vec![START, audio(&silence(2)), END];
    let (url, seen) = serve(1, 403, Some(date.clone()), script());
    let it = service(&url, &[]);
    assert_eq!(say(&it, "Hello"), Ok(2 * 576));
    // What was learned stays.
    assert_eq!(say(&it, "Hello"), Ok(2 * 576));
    let asked = seen.try_iter().filter_map(|seen| match seen {
        Seen::Asked(uri, _) => Some(
            uri.query()?
                .split("Sec-MS-GEC=")
                .nth(1)?
                .split('&')
                .next()?
                .to_owned(),
        ),
        _ => None,
    });
    let tokens: Vec<_> = asked.collect();
    assert_eq!(tokens.len(), 3);
    assert_ne!(tokens[0], tokens[1]);

    // Refused again, without a date, with a clock that agrees, or with a token that has no time in it: that is all.
    let now = httpdate::fmt_http_date(std::time::SystemTime::now());
    for (refusals, date, more, connections) in [
        (9, Some(date.clone()), &[][..], 2),
        (9, None, &[], 1),
        (9, Some("yesterday".to_owned()), &[], 1),
        (9, Some(now), &[], 1),
        (
            9,
            Some(date),
            &[("EDGE_TOKEN_MODE", "static"), ("EDGE_TOKEN", "A-1")],
            1,
        ),
    ] {
        let (url, seen) = serve(refusals, 403, date.clone(), script());
        let why = say(&service(&url, more), "Hello").unwrap_err();
        assert!(why.to_string().contains("refuses this client"), "{why}");
        assert_eq!(seen.try_iter().count(), connections, "{date:?}");
    }
}

#[test]
fn refusals_are_told_apart() {
    let refused = |status| {
        let (url, _seen) = serve(9, status, None, Vec::new());
        say(&service(&url, &[]), "Hello").unwrap_err()
    };
    assert_eq!(refused(429), Failure::Busy(None));
    for status in [500, 503] {
        assert_eq!(
            refused(status),
            Failure::Unavailable("the speech service failed".to_owned())
        );
    }
    assert!(refused(404).to_string().contains("EDGE_URL"));
    assert!(refused(401).to_string().contains("EDGE_GEC_VERSION"));
    let wrong = service("ws://127.0.0.1:1/", &[("EDGE_VOICES", "a,b")]);
    let unknown = Speech::begin(Rc::clone(&wrong), "Hello", Some("c"), 1.0).err();
    assert!(matches!(unknown, Some(Failure::Unsupported(_))));
    let fast = Speech::begin(wrong, "Hello", None, 2.1).err();
    assert!(matches!(fast, Some(Failure::InvalidInput(_))));
}

#[test]
fn audio_that_is_none_or_not_whole_is_an_error() {
    let sound = silence(4);
    let cut = "the connection to the speech service was cut";
    for (script, expected) in [
        (vec![START, END], "sent no audio"),
        (
            vec![START, frame("Path:audio\r\n", &[]), END],
            "sent no audio",
        ),
        (vec![audio(&sound), START, END], "before it began"),
        (vec![END], "before it began"),
        (vec![START, audio(&sound), Step::Break], cut),
        (
            vec![START, audio(&sound), Step::Close],
            "closed the connection before the audio was complete",
        ),
        (vec![START, audio(&sound[..500]), END], "cut short"),
        (vec![START, audio(b"<html>no</html>"), END], "not an mp3"),
        (
            vec![
                START,
                frame("Content-Type:audio/webm\r\nPath:audio\r\n", &sound),
                END,
            ],
            "another format",
        ),
        (vec![START, frame("Path:video\r\n", &[]), END], "not audio"),
        (
            vec![START, Step::Binary(vec![9, 9, 9]), END],
            "damaged binary frame",
        ),
        (vec![START, Step::Text("hello"), END], "without a path"),
        (vec![START, audio(&vec![0; 2 << 20]), END], "too large"),
    ] {
        let why = fails(script);
        assert!(why.contains(expected), "{why:?} is not {expected:?}");
    }
}

#[test]
fn waiting_ends() {
    let sound = silence(4);
    for (script, more) in [
        (
            vec![START, audio(&sound), Step::Wait],
            [("EDGE_TIMEOUT_MS", "100")],
        ),
        (vec![Step::Wait], [("EDGE_TIMEOUT_MS", "100")]),
        (vec![START, Step::Wait], [("EDGE_TOTAL_TIMEOUT_MS", "100")]),
    ] {
        let (url, _seen) = serve(0, 0, None, script);
        assert_eq!(say(&service(&url, &more), "Hello"), Err(Failure::Deadline));
    }
    // A server that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", silent.local_addr().unwrap());
    let it = service(&url, &[("EDGE_CONNECT_TIMEOUT_MS", "100")]);
    assert_eq!(say(&it, "Hello"), Err(Failure::Deadline));
}

#[test]
fn dropping_the_speech_closes_the_connection() {
    let (url, seen) = serve(0, 0, None, vec![START, audio(&silence(4)), Step::Wait]);
    let speech = Speech::begin(service(&url, &[]), "Hello", None, 1.0).unwrap();
    drop(speech);
    assert!(seen.iter().any(|seen| matches!(seen, Seen::Gone)));
}

#[test]
fn a_service_that_fails_is_left_alone() {
    for (status, says) in [(403, "refuses"), (503, "failed")] {
        let (url, seen) = serve(9, status, None, Vec::new());
        let it = service(&url, &[("EDGE_BREAKER_FAILURES", "2")]);
        for _ in 0..2 {
            let why = say(&it, "Hello").unwrap_err().to_string();
            assert!(why.contains(says), "{why}");
        }
        let why = say(&it, "Hello").unwrap_err().to_string();
        assert!(why.contains("is not asked"), "{why}");
        assert_eq!(seen.try_iter().count(), 2);
    }
}

/// Bytes that a peer may send at any place.
#[test]
fn noise_is_never_a_panic() {
    let mut state = 0x9e37_79b9_u32;
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..state % 40 {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            bytes.push(state as u8);
        }
        state = state.wrapping_add(1);
        let _event = crate::message::binary(&bytes);
        let _event = crate::message::text(&String::from_utf8_lossy(&bytes));
    }
}
