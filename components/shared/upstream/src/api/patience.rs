//! What is asked again, what is not asked at all, and what becomes of bodies.

use std::time::Duration;

use super::tests::api;
use super::*;
use crate::breaker::Outcome;
use crate::fakes::{Does, Server, unreachable};

const OK: Does = Does::Answers(200, Vec::new(), "hello");
const KEY: &str = "https://example.com";

fn answers(status: u16) -> Does {
    Does::Answers(status, Vec::new(), "")
}

fn wait(status: u16, seconds: &'static str) -> Does {
    Does::Answers(status, vec![("retry-after", seconds)], "")
}

/// An api with three attempts of up to 2 s within 5 s.
fn patient() -> Api {
    Api {
        limits: Limits {
            head: Duration::from_secs(5),
            pause: Duration::from_secs(1),
            total: Some(Duration::from_secs(5)),
        },
        policy: Policy {
            attempt: Some(Duration::from_secs(2)),
            ..Policy::default()
        },
        ..api()
    }
}

fn post(api: &Api, server: &Server) -> Result<Response, Failure> {
    api.post(server, "/v1/x", "application/json", "*/*", b"{}")
}

fn ask(api: &Api, server: &Server) -> Result<String, Failure> {
    let call = Call {
        route: "/v1/x",
        content_type: "application/json",
        accept: "*/*",
        body: b"{}",
    };
    api.ask(server, &call, 100, &|_, body| match body {
        b"hello" => Ok("hello".to_owned()),
        _ => Err(Failure::Unavailable("that is nonsense".into())),
    })
}

fn n_asked(server: &Server) -> usize {
    server.asked.borrow().len()
}

#[test]
fn what_may_pass_is_asked_again_after_a_wait() {
    for trouble in [answers(408), answers(499), answers(503), Does::Refuses] {
        let server = Server::new(&[trouble.clone(), trouble, OK]);
        assert_eq!(
            post(&patient(), &server).unwrap().whole(9).unwrap(),
            b"hello"
        );
        assert_eq!(n_asked(&server), 3);
        assert_eq!(*server.place.slept.borrow(), [100, 100]);
    }
}

#[test]
fn what_would_fail_again_is_not() {
    for status in [302, 400, 401, 403, 404, 413, 415, 422, 429] {
        let server = Server::new(&[answers(status), OK]);
        assert!(post(&patient(), &server).is_err());
        assert_eq!(n_asked(&server), 1, "{status}");
    }
    let server = Server::new(&[Does::Denied]);
    for _ in 0..9 {
        assert!(matches!(post(&patient(), &server), Err(Failure::Denied(_))));
    }
    assert_eq!(n_asked(&server), 9);
}

#[test]
fn the_breaker_is_asked_for_attempts_only() {
    let server = Server::new(&[answers(400)]);
    assert!(post(&patient(), &server).is_err());
    // To enter, and to report. One that nobody follows up would let a caller in to try who does not.
    assert_eq!(server.place.n_edits.get(), 2);
}

#[test]
fn attempts_end() {
    let server = Server::new(&[answers(500)]);
    let failed = Failure::Unavailable("the server failed (500)".into());
    assert_eq!(post(&patient(), &server).err(), Some(failed));
    assert_eq!(n_asked(&server), 3);
}

#[test]
fn a_server_that_asks_for_patience_gets_it_where_there_is_time() {
    let server = Server::new(&[wait(429, "2"), OK]);
    assert!(post(&patient(), &server).is_ok());
    assert!(server.place.slept.borrow()[0] >= 2_000);
    let server = Server::new(&[wait(429, "7"), OK]);
    assert_eq!(
        post(&patient(), &server).err(),
        Some(Failure::Busy(Some(7_000)))
    );
    assert_eq!(n_asked(&server), 1);
    let server = Server::new(&[wait(503, "7"), OK]);
    assert!(matches!(
        post(&patient(), &server),
        Err(Failure::Unavailable(_))
    ));
    assert!(server.place.slept.borrow().is_empty());
}

#[test]
fn attempts_share_the_time_of_the_call() {
    let server = Server::new(&[Does::Hangs]);
    assert_eq!(post(&patient(), &server).err(), Some(Failure::Deadline));
    // 2 s, a wait, 2 s, a wait, and what is left.
    let asked = server.asked.borrow().clone();
    let [
        (2_000, Some(5_000)),
        (2_000, Some(2_900)),
        (last, Some(total)),
    ] = asked[..]
    else {
        panic!("{asked:?}")
    };
    assert!(last == total && last < 900, "{asked:?}");
    assert_eq!(server.place.ms.get(), 5_000);
}

#[test]
fn an_answer_that_is_read_whole_has_the_time_of_an_attempt() {
    let server = Server::new(&[OK]);
    ask(&patient(), &server).unwrap();
    post(&patient(), &server).unwrap();
    let asked = server.asked.borrow().clone();
    assert_eq!(asked, [(2_000, Some(2_000)), (2_000, Some(5_000))]);
    // Without a limit on the whole, one that is handed on may take its time.
    let endless = Limits {
        total: None,
        ..patient().limits
    };
    let endless = Api {
        limits: endless,
        ..patient()
    };
    post(&endless, &server).unwrap();
    assert_eq!(server.asked.borrow().last(), Some(&(2_000, None)));
}

#[test]
fn a_server_that_fails_is_left_alone_and_tried_again() {
    let server = Server::new(&[Does::Refuses]);
    let api = patient();
    assert_eq!(post(&api, &server).err(), Some(unreachable()));
    // The fifth failure opens the breaker: no third attempt, and what is told is what happened.
    assert_eq!(post(&api, &server).err(), Some(unreachable()));
    assert_eq!(n_asked(&server), 5);
    let refused = post(&api, &server).err().unwrap().to_string();
    assert!(
        refused.starts_with(
            "the server is not asked: it failed 5 times in a row; tried again in about"
        ),
        "{refused}"
    );
    assert_eq!(n_asked(&server), 5);
    server.place.pass(60_000);
    assert_eq!(post(&api, &server).err(), Some(unreachable()));
    assert_eq!(n_asked(&server), 6, "one tries, once");
    server.place.pass(60_000);
    server.does.borrow_mut().push_back(OK);
    server.does.borrow_mut().pop_front();
    assert_eq!(ask(&api, &server).unwrap(), "hello");
    let told = server.place.told.borrow();
    let states: Vec<_> = told.iter().map(|change| change.now).collect();
    use breaker::State::{Closed, HalfOpen, Open};
    assert_eq!(states, [Open, HalfOpen, Open, HalfOpen, Closed]);
}

#[test]
fn refusals_that_are_not_the_servers_fault_do_not_open_it() {
    for status in [400, 401, 404, 413, 422, 429] {
        let server = Server::new(&[answers(status)]);
        for n in 1..=12 {
            assert!(post(&patient(), &server).is_err());
            assert_eq!(n_asked(&server), n, "{status}");
        }
    }
    // Busy does not clear what was counted either, an answer does.
    for (between, expected) in [(answers(429), 1), (answers(401), 0), (OK, 0)] {
        let server = Server::new(&[answers(500), between]);
        let api = Api {
            policy: Policy {
                retries: 0,
                ..Policy::default()
            },
            ..patient()
        };
        assert!(post(&api, &server).is_err());
        let _any = ask(&api, &server);
        let kept = format!("\"n_failures\":{expected}");
        assert!(
            server.place.kept(KEY).contains(&kept),
            "{}",
            server.place.kept(KEY)
        );
    }
}

#[test]
fn a_body_that_is_handed_on_is_not_asked_for_again() {
    for trouble in [Does::Cuts("hel"), Does::Stalls("hel")] {
        let server = Server::new(&[trouble.clone(), OK]);
        let mut response = post(&patient(), &server).unwrap();
        assert_eq!(response.body.read().unwrap().unwrap(), b"hel");
        assert!(response.body.read().is_err());
        assert_eq!(n_asked(&server), 1);
        assert!(server.place.kept(KEY).contains("\"n_failures\":1"));
        // One that is read whole before anything is made of it is.
        let server = Server::new(&[trouble, OK]);
        assert_eq!(ask(&patient(), &server).unwrap(), "hello");
        assert_eq!(n_asked(&server), 2);
        assert!(server.place.kept(KEY).contains("\"n_failures\":0"));
    }
}

#[test]
fn an_answer_that_is_none_counts_and_is_not_asked_for_again() {
    let server = Server::new(&[Does::Answers(200, Vec::new(), "<html>")]);
    assert!(ask(&patient(), &server).is_err());
    assert_eq!(n_asked(&server), 1);
    assert!(server.place.kept(KEY).contains("\"n_failures\":1"));
    let long = "x".repeat(200).leak();
    let server = Server::new(&[Does::Answers(200, Vec::new(), long)]);
    assert!(ask(&patient(), &server).is_err());
    assert!(server.place.kept(KEY).contains("\"n_failures\":1"));
}

#[test]
fn the_reader_may_know_better_or_go_away() {
    let count = |read: &dyn Fn(&mut Response)| {
        let server = Server::new(&[answers(500), OK]);
        let mut response = post(&patient(), &server).unwrap();
        read(&mut response);
        drop(response);
        server.place.kept(KEY)
    };
    let went_away = count(&|response| drop(response.body.read()));
    assert!(went_away.contains("\"n_failures\":1"), "{went_away}");
    let complete = count(&|response| response.body.verdict(Outcome::Answered));
    assert!(complete.contains("\"n_failures\":0"), "{complete}");
    let to_the_end = count(&|response| while response.body.read().unwrap().is_some() {});
    assert!(to_the_end.contains("\"n_failures\":0"), "{to_the_end}");
    let nonsense = count(&|response| {
        while response.body.read().unwrap().is_some() {}
        response.body.verdict(Outcome::Failed);
        response.body.verdict(Outcome::Answered);
    });
    assert!(nonsense.contains("\"n_failures\":2"), "{nonsense}");
}
