//! Real components in real stores that trap, hang and eat memory: one instance is lost, nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio::runtime::Handle;
use wasmtime::component::TypedFunc;

use super::*;
use crate::engine::{self, Engines};
use crate::events::Bus;
use crate::metrics::Metrics;
use crate::outbound::Client;

/// Functions without parameters that answer a number, if they answer.
pub(super) const PROBE: &str = r#"
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "fine") (result i32) (i32.const 42))
    (func (export "trap") (result i32) (unreachable))
    (func (export "hang") (result i32) (loop (br 0)) (unreachable))
    (func (export "eat") (result i32)
      (loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable))) (br 0))
      (unreachable)))
  (core instance $i (instantiate $m))
  (func $fine (result u32) (canon lift (core func $i "fine")))
  (func $trap (result u32) (canon lift (core func $i "trap")))
  (func $hang (result u32) (canon lift (core func $i "hang")))
  (func $eat (result u32) (canon lift (core func $i "eat")))
  (instance $probe
    (export "fine" (func $fine)) (export "trap" (func $trap)) (export "hang" (func $hang)) (export "eat" (func $eat)))
  (export "test:stage/probe@0.1.0" (instance $probe)))
"#;

type Number = TypedFunc<(), (u32,)>;

pub(super) struct Probe {
    fine: Number,
    trap: Number,
    hang: Number,
    eat: Number,
}

impl Stage for Probe {
    const NAME: &'static str = "probe";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut probe = exports.interface("test:stage/probe@0.1.0")?;
        Ok(Self {
            fine: probe.function("fine")?,
            trap: probe.function("trap")?,
            hang: probe.function("hang")?,
            eat: probe.function("eat")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        let version = instance
            .call("fine", |s| s.fine, ())
            .map_err(|fault| fault.to_string())?
            .to_string();
        Ok(Description {
            name: "probe".into(),
            version,
            model: None,
            languages: vec![],
            needs: vec![],
        })
    }
}

pub(super) struct Bed {
    pub(super) version: Arc<Version<Probe>>,
    metrics: Metrics,
    _engines: Engines,
    folder: tempfile::TempDir,
}

/// A stage of two instances with a short deadline and little memory, running this component.
pub(super) fn bed(component: &str) -> Bed {
    let engines = Engines::new(
        &engine::Settings {
            cache_dir: None,
            edge_instances: 1,
            edge_memory: 1 << 20,
        },
        engine::EdgeKind::Thin,
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("probe.wasm");
    std::fs::write(&path, wat::parse_str(component).unwrap()).unwrap();
    let metrics = Metrics::new();
    let limits = Limits {
        instances: 2,
        queue: 4,
        queue_timeout: Duration::from_secs(60),
        deadline: Duration::from_millis(500),
        load_timeout: Duration::from_secs(60),
        memory: 8 << 20,
    };
    let settings = Settings {
        component: path,
        limits,
        grants: Grants {
            own_thread: true,
            ..Grants::default()
        },
    };
    let version = Version::start(
        &engines.stages,
        "probe-a",
        settings,
        Handle::current(),
        metrics.clone(),
        Reach {
            client: Client::default(),
            stores: Arc::default(),
            bus: Bus::new(&metrics),
        },
    )
    .unwrap();
    Bed {
        version: Arc::new(version),
        metrics,
        _engines: engines,
        folder,
    }
}

impl Bed {
    async fn call(&self, pick: fn(&Probe) -> Number) -> Result<u32, Fault> {
        self.version
            .lease()
            .await?
            .run(move |instance| instance.call("call", pick, ()))
            .await?
    }

    fn retired(&self, reason: &str) -> bool {
        let line = format!(
            r#"colloquy_stage_instances_retired_total{{stage="probe",section="probe-a",reason="{reason}"}} 1"#
        );
        self.metrics.encode().unwrap().contains(&line)
    }

    /// Waits until an instance has been retired for this reason; the count follows the answer.
    async fn until_retired(&self, reason: &str) {
        while !self.retired(reason) {
            tokio::task::yield_now().await;
        }
    }

    /// Both instances work, at the same time.
    async fn assert_whole(&self) {
        let (a, b) = (
            self.version.lease().await.unwrap(),
            self.version.lease().await.unwrap(),
        );
        for lease in [a, b] {
            assert_eq!(
                lease
                    .run(|instance| instance.call("fine", |s| s.fine, ()))
                    .await,
                Ok(Ok(42))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_internal_and_costs_one_instance() {
    let bed = bed(PROBE);
    assert_eq!(bed.call(|s| s.trap).await, Err(Fault::internal("probe")));
    bed.until_retired("trap").await;
    bed.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_end_meets_its_deadline_and_disturbs_nobody() {
    let bed = bed(PROBE);
    let other = bed.version.lease().await.unwrap();
    let (hung, fine) = tokio::join!(
        bed.call(|s| s.hang),
        other.run(|instance| instance.call("fine", |s| s.fine, ()))
    );
    assert_eq!((hung, fine), (Err(Fault::Deadline), Ok(Ok(42))));
    drop(other);
    bed.until_retired("deadline").await;
    bed.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_refused_at_the_limit() {
    let bed = bed(PROBE);
    assert_eq!(bed.call(|s| s.eat).await, Err(Fault::internal("probe")));
    bed.until_retired("memory").await;
    bed.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_instance_broke_keeps_saying_so() {
    let bed = bed(PROBE);
    let lease = bed.version.lease().await.unwrap();
    assert_eq!(
        lease
            .run(|instance| instance.call("trap", |s| s.trap, ()))
            .await,
        Ok(Err(Fault::internal("probe")))
    );
    let again = lease
        .run(|instance| instance.call("fine", |s| s.fine, ()))
        .await;
    assert_eq!(again, Err(Fault::internal("probe")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ready_describes_itself() {
    let bed = bed(PROBE);
    drop(bed.version.lease().await.unwrap());
    assert_eq!(bed.version.describe().unwrap().version, "42");
}

/// The operator's reason why a component cannot load.
async fn failure(component: &str) -> String {
    let bed = bed(component);
    loop {
        if let Some(failure) = bed.version.status().failure {
            assert!(matches!(
                bed.version.lease().await,
                Err(Fault::Unavailable(_))
            ));
            return failure;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_another_world_is_told() {
    let text = failure("(component)").await;
    assert!(
        text.contains("does not export test:stage/probe@0.1.0"),
        "{text}"
    );
    let text = failure(&PROBE.replace(r#"(export "eat" (func $eat))"#, "")).await;
    assert!(text.contains("lacks the function eat"), "{text}");
    let text =
        failure(&PROBE.replace(r#"(func $eat (result u32)"#, "(func $eat (result s32)")).await;
    assert!(
        text.contains("eat of test:stage/probe@0.1.0 is not what the contract says"),
        "{text}"
    );
    let text =
        failure(r#"(component (import "secret:host/door" (instance (export "open" (func)))))"#)
            .await;
    assert!(text.contains("imports what a stage is not given"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_that_is_not_there_is_told() {
    let bed = bed(PROBE);
    let component = bed.folder.path().join("probe.wasm");
    let mounts = BTreeMap::from([(
        "/models".into(),
        Path::new("/nonexistent/models").to_owned(),
    )]);
    let limits = Limits {
        instances: 1,
        queue: 1,
        queue_timeout: Duration::from_secs(1),
        deadline: Duration::from_secs(1),
        load_timeout: Duration::from_secs(60),
        memory: 8 << 20,
    };
    let settings = Settings {
        component,
        limits,
        grants: Grants {
            mounts,
            own_thread: true,
            ..Grants::default()
        },
    };
    let engine = bed._engines.stages.clone();
    let handle = Handle::current();
    let metrics = bed.metrics.clone();
    let examined = tokio::task::spawn_blocking(move || {
        examine::<Probe>(&engine, &settings, &handle, &metrics, true).err()
    });
    let text = examined.await.unwrap().unwrap();
    assert!(
        text.contains("cannot mount /nonexistent/models at /models"),
        "{text}"
    );
}
