// Calls InvokeWithResponseStream, and prints each event as a line of JSON when it comes.
//
// usage: node call.cjs URL
const { InvokeWithResponseStreamCommand, LambdaClient } = require("@aws-sdk/client-lambda");

async function main(endpoint) {
	const credentials = { accessKeyId: "a", secretAccessKey: "b" };
	const client = new LambdaClient({ endpoint, region: "us-east-1", credentials });
	const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName: "f", Payload: "{}", LogType: "Tail" }));
	for await (const { PayloadChunk, InvokeComplete } of answer.EventStream) {
		const shown = PayloadChunk ? { PayloadChunk: Buffer.from(PayloadChunk.Payload).toString("hex") } : { InvokeComplete };
		console.log(JSON.stringify(shown));
	}
	client.destroy();
}

main(process.argv[2]);
