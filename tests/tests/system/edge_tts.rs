//! Speech by Microsoft Edge's service, emulated: over plain and encrypted connections, with every fault, and nowhere else.
//!
//! The emulator is a program of its own (`tests/tools/edge_server.py`), which the real client of that service understands.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, stage};
use colloquy_tests::process::Server;
use colloquy_tests::python;
use colloquy_tests::speech::{Wav, word_error_rate};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use toml::{Table, toml};

use super::OwnCase;
use super::remote::replace;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "edge_tts::the_real_client_understands_the_emulator",
        the_real_client_understands_the_emulator,
    ),
    (
        "edge_tts::a_service_of_edge_is_understood",
        a_service_of_edge_is_understood,
    ),
    (
        "edge_tts::a_certificate_of_a_stranger_is_refused",
        a_certificate_of_a_stranger_is_refused,
    ),
    (
        "edge_tts::a_service_of_edge_that_fails_leaves_the_text",
        a_service_of_edge_that_fails_leaves_the_text,
    ),
    (
        "edge_tts::a_clock_that_is_wrong_does_not_matter",
        a_clock_that_is_wrong_does_not_matter,
    ),
    (
        "edge_tts::connections_go_to_listed_destinations_only",
        connections_go_to_listed_destinations_only,
    ),
];

/// How long the emulator may take to notice that a client is gone.
const LIMIT: Duration = Duration::from_secs(120);
const QUESTION: &str = "What did she do at Harvard?";
const PATH: &str = "consumer/speech/synthesize/readaloud/edge/v1";

/// The emulator.
struct Service {
    _process: Server,
    folder: TempDir,
    client: Client,
    plain: u16,
    tls: u16,
    /// With a certificate that nobody knows.
    strange: u16,
}

impl Service {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = python::command("edge_server.py")?;
        command.arg(folder.path());
        let ready = |line: &str| {
            let ports = line.strip_prefix("ready ")?.split(' ');
            let ports: Result<Vec<u16>, _> = ports.map(str::parse).collect();
            <[u16; 3]>::try_from(ports.ok()?).ok()
        };
        let log = folder.path().join("service.log");
        let (process, [plain, tls, strange]) = Server::start(&mut command, log, ready)?;
        Ok(Self {
            _process: process,
            folder,
            client: Client::new(),
            plain,
            tls,
            strange,
        })
    }

    /// The certificate of its authority.
    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// How it behaves from now on, see the emulator's `Behaviour`.
    fn behave(&self, behaviour: &Value) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/control", self.plain);
        let response = self.client.post(url).json(behaviour).send()?;
        response.error_for_status()?;
        Ok(())
    }

    /// What it saw since the last time; a client that did something wrong is an error.
    fn seen(&self) -> Result<Vec<Value>> {
        let url = format!("http://127.0.0.1:{}/seen", self.plain);
        let seen: Vec<Value> = self.client.get(url).send()?.error_for_status()?.json()?;
        let wrong = seen.iter().find(|event| event.get("wrong").is_some());
        ensure!(wrong.is_none(), "{wrong:?}");
        Ok(seen)
    }
}

/// A host whose tts asks the service at `origin`, and may reach what `outbound` lists. `authority` is whose certificates are believed.
fn speaking_host(
    origin: &str,
    outbound: &[&str],
    authority: Option<&Service>,
    settings: Table,
) -> Result<Host> {
    let authority = authority.map(|service| service.authority().display().to_string());
    let variable: Vec<_> = authority
        .iter()
        .map(|file| ("SSL_CERT_FILE", file.as_str()))
        .collect();
    Host::configured_in(&variable, |config| {
        let mut environment = settings;
        environment.insert("EDGE_URL".into(), format!("{origin}/{PATH}").into());
        // What one answer does must not change what becomes of the next.
        environment.insert("EDGE_BREAKER_FAILURES".into(), "1000".into());
        let file = "components/tts-edge.wasm";
        replace(config, "tts", file, outbound, environment)?;
        stage(config, "tts")?.insert("deadline_ms".into(), 90_000.into());
        Ok(())
    })
}

fn patient() -> Table {
    toml! {
        EDGE_CONNECT_TIMEOUT_MS = "60000"
        EDGE_TIMEOUT_MS = "60000"
    }
}

fn the_real_client_understands_the_emulator() -> Result<()> {
    let service = Service::start()?;
    let file = service.folder.path().join("said.mp3");
    let said = "Fish and chips are on the table.";
    let mut client = python::command("edge_client.py")?;
    let output = client
        .args([&service.plain.to_string(), said])
        .arg(&file)
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(
        String::from_utf8(output.stdout)? == "en-US-EmmaMultilingualNeural\n",
        "the voices"
    );
    let seen = service.seen()?;
    let asked = seen.iter().find(|event| event.get("said").is_some());
    let asked = asked.context("it said nothing")?;
    ensure!(asked["said"] == said && asked["rate"] == 10, "{asked}");
    let host = Host::start()?;
    let heard = host.hear("said.mp3", std::fs::read(file)?)?;
    let heard = heard["transcription"].as_str().context("transcription")?;
    let errors = word_error_rate(said, heard);
    ensure!(errors <= 0.25, "{errors}, heard {heard:?}");
    Ok(())
}

fn a_service_of_edge_is_understood() -> Result<()> {
    let service = Service::start()?;
    let plain = format!("ws://127.0.0.1:{}", service.plain);
    let secure = format!("wss://127.0.0.1:{}", service.tls);
    // The name is looked up.
    let named = format!("wss://localhost:{}", service.tls);
    for (origin, format) in [
        (plain.as_str(), "raw-24khz-16bit-mono-pcm"),
        (plain.as_str(), "audio-24khz-48kbitrate-mono-mp3"),
        (secure.as_str(), "audio-24khz-48kbitrate-mono-mp3"),
        (named.as_str(), "audio-24khz-48kbitrate-mono-mp3"),
    ] {
        let mut settings = patient();
        settings.insert("EDGE_FORMAT".into(), format.into());
        let host = speaking_host(origin, &[origin], Some(&service), settings)?;
        let answer = host.ask(QUESTION, None)?;
        ensure!(
            answer["degraded"] == json!([]),
            "{origin} {format}: {answer}\n{}",
            host.log()?
        );
        let stage = answer["stages"]["tts"].as_str();
        ensure!(
            stage.is_some_and(|name| name.starts_with("tts-edge@")),
            "{answer}"
        );
        let seen = service.seen()?;
        ensure!(
            seen.iter()
                .filter(|event| event.get("opened").is_some())
                .all(|event| event["tls"] == origin.starts_with("wss")),
            "{seen:?}"
        );
        let spoken: Vec<_> = seen.iter().filter_map(|it| it["said"].as_str()).collect();
        let said = answer["response"].as_str().context("response")?;
        ensure!(
            word_error_rate(said, &spoken.join(" ")) == 0.0,
            "{spoken:?} is not {said:?}"
        );
        let audio = host.audio(&answer)?;
        ensure!(Wav::parse(&audio)?.sample_rate == 24_000, "the rate");
        let heard = host.hear("answer.wav", audio)?;
        let heard = heard["transcription"].as_str().context("transcription")?;
        let errors = word_error_rate(said, heard);
        ensure!(
            errors <= 0.25,
            "{origin} {format}: {errors}, said {said:?}, heard {heard:?}"
        );
    }
    Ok(())
}

fn a_certificate_of_a_stranger_is_refused() -> Result<()> {
    let service = Service::start()?;
    for port in [service.strange, service.plain] {
        let origin = format!("wss://127.0.0.1:{port}");
        let host = speaking_host(&origin, &[&origin], Some(&service), patient())?;
        leaves_the_text(&host)?;
        let log = host.log()?;
        ensure!(log.contains("no secure connection"), "{log}");
    }
    ensure!(service.seen()?.is_empty(), "somebody came in");
    Ok(())
}

fn a_service_of_edge_that_fails_leaves_the_text() -> Result<()> {
    let service = Service::start()?;
    let origin = format!("ws://127.0.0.1:{}", service.plain);
    let host = speaking_host(&origin, &[&origin], None, patient())?;
    for fault in [
        "forbidden",
        "busy",
        "no-audio",
        "cut",
        "close",
        "wrong-format",
        "wrong-frame",
        "noise",
    ] {
        service.behave(&json!({ "fault": fault }))?;
        leaves_the_text(&host).with_context(|| fault)?;
        let seen = service.seen()?;
        ensure!(!seen.is_empty(), "{fault}: nobody came");
    }
    service.behave(&json!({}))?;
    let answer = host.ask(QUESTION, None)?;
    ensure!(answer["degraded"] == json!([]), "{answer}");
    ensure!(
        host.metric("colloquy_stage_instances_retired_total", "stage=\"tts\"")? == 0.0,
        "an instance was retired"
    );

    // A service that stops in the middle, and one that is not there.
    let hurried = toml! { EDGE_TIMEOUT_MS = "1500" };
    let host = speaking_host(&origin, &[&origin], None, hurried)?;
    service.behave(&json!({ "fault": "silence" }))?;
    leaves_the_text(&host)?;
    // The connection was closed, which ends what the emulator does for it.
    let closed = |seen: Vec<Value>| seen.iter().any(|event| event.get("closed").is_some());
    let started = Instant::now();
    while !closed(service.seen()?) {
        ensure!(started.elapsed() < LIMIT, "the connection was not closed");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(service);
    leaves_the_text(&host)
}

fn leaves_the_text(host: &Host) -> Result<()> {
    let answer = host.ask(QUESTION, None)?;
    ensure!(answer["degraded"] == json!(["tts"]), "{answer}");
    let text = answer["response"].as_str();
    ensure!(text.is_some_and(|text| text.len() > 20), "{answer}");
    Ok(())
}

fn a_clock_that_is_wrong_does_not_matter() -> Result<()> {
    let service = Service::start()?;
    let origin = format!("ws://127.0.0.1:{}", service.plain);
    service.behave(&json!({ "clock_skew_s": 7200 }))?;
    let mut settings = patient();
    settings.insert("EDGE_VOICE".into(), "en-US-EmmaMultilingualNeural".into());
    let host = speaking_host(&origin, &[&origin], None, settings)?;
    let answer = host.ask(QUESTION, None)?;
    ensure!(answer["degraded"] == json!([]), "{answer}");
    let seen = service.seen()?;
    let first = seen.first().context("nobody came")?;
    let token = first["query"]["Sec-MS-GEC"].as_str().unwrap_or_default();
    ensure!(token.len() == 64, "{first}");
    let refused = seen.iter().filter(|it| it.get("refused").is_some());
    // Each instance asks the time once.
    ensure!(refused.count() >= 1, "{seen:?}");
    Ok(())
}

fn connections_go_to_listed_destinations_only() -> Result<()> {
    let service = Service::start()?;
    let origin = format!("ws://127.0.0.1:{}", service.plain);
    let secure = format!("wss://localhost:{}", service.tls);
    let elsewhere = "wss://speech.example.com";
    // Without a grant, with one for requests to the same place, with one for another port, and for a name that is not the listed one.
    let lookup = "a lookup was refused";
    let connection = "a connection was refused";
    for (to, outbound, told) in [
        (&origin, vec![], ""),
        (&origin, vec![origin.replace("ws:", "http:")], ""),
        (
            &origin,
            vec![secure.clone(), elsewhere.to_owned()],
            connection,
        ),
        (
            &secure,
            vec![secure.replace("localhost", "127.0.0.1")],
            lookup,
        ),
    ] {
        let outbound: Vec<_> = outbound.iter().map(String::as_str).collect();
        let host = speaking_host(to, &outbound, Some(&service), patient())?;
        leaves_the_text(&host).with_context(|| format!("{to} {outbound:?}"))?;
        let log = host.log()?;
        ensure!(log.contains(told), "{to} {outbound:?}: {log}");
    }
    ensure!(service.seen()?.is_empty(), "somebody came in");

    // A stage that may connect there may do nothing else with sockets.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let target = listener.local_addr()?.to_string();
    let host = Host::configured(|config| {
        let environment = toml! { TARGET = target };
        let file = "tests/hostile-llm.wasm";
        replace(config, "llm", file, &[&origin, elsewhere], environment)
    })?;
    let answer = host.ask("please look around", None)?;
    let said = answer["response"].as_str().context("response")?;
    ensure!(said.contains("the network was closed"), "{said}");
    ensure!(listener.accept().is_err(), "it was connected to");
    TcpStream::connect(listener.local_addr()?)?;
    ensure!(listener.accept().is_ok(), "it could not be connected to");
    Ok(())
}
