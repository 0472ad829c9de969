//! Services, and what is expected of them.

use crate::model::route::{Api, PayloadFormat, Route};
use crate::project::test::{function, project_with, try_project, warnings};
use crate::project::{Code, Project};
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn service(text: &str) -> Project {
    with(text, &[], &[])
}

fn with(text: &str, parameters: &[(&str, &str)], files: &[(&str, &str)]) -> Project {
    project_with("serverless.yml", &format!("service: shop\n{text}"), parameters, files)
}

#[test]
fn the_provider_has_the_defaults_of_functions() {
    let project = service(
        "
provider: {name: aws, runtime: python3.13, timeout: 20, region: eu-north-1, environment: {A: p, B: p}}
functions:
  hello: {handler: src/hello.run, environment: {B: f, C: 1}, snapStart: true}
  send-mail: {handler: mail.send, name: mailer, runtime: nodejs22.x, timeout: 5, memorySize: 256}
",
    );
    let hello = function(&project, "hello");
    assert_eq!(
        (hello.name.as_str(), hello.handler.as_str(), hello.runtime.as_str()),
        ("shop-dev-hello", "src/hello.run", "python3.13")
    );
    assert_eq!((hello.timeout, hello.memory_mb, hello.snapstart), (Duration::from_secs(20), 1024, true));
    assert_eq!(hello.code, Code::Path(PathBuf::from("/project")));
    let expected = [("A", "p"), ("B", "f"), ("C", "1")];
    assert_eq!(hello.variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mail = function(&project, "send-mail");
    assert_eq!(
        (mail.name.as_str(), mail.runtime.as_str(), mail.timeout, mail.memory_mb),
        ("mailer", "nodejs22.x", Duration::from_secs(5), 256)
    );
    assert_eq!((project.region.as_deref(), warnings(&project)), (Some("eu-north-1"), vec![]));
    let project = service("provider: {name: aws}\nfunctions: {f: {handler: a.b}}");
    let plain = function(&project, "f");
    assert_eq!(
        (plain.runtime.as_str(), plain.timeout, project.region.as_deref()),
        ("nodejs20.x", Duration::from_secs(6), Some("eu-west-1"))
    );
}

/// A variable of a function, with what the variables of the framework refer to.
fn value(text: &str, parameters: &[(&str, &str)]) -> (Option<String>, Vec<String>) {
    let project = with(
        &format!("
provider: {{name: aws, runtime: nodejs22.x}}
params: {{default: {{table: 't-${{sls:stage}}', only: d}}, prod: {{table: prod-table}}}}
custom:
  names: [zero, one]
  nested: {{a: {{b: deep}}, dev: of-dev, prod: of-prod}}
  loop: ${{self:custom.loop2}}
  loop2: ${{self:custom.loop}}
  arn: !GetAtt OneLambdaFunction.Arn
functions: {{one: {{handler: a.b, environment: {{V: {text}}}}}}}
resources: {{Resources: {{Table: {{Type: AWS::DynamoDB::Table, Properties: {{TableName: '${{param:table}}'}}}}, Other: {{Type: AWS::SQS::Queue}}}}}}
"),
        parameters,
        &[("a/config.yml", "dev: {x: from-file}\nlist: ['${self:service}']\n"), ("key.txt", "text\n"), ("c.json", r#"{"n": 1}"#)],
    );
    let variable = function(&project, "one").variables.first().map(|(_, value)| value.clone());
    (variable, warnings(&project))
}

#[test]
fn what_is_known_of_variables_is_resolved() {
    for (text, expected) in [
        ("'${self:service}'", "shop"),
        ("'${self:custom.nested.a.b}-x'", "deep-x"),
        ("'${self:custom.nested.${sls:stage}}'", "of-dev"),
        ("'${self:custom.names.1}'", "one"),
        ("'${opt:stage, \"dev\"}'", "dev"),
        ("\"${opt:stage, self:provider.stage, 'x'}\"", "dev"),
        ("\"${self:custom.none, 'a, b'}\"", "a, b"),
        ("'${self:custom.none, 5}'", "5"),
        ("'${env:SET}'", "from the environment"),
        ("\"${env:UNSET, env:SET}\"", "from the environment"),
        ("'${param:table}'", "t-dev"),
        ("'${aws:region}/${aws:accountId}'", "eu-west-1/012345678912"),
        ("'${file(a/config.yml):dev.x}'", "from-file"),
        ("'${file(./a/config.yml):list.0}'", "shop"),
        ("'${file(key.txt)}'", "text"),
        ("'${file(c.json):n}'", "1"),
        ("\"${file(none.yml):a, 'fallback'}\"", "fallback"),
        ("!Sub '${AWS::Region}-${self:service}'", "eu-west-1-shop"),
        ("!Ref OneLambdaFunction", "shop-dev-one"),
        ("'${self:custom.arn}'", "arn:aws:lambda:eu-west-1:012345678912:function:shop-dev-one"),
        ("!Ref Table", "t-dev"),
        ("!Join ['-', ['${self:service}', b]]", "shop-b"),
        ("'$5 and {x}'", "$5 and {x}"),
    ] {
        assert_eq!(value(text, &[]), (Some(expected.to_owned()), vec![]), "{text}");
    }
    assert_eq!(
        value("'${self:custom.nested.${sls:stage}}/${param:table}/${param:only}'", &[("stage", "prod")]).0.unwrap(),
        "of-prod/prod-table/d"
    );
    assert_eq!(value("'${param:table}${opt:table}'", &[("table", "g")]).0.unwrap(), "gg");
}

#[test]
fn what_is_not_known_is_a_warning_and_never_a_guess() {
    for (text, expected) in [
        ("'${ssm:/a/b}'", "${ssm:/a/b}: its value is not on this machine"),
        ("\"${cf:stack.Out, 'x'}\"", "${cf:stack.Out}: its value is not on this machine"),
        ("'${env:UNSET}'", "the environment variable UNSET is not set"),
        ("'${opt:other}'", "give --param other=VALUE"),
        ("'${self:custom.none}'", "${self:custom.none}: there is no such value"),
        ("'${self:custom.loop}'", "refers to itself"),
        ("'${file(../x.yml):a}'", "it leads out of the project's folder, and is not read"),
        ("'${file(/etc/hostname)}'", "it leads out of the project's folder, and is not read"),
        ("'${file(x.js):a}'", "programs are not run to read a file"),
        ("'a ${self:custom.nested}'", "it has no value, or it is not a text"),
        ("'${self:custom.nested}'", "it is not a text"),
        ("!Ref Other", "the name of this AWS::SQS::Queue is known after the deployment"),
    ] {
        let (variable, warnings) = value(text, &[]);
        assert_eq!(variable, None, "{text}");
        let [warning] = warnings.as_slice() else { panic!("{text}: {warnings:?}") };
        assert!(warning.starts_with("one: environment.V: ") && warning.contains(expected), "{text}: {warning}");
        assert!(warning.ends_with("the variable is not set, give it with --env V=VALUE"), "{warning}");
    }
}

fn route(api: Api, method: Option<&str>, path: &str, function: &str) -> Route {
    let stage = (api == Api::Rest).then(|| "dev".to_owned());
    Route { stage, ..Route::new(api, method, path, function) }
}

#[test]
fn events_are_routes() {
    let project = service(
        "
provider: {name: aws, runtime: nodejs22.x, httpApi: {payload: '1.0'}}
functions:
  f:
    handler: a.b
    name: f
    url: {invokeMode: RESPONSE_STREAM}
    httpApi: {payload: '2.0'}
    events:
      - httpApi: GET /a/{id}
      - httpApi: {method: '*', path: /b}
      - httpApi: '*'
      - http: post c/{proxy+}
      - http: {path: /d, method: any, cors: true}
      - http: {path: e, method: get, integration: lambda}
      - http: {path: s, method: get, response: {transferMode: STREAM}}
      - alb: {listenerArn: x, priority: 1, conditions: {path: [/f/*, '*.png'], method: [GET, POST], ip: 1.2.3.4/32}}
      - sqs: arn:aws:sqs:region:XXXXXX:queue
      - schedule: rate(1 hour)
      - httpApi: {method: get, path: '${ssm:/x}'}
  g: {handler: a.b, name: g, url: true, events: ['${self:custom.event}']}
  h: {handler: a.b, name: h, url: false}
custom: {event: {httpApi: PUT /g}}
",
    );
    let mut stream = route(Api::Rest, Some("GET"), "/s", "f");
    stream.streams = true;
    let expected = [
        route(Api::Http, Some("GET"), "/a/{id}", "f"),
        route(Api::Http, None, "/b", "f"),
        route(Api::Http, None, "$default", "f"),
        route(Api::Rest, Some("POST"), "/c/{proxy+}", "f"),
        route(Api::Rest, None, "/d", "f"),
        stream,
        route(Api::Alb, Some("GET"), "/f/*", "f"),
        route(Api::Alb, Some("POST"), "/f/*", "f"),
        route(Api::Alb, Some("GET"), "/*.png", "f"),
        route(Api::Alb, Some("POST"), "/*.png", "f"),
        Route::url("f", true),
    ];
    assert_eq!(function(&project, "f").routes, expected);
    let v1 = Route { payload: PayloadFormat::V1, ..route(Api::Http, Some("PUT"), "/g", "g") };
    assert_eq!(function(&project, "g").routes, [v1, Route::url("g", false)]);
    assert_eq!(function(&project, "h").routes, []);
    let warnings = warnings(&project).join("\n");
    for text in [
        "f: events.http.integration: lambda",
        "f: events.alb.conditions.ip: 1.2.3.4/32",
        "f: events.httpApi.path: ${ssm:/x}",
    ] {
        assert!(warnings.contains(text), "{text}: {warnings}");
    }
    assert_eq!(warnings.lines().count(), 3, "{warnings}");
}

#[test]
fn layers_and_packages_are_local() {
    let project = service("
provider: {name: aws, runtime: nodejs22.x, layers: [!Ref SharedDashlibLambdaLayer, 'arn:aws:lambda:eu-west-1:1:layer:x:1']}
layers:
  shared-lib: {path: layers/lib}
  packed: {package: {artifact: dist/layer.zip}}
package: {artifact: dist/all.zip}
functions:
  a: {handler: a.b}
  b: {handler: a.b, layers: [{Ref: PackedLambdaLayer}], package: {artifact: dist/b.zip}}
");
    let paths = |layers: &[&str]| layers.iter().map(|layer| PathBuf::from("/project").join(layer)).collect::<Vec<_>>();
    assert_eq!(function(&project, "a").layers, paths(&["layers/lib"]));
    assert_eq!(function(&project, "a").code, Code::Path(PathBuf::from("/project/dist/all.zip")));
    assert_eq!(function(&project, "b").layers, paths(&["dist/layer.zip"]));
    assert_eq!(function(&project, "b").code, Code::Path(PathBuf::from("/project/dist/b.zip")));
    let warnings = warnings(&project);
    assert!(warnings.len() == 1 && warnings[0].starts_with("a: layers: arn:aws:lambda"), "{warnings:?}");
}

#[test]
fn functions_may_be_in_other_files_and_in_lists() {
    let files =
        [("functions.yml", "a: {handler: a.b}\nb: '${file(b.yml)}'\n"), ("b.yml", "handler: b.c\nruntime: ruby3.4\n")];
    for functions in ["${file(functions.yml)}", "['${file(functions.yml)}', {c: {handler: c.d}}]"] {
        let project = with(&format!("provider: {{name: aws}}\nfunctions: {functions}\n"), &[], &files);
        assert_eq!(function(&project, "a").handler, "a.b");
        assert_eq!(function(&project, "b").runtime, "ruby3.4");
    }
    let refused = try_project("serverless.yml", "service: '${ssm:x}'\nprovider: {name: aws}\n", &[], &[]);
    assert!(refused.unwrap_err().contains("its value is not on this machine"));
    assert!(
        try_project("serverless.yml", "a: b\n", &[], &[])
            .unwrap_err()
            .contains("no service of the Serverless Framework")
    );
}

#[test]
fn dotenv_files_are_read_where_the_framework_does() {
    let files = [(".env", "A=one\nB=one\n"), (".env.dev", "B='of dev'\nSET=file\n")];
    let text = "provider: {name: aws}\nfunctions: {f: {handler: a.b, environment: {V: '${env:A, \"\"} ${env:B, \"\"} ${env:SET}'}}}\n";
    for (before, expected) in [
        ("useDotenv: true\n", "one of dev from the environment"),
        ("frameworkVersion: '4'\n", "one of dev from the environment"),
        ("", "  from the environment"),
    ] {
        let project = with(&format!("{before}{text}"), &[], &files);
        assert_eq!(function(&project, "f").variables[0].1, expected, "{before}");
    }
}

#[test]
fn the_same_warning_of_many_functions_is_one() {
    let functions: String = (0..7).map(|number| format!("  f{number}: {{handler: a.b}}\n")).collect();
    let project =
        service(&format!("provider: {{name: aws, environment: {{V: '${{ssm:/x}}'}}}}\nfunctions:\n{functions}"));
    let warnings = warnings(&project);
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("f0, f1, f2, f3 and 3 others: environment.V: ${ssm:/x}"),
        "{warnings:?}"
    );
}

#[test]
fn a_service_that_grows_without_end_is_not_evaluated_to_the_end() {
    let mut custom = "custom:\n  v0: xxxxxxxxxx\n".to_owned();
    for level in 1..20 {
        let before = level - 1;
        custom += &format!("  v{level}: '{}'\n", format!("${{self:custom.v{before}}}").repeat(10));
    }
    let started = Instant::now();
    let project = service(&format!(
        "{custom}provider: {{name: aws}}\nfunctions: {{f: {{handler: a.b, environment: {{V: '${{self:custom.v19}}', W: ok}}}}}}"
    ));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(warnings(&project).len(), 1);
    let nested = format!("{}{}", "${self:".repeat(5000), "}".repeat(5000));
    let project = service(&format!(
        "provider: {{name: aws}}\nfunctions: {{f: {{handler: a.b, environment: {{V: '{nested}'}}}}}}"
    ));
    assert_eq!(warnings(&project).len(), 1);
}
