//! Events to a NATS server, each at most once: published, not stored, and not sent again.
//!
//! The server may be absent, at the start and later: it is tried again and again, events wait in the subscription, the oldest are lost
//! and counted. What was handed to a connection that breaks is lost uncounted; nobody acknowledges it. The log tells of each absence
//! once.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};
use tokio::sync::watch;

use super::{Subscription, json};

/// Events handed to the client and not yet written. What waits longer waits in the subscription.
const HANDED_OVER: usize = 16;
/// How long the server may take for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Silence after which the server is asked for a sign of life.
const PING: Duration = Duration::from_secs(15);
/// First and longest pause between two attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Characters of a subject before the type of the event.
const MAX_SUBJECT: usize = 200;

/// Where events go.
#[derive(Clone)]
pub(crate) struct Settings {
    server: ServerAddr,
    /// Subjects are this, a dot, and the type of the event.
    subject: String,
    credentials: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.subject, self.shown())
    }
}

impl Settings {
    /// `credentials` are a user and a password with a colon between them, or a token.
    pub(crate) fn new(server: ServerAddr, subject: String, credentials: Option<String>) -> Self {
        Self {
            server,
            subject,
            credentials,
        }
    }

    fn shown(&self) -> String {
        format!("{}:{}", self.server.host(), self.server.port())
    }
}

/// Reads the address of a server.
///
/// # Errors
/// What is wrong with it, for the operator.
pub(crate) fn server(url: &str) -> Result<ServerAddr, &'static str> {
    const WANTED: &str =
        "is not an address such as nats://127.0.0.1:4222 or tls://nats.example.com";
    let rest = url
        .strip_prefix("nats://")
        .or_else(|| url.strip_prefix("tls://"))
        .ok_or(WANTED)?;
    if rest.contains('@') {
        return Err(
            "must not have a password in it: name an environment variable in `credentials`",
        );
    }
    if rest.is_empty() || rest.contains(['/', '?', '#']) {
        return Err(WANTED);
    }
    url.parse().map_err(|_| WANTED)
}

/// Checks the beginning of all subjects.
///
/// # Errors
/// What is wrong with it, for the operator.
pub(crate) fn subject(text: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_graphic() && c != '*' && c != '>';
    let token = |token: &str| !token.is_empty() && token.chars().all(plain);
    if text.len() > MAX_SUBJECT || !text.split('.').all(token) {
        return Err("must be words with dots between them, such as colloquy.events");
    }
    Ok(())
}

/// Publishes events until the bus is closed. Never fails: what cannot be published is lost.
pub(crate) async fn forward(mut events: Subscription, settings: Settings) {
    let link = Arc::new(Link {
        shown: settings.shown(),
        connected: watch::Sender::new(false),
        told: AtomicBool::new(false),
        why: RwLock::default(),
    });
    let mut connected = link.connected.subscribe();
    let client = match options(&settings, Arc::clone(&link))
        .connect(settings.server.clone())
        .await
    {
        Ok(client) => client,
        Err(error) => {
            tracing::error!("no events for NATS: {error}");
            return;
        }
    };
    loop {
        // Only what can be sent is taken, so that what is lost in an absence is the oldest, and is counted.
        let there = tokio::select! {
            there = connected.wait_for(|there| *there) => there.is_ok(),
            () = events.closed() => *link.connected.borrow(),
        };
        if !there {
            return;
        }
        let Some(happened) = events.next().await else {
            break;
        };
        let subject = format!("{}.{}", settings.subject, happened.event.kind());
        let payload = json::document(&happened).to_string();
        if let Err(error) = client.publish(subject, payload.into()).await {
            tracing::warn!("an event was not published: {error}");
        }
    }
    // Whoever waits for this task limits the time.
    if let Err(error) = client.flush().await {
        tracing::warn!("the last events may be lost: {error}");
    }
}

fn options(settings: &Settings, link: Arc<Link>) -> ConnectOptions {
    let options = ConnectOptions::new()
        .name("colloquy")
        .retry_on_initial_connect()
        .client_capacity(HANDED_OVER)
        .connection_timeout(CONNECT)
        .ping_interval(PING)
        .reconnect_delay_callback(pause)
        .event_callback(move |event| {
            link.on(&event);
            std::future::ready(())
        });
    match settings.credentials.as_deref() {
        None => options,
        Some(text) => match text.split_once(':') {
            Some((user, password)) => options.user_and_password(user.into(), password.into()),
            None => options.token(text.into()),
        },
    }
}

/// How long to wait before an attempt; the first after a loss is made at once.
fn pause(attempt: usize) -> Duration {
    let doubled = u32::try_from(attempt.saturating_sub(2)).unwrap_or(u32::MAX);
    match attempt {
        0 | 1 => Duration::ZERO,
        _ => BACKOFF
            .0
            .saturating_mul(2_u32.saturating_pow(doubled))
            .min(BACKOFF.1),
    }
}

/// What is known of the connection.
struct Link {
    shown: String,
    connected: watch::Sender<bool>,
    /// Whether the log has told of this absence.
    told: AtomicBool,
    /// What the server said last before it ended a connection.
    why: RwLock<Option<String>>,
}

impl Link {
    fn on(&self, event: &async_nats::Event) {
        use async_nats::Event;
        let server = &self.shown;
        match event {
            Event::Connected => {
                tracing::info!(server, "events go to NATS");
                self.told.store(false, Ordering::Relaxed);
                self.connected.send_replace(true);
            }
            Event::Disconnected => {
                self.connected.send_replace(false);
                let why = self
                    .why
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                self.absent(why.as_deref().unwrap_or("the connection has ended"));
            }
            Event::ClientError(error) => self.absent(&error.to_string()),
            Event::ServerError(error) => {
                *self.why.write().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            }
            _ => {}
        }
    }

    fn absent(&self, why: &str) {
        if !self.told.swap(true, Ordering::Relaxed) {
            let server = &self.shown;
            tracing::warn!(
                server,
                "NATS cannot be reached, and is tried again; events wait, and the oldest are lost: {why}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::bindings::colloquy::events::events::SessionEnded;
    use crate::events::{Bus, Event};
    use crate::metrics::Metrics;

    const HELLO: &str = r#"INFO {"server_id":"x","version":"2.9.0","proto":1,"host":"127.0.0.1","port":4222,"max_payload":1048576}"#;

    /// A bus that is forwarded to a server that has greeted and read nothing since.
    async fn connected(metrics: &Metrics) -> (Bus, JoinHandle<()>, BufReader<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let settings = Settings::new(server(&url).unwrap(), "a.b".into(), None);
        let bus = Bus::new(metrics);
        let forward = tokio::spawn(forward(bus.subscribe("nats"), settings));
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut greeting = String::new();
        stream
            .write_all(format!("{HELLO}\r\n").as_bytes())
            .await
            .unwrap();
        while !greeting.ends_with("PING\r\n") {
            assert!(
                stream.read_line(&mut greeting).await.unwrap() > 0,
                "{greeting}"
            );
        }
        stream.write_all(b"PONG\r\n").await.unwrap();
        (bus, forward, stream)
    }

    fn ended(session_id: String) -> Event {
        Event::SessionEnded(SessionEnded {
            session_id,
            n_turns: 1,
            duration_ms: 1,
        })
    }

    #[tokio::test]
    async fn the_last_events_are_sent_before_the_end() {
        let metrics = Metrics::new();
        let (bus, forward, mut stream) = connected(&metrics).await;
        // The client knows that it is connected once it has sent something.
        bus.publish(ended("first".into()));
        let mut sent = String::new();
        while !sent.contains("first") {
            assert!(stream.read_line(&mut sent).await.unwrap() > 0, "{sent}");
        }
        sent.clear();
        for n in 0..500 {
            bus.publish(ended(n.to_string()));
        }
        bus.close();
        let (_, end) = tokio::join!(stream.read_to_string(&mut sent), forward);
        end.unwrap();
        let published: Vec<_> = sent.lines().filter(|line| line.starts_with('{')).collect();
        assert_eq!(published.len(), 500);
        assert!(
            published[499].contains(r#""session_id":"499""#),
            "{}",
            published[499]
        );
        assert_eq!(sent.matches("PUB a.b.session-ended ").count(), 500);
    }

    /// It ends, which it would not if a publisher had to wait.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_does_not_read_costs_events_and_nothing_else() {
        let metrics = Metrics::new();
        let (bus, forward, stream) = connected(&metrics).await;
        let dropped = || {
            metrics
                .encode()
                .unwrap()
                .contains(r#"events_dropped_total{subscriber="nats"}"#)
        };
        let mut rounds = 0;
        while !dropped() {
            for _ in 0..200 {
                bus.publish(ended("x".repeat(300)));
            }
            rounds += 1;
            assert!(rounds < 10_000, "where do 800 megabytes go?");
            tokio::task::yield_now().await;
        }
        bus.close();
        forward.abort();
        drop(stream);
    }

    #[test]
    fn only_servers_of_nats_without_secrets() {
        for url in [
            "nats://127.0.0.1:4222",
            "tls://nats.example.com",
            "nats://[::1]:1",
        ] {
            assert!(server(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "127.0.0.1:4222",
            "nats://",
            "ws://127.0.0.1:4222",
            "http://127.0.0.1",
            "nats://127.0.0.1:x",
            "nats://127.0.0.1:4222/path",
            "nats://user:secret@127.0.0.1",
        ] {
            assert!(server(url).is_err(), "{url}");
        }
    }

    #[test]
    fn subjects_have_no_wildcards() {
        assert_eq!(subject("colloquy.events"), Ok(()));
        assert_eq!(subject("a"), Ok(()));
        for text in [
            "",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a.*",
            ">",
            "é",
            &"a".repeat(201),
        ] {
            assert!(subject(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let ms: Vec<_> = [0, 1, 2, 3, 4, 7, 8, 1000, usize::MAX]
            .map(|attempt| pause(attempt).as_millis())
            .into();
        assert_eq!(ms, [0, 0, 100, 200, 400, 3200, 5000, 5000, 5000]);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let address = server("nats://127.0.0.1:1").unwrap();
        let settings = Settings::new(address, "a".into(), Some("user:secret".into()));
        assert_eq!(format!("{settings:?}"), "a at 127.0.0.1:1");
    }
}
