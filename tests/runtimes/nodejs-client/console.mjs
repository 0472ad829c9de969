// Makes the calls of calls.cjs with the console of one of AWS's clients. Nothing else of the client runs, so its native part
// need not be built. usage: console.mjs FOLDER ric3|ric4 REQUEST-ID TENANT-ID
import { readFileSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { pathToFileURL } from 'url';

const [, , folder, client, requestId, tenantId] = process.argv;
const package_ = `${folder}/node_modules/${client}`;

async function load(bundle, change) {
  const file = bundle.replace('index.mjs', `console-${process.pid}.mjs`);
  writeFileSync(file, change(readFileSync(bundle, 'utf8')));
  return import(pathToFileURL(file));
}

const calls = createRequire(import.meta.url)('./calls.cjs');
const makeAll = () => calls.forEach((call) => call());
if (client === 'ric3') {
  const { require_LogPatch } = await load(`${package_}/dist/index.mjs`, (code) => `${code}\nexport { require_LogPatch };\n`);
  const { patchConsole, setCurrentRequestId, setCurrentTenantId } = require_LogPatch();
  patchConsole();
  setCurrentRequestId(requestId);
  setCurrentTenantId(tenantId);
  makeAll();
} else {
  const expose = (code) => code.replace(/\nignition\(\);\s*$/, '\nexport { LogPatch, InvokeStore };\n');
  const { LogPatch, InvokeStore } = await load(`${package_}/index.mjs`, expose);
  await LogPatch.patchConsole();
  const store = await InvokeStore.getInstanceAsync();
  const { REQUEST_ID, TENANT_ID } = store.constructor.PROTECTED_KEYS ?? (await import('@aws/lambda-invoke-store')).InvokeStoreBase.PROTECTED_KEYS;
  store.run({ [REQUEST_ID]: requestId, [TENANT_ID]: tenantId }, makeAll);
}
