// A handler as on AWS: an event and a context in, a result out.
exports.hello = async (event, context) => {
  // An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
  const data = event.specversion ? event.data : event;
  const name = data.queryStringParameters?.name ?? data.name ?? 'world';

  console.log(`${context.getRemainingTimeInMillis()} ms left`); // to the log
  return { message: `Hello, ${name}!`, event: event.type ?? 'free-form JSON' };
};
