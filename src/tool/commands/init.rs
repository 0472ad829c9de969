//! `open-runtime init`: writes a function to begin with. Its files are in `templates/`.

use crate::tool_error::ToolError;
use clap::{Args, ValueEnum};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub const HELP: &str = "\
Files that are there already are never overwritten: then nothing is written.

Try it with:
  open-runtime init python hello
  cd hello
  open-runtime test
  open-runtime init nodejs orders --template sam
";

/// The command line.
#[derive(Args)]
pub struct InitArguments {
    /// The language of the handler
    language: Language,

    /// The folder, which is made if it is not there. Its name becomes that of the service
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// What deploys it: serverless.yml for the Serverless Framework and osls, or template.yaml for AWS SAM
    #[arg(long, value_name = "TEMPLATE", default_value = "serverless")]
    template: Template,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    #[value(alias = "node", alias = "javascript", alias = "js")]
    Nodejs,
    #[value(alias = "py")]
    Python,
    #[value(alias = "rb")]
    Ruby,
    Php,
    #[value(alias = "pl")]
    Perl,
    #[value(alias = "sh")]
    Shell,
}

#[derive(Clone, Copy, ValueEnum)]
enum Template {
    Serverless,
    Sam,
}

/// How a language is deployed: by a runtime of Lambda, or with this package of Debian in a container image.
enum Deployment {
    Runtime(&'static str),
    Image(&'static str),
}

/// The handler's file, what is in it, and how it is deployed.
fn facts(language: Language) -> (&'static str, &'static str, Deployment) {
    use Deployment::{Image, Runtime};
    match language {
        Language::Nodejs => ("handler.mjs", include_str!("../templates/handler.mjs"), Runtime("nodejs22.x")),
        Language::Python => ("handler.py", include_str!("../templates/handler.py"), Runtime("python3.13")),
        Language::Ruby => ("handler.rb", include_str!("../templates/handler.rb"), Runtime("ruby3.4")),
        Language::Php => ("handler.php", include_str!("../templates/handler.php"), Image("php-cli")),
        Language::Perl => ("handler.pl", include_str!("../templates/handler.pl"), Image("perl")),
        Language::Shell => ("handler.sh", include_str!("../templates/handler.sh"), Runtime("provided.al2023")),
    }
}

/// Runs the command: writes all files, and prints their names.
///
/// # Errors
/// A file is there already, or one cannot be written.
pub fn run(arguments: &InitArguments) -> Result<ExitCode, ToolError> {
    let folder = &arguments.folder;
    let files = files(arguments.language, arguments.template, &service(folder)?);
    let there: Vec<_> =
        files.iter().map(|(name, _)| folder.join(name)).filter(|path| path.symlink_metadata().is_ok()).collect();
    if !there.is_empty() {
        let there: Vec<_> = there.iter().map(|path| path.display().to_string()).collect();
        let hint = "nothing was written; remove what is there, or name another folder";
        return Err(ToolError::Usage(format!(
            "cannot begin a function where these are already: {}; {hint}",
            there.join(", ")
        )));
    }
    for (name, text) in &files {
        let path = folder.join(name);
        write_new(&path, text).map_err(|why| ToolError::File("write", path.clone(), why))?;
        let _ = writeln!(io::stdout(), "{}", path.display()); // stdout may be closed
    }
    eprintln!("open-runtime: README.md says how to run, test and deploy it");
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// The name of the service: that of the folder, as far as CloudFormation takes its characters.
fn service(folder: &Path) -> Result<String, ToolError> {
    let folder =
        std::path::absolute(folder).map_err(|why| ToolError::File("find the folder", folder.to_owned(), why))?;
    let name = folder
        .components()
        .next_back()
        .map_or_else(String::new, |name| name.as_os_str().to_string_lossy().into_owned());
    Ok(service_name(&name))
}

fn service_name(folder: &str) -> String {
    let fitting = |byte: char| if byte.is_ascii_alphanumeric() { byte } else { '-' };
    let name: String = folder.chars().map(fitting).skip_while(|byte| !byte.is_ascii_alphabetic()).take(64).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() { "hello".to_owned() } else { name.to_owned() }
}

/// The name and the text of the file that deploys it, and the commands that do.
fn deployed_by(template: Template, is_image: bool) -> (&'static str, &'static str, &'static str) {
    match (template, is_image) {
        (Template::Serverless, false) => ("serverless.yml", include_str!("../templates/serverless.yml"), "osls deploy"),
        (Template::Serverless, true) => {
            ("serverless.yml", include_str!("../templates/serverless-image.yml"), "osls deploy")
        }
        (Template::Sam, false) => ("template.yaml", include_str!("../templates/template.yaml"), "sam deploy --guided"),
        (Template::Sam, true) => {
            ("template.yaml", include_str!("../templates/template-image.yaml"), "sam build && sam deploy --guided")
        }
    }
}

/// All files of a function: names and contents.
fn files(language: Language, template: Template, service: &str) -> Vec<(&'static str, String)> {
    let (file, handler, deployment) = facts(language);
    let is_image = matches!(deployment, Deployment::Image(_));
    let (deploy_name, deploy, deploys) = deployed_by(template, is_image);
    let (runtime, package) = match deployment {
        Deployment::Runtime(runtime) => (runtime, ""),
        Deployment::Image(package) => ("", package),
    };
    let wrapper = wrapper(template, runtime);
    let filled = |text: &str| {
        let pairs = [
            ("@SERVICE@", service),
            ("@FILE@", file),
            ("@RUNTIME@", runtime),
            ("@PACKAGES@", package),
            ("@DEPLOY@", deploys),
        ];
        pairs.iter().fold(text.replace("@WRAPPER@\n", &wrapper), |text, (from, to)| text.replace(from, to))
    };
    let mut files = vec![
        (file, handler.to_owned()),
        ("event.json", include_str!("../templates/event.json").to_owned()),
        ("tests/hello.json", include_str!("../templates/hello.json").to_owned()),
        (deploy_name, filled(deploy)),
        ("README.md", filled(include_str!("../templates/README.md"))),
    ];
    if is_image {
        files.push(("Dockerfile", filled(include_str!("../templates/Dockerfile"))));
    }
    files
}

/// On `provided.*` Lambda starts `/opt/bootstrap` itself. Elsewhere a variable makes it start bootstrap in place of AWS's runtime.
fn wrapper(template: Template, runtime: &str) -> String {
    let variable =
        "AWS_LAMBDA_EXEC_WRAPPER: /opt/open-runtime # AWS's runtime brings the interpreter, Open Runtime does the rest";
    match template {
        _ if runtime.starts_with("provided") => "\n".to_owned(),
        Template::Serverless => format!("    environment:\n      {variable}\n\n"),
        Template::Sam => format!("      Environment:\n        Variables:\n          {variable}\n\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_a_name_that_cloudformation_takes() {
        for (folder, name) in [
            ("orders", "orders"),
            ("my_função.v2", "my-fun--o-v2"),
            ("2 pigeons-", "pigeons"),
            ("..", "hello"),
            ("", "hello"),
        ] {
            assert_eq!(service_name(folder), name);
        }
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for (language, template) in
            Language::value_variants().iter().flat_map(|l| Template::value_variants().iter().map(move |t| (*l, *t)))
        {
            for (name, text) in files(language, template, "orders") {
                let is_blank = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase());
                assert!(!text.split('@').any(is_blank), "{name}: {text}"); // as @SERVICE@ is
            }
        }
    }
}
