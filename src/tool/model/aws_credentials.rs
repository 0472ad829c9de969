//! Which AWS credentials the user has, as the AWS CLI and the SDKs look for them: in environment variables, or by a
//! profile in `~/.aws`.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use super::own_environment::Own;
use std::path::{Path, PathBuf};

/// Each of these alone leads to credentials.
pub const SOURCES: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// Of no use alone.
const DETAILS: [&str; 10] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_SDK_LOAD_CONFIG",
];

/// The variables that lead an SDK to the credentials. None: there are no credentials. The region is not among them.
pub fn of(own: &Own) -> Option<Vec<(String, String)>> {
    let has_source = SOURCES.iter().any(|name| own.contains_key(*name));
    if !has_source && !has_files(own) {
        return None;
    }
    let names = SOURCES.iter().chain(&DETAILS);
    Some(names.filter_map(|name| Some(((*name).to_owned(), own.get(*name)?.clone()))).collect())
}

fn has_files(own: &Own) -> bool {
    file(own, "AWS_SHARED_CREDENTIALS_FILE", "credentials").is_some_and(|path| path.is_file())
        || file(own, "AWS_CONFIG_FILE", "config").is_some_and(|path| path.is_file())
}

fn file(own: &Own, variable: &str, name: &str) -> Option<PathBuf> {
    let named = own.get(variable).map(PathBuf::from);
    named.or_else(|| Some(Path::new(own.get("HOME")?).join(".aws").join(name)))
}

/// The region of the user's profile, if the configuration file has one.
pub fn region_of_profile(own: &Own) -> Option<String> {
    let profile = own.get("AWS_PROFILE").map_or("default", String::as_str);
    region_in(&std::fs::read_to_string(file(own, "AWS_CONFIG_FILE", "config")?).ok()?, profile)
}

fn region_in(config: &str, profile: &str) -> Option<String> {
    let mut is_inside = false;
    for line in config.lines() {
        if let Some(section) = line.trim().strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default().trim();
            let name = section.strip_prefix("profile").map_or(section, str::trim_start);
            is_inside = name == profile;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_inside)
            && name.trim_end() == "region"
        {
            return Some(value.trim().to_owned()).filter(|region| !region.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&str, &str)]) -> Own {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_leads_to_credentials_is_passed() {
        let ours =
            own(&[("AWS_ACCESS_KEY_ID", "i"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_LAMBDA_X", "x"), ("A", "b")]);
        assert_eq!(of(&ours).unwrap().len(), 2);
        assert_eq!(of(&own(&[("HOME", "/nowhere"), ("AWS_SECRET_ACCESS_KEY", "s")])), None);
    }

    #[test]
    fn the_region_is_that_of_the_profile() {
        let config =
            "[default]\nregion = eu-west-1\n[profile a]\noutput = json\n  region = nested\nregion=us-east-2\n[b]\n";
        assert_eq!(region_in(config, "default"), Some("eu-west-1".to_owned()));
        assert_eq!(region_in(config, "a"), Some("us-east-2".to_owned()));
        assert_eq!(region_in(config, "b"), None);
    }
}
