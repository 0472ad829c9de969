"""Has botocore validate the commands of the AWS CLI in a document: service, operation, names, types, lengths, and the patterns and
values of the service's model, which botocore leaves to the service.

usage: recipes.py DOCUMENT         prints the operations, or what is wrong
       recipes.py TEMPLATE.yaml…   the same for the properties of resources that have the names of an operation's parameters
"""

import re
import shlex
import sys

import botocore.session
import yaml
from botocore import xform_name
from botocore.validate import ParamValidator

SERVICES = {"lambda-core", "lambda"}
GLOBAL = {"query", "output", "region"}  # options of the CLI itself


def commands(text):
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    for line in re.sub(r"\\\n\s*", "", "\n".join(blocks)).splitlines():
        for part in line.split(" | "):
            words = shlex.split(part, comments=True)
            if words[:1] == ["aws"] and words[1] in SERVICES:
                yield words[1:]


def troubles(words):
    service, command, *options = words
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if command == "wait":
        return []
    if command not in operations:
        return [f"{service} has no {command}"]
    shape = model.operation_model(operations[command]).input_shape
    params, unknown = parsed(options, shape)
    report = ParamValidator().validate(params, shape)
    return unknown + ([report.generate_report()] if report.has_errors() else []) + list(unfit(params, shape))


def parsed(options, shape):
    members = {xform_name(name, "-"): name for name in shape.members}
    params, unknown = {}, []
    while options:
        option = options.pop(0).removeprefix("--")
        values = []
        while options and not options[0].startswith("--"):
            values.append(options.pop(0))
        if option in GLOBAL:
            continue
        if option == "zip-file":
            params["Code"] = {"ZipFile": b""}
        elif option not in members:
            unknown.append(f"there is no --{option}")
        else:
            params[members[option]] = value_of(values, shape.members[members[option]])
    return params, unknown


def value_of(values, shape):
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "integer":
        return int(values[0])
    if shape.type_name == "structure":
        return dict(each.split("=", 1) for each in values[0].split(","))
    return values if shape.type_name == "list" else values[0]


def unfit(value, shape):
    """The texts that differ from the model's patterns and values."""
    if shape.type_name == "structure":
        for name, each in value.items():
            if name in shape.members:
                yield from unfit(each, shape.members[name])
    elif shape.type_name == "list":
        for each in value:
            yield from unfit(each, shape.member)
    elif shape.type_name == "string":
        pattern = shape.metadata.get("pattern")
        if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value):
            yield f"{shape.name}: {value} is not of the form {pattern}"
        if shape.enum and value not in shape.enum:
            yield f"{shape.name}: {value} is none of {shape.enum}"


# What CloudFormation and SAM name as the API does.
TYPES = {
    "AWS::Lambda::Runtime": ("lambda-core", "CreateRuntime"),
    "AWS::Lambda::RuntimeVersion": ("lambda-core", "CreateRuntimeVersion"),
    "AWS::Lambda::RuntimeAlias": ("lambda-core", "CreateRuntimeAlias"),
    "AWS::Serverless::Function": ("lambda", "CreateFunction"),
}
SAMPLES = {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a@sha256:0", "RuntimeArn": "arn:aws:lambda:us-east-1:123456789012:runtime/company-nodejs"}


def troubles_of_resource(kind, properties):
    service, operation = TYPES[kind]
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    if kind == "AWS::Serverless::Function":
        properties = {**properties, "FunctionName": "any", "Role": "arn:aws:iam::123456789012:role/any", "Code": {"ZipFile": b""}}
        properties.pop("CodeUri", None)
    report = ParamValidator().validate(properties, shape)
    unknown = [f"there is no {name}" for name in properties if name not in shape.members]
    return unknown + ([report.generate_report()] if report.has_errors() else []) + list(unfit(properties, shape))


def resources(path):
    yaml.SafeLoader.add_constructor("!Ref", lambda loader, node: SAMPLES.get(node.value, node.value))
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)["Resources"].values()


if sys.argv[1].endswith(".yaml"):
    found = [each for path in sys.argv[1:] for each in resources(path)]
    bad = [f"{each['Type']}: {trouble}" for each in found for trouble in troubles_of_resource(each["Type"], each["Properties"])]
    told = {TYPES[each["Type"]][1] for each in found}
else:
    with open(sys.argv[1], encoding="utf-8") as file:
        found = list(commands(file.read()))
    bad = [f"{' '.join(words[:2])}: {trouble}" for words in found for trouble in troubles(words)]
    told = {" ".join(words[:2]) for words in found}
print(*(bad or sorted(told)), sep="\n")
sys.exit(1 if bad or not found else 0)
