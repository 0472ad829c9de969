//! The stage of a request to API Gateway.

use super::service::Settings;
use crate::model::route::Api;

/// The stage of a REST API that is not in the path.
const REST: &str = "prod";

/// A stage, and the path after it, as the client sent it.
#[derive(Debug, PartialEq)]
pub struct Staged<'a> {
    pub stage: &'a str,
    pub path: &'a str,
}

impl Settings {
    /// None if the path does not begin with the stage.
    pub fn staged<'a>(&'a self, path: &'a str) -> Option<Staged<'a>> {
        let Some(stage) = self.stage.as_deref() else {
            let stage = if self.api == Api::Rest { REST } else { "$default" };
            return Some(Staged { stage, path });
        };
        let after = path.strip_prefix('/')?.strip_prefix(stage)?;
        match after {
            "" => Some(Staged { stage, path: "/" }),
            _ => after.starts_with('/').then_some(Staged { stage, path: after }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::service::WebArguments;
    use super::*;

    #[test]
    fn a_stage_is_a_whole_segment() {
        let given = WebArguments { api: Api::Rest, stage: Some("dev".to_owned()), ..WebArguments::default() };
        let settings = Settings::new(&given).unwrap();
        assert_eq!(settings.staged("/dev/a/"), Some(Staged { stage: "dev", path: "/a/" }));
        assert_eq!(settings.staged("/dev"), Some(Staged { stage: "dev", path: "/" }));
        assert_eq!(settings.staged("/develop/a"), None);
        assert_eq!(settings.staged("/a"), None);
    }
}
