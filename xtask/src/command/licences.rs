//! `licences`: the licence and the origin of every dependency, against `deny.toml`.
//!
//! The file is cargo-deny's, and cargo-deny gives the same verdict. It takes many minutes to compile, though, and this takes seconds:
//! `cargo metadata` knows each package's SPDX expression and source, and the spdx crate decides whether an expression can be met.
//! All platforms and all features count. Keys of `deny.toml` that this does not know are errors, so that nothing is skipped in silence.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{cargo, digest, paths, run, ui};

/// Licence files of packages that name no SPDX expression, by SHA-256, as somebody has read them.
const READ: [(&str, &str); 1] = [(
    "971408c19bfdfcf3934b2be00951157b1c95690b8d86a731d0001f4e75a54619",
    "WTFPL",
)];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    licenses: Licenses,
    sources: Sources,
    bans: Bans,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Licenses {
    /// SPDX identifiers, with `WITH` and an exception where needed.
    allow: Vec<String>,
    /// More for single crates.
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    /// Has to be `deny`, as what follows is a complete list.
    unknown_registry: String,
    unknown_git: String,
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bans {
    #[serde(default)]
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    license_file: Option<PathBuf>,
    manifest_path: PathBuf,
    /// Nothing for a package of this workspace.
    source: Option<String>,
}

/// Lists every dependency that breaks a rule, and every exception that is no longer needed.
pub(crate) fn run() -> Result<()> {
    let path = paths::root().join("deny.toml");
    let rules: Rules = toml::from_str(&std::fs::read_to_string(&path).context("deny.toml")?)
        .context("deny.toml")?;
    let text = run::text(cargo::cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;
    let faults = faults(&rules, &metadata.packages)?;
    if !faults.is_empty() {
        bail!(
            "{} dependencies break deny.toml\n  {}",
            faults.len(),
            faults.join("\n  ")
        );
    }
    ui::step("Checked", format!("{} packages", metadata.packages.len()));
    Ok(())
}

fn faults(rules: &Rules, packages: &[Package]) -> Result<Vec<String>> {
    if rules.sources.unknown_registry != "deny" || rules.sources.unknown_git != "deny" {
        bail!("deny.toml: unknown registries and git sources have to be denied");
    }
    let mut faults: Vec<_> = packages
        .iter()
        .flat_map(|package| faults_of(rules, package))
        .collect();
    for exception in &rules.licenses.exceptions {
        if !packages
            .iter()
            .any(|package| package.name == exception.name)
        {
            faults.push(format!(
                "the exception for {} is not used any more",
                exception.name
            ));
        }
    }
    Ok(faults)
}

fn faults_of(rules: &Rules, package: &Package) -> Vec<String> {
    let named = |fault: String| format!("{} {}: {fault}", package.name, package.version);
    let mut faults = Vec::new();
    if let Some(source) = &package.source {
        let known = source.strip_prefix("registry+").is_some_and(|url| {
            rules
                .sources
                .allow_registry
                .iter()
                .any(|allowed| allowed == url)
        });
        if !known {
            faults.push(named(format!("comes from {source}")));
        }
    }
    if let Some(banned) = rules
        .bans
        .deny
        .iter()
        .find(|banned| banned.name == package.name)
    {
        faults.push(named(format!("is banned: {}", banned.reason)));
    }
    match expression(package) {
        Ok(expression) => {
            faults.extend(licence_fault(rules, &package.name, &expression).map(named))
        }
        Err(fault) => faults.push(named(format!("{fault:#}"))),
    }
    faults
}

/// What the package says about itself, or what its licence file is known to be.
fn expression(package: &Package) -> Result<String> {
    if let Some(expression) = &package.license {
        return Ok(expression.clone());
    }
    let file = package.license_file.as_ref().context("has no licence")?;
    let found = digest::file(&package.manifest_path.with_file_name("").join(file))?;
    let known = READ.iter().find(|(sha256, _)| *sha256 == found);
    let (_, expression) = known.with_context(|| {
        format!(
            "has no SPDX expression, and nobody has read {} yet ({found})",
            file.display()
        )
    })?;
    Ok((*expression).to_owned())
}

fn licence_fault(rules: &Rules, name: &str, expression: &str) -> Option<String> {
    let more = rules
        .licenses
        .exceptions
        .iter()
        .filter(|exception| exception.name == name)
        .flat_map(|exception| &exception.allow);
    let allowed: Vec<&String> = rules.licenses.allow.iter().chain(more).collect();
    // Lax: some older crates write `MIT/Apache-2.0`.
    match spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX) {
        Ok(parsed)
            if parsed.evaluate(|required| {
                allowed
                    .iter()
                    .any(|licence| required.to_string() == **licence)
            }) =>
        {
            None
        }
        Ok(_) => Some(format!("{expression} is not allowed")),
        Err(error) => Some(format!("{expression} is not an SPDX expression: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        toml::from_str(
            "[licenses]\nallow = ['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception']\n\
             exceptions = [{ crate = 'symphonia', allow = ['MPL-2.0'] }]\n\
             [sources]\nunknown-registry = 'deny'\nunknown-git = 'deny'\nallow-registry = ['https://index']\n\
             [bans]\ndeny = [{ crate = 'bad', reason = 'it is bad' }]\n",
        )
        .unwrap()
    }

    fn package(name: &str, license: Option<&str>, source: &str) -> Package {
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: license.map(String::from),
            license_file: None,
            manifest_path: "Cargo.toml".into(),
            source: Some(source.into()),
        }
    }

    #[test]
    fn an_expression_is_met_or_not() {
        let fault = |expression| licence_fault(&rules(), "x", expression);
        for good in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT AND Apache-2.0) OR ISC",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "GPL-3.0-only",
            "MIT AND LGPL-2.1-only",
            "MPL-2.0",
            "MIT WITH LLVM-exception",
            "nonsense",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn an_exception_is_for_one_crate_only() {
        assert_eq!(licence_fault(&rules(), "symphonia", "MPL-2.0"), None);
        assert!(licence_fault(&rules(), "symphonic", "MPL-2.0").is_some());
    }

    #[test]
    fn origin_ban_and_missing_licence_are_named() {
        let faults = |package: Package| faults_of(&rules(), &package).join("; ");
        assert_eq!(
            faults(package("x", Some("MIT"), "registry+https://index")),
            ""
        );
        assert_eq!(
            faults(package("x", Some("MIT"), "git+https://elsewhere")),
            "x 1.0.0: comes from git+https://elsewhere"
        );
        assert_eq!(
            faults(package("bad", Some("MIT"), "registry+https://index")),
            "bad 1.0.0: is banned: it is bad"
        );
        assert_eq!(
            faults(package("x", None, "registry+https://index")),
            "x 1.0.0: has no licence"
        );
    }

    #[test]
    fn a_licence_file_nobody_has_read_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("LICENSE"), "All rights reserved.").unwrap();
        let mut package = package("x", None, "registry+https://index");
        (package.license_file, package.manifest_path) =
            (Some("LICENSE".into()), folder.path().join("Cargo.toml"));
        assert!(
            faults_of(&rules(), &package)
                .join("")
                .contains("nobody has read LICENSE")
        );
    }

    #[test]
    fn an_exception_that_nothing_needs_is_a_fault() {
        let packages = [package("x", Some("MIT"), "registry+https://index")];
        assert_eq!(
            faults(&rules(), &packages).unwrap(),
            ["the exception for symphonia is not used any more"]
        );
    }
}
