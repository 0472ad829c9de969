import { setTimeout as sleep } from 'node:timers/promises';

console.log('in Init');
const rates = await sleep(50, { EUR: 1 });

export const handler = async (event) => ({ rates, event, node: process.version });
