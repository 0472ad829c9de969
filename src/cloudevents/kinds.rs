//! The kinds of event that AWS sends. Each row says how to recognise a kind, and what its CloudEvent contains.
//!
//! The kind of an event is the first row whose `when` holds. The order of the rows therefore matters: windows come
//! before records, and authorizers come before the HTTP events that they resemble. To add a kind, write its row in its
//! section, a sample `tests/events/NAME.json`, and its line in `tests/events/EXPECTED.tsv`. The rest comes from these:
//! `open-runtime event` has the samples and the table, and `make docs` writes `docs/event-kinds.md`.
//!
//! `when` is a list of conditions with spaces between them. All conditions must hold (see `recognise.rs`):
//!
//! | condition | holds if |
//! | --- | --- |
//! | `a.b` | the member exists and is not null |
//! | `a=X,Y` `a^X` `a~X` | its text is X or Y; its text begins with X; its text contains X |
//! | `a:object` | it is an object (or `string`, `array`, or `lists`: an object whose members are arrays) |
//! | `[].a…` | the event is an array with elements, and the condition holds for each element |
//! | `x\|y` `!x` | x or y holds; x does not hold |
//! | `@cloudevent` | it is a CloudEvent |
//!
//! The conditions apply to the event. With `.record()`, they apply to each element of `Records`, and with `.element()`
//! to each element of the event. There must be at least one element, and all elements must have the same `eventSource`.
//!
//! The other columns are templates (see `template.rs`). `{a.b}` stands for the text at this path of the record:
//!
//! | in braces | stands for |
//! | --- | --- |
//! | `{a.b}` `{^a.b}` | the text in the record (in the event, if it is not a batch); the text in the event around the record |
//! | `{a,b}` | the first of these texts that exists |
//! | `{a!s3:}` | the text without the prefix `s3:` |
//! | `{a<:}` `{a<//}` | the text before the first `:`; the text before the second `/` |
//! | `{a#3}` | part 3 of an ARN, counted from 0 |
//! | `{a>b.c}` | `b.c` of the JSON in the text `a` |
//! | `{@fn}` `{@req}` `{@P}` `{@R}` `{@A}` | the function's ARN; the request id; the function's partition, region and account |
//! | `{@key}` `{@i}` | the member that holds the record; the record's index in it, from 0 |
//!
//! `|` separates alternatives. The first alternative whose parts all exist is used. If the record lacks parts of all
//! alternatives, the mapping writes what it knows: a shorter type, the function's ARN as source, the request id as id,
//! the time of receipt. For a type, a source and an id it also warns. For an empty column it does the same without a
//! warning. A subject is left out instead. A time is a text or a number of seconds; `ms:` and `us:` stand for smaller
//! units.
//!
//! Sources: the samples and pages of <https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html>, and
//! <https://github.com/cloudevents/spec/tree/main/cloudevents/adapters> for S3 and SNS.

pub struct Kind {
    /// What [`Column`] names, in a line each. A single text takes less space than many.
    lines: &'static str,
    /// The [bits](name_bit) of members that an event of this kind has.
    pub(super) needs: u64,
    /// The lengths of the lines, but of the last.
    lengths: [u8; 6],
    pub(super) records: Records,
    pub(super) data: Data,
    pub(super) order: Order,
    pub(super) trace: Trace,
    pub(super) carries: Carries,
    pub(super) partial: Partial,
    pub(super) http: Http,
    /// The event in `tests/events/` that the mapping is tested with.
    #[cfg(feature = "tool")]
    pub(super) sample: &'static str,
}

/// A line of a [`Kind`].
#[derive(Clone, Copy)]
pub(super) enum Column {
    Name,
    When,
    /// The template of the type, without the prefix `com.amazonaws.`.
    Type,
    Source,
    Id,
    Time,
    Subject,
}

/// Where the records of a batch are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    /// The event is not a batch.
    None,
    /// The elements of the event itself. `when` applies to each record. All records must have the same `eventSource`.
    Elements,
    /// The elements of the array at the member `Records`, in the same way.
    Member,
    /// The elements of the array `messages`.
    Messages,
    /// The elements of the array `events`.
    Events,
    /// The elements of several arrays. The arrays are the members of the object `records`.
    Partitions,
    /// The elements of several arrays. The arrays are the members of the object `rmqMessagesByQueue`.
    Queues,
}

/// What a record says of its place among others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing.
    None,
    Sqs,
    Kinesis,
    /// Kinesis by EventBridge Pipes.
    PipesKinesis,
    Dynamodb,
    Kafka,
}

impl Order {
    /// The template of `partitionkey`.
    pub fn partitionkey(self) -> &'static str {
        match self {
            Order::None | Order::Dynamodb => "",
            Order::Sqs => "{attributes.MessageGroupId}",
            Order::Kinesis => "{kinesis.partitionKey}",
            Order::PipesKinesis => "{partitionKey}",
            Order::Kafka => "{@kafkakey}",
        }
    }

    /// The template of `sequence`, a number, and the digits that such a number has, with zeroes before it.
    pub fn sequence(self) -> (&'static str, usize) {
        match self {
            Order::None => ("", 0),
            Order::Sqs => ("{attributes.SequenceNumber}", 39),
            Order::Kinesis => ("{kinesis.sequenceNumber}", 56),
            Order::PipesKinesis => ("{sequenceNumber}", 56),
            Order::Dynamodb => ("{dynamodb.SequenceNumber}", 40),
            Order::Kafka => ("{offset}", 19),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// The record, byte for byte.
    Record,
    /// The member `Sns` of the record.
    Sns,
    /// The JSON document in `awslogs.data`, unpacked from base64 and gzip.
    Logs,
    /// The record is a CloudEvent, and is passed on unchanged.
    CloudEvent,
}

/// Where a record holds its trace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// The record does not hold a trace. The invocation's trace is used.
    None,
    /// In the HTTP headers at this path.
    Headers(HeadersAt),
    /// In the headers of a Kafka record.
    Kafka,
    /// In a message of SQS.
    Sqs,
    /// In a message of SNS.
    Sns,
}

/// The path of HTTP headers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadersAt {
    Headers,
    RequestHeaders,
    RequestDotHeaders,
    FirstRequest,
    ProtocolData,
}

impl HeadersAt {
    pub fn path(self) -> &'static str {
        match self {
            HeadersAt::Headers => "headers",
            HeadersAt::RequestHeaders => "requestHeaders",
            HeadersAt::RequestDotHeaders => "request.headers",
            HeadersAt::FirstRequest => "0.request.headers",
            HeadersAt::ProtocolData => "protocolData.http.headers",
        }
    }
}

/// The templates that give `traceparent`, `tracestate` and X-Ray's header.
pub(super) const SQS_TRACE: [&str; 3] = [
    "{messageAttributes.traceparent.stringValue}",
    "{messageAttributes.tracestate.stringValue}",
    "{attributes.AWSTraceHeader}",
];
pub(super) const SNS_TRACE: [&str; 3] =
    ["{Sns.MessageAttributes.traceparent.Value}", "{Sns.MessageAttributes.tracestate.Value}", ""];

/// Where a message may carry a CloudEvent (`SLSEVENTS=unwrap`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// The message cannot carry a CloudEvent.
    Nothing,
    /// In `body`, as an object or as JSON text.
    Body,
    /// In `detail`, in the same way.
    Detail,
    /// In `Sns.Message`, in the same way.
    SnsMessage,
    /// In `data`, as JSON text in base64.
    Data,
    /// In `kinesis.data`, as JSON text in base64.
    KinesisData,
    /// As the HTTP binding defines.
    Http,
    /// As the Kafka binding defines.
    Kafka,
}

/// What the response to a batch may say about single records, and the order of the calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Partial {
    /// Nothing. The calls have no order.
    None,
    /// Nothing. The calls are made one after the other.
    Ordered,
    /// The `messageId` of each failed record. FIFO queues have an order, see `batch.rs`.
    Sqs,
    /// The number in `sequence`, as it is in the first failed record. The source sends this record and all later
    /// records again.
    Checkpoint,
    /// Topic, partition and offset of each failed record. The calls of a partition are made one after the other.
    Kafka,
}

/// The format of the response to an HTTP request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Http {
    /// The event is not an HTTP request.
    No,
    /// It has `headers`.
    Headers,
    /// It has a `statusDescription`, and `headers` or `multiValueHeaders`, as the request has.
    Alb,
}

/// Returns a bit for the name of a member. A row is skipped if an event lacks one of the row's bits. Different names may
/// share a bit. A `/` that stands for a dot inside a name does not change the bit.
pub(super) const fn name_bit(name: &[u8]) -> u64 {
    match name {
        [] => 1,
        [only] => 1 << (*only as usize % 64),
        [first, .., last] => 1 << ((*first as usize + 5 * *last as usize + 3 * name.len()) % 64),
    }
}

/// Returns the bits of the members that all conditions need. Alternatives need the bit that they share. A condition that is
/// negated or is about elements does not need a certain member.
const fn name_bits(when: &[u8]) -> u64 {
    let (mut name_bits, mut shared, mut rest) = (0, u64::MAX, when);
    loop {
        let (name, behind) = rest.split_at(length_until(rest, b".=^~: |"));
        shared &= match name {
            b"@cloudevent" => name_bit(b"specversion"),
            [] | [b'!' | b'[', ..] => 0,
            _ => name_bit(name),
        };
        let (_, behind) = behind.split_at(length_until(behind, b" |"));
        match behind {
            [b'|', alternative @ ..] => rest = alternative,
            [] => return name_bits | shared,
            [_, condition @ ..] => (name_bits, shared, rest) = (name_bits | shared, u64::MAX, condition),
        }
    }
}

const fn length_until(text: &[u8], stops: &[u8]) -> usize {
    let mut rest = text;
    while let [byte, behind @ ..] = rest {
        let mut others = stops;
        while let [stop, more @ ..] = others {
            if *stop == *byte {
                return text.len() - rest.len();
            }
            others = more;
        }
        rest = behind;
    }
    text.len()
}

const fn lengths_of_lines(text: &[u8]) -> [u8; 6] {
    let (mut lengths, mut start) = ([0; 6], 0);
    let mut rest: &mut [u8] = &mut lengths;
    while let [length, behind @ ..] = rest {
        let found = length_until(text.split_at(start).1, b"\n");
        assert!(found <= u8::MAX as usize, "a column is too long"); // while it is compiled
        *length = found as u8;
        start += found + 1;
        rest = behind;
    }
    lengths
}

const fn kind(lines: &'static str) -> Kind {
    let lengths = lengths_of_lines(lines.as_bytes());
    let (_, behind_name) = lines.as_bytes().split_at(lengths[0] as usize + 1);
    Kind {
        lines,
        needs: name_bits(behind_name.split_at(lengths[1] as usize).0),
        lengths,
        records: Records::None,
        data: Data::Record,
        order: Order::None,
        trace: Trace::None,
        carries: Carries::Nothing,
        partial: Partial::None,
        http: Http::No,
        #[cfg(feature = "tool")]
        sample: "",
    }
}

impl Kind {
    /// The kind's name, as in `open-runtime event NAME`.
    pub fn name(&self) -> &'static str {
        self.column(Column::Name)
    }

    pub(super) fn column(&self, column: Column) -> &'static str {
        let lengths = || self.lengths.iter().map(|length| usize::from(*length));
        let start: usize = lengths().take(column as usize).map(|length| length + 1).sum();
        let rest = self.lines.get(start..).unwrap_or_default();
        lengths().nth(column as usize).map_or(rest, |length| rest.get(..length).unwrap_or_default())
    }

    const fn record(self) -> Kind {
        self.records(Records::Member)
    }

    const fn element(self) -> Kind {
        self.records(Records::Elements)
    }

    const fn records(self, records: Records) -> Kind {
        Kind { records, ..self }
    }

    const fn data(self, data: Data) -> Kind {
        Kind { data, ..self }
    }

    const fn order(self, order: Order) -> Kind {
        Kind { order, ..self }
    }

    const fn partial(self, partial: Partial) -> Kind {
        Kind { partial, ..self }
    }

    const fn trace(self, trace: Trace) -> Kind {
        Kind { trace, ..self }
    }

    const fn carries(self, carries: Carries) -> Kind {
        Kind { carries, ..self }
    }

    const fn http(self, http: Http) -> Kind {
        Kind { http, carries: Carries::Http, ..self.trace(Trace::Headers(HeadersAt::Headers)) }
    }

    const fn sqs(self) -> Kind {
        self.order(Order::Sqs).trace(Trace::Sqs).carries(Carries::Body).partial(Partial::Sqs)
    }

    const fn kafka(self) -> Kind {
        self.order(Order::Kafka).trace(Trace::Kafka).carries(Carries::Kafka).partial(Partial::Kafka)
    }
}

/// A row of the table.
macro_rules! kind {
    ($name:literal, $when:literal, [$type:expr, $source:expr, $id:expr, $time:expr, $subject:expr]) => {
        with_sample!(
            $name,
            kind(concat!($name, "\n", $when, "\n", $type, "\n", $source, "\n", $id, "\n", $time, "\n", $subject))
        )
    };
}

/// A kind with its sample, in the developer's tool alone.
#[cfg(feature = "tool")]
macro_rules! with_sample {
    ($name:literal, $kind:expr) => {
        Kind { sample: include_str!(concat!("../../tests/events/", $name, ".json")), ..$kind }
    };
}
#[cfg(not(feature = "tool"))]
macro_rules! with_sample {
    ($name:literal, $kind:expr) => {
        $kind
    };
}

/// Free-form JSON, which `SLSEVENTS=wrap` maps to a CloudEvent.
pub(super) static UNKNOWN: Kind = kind!("unknown", "", ["lambda.invoke", "", "", "", ""]);

macro_rules! execute_api {
    () => {
        "arn:{@P}:execute-api:{@R}:{requestContext.accountId,@A}:{requestContext.apiId}/{requestContext.stage}"
    };
}
macro_rules! msk_source {
    () => {
        "{^eventSourceArn}#{topic}-{partition}|{^eventSourceArn}#{@key}"
    };
}
macro_rules! kafka_source {
    () => {
        "kafka://{@broker}#{topic}-{partition}|kafka://{@broker}#{@key}"
    };
}
macro_rules! kafka_id {
    () => {
        "{topic}-{partition}-{offset}|{@key}-{offset}"
    };
}

/// All kinds, in the order of the search.
#[rustfmt::skip]
pub static KINDS: &[Kind] = &[
    // An event that is an array: CloudEvents, AppSync's BatchInvoke, EventBridge Pipes.
    kind!("cloudevents-batch", "@cloudevent",
        ["", "", "", "", ""]).element().data(Data::CloudEvent),
    kind!("appsync-batch", "[].info.fieldName:string [].info.parentTypeName:string",
        ["appsync.batch", "", "", "", "{0.info.parentTypeName}.{0.info.fieldName}"]).trace(Trace::Headers(HeadersAt::FirstRequest)),
    kind!("pipes-sqs", "eventSource=aws:sqs",
        ["sqs.message", "{eventSourceARN}", "{messageId}", "ms:{attributes.SentTimestamp}", ""]).element().sqs(),
    kind!("pipes-kinesis", "eventSource=aws:kinesis",
        ["kinesis.record", "{eventSourceARN}#{eventID<:}", "{eventID}", "{approximateArrivalTimestamp}", ""]).element()
        .order(Order::PipesKinesis).carries(Carries::Data)
        .partial(Partial::Checkpoint),
    kind!("pipes-dynamodb", "eventSource=aws:dynamodb",
        ["dynamodb.{eventName}", "{eventSourceARN}", "{eventID}", "{dynamodb.ApproximateCreationDateTime}", ""]).element()
        .order(Order::Dynamodb).partial(Partial::Checkpoint),
    kind!("pipes-kafka", "eventSource=aws:kafka",
        ["kafka.record", "{eventSourceArn}#{eventSourceKey}", "{eventSourceKey}-{offset}", "ms:{timestamp}", "{topic}"]).element().kafka(),
    kind!("pipes-kafka", "eventSource=SelfManagedKafka,aws:SelfManagedKafka",
        ["kafka.record", "kafka://{@broker}#{eventSourceKey}", "{eventSourceKey}-{offset}", "ms:{timestamp}", "{topic}"]).element().kafka(),
    kind!("pipes-mq", "eventSource=aws:mq,aws:amq",
        ["mq.activemq.message", "{eventSourceArn}", "{messageID}", "ms:{timestamp}", "{destination.physicalName,destination.physicalname}"])
        .element().carries(Carries::Data).partial(Partial::Ordered),
    kind!("pipes-rmq", "eventSource=aws:rmq",
        ["mq.rabbitmq.message", "{eventSourceArn}", "{basicProperties.messageId}|{@req}.{eventSourceKey}.{@i}|{@req}.{@i}", "", "{eventSourceKey}"])
        .element().carries(Carries::Data).partial(Partial::Ordered),

    // An event that is a CloudEvent.
    kind!("cloudevent", "@cloudevent",
        ["", "", "", "", ""]).data(Data::CloudEvent),

    // Tumbling windows: an event with its records and its state. The last event of a window may not have records.
    kind!("kinesis-window", "Records:array window:object isFinalInvokeForWindow Records.0.kinesis|eventSourceARN~:kinesis:",
        ["kinesis.window", "{eventSourceARN}#{shardId}|{eventSourceARN}", "", "{window.end}", ""]),
    kind!("dynamodb-window", "Records:array window:object isFinalInvokeForWindow Records.0.dynamodb|eventSourceARN~:dynamodb:",
        ["dynamodb.window", "{eventSourceARN}#{shardId}|{eventSourceARN}", "", "{window.end}", ""]),

    // Batches: a CloudEvent for each record.
    kind!("s3", "s3.bucket:object",
        ["s3.{eventName!s3:}", "{eventSource}.{awsRegion}.{s3.bucket.name}|{eventSource}.{s3.bucket.name}",
        "{responseElements.x-amz-request-id}.{responseElements.x-amz-id-2}{@removed}", "{eventTime}", "{s3.object.key}"]).record(),
    kind!("ses", "ses.mail:object",
        ["ses.received", "aws:ses.{ses.receipt.action.functionArn#3,@R}", "{ses.mail.messageId}", "{ses.mail.timestamp}", ""]).record(),
    kind!("sns", "Sns.Message:string|Sns.Type:string",
        ["sns.{Sns.Type}", "{EventSubscriptionArn,Sns.TopicArn}", "{Sns.MessageId}", "{Sns.Timestamp}", "{Sns.Subject}"]).record()
        .data(Data::Sns).trace(Trace::Sns).carries(Carries::SnsMessage),
    kind!("dynamodb", "dynamodb.Keys:object|eventSource=aws:dynamodb dynamodb:object",
        ["dynamodb.{eventName}", "{eventSourceARN}", "{eventID}", "{dynamodb.ApproximateCreationDateTime}", ""]).record()
        .order(Order::Dynamodb).partial(Partial::Checkpoint),
    kind!("kinesis", "kinesis.data:string|eventSource=aws:kinesis kinesis:object",
        ["kinesis.record", "{eventSourceARN}#{eventID<:}", "{eventID}", "{kinesis.approximateArrivalTimestamp}", ""]).record()
        .order(Order::Kinesis).carries(Carries::KinesisData)
        .partial(Partial::Checkpoint),
    kind!("codecommit", "codecommit.references:array",
        ["codecommit.{eventName}", "{eventSourceARN}", "{eventId}", "{eventTime}", "{@onlyref}"]).record(),
    kind!("cloudfront", "cf.request:object|cf.config:object",
        ["cloudfront.{cf.config.eventType}", "arn:{@P}:cloudfront::{@A}:distribution/{cf.config.distributionId}", "{cf.config.requestId}", "",
        "{cf.request.uri}"]).record(),
    kind!("sqs", "eventSource=aws:sqs",
        ["sqs.message", "{eventSourceARN}", "{messageId}", "ms:{attributes.SentTimestamp}", ""]).record().sqs(),
    kind!("records-other", "eventSource^aws: !eventSource^aws:s3",
        ["{eventSource!aws:}.{eventName}|{eventSource!aws:}.record", "{eventSourceARN,@fn}", "{eventID}|{@req}.{@i}", "{eventTime}", ""]).record(),
    kind!("msk", "eventSource=aws:kafka records:lists",
        ["kafka.record", msk_source!(), kafka_id!(), "ms:{timestamp}", "{topic}"])
        .records(Records::Partitions).kafka(),
    kind!("self-managed-kafka", "eventSource=SelfManagedKafka,aws:SelfManagedKafka records:lists",
        ["kafka.record", kafka_source!(), kafka_id!(), "ms:{timestamp}", "{topic}"])
        .records(Records::Partitions).kafka(),
    kind!("activemq", "eventSource=aws:mq,aws:amq messages:array",
        ["mq.activemq.message", "{^eventSourceArn}", "{messageID}", "ms:{timestamp}", "{destination.physicalName,destination.physicalname}"])
        .records(Records::Messages).carries(Carries::Data).partial(Partial::Ordered),
    kind!("rabbitmq", "eventSource=aws:rmq rmqMessagesByQueue:lists",
        ["mq.rabbitmq.message", "{^eventSourceArn}", "{basicProperties.messageId}|{@req}.{@key}.{@i}", "", "{@key}"])
        .records(Records::Queues).carries(Carries::Data).partial(Partial::Ordered),
    kind!("docdb", "eventSource=aws:docdb events:array",
        ["docdb.{event.operationType}", "{^eventSourceArn}", "{event._id._data}", "{event.clusterTime.$timestamp.t}",
        "{event.ns.db}.{event.ns.coll}|{event.ns.db}"]).records(Records::Events).partial(Partial::Ordered),

    // Asynchronous events: no caller waits for the response.
    kind!("cloudwatch-logs", "awslogs.data:string",
        ["logs.{messageType}", "arn:{@P}:logs:{@R}:{owner}:log-group:{logGroup}", "{subscriptionFilters.0}.{logEvents.0.id}|{@req}",
        "ms:{logEvents.0.timestamp}", "{logStream}"]).data(Data::Logs),
    kind!("eventbridge", "detail-type:string source:string detail|id",
        ["events.{detail-type}", "{source}", "{id}", "{time}", "{resources.0}"]).carries(Carries::Detail),
    kind!("cloudwatch-alarm", "source=aws.cloudwatch alarmArn:string alarmData:object",
        ["cloudwatch.alarm", "{alarmArn}", "", "{time}", "{alarmData.alarmName}"]),

    // Authorizers, before the requests that they resemble.
    kind!("apigw-authorizer-token", "type=TOKEN methodArn:string",
        ["apigateway.authorizer.TOKEN", "{methodArn<//}", "", "", ""]),
    kind!("apigw-authorizer-v2", "type=REQUEST routeArn:string",
        ["apigateway.authorizer.REQUEST.v2", "{routeArn<//}", "{requestContext.requestId}", "ms:{requestContext.timeEpoch}", "{rawPath}"])
        .trace(Trace::Headers(HeadersAt::Headers)),
    kind!("apigw-authorizer-request", "type=REQUEST methodArn:string",
        ["apigateway.authorizer.REQUEST", "{methodArn<//}", "{requestContext.requestId}", "ms:{requestContext.requestTimeEpoch}", "{path}"])
        .trace(Trace::Headers(HeadersAt::Headers)),
    kind!("appsync-authorizer", "authorizationToken:string requestContext.apiId:string requestHeaders:object|requestContext.queryString:string",
        ["appsync.authorizer", "arn:{@P}:appsync:{@R}:{requestContext.accountId,@A}:apis/{requestContext.apiId}", "{requestContext.requestId}", "",
        "{requestContext.operationName}"]).trace(Trace::Headers(HeadersAt::RequestHeaders)),

    // HTTP.
    kind!("alb", "requestContext.elb:object",
        ["elasticloadbalancing.http", "{requestContext.elb.targetGroupArn}", "", "", "{path}"]).http(Http::Alb),
    kind!("vpc-lattice-v2", "requestContext.serviceArn:string requestContext.targetGroupArn:string",
        ["vpc-lattice.http.v2", "{requestContext.serviceArn}", "", "us:{requestContext.timeEpoch}", "{path}"]).http(Http::Headers),
    kind!("lambda-destination", "requestContext.functionArn^arn: requestPayload|requestContext.condition:string",
        ["lambda.destination.{requestContext.condition}", "{requestContext.functionArn}", "{requestContext.requestId}", "{timestamp}", ""]),
    kind!("apigw-websocket", "requestContext.connectionId:string requestContext.eventType=CONNECT,MESSAGE,DISCONNECT",
        ["apigateway.websocket.{requestContext.eventType}", execute_api!(), "{requestContext.requestId}", "ms:{requestContext.requestTimeEpoch}",
        "{requestContext.connectionId}"]).trace(Trace::Headers(HeadersAt::Headers)),
    kind!("lambda-url", "requestContext.domainName~.lambda-url. requestContext.http.method:string rawPath:string",
        ["lambda.http.v2", "https://{requestContext.domainName}", "{requestContext.requestId}", "ms:{requestContext.timeEpoch}", "{rawPath}"])
        .http(Http::Headers),
    kind!("apigw-http-v2", "requestContext.http.method:string rawPath:string",
        ["apigateway.http.v2", execute_api!(), "{requestContext.requestId}", "ms:{requestContext.timeEpoch}", "{rawPath}"]).http(Http::Headers),
    kind!("apigw-rest", "requestContext:object httpMethod:string path:string",
        ["apigateway.http.v1", execute_api!(), "{requestContext.requestId}", "ms:{requestContext.requestTimeEpoch}", "{path}"]).http(Http::Headers),
    kind!("vpc-lattice-v1", "raw_path:string method:string headers:object is_base64_encoded",
        ["vpc-lattice.http.v1", "", "", "", "{raw_path}"]).http(Http::Headers),

    // Synchronous events: the caller expects a response in a certain form.
    kind!("lambda-durable", "DurableExecutionArn:string CheckpointToken:string",
        ["lambda.durable", "{DurableExecutionArn}", "", "", ""]),
    kind!("appsync-events", "info.channel.path:string info.operation:string",
        ["appsync.events.{info.operation}", "", "", "", "{info.channel.path}"]).trace(Trace::Headers(HeadersAt::RequestDotHeaders)),
    kind!("appsync-resolver", "info.fieldName:string info.parentTypeName:string",
        ["appsync.resolver", "", "", "", "{info.parentTypeName}.{info.fieldName}"]).trace(Trace::Headers(HeadersAt::RequestDotHeaders)),
    kind!("appsync-resolver", "typeName:string|parentTypeName:string fieldName:string arguments:object request.headers:object",
        ["appsync.resolver", "", "", "", "{typeName,parentTypeName}.{fieldName}"]).trace(Trace::Headers(HeadersAt::RequestDotHeaders)),
    kind!("cognito-userpool", "triggerSource:string !triggerSource= userPoolId:string request:object",
        ["cognito-idp.{triggerSource}", "arn:{@P}:cognito-idp:{region,@R}:{@A}:userpool/{userPoolId}", "", "", ""]),
    kind!("cognito-sync", "eventType=SyncTrigger identityPoolId:string",
        ["cognito-sync.SyncTrigger", "arn:{@P}:cognito-identity:{region,@R}:{@A}:identitypool/{identityPoolId}", "", "", "{datasetName}"]),
    kind!("s3-object-lambda", "xAmzRequestId:string userRequest:object userIdentity:object",
        ["objectlambda.{@operation}", "{configuration.accessPointArn}", "{xAmzRequestId}", "", ""]),
    kind!("s3-batch", "invocationSchemaVersion:string tasks:array job:object",
        ["batchoperations.invocation", "", "{invocationId}", "", "{job.id}"]),
    kind!("kinesis-analytics", "invocationId:string records:array applicationArn^arn: !deliveryStreamArn streamArn",
        ["kinesisanalytics.preprocess", "{applicationArn}", "{invocationId}", "", ""]),
    kind!("kinesis-analytics", "invocationId:string records:array applicationArn^arn: !deliveryStreamArn",
        ["kinesisanalytics.deliver", "{applicationArn}", "{invocationId}", "", ""]),
    kind!("firehose", "invocationId:string records:array deliveryStreamArn:string|records.0.approximateArrivalTimestamp",
        ["firehose.transform", "{deliveryStreamArn}", "{invocationId}", "", ""]),
    kind!("codepipeline-job", "CodePipeline/job:object",
        ["codepipeline.job", "", "{CodePipeline/job.id}", "", ""]),
    kind!("codedeploy-hook", "DeploymentId:string LifecycleEventHookExecutionId:string",
        ["codedeploy.hook", "", "{LifecycleEventHookExecutionId}", "", "{DeploymentId}"]),
    kind!("config-rule", "configRuleName:string invokingEvent:string",
        ["config.{invokingEvent>messageType}", "{configRuleArn}", "", "{invokingEvent>notificationCreationTime}", "{configRuleName}"]),
    kind!("cloudformation-custom-resource", "RequestType=Create,Update,Delete LogicalResourceId:string StackId:string",
        ["cloudformation.customresource.{RequestType}", "{StackId}", "{RequestId}", "", "{LogicalResourceId}"]),
    kind!("cloudformation-macro", "transformId:string fragment:object templateParameterValues:object",
        ["cloudformation.macro", "", "{requestId}", "", "{transformId}"]),
    kind!("cloudformation-hook", "hookTypeName:string actionInvocationPoint:string",
        ["cloudformation.hook.{actionInvocationPoint}", "{stackId,@fn}", "{clientRequestToken}", "", "{requestData.targetLogicalId}"]),
    // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html>
    kind!("ecs-deployment-hook", "lifecycleStage:string resourceArn^arn: executionDetails:object",
        ["ecs.deployment.{lifecycleStage}", "{resourceArn}", "", "", "{executionDetails.serviceArn}"]),
    // <https://docs.aws.amazon.com/appconfig/latest/userguide/working-with-appconfig-extensions-creating-custom-lambda.html>
    kind!("appconfig-extension", "InvocationId:string Type:string Application.Id:string ConfigurationProfile.Id:string",
        ["appconfig.{Type}", "arn:{@P}:appconfig:{@R}:{@A}:application/{Application.Id}", "{InvocationId}", "", "{ConfigurationProfile.Id}"]),
    kind!("secretsmanager-rotation", "SecretId:string ClientRequestToken:string Step:string",
        ["secretsmanager.{Step}", "{SecretId}", "{ClientRequestToken}.{Step}", "", ""]),
    kind!("bedrock-agent", "agent:object actionGroup:string messageVersion",
        ["bedrock.actiongroup", "arn:{@P}:bedrock:{@R}:{@A}:agent-alias/{agent.id}/{agent.alias}", "", "", "{actionGroup}"]),
    kind!("bedrock-flow", "flow.arn:string node.name:string messageVersion",
        ["bedrock.flow", "{flow.arn}/alias/{flow.aliasId}|{flow.arn}", "", "", "{node.name}"]),
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/lambda-parser.html>
    kind!("bedrock-parser", "agent:object invokeModelRawResponse:string promptType:string",
        ["bedrock.parser", "arn:{@P}:bedrock:{@R}:{@A}:agent-alias/{agent.id}/{agent.alias}", "", "", "{promptType}"]),
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/kb-custom-transformation.html>
    kind!("bedrock-transformation", "knowledgeBaseId:string ingestionJobId:string inputFiles:array",
        ["bedrock.transformation", "arn:{@P}:bedrock:{@R}:{@A}:knowledge-base/{knowledgeBaseId}", "", "", "{dataSourceId}"]),
    // <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-interceptors-types.html>
    kind!("agentcore-interceptor", "interceptorInputVersion:string mcp:object|http:object",
        ["bedrock-agentcore.interceptor", "", "", "", "{mcp.gatewayRequest.path,http.gatewayRequest.path}"]),
    kind!("lex-v2", "bot:object sessionState:object invocationSource:string",
        ["lex.v2.{invocationSource}", "arn:{@P}:lex:{@R}:{@A}:bot-alias/{bot.id}/{bot.aliasId}", "", "", "{sessionState.intent.name}"]),
    kind!("lex-v1", "bot:object currentIntent:object invocationSource:string",
        ["lex.v1.{invocationSource}", "arn:{@P}:lex:{@R}:{@A}:bot:{bot.name}", "", "", "{currentIntent.name}"]),
    kind!("connect", "Name:string Details.ContactData.ContactId:string",
        ["connect.{Name}", "{Details.ContactData.InstanceARN,@fn}", "", "", "{Details.ContactData.ContactId}"]),
    kind!("connect-campaign", "InvocationMetadata.CampaignContext:object",
        ["connect.campaign", "", "", "", "{InvocationMetadata.CampaignContext.CampaignId}"]),
    kind!("alexa-skill", "request.type:string version:string session.application:object|context.System:object",
        ["alexa.{request.type}", "{context.System.application.applicationId,session.application.applicationId}", "{request.requestId}",
        "{request.timestamp}", ""]),
    kind!("alexa-smart-home", "directive.header.namespace^Alexa",
        ["alexa.{directive.header.namespace}.{directive.header.name}", "", "{directive.header.messageId}", "", ""]),
    kind!("alexa-smart-home", "header.namespace^Alexa.|header.namespace=Alexa",
        ["alexa.{header.namespace}.{header.name}", "", "{header.messageId}", "", ""]),
    kind!("iot-button", "serialNumber:string clickType=SINGLE,DOUBLE,LONG",
        ["iot.button.{clickType}", "aws:iot.{@R}.{serialNumber}", "", "", ""]),
    kind!("iot-1click", "deviceEvent:object deviceInfo:object placementInfo:object",
        ["iot1click.{deviceEvent.buttonClicked.clickType}", "aws:iot1click.{@R}.{deviceInfo.deviceId}", "",
        "{deviceEvent.buttonClicked.reportedTime}", "{placementInfo.placementName}"]),
    kind!("iot-authorizer", "protocols:array protocolData:object connectionMetadata:object",
        ["iot.authorizer", "", "", "", ""]).trace(Trace::Headers(HeadersAt::ProtocolData)),
    kind!("iot-preprovision", "claimCertificateId:string templateArn:string",
        ["iot.preprovision", "{templateArn}", "", "", "{certificateId}"]),
    // <https://docs.aws.amazon.com/iot/latest/developerguide/registry-events.html>
    kind!("iot-registry", "eventType^THING_ eventId:string operation:string",
        ["iot.{eventType}.{operation}", "aws:iot.{@R}.{accountId,@A}", "{eventId}", "ms:{timestamp}",
        "{thingName,thingArn,thingGroupName,thingTypeName}"]),
    kind!("clientvpn", "connection-id:string endpoint-id^cvpn-endpoint-",
        ["ec2.clientvpn", "arn:{@P}:ec2:{@R}:{@A}:client-vpn-endpoint/{endpoint-id}", "{connection-id}", "", ""]),
    kind!("transfer-identity-provider", "serverId^s- protocol:string username:string sourceIp:string",
        ["transfer.authentication", "arn:{@P}:transfer:{@R}:{@A}:server/{serverId}", "", "", ""]),
    kind!("transfer-workflow", "token:string serviceMetadata.executionDetails:object",
        ["transfer.workflow", "", "{token}", "", "{serviceMetadata.executionDetails.workflowId}"]),
    kind!("autoscaling-termination-policy", "AutoScalingGroupARN:string CapacityToTerminate:array",
        ["autoscaling.terminationpolicy", "{AutoScalingGroupARN}", "", "", "{Cause}"]),
    kind!("sagemaker-prehuman", "labelingJobArn^arn: dataObject:object",
        ["sagemaker.groundtruth.prehuman", "{labelingJobArn}", "", "", ""]),
    kind!("sagemaker-consolidate", "labelingJobArn^arn: payload:object",
        ["sagemaker.groundtruth.consolidate", "{labelingJobArn}", "", "", ""]),
    kind!("workmail", "summaryVersion:string envelope:object flowDirection:string",
        ["workmail.message", "", "{invocationId,messageId,@req}", "", ""]),
    kind!("cloudwatch-widget", "widgetContext.dashboardName:string",
        ["cloudwatch.widget", "", "", "", ""]),
    kind!("cloudwatch-metric-source", "EventType=GetMetricData,DescribeGetMetricData",
        ["cloudwatch.{EventType}", "", "", "", ""]),
    kind!("chime-sma", "InvocationEventType:string CallDetails:object",
        ["chime.{InvocationEventType}", "", "{CallDetails.TransactionId}.{Sequence}|{@req}", "", ""]),
    // <https://docs.aws.amazon.com/chime-sdk/latest/dg/processor-setup.html>
    kind!("chime-channel-flow", "EventType:string CallbackId:string ChannelMessage.ChannelArn:string",
        ["chime.{EventType}", "{ChannelMessage.ChannelArn}", "{CallbackId}", "", "{ChannelMessage.MessageId}"]),
    kind!("ivs-chat", "RoomArn:string MessageId:string Content:string",
        ["ivschat.review", "{RoomArn}", "{MessageId}", "", ""]),
    kind!("redshift-udf", "external_function:string arguments:array num_records",
        ["redshift.externalfunction", "{cluster,@fn}", "{request_id,@req}", "", "{external_function}"]),
    // <https://github.com/awslabs/aws-athena-query-federation>
    kind!("athena-federation", "@type:string identity:object queryId:string|@type=UserDefinedFunctionRequest",
        ["athena.{^@type}", "", "", "", "{catalogName,methodName}"]),
    kind!("s3-test", "Event=s3:TestEvent",
        ["s3.TestEvent", "aws:s3.{@R}.{Bucket}", "{RequestId}.{HostId}", "{Time}", ""]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_needs_the_members_of_all_its_conditions() {
        for (when, needed) in [
            ("a.b=X,Y c:string", &["a", "c"][..]),
            ("a.b|a.c:object d", &["a", "d"]),
            ("b|c d^e", &["d"]),
            ("!a [].b @cloudevent", &["specversion"]),
            ("", &[]),
        ] {
            let bits = needed.iter().fold(0, |bits, name| bits | name_bit(name.as_bytes()));
            assert_eq!(name_bits(when.as_bytes()), bits, "{when}");
        }
    }

    #[test]
    fn the_lines_of_each_row_are_found() {
        use Column::{Id, Name, Source, Subject, Time, Type, When};
        for kind in KINDS {
            let columns = [Name, When, Type, Source, Id, Time, Subject].map(|column| kind.column(column));
            assert_eq!(columns.join("\n"), kind.lines);
        }
    }
}
