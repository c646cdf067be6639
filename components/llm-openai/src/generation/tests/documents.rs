//! Answers that come in one document, and what may stand before an answer.

use super::*;

#[test]
fn one_document_is_an_answer_too() {
    let document = r#" {"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":
        "She wrote A-0 and led COBOL.\nITEMS: a-0","reasoning":"hm"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    // Cut off for length, the line of items may lack some.
    assert_eq!(
        answer(document),
        Ok((SAID.into(), Finish::Length, tokens(3, 4, 0), None))
    );
    let document = document.replace("length", "stop");
    assert_eq!(
        answer(&document),
        Ok((SAID.into(), Finish::Stop, tokens(3, 4, 0), ids(&["a-0"])))
    );
}

#[test]
fn a_byte_order_mark_is_no_text_wherever_it_is_cut() {
    let stream = event("Hi.", "stop") + "data: [DONE]\n\n";
    let document = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;
    for answered in [stream.as_str(), document] {
        let hi = Ok(("Hi.".to_owned(), Finish::Stop, Tokens::default(), None));
        assert_eq!(answer(&format!("\u{feff}{answered}")), hi, "{answered}");
    }
}

#[test]
fn no_more_is_read_of_a_long_document_than_is_said() {
    let said = "She said so. ".repeat(75_000);
    let document = json!({ "choices": [{ "message": { "content": said } }] }).to_string();
    let answered = answer_to(&server(&document, 1 << 16), &request());
    let (text, finish, ..) = answered.unwrap();
    assert_eq!(finish, Finish::Length);
    assert!((1320..1700).contains(&text.len()), "{}", text.len());
}
