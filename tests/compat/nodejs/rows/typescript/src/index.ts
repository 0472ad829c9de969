interface Order {
  name: string;
  n: number;
}

class OutOfStock extends Error {
  override name = 'OutOfStock';
}

export const handler = async (order: Order): Promise<number> => {
  if (order.n > 100) {
    throw new OutOfStock(`no ${order.n} for ${order.name}`);
  }
  return order.n * 2;
};
