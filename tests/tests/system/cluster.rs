//! Three hosts behind nginx, with the configuration that is shipped, one Redis and one S3 bucket: any host goes on with what another began.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, table};
use colloquy_tests::{nginx, process, recordings, redis, s3};
use reqwest::blocking::{Client, Response, multipart};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::OwnCase;
use super::stores::arrange;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "cluster::any_host_goes_on_with_what_another_began",
        any_host_goes_on_with_what_another_began,
    ),
    (
        "cluster::a_session_goes_on_while_a_host_is_killed",
        a_session_goes_on_while_a_host_is_killed,
    ),
];

/// How long something may take that has no other limit.
const LIMIT: Duration = Duration::from_secs(120);

/// Three hosts and what they share. The order is that in which they are dropped.
struct Cluster {
    nginx: nginx::Server,
    hosts: [Host; 3],
    _redis: redis::Server,
    _s3: s3::Server,
    client: Client,
    _folder: TempDir,
}

impl Cluster {
    /// None where Redis or nginx are not installed.
    fn start() -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| -> Result<_> {
            let path = folder.path().join(name);
            std::fs::create_dir(&path)?;
            Ok(path)
        };
        let Some(redis) = redis::Server::start(process::free_port()?, &path("redis")?)? else {
            return Ok(None);
        };
        let s3 = s3::Server::start(&path("s3")?)?;
        let buckets = [
            ("sessions", redis.bucket()),
            ("limits", redis.bucket()),
            ("breakers", redis.bucket()),
            ("audio", s3.bucket()),
        ];
        let host = || {
            Host::spawned_in(&[s3::CREDENTIALS], |config| {
                let environment = table(table(config, "edge")?, "environment")?;
                environment.insert("TRUSTED_PROXIES".into(), "127.0.0.1".into());
                // A client that repeats its turn on another host finds the session again in this time.
                environment.insert("SESSION_LEASE_MS".into(), "5000".into());
                arrange(config, &buckets)
            })
        };
        let hosts = [host()?, host()?, host()?];
        for host in &hosts {
            host.wait_ready()?;
        }
        let urls = [&hosts[0], &hosts[1], &hosts[2]].map(|host| host.url.as_str());
        let Some(nginx) = nginx::Server::start(&urls, &path("nginx")?)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            nginx,
            hosts,
            _redis: redis,
            _s3: s3,
            client: Client::builder().timeout(LIMIT).build()?,
            _folder: folder,
        }))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.nginx.url)
    }

    fn get(&self, path: &str) -> Result<Response> {
        Ok(self.client.get(self.url(path)).send()?)
    }

    fn create_session(&self) -> Result<String> {
        let created = expect_json(self.client.post(self.url("/session/create")).send()?)?;
        Ok(created["session_id"]
            .as_str()
            .context("session_id")?
            .to_owned())
    }

    fn history(&self, session: &str) -> Result<Vec<Value>> {
        let state = expect_json(self.get(&format!("/session/{session}"))?)?;
        let history = state["conversation_history"].as_array().cloned();
        history.with_context(|| state.to_string())
    }

    /// A turn in text, repeated as a client does: while the session is busy, or no host has answered.
    fn ask(&self, text: &str, session: &str) -> Result<Value> {
        let since = Instant::now();
        loop {
            let body = json!({ "text": text, "session_id": session, "speak": false });
            let answer = self
                .client
                .post(self.url("/process/text"))
                .json(&body)
                .send()?;
            match answer.status().as_u16() {
                200 => return expect_json(answer),
                409 if since.elapsed() < LIMIT => expect_problem(answer, 409, "SESSION_BUSY")?,
                503 if since.elapsed() < LIMIT => expect_problem(answer, 503, "STAGE_UNAVAILABLE")?,
                status => bail!("{status}: {}", answer.text()?),
            };
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// An error in the shape that OpenAI's clients read.
fn expect_openai(answer: Response, status: u16, r#type: &str, code: &str) -> Result<()> {
    let (got, headers) = (answer.status(), answer.headers().clone());
    let mut document: Value = serde_json::from_str(&answer.text()?)?;
    let message = document["error"]["message"].take();
    let expected =
        json!({ "error": { "message": null, "type": r#type, "param": null, "code": code } });
    ensure!(got == status && document == expected, "{got}: {document}");
    ensure!(message.as_str().is_some_and(|it| !it.is_empty()));
    ensure!(
        headers["content-type"] == "application/json" && headers.contains_key("x-request-id"),
        "{headers:?}"
    );
    ensure!(
        status != 503 || headers.contains_key("retry-after"),
        "{headers:?}"
    );
    Ok(())
}

fn any_host_goes_on_with_what_another_began() -> Result<()> {
    let Some(cluster) = Cluster::start()? else {
        return Ok(());
    };
    let session = cluster.create_session()?;
    let questions = [
        "Which compilers did she write?",
        "Tell me more about the second one",
        "Hello",
    ];
    // One turn on each host: the second is about what the first one showed.
    let mut answers = Vec::new();
    for (host, text) in cluster.hosts.iter().zip(questions) {
        let body = json!({ "text": text, "session_id": session, "speak": false });
        let url = format!("{}/process/text", host.url);
        answers.push(expect_json(host.client.post(url).json(&body).send()?)?);
    }
    ensure!(
        answers[1]["items"][0]["id"] == answers[0]["items"][1]["id"],
        "asked for {} and got {}",
        answers[0]["items"][1],
        answers[1]["items"]
    );
    ensure!(cluster.history(&session)?.len() == 3);

    // Audio of one, from all, whole and in part.
    let spoken = cluster.hosts[0].ask("Hello", Some(&session))?;
    let whole = cluster.hosts[0].audio(&spoken)?;
    let id = spoken["audio_file"].as_str().context("audio_file")?;
    for host in &cluster.hosts[1..] {
        ensure!(host.audio(&spoken)? == whole, "other bytes");
    }
    let url = cluster.url(&format!("/audio/{id}"));
    let part = cluster
        .client
        .get(url)
        .header("range", "bytes=10-19")
        .send()?;
    ensure!(part.status() == 206, "{}", part.status());
    ensure!(part.bytes()? == whole[10..20], "other bytes");

    // Events come through as a stream.
    let body = json!({ "text": "Hello", "session_id": session });
    let events = cluster
        .client
        .post(cluster.url("/process/text"))
        .header("accept", "text/event-stream")
        .json(&body)
        .send()?;
    ensure!(
        events.headers()["content-type"] == "text/event-stream",
        "{:?}",
        events.headers()
    );
    let events = events.text()?;
    ensure!(
        events.contains("event: audio") && events.contains("event: done"),
        "{events}"
    );

    // What is for operators is not for everybody, and what is too large does not reach a host.
    for path in ["/metrics", "/livez", "/readyz"] {
        ensure!(cluster.get(path)?.status() == 404, "{path} is there");
    }
    ensure!(cluster.get("/health")?.status() == 200);
    let large = |path: &str| {
        let url = cluster.url(path);
        cluster.client.post(url).body(vec![0; 33 << 20]).send()
    };
    expect_problem(large("/process")?, 413, "PAYLOAD_TOO_LARGE")?;
    let refused = large("/v1/chat/completions")?;
    expect_openai(refused, 413, "invalid_request_error", "payload_too_large")?;

    // A session has one turn at a time, wherever the turns are.
    let (client, url) = (
        cluster.client.clone(),
        format!("{}/process", cluster.hosts[1].url),
    );
    let form = multipart::Form::new()
        .text("session_id", session.clone())
        .text("speak", "false")
        .file("audio_file", recordings::jfk()?.path)?;
    let turn = std::thread::spawn(move || client.post(url).multipart(form).send());
    until_at_work(&cluster.hosts[1..2], || turn.is_finished())?;
    let body = json!({ "text": "Hello", "session_id": session, "speak": false });
    let url = format!("{}/process/text", cluster.hosts[2].url);
    expect_problem(
        cluster.client.post(url).json(&body).send()?,
        409,
        "SESSION_BUSY",
    )?;
    let heard = turn
        .join()
        .map_err(|_| anyhow::anyhow!("the turn panicked"))??;
    expect_json(heard)?;
    ensure!(cluster.history(&session)?.len() == 6);
    Ok(())
}

/// Which of the hosts has its recogniser at work, which only the metrics can tell from outside.
fn until_at_work(hosts: &[Host], is_over: impl Fn() -> bool) -> Result<usize> {
    loop {
        for (n, host) in hosts.iter().enumerate() {
            if host.metric("colloquy_stage_instances_in_use", "stage=\"asr\"")? >= 1.0 {
                return Ok(n);
            }
        }
        ensure!(!is_over(), "the turn ended before it was seen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn a_session_goes_on_while_a_host_is_killed() -> Result<()> {
    let Some(mut cluster) = Cluster::start()? else {
        return Ok(());
    };
    let session = cluster.create_session()?;
    cluster.ask("What did she do at Harvard?", &session)?;
    let (client, url) = (cluster.client.clone(), cluster.url("/process"));
    let form = multipart::Form::new()
        .text("session_id", session.clone())
        .file("audio_file", recordings::jfk()?.path)?;
    let turn = std::thread::spawn(move || client.post(url).multipart(form).send());
    let at_work = until_at_work(&cluster.hosts, || turn.is_finished())?;
    cluster.hosts[at_work].kill()?;
    // nginx does not repeat a turn that may have happened; it says so at once, and the client may.
    let lost = turn
        .join()
        .map_err(|_| anyhow::anyhow!("the turn panicked"))??;
    expect_problem(lost, 503, "STAGE_UNAVAILABLE")?;

    cluster.ask("Tell me more", &session)?;
    // What can be repeated never fails, and turns find a host that is there: nothing of theirs has been sent to the dead one.
    for n in 0..10 {
        let history = cluster.history(&session)?;
        ensure!(history.len() == 2 + n, "{} turns after {n}", history.len());
        let body = json!({ "text": "Hello", "session_id": session, "speak": false });
        let answer = cluster
            .client
            .post(cluster.url("/process/text"))
            .json(&body)
            .send()?;
        expect_json(answer)?;
    }
    let history = cluster.history(&session)?;
    ensure!(
        history[0]["user_input"] == "What did she do at Harvard?",
        "{history:?}"
    );
    for (n, host) in cluster.hosts.iter_mut().enumerate() {
        ensure!(host.is_alive() == (n != at_work), "host {n}");
    }
    for (n, host) in cluster.hosts.iter_mut().enumerate() {
        if n != at_work {
            host.kill()?;
        }
    }
    expect_problem(cluster.get("/content/types")?, 503, "STAGE_UNAVAILABLE")?;
    let away = cluster.get("/v1/models")?;
    expect_openai(away, 503, "server_error", "stage_unavailable")?;
    Ok(())
}
