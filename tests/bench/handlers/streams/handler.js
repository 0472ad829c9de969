const chunk = Buffer.alloc(65536, 'x');

exports.stream = awslambda.streamifyResponse(async (event, responseStream) => {
	for (let count = 0; count < event; count++) {
		if (!responseStream.write(chunk)) {
			await new Promise((resolve) => responseStream.once('drain', resolve));
		}
	}
	responseStream.end();
});
