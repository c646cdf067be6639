//! What a guest asks for whom.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;

use super::*;

fn ask(outbound: &mut Outbound, url: &str) -> Box<dyn Future<Output = Sent> + Send> {
    let body = Full::new(Bytes::from_static(b"hello"))
        .map_err(Error::from)
        .boxed_unsync();
    let request = Request::post(url).body(body).unwrap();
    outbound.send_request(request, None, Box::new(async { Ok(()) }))
}

#[tokio::test]
async fn what_nobody_waits_for_ends_and_is_not_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let listed = std::iter::once((Origin::parse(&url).unwrap(), None)).collect();
    let mut outbound = Outbound::new("llm", listed, Client::default());
    let (wanted, waits) = watch::channel(());
    outbound.wanted = Some(waits);
    let answer = tokio::spawn(Box::into_pin(ask(&mut outbound, &url)));
    // It has been asked, and says nothing.
    let (_server, _) = listener.accept().await.unwrap();
    drop(wanted);
    let ended = answer.await.unwrap().err();
    assert!(matches!(ended, Some(Error::HttpRequestDenied)), "{ended:?}");
    let again = Box::into_pin(ask(&mut outbound, &url)).await.err();
    assert!(matches!(again, Some(Error::HttpRequestDenied)), "{again:?}");
}
