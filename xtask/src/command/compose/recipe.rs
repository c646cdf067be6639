//! What goes into which file.

use super::DEFAULT_PROFILE;
use super::profile::Profile;

/// What a host brings that composes the stages itself: every interface of a stage, the store, and WASI.
const STAGES: &[&str] = &[
    "colloquy:ingest/",
    "colloquy:vad/",
    "colloquy:asr/",
    "colloquy:intent/",
    "colloquy:content/",
    "colloquy:llm/",
    "colloquy:tts/",
    "wasi:",
];

/// Our host has a bus for the events, too, and tells of itself.
const OUR_HOST: &[&str] = &[
    "colloquy:ingest/",
    "colloquy:vad/",
    "colloquy:asr/",
    "colloquy:intent/",
    "colloquy:content/",
    "colloquy:llm/",
    "colloquy:tts/",
    "colloquy:events/",
    "colloquy:host/",
    "wasi:",
];

/// Besides WASI, what a program that embeds the pipeline brings: what it does with events is its own business.
const EVENTS: &[&str] = &["colloquy:events/", "wasi:"];

/// The key-value store is WASI's too.
const WASI: &[&str] = &["wasi:"];

/// WASI without the key-value store.
const WASI_WITHOUT_STORE: &[&str] = &[
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:http/",
    "wasi:io/",
    "wasi:random/",
];

/// What stands in for a bus and for what a host tells of itself, where there is neither.
const PLAIN: &[&str] = &["events-log", "host-unknown"];

/// Stages that ask a server: they need a key, a store for what they know of it, and a bus to tell.
const ASKING: &[&str] = &["asr-remote", "llm-openai", "tts-edge", "tts-openai"];

/// What makes an environment of a host's variables.
const VARIABLES: &str = "environment-config";

/// One composed file.
#[derive(Debug)]
pub(super) struct Recipe {
    /// Below `dist/`.
    pub(super) file: String,
    /// Names of components. The exports of the first one are those of the result; the others are for it and for each other.
    pub(super) parts: Vec<&'static str>,
    /// How the names of imports start that are left to the host. Any other import without a provider is a mistake.
    pub(super) open: &'static [&'static str],
}

/// Every file of a profile.
pub(super) fn all(profile: &Profile) -> Vec<Recipe> {
    let recipe = |name: &str, parts: &[&[&'static str]], open| Recipe {
        file: match profile.folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        },
        parts: parts.concat(),
        open,
    };
    let stages = stages(profile);
    let turn: &[&str] = &["gateway", "pipeline"];
    let mut recipes = vec![
        // Everything but a store, for hosts that have one: ours, Spin, jco with a JavaScript map.
        recipe("colloquy.wasm", &[turn, &stages, PLAIN], WASI),
        // Everything, for `wasmtime serve`, whose store forgets.
        recipe(
            "colloquy-serve.wasm",
            &[turn, &stages, PLAIN, &["keyvalue-files"]],
            WASI_WITHOUT_STORE,
        ),
    ];
    if profile.name == DEFAULT_PROFILE {
        // Gateway and pipeline are the same in every profile. Two entries: WASI 0.2, and 0.3 for Spin's reuse of instances.
        recipes.insert(0, recipe("edge.wasm", &[turn, PLAIN], STAGES));
        let entry: &[&str] = &["gateway-spin", "pipeline"];
        recipes.insert(1, recipe("edge-spin.wasm", &[entry, PLAIN], STAGES));
        recipes.insert(2, recipe("edge-host.wasm", &[turn], OUR_HOST));
        // The turn without HTTP, for programs that embed it.
        recipes.push(recipe("pipeline.wasm", &[&["pipeline"], &stages], EVENTS));
    }
    // Stages that ask servers, for Spin, which has their keys in variables. A dependency there has none of its own, so the events have to
    // end inside; the store is the application's.
    for stage in stages.iter().filter(|stage| ASKING.contains(stage)) {
        let parts: &[&str] = &[stage, VARIABLES, "events-log"];
        recipes.push(recipe(&format!("{stage}.wasm"), &[parts], WASI));
    }
    recipes
}

/// The components of an application of this profile.
pub(super) fn parts(profile: &Profile) -> Vec<&'static str> {
    let stages = stages(profile);
    [&["gateway", "pipeline"], PLAIN, stages.as_slice()].concat()
}

fn stages(profile: &Profile) -> Vec<&'static str> {
    profile.stages.iter().map(|stage| stage.component).collect()
}
