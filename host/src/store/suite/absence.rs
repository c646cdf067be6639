//! Servers that are away, come back, say nothing, or cannot do what is needed: requests end, and the bucket recovers by itself.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::servers::{PATIENCE, redis};
use super::*;

fn store(backend: &Backend) -> Store {
    Store::open(backend, ROOMY).unwrap()
}

async fn away(store: &Store) {
    let answer = store.get("k".into()).await;
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert!(store.failure().is_some());
}

async fn until_back(store: &Store) {
    while store.probe().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(store.failure(), None);
}

#[tokio::test]
async fn a_redis_server_is_lost_and_comes_back() {
    let Some(mut server) = redis() else { return };
    let store = store(&Backend::Redis(server.settings("colloquy:{b}")));
    store.set("k".into(), vec![1]).await.unwrap();
    assert_eq!(store.failure(), None);
    for n in 1..=3_u8 {
        server.kill();
        // The request that finds it out, and then every other, without a question to anybody.
        for _ in 0..100 {
            away(&store).await;
        }
        server.start_again();
        until_back(&store).await;
        // It has lost its scripts and all else.
        assert_eq!(store.increment("n".into(), n.into()).await, Ok(n.into()));
    }
}

#[tokio::test]
async fn a_redis_server_may_be_absent_at_the_start() {
    let Some(mut server) = redis() else { return };
    server.kill();
    let store = store(&Backend::Redis(server.settings("colloquy:{b}")));
    away(&store).await;
    server.start_again();
    until_back(&store).await;
    assert_eq!(store.get("k".into()).await, Ok(None));
}

/// The kernel takes connections for it, so only the limit of an answer tells.
#[tokio::test]
async fn a_redis_server_that_does_not_answer_is_away() {
    let Some(server) = redis() else { return };
    let patience = Duration::from_millis(500);
    let store = store(&Backend::Redis(
        server.settings_within("colloquy:{b}", patience),
    ));
    store.set("k".into(), vec![1]).await.unwrap();
    server.signal("-STOP");
    for _ in 0..100 {
        away(&store).await;
    }
    server.signal("-CONT");
    until_back(&store).await;
    assert_eq!(store.get("k".into()).await, Ok(Some(vec![1])));
}

#[tokio::test]
async fn a_redis_server_that_is_full_is_unavailable_and_can_be_read() {
    let Some(server) = redis() else { return };
    let store = store(&Backend::Redis(server.settings("colloquy:{b}")));
    store.set("k".into(), vec![1]).await.unwrap();
    server.command("CONFIG SET maxmemory 1");
    let full = store.set("k".into(), vec![2]).await;
    assert!(matches!(full, Err(Error::Unavailable(_))), "{full:?}");
    assert_eq!(store.get("k".into()).await, Ok(Some(vec![1])));
    server.command("CONFIG SET maxmemory 0");
    store.set("k".into(), vec![2]).await.unwrap();
}

#[tokio::test]
async fn a_redis_bucket_asks_for_its_password_and_tells_nobody() {
    let Some(server) = redis() else { return };
    server.command("ACL SETUSER app on >sesame ~colloquy:* +@all");
    server.command("CONFIG SET requirepass open");
    let url = format!("redis://127.0.0.1:{}", server.port());
    let settings = |credentials| {
        let prefix = "colloquy:{b}".to_owned();
        redis::Settings::new(&url, credentials, prefix, PATIENCE).unwrap()
    };
    for credentials in ["open", "app:sesame"] {
        let settings = settings(Some(credentials));
        assert!(!format!("{settings:?}").contains(credentials));
        let store = store(&Backend::Redis(settings));
        assert_eq!(store.set("k".into(), vec![1]).await, Ok(()));
    }
    for credentials in [None, Some("wrong"), Some("app:wrong")] {
        let store = store(&Backend::Redis(settings(credentials)));
        away(&store).await;
        let failure = store.failure().unwrap();
        assert!(!failure.contains("wrong"), "{failure}");
    }
}

fn s3_at(port: u16, patience: Duration) -> Backend {
    let endpoint = format!("http://127.0.0.1:{port}");
    let access = object::Access {
        endpoint: Some(&endpoint),
        region: Some("us-east-1"),
        credentials: Some("key:secret"),
    };
    Backend::Object(object::Settings::new("s3://b/f", &access, patience).unwrap())
}

const NOTHING_LISTED: &str =
    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

/// Answers as an S3 server does that knows no conditions.
async fn careless(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut method, mut line) = (0, String::new(), String::new());
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if method.is_empty() {
                method = line.split(' ').next().unwrap().to_owned();
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let body = if method == "GET" { NOTHING_LISTED } else { "" };
        let head = format!(
            "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_takes_no_notice_of_conditions_makes_no_atomic_changes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(careless(stream));
        }
    });
    let store = store(&s3_at(port, PATIENCE));
    store.set("k".into(), vec![1]).await.unwrap();
    for _ in 0..2 {
        let swapped = store.swap("k".into(), Some(vec![1]), vec![2]).await;
        assert_eq!(swapped, Err(Error::Unsupported));
        assert_eq!(
            store.increment("n".into(), 1).await,
            Err(Error::Unsupported)
        );
    }
    assert_eq!(store.failure(), None);
}

#[tokio::test]
async fn object_storage_is_lost_and_comes_back() {
    // A server that takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let store = store(&s3_at(port, Duration::from_millis(500)));
    for _ in 0..100 {
        away(&store).await;
    }
    // None at all.
    drop(listener);
    away(&store).await;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(careless(stream));
        }
    });
    until_back(&store).await;
    store.set("k".into(), vec![1]).await.unwrap();
}
