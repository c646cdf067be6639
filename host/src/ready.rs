//! Whether a host that runs on this machine is ready, for whoever starts it and has no HTTP client: a container, a unit, a script.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long the host may take to answer; it does so without its stages.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Most bytes of an answer: a line for each stage.
const MAX_ANSWER: u64 = 64 << 10;

/// Why a host is not ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// Nobody answers.
    #[error("no answer from {0}: {1}")]
    Silent(SocketAddr, std::io::Error),
    /// It says so; the text is what it waits for.
    #[error("not ready: {0}")]
    Waiting(String),
    /// What answers is not a host.
    #[error("{0} does not answer as a host does")]
    Strange(SocketAddr),
}

/// Asks the host that listens on `listen` for `/readyz`.
///
/// # Errors
/// When it is not ready, with what it waits for.
pub fn ask(listen: SocketAddr) -> Result<(), NotReady> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let answer = get(address).map_err(|error| NotReady::Silent(address, error))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(NotReady::Strange(address))?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some("503") => Err(NotReady::Waiting(body.trim().to_owned())),
        _ => Err(NotReady::Strange(address)),
    }
}

/// Who listens on all addresses is asked on one of this machine.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

fn get(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// The answer of whoever answers this.
    fn asked(answer: &'static str) -> Result<(), NotReady> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let n = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..n]).into_owned()
        });
        let told = ask(SocketAddr::new(
            Ipv4Addr::UNSPECIFIED.into(),
            address.port(),
        ));
        assert!(served.join().unwrap().starts_with("GET /readyz "));
        told
    }

    #[test]
    fn it_tells_what_a_host_waits_for() {
        assert!(asked("HTTP/1.1 200 OK\r\n\r\n{}").is_ok());
        let waiting = asked("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"ready\":false}");
        assert_eq!(
            waiting.unwrap_err().to_string(),
            "not ready: {\"ready\":false}"
        );
        for strange in ["HTTP/1.1 404 Not Found\r\n\r\n", "SSH-2.0\r\n", ""] {
            assert!(
                matches!(asked(strange), Err(NotReady::Strange(_))),
                "{strange}"
            );
        }
    }

    #[test]
    fn nobody_there_is_not_ready() {
        let free = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(matches!(ask(free), Err(NotReady::Silent(..))));
    }
}
