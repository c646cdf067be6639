//! Content bases of any operator, and questions of anybody about them: no panic, mistakes are told, an answer has at most four cards.
#![no_main]

use std::sync::LazyLock;

use intent_rules::Engine;
use intent_rules::base::ContentBase;
use intent_rules::select::choose::Request;
use libfuzzer_sys::fuzz_target;

/// The content base of this repository, for questions about something real.
static SAMPLE: LazyLock<Engine> = LazyLock::new(|| {
    let base = ContentBase::from_json(include_bytes!("../../../content/content.json"));
    Engine::new(base.expect("the sample is sound")).expect("the word lists are sound")
});

fuzz_target!(|bytes: &[u8]| {
    // A question in the first line, a file in the others.
    let end = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(bytes.len());
    let (question, file) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let question = String::from_utf8_lossy(question);
    ask(&SAMPLE, &question);
    match ContentBase::from_json(file) {
        // An engine reads all word lists, which takes a hundred times as long as the file; so not for each.
        Ok(base) if question.len() % 16 == 0 => {
            ask(
                &Engine::new(base).expect("what was accepted can be indexed"),
                &question,
            );
        }
        Ok(_) => {}
        Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
    }
});

/// The cards that an answer may have.
const MOST: usize = 4;

fn ask(engine: &Engine, question: &str) {
    let Ok(found) = engine.classify(question, &[]) else {
        return;
    };
    assert!((0.0..=1.0).contains(&found.confidence));
    let request = Request {
        text: question.to_owned(),
        intent: found.intent.to_owned(),
        item_type: found.item_type,
        entities: found
            .entities
            .into_iter()
            .map(|entity| (entity.kind.to_owned(), entity.value))
            .collect(),
        keywords: found.keywords,
        previous_item_ids: Vec::new(),
        limit: MOST,
    };
    let selection = engine
        .select(&request)
        .expect("what was classified can be selected");
    assert!(selection.hits.len() <= MOST);
}
