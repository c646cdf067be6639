//! The front page, and whether a turn can be served.

use super::*;
use crate::contract::Error;

#[tokio::test]
async fn the_front_page_and_the_health() {
    let fakes = Fakes::default();
    let front = fetch(&fakes, "/").await.json();
    assert_eq!(
        (&front["name"], front["stages"].as_array().unwrap().len()),
        (&"colloquy".into(), 6)
    );
    let page = get_with(
        &fakes,
        "/",
        &[("accept", "text/html,application/xhtml+xml")],
    )
    .await;
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(page.text().contains("<title>Colloquy</title>"));
    assert_eq!(page.headers["vary"], "accept");
    assert_eq!(fetch(&fakes, "/health").await.json()["status"], "ok");
    let fakes = Fakes {
        ready: Err(Error::Unavailable("asr: no model".into())),
        ..Fakes::default()
    };
    let problem = fetch(&fakes, "/health")
        .await
        .problem(503, "STAGE_UNAVAILABLE");
    assert_eq!(problem["detail"], "asr: no model");
    assert_eq!(fetch(&fakes, "/").await.json()["stages"], json!([]));
}
