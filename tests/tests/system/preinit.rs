//! Components with their models inside: made by `colloquy preinit`, they do what the same ones do that read their files.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::alone::{described, probabilities, segments, speech};
use colloquy_tests::host::Host;
use colloquy_tests::preinit::{self, Pair};
use colloquy_tests::{recordings, root};

use super::{OwnCase, SharedCase};

pub(crate) const CASES: &[SharedCase] = &[("preinit::a_turn_is_the_same", a_turn_is_the_same)];

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "preinit::every_number_of_a_stage_is_the_same",
        every_number_of_a_stage_is_the_same,
    ),
    (
        "preinit::what_cannot_be_made_is_told",
        what_cannot_be_made_is_told,
    ),
];

fn a_turn_is_the_same(plain: &Host) -> Result<()> {
    let preinit = Host::configured(preinit::configure)?;
    let recording = recordings::librivox()?.swap_remove(0).path;
    let compare = |fields: &[&str], ask: &dyn Fn(&Host) -> Result<serde_json::Value>| {
        let (expected, found) = (ask(plain)?, ask(&preinit)?);
        for field in fields {
            let (expected, found) = (&expected[*field], &found[*field]);
            ensure!(!expected.is_null(), "there is no {field}");
            ensure!(expected == found, "{field}: {expected} but {found}");
        }
        ensure!(
            plain.audio(&expected)? == preinit.audio(&found)?,
            "the answers sound different"
        );
        Ok(())
    };
    compare(
        &["transcription", "response", "items", "degraded"],
        &|host| host.ask_aloud(&recording, None),
    )?;
    compare(&["response", "items", "degraded"], &|host| {
        host.ask("Tell me about the first compiler", None)
    })?;
    let models = |host: &Host| -> Result<Vec<String>> {
        let log = host.log()?;
        let ready = log.lines().filter(|line| line.contains("instance ready"));
        let mut models: Vec<_> = ready
            .filter_map(|line| line.split_once("model="))
            .filter_map(|(_, rest)| Some(rest.split_whitespace().next()?.to_owned()))
            .collect();
        models.sort();
        models.dedup();
        Ok(models)
    };
    let (expected, found) = (models(plain)?, models(&preinit)?);
    ensure!(
        expected.len() >= 3 && expected == found,
        "{expected:?} but {found:?}"
    );
    Ok(())
}

fn every_number_of_a_stage_is_the_same() -> Result<()> {
    let mut reader = hound::WavReader::open(recordings::jfk()?.path)?;
    let audio = reader.samples::<i16>().collect::<Result<Vec<_>, _>>()?;

    let vad = Pair::open("vad")?;
    let expected = probabilities(&mut vad.plain.start(&vad.mounts)?, &audio)?;
    let mut preinit = vad.preinit.start(&[])?;
    for _ in 0..2 {
        ensure!(
            probabilities(&mut preinit, &audio)? == expected,
            "probabilities differ"
        );
    }
    let needs = described(&mut preinit, "colloquy:vad/vad@0.1.0", "needs")?;
    ensure!(
        needs == wasmtime::component::Val::List(Vec::new()),
        "it says that it needs {needs:?}"
    );

    let asr = Pair::open("asr")?;
    let expected = segments(&mut asr.plain.start(&asr.mounts)?, &audio)?;
    ensure!(!expected.is_empty(), "nothing was heard");
    ensure!(
        segments(&mut asr.preinit.start(&[])?, &audio)? == expected,
        "tokens or probabilities differ"
    );

    let tts = Pair::open("tts")?;
    let text = "Debugging became popular in 1947, or so they say.";
    let expected = speech(&mut tts.plain.start(&tts.mounts)?, text)?;
    ensure!(expected.len() > 1, "{} chunks", expected.len());
    ensure!(
        speech(&mut tts.preinit.start(&[])?, text)? == expected,
        "samples differ"
    );
    Ok(())
}

fn what_cannot_be_made_is_told() -> Result<()> {
    let root = root().canonicalize()?;
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out.wasm");
    let vad = root.join("dist/components/vad-silero.wasm");
    let model = root.join("models/silero-vad");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty)?;
    let wrong = folder.path().join("wrong");
    std::fs::create_dir(&wrong)?;
    std::fs::write(wrong.join("silero_vad_16k_sequence.onnx"), "not a model")?;
    let large = folder.path().join("large");
    std::fs::create_dir(&large)?;
    std::fs::File::create(large.join("sparse"))?.set_len(1 << 30)?;
    let pipeline = root.join("dist/components/pipeline.wasm");
    let missing = Path::new("/nowhere");
    for (component, model, expected) in [
        (
            &pipeline as &Path,
            &model as &Path,
            "does not export colloquy:preload/preload@0.1.0",
        ),
        (missing, &model, "cannot read /nowhere"),
        (&model.join("silero_vad_16k_sequence.onnx"), &model, "wasm"),
        (&vad, missing, "cannot read /nowhere"),
        (&vad, &empty, "has no files"),
        (&vad, &large, "1073741824 bytes, at most 268435455"),
        (&vad, &wrong, "not the Silero 16 kHz sequence model"),
    ] {
        let output = Command::new(root.join("dist/colloquy"))
            .arg("preinit")
            .arg(component)
            .arg("--model")
            .arg(model)
            .arg("--out")
            .arg(&out)
            .output()?;
        let told = String::from_utf8(output.stderr).context("text")?;
        ensure!(
            !output.status.success(),
            "{} was made of {}",
            component.display(),
            model.display()
        );
        ensure!(told.contains(expected), "expected `{expected}`: {told}");
        ensure!(!out.exists(), "something was left after: {told}");
    }
    Ok(())
}
