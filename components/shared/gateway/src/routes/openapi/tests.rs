//! The document and the router say the same.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use axum::{Router, body::Body};
use http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use super::document;
use crate::{config::Config, fakes::Fakes, routes::router};

/// Served by the host itself.
const OF_HOST: [&str; 3] = ["/livez", "/readyz", "/metrics"];

fn document() -> Value {
    serde_json::from_str(&document::text()).unwrap()
}

#[test]
fn the_file_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes/openapi/openapi.json");
    let text = document::text();
    if std::env::var_os("COLLOQUY_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
    } else {
        assert!(
            std::fs::read_to_string(path).unwrap() == text,
            "write it: COLLOQUY_BLESS=1 cargo test -p colloquy-gateway openapi"
        );
    }
}

/// The methods and paths of the document.
fn told() -> BTreeSet<String> {
    let document = document();
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    told
}

/// Every path that the sources give to the router.
fn paths() -> BTreeSet<String> {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("openapi/tests.rs")
            {
                let source = std::fs::read_to_string(&path).unwrap();
                for call in source.split(".route(").skip(1) {
                    let route = call.trim_start().strip_prefix('"');
                    let route = route
                        .unwrap_or_else(|| panic!("{}: a path that is no literal", path.display()));
                    found.insert(route.split('"').next().unwrap().to_owned());
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    found
}

/// The methods that the router takes on a path, by what it says to one that it does not take.
async fn methods(path: &str) -> Vec<String> {
    let router: Router = router(Arc::new(Fakes::default()), Config::default());
    let path = path.replace(['{', '}'], "");
    let request = Request::builder()
        .method("BREW")
        .uri(&path)
        .body(Body::empty());
    let response = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 405, "{path}");
    let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
    allowed
        .split(',')
        .map(str::to_owned)
        .filter(|method| method != "HEAD")
        .collect()
}

#[tokio::test]
async fn the_document_has_the_routes_of_the_router_and_no_others() {
    let mut served = BTreeSet::new();
    for path in paths() {
        for method in methods(&path).await {
            served.insert(format!("{method} {path}"));
        }
    }
    let told = told();
    let missing: Vec<_> = served.difference(&told).collect();
    assert!(
        missing.is_empty(),
        "describe these in src/routes/openapi: {missing:?}"
    );
    let of_host = OF_HOST.map(|path| format!("GET {path}"));
    let invented: Vec<_> = told
        .difference(&served)
        .filter(|route| !of_host.contains(route))
        .collect();
    assert!(invented.is_empty(), "nothing serves these: {invented:?}");
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn check(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(to)) = members.get("$ref") {
                    assert!(
                        document.pointer(to.trim_start_matches('#')).is_some(),
                        "{to}"
                    );
                }
                members.values().for_each(|value| check(value, document));
            }
            Value::Array(values) => values.iter().for_each(|value| check(value, document)),
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn what_is_common_is_where_the_router_does_it() {
    let document = document();
    let at = |pointer: &str| {
        document
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer}"))
            .clone()
    };
    let process = at("/paths/~1process/post");
    for status in [
        "400", "401", "403", "404", "409", "410", "413", "415", "422", "429", "500", "503", "504",
    ] {
        let content = &process["responses"][status]["content"];
        let reference = &content["application/problem+json"]["schema"]["$ref"];
        assert_eq!(reference, "#/components/schemas/Problem", "{status}");
    }
    assert!(process["responses"]["200"]["headers"]["X-RateLimit-Remaining"].is_object());
    assert!(process["responses"]["429"]["headers"]["Retry-After"].is_object());
    assert_eq!(process["security"][1]["bearer"], serde_json::json!([]));
    let chat =
        at("/paths/~1v1~1chat~1completions/post/responses/400/content/application~1json/schema");
    assert_eq!(chat["$ref"], "#/components/schemas/ErrorDocument");
    assert_eq!(at("/paths/~1health/get/security"), serde_json::json!([]));
    assert!(at("/components/securitySchemes/api_key")["name"] == "X-API-Key");
}
