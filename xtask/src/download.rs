//! Packages by pinned hash, through pip: whatever index, mirror or proxy the user's pip is set up for is used.
//!
//! A package in the cache has been verified; it got its name only afterwards. Nothing of a package is ever installed or run.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::manifest::Package;
use crate::{digest, paths, python, ui};

/// The path of a package's file, fetched if it is not there yet. A failed attempt is repeated once.
pub(crate) fn package(name: &str, package: &Package) -> Result<PathBuf> {
    let folder = paths::cache()?.join("downloads");
    let target = folder.join(format!("{name}-{}{}", package.version, suffix(package)));
    if target
        .metadata()
        .is_ok_and(|file| file.len() == package.size)
    {
        return Ok(target);
    }
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let what = format!("{name} {}", package.version);
    fetch(name, package, &folder, &target)
        .or_else(|_| fetch(name, package, &folder, &target))
        .with_context(|| format!("could not fetch {what}"))?;
    ui::step(
        "Fetched",
        format!("{what} ({})", ui::megabytes(package.size)),
    );
    Ok(target)
}

/// A file in the cache that still has to be what it was: read in full, once for each conversion.
pub(crate) fn verified(name: &str, wanted: &Package) -> Result<PathBuf> {
    let path = package(name, wanted)?;
    if digest::check(&path, &wanted.sha256).is_err() {
        // Damaged on disk since it was fetched.
        std::fs::remove_file(&path)?;
        let path = package(name, wanted)?;
        digest::check(&path, &wanted.sha256)?;
    }
    Ok(path)
}

fn suffix(package: &Package) -> &'static str {
    if package.sdist_backend.is_some() {
        ".tar.gz"
    } else {
        ".whl"
    }
}

fn fetch(name: &str, package: &Package, folder: &Path, target: &Path) -> Result<()> {
    let python = python::environment("models")?;
    let scratch = tempfile::tempdir_in(folder)?;
    let requirement = scratch.path().join("requirement.txt");
    std::fs::write(
        &requirement,
        format!(
            "{name}=={} --hash=sha256:{}\n",
            package.version, package.sha256
        ),
    )?;
    let files = scratch.path().join("files");
    let mut pip = python::pip(&python);
    pip.args([
        "download",
        "--no-deps",
        "--require-hashes",
        "--no-cache-dir",
        "--ignore-requires-python",
        "--progress-bar",
        "raw",
    ]);
    pip.arg("--dest")
        .arg(&files)
        .arg("--requirement")
        .arg(&requirement);
    if let Some(backend) = &package.sdist_backend {
        let modules = scratch.path().join("backend");
        write_backend(&modules, backend)?;
        pip.args(["--no-binary", name, "--no-build-isolation"])
            .env("PYTHONPATH", &modules);
    } else {
        pip.arg("--only-binary=:all:");
    }
    if let Some(platform) = &package.platform {
        pip.args(["--platform", platform]);
    }
    if let Some(version) = &package.python {
        pip.args(["--python-version", version, "--implementation", "cp"]);
    }
    run_with_bar(
        &mut pip,
        &format!("{name} {}", package.version),
        package.size,
    )?;
    let file = std::fs::read_dir(&files)?
        .next()
        .context("pip kept no file")??
        .path();
    digest::check(&file, &package.sha256)?;
    std::fs::rename(&file, target).with_context(|| target.display().to_string())
}

/// The stand-in under the module name that the archive asks for: `a.b` is `a/__init__.py` and `a/b.py`.
fn write_backend(folder: &Path, name: &str) -> Result<()> {
    let mut path = folder.to_owned();
    let mut parts: Vec<_> = name.split('.').collect();
    let module = parts.pop().unwrap_or_default();
    for part in parts {
        path.push(part);
        std::fs::create_dir_all(&path)?;
        std::fs::write(path.join("__init__.py"), "")?;
    }
    std::fs::create_dir_all(&path)?;
    std::fs::write(
        path.join(format!("{module}.py")),
        include_str!("sdist_backend.py"),
    )?;
    Ok(())
}

/// pip with `--progress-bar raw` prints `Progress 123 of 456` whenever some bytes have come.
fn run_with_bar(pip: &mut Command, what: &str, size: u64) -> Result<()> {
    let bar = ui::bytes_bar(what, size);
    let mut child = pip
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stderr = child.stderr.take().context("pip's standard error")?;
    // Read on the side: a full pipe would stop pip.
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr
            .read_to_end(&mut text)
            .map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    for line in BufReader::new(child.stdout.take().context("pip's standard output")?).lines() {
        if let Some(done) = line?
            .strip_prefix("Progress ")
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
        {
            bar.set_position(done);
        }
    }
    let status = child.wait()?;
    bar.finish_and_clear();
    if !status.success() {
        let errors = errors.join().unwrap_or_else(|_| Ok(String::new()))?;
        bail!("pip: {}", reason(&errors));
    }
    Ok(())
}

/// pip repeats itself; its lines that start with ERROR say it, the last lines otherwise.
fn reason(errors: &str) -> String {
    let told: Vec<_> = errors
        .lines()
        .filter(|line| line.starts_with("ERROR"))
        .collect();
    if told.is_empty() {
        errors.trim().to_owned()
    } else {
        told.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stand_in_is_found_under_the_name_the_archive_uses() {
        let folder = tempfile::tempdir().unwrap();
        write_backend(folder.path(), "one.two.three").unwrap();
        assert!(folder.path().join("one/__init__.py").is_file());
        assert!(folder.path().join("one/two/three.py").is_file());
    }

    #[test]
    fn the_reason_is_what_pip_calls_an_error() {
        assert_eq!(
            reason("WARNING: x\nERROR: no such version\nhint"),
            "ERROR: no such version"
        );
        assert_eq!(reason(" something else\n"), "something else");
    }
}
