//! Clients that mean ill or know no better: slow, oversized, cut short, on wrong paths, and too many. None of them may keep others from
//! being served, or make the host grow.

use std::io::Write;

use anyhow::{Result, ensure};
use colloquy_tests::host::{Host, table};
use colloquy_tests::raw::{self, Answer};
use colloquy_tests::recordings;
use toml::Table;

use super::{OwnCase, SharedCase};

mod hold;
mod overload;
mod slow;

pub(crate) const CASES: &[SharedCase] = &[
    (
        "abuse::oversized_bodies_are_refused",
        oversized_bodies_are_refused,
    ),
    (
        "abuse::truncated_forms_are_refused",
        truncated_forms_are_refused,
    ),
    (
        "abuse::wrong_content_types_are_refused",
        wrong_content_types_are_refused,
    ),
    (
        "abuse::no_path_leads_out_of_the_audio",
        no_path_leads_out_of_the_audio,
    ),
    (
        "abuse::requests_that_two_servers_read_differently_are_refused",
        requests_that_two_servers_read_differently_are_refused,
    ),
    ("abuse::heads_have_a_limit", heads_have_a_limit),
];

pub(crate) const OWN_CASES: &[OwnCase] = &[
    ("abuse::a_slow_head_is_ended", slow::a_slow_head_is_ended),
    (
        "abuse::a_slow_body_frees_its_place",
        slow::a_slow_body_frees_its_place,
    ),
    (
        "abuse::a_client_that_does_not_read_is_ended",
        slow::a_client_that_does_not_read_is_ended,
    ),
    (
        "abuse::an_answer_that_is_not_read_is_not_made",
        slow::an_answer_that_is_not_read_is_not_made,
    ),
    (
        "abuse::one_address_cannot_take_all_connections",
        slow::one_address_cannot_take_all_connections,
    ),
    (
        "abuse::uploads_that_stop_keep_nobody_waiting",
        hold::uploads_that_stop_keep_nobody_waiting,
    ),
    (
        "abuse::one_address_cannot_take_all_requests",
        hold::one_address_cannot_take_all_requests,
    ),
];

/// Turns on every core, again and again.
pub(crate) const ALONE_CASES: &[OwnCase] = &[(
    "abuse::overload_is_shed_and_memory_stays",
    overload::overload_is_shed_and_memory_stays,
)];

fn server(config: &mut Table, settings: &[(&str, i64)]) -> Result<()> {
    let server = table(config, "server")?;
    for (key, value) in settings {
        server.insert((*key).into(), (*value).into());
    }
    Ok(())
}

fn alive(host: &Host) -> Result<()> {
    let status = host.get("/health")?.status();
    ensure!(status == 200, "the host is not well: {status}");
    Ok(())
}

fn problem(answer: &Answer, status: u16, code: &str) -> Result<()> {
    ensure!(answer.status == status, "expected {status}: {answer:?}");
    ensure!(answer.body.contains(code), "expected {code}: {answer:?}");
    ensure!(answer.header("x-request-id").is_some(), "{answer:?}");
    Ok(())
}

const FORM: &str = "content-type: multipart/form-data; boundary=XX\r\n";
const PART: &str =
    "--XX\r\ncontent-disposition: form-data; name=\"audio_file\"; filename=\"a.wav\"\r\n\r\n";

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST /process HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn oversized_bodies_are_refused(host: &Host) -> Result<()> {
    // Declared: refused before a byte of it is sent.
    let declared = raw::exchange(
        &host.url,
        &post(&format!("{FORM}content-length: 10000000000\r\n"), b""),
    )?;
    problem(&declared, 413, "PAYLOAD_TOO_LARGE")?;
    // Not declared: refused when it is too much.
    let mut body = Vec::new();
    let first = [PART.as_bytes(), &[7; 4096]].concat();
    body.extend(format!("{:x}\r\n", first.len()).bytes());
    body.extend(&first);
    body.extend(b"\r\n");
    let chunk = [b"100000\r\n".as_slice(), &vec![7; 1 << 20], b"\r\n"].concat();
    for _ in 0..80 {
        body.extend(&chunk);
    }
    let chunked = raw::exchange(
        &host.url,
        &post(&format!("{FORM}transfer-encoding: chunked\r\n"), &body),
    )?;
    ensure!([413, 415, 422].contains(&chunked.status), "{chunked:?}");
    let json = format!(
        "POST /process/text HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{}",
        " ".repeat(1_000_000)
    );
    problem(
        &raw::exchange(&host.url, json.as_bytes())?,
        413,
        "PAYLOAD_TOO_LARGE",
    )?;
    alive(host)
}

fn truncated_forms_are_refused(host: &Host) -> Result<()> {
    let wav = std::fs::read(recordings::jfk()?.path)?;
    let whole = [PART.as_bytes(), &wav, b"\r\n--XX--\r\n"].concat();
    for cut in [
        0,
        1,
        20,
        PART.len() - 1,
        PART.len() + 10,
        whole.len() - 9,
        whole.len() - 3,
    ] {
        let body = &whole[..cut];
        let headers = format!("{FORM}content-length: {cut}\r\n");
        let answer = raw::exchange(&host.url, &post(&headers, body))?;
        ensure!(
            (400..500).contains(&answer.status),
            "cut at {cut}: {answer:?}"
        );
        ensure!(answer.body.contains("\"code\""), "cut at {cut}: {answer:?}");
    }
    // A client that has announced more and leaves.
    let mut stream = raw::connect(&host.url)?;
    let headers = format!("{FORM}content-length: {}\r\n", whole.len());
    stream.write_all(&post(&headers, &whole[..whole.len() / 2]))?;
    drop(stream);
    alive(host)
}

fn wrong_content_types_are_refused(host: &Host) -> Result<()> {
    for (path, kind) in [
        ("/process", "audio/wav"),
        ("/process", "application/json"),
        ("/process", "text/plain"),
        ("/process/text", "text/plain"),
        ("/process/text", "multipart/form-data; boundary=XX"),
        ("/process/text", "application/x-www-form-urlencoded"),
    ] {
        let url = format!("{}{path}", host.url);
        let answer = host
            .client
            .post(url)
            .header("content-type", kind)
            .body("{}")
            .send()?;
        ensure!(
            answer.status() == 415,
            "{path} as {kind}: {}",
            answer.status()
        );
    }
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
    ] {
        let url = format!("{}/process", host.url);
        let answer = host
            .client
            .post(url)
            .header("content-type", kind)
            .body("x")
            .send()?;
        ensure!(
            answer.status().is_client_error(),
            "{kind}: {}",
            answer.status()
        );
    }
    alive(host)
}

fn no_path_leads_out_of_the_audio(host: &Host) -> Result<()> {
    let long = format!("/audio/{}", "a".repeat(5_000));
    for target in [
        "/audio/../../etc/passwd",
        "/audio/..%2f..%2fetc%2fpasswd",
        "/audio/%2e%2e/%2e%2e/etc/passwd",
        "/audio/....//....//etc/passwd",
        "/audio/..\\..\\etc\\passwd",
        "/audio/%5c..%5cetc",
        "/audio//etc/passwd",
        "/audio/%00",
        "/audio/0123456789abcdef0123456789abcdef%00.wav",
        "/audio/0123456789ABCDEF0123456789ABCDEF",
        "/audio/kiosk~0123456789abcdef0123456789abcdef",
        "/audio/%ff%fe",
        "/audio/session:1",
        "/audio/*",
        "/audio/",
        &long,
    ] {
        let answer = raw::exchange(&host.url, &raw::get(target, ""))?;
        ensure!([400, 404].contains(&answer.status), "{target}: {answer:?}");
        ensure!(!answer.body.contains("root:"), "{target}: {answer:?}");
    }
    alive(host)
}

fn requests_that_two_servers_read_differently_are_refused(host: &Host) -> Result<()> {
    for headers in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: -1\r\n",
        "content-length: 0x10\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding: xchunked\r\n",
    ] {
        let answer = raw::exchange(&host.url, &post(&format!("{FORM}{headers}"), b"0\r\n\r\n"))?;
        ensure!(answer.status == 400, "{headers:?}: {answer:?}");
    }
    for request in [
        "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n folded: line\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/9.9\r\nhost: a\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
    ] {
        let answer = raw::exchange(&host.url, request.as_bytes())?;
        ensure!(
            answer.status == 400 || answer.status == 0,
            "{request:?}: {answer:?}"
        );
    }
    alive(host)
}

fn heads_have_a_limit(host: &Host) -> Result<()> {
    let long = format!("x-long: {}\r\n", "a".repeat(200_000));
    let many: String = (0..500).map(|n| format!("x-{n}: a\r\n")).collect();
    for headers in [&long, &many] {
        let answer = raw::exchange(&host.url, &raw::get("/", headers))?;
        ensure!(
            [400, 431].contains(&answer.status) || answer.status == 0,
            "{answer:?}"
        );
    }
    let target = format!("/{}", "a".repeat(200_000));
    let answer = raw::exchange(&host.url, &raw::get(&target, ""))?;
    ensure!(
        [400, 414, 431].contains(&answer.status) || answer.status == 0,
        "{answer:?}"
    );
    alive(host)
}
