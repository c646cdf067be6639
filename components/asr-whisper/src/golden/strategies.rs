//! The strategies: the search against that of the reference, and all three on recordings of people.

use std::rc::Rc;

use super::{check, encoded, model, primed, text, transcribe};
use crate::decode::{generate, search};
use crate::error::Error;
use crate::strategy::{Strategy, USUAL_BEAM, WIDEST_BEAM};
use crate::testing::{self, Golden, word_errors};
use crate::transcription::{Options, Transcription};

const HIGH: Strategy = Strategy::High { beam: USUAL_BEAM };

fn with(strategy: Strategy) -> Options {
    Options {
        strategy,
        ..Options::default()
    }
}

#[test]
fn a_beam_search_finds_the_tokens_of_the_reference() {
    let (Some(model), Some(golden)) = (model(), testing::golden_tokens()) else {
        return;
    };
    let limit = model.description.sizes.text_positions / 2;
    let mut others = 0;
    for Golden {
        file,
        timestamps,
        plain,
        beam,
        ..
    } in &golden
    {
        let cross = encoded(&model, file);
        let beam = beam.as_ref().unwrap();
        for (stamped, greedy, expected) in [
            (true, timestamps, &beam.timestamps),
            (false, plain, &beam.plain),
        ] {
            let primed = primed(&model, &cross, stamped, expected);
            let attempt = search(&model, &cross, &primed, USUAL_BEAM, limit).unwrap();
            check(file, &attempt, &primed, expected);
            others += usize::from(greedy.tokens != expected.tokens);
        }
    }
    // Otherwise a greedy search would pass as well.
    assert!(others >= 5, "{others} differ from the greedy ones");
}

#[test]
fn a_beam_of_one_is_greedy() {
    let (Some(model), Some(golden)) = (model(), testing::golden_tokens()) else {
        return;
    };
    // Three of which a wider beam makes something else.
    let limit = model.description.sizes.text_positions / 2;
    for golden in [&golden[0], &golden[4], &golden[5]] {
        let cross = encoded(&model, &golden.file);
        for (stamped, expected) in [(true, &golden.timestamps), (false, &golden.plain)] {
            let primed = primed(&model, &cross, stamped, expected);
            let one = search(&model, &cross, &primed, 1, limit).unwrap();
            let greedy = generate(&model, &cross, &primed, 0.0, limit).unwrap();
            assert_eq!((one.tokens, one.stop), (greedy.tokens, greedy.stop));
        }
    }
}

#[test]
fn every_strategy_understands_people() {
    let (Some(model), Some(golden)) = (model(), testing::golden_tokens()) else {
        return;
    };
    let mut words = 0;
    let mut errors = [0; 3];
    for Golden {
        file, transcript, ..
    } in &golden
    {
        let audio = testing::pcm(file).unwrap();
        for (errors, strategy) in errors
            .iter_mut()
            .zip([Strategy::Fast, Strategy::Balanced, HIGH])
        {
            let segments = transcribe(&model, audio.clone(), &with(strategy));
            *errors += word_errors(transcript, &text(&segments)).0;
            println!("{strategy:?} {file}: {}", text(&segments));
        }
        words += word_errors(transcript, "").1;
    }
    println!("fast, balanced, high: {errors:?} wrong words of {words}");
    // On these recordings more work never costs a word.
    let [fast, balanced, high] = errors;
    assert!(
        fast * 6 < words && balanced <= fast && high <= balanced,
        "{errors:?} of {words}"
    );
}

#[test]
fn a_beam_outside_its_limits_is_refused() {
    let Some(model) = model() else { return };
    for beam in [0, WIDEST_BEAM + 1] {
        let options = with(Strategy::High { beam });
        let work = Transcription::new(Rc::clone(&model), vec![0; 1600], &[], &options);
        let Err(Error::InvalidInput(why)) = work.map(drop) else {
            panic!("a beam of {beam} was taken");
        };
        assert!(why.contains("beam"), "{why}");
    }
}

#[test]
fn doubtful_text_is_heard_again_unless_it_has_to_be_fast() {
    let Some(model) = model() else { return };
    // A card player backwards: at first the model is sure of nothing.
    let mut audio = testing::pcm("pocketsphinx/cards/003.wav").unwrap();
    audio.reverse();
    let sure = |strategy: Strategy| {
        let segments = transcribe(&model, audio.clone(), &with(strategy));
        segments[0].mean_logprob
    };
    let (fast, balanced) = (sure(Strategy::Fast), sure(Strategy::Balanced));
    assert!(fast < -1.3 && fast + 0.3 < balanced, "{fast}, {balanced}");
}
