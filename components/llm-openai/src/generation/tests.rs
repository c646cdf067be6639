//! What is asked for, and what becomes of answers in several servers' dialects, each in pieces of several sizes. The streams are written
//! by hand after what these servers send; a real one is in the system tests.

use std::cell::RefCell;
use std::rc::Rc;

use colloquy_upstream as upstream;

use super::*;
use crate::request::{Message, Role};

mod asked;
mod documents;
mod streams;

use streams::{GROQ, LLAMA_CPP, OLLAMA, OPENAI, VLLM};

/// Answers each request with the next of these, the last one again and again, in pieces of this many bytes.
struct Server {
    answers: Vec<(u16, String)>,
    piece: usize,
    received: RefCell<Vec<Value>>,
    /// How many bodies were dropped before their end.
    dropped: Rc<Cell<usize>>,
    ends: Option<Failure>,
    /// Never ends, and so is not to be waited for.
    open: bool,
}

struct Body {
    rest: Vec<u8>,
    piece: usize,
    ended: bool,
    ends: Option<Failure>,
    open: bool,
    dropped: Rc<Cell<usize>>,
}

impl Source for Body {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let n = self.rest.len().min(self.piece);
        if n == 0 {
            assert!(!self.open, "waited for the end of a body that has none");
            self.ended = true;
            return self.ends.clone().map_or(Ok(None), Err);
        }
        Ok(Some(self.rest.drain(..n).collect()))
    }

    fn read_for(&mut self, time: Duration) -> Result<Waited, Failure> {
        if self.open && self.rest.is_empty() {
            assert!(time <= Duration::from_millis(500), "{time:?}");
            return Ok(Waited::NotYet);
        }
        Ok(self.read()?.map_or(Waited::Ended, Waited::Bytes))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.dropped
            .set(self.dropped.get() + usize::from(!self.ended));
    }
}

impl Transport for Server {
    fn post(&self, request: &upstream::Request<'_>) -> Result<Response, Failure> {
        assert_eq!(request.path, "/v1/chat/completions");
        let mut received = self.received.borrow_mut();
        let at = received.len().min(self.answers.len() - 1);
        received.push(serde_json::from_slice(request.body).unwrap());
        let (status, body) = self.answers[at].clone();
        Ok(Response {
            status,
            headers: vec![("content-type".into(), "text/event-stream".into())],
            body: Box::new(Body {
                rest: body.into_bytes(),
                piece: self.piece,
                ended: false,
                ends: self.ends.clone(),
                open: self.open,
                dropped: Rc::clone(&self.dropped),
            }),
        })
    }
}

fn server(answer: &str, piece: usize) -> Server {
    Server {
        answers: vec![(200, answer.into())],
        piece,
        received: RefCell::default(),
        dropped: Rc::default(),
        ends: None,
        open: false,
    }
}

fn config(more: &[(&str, &str)]) -> Config {
    Config::read(&|name| {
        let found = more.iter().find(|(other, _)| *other == name);
        let default = match name {
            "LLM_BASE_URL" => Some("https://llm.example.com/v1"),
            "LLM_MODEL" => Some("a-model"),
            "LLM_RETRIES" => Some("0"),
            // What one case finds is not to close the server to the next.
            "LLM_BREAKER_FAILURES" => Some("1000"),
            _ => None,
        };
        found
            .map(|(_, value)| *value)
            .or(default)
            .map(str::to_owned)
    })
    .unwrap()
}

fn request() -> Request {
    let card = |id: &str| Card {
        id: id.into(),
        ..Card::default()
    };
    Request {
        messages: vec![Message {
            role: Role::User,
            content: "What did she build?".into(),
        }],
        cards: vec![card("a-0"), card("cobol")],
        max_tokens: 220,
        temperature: 0.4,
        language: "en".into(),
        ..Request::default()
    }
}

/// The first text that is not empty, however slow this machine is.
fn first_text(generation: &mut Generation) -> String {
    loop {
        match generation.next_chunk() {
            Ok(Some(Chunk::Text(text))) if text.is_empty() => {}
            Ok(Some(Chunk::Text(text))) => return text,
            other => panic!("{other:?}"),
        }
    }
}

type Answer = Result<(String, Finish, Tokens, Option<Vec<String>>), Failure>;

fn answer_to(server: &Server, request: &Request) -> Answer {
    let dialect = Dialect::default();
    let mut generation = Generation::begin(&config(&[]), server, None, request, &dialect)?;
    let mut all = String::new();
    loop {
        match generation.next_chunk() {
            Ok(Some(Chunk::Text(text))) => all += &text,
            Ok(Some(Chunk::Finished {
                finish,
                tokens,
                items,
            })) => {
                assert_eq!(generation.next_chunk(), Ok(None));
                assert_eq!(generation.next_chunk(), Ok(None));
                return Ok((all, finish, tokens, items));
            }
            Ok(None) => panic!("no end"),
            Err(failure) => {
                assert_eq!(generation.next_chunk(), Ok(None), "nothing after a failure");
                return Err(failure);
            }
        }
    }
}

/// The answer, which is the same whatever pieces it comes in.
fn answer(stream: &str) -> Answer {
    let whole = answer_to(&server(stream, usize::MAX), &request());
    for piece in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(
            answer_to(&server(stream, piece), &request()),
            whole,
            "{piece}"
        );
    }
    whole
}

fn unavailable(stream: &str) -> String {
    match answer(stream) {
        Err(Failure::Unavailable(why)) => why,
        other => panic!("{other:?} for {stream}"),
    }
}

fn tokens(prompt: u32, answer: u32, thoughts: u32) -> Tokens {
    Tokens {
        prompt: Some(prompt),
        answer: Some(answer),
        thoughts,
    }
}

fn ids(ids: &[&str]) -> Option<Vec<String>> {
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

const SAID: &str = "She wrote A-0 and led COBOL.";

#[test]
fn the_dialects_of_servers() {
    for (stream, n_thoughts) in [
        (OPENAI, 0),
        (GROQ, 30),
        (LLAMA_CPP, 0),
        (OLLAMA, 0),
        (VLLM, 0),
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let stream = stream.replace('\n', end);
            let expected = (
                SAID.to_owned(),
                Finish::Stop,
                tokens(300, 20, n_thoughts),
                ids(&["a-0", "cobol"]),
            );
            assert_eq!(answer(&stream), Ok(expected), "{stream}");
        }
    }
}

fn event(text: &str, finish: &str) -> String {
    let finish = if finish.is_empty() {
        Value::Null
    } else {
        finish.into()
    };
    let data = json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": finish }] });
    format!("data: {data}\n\n")
}

#[test]
fn ends() {
    let done = "data: [DONE]\n\n";
    let none = Tokens::default();
    let hi = |finish| Ok(("Hi.".to_owned(), finish, none, None));
    assert_eq!(answer(&(event("Hi.", "") + done)), hi(Finish::Stop));
    assert_eq!(answer(&event("Hi.", "stop")), hi(Finish::Stop));
    assert_eq!(answer(&event("Hi.", "length")), hi(Finish::Length));
    assert_eq!(
        answer(&(event("Hi.", "content_filter") + done)),
        hi(Finish::Filtered)
    );
    // Nothing at all is not text, and the caller's to judge.
    assert_eq!(
        answer(&event("", "stop")),
        Ok((String::new(), Finish::Stop, none, None))
    );
    // What is behind the end is not looked at, a failure neither.
    let more = event("Hi.", "stop") + done + &event("More.", "") + "data: x\n\n";
    assert_eq!(
        answer_to(&server(&more, usize::MAX), &request()),
        hi(Finish::Stop)
    );
    let cut = Server {
        ends: Some(Failure::Deadline),
        ..server(&event("Hi.", "stop"), 9)
    };
    assert_eq!(answer_to(&cut, &request()), hi(Finish::Stop));
    let without = Request {
        cards: vec![],
        ..request()
    };
    let got = answer_to(&server(&event("Hi.", "stop"), 9), &without);
    assert_eq!(got, Ok(("Hi.".into(), Finish::Stop, none, Some(vec![]))));
}

#[test]
fn nobody_waits_for_a_server_that_keeps_the_connection_open() {
    let stream = event("Hi.", "stop") + "data: [DONE]\n\n";
    for piece in [7, usize::MAX] {
        let server = Server {
            open: true,
            ..server(&stream, piece)
        };
        let (text, finish, ..) = answer_to(&server, &request()).unwrap();
        assert_eq!((text.as_str(), finish), ("Hi.", Finish::Stop));
        assert_eq!(server.dropped.get(), 1, "the connection was kept");
    }
}

#[test]
fn what_is_no_answer_is_a_failure() {
    for (stream, why) in [
        ("", "sent nothing"),
        (" \n", "sent nothing"),
        ("<html>sign in</html>", "sent a page"),
        ("Hello.", "sent an answer that is cut short"),
        (
            "data: Hello.\n\n",
            "sent something other than a chat answer",
        ),
        (
            r#"{"choices":[{"message":{"conte"#,
            "sent something other than a chat answer",
        ),
        ("{}", "sent something other than a chat answer"),
        (
            r#"{"error":{"message":"overloaded"}}"#,
            "failed in the middle",
        ),
        (&event("She wrote", ""), "sent an answer that is cut short"),
        (
            &(event("She wrote", "") + "data: [DO"),
            "sent an answer that is cut short",
        ),
        (
            &(event("She", "") + "data: {\"error\":{\"message\":\"CUDA\"}}\n\n"),
            "failed in the middle",
        ),
        (
            &(event("She", "") + "event: error\ndata: {\"message\":\"over\"}\n\n"),
            "failed in the middle",
        ),
    ] {
        let text = unavailable(stream);
        assert!(text.contains(why), "{text} for {stream:.80}");
    }
    let server = Server {
        ends: Some(Failure::Deadline),
        ..server(&event("She", ""), 9)
    };
    assert_eq!(answer_to(&server, &request()), Err(Failure::Deadline));
    let endless = format!("data: {}", "x".repeat(upstream::sse::LONGEST));
    let refused = answer_to(&self::server(&endless, 9999), &request()).unwrap_err();
    assert!(
        refused.to_string().contains("sent an event of more than"),
        "{refused}"
    );
}

#[test]
fn an_answer_that_does_not_end_is_ended() {
    let stream = event("She said so. ", "").repeat(1000);
    let server = server(&stream, 4096);
    let (text, finish, _, items) = answer_to(&server, &request()).unwrap();
    assert_eq!((finish, items), (Finish::Length, None));
    assert!(
        (1320..1700).contains(&text.len()) && text.ends_with("said so."),
        "{}",
        text.len()
    );
    assert_eq!(server.dropped.get(), 1, "the connection was kept");
}

#[test]
fn an_answer_that_takes_too_long_is_ended_too() {
    let server = server(&event("She said so. ", "").repeat(10), 1);
    let mut config = config(&[]);
    config.total = Duration::ZERO;
    let dialect = Dialect::default();
    let mut generation = Generation::begin(&config, &server, None, &request(), &dialect).unwrap();
    assert_eq!(generation.next_chunk(), Err(Failure::Deadline));
    assert_eq!(generation.next_chunk(), Ok(None));
    assert_eq!(server.dropped.get(), 1);
}

#[test]
fn dropping_it_ends_the_exchange() {
    let server = server(&event("She said so. ", "").repeat(10), 64);
    let mut generation =
        Generation::begin(&config(&[]), &server, None, &request(), &Dialect::default()).unwrap();
    assert!(!first_text(&mut generation).is_empty());
    assert_eq!(server.dropped.get(), 0);
    drop(generation);
    assert_eq!(server.dropped.get(), 1);
}
