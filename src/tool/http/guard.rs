//! Refuses requests of web pages, for every HTTP listener of this tool. Every page that the developer's browser shows
//! can send requests to the ports of this machine, and no port of this tool is for pages.
//!
//! A browser adds `Origin` or `Sec-Fetch-Site` to a page's request to another site. SDKs, the AWS CLI, curl, bootstrap
//! and debuggers send neither. A page may also make its own host name resolve to this machine (DNS rebinding). Then
//! `Host` is that name, while our clients name an IP address, localhost, or a name that the user has allowed.
//!
//! Two requests of pages show none of that. With a GET to an address that is not a loopback address, such as 0.0.0.0 or
//! ::ffff:127.0.0.1, browsers send neither `Origin` nor `Sec-Fetch-Site`. After a redirect of a page whose address the user
//! typed, `Sec-Fetch-Site` is `none`. Both are GETs, and no page can read the answer. So a listener where a GET has an effect
//! sets `is_for_programs`; one
//! that the user opens in a browser, too, sets `is_loopback_only`, which leaves the redirect.
//!
//! The tool has a page of its own. Below its path, and nowhere else, its script may send requests, too: their `Origin` is the
//! address that `Host` names, with the same port. No page of another server has that origin.

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a browser says of the site that sends a request.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which requests one listener accepts.
#[derive(Clone, Default)]
pub struct Guard {
    /// Names of this machine that the user has allowed.
    pub allowed_hosts: Vec<String>,
    /// An origin with this prefix is not a web page. None: every origin is refused.
    pub allowed_origins: Option<&'static str>,
    /// Refuse every browser, and every address that is not a loopback address.
    pub is_for_programs: bool,
    /// Refuse every address that is not a loopback address.
    pub is_loopback_only: bool,
    /// Where the tool has a page of its own. None: nowhere.
    pub own_page: Option<OwnPage>,
}

/// The tool's own page on a listener.
#[derive(Clone, Copy)]
pub struct OwnPage {
    /// All paths below are the page's.
    pub path: &'static str,
    /// The listener is at a loopback address, and the page is at no other.
    pub is_loopback_only: bool,
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
        let own_page = self.own_page.filter(|page| uri.path().starts_with(page.path));
        let needs_loopback =
            self.is_for_programs || self.is_loopback_only || own_page.is_some_and(|page| page.is_loopback_only);
        if let Some(host) = texts(headers, &HOST).find(|host| !self.is_ours(host, needs_loopback)) {
            return Err(SentByWebPage::Host(host.into_owned()));
        }
        if let Some(host) = uri.authority().filter(|host| !self.is_ours(host.as_str(), needs_loopback)) {
            return Err(SentByWebPage::Host(host.to_string()));
        }
        let is_of_own_page = |origin: &str| own_page.is_some() && is_at_own_host(origin, uri, headers);
        let is_allowed = |origin: &Cow<'_, str>| {
            self.allowed_origins.is_some_and(|start| origin.starts_with(start)) || is_of_own_page(origin)
        };
        if let Some(origin) = texts(headers, &ORIGIN).find(|origin| !is_allowed(origin)) {
            return Err(SentByWebPage::Origin(origin.into_owned()));
        }
        // an allowed one; its requests are cross-site by nature
        let has_origin = self.allowed_origins.is_some() && headers.contains_key(ORIGIN);
        let is_of_user = |site: &str| !self.is_for_programs && (site == "none" || site == "same-origin");
        let is_allowed_site = |site: &Cow<'_, str>| has_origin || is_of_user(site);
        match texts(headers, &SITE).find(|site| !is_allowed_site(site)) {
            Some(site) => Err(SentByWebPage::Site(site.into_owned())),
            None => Ok(()),
        }
    }

    fn is_ours(&self, host: &str, needs_loopback: bool) -> bool {
        let name = without_port(host);
        let ipv6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let address = match ipv6 {
            Some(name) => name.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        address.is_some_and(|address| address.is_loopback() || !needs_loopback)
            || name.eq_ignore_ascii_case("localhost")
            || self.allowed_hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The values of a header. Bytes that are not UTF-8 are U+FFFD.
fn texts<'a>(headers: &'a HeaderMap, name: &'a HeaderName) -> impl Iterator<Item = Cow<'a, str>> {
    headers.get_all(name).into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()))
}

/// True if the request goes to the host and the port from which the page with this origin came.
fn is_at_own_host(origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let own = origin.strip_prefix("http://");
    let is_own = |host: &str| own == Some(host);
    headers.contains_key(HOST)
        && texts(headers, &HOST).all(|host| is_own(&host))
        && uri.authority().is_none_or(|host| is_own(host.as_str()))
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
                "{refused}: the header Host is {host:?}, which is not an IP address (of loopback, for the Runtime API), \
                 localhost or a name that --allow-host gives"
            ),
            SentByWebPage::Origin(origin) => write!(out, "{refused}: it has the header Origin, {origin:?}"),
            SentByWebPage::Site(site) => write!(out, "{refused}: the header Sec-Fetch-Site is {site:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

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
    fn what_is_for_programs_is_asked_at_loopback_and_not_by_the_address_bar() {
        let guard = Guard { is_for_programs: true, ..Guard::default() };
        for ours in ["127.0.0.1:9000", "127.1.2.3", "[::1]:9000", "localhost:9000"] {
            assert_eq!(check(&guard, &[("host", ours)]), Ok(()), "{ours}");
        }
        for foreign in
            ["0.0.0.0:9000", "[::]:9000", "[::ffff:7f00:1]:9000", "[::ffff:127.0.0.1]", "10.1.2.3", "evil.example"]
        {
            assert_eq!(check(&guard, &[("host", foreign)]), Err(SentByWebPage::Host(foreign.to_owned())));
        }
        for site in ["none", "same-origin"] {
            assert_eq!(check(&guard, &[("sec-fetch-site", site)]), Err(SentByWebPage::Site(site.to_owned())));
        }
    }

    #[test]
    fn a_loopback_listener_may_be_opened_in_a_browser_and_by_no_other_address() {
        let guard = Guard { is_loopback_only: true, ..Guard::default() };
        assert_eq!(check(&guard, &[("host", "127.0.0.1:9001"), ("sec-fetch-site", "none")]), Ok(()));
        assert!(check(&guard, &[("host", "0.0.0.0:9001")]).is_err());
    }

    #[test]
    fn the_tools_own_page_may_send_requests_to_its_own_paths_alone() {
        let own_page = Some(OwnPage { path: "/own/", is_loopback_only: true });
        let guard = Guard { own_page, ..Guard::default() };
        let ask = |path: &'static str, host: &'static str, origin: &'static str, site: &'static str| {
            let pairs = [(HOST, host), (ORIGIN, origin), (HeaderName::from_static("sec-fetch-site"), site)];
            let headers = pairs.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect();
            guard.check(&Uri::from_static(path), &headers).is_ok()
        };
        assert!(ask("/own/invoke", "127.0.0.1:9000", "http://127.0.0.1:9000", "same-origin"));
        assert!(ask("/own/invoke", "localhost:9000", "http://localhost:9000", "same-origin"));
        assert!(!ask("/other", "127.0.0.1:9000", "http://127.0.0.1:9000", "same-origin"));
        for (host, origin, site) in [
            ("127.0.0.1:9000", "http://127.0.0.1:8000", "same-site"),
            ("127.0.0.1:9000", "http://localhost:9000", "cross-site"),
            ("127.0.0.1:9000", "https://127.0.0.1:9000", "cross-site"),
            ("127.0.0.1:9000", "http://127.0.0.1:9000", "cross-site"),
            ("127.0.0.1:9000", "null", "same-origin"),
            ("evil.example:9000", "http://evil.example:9000", "same-origin"),
            ("0.0.0.0:9000", "http://0.0.0.0:9000", "same-origin"),
        ] {
            assert!(!ask("/own/invoke", host, origin, site), "{host} {origin} {site}");
        }
    }

    #[test]
    fn only_developer_tools_have_an_origin_that_is_allowed() {
        let guard = Guard { allowed_origins: Some("devtools://"), ..Guard::default() };
        assert_eq!(check(&guard, &[("origin", "devtools://devtools"), ("sec-fetch-site", "cross-site")]), Ok(()));
        assert!(check(&guard, &[("origin", "http://devtools://")]).is_err());
        assert!(check(&guard, &[("origin", "devtools://devtools"), ("origin", "http://evil.example")]).is_err());
    }
}
