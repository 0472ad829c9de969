//! Unpacks zip files: code and layers that were packed before.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Twice of what Lambda allows for a function with its layers.
const MAX_BYTES: u64 = 500 * 1024 * 1024;
const MAX_ENTRIES: usize = 100_000;
const MAX_LINK: u64 = 4096;

/// Unpacks a zip file into a folder. Links are made at the end, so that no file is written through one.
///
/// # Errors
/// It is not a zip file, a name in it leads out of the folder, or it is too large when it is unpacked.
pub fn unzip(path: &Path, folder: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    if archive.len() > MAX_ENTRIES {
        return Err(io::Error::other(format!("it has more than {MAX_ENTRIES} files")));
    }
    let (mut left, mut links) = (MAX_BYTES, Vec::new());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.enclosed_name();
        let name = name.ok_or_else(|| io::Error::other(format!("{:?} leads out of the folder", entry.name())))?;
        let target = folder.join(name);
        if entry.is_dir() {
            fs::create_dir_all(&target)?;
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        if entry.is_symlink() {
            let mut link = String::new();
            entry.take(MAX_LINK).read_to_string(&mut link)?;
            links.push((target, link));
            continue;
        }
        let mode = entry.unix_mode().unwrap_or(0o644);
        write(&mut entry, &target, mode, &mut left)?;
    }
    make_links(links)
}

fn write(entry: &mut impl Read, target: &PathBuf, mode: u32, left: &mut u64) -> io::Result<()> {
    let mut file = File::create(target)?;
    let written = io::copy(&mut entry.take(*left + 1), &mut file)?;
    *left = left.checked_sub(written).ok_or_else(|| io::Error::other("it has more than 500 MB"))?;
    file.set_permissions(fs::Permissions::from_mode(0o600 | mode & 0o777))
}

fn make_links(links: Vec<(PathBuf, String)>) -> io::Result<()> {
    links.into_iter().try_for_each(|(place, link)| symlink(link, place))
}
