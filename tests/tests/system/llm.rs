//! Answers by a server: what it is asked, that they are spoken while they are made, and what becomes of each way to fail.
//!
//! The emulator decides how a server behaves; llama.cpp's own server shows that the stage is right about the interface, and OpenAI's own
//! client that the emulator is.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, stage};
use colloquy_tests::upstream::{Gate, Reply, Upstream, Way};
use serde_json::{Value, json};
use toml::{Table, toml};

use super::OwnCase;
use super::remote::replace;

pub(crate) mod chat;
mod real;

use chat::{asked, beginning, event, events, stream, streamed};

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "llm::a_chat_server_is_asked_as_openai_says",
        a_chat_server_is_asked_as_openai_says,
    ),
    (
        "llm::an_answer_is_heard_before_it_is_finished",
        an_answer_is_heard_before_it_is_finished,
    ),
    (
        "llm::a_visitor_who_leaves_ends_the_exchange",
        a_visitor_who_leaves_ends_the_exchange,
    ),
    (
        "llm::a_chat_server_that_fails_leaves_an_answer",
        a_chat_server_that_fails_leaves_an_answer,
    ),
    (
        "llm::the_emulator_is_a_chat_server_to_openais_client",
        real::the_emulator_is_a_chat_server_to_openais_client,
    ),
];

/// A model that computes for as long as it may take, with timeouts that count that.
pub(crate) const ALONE_CASES: &[OwnCase] = &[
    (
        "llm::a_real_model_answers_aloud",
        real::a_real_model_answers_aloud,
    ),
    (
        "llm::a_real_model_speaks_with_a_real_servers_voice",
        real::a_real_model_speaks_with_a_real_servers_voice,
    ),
];

const QUESTION: &str = "What did she do at Harvard?";

/// A host whose llm asks the server at `base` and has these settings beside the address.
fn talking_host(base: &str, settings: Table) -> Result<Host> {
    Host::configured(|config| answer_by(config, base, settings))
}

/// Makes the server at `base` the llm.
pub(crate) fn answer_by(config: &mut Table, base: &str, settings: Table) -> Result<()> {
    let mut environment = settings;
    environment.insert("LLM_BASE_URL".into(), base.into());
    // What one answer does must not change what becomes of the next.
    environment.insert("LLM_RETRIES".into(), "0".into());
    environment.insert("LLM_BREAKER_FAILURES".into(), "1000".into());
    let mounts = stage(config, "llm")?.get("mounts").cloned();
    replace(
        config,
        "llm",
        "components/llm-openai.wasm",
        &[base],
        environment,
    )?;
    let stage = stage(config, "llm")?;
    stage.extend(mounts.map(|mounts| ("mounts".to_owned(), mounts)));
    stage.insert("deadline_ms".into(), 150_000.into());
    // A model on a machine that does much else is slow.
    let server = config.get_mut("server").and_then(toml::Value::as_table_mut);
    let server = server.context("server")?;
    server.insert("request_timeout_ms".into(), 600_000.into());
    Ok(())
}

/// The host of most cases.
fn emulated(upstream: &Upstream, timeout_ms: &str) -> Result<Host> {
    talking_host(
        &upstream.url,
        toml! {
            LLM_MODEL = "usual"
            LLM_MODEL_FAST = "quick"
            LLM_MODEL_HIGH = "good"
            LLM_TIMEOUT_MS = timeout_ms
            LLM_TOTAL_TIMEOUT_MS = "600000"
        },
    )
}

/// An answer in text only.
fn told(host: &Host) -> Result<Value> {
    let body = json!({ "text": QUESTION, "speak": false });
    let url = format!("{}/process/text", host.url);
    expect_json(host.client.post(url).json(&body).send()?)
}

fn a_chat_server_is_asked_as_openai_says() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    let base = upstream.url.clone();
    // A variable that is certainly there stands for a key.
    let key = format!("Bearer {}", std::env::var("PATH")?);
    let host = Host::configured(|config| {
        let environment = toml! {
            LLM_BASE_URL = base
            LLM_MODEL = "usual"
            LLM_MODEL_FAST = "quick"
            LLM_MODEL_HIGH = "good"
        };
        replace(
            config,
            "llm",
            "components/llm-openai.wasm",
            &[&upstream.url],
            environment,
        )?;
        let stage = stage(config, "llm")?;
        let credentials = Table::from_iter([(
            upstream.url.clone(),
            toml::Value::Table(toml! { env = "PATH" }),
        )]);
        stage.insert("credentials".into(), credentials.into());
        let content = colloquy_tests::root().canonicalize()?.join("content");
        let mounts =
            Table::from_iter([("/content".to_owned(), content.display().to_string().into())]);
        stage.insert("mounts".into(), mounts.into());
        Ok(())
    })?;
    // The model names the first of the items that it was given.
    upstream.answer(|request| {
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let rules = asked["messages"][0]["content"].as_str().unwrap_or_default();
        let id = rules
            .split("Item with the id ")
            .nth(1)
            .and_then(|rest| rest.split(':').next())
            .unwrap_or("none");
        let line = format!("_Mark I_. 🎉\n\nITEMS: {id}");
        streamed(
            stream(&["**She** worked ", "on the ", &line]),
            Way::Pieces(7),
        )
    });
    let mut session = None;
    for (strategy, model, most) in [
        (None, "usual", 220),
        (Some("fast"), "quick", 120),
        (Some("high"), "good", 320),
    ] {
        let mut body = json!({ "text": QUESTION, "speak": false });
        if let Some(strategy) = strategy {
            body["strategy"] = strategy.into();
        }
        if let Some(session) = &session {
            body["session_id"] = Value::clone(session);
        }
        let url = format!("{}/process/text", host.url);
        let answer = expect_json(host.client.post(url).json(&body).send()?)?;
        ensure!(
            answer["response"] == "She worked on the Mark I.",
            "{answer}"
        );
        ensure!(answer["degraded"] == json!([]), "{answer}");
        ensure!(
            answer["stages"]["llm"]
                .as_str()
                .is_some_and(|name| name.starts_with("llm-openai@")),
            "{answer}"
        );
        let first = &answer["items"][0]["id"];
        ensure!(
            first.is_string() && answer["metadata"]["cards_mentioned"] == json!([first]),
            "{answer}"
        );
        let received = upstream.received()?;
        ensure!(received.len() == 1, "{} requests", received.len());
        ensure!(
            received[0].header("authorization")? == Some(&key),
            "the host's key is not the one that was sent"
        );
        let asked = asked(&received[0])?;
        ensure!(
            asked["model"] == model && asked["max_tokens"] == most,
            "{asked}"
        );
        let rules = asked["messages"][0]["content"].as_str().context("rules")?;
        ensure!(
            rules.contains("You are Ruth.") && rules.contains("Harvard"),
            "{rules}"
        );
        let messages = asked["messages"].as_array().context("messages")?;
        let question = messages.last().context("a message")?;
        ensure!(
            question["content"]
                .as_str()
                .is_some_and(|text| text.starts_with(&format!("<question>{QUESTION}</question>"))),
            "{question}"
        );
        // The second turn knows the first.
        ensure!((messages.len() > 2) == session.is_some(), "{asked}");
        session = Some(answer["session_id"].clone());
    }
    ensure!(
        upstream.connections() == 1,
        "{} connections",
        upstream.connections()
    );
    let log = host.log()?;
    ensure!(
        log.contains("usual: Stop; tokens: 321 of the prompt, 45 of the answer"),
        "usage is not in the log: {log}"
    );
    ensure!(
        !log.contains(&key) && !log.contains("Mark I."),
        "the log has the key or the answer"
    );
    Ok(())
}

/// The server holds back the rest until audio of the first sentence was heard. Nothing is timed: were the answer collected anywhere,
/// neither would ever go on.
fn an_answer_is_heard_before_it_is_finished() -> Result<()> {
    let gate = Gate::default();
    let first = beginning(&["She worked on the Mark I. ", "Then she "]);
    let rest = stream(&["wrote a book about it.\nITEMS: none"]);
    let body = first.clone() + &rest;
    let reply = streamed(body, Way::HoldsAfter(first.len(), gate.clone()));
    let upstream = Upstream::start(move |_| reply.clone())?;
    let host = emulated(&upstream, "60000")?;
    let mut before = String::new();
    let done = events(&host, |name, data| {
        match name {
            "token" if !gate.is_open() => before += data["text"].as_str().context("text")?,
            "audio" => gate.open(),
            _ => {}
        }
        Ok(true)
    })?;
    let done = done.context("no end")?;
    ensure!(gate.is_open(), "there was no audio");
    ensure!(
        before.starts_with("She worked on the Mark I.") && !before.contains("book"),
        "{before}"
    );
    ensure!(
        done["response"] == "She worked on the Mark I. Then she wrote a book about it.",
        "{done}"
    );
    ensure!(
        done["metadata"]["cards_mentioned"] == json!([]) && done["degraded"] == json!([]),
        "{done}"
    );
    Ok(())
}

/// In the middle of text, and in the middle of none: thoughts, or a server that only keeps the connection alive.
fn a_visitor_who_leaves_ends_the_exchange() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    let host = emulated(&upstream, "100000")?;
    let begun = beginning(&["She worked "]);
    // Far from the length at which the stage itself would end it.
    let text = event(&json!({ "content": " on" }), None);
    let thought = event(&json!({ "reasoning": "Hm." }), None);
    for more in [text, thought, ": ping\n\n".to_owned()] {
        let gone = Gate::default();
        let way = Way::Repeats(begun.len(), gone.clone());
        let reply = streamed(begun.clone() + &more, way);
        upstream.answer(move |_| reply.clone());
        let left = events(&host, |name, _| Ok(name != "token"))?;
        ensure!(left.is_none(), "there was no token");
        ensure!(gone.pass(), "the exchange goes on: {more}");
    }
    ensure!(
        host.metric("colloquy_stage_instances_retired_total", "stage=\"llm\"")? == 0.0,
        "an instance was retired"
    );
    Ok(())
}

fn a_chat_server_that_fails_leaves_an_answer() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    let host = emulated(&upstream, "1500")?;
    let whole = stream(&["She worked ", "on the Mark I."]);
    let begun = beginning(&["She worked "]);
    let broken = begun.clone() + "data: {\"error\":{\"message\":\"CUDA\",\"code\":500}}\n\n";
    let html = "<html>sign in</html>";
    for (reply, keeps) in [
        (Reply::refusal(400, Vec::new(), "{}"), false),
        (Reply::refusal(401, Vec::new(), "{}"), false),
        (Reply::refusal(429, Vec::new(), "{}"), false),
        (Reply::refusal(500, Vec::new(), "{}"), false),
        (Reply::ok("text/html", html, Way::Whole), false),
        (streamed(whole.clone(), Way::Never), false),
        (streamed(whole.clone(), Way::CutAfter(20)), false),
        (streamed(whole.clone(), Way::StopsAfter(20)), false),
        (streamed("", Way::Whole), false),
        (streamed("data: nonsense\n\n", Way::Whole), false),
        // What has been said stays said.
        (streamed(whole.clone(), Way::CutAfter(begun.len())), true),
        (streamed(whole.clone(), Way::StopsAfter(begun.len())), true),
        (streamed(broken, Way::Whole), true),
        (streamed(begun, Way::Whole), true),
    ] {
        let about = format!("{} {:?}", reply.status, reply.way);
        upstream.answer(move |_| reply.clone());
        let answer = told(&host).with_context(|| about.clone())?;
        ensure!(answer["degraded"] == json!(["llm"]), "{about}: {answer}");
        let said = answer["response"].as_str().context("response")?;
        // Without a word of the server's the cards speak for themselves.
        ensure!(
            if keeps {
                said == "She worked"
            } else {
                said.len() > 20
            },
            "{about}: {answer}"
        );
        ensure!(answer["items"][0]["id"].is_string(), "{about}: {answer}");
    }
    ensure!(
        host.metric("colloquy_stage_instances_retired_total", "stage=\"llm\"")? == 0.0,
        "an instance was retired"
    );
    // A server that does not know the option, one that does not stream, and one that streams as it should.
    let document = json!({
        "object": "chat.completion",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "She worked on the Mark I." }, "finish_reason": "stop" }],
    });
    let whole = [
        (400, streamed(whole.clone(), Way::Pieces(5))),
        (
            200,
            Reply::ok("application/json", document.to_string(), Way::Whole),
        ),
        (200, streamed(whole, Way::Pieces(1))),
    ];
    for (status, reply) in whole {
        upstream.answer(move |request| {
            let text = String::from_utf8_lossy(&request.body);
            if status != 200 && text.contains("stream_options") {
                Reply::refusal(status, Vec::new(), r#"{"message":"stream_options"}"#)
            } else {
                reply.clone()
            }
        });
        let answer = told(&host)?;
        ensure!(
            answer["response"] == "She worked on the Mark I." && answer["degraded"] == json!([]),
            "{answer}"
        );
    }
    Ok(())
}
