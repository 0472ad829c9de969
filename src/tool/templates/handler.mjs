// An event and a context in, a result out.
export const hello = async (event, context) => {
  console.log(`${context.getRemainingTimeInMillis()} ms left`); // to the log
  return { message: `Hello, ${event.name ?? 'world'}!` };
};
