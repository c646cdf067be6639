//! A question, spoken or written, and its answer in one document.

use futures_util::{StreamExt as _, stream};

use super::*;
use crate::contract::events::Event;

#[tokio::test]
async fn a_spoken_question_is_answered() {
    let fakes = Fakes::default();
    let reply = upload(&fakes, &[("audio_file", b"RIFF the bytes of a recording")]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["transcription"], "What did she build?");
    assert_eq!(answer["response"], "She built A-0. Then COBOL.");
    assert_eq!(answer["items"][0]["type"], "project");
    assert_eq!(
        answer["metadata"],
        json!({
            "intelligent_selection": true,
            "cards_shown": 1,
            "cards_mentioned": null,
            "query_intent": "about",
            "content_filter": "since 1952",
            "confidence_score": 0.5,
            "transcription_confidence": 0.75,
        })
    );
    assert_eq!(answer["degraded"], json!([]));
    let utterances = fakes.utterances.lock().unwrap().clone();
    assert_eq!(utterances.len(), 1);
    assert_eq!(utterances[0].1, b"RIFF the bytes of a recording");
    assert_eq!(utterances[0].0.max_bytes, 26_214_400);
    assert!(
        matches!(&fakes.published.lock().unwrap()[..], [Event::TurnStarted(turn), Event::AudioStored(audio), Event::Swept(_)]
            if turn.session_id == answer["session_id"].as_str().unwrap() && turn.session_id == audio.session_id)
    );
    // Its audio is there, and its session goes on.
    let audio = fetch(
        &fakes,
        &format!("/audio/{}", answer["audio_file"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (audio.status, audio.body),
        (
            200,
            crate::speaking::file(colloquy_encode::Format::Wav, 22_050, &[1, -1, 1, -1]).unwrap()
        )
    );
    let session = fetch(
        &fakes,
        &format!("/session/{}", answer["session_id"].as_str().unwrap()),
    )
    .await
    .json();
    assert_eq!(
        session["conversation_history"][0]["items_shown"],
        json!(["a-0"])
    );
}

#[tokio::test]
async fn fields_come_in_any_order() {
    let fakes = Fakes::default();
    let session = new_session(&fakes).await;
    let (id, sound) = (session.as_bytes(), &b"sound"[..]);
    for fields in [
        [
            ("session_id", id),
            ("language", b"en"),
            ("voice", b"joe"),
            ("unknown", b"?"),
            ("audio_file", sound),
        ],
        [
            ("audio_file", sound),
            ("unknown", b"?"),
            ("voice", b"joe"),
            ("language", b"en"),
            ("session_id", id),
        ],
    ] {
        let reply = upload(&fakes, &fields).await;
        assert_eq!(
            (reply.status, &reply.json()["session_id"]),
            (200, &session.as_str().into())
        );
        let utterances = fakes.utterances.lock().unwrap();
        let (options, bytes) = utterances.last().unwrap();
        assert_eq!(
            (options.session_id.as_str(), options.language.as_deref()),
            (session.as_str(), Some("en"))
        );
        assert_eq!(bytes, sound);
        assert_eq!(
            fakes
                .requests
                .lock()
                .unwrap()
                .last()
                .unwrap()
                .voice
                .as_deref(),
            Some("joe")
        );
    }
    assert_eq!(fakes.utterances.lock().unwrap().len(), 2);
    assert_eq!(
        fetch(&fakes, &format!("/session/{session}")).await.json()["metadata"]["preferred_voice"],
        "joe"
    );
}

/// Whoever stops sending keeps no stage from others.
#[tokio::test]
async fn a_recording_goes_to_the_pipeline_when_all_of_it_is_there() {
    let fakes = Fakes::default();
    let part =
        b"--XX\r\nContent-Disposition: form-data; name=\"audio_file\"\r\n\r\nRIFF a part".to_vec();
    let utterances = Arc::clone(&fakes.utterances);
    let rest = async move {
        assert!(utterances.lock().unwrap().is_empty());
        b" and the rest\r\n--XX--\r\n".to_vec()
    };
    let body = stream::iter([part]).chain(stream::once(rest));
    let body = Body::from_stream(body.map(Ok::<_, std::io::Error>));
    let reply = call(&fakes, "POST", "/process", FORM, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let utterances = fakes.utterances.lock().unwrap();
    assert_eq!(utterances[0].1, b"RIFF a part and the rest");
}

#[tokio::test]
async fn an_answer_is_spoken_unless_text_is_enough() {
    let fakes = Fakes::default();
    ask(&fakes, json!({ "text": "Hello" })).await.json();
    ask(&fakes, json!({ "text": "Hello", "speak": false }))
        .await
        .json();
    for speak in ["", "true", "false"] {
        let fields = [("audio_file", &b"sound"[..]), ("speak", speak.as_bytes())];
        upload(&fakes, &fields).await.json();
    }
    let requests = fakes.requests.lock().unwrap();
    let spoken: Vec<_> = requests.iter().map(|request| request.speak).collect();
    assert_eq!(spoken, [true, false, true, true, false]);
}

#[tokio::test]
async fn a_written_question_is_answered_with_the_conversation_in_mind() {
    let fakes = Fakes::default();
    let first = ask(&fakes, json!({ "text": " What did she build? " }))
        .await
        .json();
    assert_eq!(
        (&first["transcription"], &first["language"]),
        (&"What did she build?".into(), &"und".into())
    );
    assert_eq!(first["metadata"]["transcription_confidence"], Value::Null);
    let second = ask(
        &fakes,
        json!({ "text": "And then?", "session_id": first["session_id"] }),
    )
    .await;
    assert_eq!(second.status, 200);
    let requests = fakes.requests.lock().unwrap();
    assert_eq!(requests[1].history.len(), 1);
    assert_eq!(
        (
            requests[1].history[0].user.as_str(),
            requests[1].history[0].item_ids[0].as_str()
        ),
        ("What did she build?", "a-0")
    );
    assert_eq!((requests[1].max_items, requests[1].speak), (4, true));
}
