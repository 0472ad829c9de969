//! The claims, a file for each subject.

pub mod answers;
pub mod calls;
pub mod documents;
pub mod init;
pub mod offers;
pub mod output;
pub mod signals;
pub mod streams;
