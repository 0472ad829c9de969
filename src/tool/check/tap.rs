//! The report, in TAP.
//!
//! Source: <https://testanything.org/tap-version-13-specification.html>

use super::claim::Claim;
use super::problem::{Problem, Verdict};

/// The lines of a claim that was tried. `notes` is what was sent and came.
pub fn lines(number: usize, claim: &Claim, verdict: &Verdict, notes: &[String]) -> String {
    let Claim { name, rule, title, .. } = claim;
    let line = format!("{number} - {name}: {title}");
    match verdict {
        Ok(()) => format!("ok {line}\n"),
        Err(Problem::NotOffered(why)) => format!("ok {line} # SKIP not offered: {why}\n"),
        Err(Problem::Fails(why)) => {
            let asked =
                format!("rule     {rule} of runtimes/README.md; `open-runtime check --explain {name}` says more");
            let told = [why.as_str(), asked.as_str()].into_iter().chain(notes.iter().map(String::as_str));
            let comments: String = told.flat_map(str::lines).map(|line| format!("#   {line}\n")).collect();
            format!("not ok {line}\n{comments}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Claim = Claim { name: "a", rule: "1.1", title: "it is so", why: "", test: |_| Ok(()) };

    #[test]
    fn a_failure_shows_the_rule_and_what_came() {
        let fails = Err(Problem::Fails("it is not\nso".to_owned()));
        let text = lines(3, &CLAIM, &fails, &["came     {}".to_owned()]);
        let expected = "not ok 3 - a: it is so\n#   it is not\n#   so\n#   rule     1.1 of runtimes/README.md; \
                        `open-runtime check --explain a` says more\n#   came     {}\n";
        assert_eq!(text, expected);
        assert_eq!(lines(1, &CLAIM, &Ok(()), &[]), "ok 1 - a: it is so\n");
        let skipped = Err(Problem::NotOffered("no such thing".to_owned()));
        assert_eq!(lines(2, &CLAIM, &skipped, &[]), "ok 2 - a: it is so # SKIP not offered: no such thing\n");
    }
}
