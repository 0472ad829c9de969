//! Templates, and what is expected of them.

use crate::model::route::{Api, PayloadFormat, Route};
use crate::project::test::{function, project, project_with, warnings};
use crate::project::{Code, FunctionSpec, Project};
use std::path::PathBuf;
use std::time::Duration;

fn sam(text: &str) -> Project {
    project("template.yaml", &format!("Transform: AWS::Serverless-2016-10-31\n{text}"))
}

fn variable<'a>(function: &'a FunctionSpec, name: &str) -> Option<&'a str> {
    function.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

const BOTH: &str = "
Globals:
  Function: {Runtime: python3.13, Timeout: 7, MemorySize: 512, Environment: {Variables: {A: global, B: global}}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: app.handler
      Environment: {Variables: {B: own, C: 1.10, D: true}}
  Bye:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: good-bye, Handler: bye.handler, Runtime: nodejs22.x, Timeout: 900, SnapStart: {ApplyOn: PublishedVersions}}
  Bucket: {Type: AWS::S3::Bucket}
";

#[test]
fn globals_are_the_defaults_of_functions() {
    let project = sam(BOTH);
    let hello = function(&project, "Hello");
    assert_eq!(
        (hello.name.as_str(), hello.handler.as_str(), hello.runtime.as_str()),
        ("Hello", "app.handler", "python3.13")
    );
    assert_eq!((hello.timeout, hello.memory_mb, hello.snapstart), (Duration::from_secs(7), 512, false));
    assert_eq!(hello.code, Code::Path(PathBuf::from("/project/hello/")));
    let expected = [("A", "global"), ("B", "own"), ("C", "1.10"), ("D", "true")];
    assert_eq!(hello.variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let bye = function(&project, "Bye");
    assert_eq!((bye.name.as_str(), bye.runtime.as_str(), bye.snapstart), ("good-bye", "nodejs22.x", true));
    assert_eq!(bye.code, Code::Path(PathBuf::from("/project")));
    assert_eq!((project.functions.len(), warnings(&project)), (2, vec![]));
}

/// A function whose variables are these, in a template with what intrinsic functions refer to.
fn with_variables(variables: &str) -> (FunctionSpec, Vec<String>) {
    let text = format!(
        "
Parameters:
  Stage: {{Type: String, Default: test}}
  Names: {{Type: CommaDelimitedList, Default: 'a, b'}}
  Needed: {{Type: String}}
  Looked: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}}
Mappings: {{M: {{test: {{Url: 'http://t'}}}}}}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsProd: !And [!Not [!Condition IsTest], !Equals [a, a]]
  Loop: !Not [!Condition Loop]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{Handler: a.b, Runtime: nodejs22.x, FunctionName: !Sub '${{Stage}}-f', Environment: {{Variables: {{{variables}}}}}}}
  G: {{Type: AWS::Lambda::Function, Properties: {{Handler: a.b, Runtime: nodejs22.x}}}}
  Table: {{Type: AWS::DynamoDB::Table, Properties: {{TableName: !Sub 'table-${{Stage}}'}}}}
  Other: {{Type: AWS::DynamoDB::Table}}
"
    );
    let mut project = sam(&text);
    let warnings = warnings(&project);
    (project.functions.remove(0), warnings)
}

#[test]
fn what_is_known_of_intrinsic_functions_is_resolved() {
    for (value, expected) in [
        ("!Ref Stage", "test"),
        ("!Ref 'AWS::Region'", "eu-west-1"),
        ("!Sub '${AWS::AccountId}/${!Literal}/${Stage}'", "012345678912/${Literal}/test"),
        ("!Sub ['${x}-${Stage}', {x: !Ref Stage}]", "test-test"),
        ("!Join ['-', [a, !Ref Stage, !Ref 'AWS::NoValue']]", "a-test"),
        ("!Join [',', !Ref Names]", "a,b"),
        ("!Select [1, !Split ['.', a.b.c]]", "b"),
        ("!Select ['0', !Ref Names]", "a"),
        ("!FindInMap [M, !Ref Stage, Url]", "http://t"),
        ("!If [IsTest, yes, no]", "yes"),
        ("!If [IsProd, yes, !If [IsTest, inner, no]]", "inner"),
        ("!Ref G", "G"),
        ("!GetAtt F.Arn", "arn:aws:lambda:eu-west-1:012345678912:function:test-f"),
        ("!Sub '${F.Arn}:live'", "arn:aws:lambda:eu-west-1:012345678912:function:test-f:live"),
        ("!Ref Table", "table-test"),
        ("!Base64 abc", "YWJj"),
        ("{'Fn::Sub': 'long ${Stage}'}", "long test"),
        ("!Sub 'open ${Stage'", "open ${Stage"),
    ] {
        let (function, warnings) = with_variables(&format!("V: {value}"));
        assert_eq!((variable(&function, "V"), warnings), (Some(expected), vec![]), "{value}");
    }
}

#[test]
fn what_is_not_known_is_a_warning_and_never_a_guess() {
    for (value, expected) in [
        ("!Ref Other", "!Ref Other: the name of this AWS::DynamoDB::Table is known after the deployment"),
        ("!GetAtt Table.Arn", "!GetAtt Table.Arn: this attribute of the AWS::DynamoDB::Table is known after"),
        ("!Ref Nothing", "!Ref Nothing: the file has no such parameter or resource"),
        ("!Ref Needed", "!Ref Needed: the parameter has no default; give --param Needed=VALUE"),
        ("!Ref Looked", "!Ref Looked: the Parameter Store has its value"),
        ("!Sub 'a-${Other}'", "!Ref Other: the name"),
        ("!ImportValue x", "{Fn::ImportValue: x}: Fn::ImportValue is not evaluated in this form"),
        ("'{{resolve:ssm:/a}}'", "{{resolve:ssm:/a}}: CloudFormation reads it from AWS"),
        ("!If [Loop, a, b]", "refers to itself"),
        ("!If [Missing, a, b]", "the file has no such condition"),
        ("[1, 2]", "[1, 2]: it is not a text"),
        ("!Select [7, [a]]", "is not evaluated in this form"),
        ("!FindInMap [M, prod, Url]", "the file has no such mapping"),
    ] {
        let (function, warnings) = with_variables(&format!("V: {value}"));
        assert_eq!(variable(&function, "V"), None, "{value}");
        let [warning] = warnings.as_slice() else { panic!("{value}: {warnings:?}") };
        assert!(warning.starts_with("F: Environment.V: ") && warning.contains(expected), "{value}: {warning}");
        assert!(warning.ends_with("the variable is not set, give it with --env V=VALUE"), "{warning}");
    }
    let (function, warnings) = with_variables("V: !Ref 'AWS::NoValue', W: ~");
    assert_eq!((function.variables, warnings), (vec![], vec![]));
}

#[test]
fn parameters_may_be_given() {
    let text = "Parameters: {P: {Type: String, Default: a}}\nResources: {F: {Type: AWS::Serverless::Function, \
        Properties: {Handler: a.b, Runtime: nodejs22.x, FunctionName: !Ref P}}}\n";
    let project = project_with("template.yaml", text, &[("P", "given")], &[]);
    assert_eq!(function(&project, "F").name, "given");
}

fn route(api: Api, method: Option<&str>, path: &str, stage: Option<&str>, function: &str) -> Route {
    Route { stage: stage.map(str::to_owned), ..Route::new(api, method, path, function) }
}

#[test]
fn events_are_routes() {
    let project = sam("
Resources:
  Rest: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}
  Http: {Type: AWS::Serverless::HttpApi, Properties: {StageName: $default}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Runtime: nodejs22.x
      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
      Events:
        Implicit: {Type: Api, Properties: {Path: '/a/{id}', Method: get}}
        Explicit: {Type: Api, Properties: {Path: /b, Method: ANY, RestApiId: !Ref Rest}}
        Http: {Type: HttpApi, Properties: {Path: '/{proxy+}', Method: POST, ApiId: !Ref Http, PayloadFormatVersion: '1.0'}}
        Default: {Type: HttpApi}
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Q.Arn}}
        Elsewhere: {Type: Api, Properties: {Path: /c, Method: get, RestApiId: !ImportValue x}}
        NotKnown: {Type: Api, Properties: {Path: !ImportValue y, Method: get}}
");
    let v1 = Route { payload: PayloadFormat::V1, ..route(Api::Http, Some("post"), "/{proxy+}", None, "F") };
    let expected = [
        route(Api::Rest, Some("GET"), "/a/{id}", Some("Prod"), "F"),
        route(Api::Rest, None, "/b", Some("v1"), "F"),
        v1,
        route(Api::Http, None, "$default", None, "F"),
        route(Api::Rest, Some("GET"), "/c", None, "F"),
        Route::url("F", true),
    ];
    assert_eq!(function(&project, "F").routes, expected);
    let warnings = warnings(&project);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("F: Events.Elsewhere.RestApiId: {Fn::ImportValue: x}: "), "{warnings:?}");
    assert!(warnings[1].starts_with("F: Events.NotKnown.Path: {Fn::ImportValue: y}: "), "{warnings:?}");
}

const DEFINED: &str = "
Resources:
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Sub '${AWS::Region}'
      DefinitionBody:
        paths:
          /a/{id}:
            get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: !Sub 'arn:aws:apigateway:r:lambda:path/x/${F.Arn}/invocations'}}
            put: {x-amazon-apigateway-integration: {type: aws, uri: !Sub '${F.Arn}/invocations'}}
            post: {x-amazon-apigateway-integration: {type: http, uri: 'http://x'}}
  Http: {Type: AWS::Serverless::HttpApi, Properties: {DefinitionUri: api/open.yaml}}
  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x}}
  Fx: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x}}
";

#[test]
fn openapi_definitions_have_routes() {
    let open = "paths: {/b: {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: AWS_PROXY, \
        payloadFormatVersion: 2.0, uri: {Fn::GetAtt: [Fx, Arn]}}}}}";
    let project = project_with("template.yaml", DEFINED, &[], &[("api/open.yaml", open)]);
    let rest = route(Api::Rest, Some("GET"), "/a/{id}", Some("eu-west-1"), "F");
    assert_eq!(function(&project, "F").routes, [Route { payload: PayloadFormat::V1, ..rest }]);
    assert_eq!(function(&project, "Fx").routes, [route(Api::Http, None, "/b", None, "Fx")]);
    let warnings = warnings(&project);
    assert!(warnings.len() == 1 && warnings[0].starts_with("F: put /a/{id}: "), "{warnings:?}");
    let project = project_with("template.yaml", &DEFINED.replace("api/open", "../open"), &[], &[]);
    assert!(
        super::super::test::warnings(&project)
            .iter()
            .any(|warning| warning.contains("../open.yaml: it is not in the project's folder"))
    );
}

#[test]
fn plain_cloudformation_has_routes_too() {
    let project = project(
        "template.json",
        r#"{"Resources": {
        "F": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "a.b", "Runtime": "nodejs22.x", "Code": "src"}},
        "U": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Ref": "F"}, "InvokeMode": "BUFFERED"}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "dev"}},
        "I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {"IntegrationUri": {"Fn::GetAtt": ["F", "Arn"]}, "PayloadFormatVersion": "2.0"}},
        "R": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Api"}, "RouteKey": "GET /x", "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "I"}]]}}},
        "TG": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["F", "Arn"]}}]}},
        "L2": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Priority": 20, "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "TG"}}],
            "Conditions": [{"Field": "path-pattern", "Values": ["*.png"]}]}},
        "L1": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Priority": 10, "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "TG"}}],
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*", "/b"]}}, {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}]}}
    }}"#,
    );
    let expected = [
        Route::url("F", false),
        route(Api::Http, Some("GET"), "/x", Some("dev"), "F"),
        route(Api::Alb, Some("GET"), "/a/*", None, "F"),
        route(Api::Alb, Some("GET"), "/b", None, "F"),
        route(Api::Alb, None, "/*.png", None, "F"),
    ];
    assert_eq!(function(&project, "F").routes, expected);
    assert_eq!(warnings(&project), Vec::<String>::new());
}

#[test]
fn layers_are_local_folders() {
    let project = sam("
Globals: {Function: {Layers: [!Ref Common]}}
Resources:
  Common: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/common}}
  Remote: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: b, S3Key: k}}}
  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x,
    Layers: [../shared.zip, !Ref Remote, 'arn:aws:lambda:eu-west-1:1:layer:x:1', !Sub '${AWS::Region}.zip']}}
");
    let expected =
        ["layers/common", "../shared.zip", "eu-west-1.zip"].map(|layer| PathBuf::from("/project").join(layer));
    assert_eq!(function(&project, "F").layers, expected);
    let warnings = warnings(&project);
    let expected =
        ["../shared.zip: it leads out of the project's folder", "S3Bucket: b", "layer:x:1: it is not on this machine"];
    assert!(
        warnings.len() == 3 && warnings.iter().zip(expected).all(|(warning, text)| warning.contains(text)),
        "{warnings:?}"
    );
}

#[test]
fn what_cannot_be_served_is_said() {
    let project = sam("
Conditions: {Never: !Equals [a, b], Unknown: !Equals [!ImportValue x, b]}
Resources:
  Image: {Type: AWS::Serverless::Function, Properties: {PackageType: Image, ImageUri: x}}
  Remote: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: s3://b/k}}
  NoHandler: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x}}
  NotKnown: {Type: AWS::Serverless::Function, Properties: {Handler: !ImportValue x, Runtime: nodejs22.x}}
  Never: {Type: AWS::Serverless::Function, Condition: Never, Properties: {Handler: a.b, Runtime: nodejs22.x}}
  Perhaps: {Type: AWS::Serverless::Function, Condition: Unknown, Properties: {Handler: a.b, Runtime: nodejs22.x, Timeout: 1e9, MemorySize: 5}}
  Own: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, InlineCode: x}}
  App: {Type: AWS::Serverless::Application, Properties: {Location: x}}
");
    let served: Vec<&str> = project.functions.iter().map(|function| function.id.as_str()).collect();
    assert_eq!(served, ["Perhaps", "Own"]);
    assert_eq!(function(&project, "Own").handler, "bootstrap");
    let warnings = warnings(&project).join("\n");
    for text in [
        "Image: PackageType: Image: container images are not run",
        "Remote: CodeUri: s3://b/k: it is not on this machine",
        "NoHandler: Handler: none: it is needed",
        "NotKnown: Handler: {Fn::ImportValue: x}",
        "Perhaps: Condition: Unknown",
        "Perhaps: Timeout: 1e9: not a number of seconds from 1 to 900; 3 s are taken",
        "Perhaps: MemorySize: 5: not a number of MB from 128 to 10240; 128 MB are taken",
        "App: Type: AWS::Serverless::Application",
    ] {
        assert!(warnings.contains(text), "{text}: {warnings}");
    }
    assert!(!warnings.contains("Never:"), "{warnings}");
}

#[test]
fn a_template_that_grows_without_end_is_not_evaluated_to_the_end() {
    let mut text = "Mappings: {M: {K: {V: x}}}\nConditions:\n  C0: !Equals [a, a]\n".to_owned();
    for level in 1..30 {
        let before = level - 1;
        text += &format!("  C{level}: !And [!Condition C{before}, !Condition C{before}, !Condition C{before}]\n");
    }
    text += "Resources: {F: {Type: AWS::Serverless::Function, Condition: C29, Properties: {Handler: a.b, Runtime: nodejs22.x}}}\n";
    let started = std::time::Instant::now();
    let project = sam(&text);
    assert!(warnings(&project)[0].contains("too much"), "{:?}", warnings(&project));
    assert!(started.elapsed() < Duration::from_secs(5));
}
