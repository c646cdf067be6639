//! The content base without a conversation.

use super::*;

#[tokio::test]
async fn the_content_base_is_served() {
    let fakes = Fakes::default();
    let types = fetch(&fakes, "/content/types").await.json();
    assert_eq!(
        types,
        json!({ "types": [{ "name": "project", "title": "Projects", "n_items": 2 }] })
    );
    let items = fetch(&fakes, "/content/project?offset=1&limit=5")
        .await
        .json();
    assert_eq!(
        (&items["items"][0]["id"], &items["total"]),
        (&"cobol".into(), &2.into())
    );
    fetch(&fakes, "/content/dragons")
        .await
        .problem(404, "NOT_FOUND");
    fetch(&fakes, "/content/project?limit=0")
        .await
        .problem(400, "INVALID_REQUEST");
    fetch(&fakes, "/content/project?offset=x")
        .await
        .problem(400, "INVALID_REQUEST");

    let found = fetch(
        &fakes,
        "/content/search?q=first%20compiler&type=project&tech=UNIVAC,%20COBOL&limit=3",
    )
    .await
    .json();
    assert_eq!(
        found["results"][0]["score"]["reasons"],
        json!(["keyword: compiler"])
    );
    {
        let searches = fakes.searches.lock().unwrap();
        let (text, filter, limit) = &searches[0];
        assert_eq!(
            (text.as_str(), *limit, filter.type_name.as_deref()),
            ("first compiler", 3, Some("project"))
        );
        assert_eq!(filter.technologies, ["UNIVAC", "COBOL"]);
    }
    fetch(&fakes, "/content/search")
        .await
        .problem(400, "INVALID_REQUEST");
    fetch(&fakes, "/content/search?q=x&type=dragon")
        .await
        .problem(422, "INVALID_REQUEST");
}
