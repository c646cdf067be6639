//! Bad input: a clear error that names what is wrong, and a host that goes on as if nothing had been.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_problem};
use colloquy_tests::recordings;
use colloquy_tests::speech::Wav;

use super::SharedCase;

pub(crate) const CASES: &[SharedCase] = &[
    (
        "hostile::files_that_are_not_audio_are_unsupported",
        files_that_are_not_audio_are_unsupported,
    ),
    (
        "hostile::damaged_audio_is_invalid",
        damaged_audio_is_invalid,
    ),
    (
        "hostile::a_recording_cut_at_any_point_is_answered_or_refused",
        a_recording_cut_at_any_point_is_answered_or_refused,
    ),
    (
        "hostile::limits_hold_before_memory_does",
        limits_hold_before_memory_does,
    ),
    (
        "hostile::malformed_requests_are_told_what_is_wrong",
        malformed_requests_are_told_what_is_wrong,
    ),
    (
        "hostile::unknown_places_are_problems_too",
        unknown_places_are_problems_too,
    ),
];

fn files_that_are_not_audio_are_unsupported(host: &Host) -> Result<()> {
    let zip = [&b"PK\x03\x04"[..], &[7; 4000]].concat();
    let elf = [&b"\x7fELF"[..], &[0; 4000]].concat();
    let cases = [
        (
            "page.wav",
            b"<!doctype html><p>not audio, but long enough to be looked at".repeat(20),
        ),
        ("a.mp3", zip),
        ("b.ogg", elf),
    ];
    for (name, bytes) in cases {
        let problem = expect_problem(
            host.upload(name, bytes, None)?,
            415,
            "AUDIO_FORMAT_UNSUPPORTED",
        )
        .context(name)?;
        ensure!(
            problem["stage"] == "ingest" && problem["retryable"] == false,
            "{problem}"
        );
    }
    alive(host)
}

fn damaged_audio_is_invalid(host: &Host) -> Result<()> {
    for name in ["null.wav", "bad.wav", "awful.wav", "evil.wav"] {
        let bytes = std::fs::read(recordings::file(&format!("pocketsphinx/malformed/{name}"))?)?;
        let response = host.upload(name, bytes, None)?;
        let status = response.status().as_u16();
        // Some of these are damaged so that a careful reader can still find audio in them; none may be a failure of ours.
        ensure!(
            [200, 415, 422].contains(&status),
            "{name}: {status} {}",
            response.text()?
        );
        if status != 200 {
            let text = response.text()?;
            ensure!(
                text.contains("AUDIO_") || text.contains("INVALID_AUDIO"),
                "{name}: {text}"
            );
        }
    }
    expect_problem(
        host.upload("empty.wav", Vec::new(), None)?,
        422,
        "AUDIO_TOO_SHORT",
    )?;
    let instant = Wav {
        sample_rate: 16_000,
        samples: vec![1000; 800],
    }
    .bytes()?;
    expect_problem(
        host.upload("instant.wav", instant, None)?,
        422,
        "AUDIO_TOO_SHORT",
    )?;
    let slow = Wav {
        sample_rate: 4_000,
        samples: vec![1000; 8_000],
    }
    .bytes()?;
    expect_problem(
        host.upload("slow.wav", slow, None)?,
        415,
        "AUDIO_FORMAT_UNSUPPORTED",
    )?;
    // A header that promises four gigabytes.
    let mut liar = Wav {
        sample_rate: 16_000,
        samples: vec![0; 32_000],
    }
    .bytes()?;
    liar[4..8].fill(0xff);
    liar[40..44].fill(0xff);
    let status = host.upload("liar.wav", liar, None)?.status().as_u16();
    ensure!([200, 422].contains(&status), "liar.wav: {status}");
    for magic in [
        &b"fLaC"[..],
        b"OggS",
        b"ID3\x04\0\0\0\0\0\0",
        b"RIFF\xff\xff\xff\xffWAVE",
        b"\x1a\x45\xdf\xa3",
    ] {
        let mut bytes = magic.to_vec();
        bytes.extend((0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
        let status = host.upload("noise", bytes, None)?.status().as_u16();
        ensure!([415, 422].contains(&status), "{magic:?}: {status}");
    }
    alive(host)
}

fn a_recording_cut_at_any_point_is_answered_or_refused(host: &Host) -> Result<()> {
    for name in ["pywhispercpp/jfk.wav", "pywhispercpp/jfk.mp3"] {
        let bytes = std::fs::read(recordings::file(name)?)?;
        for cut in [1, 11, 43, 44, 45, 500, 20_000] {
            let response = host.upload("cut", bytes[..cut.min(bytes.len())].to_vec(), None)?;
            let status = response.status().as_u16();
            ensure!(
                [200, 415, 422].contains(&status),
                "{name} cut at {cut}: {status} {}",
                response.text()?
            );
        }
    }
    alive(host)
}

fn limits_hold_before_memory_does(host: &Host) -> Result<()> {
    let large = Wav {
        sample_rate: 48_000,
        samples: vec![100; 14 << 20],
    }
    .bytes()?;
    expect_problem(
        host.upload("large.wav", large, None)?,
        413,
        "PAYLOAD_TOO_LARGE",
    )?;
    let long = Wav {
        sample_rate: 8_000,
        samples: vec![100; 8_000 * 40],
    }
    .bytes()?;
    expect_problem(host.upload("long.wav", long, None)?, 422, "AUDIO_TOO_LONG")?;
    // An hour of silence in a few kilobytes.
    let folder = tempfile::tempdir()?;
    let bomb = folder.path().join("bomb.flac");
    colloquy_tests::python::run("encode_bomb.py", [bomb.as_os_str(), "3600".as_ref()])?;
    expect_problem(
        host.upload("bomb.flac", std::fs::read(bomb)?, None)?,
        422,
        "AUDIO_TOO_LONG",
    )?;
    let text = "word ".repeat(1000);
    expect_problem(host.post_text(&text, None)?, 422, "INVALID_REQUEST")?;
    alive(host)
}

fn malformed_requests_are_told_what_is_wrong(host: &Host) -> Result<()> {
    let post = |path: &str, kind: &str, body: &'static str| {
        host.client
            .post(format!("{}{path}", host.url))
            .header("content-type", kind)
            .body(body)
            .send()
    };
    let problem = expect_problem(
        post("/process/text", "application/json", "{\"text\": ")?,
        400,
        "INVALID_REQUEST",
    )?;
    ensure!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("line") || detail.contains("EOF")),
        "{problem}"
    );
    expect_problem(
        post("/process/text", "application/json", "{\"txt\": \"hello\"}")?,
        400,
        "INVALID_REQUEST",
    )?;
    expect_problem(
        post("/process", "multipart/form-data; boundary=x", "--x--\r\n")?,
        400,
        "INVALID_REQUEST",
    )?;
    expect_problem(
        post("/process", "multipart/form-data", "no boundary")?,
        400,
        "INVALID_REQUEST",
    )?;
    let status = post("/process", "text/plain", "hello")?.status().as_u16();
    ensure!([400, 415].contains(&status), "{status}");
    expect_problem(
        host.post_text("hello", Some("../../etc"))?,
        400,
        "INVALID_REQUEST",
    )?;
    expect_problem(
        host.post_text("hello", Some("0b0e7a38-5f0c-4bb4-8f5e-7f1d2c3b4a59"))?,
        404,
        "SESSION_NOT_FOUND",
    )?;
    alive(host)
}

fn unknown_places_are_problems_too(host: &Host) -> Result<()> {
    for path in [
        "/nothing",
        "/audio/00000000000000000000000000000000",
        "/audio/..%2f..%2fetc%2fpasswd",
        "/content/dragons",
    ] {
        let response = host.get(path)?;
        ensure!(response.status() == 404, "{path}: {}", response.status());
        ensure!(
            response.headers()["content-type"] == "application/problem+json",
            "{path}: {:?}",
            response.headers()
        );
    }
    let response = host.client.delete(format!("{}/process", host.url)).send()?;
    ensure!(
        response.status() == 405 && response.headers().contains_key("allow"),
        "{:?}",
        response.headers()
    );
    Ok(())
}

/// The host still serves a turn.
fn alive(host: &Host) -> Result<()> {
    ensure!(host.get("/health")?.status() == 200, "/health fails");
    ensure!(host.get("/readyz")?.status() == 200, "/readyz fails");
    host.ask("Hello", None).context("the next turn")?;
    Ok(())
}
