//! The audio of an answer, fetched.

use super::*;

#[tokio::test]
async fn audio_is_served_whole_in_part_and_not_again() {
    let fakes = Fakes::default();
    let id = ask(&fakes, json!({ "text": "hello" })).await.json()["audio_file"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/audio/{id}");
    let whole = fetch(&fakes, &path).await;
    assert_eq!(whole.headers["content-type"], "audio/wav");
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    assert_eq!(
        whole.headers["cache-control"],
        "private, max-age=1800, immutable"
    );
    assert_eq!(whole.headers["expires"], "Sun, 22 Nov 2026 21:05:00 GMT");
    let etag = whole.headers["etag"].to_str().unwrap();

    let part = get_with(&fakes, &path, &[("range", "bytes=4-7")]).await;
    assert_eq!(
        (part.status, part.headers["content-range"].to_str().unwrap()),
        (206, "bytes 4-7/52")
    );
    assert_eq!(part.body, whole.body[4..8]);
    let beyond = get_with(&fakes, &path, &[("range", "bytes=52-")]).await;
    beyond.problem(416, "INVALID_REQUEST");
    assert_eq!(beyond.headers["content-range"], "bytes */52");
    let same = get_with(&fakes, &path, &[("range", "bytes=4-7"), ("if-range", etag)]).await;
    let other = get_with(
        &fakes,
        &path,
        &[("range", "bytes=4-7"), ("if-range", "\"other\"")],
    )
    .await;
    assert_eq!((same.status, other.status), (206, 200));
    for tags in [etag, "*", &format!("\"a\", W/{etag}")] {
        let unchanged = get_with(&fakes, &path, &[("if-none-match", tags)]).await;
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    }
    let head = call(&fakes, "HEAD", &path, "", "").await;
    assert_eq!(
        (
            head.status,
            head.body.len(),
            head.headers["content-length"].to_str().unwrap()
        ),
        (200, 0, "52")
    );

    fakes.pass_ms(1_800_000);
    fetch(&fakes, &path).await.problem(404, "NOT_FOUND");
}
