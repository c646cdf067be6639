//! The client against real sockets: connections are kept, and every way a server can fail is told apart.

use std::time::Duration;

use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

/// What a server does with the n-th request of a connection.
type Reply = fn(usize) -> &'static [&'static str];

/// A server that counts its connections; `hold` in a reply stops it from saying any more.
async fn server(reply: Reply) -> (String, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (sender, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            sender.send(()).unwrap();
            tokio::spawn(talk(stream, reply));
        }
    });
    (url, connections)
}

async fn talk(mut stream: TcpStream, reply: Reply) {
    for turn in 0.. {
        let mut request = Vec::new();
        while !request.ends_with(b"hello") {
            if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        for piece in reply(turn) {
            match *piece {
                "hold" => std::future::pending().await,
                "close" => return,
                piece => stream.write_all(piece.as_bytes()).await.unwrap(),
            }
        }
    }
}

fn request(url: &str) -> Request<WasiBody> {
    let body = Full::new(Bytes::from_static(b"hello"))
        .map_err(Error::from)
        .boxed_unsync();
    Request::post(url).body(body).unwrap()
}

fn patience(ms: u64) -> RequestOptions {
    let limit = Some(Duration::from_millis(ms));
    RequestOptions {
        connect_timeout: limit,
        first_byte_timeout: limit,
        between_bytes_timeout: limit,
    }
}

#[test]
fn a_guest_waits_as_long_as_it_asks_for_and_no_longer_than_any_may() {
    let asked = |head: Option<u64>, pause: Option<u64>| {
        let seconds = |limit: Option<u64>| limit.map(Duration::from_secs);
        let waits = Waits::of(&RequestOptions {
            connect_timeout: None,
            first_byte_timeout: seconds(head),
            between_bytes_timeout: seconds(pause),
        });
        (waits.head.as_secs(), waits.pause.as_secs())
    };
    // A server may say nothing for longer than a guest waits that names no limit: a model on a slow machine does.
    for (head, pause, expected) in [
        (None, None, (120, 120)),
        (Some(1), Some(2), (1, 2)),
        (Some(0), None, (0, 120)),
        (Some(121), Some(599), (121, 599)),
        (Some(600), Some(601), (600, 600)),
        (Some(3_600), None, (600, 120)),
        (None, Some(u64::MAX), (120, 600)),
    ] {
        assert_eq!(asked(head, pause), expected, "{head:?} and {pause:?}");
    }
}

async fn body(response: Response<WasiBody>) -> Result<Bytes, Error> {
    Ok(response.into_body().collect().await?.to_bytes())
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (url, mut connections) =
        server(|_| &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]).await;
    let client = Client::default();
    for _ in 0..3 {
        let response = client.send(request(&url), patience(60_000)).await.unwrap();
        assert_eq!(body(response).await.unwrap(), "ok");
    }
    connections.recv().await.unwrap();
    assert!(connections.try_recv().is_err());
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let (url, mut connections) =
        server(|_| &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "close"]).await;
    let client = Client::default();
    for _ in 0..2 {
        let response = client.send(request(&url), patience(60_000)).await.unwrap();
        assert_eq!(body(response).await.unwrap(), "ok");
        connections.recv().await.unwrap();
    }
}

#[tokio::test]
async fn redirects_are_answers() {
    let (url, _connections) = server(|_| {
        &["HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"]
    })
    .await;
    let response = Client::default()
        .send(request(&url), patience(60_000))
        .await;
    assert_eq!(response.unwrap().status(), 307);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_a_timeout() {
    let (url, _connections) = server(|_| &["hold"]).await;
    let answer = Client::default().send(request(&url), patience(100)).await;
    assert!(matches!(answer, Err(Error::HttpResponseTimeout)));
}

#[tokio::test]
async fn a_body_that_stops_is_a_timeout_and_one_that_is_cut_is_an_error() {
    let (url, _connections) = server(|_| {
        &[
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
            "part",
            "hold",
        ]
    })
    .await;
    let response = Client::default().send(request(&url), patience(100)).await;
    let end = body(response.unwrap()).await;
    assert!(matches!(end, Err(Error::ConnectionReadTimeout)), "{end:?}");
    let (url, _connections) = server(|_| {
        &[
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
            "part",
            "close",
        ]
    })
    .await;
    let response = Client::default()
        .send(request(&url), patience(60_000))
        .await;
    assert!(matches!(
        body(response.unwrap()).await,
        Err(Error::Hyper(_))
    ));
}

#[tokio::test]
async fn failures_to_connect_are_told_apart() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let answer = Client::default()
        .send(
            request(&format!("http://127.0.0.1:{port}/")),
            patience(60_000),
        )
        .await;
    assert!(
        matches!(answer, Err(Error::ConnectionRefused)),
        "{:?}",
        answer.err()
    );
    let (url, _connections) = server(|_| &["no http at all\r\n\r\n"]).await;
    let answer = Client::default()
        .send(request(&url), patience(60_000))
        .await;
    assert!(
        matches!(answer, Err(Error::HttpProtocolError)),
        "{:?}",
        answer.err()
    );
    let (url, _connections) = server(|_| &["close"]).await;
    let answer = Client::default()
        .send(request(&url), patience(60_000))
        .await;
    assert!(
        matches!(answer, Err(Error::ConnectionTerminated)),
        "{:?}",
        answer.err()
    );
}
