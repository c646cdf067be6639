//! How long the parts and the strategies take. Measurements, not checks: run with `--ignored --nocapture` on an idle machine.

use std::time::Instant;

use super::{REFERENCE_FILL, model, transcribe};
use crate::SAMPLE_RATE;
use crate::model::{FULL_FRAMES, Whisper};
use crate::strategy::{Strategy, USUAL_BEAM};
use crate::testing;
use crate::transcription::Options;

fn milliseconds(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

fn spread(mut values: Vec<f64>, unit: &str) -> String {
    values.sort_by(f64::total_cmp);
    let (middle, last) = (values.len() / 2, values.len() - 1);
    format!(
        "median {:.2} {unit}, {:.2} to {:.2}",
        values[middle], values[0], values[last]
    )
}

#[test]
#[ignore = "measures, checks nothing"]
fn speed_of_the_parts() {
    let Some(folder) = testing::model_folder() else {
        return;
    };
    let time = |name: &str, work: &mut dyn FnMut()| {
        let times = (0..7).map(|_| milliseconds(work)).collect();
        println!("{name}: {}", spread(times, "ms"));
    };
    time("load", &mut || drop(Whisper::load(&folder).unwrap()));
    let model = Whisper::load(&folder).unwrap();
    let audio = testing::recording("pywhispercpp/jfk.wav").unwrap();
    for seconds in [3, 5, 10, 30] {
        let mut audio = audio.clone();
        audio.resize(seconds * SAMPLE_RATE, 0.0);
        let features = model.features(&audio);
        time(&format!("mel {seconds} s"), &mut || {
            drop(model.features(&audio))
        });
        time(&format!("encoder {seconds} s"), &mut || {
            drop(model.encode(&features).unwrap())
        });
    }
    let cross = model
        .encode(&model.features(&audio).resized(FULL_FRAMES, REFERENCE_FILL))
        .unwrap();
    let mut context = model.context().unwrap();
    let mut hidden = model
        .advance(&cross, &mut context, &[50257, 50363])
        .unwrap();
    time("20 decoder steps", &mut || {
        let mut context = context.clone();
        (0..20).for_each(|_| hidden = model.advance(&cross, &mut context, &[400]).unwrap());
    });
    time("20 logits", &mut || {
        (0..20).for_each(|_| drop(model.logits(&hidden[..384])))
    });
}

#[test]
#[ignore = "measures, checks nothing"]
fn speed_of_the_strategies() {
    let Some(model) = model() else { return };
    for file in [
        "pocketsphinx/cards/001.wav",
        "pywhispercpp/jfk.wav",
        "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0880.wav",
    ] {
        let audio = testing::pcm(file).unwrap();
        let seconds = audio.len() as f64 / SAMPLE_RATE as f64;
        let time = |strategy: Strategy| {
            milliseconds(&mut || {
                let options = Options {
                    strategy,
                    ..Options::default()
                };
                drop(transcribe(&model, audio.clone(), &options));
            })
        };
        let high = Strategy::High { beam: USUAL_BEAM };
        // In turns, so that what else the machine does meets both.
        let pairs: Vec<_> = (0..7)
            .map(|_| (time(Strategy::Balanced), time(high)))
            .collect();
        let (balanced, high): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        println!("{seconds:.1} s, {file}");
        println!("  balanced: {}", spread(balanced, "ms"));
        println!("  high: {}", spread(high, "ms"));
        let ratios = pairs.iter().map(|(balanced, high)| high / balanced);
        println!("  high / balanced: {}", spread(ratios.collect(), "times"));
    }
}
