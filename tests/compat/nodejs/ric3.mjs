// Starts AWS's client 3 as its managed runtimes do: preloaded agents may have changed _HANDLER.
import { run } from '../../../.cache/nodejs-client/node_modules/ric3/dist/index.mjs';

await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
