// Starts AWS's client 3 as its managed runtimes do: the handler is what _HANDLER says by then, which preloaded agents change.
import { run } from '../../../.cache/nodejs-client/node_modules/ric3/dist/index.mjs';

await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
