//! Spoken questions about the sample content, asked by another engine's voice: the right cards, and an answer about them.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::python;
use colloquy_tests::speech::Wav;

use super::SharedCase;

pub(crate) const CASES: &[SharedCase] = &[(
    "questions::spoken_questions_get_the_right_cards",
    spoken_questions_get_the_right_cards,
)];

/// A question, the ids of which one must come first, and a word that the answer must say.
const QUESTIONS: &[(&str, &[&str], &str)] = &[
    ("What was the first compiler she wrote?", &["a-0"], "A-0"),
    (
        "What did she do at Harvard?",
        &["harvard-lab", "mark-i-programs", "harvard-subroutines"],
        "Harvard",
    ),
    (
        "Tell me about the moth in the Mark Two.",
        &["mark-ii-moth"],
        "moth",
    ),
    (
        "Tell me about the programming language COBOL.",
        &["cobol", "codasyl-meeting"],
        "COBOL",
    ),
    (
        "What did she study at Yale?",
        &["yale-phd", "yale-ma"],
        "Yale",
    ),
    (
        "Which awards did she receive?",
        &[
            "medal-of-freedom",
            "medal-of-technology",
            "defense-medal",
            "man-of-the-year",
        ],
        "Medal",
    ),
    ("Tell me about flow matic.", &["flow-matic"], "FLOW-MATIC"),
    (
        "What did she publish in nineteen fifty two?",
        &["education-of-a-computer"],
        "Education of a Computer",
    ),
    (
        "What are the nanosecond wires?",
        &["nanosecond-wires"],
        "nanosecond",
    ),
    (
        "Where did she teach mathematics?",
        &["vassar-teaching"],
        "Vassar",
    ),
];

fn spoken_questions_get_the_right_cards(host: &Host) -> Result<()> {
    let sentences: Vec<_> = QUESTIONS.iter().map(|(question, _, _)| *question).collect();
    ensure!(sentences.len() >= 8, "{} questions", sentences.len());
    let (_folder, files) = python::spoken(&sentences)?;
    let mut wrong = Vec::new();
    for ((question, expected, word), file) in QUESTIONS.iter().zip(files) {
        let answer = host.ask_aloud(&file, None)?;
        let said = answer["response"].as_str().context("response")?;
        let seconds = Wav::parse(&host.audio(&answer)?)?.seconds();
        ensure!(seconds > 1.0, "{question}: {seconds} s of audio for {said}");
        let first = answer["items"][0]["id"].as_str().unwrap_or("no card");
        if !expected.contains(&first) || !said.contains(word) {
            let heard = &answer["transcription"];
            wrong.push(format!(
                "{question}: heard {heard}, got {first}, said {said}"
            ));
        }
    }
    // The smallest Whisper mishears a name now and then.
    ensure!(wrong.len() * 10 <= QUESTIONS.len(), "{wrong:#?}");
    Ok(())
}
