// Never becomes ready. Writes the file $NOTE when the language runtime gets SIGTERM.
import { writeFileSync } from 'node:fs';

process.once('SIGTERM', () => {
  writeFileSync(process.env.NOTE, 'SIGTERM');
  process.exit(0);
});
await new Promise(wake => setTimeout(wake, 60_000));

export const handler = async event => event;
