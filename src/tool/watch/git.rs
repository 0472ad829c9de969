//! Whether git is changing files: a checkout of many is one change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A lock that is older was left behind by a git that was killed.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// True if git holds the lock.
pub fn is_held(lock: &Path) -> bool {
    let made = fs::metadata(lock).and_then(|metadata| metadata.modified());
    made.is_ok_and(|made| made.elapsed().unwrap_or_default() < LOCK_LIMIT)
}

/// The file that exists while git changes the files of the repository that the folder is in. Without a repository: None.
pub fn lock_of(folder: &Path) -> Option<PathBuf> {
    let dot_git = folder.ancestors().map(|folder| folder.join(".git")).find(|path| path.exists())?;
    if dot_git.is_dir() {
        return Some(dot_git.join("index.lock"));
    }
    // a worktree, or a submodule: a file that says where
    let text = fs::read_to_string(&dot_git).ok()?;
    let place = dot_git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    Some(place.join("index.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_in_the_repository_or_where_its_file_says() {
        let folder = std::env::temp_dir().join(format!("open-runtime-git-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/.git")).unwrap();
        fs::create_dir_all(folder.join("a/b/c")).unwrap();
        assert_eq!(lock_of(&folder.join("a/b/c")), Some(folder.join("a/.git/index.lock")));
        fs::write(folder.join("a/b/.git"), "gitdir: ../.git/worktrees/b\n").unwrap();
        assert_eq!(lock_of(&folder.join("a/b/c")), Some(folder.join("a/b/../.git/worktrees/b/index.lock")));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_lock_that_was_left_behind_is_not_held() {
        let lock = std::env::temp_dir().join(format!("open-runtime-lock-{}", std::process::id()));
        assert!(!is_held(&lock));
        let file = fs::File::create(&lock).unwrap();
        assert!(is_held(&lock));
        file.set_modified(std::time::SystemTime::now() - LOCK_LIMIT * 2).unwrap();
        assert!(!is_held(&lock));
        fs::remove_file(&lock).unwrap();
    }
}
