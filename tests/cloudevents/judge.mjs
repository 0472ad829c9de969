// Validates CloudEvents with the official SDK for JavaScript, and prints the official schema that it contains.
//
// usage: node judge.mjs schema           prints the schema
//        node judge.mjs < EVENTS         a CloudEvent a line; prints for each "ok" or its fault
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.cwd()}/`);

if (process.argv[2] === "schema") {
  const compiled = readFileSync(require.resolve("cloudevents/dist/schema/v1.js"), "utf8");
  console.log(compiled.match(/^const schema\d+ = (\{ "\$schema".*\});$/m)[1]);
} else {
  const { CloudEvent, HTTP } = require("cloudevents");
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      new CloudEvent(JSON.parse(line)).validate();
      HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body: line }).validate();
      console.log("ok");
    } catch (error) {
      console.log(String(error.stack).replaceAll("\n", " ").slice(0, 300));
    }
  }
}
