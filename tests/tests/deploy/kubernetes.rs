//! Manifests against the schemas of Kubernetes and against the configuration that pods get. SpinKube's resource has no schema in any
//! package registry, so its names are held to the operator's documented types.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, table};
use serde_json::{Value, json};
use toml::Table;

use super::configuration::{text, variables};
use super::{Case, always, deploy, linter, no_linters, output};

pub(super) const CASES: &[Case] = &[
    ("the_manifests_are_by_the_schemas", manifests, no_linters),
    (
        "the_manifest_gives_what_its_configuration_needs",
        agreed,
        no_linters,
    ),
    ("pods_share_what_they_keep", shared, always),
    ("probes_ask_routes_that_there_are", probes, always),
    (
        "the_spinkube_manifest_scales_its_own_application",
        spinkube,
        no_linters,
    ),
];

/// One that is kept; newer ones are checked by whoever upgrades.
const VERSION: &str = "1.34";

const MANIFEST: &str = "kubernetes/colloquy.yaml";

/// Fields of `SpinApp` and the types of what is in them, of spin-operator's `api/v1alpha1/spinapp_types.go`, as far as we use them. A type
/// that is not listed is a plain value or Kubernetes' own.
const SPIN_TYPES: &[(&str, &[(&str, &str)])] = &[
    (
        "SpinApp",
        &[
            ("apiVersion", ""),
            ("kind", ""),
            ("metadata", "ObjectMeta"),
            ("spec", "SpinAppSpec"),
        ],
    ),
    (
        "SpinAppSpec",
        &[
            ("executor", ""),
            ("image", ""),
            ("checks", "HealthChecks"),
            ("replicas", ""),
            ("enableAutoscaling", ""),
            ("runtimeConfig", "RuntimeConfig"),
            ("variables", "SpinVar"),
            ("resources", "Resources"),
        ],
    ),
    (
        "HealthChecks",
        &[("readiness", "HealthProbe"), ("liveness", "HealthProbe")],
    ),
    (
        "HealthProbe",
        &[
            ("httpGet", "HTTPHealthProbe"),
            ("initialDelaySeconds", ""),
            ("timeoutSeconds", ""),
            ("periodSeconds", ""),
            ("successThreshold", ""),
            ("failureThreshold", ""),
        ],
    ),
    (
        "HTTPHealthProbe",
        &[("path", ""), ("httpHeaders", "NameAndValue")],
    ),
    ("NameAndValue", &[("name", ""), ("value", "")]),
    (
        "RuntimeConfig",
        &[
            ("loadFromSecret", ""),
            ("keyValueStores", "KeyValueStoreConfig"),
        ],
    ),
    (
        "KeyValueStoreConfig",
        &[("name", ""), ("type", ""), ("options", "SpinVar")],
    ),
    (
        "SpinVar",
        &[("name", ""), ("value", ""), ("valueFrom", "VarSource")],
    ),
    (
        "VarSource",
        &[
            ("configMapKeyRef", "ConfigMapKeySelector"),
            ("secretKeyRef", "SecretKeySelector"),
        ],
    ),
    (
        "Resources",
        &[("limits", "ResourceList"), ("requests", "ResourceList")],
    ),
];

fn manifests() -> Result<()> {
    output(
        linter("kubernetes-validate")?
            .args(["--strict", "-k", VERSION])
            .arg(deploy().join(MANIFEST)),
    )?;
    Ok(())
}

/// The documents of a manifest.
fn documents(file: &str) -> Result<Vec<Value>> {
    let read =
        "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let printed = output(
        linter("python")?
            .args(["-c", read])
            .arg(deploy().join(file)),
    )?;
    Ok(serde_json::from_str(&printed)?)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn agreed() -> Result<()> {
    let all = documents(MANIFEST)?;
    let of_kind = |kind: &str| {
        let found = all.iter().find(|it| it["kind"] == kind);
        found.with_context(|| format!("no {kind}"))
    };
    let text = text("kubernetes")?;
    let config: Table = text.parse()?;
    let port = |key: &str| -> Result<Value> {
        let address = config["server"][key].as_str().context("an address")?;
        let (host, port) = address.rsplit_once(':').context("a port")?;
        ensure!(host == "0.0.0.0", "{key}: no other pod reaches {host}");
        Ok(json!(port.parse::<u16>()?))
    };
    let (clients, watchers) = (port("listen")?, port("watch_listen")?);

    let deployment = of_kind("Deployment")?;
    let pod = &deployment["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    let ports: Vec<_> = list(&container["ports"])
        .iter()
        .map(|it| (it["name"].as_str(), &it["containerPort"]))
        .collect();
    ensure!(
        ports == [(Some("http"), &clients), (Some("watch"), &watchers)],
        "{ports:?}"
    );
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let port = &container[probe]["httpGet"]["port"];
        ensure!(port == "watch", "{probe} asks {port}");
    }
    let scraped = &pod["metadata"]["annotations"]["prometheus.io/port"];
    ensure!(*scraped == json!(watchers.to_string()), "{scraped}");
    let served: Vec<_> = list(&of_kind("Service")?["spec"]["ports"])
        .iter()
        .map(|it| &it["targetPort"])
        .collect();
    ensure!(served == ["http"], "the Service has {served:?}");

    // Every key that the configuration names, and those that it could name, are in the pod's environment.
    let given = list(&container["env"]);
    for variable in variables(&text) {
        let found = given.iter().find(|it| it["name"] == variable);
        let from = &found.with_context(|| format!("no {variable}"))?["valueFrom"]["secretKeyRef"];
        let is_needed = text
            .lines()
            .any(|line| !line.starts_with('#') && line.contains(variable));
        ensure!(
            from["name"] == "colloquy" && (from["optional"] == true) != is_needed,
            "{variable}: {from}"
        );
    }

    // What the pod may reach: Redis, S3, and names.
    let egress = list(&of_kind("NetworkPolicy")?["spec"]["egress"]);
    let reached: BTreeSet<_> = egress
        .iter()
        .flat_map(|rule| list(&rule["ports"]))
        .filter_map(|it| it["port"].as_u64())
        .collect();
    ensure!(reached == BTreeSet::from([53, 443, 6379]), "{reached:?}");
    Ok(())
}

fn shared() -> Result<()> {
    let text = text("kubernetes")?;
    let config: Table = text.parse()?;
    let buckets = config["keyvalue"].as_table().context("keyvalue")?;
    for (name, bucket) in buckets {
        let url = bucket.get("url").and_then(|it| it.as_str());
        let scheme = url.and_then(|it| it.split(':').next());
        ensure!(
            matches!(scheme, Some("redis" | "rediss" | "s3")),
            "another pod does not see the bucket {name}: {url:?}"
        );
    }
    // Any pod can connect, and pretend to be a proxy of such an address.
    let environment = config["edge"]["environment"].as_table();
    ensure!(
        environment.is_some_and(|it| !it.contains_key("TRUSTED_PROXIES")),
        "anybody is believed about the client's address"
    );
    Ok(())
}

fn probes() -> Result<()> {
    let text = std::fs::read_to_string(deploy().join(MANIFEST))?;
    let paths: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("path: "))
        .collect();
    ensure!(paths == ["/readyz", "/readyz", "/livez"], "{paths:?}");
    let port = colloquy_tests::process::free_port()?;
    let host = Host::configured(|config| {
        let address = format!("127.0.0.1:{port}");
        table(config, "server")?.insert("watch_listen".into(), address.into());
        Ok(())
    })?;
    for path in paths.into_iter().chain(["/metrics"]) {
        let url = format!("http://127.0.0.1:{port}{path}");
        let status = host.client.get(url).send()?.status();
        ensure!(status == 200, "{path}: {status}");
    }
    ensure!(host.get("/metrics")?.status() == 404, "clients see metrics");
    Ok(())
}

fn spinkube() -> Result<()> {
    let all = documents("spinkube/colloquy.yaml")?;
    let [application, scaling] = all.as_slice() else {
        anyhow::bail!("two documents");
    };
    names(application, "SpinApp", "SpinApp")?;
    let expected = json!({
        "apiVersion": "core.spinkube.dev/v1alpha1",
        "kind": "SpinApp",
        "executor": "containerd-shim-spin",
        "enableAutoscaling": true,
    });
    let found = json!({
        "apiVersion": application["apiVersion"],
        "kind": application["kind"],
        "executor": application["spec"]["executor"],
        "enableAutoscaling": application["spec"]["enableAutoscaling"],
    });
    ensure!(found == expected, "{found}");
    // The operator's Deployment has the name of the application.
    ensure!(
        scaling["spec"]["scaleTargetRef"]["name"] == application["metadata"]["name"],
        "{scaling}"
    );
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("scaling.yaml");
    // JSON is YAML.
    std::fs::write(&file, scaling.to_string())?;
    output(
        linter("kubernetes-validate")?
            .args(["--strict", "-k", VERSION])
            .arg(&file),
    )?;
    Ok(())
}

/// Every name in it is a field of its type.
fn names(value: &Value, r#type: &str, path: &str) -> Result<()> {
    let Some((_, fields)) = SPIN_TYPES.iter().find(|(name, _)| *name == r#type) else {
        return Ok(());
    };
    if let Some(items) = value.as_array() {
        return items.iter().try_for_each(|it| names(it, r#type, path));
    }
    let object = value
        .as_object()
        .with_context(|| format!("{path} is no object"))?;
    for (name, value) in object {
        let path = format!("{path}.{name}");
        let field = fields.iter().find(|(field, _)| field == name);
        let (_, r#type) = field.with_context(|| format!("{path}: {type} has no such field"))?;
        names(value, r#type, &path)?;
    }
    Ok(())
}
