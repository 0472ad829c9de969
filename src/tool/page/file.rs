//! The page as one file that needs no server: styles, script and data are in it.

use super::{assets, view};
use crate::report::history::Hub;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::Path;

/// What page.html says of its files, in the place of which their texts come.
const LINKS: &str = "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">\n\
                     <link rel=\"stylesheet\" href=\"page.css\">\n\
                     <script src=\"page.js\" defer></script>\n";
const END: &str = "</body>\n";

/// To be called before the work begins, so that it is not done in vain.
///
/// # Errors
/// The file cannot be written.
pub fn check(path: &Path) -> io::Result<()> {
    File::options().create(true).append(true).open(path).map(drop)
}

/// Writes what the hub keeps. It holds events, responses and logs, as `clean` leaves their JSON.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, hub: &Hub, functions: &[String], clean: impl Fn(String) -> String) -> io::Result<()> {
    std::fs::write(path, html(hub, functions, clean))
}

fn html(hub: &Hub, functions: &[String], clean: impl Fn(String) -> String) -> String {
    let (style, script) = (assets::CSS, assets::SCRIPT);
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(style),
        hash(script)
    );
    let head = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>{style}</style>\n"
    );
    let data = in_script(&data(hub, functions, clean));
    let end =
        format!("<script type=\"application/json\" id=\"saved\">{data}</script>\n<script>{script}</script>\n{END}");
    assets::HTML.replacen(LINKS, &head, 1).replacen(END, &end, 1)
}

/// What the server would tell: `hello`, and the records by request id, each as JSON text.
fn data(hub: &Hub, functions: &[String], clean: impl Fn(String) -> String) -> String {
    let records = hub.records();
    let records: serde_json::Map<_, _> =
        records.iter().map(|record| (record.request_id.clone(), clean(record.json()).into())).collect();
    let hello = clean(view::json(hub, functions, None));
    let hello = hello.strip_suffix('}').unwrap_or(&hello);
    format!("{hello},\"records\":{}}}", json!(records))
}

/// JSON that cannot end the element it is in. These characters are only in strings.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The hash by which a policy allows one text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_all_in_it() {
        let html = html(&Hub::default(), &["</script><b>".to_owned()], |json| json);
        assert!(!html.contains("page.css") && !html.contains("page.js") && !html.contains("icon.svg"));
        assert_eq!(html.matches("</script>").count(), 2);
        assert!(html.contains(r"\u003c/script>\u003cb>") && html.ends_with("</html>\n"));
    }

    #[test]
    fn neither_style_nor_script_ends_its_element() {
        assert!(!assets::CSS.contains("</") && !assets::SCRIPT.contains("</") && !assets::SCRIPT.contains("<!--"));
    }

    #[test]
    fn line_separators_are_escaped() {
        assert_eq!(in_script("\"a\u{2028}\u{2029}<\""), r#""a\u2028\u2029\u003c""#);
    }
}
