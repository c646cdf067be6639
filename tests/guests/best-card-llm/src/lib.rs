//! An llm stage that reads out the best card.
#![cfg(target_family = "wasm")]

use std::cell::RefCell;

use exports::colloquy::llm::llm as wit;

wit_bindgen::generate!({ path: "../../../wit", world: "colloquy:worlds/llm-stage" });
export!(Stage);

struct Stage;

/// What is left to say, the last piece first.
struct Answer(RefCell<Vec<wit::Chunk>>);

impl wit::Guest for Stage {
    type Generation = Answer;

    fn describe() -> Result<wit::Info, wit::Error> {
        Ok(wit::Info {
            name: "my-llm".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            model: None,
            languages: vec!["en".into()],
            needs: vec![],
        })
    }

    fn generate(request: wit::Request) -> Result<wit::Generation, wit::Error> {
        if request
            .messages
            .last()
            .is_none_or(|last| last.role != wit::Role::User)
        {
            return Err(wit::Error::InvalidInput(
                "the last message must be the user's".into(),
            ));
        }
        let text = match request.cards.first() {
            Some(card) => format!("{}. {}", card.title, card.summary),
            None => "I have nothing to show for that.".into(),
        };
        let end = wit::Usage {
            finish: wit::FinishReason::Stop,
            prompt_tokens: None,
            completion_tokens: None,
            item_ids: None,
        };
        let chunks = vec![wit::Chunk::Finished(end), wit::Chunk::Text(text)];
        Ok(wit::Generation::new(Answer(RefCell::new(chunks))))
    }
}

impl wit::GuestGeneration for Answer {
    fn next(&self) -> Result<Option<wit::Chunk>, wit::Error> {
        Ok(self.0.borrow_mut().pop())
    }
}
