//! Takes single files and folders out of wheels (zip) and source archives (tar.gz).
//!
//! Only names that the manifest gives are written, below the folder that the caller gives: what an archive contains beyond that,
//! whatever its paths say, is never unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;

use crate::manifest::{Set, split};
use crate::{digest, manifest};

/// Writes every file of `set` below `folder` and checks the hashes. `packages` finds a package's archive by its name.
pub(crate) fn extract(
    set: &Set,
    folder: &Path,
    packages: &dyn Fn(&str) -> Result<PathBuf>,
) -> Result<()> {
    for entry in &set.files {
        let target = folder.join(safe(&entry.to)?);
        if entry.to.ends_with('/') {
            for source in entry.from.iter() {
                let (package, path) = split(source)?;
                extract_folder(&packages(package)?, path, &target)?;
            }
        } else {
            extract_file(entry, &target, packages)?;
        }
    }
    Ok(())
}

fn extract_file(
    entry: &manifest::Entry,
    target: &Path,
    packages: &dyn Fn(&str) -> Result<PathBuf>,
) -> Result<()> {
    let mut file = create(target)?;
    for source in entry.from.iter() {
        let (package, path) = split(source)?;
        let archive = packages(package)?;
        let mut found = false;
        for_each(&archive, &mut |name, content| {
            if name == path && !found {
                found = true;
                io::copy(content, &mut file)?;
            }
            Ok(())
        })?;
        ensure!(found, "{} does not contain {path}", archive.display());
    }
    file.flush()?;
    if let Some(expected) = &entry.sha256 {
        digest::check(target, expected)?;
    }
    Ok(())
}

/// Every file directly in `path`, and in folders below it.
fn extract_folder(archive: &Path, path: &str, target: &Path) -> Result<()> {
    let mut found = false;
    for_each(archive, &mut |name, content| {
        if let Some(rest) = name.strip_prefix(path).filter(|rest| !rest.is_empty()) {
            found = true;
            io::copy(content, &mut create(&target.join(safe(rest)?))?)?;
        }
        Ok(())
    })?;
    ensure!(found, "{} contains nothing below {path}", archive.display());
    Ok(())
}

/// Calls `visit` with the name and the content of every regular file.
fn for_each(
    archive: &Path,
    visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let file = BufReader::new(File::open(archive).with_context(|| archive.display().to_string())?);
    if archive
        .extension()
        .is_some_and(|extension| extension == "whl")
    {
        let mut zip = zip::ZipArchive::new(file).with_context(|| archive.display().to_string())?;
        for index in 0..zip.len() {
            let mut file = zip.by_index(index)?;
            if file.is_file() {
                let name = file.name()?.into_owned();
                visit(&name, &mut file).with_context(|| name.clone())?;
            }
        }
    } else {
        let mut tar = tar::Archive::new(GzDecoder::new(file));
        for file in tar.entries()? {
            let mut file = file?;
            if file.header().entry_type().is_file() {
                let name = file.path()?.to_string_lossy().into_owned();
                visit(&name, &mut file).with_context(|| name.clone())?;
            }
        }
    }
    Ok(())
}

fn create(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::create(path).with_context(|| path.display().to_string())
}

/// A relative path that stays below where it is put.
fn safe(path: &str) -> Result<&Path> {
    let path = Path::new(path);
    if path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
    {
        return Ok(path);
    }
    bail!("{} is not a plain relative path", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn tar_gz(path: &Path, files: &[(&str, &[u8])]) {
        let mut tar = tar::Builder::new(GzEncoder::new(
            File::create(path).unwrap(),
            Compression::fast(),
        ));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            // Written by hand: the builder itself refuses names that climb.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
    }

    fn set(files: &str) -> Set {
        toml::from_str(&format!("about = ''\nfiles = {files}")).unwrap()
    }

    #[test]
    fn files_are_joined_in_order_and_folders_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("p.tar.gz");
        tar_gz(
            &archive,
            &[
                ("p/two", b"lo"),
                ("p/one", b"hel"),
                ("p/d/a", b"A"),
                ("p/d/e/b", b"B"),
            ],
        );
        let set =
            set("[{ to = 'x', from = ['p: p/one', 'p: p/two'] }, { to = 'd/', from = 'p: p/d/' }]");
        let out = folder.path().join("out");
        extract(&set, &out, &|_| Ok(archive.clone())).unwrap();
        assert_eq!(std::fs::read(out.join("x")).unwrap(), b"hello");
        assert_eq!(std::fs::read(out.join("d/e/b")).unwrap(), b"B");
    }

    #[test]
    fn a_missing_file_and_a_wrong_hash_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("p.tar.gz");
        tar_gz(&archive, &[("p/one", b"1")]);
        let find = |_: &str| Ok(archive.clone());
        let missing = extract(
            &set("[{ to = 'x', from = 'p: p/two' }]"),
            folder.path(),
            &find,
        )
        .unwrap_err();
        assert!(missing.to_string().contains("p/two"), "{missing}");
        let wrong = extract(
            &set("[{ to = 'x', from = 'p: p/one', sha256 = '00' }]"),
            folder.path(),
            &find,
        )
        .unwrap_err();
        assert!(wrong.to_string().contains("expected 00"), "{wrong}");
    }

    #[test]
    fn nothing_climbs_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("p.tar.gz");
        tar_gz(&archive, &[("d/../../evil", b"1")]);
        let out = folder.path().join("out/below");
        extract(&set("[{ to = 'd/', from = 'p: d/' }]"), &out, &|_| {
            Ok(archive.clone())
        })
        .unwrap_err();
        assert!(!folder.path().join("out/evil").exists() && !folder.path().join("evil").exists());
        assert!(
            extract(&set("[{ to = '../x', from = 'p: d/' }]"), &out, &|_| Ok(
                archive.clone()
            ))
            .is_err()
        );
    }
}
