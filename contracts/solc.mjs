#!/usr/bin/env node
// The `solc` that forge calls: npm's WebAssembly compiler behind the native command line's two calls.
// Output is written with a callback and never followed by process.exit: an early exit cuts a pipe at 64 KiB.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const require = createRequire(import.meta.url);
const solc = require("solc");
if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else {
  process.stderr.write("solc.mjs: expected --version or --standard-json\n");
  process.exitCode = 1;
}
