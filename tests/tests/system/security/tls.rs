//! TLS: a certificate that changes while the host runs.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, table};
use colloquy_tests::{process, raw, until};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

/// A certificate for `localhost` that vouches for itself, and its key, in these two files.
fn new_certificate(folder: &Path) -> Result<CertificateDer<'static>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    // The key first: in between the host sees two that do not fit, and keeps what it has.
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    std::fs::write(folder.join("certificate.pem"), made.cert.pem())?;
    Ok(made.cert.der().clone())
}

/// What the host answers to who trusts this certificate only.
fn ask(url: &str, trusted: &CertificateDer<'static>) -> Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost")?;
    let mut session = ClientConnection::new(Arc::new(config), name)?;
    let mut socket = raw::connect(url)?;
    let mut stream = Stream::new(&mut session, &mut socket);
    stream.write_all(&raw::get("/livez", ""))?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..n]);
    }
    ensure!(
        session.alpn_protocol() == Some(b"http/1.1"),
        "{:?}",
        session.alpn_protocol()
    );
    Ok(String::from_utf8(answer)?)
}

pub(super) fn certificates_change_while_it_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = new_certificate(folder.path())?;
    let port = process::free_port()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let host = Host::spawned(|config| {
        let server = table(config, "server")?;
        server.insert("watch_listen".into(), format!("127.0.0.1:{port}").into());
        let tls = [
            ("certificate", file("certificate.pem")),
            ("key", file("key.pem")),
        ];
        let tls = toml::Table::from_iter(tls.map(|(key, path)| (key.to_owned(), path.into())));
        server.insert("tls".into(), tls.into());
        Ok(())
    })?;
    ensure!(host.url.starts_with("https://"), "{}", host.url);
    let answer = ask(&host.url, &first)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    ensure!(
        answer
            .to_ascii_lowercase()
            .contains("strict-transport-security: max-age="),
        "{answer}"
    );
    let plain = raw::exchange(&host.url, &raw::get("/livez", ""))?;
    ensure!(plain.status == 0, "the host answers without TLS: {plain:?}");

    // A signal is heard at once.
    let second = new_certificate(folder.path())?;
    let hangup = || {
        Command::new("kill")
            .args(["-HUP", &host.pid().to_string()])
            .status()
    };
    ensure!(hangup()?.success(), "kill -HUP");
    until("the second certificate is in use", || {
        Ok(ask(&host.url, &second).is_ok())
    })?;
    ensure!(
        ask(&host.url, &first).is_err(),
        "the first certificate is in use, too"
    );

    // What cannot be used changes nothing.
    std::fs::write(folder.path().join("certificate.pem"), "no certificate")?;
    ensure!(hangup()?.success(), "kill -HUP");
    until("the mistake is told", || {
        Ok(host.log()?.contains("the old certificate stays in use"))
    })?;
    ask(&host.url, &second).context("the second certificate is not in use any more")?;

    // Without a signal the files are looked at every few seconds.
    let third = new_certificate(folder.path())?;
    until("the third certificate is in use", || {
        Ok(ask(&host.url, &third).is_ok())
    })?;
    Ok(())
}
