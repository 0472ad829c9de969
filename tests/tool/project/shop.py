"""A project of three functions in three languages, with a layer, and the three kinds of files that describe it."""
import os

ORDERS = """\
const { word } = require('shared'); // in a layer
exports.get = async event => ({
  statusCode: 200,
  body: JSON.stringify({ id: event.pathParameters?.id, stage: event.requestContext?.stage, resource: event.resource, word, table: process.env.TABLE }),
});
"""

FILES = """\
import json
import os

import boto3


def handle(event, context):
    name = context.function_name if event.get("self") else os.environ["GREET"]
    answer = boto3.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"name": "Ada", "variable": 1}))
    said = json.load(answer["Payload"])
    if "requestContext" not in event:
        return said
    return {"statusCode": 201, "body": json.dumps({"path": event["pathParameters"]["proxy"], "said": said})}
"""

GREET = """\
def hello(event:, context:)
  { 'hello' => event['name'], 'memory' => context.memory_limit_in_mb, 'left' => context.get_remaining_time_in_millis > 5000 }
end
"""

TOML = """\
[defaults]
environment = { TABLE = "orders-dev" }
layers = ["layers/words"]
api = "rest"
stage = "dev"

[functions.shop-dev-orders]
runtime = "nodejs22.x"
handler = "index.get"
folder = "orders"
routes = ["GET /orders/{id}"]

[functions.shop-dev-files]
runtime = "python3.13"
handler = "files.handle"
timeout = 20
environment = { GREET = "shop-dev-greet" }
routes = ["ANY /files/{proxy+}"]

[functions.shop-dev-greet]
runtime = "ruby3.4"
handler = "greet.hello"
timeout = 10
memory = 256
"""

SERVERLESS = """\
service: shop
provider:
  name: aws
  region: ${opt:region, 'us-east-1'}
  environment: {TABLE: 'orders-${sls:stage}'}
  layers: [!Ref WordsLambdaLayer]
layers:
  words: {path: layers/words}
functions:
  orders:
    runtime: nodejs22.x
    handler: orders/index.get
    events: [{http: 'GET orders/{id}'}]
  files:
    runtime: python3.13
    handler: files.handle
    timeout: 20
    environment: {GREET: !Ref GreetLambdaFunction}
    events:
      - http: {path: 'files/{proxy+}', method: any}
  greet:
    runtime: ruby3.4
    handler: greet.hello
    timeout: ${self:custom.timeout}
    memorySize: 256
custom: {timeout: 10}
"""

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev}}
Globals:
  Function:
    Layers: [!Ref Words]
    Environment: {Variables: {TABLE: !Sub 'orders-${Stage}'}}
Resources:
  Words: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/words}}
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: !Ref Stage}}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub 'shop-${Stage}-orders'
      CodeUri: orders/
      Handler: index.get
      Runtime: nodejs22.x
      Events: {Get: {Type: Api, Properties: {Path: '/orders/{id}', Method: get, RestApiId: !Ref Api}}}
  Files:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Join ['-', [shop, !Ref Stage, files]]
      CodeUri: .
      Handler: files.handle
      Runtime: python3.13
      Timeout: 20
      Environment: {Variables: {GREET: !Ref Greet}}
      Events: {All: {Type: Api, Properties: {Path: '/files/{proxy+}', Method: any, RestApiId: !Ref Api}}}
  Greet:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: !Sub 'shop-${Stage}-greet', Handler: greet.hello, Runtime: ruby3.4, Timeout: 10, MemorySize: 256}
"""

KINDS = {"open-runtime.toml": TOML, "serverless.yml": SERVERLESS, "template.yaml": TEMPLATE}

CODE = {
    "orders/index.js": ORDERS,
    "files.py": FILES,
    "greet.rb": GREET,
    "layers/words/nodejs/node_modules/shared/index.js": "exports.word = 'shared';\n",
}


def write(folder, files):
    """Files by their names. Bytes are written as they are."""
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
