//! The files of the page, which are in this program.

pub const HTML: &str = include_str!("page.html");
pub const CSS: &str = include_str!("page.css");

/// One script of several files: what each defines, all can use.
pub const SCRIPT: &str = concat!(
    include_str!("dom.js"),
    include_str!("json.js"),
    include_str!("store.js"),
    include_str!("phases.js"),
    include_str!("list.js"),
    include_str!("details.js"),
    include_str!("environments.js"),
    include_str!("sender.js"),
    include_str!("start.js"),
);

/// The content type and the text of a file.
pub fn file(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "" => Some(("text/html; charset=utf-8", HTML)),
        "page.css" => Some(("text/css; charset=utf-8", CSS)),
        "page.js" => Some(("text/javascript; charset=utf-8", SCRIPT)),
        "icon.svg" => Some(("image/svg+xml", include_str!("icon.svg"))),
        _ => None,
    }
}
