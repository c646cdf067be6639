//! Which stages a host needs: those that its edge component imports. The others are inside it, or not used.

use super::{asr, ingest, intent, llm, tts, vad};
use crate::config::Stages;
use crate::engine::EdgeKind;
use crate::stage::{Chain, Settings, Stage};

/// What configuration and the imports of an edge component amount to.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whether stages are left to the host.
    pub(crate) edge: EdgeKind,
    /// The sections of the stages that are imported.
    pub(crate) stages: Stages,
    /// Stages that are imported and have no section.
    pub(crate) missing: Vec<&'static str>,
    /// Stages that have a section and are not imported.
    pub(crate) unused: Vec<&'static str>,
}

impl Plan {
    /// For an edge component with these imports.
    pub(crate) fn new(imports: &[String], sections: &Stages) -> Self {
        let mut plan = Self {
            edge: EdgeKind::Whole,
            stages: Stages::default(),
            missing: Vec::new(),
            unused: Vec::new(),
        };
        let mut choose = |name, section: &Chain<Settings>| {
            let wanted = imports.iter().any(|import| is_of(import, name));
            match (wanted, section.is_empty()) {
                (true, true) => plan.missing.push(name),
                (false, false) => plan.unused.push(name),
                _ => {}
            }
            if wanted {
                plan.edge = EdgeKind::Thin;
            }
            if wanted {
                section.clone()
            } else {
                Chain::default()
            }
        };
        let stages = Stages {
            ingest: choose(ingest::Ingest::NAME, &sections.ingest),
            vad: choose(vad::Vad::NAME, &sections.vad),
            asr: choose(asr::Asr::NAME, &sections.asr),
            intent: choose(intent::Intent::NAME, &sections.intent),
            llm: choose(llm::Llm::NAME, &sections.llm),
            tts: choose(tts::Tts::NAME, &sections.tts),
        };
        Self { stages, ..plan }
    }
}

/// Whether an import is served by the stage of this name. The content base comes with `intent`.
fn is_of(import: &str, stage: &str) -> bool {
    let interface = import
        .strip_prefix("colloquy:")
        .and_then(|rest| rest.split('/').next());
    match interface {
        Some("content") => stage == intent::Intent::NAME,
        interface => interface == Some(stage),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn plan(imports: &[&str]) -> Plan {
        let text = "[stage.asr]\ncomponent = 'a.wasm'\n[stage.intent]\ncomponent = 'i.wasm'\n";
        let config = Config::parse(Path::new("/etc/colloquy.toml"), text).unwrap();
        let imports: Vec<String> = imports.iter().map(|&name| name.to_owned()).collect();
        Plan::new(&imports, &config.stages)
    }

    #[test]
    fn what_is_imported_needs_a_section() {
        let plan = plan(&["colloquy:vad/vad@0.1.0", "colloquy:content/content@0.1.0"]);
        assert_eq!((plan.missing, plan.unused), (vec!["vad"], vec!["asr"]));
        assert!(!plan.stages.intent.is_empty() && plan.stages.asr.is_empty());
        assert_eq!(plan.edge, EdgeKind::Thin);
    }

    #[test]
    fn a_component_with_its_stages_inside_needs_none() {
        let plan = plan(&["colloquy:events/events@0.3.0", "wasi:http/types@0.2.0"]);
        assert_eq!((plan.missing, plan.edge), (vec![], EdgeKind::Whole));
        assert_eq!(plan.unused, ["asr", "intent"]);
    }
}
