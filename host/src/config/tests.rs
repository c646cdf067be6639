//! What is accepted, and how mistakes are told.

use super::*;
use crate::stage::Strategy;

const STAGES: &str = "
[stage.ingest]
component = 'a.wasm'
[stage.vad]
component = 'a.wasm'
[stage.asr]
component = 'a.wasm'
[stage.intent]
component = 'a.wasm'
[stage.llm]
component = 'a.wasm'
[stage.tts]
component = 'a.wasm'
";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/colloquy.toml"), text).map_err(|mistake| mistake.to_string())
}

fn mistake(text: &str) -> String {
    parse(text).unwrap_err()
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = parse(&format!(
        "{STAGES}mounts = {{ '/models/v' = 'models/v' }}\n[keyvalue.s]\nbackend = 'sqlite'\npath = '/var/s'\nmax_mib = 1"
    ));
    let config = config.unwrap();
    let (_, tts) = config.stages.tts.members().next().unwrap();
    assert_eq!(tts.component, Path::new("/etc/a.wasm"));
    assert_eq!(tts.grants.mounts["/models/v"], Path::new("/etc/models/v"));
    assert!(
        matches!(&config.buckets[0].backend, Backend::Sqlite(path) if path == Path::new("/var/s"))
    );
    assert_eq!(config.buckets[0].bounds.max_bytes, 1 << 20);
}

#[test]
fn the_sample_is_valid_and_names_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../colloquy.toml");
    let config = Config::read(&path).unwrap();
    assert_eq!(config.buckets.len(), 4);
    let text = std::fs::read_to_string(path).unwrap();
    for key in [
        "listen",
        "max_connections",
        "max_connections_per_address",
        "max_concurrent_requests",
        "max_requests_per_address",
        "header_timeout_ms",
        "body_timeout_ms",
        "min_body_bytes_per_s",
        "write_timeout_ms",
        "max_header_kib",
        "max_body_mib",
        "request_timeout_ms",
        "shutdown_grace_ms",
        "sweep_every_s",
        "cache_dir",
        "level",
        "format",
        "component",
        "memory_mib",
        "environment",
        "instances",
        "queue",
        "queue_timeout_ms",
        "deadline_ms",
        "load_timeout_ms",
        "mounts",
        "outbound",
        "credentials",
        "keyvalue",
        "url",
        "subject",
        "backend",
        "path",
        "max_mib",
        "max_age_minutes",
        "prefix",
        "timeout_ms",
        "endpoint",
        "region",
    ] {
        assert!(
            text.contains(&format!("{key} = ")),
            "{key} is not in colloquy.toml"
        );
    }
}

#[test]
fn an_unknown_key_has_its_line_and_a_suggestion() {
    let text = mistake("[server]\nlisten = '127.0.0.1:1'\nmax_conections = 3\n");
    assert!(
        text.starts_with("/etc/colloquy.toml, line 3: unknown field `max_conections`"),
        "{text}"
    );
    assert!(text.ends_with("did you mean `max_connections`?"), "{text}");
    let text = mistake("[stages.asr]\ncomponent = 'x'\n");
    assert!(
        text.starts_with("/etc/colloquy.toml, line 1: unknown field `stages`"),
        "{text}"
    );
    assert!(text.ends_with("did you mean `stage`?"), "{text}");
}

#[test]
fn values_out_of_range_have_their_line() {
    for (extra, line, what) in [
        ("instances = 0", 14, "stage.tts.instances must be 1 to 256"),
        (
            "memory_mib = 5000",
            14,
            "stage.tts.memory_mib must be 1 to 4096",
        ),
        ("deadline_ms = 0", 14, "stage.tts.deadline_ms must not be 0"),
        (
            "mounts = { 'models' = 'm' }",
            14,
            "stage.tts.mounts maps absolute guest paths",
        ),
        (
            "[keyvalue.s]\nbackend = 'sqlite'\nmax_mib = 1",
            14,
            "keyvalue.s.path is missing",
        ),
        (
            "[keyvalue.s]\nbackend = 'memory'\npath = 'x'\nmax_mib = 1",
            16,
            "keyvalue.s.path means nothing",
        ),
        (
            "[keyvalue.s]\nbackend = 'etcd'\nmax_mib = 1",
            15,
            "unknown variant `etcd`",
        ),
        (
            "[server]\nlisten = 'localhost'",
            15,
            "server.listen is not an address",
        ),
        ("queue = 'long'", 14, "invalid type"),
    ] {
        let text = mistake(&format!("{STAGES}{extra}\n"));
        assert!(
            text.starts_with(&format!("/etc/colloquy.toml, line {line}: ")) && text.contains(what),
            "{extra}: {text}"
        );
    }
}

#[test]
fn a_value_of_another_type_is_told_with_its_key() {
    for (text, what) in [
        (
            "[server]\nmax_connections = 'many'",
            "line 2: max_connections: invalid type: string \"many\", expected a whole number",
        ),
        (
            "[stage.vad]\ninstances = 1",
            "line 1: [stage.vad]: missing field `component`",
        ),
        (
            "[stage.vad]\ncomponent = 'a.wasm'\noutbound = 'https://a'",
            "line 3: outbound: invalid type: string \"https://a\", expected a list",
        ),
        (
            "[log]\nformat = 'xml'",
            "line 2: format: unknown variant `xml`, expected `text` or `json`",
        ),
    ] {
        assert!(mistake(text).ends_with(what), "{}", mistake(text));
    }
}

#[test]
fn a_key_that_stands_in_the_file_is_not_told() {
    for section in [
        "[events.nats]\nurl = 'nats://h'\ncredentials = 'me:secret'",
        "[stage.vad]\ncomponent = 'a.wasm'\ncredentials = { 'https://a' = 'secret' }",
    ] {
        let text = mistake(section);
        assert!(
            text.ends_with("credentials: a key does not stand here: name the variable of the environment that has it, `{ env = \"NAME\" }`"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn destinations_and_their_keys_are_checked() {
    // A variable that every process has stands for a key.
    let key = "{ env = 'PATH' }";
    for (extra, what) in [
        (
            "outbound = ['https://api.example.com/v1']".to_owned(),
            "stage.tts.outbound has what is not a destination: `https://api.example.com/v1`",
        ),
        (
            format!("credentials = {{ 'https://api.example.com' = {key} }}"),
            "a key for https://api.example.com, which is not in `outbound`",
        ),
        (
            "outbound = ['https://api.example.com']\ncredentials = { 'https://api.example.com' = { env = 'NOT_SET_AT_ALL' } }".to_owned(),
            "the environment variable NOT_SET_AT_ALL, which is not set",
        ),
    ] {
        let text = mistake(&format!("{STAGES}{extra}\n"));
        assert!(text.contains(what), "{text}");
    }
    let config = parse(&format!(
        "{STAGES}outbound = ['https://api.example.com', 'http://127.0.0.1:1']\ncredentials = {{ 'https://api.example.com:443' = {key} }}\n"
    ));
    let (config, secret) = (config.unwrap(), std::env::var("PATH").unwrap());
    assert!(!format!("{config:?}").contains(&secret));
    // So that the log can leave it out.
    assert_eq!(config.keys().collect::<Vec<_>>(), [secret.trim()]);
}

#[test]
fn a_stage_may_use_buckets_that_there_are() {
    let bucket = "[keyvalue.breakers]\nbackend = 'memory'\nmax_mib = 1\n";
    let config = parse(&format!("{STAGES}keyvalue = ['breakers']\n{bucket}")).unwrap();
    let granted = |section: &str| -> Vec<String> {
        let mut stages = config.stages.all();
        let (_, settings) = stages.find(|(name, _)| *name == section).unwrap();
        settings.grants.buckets.iter().cloned().collect()
    };
    assert_eq!(granted("tts"), ["breakers"]);
    assert!(granted("llm").is_empty());
    let text = mistake(&format!(
        "{STAGES}keyvalue = ['breakers', 'brakers']\n{bucket}"
    ));
    let what = "line 14: stage.tts.keyvalue names the bucket `brakers`, and there is no [keyvalue.brakers]";
    assert!(text.ends_with(what), "{text}");
}

#[test]
fn events_may_go_to_nats() {
    let config =
        parse("[events.nats]\nurl = 'nats://127.0.0.1:4222'\ncredentials = { env = 'PATH' }\n");
    let shown = format!("{:?}", config.unwrap());
    assert!(
        shown.contains("colloquy.events at 127.0.0.1:4222"),
        "{shown}"
    );
    assert!(!shown.contains(&std::env::var("PATH").unwrap()));
    assert!(parse("").unwrap().nats.is_none());
    for (section, what) in [
        (
            "url = 'http://127.0.0.1:4222'",
            "line 2: events.nats.url is not an address such as",
        ),
        (
            "url = 'nats://u:p@127.0.0.1'",
            "line 2: events.nats.url must not have a password in it",
        ),
        (
            "url = 'nats://h'\nsubject = 'a.>'",
            "line 3: events.nats.subject must be words",
        ),
        (
            "url = 'nats://h'\ncredentials = { env = 'NOT_SET_AT_ALL' }",
            "line 3: events.nats.credentials names the environment variable NOT_SET_AT_ALL",
        ),
        ("subject = 'a'", "missing field `url`"),
    ] {
        let text = mistake(&format!("[events.nats]\n{section}\n"));
        assert!(text.contains(what), "{section}: {text}");
    }
}

#[test]
fn an_edge_component_may_have_its_stages_inside() {
    let config = parse("[edge]\nmounts = { '/models' = 'models' }\n").unwrap();
    assert!(config.stages.asr.is_empty());
    assert_eq!(
        config.edge.grants.mounts["/models"],
        Path::new("/etc/models")
    );
    let text = mistake("[edge]\nmounts = { 'models' = 'm' }\n");
    assert!(
        text.contains("line 2: edge.mounts maps absolute guest paths"),
        "{text}"
    );
}

#[test]
fn a_missing_file_is_a_mistake_without_a_line() {
    let text = Config::read(Path::new("/nonexistent/colloquy.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with("/nonexistent/colloquy.toml: there is no such file"),
        "{text}"
    );
}

fn order(chain: &Chain<Settings>, strategy: Strategy) -> Vec<&str> {
    chain.order(strategy).map(|(_, name, _)| name).collect()
}

#[test]
fn a_chain_has_an_order_for_each_strategy() {
    let config = parse(
        "[stage.asr]
component = 'a.wasm'
[stage.server]
component = 'a.wasm'
[stage.words]
component = 'a.wasm'
[stage.better]
component = 'a.wasm'
[chain]
llm = ['server', 'words']
[chain.fast]
llm = ['words']
[chain.high]
asr = ['better', 'asr']",
    );
    let stages = config.unwrap().stages;
    assert_eq!(order(&stages.llm, Strategy::Balanced), ["server", "words"]);
    assert_eq!(order(&stages.llm, Strategy::High), ["server", "words"]);
    assert_eq!(order(&stages.llm, Strategy::Fast), ["words"]);
    assert_eq!(order(&stages.asr, Strategy::Fast), ["asr"]);
    assert_eq!(order(&stages.asr, Strategy::High), ["better", "asr"]);
    assert_eq!(stages.asr.members().count(), 2);
    assert!(stages.tts.is_empty());
}

#[test]
fn mistakes_in_chains_are_named() {
    let stage = |name: &str| format!("[stage.{name}]\ncomponent = 'a.wasm'\n");
    for (text, told) in [
        (
            stage("whisper"),
            "line 2: stage.whisper.component stands for no stage",
        ),
        (
            stage("asr") + "[chain]\nllm = ['other']",
            "line 4: chain.llm names [stage.other], and there is no such section",
        ),
        (
            stage("llm") + "[chain]\nllm = ['llm', 'llm']",
            "line 4: chain.llm names llm twice",
        ),
        (
            stage("llm") + "[chain.high]\nllm = []",
            "line 4: chain.high.llm must name a section",
        ),
    ] {
        assert!(mistake(&text).contains(told), "{}", mistake(&text));
    }
    assert!(mistake("[chain]\nvad = []").contains("unknown field `vad`"));
}

#[test]
fn the_gateway_is_asked_to_sweep_unless_nobody_wants_it() {
    for (line, every_s) in [
        ("", Some(60)),
        ("sweep_every_s = 1", Some(1)),
        ("sweep_every_s = 0", None),
    ] {
        let config = parse(&format!(
            "[server]\n{line}\n[edge.environment]\nTASK_HEADER = 'x-other'\n{STAGES}"
        ));
        let config = config.unwrap();
        let every = every_s.map(std::time::Duration::from_secs);
        assert_eq!(config.server.sweep_every, every);
        // The one that is taken from clients.
        let environment = &config.edge.grants.environment;
        assert_eq!(environment["TASK_HEADER"], "x-colloquy-task");
    }
    let message = mistake(&format!("[server]\nsweep_every_s = 86401\n{STAGES}"));
    assert!(
        message.contains("server.sweep_every_s must be 0 to 86400"),
        "{message}"
    );
}

#[test]
fn an_address_has_a_quarter_of_the_requests() {
    for (lines, most) in [
        ("", 8),
        ("max_concurrent_requests = 100", 25),
        ("max_concurrent_requests = 2", 8),
        ("max_requests_per_address = 3", 3),
        ("max_requests_per_address = 0", 0),
    ] {
        let config = parse(&format!("[server]\n{lines}\n{STAGES}")).unwrap();
        assert_eq!(config.server.limits.per_address, most, "{lines}");
    }
}
