//! The WIT contracts hold together: they resolve, repeat the same `error` everywhere, and say in words what each thing means.
#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "test code")]

use std::collections::BTreeMap;

use colloquy_tests::root;
use wit_parser::{Resolve, TypeDefKind};

fn contracts() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().join("wit")).expect("wit/ resolves");
    resolve
}

/// Our packages, without the worlds and without what others own.
fn is_ours(resolve: &Resolve, interface: &wit_parser::Interface) -> bool {
    interface
        .package
        .is_some_and(|id| resolve.packages[id].name.namespace == "colloquy")
}

#[test]
fn every_error_variant_is_the_same() {
    let resolve = contracts();
    let mut copies = BTreeMap::new();
    for (_, interface) in resolve
        .interfaces
        .iter()
        .filter(|(_, i)| is_ours(&resolve, i))
    {
        let name = interface.name.clone().unwrap_or_default();
        // Publishing an event cannot fail, nor can telling what is known.
        let Some(id) = interface.types.get("error") else {
            assert!(
                ["events", "status"].contains(&name.as_str()),
                "{name} has no error variant"
            );
            continue;
        };
        let TypeDefKind::Variant(variant) = &resolve.types[*id].kind else {
            panic!("{name}: error is not a variant")
        };
        let cases: Vec<_> = variant
            .cases
            .iter()
            .map(|case| {
                format!(
                    "{}: {} {:?}",
                    case.name,
                    shape(&resolve, case.ty),
                    case.docs.contents
                )
            })
            .collect();
        copies.insert(name, cases);
    }
    assert!(copies.len() >= 9, "only {:?}", copies.keys());
    let first = copies.values().next().expect("at least one");
    for (name, cases) in &copies {
        assert_eq!(cases, first, "the error of {name} differs");
    }
}

/// A payload type by structure, since ids differ between packages.
fn shape(resolve: &Resolve, ty: Option<wit_parser::Type>) -> String {
    match ty {
        Some(wit_parser::Type::Id(id)) => match &resolve.types[id].kind {
            TypeDefKind::Option(inner) => format!("option<{inner:?}>"),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn every_function_and_package_is_documented_and_synchronous() {
    let resolve = contracts();
    let mut functions = 0;
    for (_, interface) in resolve
        .interfaces
        .iter()
        .filter(|(_, i)| is_ours(&resolve, i))
    {
        let interface_name = interface.name.clone().unwrap_or_default();
        for (name, function) in &interface.functions {
            functions += 1;
            assert!(
                !function.kind.is_async(),
                "{interface_name}.{name} is async: it would trap below a WASI 0.2 entry"
            );
            assert!(
                function.docs.contents.is_some(),
                "{interface_name}.{name} has no documentation"
            );
        }
    }
    assert!(functions > 30, "only {functions} functions were seen");
    for (_, package) in resolve
        .packages
        .iter()
        .filter(|(_, p)| p.name.namespace == "colloquy")
    {
        let documented = package.docs.contents.is_some()
            || package
                .interfaces
                .values()
                .any(|id| resolve.interfaces[*id].docs.contents.is_some());
        assert!(documented, "{} has no documentation", package.name);
    }
}

#[test]
fn no_package_uses_types_of_another() {
    let resolve = contracts();
    for (_, ty) in resolve.types.iter() {
        if let TypeDefKind::Type(wit_parser::Type::Id(target)) = ty.kind {
            let owner = |owner| match owner {
                wit_parser::TypeOwner::Interface(id) => resolve.interfaces[id].package,
                _ => None,
            };
            assert_eq!(
                owner(ty.owner),
                owner(resolve.types[target].owner),
                "{:?} comes from another package",
                ty.name
            );
        }
    }
}

/// Every test that the threat model names exists, in a file of the module that it names.
#[test]
fn the_threat_model_names_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("docs/threat-model.md")).expect("it is there");
    let mut sources = Vec::new();
    for folder in ["components", "host/src", "tests/src", "tests/tests"] {
        collect(&root().join(folder), &mut sources);
    }
    let mut n_found = 0;
    let mut missing = Vec::new();
    for name in text.split('`').filter(|part| {
        part.contains("::") && part.starts_with(char::is_alphabetic) && !part.contains(' ')
    }) {
        let (path, function) = name.rsplit_once("::").expect("it has one");
        let module = path.rsplit("::").find(|part| *part != "tests");
        let module = module.expect("a module besides `tests`");
        let declared = format!("fn {function}(");
        let is_there = sources.iter().any(|(file, source)| {
            file.iter()
                .any(|part| part.to_string_lossy().trim_end_matches(".rs") == module)
                && source.contains(&declared)
        });
        if is_there {
            n_found += 1;
        } else {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(n_found > 40, "only {n_found} tests are named");
}

/// Every Rust file below a folder.
fn collect(folder: &std::path::Path, sources: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).expect("a source");
            sources.push((path, source));
        }
    }
}
