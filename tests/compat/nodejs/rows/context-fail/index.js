exports.handler = (event, context) => {
  const { done, succeed, fail } = context;
  if (event === 'wrapped') context.succeed = (result) => done(null, { wrapped: result });
  setTimeout(() => {
    if (event === 'done') done(null, 1);
    else if (event === 'succeed') succeed({ two: 2 });
    else if (event === 'wrapped') context.succeed(3);
    else fail(new RangeError('far'));
  }, 5);
};
