//! Traces, as a collector gets them; and, over a host that has every part, that rules and dashboard ask for metrics that there are.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, stage};
use colloquy_tests::otlp::{Span, spans};
use colloquy_tests::upstream::{Received, Reply, Upstream, Way};
use colloquy_tests::{recordings, root, until};
use reqwest::blocking::multipart;
use toml::{Table, toml};

use super::super::llm::chat::{stream, streamed};
use super::super::remote::replace;
use super::QUESTION;

/// Whose work a spoken turn is.
const STAGES: [&str; 7] = ["asr", "content", "ingest", "intent", "llm", "tts", "vad"];

/// A collector, and a host that tells it of every turn and asks a server for its words.
struct Watched {
    collector: Upstream,
    words: Upstream,
    host: Host,
}

fn watched() -> Result<Watched> {
    let collector = Upstream::start(|_| Reply::ok("application/x-protobuf", "", Way::Whole))?;
    let words =
        Upstream::start(|_| streamed(stream(&["She programmed ", "the Mark I."]), Way::Whole))?;
    // A variable that is certainly there stands for a key.
    let header = Table::from_iter([("env".to_owned(), "PATH".into())]);
    let host = Host::configured(|config| {
        let base = words.url.clone();
        let environment = toml! {
            LLM_BASE_URL = base
            LLM_MODEL = "usual"
        };
        let mounts = stage(config, "llm")?.get("mounts").cloned();
        replace(
            config,
            "llm",
            "components/llm-openai.wasm",
            &[&words.url],
            environment,
        )?;
        let llm = stage(config, "llm")?;
        llm.extend(mounts.map(|mounts| ("mounts".to_owned(), mounts)));
        llm.insert("keyvalue".into(), vec!["breakers".to_owned()].into());
        let endpoint = collector.url.clone();
        let mut otlp = toml! {
            endpoint = endpoint
            service_name = "test"
        };
        otlp.insert(
            "headers".into(),
            Table::from_iter([("x-key".to_owned(), header.into())]).into(),
        );
        let telemetry = Table::from_iter([("otlp".to_owned(), otlp.into())]);
        config.insert("telemetry".into(), telemetry.into());
        Ok(())
    })?;
    Ok(Watched {
        collector,
        words,
        host,
    })
}

impl Watched {
    /// The spans of a trace, once the request's own is among them, and all that the collector was sent.
    fn trace(&self, trace: &str) -> Result<(Vec<Span>, Vec<Received>)> {
        let (mut found, mut sent) = (Vec::new(), Vec::new());
        until("every span of the turn", || {
            // Each request is given once.
            for request in self.collector.received()? {
                let spans = spans(&request)?.into_iter();
                found.extend(spans.filter(|span| span.trace == trace));
                sent.push(request);
            }
            // Work ends when its instance is given back, which may be a moment after the response.
            let there = |name: &str| found.iter().any(|span| span.name == name);
            Ok(found.iter().any(|span| span.kind == 2) && STAGES.into_iter().all(there))
        })?;
        Ok((found, sent))
    }
}

pub(super) fn the_spans_of_a_turn_hang_together() -> Result<()> {
    let watched = watched()?;
    let host = &watched.host;
    let (trace, client) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let recording = std::fs::read(recordings::jfk()?.path)?;
    let part = multipart::Part::bytes(recording).file_name("jfk.flac");
    let form = multipart::Form::new().part("audio_file", part);
    let response = host
        .client
        .post(format!("{}/process", host.url))
        .header("traceparent", format!("00-{trace}-{client}-01"))
        .multipart(form)
        .send()?;
    let id = response.headers()["x-request-id"].to_str()?.to_owned();
    ensure!(
        response.headers().get("x-colloquy-route").is_none(),
        "what is for the host reached a client"
    );
    let session = expect_json(response)?["session_id"].to_string();

    let (spans, sent) = watched.trace(trace)?;
    let of_kind = |kind| spans.iter().filter(move |span| span.kind == kind);
    let request = of_kind(2).next().context("the span of the request")?;
    ensure!(of_kind(2).count() == 1, "{spans:#?}");
    ensure!(request.parent == client, "{request:?}");
    ensure!(request.name == "POST /process", "{request:?}");
    ensure!(
        request.attribute("colloquy.request_id")? == id,
        "{request:?}"
    );
    ensure!(
        request.attribute("http.route")? == "/process",
        "{request:?}"
    );
    ensure!(
        request.attribute("http.response.status_code")? == "200",
        "{request:?}"
    );
    ensure!(
        request.resource.get("service.name").map(String::as_str) == Some("test"),
        "{request:?}"
    );
    let names: BTreeSet<_> = of_kind(1).map(|span| span.name.as_str()).collect();
    ensure!(names == BTreeSet::from(STAGES), "{names:?}");
    for span in of_kind(1) {
        ensure!(span.parent == request.id, "{span:?}");
        ensure!(
            span.start >= request.start && span.end >= span.start,
            "{span:?} in {request:?}"
        );
        for name in ["colloquy.section", "colloquy.component", "colloquy.version"] {
            ensure!(!span.attribute(name)?.is_empty(), "{span:?}");
        }
        ensure!(span.attribute("colloquy.degraded")? == "false", "{span:?}");
        ensure!(
            span.attribute("colloquy.busy_ms")?.parse::<f64>()? > 0.0,
            "{span:?}"
        );
        if ["asr", "llm", "tts"].contains(&span.name.as_str()) {
            let ms = |name| -> Result<f64> { Ok(span.attribute(name)?.parse()?) };
            let first = ms("colloquy.first_ms")?;
            let all = (span.end - span.start) as f64 / 1e6;
            ensure!(first <= all + 1.0, "{first} of {all}: {span:?}");
        }
    }
    // The server learns which work it is asked for.
    let llm = spans
        .iter()
        .find(|span| span.name == "llm")
        .context("llm")?;
    let asked = watched.words.received()?;
    let told = asked[0].header("traceparent")?.context("traceparent")?;
    ensure!(
        told == format!("00-{trace}-{}-01", llm.id),
        "{told}: {llm:?}"
    );
    // The header of the collector comes from the environment, and nothing that was said goes there.
    let key = std::env::var("PATH")?;
    for request in sent {
        ensure!(
            request.header("x-key")? == Some(&*key),
            "{:?}",
            request.headers
        );
        let text = String::from_utf8_lossy(&request.body);
        for secret in ["Americans", "Mark I", session.trim_matches('"')] {
            ensure!(!text.contains(secret), "{secret} is in a span");
        }
    }
    every_name_is_a_metric(host)
}

/// Rules and dashboard ask for nothing that a host with all of its parts does not have.
fn every_name_is_a_metric(host: &Host) -> Result<()> {
    host.ask(QUESTION, None)?;
    until("an answer is counted", || {
        Ok(host.metric("content_cards_shown_total", "")? >= 1.0)
    })?;
    let text = host.get("/metrics")?.text()?;
    let there: BTreeSet<_> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    for file in ["prometheus/alerts.yml", "grafana/colloquy.json"] {
        let path = root().join("deploy").join(file);
        let asked = names(&std::fs::read_to_string(&path)?);
        ensure!(asked.len() >= 15, "{file}: {asked:?}");
        for name in asked {
            // A histogram is called by its own name in words.
            let whole = format!("{name}_count");
            ensure!(
                there.contains(name.as_str()) || there.contains(whole.as_str()),
                "{file} asks for {name}, which /metrics does not have:\n{text}"
            );
        }
    }
    Ok(())
}

/// Words that look like metrics of ours.
fn names(text: &str) -> BTreeSet<String> {
    let beginnings = [
        "colloquy_",
        "process_",
        "requests_",
        "request_duration_",
        "audio_processing_",
        "transcription_confidence_",
        "content_cards_",
        "session_duration_",
    ];
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| beginnings.iter().any(|it| word.starts_with(it)))
        .map(str::to_owned)
        .collect()
}

pub(super) fn a_collector_that_is_absent_delays_nothing() -> Result<()> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let host = Host::configured(|config| {
        let endpoint = format!("http://{nobody}");
        let otlp = toml! {
            endpoint = endpoint
            timeout_ms = 500
        };
        let telemetry = Table::from_iter([("otlp".to_owned(), otlp.into())]);
        config.insert("telemetry".into(), telemetry.into());
        Ok(())
    })?;
    for lost in 1..=3 {
        let answer = host.ask_in_writing(QUESTION, None)?;
        ensure!(answer["status"] == "success", "{answer}");
        let before = host.metric("colloquy_spans_total", r#"result="failed""#)?;
        until("spans are lost", || {
            host.get_json("/content/types")?;
            Ok(
                host.metric("colloquy_spans_total", r#"result="failed""#)?
                    > before.max(lost.into()),
            )
        })?;
    }
    let log = host.log()?;
    let told = log.matches("the trace collector cannot be reached").count();
    ensure!(told == 1, "told {told} times:\n{log}");
    Ok(())
}
