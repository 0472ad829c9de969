//! Refuses requests of web pages, for every HTTP listener of this tool. Every page that the developer's browser shows
//! can send requests to the ports of this machine, and no port of this tool is for pages.
//!
//! A browser adds `Origin` or `Sec-Fetch-Site` to a page's request to another site. SDKs, the AWS CLI, curl, bootstrap
//! and debuggers send neither. A page may also make its own host name resolve to this machine (DNS rebinding). Then
//! `Host` is that name, while our clients name an IP address, localhost, or a name that the user has allowed.

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, ORIGIN};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Which requests one listener accepts.
#[derive(Clone, Default)]
pub struct Guard {
    /// Names of this machine that the user has allowed.
    pub allowed_hosts: Vec<String>,
    /// An origin with this prefix is not a web page. None: every origin is refused.
    pub allowed_origins: Option<&'static str>,
}

/// The header that shows that a web page may have sent the request, with its value.
#[derive(Debug, PartialEq, Eq)]
pub enum SentByWebPage {
    Host(String),
    Origin(String),
    Site(String),
}

impl Guard {
    /// A request without `Host` passes: every browser sends that header.
    ///
    /// # Errors
    /// A web page may have sent the request.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), SentByWebPage> {
        let hosts = headers.get_all(HOST).into_iter().map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        let mut hosts = hosts.chain(uri.authority().map(ToString::to_string));
        if let Some(host) = hosts.find(|host| !self.is_ours(host)) {
            return Err(SentByWebPage::Host(host));
        }
        let texts = |name: &str| {
            headers
                .get_all(name)
                .into_iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect::<Vec<_>>()
        };
        let is_allowed = |origin: &String| self.allowed_origins.is_some_and(|start| origin.starts_with(start));
        if let Some(origin) = texts(ORIGIN.as_str()).into_iter().find(|origin| !is_allowed(origin)) {
            return Err(SentByWebPage::Origin(origin));
        }
        let has_origin = headers.contains_key(ORIGIN); // an allowed one; its requests are cross-site by nature
        let is_same_site = |site: &String| has_origin || site == "none" || site == "same-origin";
        match texts("sec-fetch-site").into_iter().find(|site| !is_same_site(site)) {
            Some(site) => Err(SentByWebPage::Site(site)),
            None => Ok(()),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let is_ipv6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let is_address =
            name.parse::<Ipv4Addr>().is_ok() || is_ipv6.is_some_and(|name| name.parse::<Ipv6Addr>().is_ok());
        is_address || name == "localhost" || self.allowed_hosts.iter().any(|own| own.eq_ignore_ascii_case(&name))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl fmt::Display for SentByWebPage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = "open-runtime refuses what a web page may have sent";
        match self {
            SentByWebPage::Host(host) => write!(
                out,
                "{refused}: the header Host is {host:?}, which is not an IP address, localhost or a name that \
                 --allow-host gives"
            ),
            SentByWebPage::Origin(origin) => write!(out, "{refused}: it has the header Origin, {origin:?}"),
            SentByWebPage::Site(site) => write!(out, "{refused}: the header Sec-Fetch-Site is {site:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    fn check(guard: &Guard, headers: &[(&'static str, &str)]) -> Result<(), SentByWebPage> {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let mut map = HeaderMap::new();
        headers.iter().map(pair).for_each(|(name, value)| {
            map.append(name, value);
        });
        guard.check(&Uri::from_static("/path"), &map)
    }

    #[test]
    fn addresses_and_localhost_are_accepted_and_other_names_are_not() {
        let guard = Guard { allowed_hosts: vec!["Relay.example".to_owned()], ..Guard::default() };
        for ours in
            ["127.0.0.1", "127.0.0.1:9000", "[::1]:9000", "[::1]", "10.1.2.3:1", "LOCALHOST:9000", "relay.example:9"]
        {
            assert_eq!(check(&guard, &[("host", ours)]), Ok(()), "{ours}");
        }
        for foreign in
            ["evil.example", "localhost.evil.example:9000", "evil.localhost", "127.0.0.1.nip.io", "1.2.3", "::1:x", ""]
        {
            assert_eq!(check(&guard, &[("host", foreign)]), Err(SentByWebPage::Host(foreign.to_owned())));
        }
    }

    #[test]
    fn every_host_is_checked_that_of_the_request_line_too() {
        let guard = Guard::default();
        assert!(check(&guard, &[("host", "127.0.0.1"), ("host", "evil.example")]).is_err());
        assert!(guard.check(&Uri::from_static("http://evil.example/x"), &HeaderMap::new()).is_err());
        assert!(guard.check(&Uri::from_static("http://127.0.0.1:9/x"), &HeaderMap::new()).is_ok());
    }

    #[test]
    fn pages_are_recognised_by_origin_and_site() {
        let guard = Guard::default();
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8000", "devtools://devtools", ""] {
            assert_eq!(check(&guard, &[("origin", origin)]), Err(SentByWebPage::Origin(origin.to_owned())));
        }
        for site in ["cross-site", "same-site", "other"] {
            assert_eq!(check(&guard, &[("sec-fetch-site", site)]), Err(SentByWebPage::Site(site.to_owned())));
        }
        assert_eq!(check(&guard, &[("sec-fetch-site", "none")]), Ok(()));
        assert_eq!(check(&guard, &[("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(check(&guard, &[("sec-fetch-mode", "cors")]), Ok(())); // what fetch of Node.js sends
    }

    #[test]
    fn only_developer_tools_have_an_origin_that_is_allowed() {
        let guard = Guard { allowed_origins: Some("devtools://"), ..Guard::default() };
        assert_eq!(check(&guard, &[("origin", "devtools://devtools"), ("sec-fetch-site", "cross-site")]), Ok(()));
        assert!(check(&guard, &[("origin", "http://devtools://")]).is_err());
        assert!(check(&guard, &[("origin", "devtools://devtools"), ("origin", "http://evil.example")]).is_err());
    }
}
