//! The environment variables that the user gives the function. No value is ever in an error: it may be secret.

use super::aws_credentials;
use super::env_file::{self, BadLine};
use super::own_environment::Own;
use clap::Args;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The options. Of two that give the same variable, `--env` holds before `--pass-env`, that before
/// `--pass-aws-credentials`, and that before `--env-file`.
#[derive(Args, Clone, Default, PartialEq)]
pub struct GivenVariables {
    /// An environment variable of the function; K alone takes its value from open-runtime's own environment
    #[arg(long, short, value_name = "K=V")]
    pub env: Vec<String>,

    /// A file with environment variables of the function, as in .env files: NAME=VALUE, quotes, comments. Of two files
    /// the later one holds
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,

    /// Variables of open-runtime's own environment that the function gets, too, with commas between them. NAME* are all
    /// that begin so
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub pass_env: Vec<String>,

    /// Give the function the AWS credentials, or the profile, of open-runtime's own environment
    #[arg(long)]
    pub pass_aws_credentials: bool,
}

/// A variable cannot be given.
#[derive(Debug)]
pub enum BadVariable {
    /// The text of `--env` before `=`.
    Env(String),
    NotSet(String),
    File(PathBuf, io::Error),
    Line(PathBuf, BadLine),
    /// A line of a file has the name alone of a variable that is not set.
    NotSetInFile(PathBuf, usize, String),
    NoCredentials,
}

impl fmt::Display for BadVariable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadVariable::Env(name) => {
                write!(out, "cannot set --env {name}: give it as NAME=VALUE, or as NAME of a variable that is set")
            }
            BadVariable::NotSet(name) => {
                write!(out, "cannot pass --pass-env {name}: there is no such variable; set and export it first")
            }
            BadVariable::File(path, why) => write!(out, "cannot read {} as --env-file: {why}", path.display()),
            BadVariable::Line(path, why) => write!(out, "cannot use {} as --env-file: {why}", path.display()),
            BadVariable::NotSetInFile(path, line, name) => {
                let path = path.display();
                write!(
                    out,
                    "cannot use {path} as --env-file: line {line}: {name} has no value, and is not set here either"
                )
            }
            BadVariable::NoCredentials => write!(
                out,
                "cannot pass AWS credentials: none of {} is set, and there is no profile in ~/.aws; \
                 set them, or log in with the AWS CLI",
                aws_credentials::SOURCES.join(", ")
            ),
        }
    }
}

impl GivenVariables {
    /// All of them. If a name comes twice, the later value holds. Reads the files.
    ///
    /// # Errors
    /// The first that cannot be given.
    pub fn read(&self, own: &Own) -> Result<Vec<(String, String)>, BadVariable> {
        let mut all = Vec::new();
        for path in &self.env_file {
            read_file(path, own, &mut all)?;
        }
        if self.pass_aws_credentials {
            all.extend(aws_credentials::of(own).ok_or(BadVariable::NoCredentials)?);
        }
        for name in &self.pass_env {
            all.extend(passed(name, own).ok_or_else(|| BadVariable::NotSet(name.clone()))?);
        }
        for text in &self.env {
            all.push(parse(text, own).ok_or_else(|| BadVariable::Env(name_of(text)))?);
        }
        Ok(all)
    }
}

fn read_file(path: &Path, own: &Own, all: &mut Vec<(String, String)>) -> Result<(), BadVariable> {
    let text = std::fs::read_to_string(path).map_err(|why| BadVariable::File(path.to_owned(), why))?;
    let entries = env_file::parse(&text).map_err(|why| BadVariable::Line(path.to_owned(), why))?;
    for entry in entries {
        let value = entry.value.or_else(|| own.get(&entry.name).cloned());
        let not_set = || BadVariable::NotSetInFile(path.to_owned(), entry.line, entry.name.clone());
        let value = value.ok_or_else(not_set)?;
        all.push((entry.name, value));
    }
    Ok(())
}

/// The variables that a name, or the begin of names before `*`, stands for. None: there is no such variable.
fn passed(name: &str, own: &Own) -> Option<Vec<(String, String)>> {
    let pair = |(name, value): (&String, &String)| (name.clone(), value.clone());
    match name.strip_suffix('*') {
        Some(begin) => Some(own.iter().filter(|(name, _)| name.starts_with(begin)).map(pair).collect()),
        None => own.get_key_value(name).map(|found| vec![pair(found)]),
    }
}

fn parse(text: &str, own: &Own) -> Option<(String, String)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, value.to_owned()),
        None => (text, own.get(text)?.clone()),
    };
    (!name.is_empty()).then(|| (name.to_owned(), value))
}

fn name_of(text: &str) -> String {
    let name = text.split('=').next().unwrap_or_default();
    if name.is_empty() { "=…".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        let own = [("HAVE", "mine"), ("APP_A", "1"), ("APP_B", "2"), ("AWS_PROFILE", "p")];
        own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn shown(pairs: &[(String, String)]) -> Vec<String> {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_variable_has_a_value_or_takes_it_from_our_environment() {
        assert_eq!(parse("A=b=c", &own()), Some(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse("HAVE", &own()), Some(("HAVE".to_owned(), "mine".to_owned())));
        assert_eq!(parse("LACK", &own()), None);
        assert_eq!(parse("=x", &own()), None);
    }

    #[test]
    fn the_options_hold_in_their_order() {
        let folder = std::env::temp_dir().join(format!("open-runtime-given-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("one"), folder.join("two"));
        std::fs::write(&one, "A=1\nHAVE\n").unwrap();
        std::fs::write(&two, "A=2\nAPP_A=file\n").unwrap();
        let given = GivenVariables {
            env: vec!["APP_B=env".to_owned()],
            env_file: vec![one, two],
            pass_env: vec!["APP_*".to_owned()],
            pass_aws_credentials: true,
        };
        let all = given.read(&own()).unwrap();
        let expected = ["A=1", "HAVE=mine", "A=2", "APP_A=file", "AWS_PROFILE=p", "APP_A=1", "APP_B=2", "APP_B=env"];
        assert_eq!(shown(&all), expected);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_error_holds_no_value() {
        let fails = |given: GivenVariables| given.read(&own()).unwrap_err().to_string();
        let env = fails(GivenVariables { env: vec!["=secret".to_owned()], ..GivenVariables::default() });
        assert!(!env.contains("secret") && env.contains("--env =…"), "{env}");
        let pass = fails(GivenVariables { pass_env: vec!["LACK".to_owned()], ..GivenVariables::default() });
        assert!(pass.contains("LACK"), "{pass}");
    }
}
