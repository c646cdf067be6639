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
        // Publishing an event cannot fail, so `events` has no error.
        let Some(id) = interface.types.get("error") else {
            assert_eq!(name, "events", "{name} has no error variant");
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
