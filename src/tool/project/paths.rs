//! Paths in a project's file.

use std::path::{Component, Path, PathBuf};

/// The path within the project's folder, without `.` and `..`. None if it leads out of the folder. Does not follow links.
pub fn within(path: &str) -> Option<PathBuf> {
    let mut inner = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => inner.push(name),
            Component::ParentDir if inner.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(inner)
}

/// A path that is on AWS, not on this machine.
pub fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("arn:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_not_leave_the_folder() {
        assert_eq!(within("./a/../b/"), Some(PathBuf::from("b")));
        assert_eq!(within("."), Some(PathBuf::new()));
        assert_eq!(["/etc", "..", "a/../../b", "a/../.."].map(within), [None, None, None, None]);
    }

    #[test]
    fn links_to_aws_are_no_paths() {
        assert!(is_remote("s3://bucket/key") && is_remote("arn:aws:lambda:eu-west-1:1:layer:x:1") && !is_remote("a:b"));
    }
}
