"""Claims about single unusual events, and how they are mapped."""

import base64
import gzip
import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path

EVENTS = Path(__file__).parent / "../events"
REQUEST = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:my-function"
NOW = "2023-11-14T22:13:20.123Z"
INVOCATION_TRACE = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
OWN_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
INNER = {"specversion": "1.0", "id": "i-1", "source": "/shop", "type": "com.example.order", "data": {"n": 1}}


@dataclass
class Case:
    """An event and its expected mapping: the kind, the attributes of its CloudEvents (None: absent), a warning."""

    claim: str
    event: object
    kind: str
    attributes: list = field(default_factory=list)
    warning: str = ""
    flags: tuple = ()
    whole: object = None
    is_pass_through: bool = False

    def text(self):
        return self.event if isinstance(self.event, bytes) else json.dumps(self.event).encode()

    def is_judged(self, text):
        """True if the mapped event must be a CloudEvent."""
        return text.startswith("{") and '"specversion"' in text and not self.is_pass_through

    def trouble(self, result):
        if "error" in result:
            return [] if result["error"] == self.kind else [result["error"]]
        trouble = [] if result["kind"] == self.kind else [f"kind {result['kind']}"]
        if self.warning not in (result["warning"] or "") or bool(self.warning) != bool(result["warning"]):
            trouble.append(f"warning {result['warning']}")
        if self.whole is not None and result["events"] != self.whole:
            trouble.append(f"events {result['events']}")
        if self.attributes and len(result["events"]) != len(self.attributes):
            trouble.append(f"{len(result['events'])} events")
        for event, attributes in zip(result["events"], self.attributes):
            for name, value in attributes.items():
                if event.get(name) != value:
                    trouble.append(f"{name} is {event.get(name)!r}, not {value!r}")
        return trouble


def sample(name, *changes):
    """A sample with values set at paths (or removed, with ...)."""
    event = json.loads((EVENTS / f"{name}.json").read_text())
    for path, value in changes:
        holder = event
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        for step in steps:
            holder = holder[step]
        if value is ...:
            del holder[last]
        else:
            holder[last] = value
    return event


def one(name, path, value, **attributes):
    """A case with one changed value."""
    claim = f"{name} with {path} {'gone' if value is ... else json.dumps(value)[:60]}"
    warning = attributes.pop("warning", "")
    return Case(claim, sample(name, (path, value)), name, [attributes], warning)


def several(name, *changes):
    """The sample with a record for each change."""
    record = sample(name)["Records"][0]
    return {"Records": [{**record, **change} for change in changes]}


def s3(event_name, key, **more):
    record = sample("s3")["Records"][0]
    record["eventName"] = event_name
    record["s3"]["object"] = {"key": key, **more}
    return record


def b64(value):
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


S3_ID = "C3D13FE58DE4C810.FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"
LOGS = json.dumps({"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logStream": "", "subscriptionFilters": [], "logEvents": []}).encode()
HEADERS = {"ce-specversion": "1.0", "ce-id": "i-1", "ce-source": "/shop", "ce-type": "com.example.order"}


def http(name, headers, body, **more):
    return {**sample(name), "headers": headers, "body": body, "isBase64Encoded": False, **more}


def kafka(*records):
    """An event with a record for each pair of headers and value."""
    base = sample("msk")["records"]["readings-0"][0]
    listed = [{**base, "value": b64(value), "headers": [{name: list(text.encode())} for name, text in headers.items()]} for headers, value in records]
    return {**sample("msk"), "records": {"readings-0": listed}}


MAPPED = [
    # S3.
    Case("all keys of one S3 DeleteObjects have ids of their own", {"Records": [s3("ObjectRemoved:Delete", "a+b"), s3("s3:ObjectRemoved:DeleteMarkerCreated", "c", versionId="v1")]}, "s3",
         [{"id": f"{S3_ID}.a+b", "type": "com.amazonaws.s3.ObjectRemoved:Delete"}, {"id": f"{S3_ID}.c.v1", "type": "com.amazonaws.s3.ObjectRemoved:DeleteMarkerCreated"}]),
    Case("an S3 lifecycle expiration has the key in its id", {"Records": [s3("LifecycleExpiration:Delete", "a")]}, "s3", [{"id": f"{S3_ID}.a"}]),
    Case("an S3 name that begins with s3: loses that", {"Records": [s3("s3:ObjectRestore:Completed", "a%20b")]}, "s3", [{"type": "com.amazonaws.s3.ObjectRestore:Completed", "subject": "a%20b", "id": S3_ID}]),
    one("s3", "Records/0/awsRegion", ..., source="aws:s3.photos-123"),
    one("s3", "Records/0/responseElements", ..., id=f"{REQUEST}.0", warning="no id"),
    one("s3", "Records/0/s3/bucket/name", ..., source=FUNCTION, warning="no source"),
    one("s3", "Records/0/eventName", ..., type="com.amazonaws.s3", warning="no name"),
    one("s3", "Records/0/eventTime", "soon", time=NOW),
    Case("an S3 batch operation is none of S3's notifications", sample("s3-batch"), "s3-batch", [{"type": "com.amazonaws.batchoperations.invocation"}]),
    Case("records of S3 that are not S3's notifications are not mapped", {"Records": [{"eventSource": "aws:s3", "eventName": "x"}]}, "unknown", warning="claims"),
    Case("records of more than one kind are not mapped", {"Records": sample("sqs")["Records"] + sample("s3")["Records"]}, "unknown", warning="claims"),
    Case("records of S3 and then of another source are not mapped", {"Records": sample("s3")["Records"] + [{"eventSource": "aws:x"}]}, "unknown", warning="claims"),
    Case("an empty list of records is free-form JSON", {"Records": []}, "unknown", whole=[{"Records": []}]),
    Case("records that are no objects are free-form JSON", {"Records": [1, 2]}, "unknown"),
    # SNS.
    one("sns", "Records/0/Sns/Subject", None, subject=None),
    one("sns", "Records/0/Sns/Type", "UnsubscribeConfirmation", type="com.amazonaws.sns.UnsubscribeConfirmation"),
    one("sns", "Records/0/EventSubscriptionArn", ..., source="arn:aws:sns:us-east-1:123456789012:alerts"),
    one("sns", "Records/0/Sns/MessageAttributes", {"traceparent": {"Type": "String", "Value": OWN_TRACE}, "tracestate": {"Type": "String", "Value": "a=1"}}, traceparent=OWN_TRACE, tracestate="a=1"),
    # SQS.
    Case("SQS's X-Ray header beats the invocation's", sample("sqs", ("Records/0/attributes/AWSTraceHeader", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=0")), "sqs",
         [{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}, {"traceparent": OWN_TRACE}]),
    # Attributes that records of the same shape share are copied.
    Case("records behind one of another shape have their own attributes", several("sqs", {"more": {"a": 1}, "messageId": "m-0"}, {"messageId": "m-1"}, {"messageId": "m-2"}), "sqs", [{"id": "m-0"}, {"id": "m-1"}, {"id": "m-2"}]),
    Case("a record that is like the one before the last has its own attributes", several("sqs", *[{"eventSourceARN": f"arn:aws:sqs:us-east-1:1:{queue}", "messageId": "m-1"} for queue in "abaab"]), "sqs", [{"source": f"arn:aws:sqs:us-east-1:1:{queue}", "id": "m-1"} for queue in "abaab"]),
    Case("an attribute that falls back is that of its own record", several("sns", {}, *[{"EventSubscriptionArn": None, "Sns": {**sample("sns")["Records"][0]["Sns"], "TopicArn": f"arn:aws:sns:us-east-1:1:{topic}"}} for topic in ("t-1", "t-2", "t-2")]), "sns",
         [{"source": sample("sns")["Records"][0]["EventSubscriptionArn"]}, *[{"source": f"arn:aws:sns:us-east-1:1:{topic}"} for topic in ("t-1", "t-2", "t-2")]]),
    Case("records of Kafka have the traces of their own headers", kafka(*[({"traceparent": trace}, "") for trace in (OWN_TRACE, INVOCATION_TRACE, OWN_TRACE)]), "msk", [{"traceparent": OWN_TRACE}, {"traceparent": INVOCATION_TRACE}, {"traceparent": OWN_TRACE}]),
    Case("SQS's trace without a parent is left out", sample("sqs", ("Records/0/attributes/AWSTraceHeader", "Root=1-0af76519-16cd43dd8448eb211c80319c;Sampled=1")), "sqs", [{"traceparent": None}, {}]),
    Case("a message group with a tab in its name is no partition key", sample("sqs", ("Records/0/attributes/MessageGroupId", "a\tb")), "sqs", [{"partitionkey": None}, {}]),
    Case("a sequence number that is none is left out", sample("sqs", ("Records/0/attributes/SequenceNumber", "1x"), ("Records/1/attributes/SequenceNumber", "9" * 40)), "sqs", [{"sequence": None}, {"sequence": None}]),
    Case("a FIFO queue's number is padded", sample("sqs", ("Records/0/attributes/SequenceNumber", "18849496460467696128")), "sqs", [{"sequence": "000000000000000000018849496460467696128"}, {}]),
    Case("records that differ in shape have their own attributes",
         sample("sqs", ("Records/1/messageId", ...), ("Records/1/attributes", {}), ("Records/1/eventSourceARN", "arn:aws:sqs:eu-west-1:1:other")), "sqs",
         [{"id": "2e1424d4-f796-459a-8184-9c92662be6d1", "time": "2024-05-31T16:08:37.123Z"}, {"id": f"{REQUEST}.1", "time": NOW, "source": "arn:aws:sqs:eu-west-1:1:other"}], "no id"),
    # Streams.
    Case("DynamoDB's milliseconds are told from seconds", sample("dynamodb", ("Records/0/dynamodb/ApproximateCreationDateTime", 1717171717123), ("Records/1/dynamodb/ApproximateCreationDateTime", 1.717171717e9), ("Records/2/dynamodb/ApproximateCreationDateTime", ...)), "dynamodb",
         [{"time": "2024-05-31T16:08:37.123Z"}, {"time": "2024-05-31T16:08:37Z"}, {"time": NOW}]),
    Case("a window without records reaches the handler", sample("dynamodb-window"), "dynamodb-window", [{"id": REQUEST}]),
    Case("a window's service is found in its records", sample("kinesis-window", ("eventSourceARN", "stream-ARN")), "kinesis-window", [{"source": "stream-ARN#shardId-000000000006"}]),
    Case("a window of an unknown service is not mapped", sample("dynamodb-window", ("eventSourceARN", "arn:aws:x:::y")), "unknown"),
    # Kafka, MQ.
    Case("SelfManagedKafka comes with aws: too", sample("self-managed-kafka", ("eventSource", "aws:SelfManagedKafka")), "self-managed-kafka", [{"source": "kafka://b-1.demo.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092#readings-0"}]),
    Case("Pipes bring self-managed Kafka too", [{**sample("pipes-kafka")[0], "eventSource": "SelfManagedKafka", "bootstrapServers": "b:2,a:1"}], "pipes-kafka", [{"source": "kafka://a:1#readings-0"}]),
    Case("Kafka's records without topic get it from their group", sample("msk", ("records", {"t-3": [{"offset": 5, "key": "/w=="}]})), "msk", [{"id": "t-3-5", "partitionkey": None, "time": NOW}]),
    Case("Kafka's partition and time are as they are", sample("msk", ("records/readings-0/0/timestamp", -1), ("records/readings-0/0/partition", "0")), "msk", [{"time": NOW, "id": "readings-0-15"}, {}, {}]),
    Case("Kafka without records is not mapped", sample("msk", ("records", {})), "unknown", warning="claims"),
    Case("Kafka of which one partition is no list is not mapped", sample("msk", ("records/readings-1", {})), "unknown", warning="claims"),
    Case("Kafka whose records are no list is not mapped", sample("msk", ("records", 5)), "unknown", warning="claims"),
    Case("AWS's documentation says aws:amq", sample("activemq", ("eventSource", "aws:amq")), "activemq", [{}]),
    Case("a RabbitMQ message has its own id where it has one", sample("rabbitmq", ("rmqMessagesByQueue/q", [{"basicProperties": {"messageId": "m-1"}}])), "rabbitmq", [{"id": f"{REQUEST}.orders::/.0"}, {"id": "m-1", "subject": "q"}]),
    Case("DocumentDB without a collection names the database", sample("docdb", ("events/0/event/ns/coll", ...)), "docdb", [{"subject": "shop"}]),
    # CodeCommit, SES, others.
    Case("a commit to two branches has no subject", sample("codecommit", ("Records/0/codecommit/references", [{"ref": "a"}, {"ref": "b"}])), "codecommit", [{"subject": None}]),
    one("ses", "Records/0/ses/receipt/action", {"type": "S3"}, source="aws:ses.us-east-1", subject=None),
    one("records-other", "Records/0/eventName", ..., type="com.amazonaws.newservice.record"),
    one("records-other", "Records/0/eventSource", "aws:", type="com.amazonaws", warning="no name"),
    Case("records whose source only contains aws: are free-form JSON", sample("records-other", ("Records/0/eventSource", "my-aws:shop")), "unknown"),
    one("records-other", "Records/0/eventID", ..., id=f"{REQUEST}.0"),
    one("records-other", "Records/0/eventSourceARN", ..., source=FUNCTION),
    # CloudWatch.
    Case("CloudWatch's control message is unpacked", {"awslogs": {"data": b64(gzip.compress(LOGS))}}, "cloudwatch-logs", [{"type": "com.amazonaws.logs.CONTROL_MESSAGE", "id": REQUEST, "data": json.loads(LOGS), "subject": None}], "no source"),
    Case("CloudWatch's logs may be zlib's", {"awslogs": {"data": b64(zlib.compress(LOGS))}}, "cloudwatch-logs", [{"type": "com.amazonaws.logs.CONTROL_MESSAGE"}], "no source"),
    *[Case(f"CloudWatch's logs that are {what} are passed on packed", {"awslogs": {"data": data}}, "cloudwatch-logs", [{"type": "com.amazonaws.logs", "data": {"awslogs": {"data": data}}, "id": REQUEST}], "cannot be unpacked")
      for what, data in [("no base64", "!"), ("no gzip", b64("hello")), ("half a gzip", b64(gzip.compress(LOGS)[:-9])), ("no JSON", b64(gzip.compress(b"{"))), ("no object", b64(gzip.compress(b"[]"))), ("40 MB", b64(gzip.compress(b'{"a":"' + b"x" * 40_000_000 + b'"}')))]],
    one("cloudwatch-alarm", "time", "2024-05-31T16: 08:37.123 + 0000", time="2024-05-31T16:08:37.123Z"),
    # EventBridge.
    one("eventbridge", "detail", "{}", type="com.amazonaws.events.EC2 Instance State-change Notification"),
    one("eventbridge", "source", "my app: <é>", source="my%20app%3A%20%3C%C3%A9%3E"),
    one("eventbridge", "resources", [], subject=None),
    one("eventbridge", "id", ..., id=REQUEST, warning="no id"),
    one("eventbridge", "detail-type", "a\u0000\u0085\ufffe\"b", type='com.amazonaws.events.a"b'),
    one("eventbridge", "time", "2024-05-31T18:08:37.5+02:00", time="2024-05-31T16:08:37.5Z"),
    one("eventbridge", "source", "", source=FUNCTION, warning="no source"),
    # HTTP and authorizers.
    one("apigw-http-v2", "headers", None, traceparent=INVOCATION_TRACE),
    one("apigw-http-v2", "headers", {"TraceParent": OWN_TRACE, "tracestate": "a=1"}, traceparent=OWN_TRACE, tracestate="a=1"),
    one("apigw-http-v2", "headers", {"tracestate": "a=1"}, traceparent=INVOCATION_TRACE, tracestate=None),
    one("apigw-http-v2", "headers", {"traceparent": "00-" + "0" * 32 + "-b7ad6b7169203331-01"}, traceparent=INVOCATION_TRACE),
    one("apigw-http-v2", "headers", {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793"}, traceparent=INVOCATION_TRACE),
    one("lambda-url", "requestContext/domainName", "<url-id>.lambda-url.us-west-2.on.aws", source="https://%3Curl-id%3E.lambda-url.us-west-2.on.aws"),
    Case("a load balancer's health check has no headers to speak of", sample("alb", ("headers", {"user-agent": "ELB-HealthChecker/2.0"})), "alb", [{"traceparent": INVOCATION_TRACE}]),
    Case("a load balancer's headers may be lists", sample("alb", ("headers", ...), ("multiValueHeaders", {"TRACEPARENT": [OWN_TRACE]})), "alb", [{"traceparent": OWN_TRACE}]),
    Case("two trace parents are none", sample("alb", ("headers", ...), ("multiValueHeaders", {"traceparent": [OWN_TRACE, OWN_TRACE]})), "alb", [{"traceparent": INVOCATION_TRACE}]),
    Case("a v1 authorizer of an HTTP API is an authorizer", sample("apigw-authorizer-request", ("version", "1.0"), ("identitySource", "x"), ("authorizationToken", "x")), "apigw-authorizer-request", [{"source": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod"}]),
    Case("an authorizer of a WebSocket is an authorizer", sample("apigw-websocket", ("type", "REQUEST"), ("methodArn", "arn:aws:execute-api:us-east-1:1:a/prod/$connect"), ("requestContext/eventType", "CONNECT")), "apigw-authorizer-request", [{"source": "arn:aws:execute-api:us-east-1:1:a/prod"}]),
    Case("an HTTP API with payload 1.0 is like REST", sample("apigw-rest", ("version", "1.0")), "apigw-rest", [{}]),
    Case("members that are null are absent", sample("alb", ("requestContext/http", None), ("requestContext/connectionId", None)), "alb", [{}]),
    Case("a destination gets the outcome of an invocation with null, too", sample("lambda-destination", ("requestPayload", None)), "lambda-destination", [{"type": "com.amazonaws.lambda.destination.RetriesExhausted"}]),
    Case("a request with null for other shapes is what it is", sample("apigw-rest", ("requestContext/elb", None), ("requestContext/http", None)), "apigw-rest", [{}]),
    one("vpc-lattice-v2", "requestContext/timeEpoch", "1690497599177430", time="2023-07-27T22:39:59.177430Z"),
    # One-offs.
    Case("CodePipeline.job is one name", sample("codepipeline-job"), "codepipeline-job", [{"id": "11111111-abcd-1111-abcd-111111abcdef"}]),
    one("config-rule", "invokingEvent", "no JSON", type="com.amazonaws.config", time=NOW, warning="no name"),
    one("connect", "Details/ContactData/InstanceARN", "", source=FUNCTION),
    Case("a custom resource of the CDK has no ResponseURL", sample("cloudformation-custom-resource", ("ResponseURL", ...)), "cloudformation-custom-resource", [{}]),
    Case("a Lex event is none of Bedrock's", sample("lex-v2", ("messageVersion", "1.0")), "lex-v2", [{}]),
    Case("Amplify's resolvers are AppSync's", {"typeName": "Query", "fieldName": "todo", "arguments": {}, "source": None, "request": {"headers": {}}}, "appsync-resolver", [{"subject": "Query.todo"}]),
    Case("a resolver may have the names of its mapping template", {"parentTypeName": "Query", "fieldName": "todo", "arguments": {}, "source": None, "request": {"headers": {}}}, "appsync-resolver", [{"subject": "Query.todo"}]),
    Case("IoT's registry tells of things in groups", {"eventType": "THING_GROUP_MEMBERSHIP_EVENT", "eventId": "e-1", "timestamp": 1717171717123, "operation": "ADDED", "groupArn": "arn:aws:iot:us-east-1:1:thinggroup/g", "thingArn": "arn:aws:iot:us-east-1:1:thing/t"}, "iot-registry",
         [{"type": "com.amazonaws.iot.THING_GROUP_MEMBERSHIP_EVENT.ADDED", "subject": "arn:aws:iot:us-east-1:1:thing/t", "source": "aws:iot.us-east-1.123456789012"}]),
    Case("an interceptor sees HTTP, too", {"interceptorInputVersion": "1.0", "http": {"gatewayRequest": {"path": "/agent/invocations", "httpMethod": "POST", "body": "e30="}}}, "agentcore-interceptor", [{"subject": "/agent/invocations"}]),
    Case("Athena's functions are its federation", {"@type": "UserDefinedFunctionRequest", "identity": {}, "methodName": "upper"}, "athena-federation", [{"type": "com.amazonaws.athena.UserDefinedFunctionRequest", "subject": "upper"}]),
    Case("a flow of Bedrock without an alias is its own source", sample("bedrock-flow", ("flow/aliasId", ...)), "bedrock-flow", [{"source": "arn:aws:bedrock:us-east-1:123456789012:flow/FLOW123456"}]),
    Case("Alexa's older smart home is Alexa's", {"header": {"namespace": "Alexa.ConnectedHome.Discovery", "name": "DiscoverAppliancesRequest", "messageId": "m", "payloadVersion": "2"}, "payload": {}}, "alexa-smart-home", [{"type": "com.amazonaws.alexa.Alexa.ConnectedHome.Discovery.DiscoverAppliancesRequest", "id": "m"}]),
    Case("Kinesis Analytics delivers too", sample("kinesis-analytics", ("streamArn", ...)), "kinesis-analytics", [{"type": "com.amazonaws.kinesisanalytics.deliver"}]),
    Case("an event with both ARNs is Firehose's", sample("firehose", ("applicationArn", "arn:x")), "firehose", [{}]),
    Case("each request of Object Lambda has its type", sample("s3-object-lambda", ("getObjectContext", ...), ("listObjectsV2Context", {})), "s3-object-lambda", [{"type": "com.amazonaws.objectlambda.ListObjectsV2"}]),
    Case("a Cognito trigger without a source is free-form JSON", sample("cognito-userpool", ("triggerSource", "")), "unknown"),
    # CloudEvents, and events that resemble them.
    Case("a CloudEvent passes unchanged", b' {"specversion": "1.0", "id" :"1","source":"/s","type":"t","subject":null,"n":1,"data":1.0} ', "cloudevent", whole=[{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": None, "n": 1, "data": 1.0}], is_pass_through=True),
    *[Case(f"a CloudEvent with {name} {json.dumps(value)} is none", {**INNER, name: value}, "unknown", warning="claims", is_pass_through=True)
      for name, value in [("id", ""), ("source", "a b"), ("time", "yesterday"), ("time", "2024-05-31 16:08:37Z"), ("dataschema", "/x"), ("Upper", "x"), ("ext", {}), ("ext", 1.5), ("subject", "a\u0001"), ("data_base64", "AA==")]],
    Case("a list of CloudEvents is a batch", [INNER, {**INNER, "id": "i-2"}], "cloudevents-batch", whole=[INNER, {**INNER, "id": "i-2"}]),
    Case("a list of CloudEvents and others is free-form JSON", [INNER, 1], "unknown"),
    Case("an empty list is free-form JSON", [], "unknown", whole=[[]]),
    Case("lists of different sources are free-form JSON", sample("pipes-sqs") + sample("pipes-dynamodb"), "unknown", warning="claims"),
    Case("lists within lists are free-form JSON", [sample("pipes-sqs")], "unknown"),
    *[Case(f"{what} hides nothing behind it", sample("apigw-http-v2", (name, value)), "apigw-http-v2", [{"id": sample("apigw-http-v2")["requestContext"]["requestId"], "subject": sample("apigw-http-v2")["rawPath"], "data": sample("apigw-http-v2", (name, value))}])
      for what, name, value in [("a header with a name of 70 KB", "headers", {"n" * 70_000: "x"}), ("a query of 100 KB", "rawQueryString", "x" * 100_000), ("a query of 30,000 parameters", "queryStringParameters", {str(number): "" for number in range(30_000)}), ("a list of 30,000 cookies", "cookies", ["a=b"] * 30_000)]],
    Case("an event with a name of 70 KB is free-form JSON, whatever else it has", {"n" * 70_000: 1, **INNER}, "unknown", is_pass_through=True),
    *[Case(f"{text.decode() or 'nothing'} passes unchanged", text, "unknown", whole=[json.loads(text or "null")]) for text in [b"", b"null", b"0", b'"x"', b"true", b"{}", b"[]", b'{"foo": "bar"}']],
    Case("an object of 100,000 members passes unchanged", {f"k{number}": number for number in range(100_000)}, "unknown"),
    Case("what is no JSON is refused by its place alone", b'{"secret": secret}', "expected a value at byte 11"),
]

WRAPPED = [
    Case("free-form JSON is wrapped if asked for", b'{"foo": 1.0}', "unknown", [{"type": "com.amazonaws.lambda.invoke", "source": FUNCTION, "id": REQUEST, "time": NOW, "data": {"foo": 1.0}, "traceparent": INVOCATION_TRACE}], flags=("--wrap",)),
    Case("nothing is wrapped as null", b"", "unknown", [{"data": None, "type": "com.amazonaws.lambda.invoke"}], flags=("--wrap",)),
    Case("what has the wrong shape is wrapped, with a warning", {"eventSource": "aws:kafka"}, "unknown", [{"type": "com.amazonaws.lambda.invoke"}], "claims", ("--wrap",)),
    Case("raw maps nothing", sample("s3"), "unknown", whole=[sample("s3")], flags=("--raw",)),
]

UNWRAPPED = [
    Case(claim, event, kind, warning=warning, whole=whole, attributes=attributes or [], flags=("--unwrap",))
    for claim, event, kind, warning, whole, attributes in [
        ("in EventBridge's detail", sample("eventbridge", ("detail", INNER)), "eventbridge", "", [INNER], None),
        ("in the scheduler's detail, a string", sample("eventbridge", ("detail", json.dumps(INNER))), "eventbridge", "", [INNER], None),
        ("in a body of SQS", sample("sqs", ("Records/0/body", json.dumps(INNER, indent=1))), "sqs", "", None, [INNER, {"type": "com.amazonaws.sqs.message"}]),
        ("in SNS's message", sample("sns", ("Records/0/Sns/Message", json.dumps(INNER))), "sns", "", [INNER], None),
        ("in SNS's message in a body of SQS", sample("sqs", ("Records/1", ...), ("Records/0/body", json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": json.dumps(INNER)}))), "sqs", "", [INNER], None),
        ("in EventBridge's detail in a body of SQS", sample("pipes-sqs", ("0/body", json.dumps({"detail-type": "x", "detail": INNER}))), "pipes-sqs", "", [INNER], None),
        ("in a record of Kinesis", sample("kinesis", ("Records/1", ...), ("Records/0/kinesis/data", b64(json.dumps(INNER)))), "kinesis", "", [INNER], None),
        ("in a message of RabbitMQ", {**sample("rabbitmq"), "rmqMessagesByQueue": {"q": [{"data": b64(json.dumps(INNER))}]}}, "rabbitmq", "", [INNER], None),
        ("nowhere: then the message is wrapped", sample("sqs", ("Records/1", ...)), "sqs", "", None, [{"type": "com.amazonaws.sqs.message"}]),
        ("nowhere valid: then it is wrapped, with a warning", sample("sqs", ("Records/1", ...), ("Records/0/body", json.dumps({**INNER, "id": ""}))), "sqs", "should be a CloudEvent", None, [{"type": "com.amazonaws.sqs.message"}]),
        ("structured in HTTP", http("apigw-http-v2", {"Content-Type": "application/cloudevents+json; charset=utf-8"}, json.dumps(INNER)), "apigw-http-v2", "", [INNER], None),
        ("structured in HTTP, in base64", http("apigw-rest", {"CONTENT-TYPE": "application/cloudevents"}, b64(json.dumps(INNER)), isBase64Encoded=True), "apigw-rest", "", [INNER], None),
        ("in another format than JSON: then it is wrapped, with a warning", http("alb", {"content-type": "application/cloudevents+avro"}, "x"), "alb", "should be a CloudEvent", None, [{"type": "com.amazonaws.elasticloadbalancing.http"}]),
        ("batched in HTTP", http("lambda-url", {"content-type": "application/cloudevents-batch+json"}, json.dumps([INNER, {**INNER, "id": "i-2"}])), "lambda-url", "", [INNER, {**INNER, "id": "i-2"}], None),
        ("batched in HTTP, none", http("lambda-url", {"content-type": "application/cloudevents-batch+json"}, "[]"), "lambda-url", "", [], None),
        ("binary in HTTP", http("apigw-http-v2", {**HEADERS, "CE-Subject": "a%20%25%C3%A9", "ce-time": "2024-05-31T16:08:37Z", "ce-ext1": '"a \\"b"', "content-type": "application/json"}, '{"n": 1.0}'), "apigw-http-v2", "", None,
         [{"specversion": "1.0", "id": "i-1", "source": "/shop", "type": "com.example.order", "subject": "a %é", "time": "2024-05-31T16:08:37Z", "ext1": 'a "b', "datacontenttype": "application/json", "data": {"n": 1.0}}]),
        ("binary in HTTP with text", http("alb", {**HEADERS, "content-type": "text/plain"}, 'a "b"\n'), "alb", "", None, [{"datacontenttype": "text/plain", "data": 'a "b"\n'}]),
        ("binary in HTTP with bytes", http("vpc-lattice-v1", {**HEADERS, "content-type": "image/png"}, "AAEC/w==", isBase64Encoded=True), "vpc-lattice-v1", "", None, [{"datacontenttype": "image/png", "data_base64": "AAEC/w==", "data": None}]),
        ("binary in HTTP without content", http("apigw-http-v2", HEADERS, None), "apigw-http-v2", "", [{key: INNER[key] for key in ("specversion", "type", "source", "id")}], None),
        ("binary in HTTP without a type", http("apigw-http-v2", HEADERS, "5"), "apigw-http-v2", "", None, [{"datacontenttype": None, "data": 5}]),
        ("binary in HTTP whose JSON is none", http("apigw-http-v2", {**HEADERS, "content-type": "application/json"}, "{"), "apigw-http-v2", "", None, [{"data_base64": "ew==", "data": None}]),
        ("binary in lists of headers", {**sample("vpc-lattice-v2"), "headers": {name: [value] for name, value in HEADERS.items()}, "body": None}, "vpc-lattice-v2", "", None, [{"id": "i-1"}]),
        ("binary with what cannot be attributes", http("apigw-http-v2", {**HEADERS, "ce-time": "soon", "ce-dataschema": "/x", "ce-data": "x", "ce-datacontenttype": "x", "ce-a_b": "x", "ce-source": "a b"}, None), "apigw-http-v2", "", None, [{"source": "a%20b", "time": None, "dataschema": None, "data": None, "datacontenttype": None, "a_b": None}]),
        ("binary in HTTP without an id: then it is wrapped, with a warning", http("apigw-http-v2", {"ce-specversion": "1.0"}, None), "apigw-http-v2", "should be a CloudEvent", None, [{"type": "com.amazonaws.apigateway.http.v2"}]),
        ("binary in Kafka", kafka(({"ce_specversion": "1.0", "ce_id": "i-1", "ce_source": "/shop", "ce_type": "com.example.order", "ce_subject": "a%20é", "content-type": "application/json"}, '{"n": 1}')), "msk", "", None, [{**INNER, "subject": "a%20é", "datacontenttype": "application/json"}]),
        ("structured in Kafka", kafka(({"content-type": "application/cloudevents+json"}, json.dumps(INNER))), "msk", "", [INNER], None),
        ("binary in Kafka with text and bytes", kafka(({"ce_specversion": "1.0", "ce_id": "i-1", "ce_source": "/s", "ce_type": "t", "content-type": "text/plain"}, "héllo")), "msk", "", None, [{"data": "héllo"}]),
        ("binary in VPC Lattice's first form, in base64", http("vpc-lattice-v1", {**HEADERS, "content-type": "application/json"}, b64('{"n": 1}'), is_base64_encoded=True), "vpc-lattice-v1", "", None, [{"datacontenttype": "application/json", "data": {"n": 1}, "data_base64": None}]),
        ("of 254 extensions in Kafka", kafka(({"ce_specversion": "1.0", "ce_id": "i-1", "ce_source": "/s", "ce_type": "t", **{f"ce_a{number}": "x" for number in range(253)}}, "1")), "msk", "", None, [{"id": "i-1", "a0": "x", "a252": "x"}]),
        ("of more attributes than a CloudEvent has: then the record is wrapped, with a warning", kafka(({"ce_specversion": "1.0", "ce_id": "i-1", "ce_source": "/s", "ce_type": "t", **{f"ce_a{number}": "x" for number in range(254)}}, "1")), "msk", "should be a CloudEvent", None, [{"type": "com.amazonaws.kafka.record"}]),
        ("nowhere in Kafka: then the record is wrapped", kafka(({"ce_id": "x"}, "x")), "msk", "", None, [{"type": "com.amazonaws.kafka.record"}]),
    ]
]
for case in UNWRAPPED:
    case.claim = f"unwrap finds a CloudEvent {case.claim}"

CASES = MAPPED + WRAPPED + UNWRAPPED
