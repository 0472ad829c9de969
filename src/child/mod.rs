//! The children that bootstrap keeps: the language runtime and the resident middlewares, and the lines that go to them and come
//! from them.

pub mod children;
pub mod exchange;
pub mod launch;
pub mod lines;
pub mod protocol;
pub mod restarts;
pub mod supervised;
