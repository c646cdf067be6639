//! What a host keeps in servers: a Redis that is killed and comes back, and audio in an S3 bucket.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, table};
use colloquy_tests::{process, redis, s3};
use serde_json::{Value, json};
use toml::Table;

use super::OwnCase;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "stores::a_host_outlives_its_redis_and_goes_on_with_it",
        a_host_outlives_its_redis_and_goes_on_with_it,
    ),
    (
        "stores::a_redis_that_does_not_answer_is_not_waited_for",
        a_redis_that_does_not_answer_is_not_waited_for,
    ),
    ("stores::redis_is_asked_over_tls", redis_is_asked_over_tls),
    (
        "stores::audio_lives_in_object_storage",
        audio_lives_in_object_storage,
    ),
];

/// How long something may take that has no other limit.
const LIMIT: Duration = Duration::from_secs(120);

/// These buckets, and one instance of every stage.
pub(crate) fn arrange(config: &mut Table, buckets: &[(&str, Table)]) -> Result<()> {
    for (name, bucket) in buckets {
        table(config, "keyvalue")?.insert((*name).into(), bucket.clone().into());
    }
    for (_, stage) in table(config, "stage")? {
        let stage = stage.as_table_mut().context("a stage is a table")?;
        stage.insert("instances".into(), 1.into());
    }
    Ok(())
}

/// Asks in text for an answer in text.
fn ask(host: &Host, session: &str) -> Result<reqwest::blocking::Response> {
    let url = format!("{}/process/text", host.url);
    let body =
        json!({ "text": "What did she do at Harvard?", "session_id": session, "speak": false });
    Ok(host.client.post(url).json(&body).send()?)
}

fn n_turns(host: &Host, session: &str) -> Result<usize> {
    let state = host.get_json(&format!("/session/{session}"))?;
    let history = state["conversation_history"].as_array();
    Ok(history.with_context(|| state.to_string())?.len())
}

fn with_redis(redis: &redis::Server, timeout_ms: i64) -> Result<Host> {
    let mut bucket = redis.bucket();
    bucket.insert("timeout_ms".into(), timeout_ms.into());
    let names = ["sessions", "limits", "breakers"];
    Host::configured(|config| arrange(config, &names.map(|name| (name, bucket.clone()))))
}

/// The host is there, says what it lacks, and refuses what needs it.
fn refuses(host: &mut Host, session: &str) -> Result<()> {
    expect_problem(ask(host, session)?, 503, "STAGE_UNAVAILABLE")?;
    expect_problem(
        host.get(&format!("/session/{session}"))?,
        503,
        "STAGE_UNAVAILABLE",
    )?;
    ensure!(host.is_alive(), "{}", host.log()?);
    ensure!(host.get("/livez")?.status() == 200);
    ensure!(host.get("/metrics")?.status() == 200);
    let ready = host.get("/readyz")?;
    ensure!(ready.status() == 503, "{}", ready.status());
    let body: Value = ready.json()?;
    ensure!(
        body["waiting_for"]["keyvalue.sessions"].is_string(),
        "{body}"
    );
    Ok(())
}

fn a_host_outlives_its_redis_and_goes_on_with_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let port = process::free_port()?;
    let Some(server) = redis::Server::start(port, folder.path())? else {
        return Ok(());
    };
    let mut host = with_redis(&server, 5_000)?;
    let session = host.create_session()?;
    expect_json(ask(&host, &session)?)?;

    // In the middle of turns that follow each other: each is answered, one way or the other.
    let (client, url, id) = (host.client.clone(), host.url.clone(), session.clone());
    let (told, answers) = std::sync::mpsc::channel();
    let asking = std::thread::spawn(move || -> Result<()> {
        loop {
            let body = json!({ "text": "Hello", "session_id": id, "speak": false });
            let answer = client
                .post(format!("{url}/process/text"))
                .json(&body)
                .send()?;
            let status = answer.status().as_u16();
            if told.send(status).is_err() {
                return Ok(());
            }
        }
    });
    let mut kept = 1;
    let mut server = Some(server);
    let since = Instant::now();
    loop {
        match answers.recv_timeout(LIMIT)? {
            200 => kept += 1,
            503 if server.is_none() => break,
            status => bail!("{status}: {}", host.log()?),
        }
        if kept == 4 {
            server = None;
        }
        ensure!(since.elapsed() < LIMIT, "turns go on without Redis");
    }
    drop(answers);
    asking
        .join()
        .map_err(|_| anyhow::anyhow!("who asks panicked"))??;
    refuses(&mut host, &session)?;

    let _server = redis::Server::start(port, folder.path())?;
    host.wait_ready()?;
    // A turn that lost Redis in its middle still has the session, for as long as its lease lasts.
    let since = Instant::now();
    loop {
        let answer = ask(&host, &session)?;
        match answer.status().as_u16() {
            200 => break,
            409 if since.elapsed() < LIMIT => {
                expect_problem(answer, 409, "SESSION_BUSY")?;
                std::thread::sleep(Duration::from_millis(200));
            }
            status => bail!("{status}: {}", answer.text()?),
        }
    }
    // Those that were answered with 200 are there, with this one; and one whose answer was lost may be.
    let n = n_turns(&host, &session)?;
    ensure!(
        (kept + 1..=kept + 2).contains(&n),
        "{n} turns, {kept} before"
    );
    // The other buckets may not have noticed: nobody asked for them.
    let log = host.log()?;
    for text in ["a store cannot be used", "the store can be used again"] {
        let told = log
            .lines()
            .filter(|line| line.contains(text) && line.contains("{sessions}"));
        ensure!(told.count() == 1, "{text}: {log}");
    }
    Ok(())
}

fn a_redis_that_does_not_answer_is_not_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(server) = redis::Server::start(process::free_port()?, folder.path())? else {
        return Ok(());
    };
    let mut host = with_redis(&server, 1_000)?;
    let session = host.create_session()?;
    expect_json(ask(&host, &session)?)?;
    server.signal("-STOP")?;
    for _ in 0..20 {
        expect_problem(ask(&host, &session)?, 503, "STAGE_UNAVAILABLE")?;
    }
    refuses(&mut host, &session)?;
    server.signal("-CONT")?;
    host.wait_ready()?;
    expect_json(ask(&host, &session)?)?;
    ensure!(n_turns(&host, &session)? == 2);
    Ok(())
}

fn redis_is_asked_over_tls() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, made.cert.pem())?;
    std::fs::write(
        folder.path().join("key.pem"),
        made.signing_key.serialize_pem(),
    )?;
    let port = process::free_port()?;
    let Some(server) = redis::Server::start_tls(port, folder.path())? else {
        return Ok(());
    };
    let bucket = server.bucket();
    let edit = |config: &mut Table| arrange(config, &[("sessions", bucket.clone())]);
    let trusted = certificate.display().to_string();
    let host = Host::configured_in(&[("SSL_CERT_FILE", &trusted)], edit)?;
    let session = host.create_session()?;
    expect_json(ask(&host, &session)?)?;
    ensure!(n_turns(&host, &session)? == 1);
    drop(host);

    // Nobody vouches for it where the system's certificates are others.
    let stranger = Host::spawned(edit)?;
    let created = stranger
        .client
        .post(format!("{}/session/create", stranger.url));
    expect_problem(created.send()?, 503, "STAGE_UNAVAILABLE")?;
    let log = stranger.log()?;
    ensure!(
        log.contains("a store cannot be used") && log.contains("certificate"),
        "{log}"
    );
    Ok(())
}

fn audio_lives_in_object_storage() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = s3::Server::start(folder.path())?;
    let mut host = Host::configured_in(&[s3::CREDENTIALS], |config| {
        arrange(config, &[("audio", server.bucket())])
    })?;
    let session = host.create_session()?;
    let answer = host.ask("Hello", Some(&session))?;
    let whole = host.audio(&answer)?;
    ensure!(
        whole.starts_with(b"RIFF") && whole.len() > 10_000,
        "{} bytes",
        whole.len()
    );
    let id = answer["audio_file"].as_str().context("audio_file")?;
    let path = format!("/audio/{id}");
    let part = |range: String| {
        let url = format!("{}{path}", host.url);
        host.client.get(url).header("range", range).send()
    };
    let some = part("bytes=100-299".into())?;
    ensure!(some.status() == 206, "{}", some.status());
    ensure!(some.bytes()? == whole[100..300], "other bytes");
    let end = part(format!("bytes={}-", whole.len() - 7))?;
    ensure!(
        end.status() == 206 && end.bytes()? == whole[whole.len() - 7..],
        "other bytes"
    );
    ensure!(part(format!("bytes={}-", whole.len()))?.status() == 416);
    // The server has it, and as the file that it is.
    ensure!(server.objects()? == 1, "{} objects", server.objects()?);

    // What is there does not depend on the process.
    host.kill_and_restart()?;
    ensure!(host.audio(&answer)? == whole, "other bytes after a restart");
    let log = host.log()?;
    ensure!(!log.contains("secret"), "{log}");
    let url = format!("{}/session/{session}", host.url);
    expect_json(host.client.delete(url).send()?)?;
    expect_problem(host.get(&path)?, 404, "NOT_FOUND")?;
    ensure!(server.objects()? == 0, "{} objects", server.objects()?);

    // Without the server there is nowhere to keep speech, so the answer is text.
    drop(server);
    let session = host.create_session()?;
    expect_json(ask(&host, &session)?)?;
    let spoken = expect_json(host.post_text("Hello", Some(&session))?)?;
    ensure!(
        spoken["degraded"] == serde_json::json!(["store"]) && spoken["audio_file"].is_null(),
        "{spoken}"
    );
    ensure!(host.is_alive(), "{}", host.log()?);
    let ready: Value = host.get("/readyz")?.json()?;
    ensure!(
        ready["waiting_for"]["keyvalue.audio"].is_string(),
        "{ready}"
    );
    Ok(())
}
